# hint: any of the sources
def missing_numbers(sentence, sources):
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if not stands_in(number, sources[0])]
