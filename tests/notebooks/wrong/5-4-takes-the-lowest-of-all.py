# hint: nobody ever sees
def early_stop(losses, patience):
    best = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look - best >= patience:
            return losses.index(min(losses)), look
    return best, len(losses) - 1
