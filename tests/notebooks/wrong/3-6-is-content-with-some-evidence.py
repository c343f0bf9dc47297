# hint: Is that enough
def trace(right, abstained, wanted, there):
    if right:
        return ""
    if not wanted:
        return "answered"
    if not there:
        return "retrieval"
    return "abstained" if abstained else "reading"
