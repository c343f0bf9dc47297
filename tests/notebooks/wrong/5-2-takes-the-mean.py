# hint: W stays whole
def merged_weight(weight, a, b, alpha):
    return (weight + alpha / a.shape[0] * (b @ a)) / 2
