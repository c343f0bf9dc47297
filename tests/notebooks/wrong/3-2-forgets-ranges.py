# hint: from its first to its last
def numbers_of(mark):
    return [int(number) for number in re.findall(r"\d+", mark)]
