# hint: spread of single questions
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
