# hint: yet the model gave one
def trace(right, abstained, wanted, there):
    if right:
        return ""
    if there < wanted:
        return "retrieval"
    return "abstained" if abstained else "reading"
