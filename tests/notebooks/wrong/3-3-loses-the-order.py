# hint: Keep the order
def existing(numbers, n_sources):
    cited = sorted(set(numbers))
    return tuple(n for n in cited if 1 <= n <= n_sources), tuple(n for n in cited if not 1 <= n <= n_sources)
