# hint: two tuples
def existing(numbers, n_sources):
    cited = list(dict.fromkeys(numbers))
    return [n for n in cited if 1 <= n <= n_sources], [n for n in cited if not 1 <= n <= n_sources]
