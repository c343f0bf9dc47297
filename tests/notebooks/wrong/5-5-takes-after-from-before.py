# hint: What is taken from what
def paired_difference(before, after):
    gains = [float(before[name]) - float(after[name]) for name in before if name in after]
    low, high = bootstrap_interval(gains)
    return float(np.mean(gains)), low, high
