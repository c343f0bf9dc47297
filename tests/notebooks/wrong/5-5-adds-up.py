# hint: not their number
def paired_difference(before, after):
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    low, high = bootstrap_interval(gains)
    return float(sum(gains)), low, high
