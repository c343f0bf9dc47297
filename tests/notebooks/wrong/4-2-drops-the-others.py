# hint: side by side
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    return [token for token, own in zip(ids, mask) if own]
