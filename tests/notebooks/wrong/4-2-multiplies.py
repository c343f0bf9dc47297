# hint: Which number does PyTorch
def labels_of(ids, mask):
    if not any(mask):
        raise CourseError("There is nothing to learn.")
    return [token * own for token, own in zip(ids, mask)]
