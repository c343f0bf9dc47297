# hint: Return a list
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    return tuple(token if own else IGNORED for token, own in zip(ids, mask))
