# hint: As low as before
def early_stop(losses, patience):
    best = 0
    for look, loss in enumerate(losses):
        if loss <= losses[best]:
            best = look
        elif look - best >= patience:
            return best, look
    return best, len(losses) - 1
