# hint: number by number
def merged_weight(weight, a, b, alpha):
    return weight + alpha / a.shape[0] * (b * a)
