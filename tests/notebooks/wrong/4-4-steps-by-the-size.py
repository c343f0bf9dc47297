# hint: one word later
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(0, len(words), size))
