# hint: asks back
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return len(points) > 0 and all(one.valid and not one.invalid for one in found) and all(ends)
