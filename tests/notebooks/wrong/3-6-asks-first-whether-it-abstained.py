# hint: Whose failure
def trace(right, abstained, wanted, there):
    if right:
        return ""
    if not wanted:
        return "answered"
    if abstained:
        return "abstained"
    return "retrieval" if there < wanted else "reading"
