# hint: only moved
def plan_update(old, new):
    before = {(chunk.start, chunk.end) for chunk in old}
    after = {(chunk.start, chunk.end) for chunk in new}
    gone = {chunk.id for chunk in old if (chunk.start, chunk.end) not in after}
    return gone, [chunk for chunk in new if (chunk.start, chunk.end) not in before]
