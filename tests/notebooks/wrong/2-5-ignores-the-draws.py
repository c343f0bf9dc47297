# hint: use `draws`
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise CourseError("There is nothing to resample.")
    rng = np.random.default_rng(seed)
    means = values[rng.integers(0, len(values), size=(2000, len(values)))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
