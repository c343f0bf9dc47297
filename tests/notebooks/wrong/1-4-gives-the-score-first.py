# hint: the score comes second
def top_k(query, vectors, k):
    scores = vectors @ query
    return [(float(scores[row]), int(row)) for row in np.argsort(-scores)[:k]]
