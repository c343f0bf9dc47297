# hint: two answers
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    begins = list(mask).index(1)
    return [IGNORED] * begins + list(ids[begins:])
