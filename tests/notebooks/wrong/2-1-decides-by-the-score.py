# hint: score or id
def nearest(index, vector, k):
    scores, ids = index.search(vector[np.newaxis].astype(np.float32), k)
    return [(int(number), float(score)) for number, score in zip(ids[0], scores[0]) if score >= 0]
