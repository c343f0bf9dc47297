# hint: ends with the last word
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(max(1, len(words) - size)))
