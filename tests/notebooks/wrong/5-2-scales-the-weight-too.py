# hint: three times the rank
def merged_weight(weight, a, b, alpha):
    return alpha / a.shape[0] * (weight + b @ a)
