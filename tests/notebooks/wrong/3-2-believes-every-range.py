# hint: beyond LONGEST_RANGE
def numbers_of(mark):
    numbers = []
    for part in re.split(r"[,;&]|and", mark.strip("[] ")):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        numbers += range(ends[0], ends[1] + 1) if len(ends) == 2 and ends[0] <= ends[1] else ends
    return numbers
