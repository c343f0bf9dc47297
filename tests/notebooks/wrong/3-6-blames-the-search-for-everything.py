# hint: said that it was not
def trace(right, abstained, wanted, there):
    if right:
        return ""
    if not wanted:
        return "answered"
    return "retrieval" if there <= wanted else "reading"
