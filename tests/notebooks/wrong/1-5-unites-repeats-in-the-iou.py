# hint: twice in the union
def span_scores(retrieved, gold):
    hit = wanted = covered = 0
    for doc in {name for name, _, _ in [*retrieved, *gold]}:
        found = [(start, end) for name, start, end in retrieved if name == doc]
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hit += shared(found, evidence)
        wanted += length(evidence)
        covered += length(found)
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + covered - hit) if wanted + covered else 0.0,
    }
