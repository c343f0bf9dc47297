# hint: A new document
def plan_update(old, new):
    changed = [(one, other) for one, other in zip(old, new) if one.id != other.id]
    return {one.id for one, _ in changed}, [other for _, other in changed]
