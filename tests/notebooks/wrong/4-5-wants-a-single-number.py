# hint: two numbers at the end
def cited(text, question, sources):
    points = points_of(text)
    found = [citations.parse(point, len(sources)) for point in points]
    ends = [re.search(r"[^\]]\[\d\][.!]?$", point) is not None for point in points]
    return all(one.valid and not one.invalid for one in found) and all(ends)
