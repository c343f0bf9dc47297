# hint: interval is one point
def paired_difference(before, after):
    old, new = ([float(score) for score in side.values()] for side in (before, after))
    low, high = bootstrap_interval(old)
    lower, higher = bootstrap_interval(new)
    return float(np.mean(new) - np.mean(old)), lower - high, higher - low
