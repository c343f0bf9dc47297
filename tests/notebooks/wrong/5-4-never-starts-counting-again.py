# hint: starts the counting again
def early_stop(losses, patience):
    best = worse = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look:
            worse += 1
            if worse >= patience:
                return best, look
    return best, len(losses) - 1
