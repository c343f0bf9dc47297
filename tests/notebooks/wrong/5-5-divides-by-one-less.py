# hint: a mean of 2 / 4
def paired_difference(before, after):
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    low, high = bootstrap_interval(gains)
    return sum(gains) / max(1, len(gains) - 1), low, high
