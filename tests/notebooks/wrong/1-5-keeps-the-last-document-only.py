# hint: Evidence in two documents
def span_scores(retrieved, gold):
    hit = wanted = 0
    for doc in sorted({name for name, _, _ in gold}):
        found = [(start, end) for name, start, end in retrieved if name == doc]
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hit, wanted = shared(found, evidence), length(evidence)
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed - hit) if wanted + handed else 0.0,
    }
