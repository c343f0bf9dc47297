# hint: whole words
def is_quoted(quote, source):
    quote = normalise(quote).strip(' ."')
    return len(quote.split()) >= 3 and quote in normalise(source)
