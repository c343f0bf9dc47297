# hint: numbered from 1
def existing(numbers, n_sources):
    cited = dict.fromkeys(numbers)
    return tuple(n for n in cited if 0 <= n < n_sources), tuple(n for n in cited if not 0 <= n < n_sources)
