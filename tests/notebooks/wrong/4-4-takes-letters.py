# hint: not of letters
def shingles(text, size=SHINGLE):
    text = re.sub(r"[^a-z0-9]", "", text.lower())
    return frozenset(tuple(text[at : at + size]) for at in range(max(1, len(text) - size + 1)))
