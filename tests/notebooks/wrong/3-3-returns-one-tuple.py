# hint: two tuples
def existing(numbers, n_sources):
    return tuple(number for number in dict.fromkeys(numbers) if 1 <= number <= n_sources)
