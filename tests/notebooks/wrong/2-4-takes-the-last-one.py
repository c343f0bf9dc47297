# hint: which relevant one do you meet first
def reciprocal_rank(ranks):
    found = [rank for rank in ranks if rank is not None]
    return 1 / max(found) if found else 0.0
