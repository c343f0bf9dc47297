# hint: also the second
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return any(one.valid and not one.invalid for one in found) and any(ends)
