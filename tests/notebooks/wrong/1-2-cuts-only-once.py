# hint: One part is too long
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size:
        return [(start, end)]
    merged = []
    for piece in split_at(text, start, end, SEPARATORS[level]):
        if merged and count(merged[-1][0], piece[1]) <= size:
            merged[-1] = (merged[-1][0], piece[1])
        else:
            merged.append(piece)
    return merged
