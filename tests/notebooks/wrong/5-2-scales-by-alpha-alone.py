# hint: is added once
def merged_weight(weight, a, b, alpha):
    return weight + alpha * (b @ a)
