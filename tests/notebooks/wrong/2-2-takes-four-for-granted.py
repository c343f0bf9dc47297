# hint: divisor
def neighbour_recall(found, exact):
    return sum(len(set(row) & set(truth)) for row, truth in zip(found.tolist(), exact.tolist())) / 8
