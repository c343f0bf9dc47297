# hint: the whole patience
def early_stop(losses, patience):
    best = losses.index(min(losses))
    return best, len(losses) - 1
