# hint: row by row
def neighbour_recall(found, exact):
    return len(set(found.ravel().tolist()) & set(exact.ravel().tolist())) / exact.size
