# hint: Nothing was handed over
def existing(numbers, n_sources):
    cited, last = dict.fromkeys(numbers), max(1, n_sources)
    return tuple(n for n in cited if 1 <= n <= last), tuple(n for n in cited if not 1 <= n <= last)
