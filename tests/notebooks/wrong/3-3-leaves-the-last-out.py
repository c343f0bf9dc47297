# hint: the last number that exists
def existing(numbers, n_sources):
    cited = dict.fromkeys(numbers)
    return tuple(n for n in cited if 1 <= n < n_sources), tuple(n for n in cited if not 1 <= n < n_sources)
