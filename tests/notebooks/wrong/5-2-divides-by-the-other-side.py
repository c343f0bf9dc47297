# hint: Which side is the rank
def merged_weight(weight, a, b, alpha):
    return weight + alpha / a.shape[1] * (b @ a)
