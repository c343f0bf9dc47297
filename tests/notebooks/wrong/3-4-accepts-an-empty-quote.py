# hint: proves nothing
def is_quoted(quote, source):
    return pattern(normalise(quote).strip(' ."')).search(normalise(source)) is not None
