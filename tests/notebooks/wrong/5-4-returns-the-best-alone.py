# hint: two places in a tuple
def early_stop(losses, patience):
    best = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look - best >= patience:
            return best
    return best
