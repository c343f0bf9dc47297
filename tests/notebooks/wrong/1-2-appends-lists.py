# hint: your list holds lists
def split_recursively(text, start, end, count, size, level=0):
    if count(start, end) <= size or level == len(SEPARATORS):
        return [(start, end)]
    spans = []
    for part in split_at(text, start, end, SEPARATORS[level]):
        spans.append(split_recursively(text, *part, count, size, level + 1))
    return spans
