# hint: an empty text
def trace(right, abstained, wanted, there):
    if right:
        return None
    if not wanted:
        return "answered"
    if there < wanted:
        return "retrieval"
    return "abstained" if abstained else "reading"
