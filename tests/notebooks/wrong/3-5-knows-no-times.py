# hint: a colon in it
def missing_numbers(sentence, sources):
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,]\d+)*\b", sentence))
    return [number for number in numbers if not any(stands_in(number, source) for source in sources)]
