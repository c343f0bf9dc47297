# hint: drawn twice
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    rng = np.random.default_rng(seed)
    means = [round(float(np.mean(rng.permutation(values))), 9) for _ in range(draws)]
    return float(np.quantile(means, (1 - level) / 2)), float(np.quantile(means, (1 + level) / 2))
