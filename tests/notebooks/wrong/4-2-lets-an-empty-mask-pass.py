# hint: leaves nothing to learn
def labels_of(ids, mask):
    return [token if own else IGNORED for token, own in zip(ids, mask)]
