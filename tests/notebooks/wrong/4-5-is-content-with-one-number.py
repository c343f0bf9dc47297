# hint: points nowhere
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return all(one.valid for one in found) and all(ends)
