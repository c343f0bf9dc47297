# hint: document without evidence was handed over
def span_scores(retrieved, gold):
    hit = wanted = handed = 0
    for doc in {name for name, _, _ in gold}:
        found = [(start, end) for name, start, end in retrieved if name == doc]
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hit += shared(found, evidence)
        wanted += length(evidence)
        handed += sum(end - start for start, end in found)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed - hit) if wanted + handed else 0.0,
    }
