# hint: stands on the left
def merged_weight(weight, a, b, alpha):
    return weight + alpha / a.shape[0] * (a @ b)
