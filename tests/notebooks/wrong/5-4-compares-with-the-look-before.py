# hint: Better than the look before
def early_stop(losses, patience):
    best = worse = 0
    for look in range(1, len(losses)):
        worse = worse + 1 if losses[look] >= losses[look - 1] else 0
        if losses[look] < losses[best]:
            best = look
        if worse >= patience:
            return best, look
    return best, len(losses) - 1
