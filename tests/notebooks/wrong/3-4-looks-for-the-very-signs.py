# hint: A line end
def is_quoted(quote, source):
    return len(quote.split()) >= 3 and quote in source
