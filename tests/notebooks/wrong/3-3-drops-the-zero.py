# hint: belongs to the second tuple
def existing(numbers, n_sources):
    cited = dict.fromkeys(numbers)
    return tuple(n for n in cited if 1 <= n <= n_sources), tuple(n for n in cited if n > n_sources)
