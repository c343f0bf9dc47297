# hint: In which direction do you sort?
def top_k(query, vectors, k):
    scores = vectors @ query
    return [(int(row), float(scores[row])) for row in np.argsort(scores)[:k]]
