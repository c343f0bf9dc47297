# hint: compare the documents too
def span_scores(retrieved, gold):
    found = [(start, end) for _, start, end in retrieved]
    evidence = [(start, end) for _, start, end in gold]
    hit, wanted = shared(found, evidence), length(evidence)
    handed = sum(end - start for start, end in found)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed - hit) if wanted + handed else 0.0,
    }
