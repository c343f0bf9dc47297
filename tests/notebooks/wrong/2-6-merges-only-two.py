# hint: more than two
def reciprocal_rank_fusion(rankings, constant=RRF_CONSTANT):
    scores = {}
    for ranking in rankings[:2]:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0) + 1 / (constant + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
