# hint: a capital
def is_quoted(quote, source):
    return len(quote.split()) >= 3 and " ".join(quote.split()) in " ".join(source.split())
