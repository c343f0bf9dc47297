# hint: cannot embed an id
def plan_update(old, new):
    old_ids, new_ids = {chunk.id for chunk in old}, {chunk.id for chunk in new}
    return old_ids - new_ids, list(new_ids - old_ids)
