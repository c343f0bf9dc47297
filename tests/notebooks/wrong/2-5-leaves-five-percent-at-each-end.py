# hint: at *each* end
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    values = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), size=(draws, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [1 - level, level])
    return float(low), float(high)
