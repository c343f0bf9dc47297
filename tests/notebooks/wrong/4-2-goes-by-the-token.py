# hint: Go by its place
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    own = {token for token, mine in zip(ids, mask) if mine}
    return [token if token in own else IGNORED for token in ids]
