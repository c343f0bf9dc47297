# hint: first relevant hit
def reciprocal_rank(ranks):
    return sum(1 / rank for rank in ranks if rank is not None) / len(ranks)
