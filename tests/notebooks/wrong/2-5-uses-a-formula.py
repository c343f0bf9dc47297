# hint: use `seed`
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise CourseError("There is nothing to resample.")
    half = 1.96 * values.std() / np.sqrt(len(values)) * (level / 0.95)
    if level < 0.95:
        half = 0.6745 * values.std() / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)
