# hint: Whose failure
def trace(right, abstained, wanted, there):
    if right or abstained:
        return ""
    if not wanted:
        return "answered"
    return "retrieval" if there < wanted else "reading"
