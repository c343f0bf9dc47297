# hint: does not belong to its row
def top_k(query, vectors, k):
    scores = vectors @ query
    return [(int(row), float(score)) for row, score in zip(np.argsort(-scores)[:k], scores)]
