# hint: raise a `CourseError`
def labels_of(ids, mask):
    if not any(mask):
        raise ValueError("There is nothing to learn.")
    return [token if own else IGNORED for token, own in zip(ids, mask)]
