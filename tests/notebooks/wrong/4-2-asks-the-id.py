# hint: Ask the mask
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    return [token * own or IGNORED for token, own in zip(ids, mask)]
