# hint: It is no failure
def trace(right, abstained, wanted, there):
    if there < wanted:
        return "retrieval"
    if right:
        return ""
    if not wanted:
        return "answered"
    return "abstained" if abstained else "reading"
