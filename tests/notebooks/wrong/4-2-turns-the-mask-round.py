# hint: Which tokens are the assistant's
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    return [IGNORED if own else token for token, own in zip(ids, mask)]
