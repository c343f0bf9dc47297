# hint: What is it added to
def merged_weight(weight, a, b, alpha):
    return alpha / a.shape[0] * (b @ a)
