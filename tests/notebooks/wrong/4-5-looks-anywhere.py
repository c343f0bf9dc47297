# hint: at the end of the point
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    return all(one.valid and not one.invalid for one in found)
