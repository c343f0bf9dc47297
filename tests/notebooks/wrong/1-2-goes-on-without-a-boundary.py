# hint: nothing is left at the end
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size:
        return [(start, end)]
    merged = []
    for part in split_at(text, start, end, SEPARATORS[level]):
        for small in split_recursively(text, *part, count, size, level + 1):
            if merged and count(merged[-1][0], small[1]) <= size:
                merged[-1] = (merged[-1][0], small[1])
            else:
                merged.append(small)
    return merged
