# hint: W itself was changed
def merged_weight(weight, a, b, alpha):
    weight += alpha / a.shape[0] * (b @ a)
    return weight
