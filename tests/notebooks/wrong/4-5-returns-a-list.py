# hint: Return True or False
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    return [one.valid for one in found]
