# hint: evened out, too
def is_quoted(quote, source):
    quote = normalise(quote).strip(' ."')
    return len(quote.split()) >= 3 and pattern(quote).search(source) is not None
