# hint: How often does the change count
def merged_weight(weight, a, b, alpha):
    return weight + b @ a
