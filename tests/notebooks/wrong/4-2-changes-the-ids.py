# hint: Make a new list
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    for at, own in enumerate(mask):
        if not own:
            ids[at] = IGNORED
    return ids
