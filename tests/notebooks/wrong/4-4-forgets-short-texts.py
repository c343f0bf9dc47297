# hint: shorter than a run
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(len(words) - size + 1))
