# hint: Why embed the others again
def plan_update(old, new):
    return {chunk.id for chunk in old} - {chunk.id for chunk in new}, list(new)
