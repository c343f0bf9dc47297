# hint: in order
def plan_update(old, new):
    old_ids, by_id = {chunk.id for chunk in old}, {chunk.id: chunk for chunk in new}
    return old_ids - set(by_id), [by_id[number] for number in sorted(set(by_id) - old_ids)]
