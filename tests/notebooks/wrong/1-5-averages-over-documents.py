# hint: add up the characters of both
def span_scores(retrieved, gold):
    hits, wanted, recalls = 0, 0, []
    for doc in {name for name, _, _ in gold}:
        found = [(start, end) for name, start, end in retrieved if name == doc]
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hits += shared(found, evidence)
        wanted += length(evidence)
        recalls.append(shared(found, evidence) / length(evidence))
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": sum(recalls) / len(recalls) if recalls else 0.0,
        "precision": hits / handed if handed else 0.0,
        "iou": hits / (wanted + handed - hits) if wanted + handed else 0.0,
    }
