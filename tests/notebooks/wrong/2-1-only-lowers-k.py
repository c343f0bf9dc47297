# hint: fewer than k
def nearest(index, vector, k):
    scores, ids = index.search(vector[np.newaxis].astype(np.float32), min(k, index.ntotal))
    return [(int(number), float(score)) for number, score in zip(ids[0], scores[0])]
