# hint: an ordinary `float`
def top_k(query, vectors, k):
    scores = vectors @ query
    return [(int(row), scores[row]) for row in np.argsort(-scores)[:k]]
