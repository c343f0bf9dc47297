# hint: a merged one counted whole
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size or level == len(SEPARATORS):
        return [(start, end)]
    merged = []
    for piece in split_at(text, start, end, SEPARATORS[level]):
        for small in split_recursively(text, *piece, count, size, level + 1):
            if merged and count(*small) <= size:
                merged[-1] = (merged[-1][0], small[1])
            else:
                merged.append(small)
    return merged
