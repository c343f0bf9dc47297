# hint: without its pair
def paired_difference(before, after):
    gains = [float(after.get(name, 0)) - float(before[name]) for name in before]
    low, high = bootstrap_interval(gains)
    return float(np.mean(gains)), low, high
