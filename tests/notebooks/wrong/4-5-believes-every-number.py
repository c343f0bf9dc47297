# hint: Where does 7 point
def cited(text, question, sources):
    points = points_of(text)
    ends = [re.search(r"\][.!]?$", point) is not None for point in points]
    return all(ends)
