# hint: named once, too
def existing(numbers, n_sources):
    valid = tuple(dict.fromkeys(n for n in numbers if 1 <= n <= n_sources))
    return valid, tuple(n for n in numbers if n not in valid)
