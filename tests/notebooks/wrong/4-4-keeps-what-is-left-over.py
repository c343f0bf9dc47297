# hint: What else is in your set
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(len(words)))
