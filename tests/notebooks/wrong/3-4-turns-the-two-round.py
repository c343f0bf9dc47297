# hint: Which text do you search
def is_quoted(quote, source):
    return len(quote.split()) >= 3 and pattern(normalise(source)).search(normalise(quote)) is not None
