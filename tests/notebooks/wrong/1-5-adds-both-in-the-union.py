# hint: belong to the union once
def span_scores(retrieved, gold):
    hit, wanted = 0, 0
    for doc in {name for name, _, _ in gold}:
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hit += shared([(start, end) for name, start, end in retrieved if name == doc], evidence)
        wanted += length(evidence)
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed) if wanted + handed else 0.0,
    }
