# hint: Do you compare ids
def plan_update(old, new):
    before, after = {chunk.text for chunk in old}, {chunk.text for chunk in new}
    return {chunk.id for chunk in old if chunk.text not in after}, [chunk for chunk in new if chunk.text not in before]
