# hint: do not shift
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    labels = [token if own else IGNORED for token, own in zip(ids, mask)]
    return [*labels[1:], IGNORED]
