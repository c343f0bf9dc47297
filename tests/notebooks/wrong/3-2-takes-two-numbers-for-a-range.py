# hint: without the 2 between them
def numbers_of(mark):
    ends = [int(number) for number in re.findall(r"\d+", mark)]
    return list(range(ends[0], ends[1] + 1)) if len(ends) == 2 and ends[0] <= ends[1] else ends
