# hint: said that it was not
def trace(right, abstained, wanted, there):
    if right:
        return ""
    if not wanted:
        return "answered"
    if there < wanted:
        return "retrieval"
    return "reading" if abstained else "abstained"
