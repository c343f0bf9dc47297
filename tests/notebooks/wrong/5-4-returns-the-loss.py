# hint: not its loss
def early_stop(losses, patience):
    best = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look - best >= patience:
            return losses[best], look
    return losses[best], len(losses) - 1
