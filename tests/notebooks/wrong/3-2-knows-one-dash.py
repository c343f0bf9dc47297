# hint: longer dash
def numbers_of(mark):
    numbers = []
    for part in re.split(r"[,;&]|and", mark.strip("[] ")):
        if "-" in part:
            first, last = (int(end) for end in part.split("-"))
            numbers += range(first, last + 1)
        else:
            numbers += [int(number) for number in re.findall(r"\d+", part)]
    return numbers
