# hint: Keep the order
def numbers_of(mark):
    numbers = []
    for part in re.split(r"[,;&]|and", mark.strip("[] ")):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if len(ends) == 2 and 0 <= ends[1] - ends[0] <= LONGEST_RANGE:
            ends = list(range(ends[0], ends[1] + 1))
        numbers += ends
    return sorted(numbers)
