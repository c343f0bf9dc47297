# hint: also the first
def cited(text, question, sources):
    points = points_of(text)
    found = citations.parse(points[-1], len(sources))
    return bool(found.valid and not found.invalid) and re.search(r"\][.!]?$", points[-1]) is not None
