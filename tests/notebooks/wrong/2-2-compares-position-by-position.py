# hint: another order
def neighbour_recall(found, exact):
    same = 0
    for row, truth in zip(found, exact):
        same += sum(one == other for one, other in zip(row, truth))
    return same / exact.size
