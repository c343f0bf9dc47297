# hint: belongs to no word
def shingles(text, size=SHINGLE):
    words = text.lower().split()
    return frozenset(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))
