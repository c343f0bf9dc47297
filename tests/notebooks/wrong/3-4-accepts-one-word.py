# hint: how many words
def is_quoted(quote, source):
    quote = normalise(quote).strip(' ."')
    return bool(quote) and pattern(quote).search(normalise(source)) is not None
