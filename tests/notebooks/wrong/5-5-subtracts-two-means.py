# hint: without its pair
def paired_difference(before, after):
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    low, high = bootstrap_interval(gains)
    return float(np.mean(list(after.values()), dtype=float) - np.mean(list(before.values()), dtype=float)), low, high
