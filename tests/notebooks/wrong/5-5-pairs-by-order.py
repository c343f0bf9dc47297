# hint: Did you pair them by id
def paired_difference(before, after):
    gains = [float(new) - float(old) for old, new in zip(before.values(), after.values())]
    low, high = bootstrap_interval(gains)
    return float(np.mean(gains)), low, high
