# hint: Name what is missing
def missing_numbers(sentence, sources):
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if any(stands_in(number, source) for source in sources)]
