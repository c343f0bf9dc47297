# hint: name it once
def existing(numbers, n_sources):
    return tuple(n for n in numbers if 1 <= n <= n_sources), tuple(n for n in numbers if not 1 <= n <= n_sources)
