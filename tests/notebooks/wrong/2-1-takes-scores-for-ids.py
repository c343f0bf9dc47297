# hint: which of its two arrays
def nearest(index, vector, k):
    ids, scores = index.search(vector[np.newaxis].astype(np.float32), k)
    return [(float(number), float(score)) for number, score in zip(ids[0], scores[0]) if number != -1]
