# hint: also the second
def cited(text, question, sources):
    points = points_of(text)
    found = citations.parse(points[0], len(sources))
    return bool(found.valid and not found.invalid) and re.search(r"\][.!]?$", points[0]) is not None
