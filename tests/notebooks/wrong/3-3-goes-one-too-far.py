# hint: the last number that exists
def existing(numbers, n_sources):
    cited = dict.fromkeys(numbers)
    there = range(1, n_sources + 2)
    return tuple(n for n in cited if n in there), tuple(n for n in cited if n not in there)
