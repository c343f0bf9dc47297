# hint: nothing is left at the end
def top_k(query, vectors, k):
    scores = vectors @ query
    best = np.argsort(-scores)
    return [(int(best[place]), float(scores[best[place]])) for place in range(k)]
