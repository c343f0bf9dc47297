# hint: A full stop may stand
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [point.endswith("].") for point in points]
    return all(one.valid and not one.invalid for one in found) and all(ends)
