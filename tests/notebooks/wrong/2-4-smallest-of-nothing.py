# hint: smallest of nothing
def reciprocal_rank(ranks):
    if ranks == [None]:
        return 0
    return 1 / min(rank for rank in ranks if rank is not None)
