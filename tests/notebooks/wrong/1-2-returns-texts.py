# hint: not texts
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size or level == len(SEPARATORS):
        return [text[start:end]] if level else [(start, end)]
    pieces = []
    for piece in split_at(text, start, end, SEPARATORS[level]):
        pieces += split_recursively(text, *piece, count, size, level + 1)
    return pieces
