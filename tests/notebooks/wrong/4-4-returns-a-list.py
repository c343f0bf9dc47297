# hint: Return a frozenset
def shingles(text, size=SHINGLE):
    words = re.findall(r"\w+", text.lower())
    return [tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1))]
