# hint: Ranks begin at 1
def reciprocal_rank(ranks):
    found = [rank for rank in ranks if rank is not None]
    return 1 / (min(found) + 1) if found else 0.0
