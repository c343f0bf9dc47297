# hint: count each hit once
def span_scores(retrieved, gold):
    hit = 0
    for doc, start, end in retrieved:
        for name, first, last in gold:
            if name == doc:
                hit += shared([(start, end)], [(first, last)])
    wanted = sum(end - start for _, start, end in gold)
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed - hit) if wanted + handed else 0.0,
    }
