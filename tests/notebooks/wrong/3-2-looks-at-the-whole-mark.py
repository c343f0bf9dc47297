# hint: each part on its own
def numbers_of(mark):
    numbers = [int(number) for number in re.findall(r"\d+", mark)]
    return list(range(numbers[0], numbers[-1] + 1)) if re.search("[-–]", mark) else numbers
