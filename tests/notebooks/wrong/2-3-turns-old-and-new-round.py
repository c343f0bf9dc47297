# hint: Which version
def plan_update(old, new):
    old_ids, new_ids = {chunk.id for chunk in old}, {chunk.id for chunk in new}
    return new_ids - old_ids, [chunk for chunk in old if chunk.id not in new_ids]
