# hint: Keep its order
def nearest(index, vector, k):
    scores, ids = index.search(vector[np.newaxis].astype(np.float32), k)
    found = [(int(number), float(score)) for number, score in zip(ids[0], scores[0]) if number != -1]
    return sorted(found, key=lambda pair: -pair[1])
