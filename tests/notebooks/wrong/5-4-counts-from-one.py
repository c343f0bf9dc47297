# hint: counted from 0
def early_stop(losses, patience):
    best = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look - best >= patience:
            return best + 1, look + 1
    return best + 1, len(losses)
