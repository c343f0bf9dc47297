# hint: an `int`
def numbers_of(mark):
    return re.findall(r"\d+", mark)
