# hint: small neighbours
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size or level == len(SEPARATORS):
        return [(start, end)]
    spans = []
    for piece in split_at(text, start, end, SEPARATORS[level]):
        spans += split_recursively(text, *piece, count, size, level + 1)
    return spans
