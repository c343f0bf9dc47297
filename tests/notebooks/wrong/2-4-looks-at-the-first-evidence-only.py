# hint: first relevant hit
def reciprocal_rank(ranks):
    return 1 / ranks[0] if ranks[0] is not None else 0.0
