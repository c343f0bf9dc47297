# hint: in their order
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(sorted(words[at : at + size])) for at in range(max(1, len(words) - size + 1)))
