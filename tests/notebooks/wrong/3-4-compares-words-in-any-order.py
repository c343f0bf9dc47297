# hint: one after the other
def is_quoted(quote, source):
    words, there = (re.findall(r"[\w-]+", normalise(text)) for text in (quote, source))
    return len(words) >= 3 and set(words) <= set(there)
