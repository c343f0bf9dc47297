# hint: no cause of failure
def trace(right, abstained, wanted, there):
    if not wanted:
        return "answered"
    if there < wanted:
        return "retrieval"
    return "abstained" if abstained else "reading"
