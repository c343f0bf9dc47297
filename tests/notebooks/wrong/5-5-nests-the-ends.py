# hint: three numbers in one tuple
def paired_difference(before, after):
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    return float(np.mean(gains)), bootstrap_interval(gains)
