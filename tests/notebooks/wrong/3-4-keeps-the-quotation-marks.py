# hint: quotation marks around
def is_quoted(quote, source):
    quote = normalise(quote).strip(" .")
    return len(quote.split()) >= 3 and pattern(quote).search(normalise(source)) is not None
