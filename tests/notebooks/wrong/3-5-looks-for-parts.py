# hint: 4 is a part of 40
def missing_numbers(sentence, sources):
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if not any(number in source for source in sources)]
