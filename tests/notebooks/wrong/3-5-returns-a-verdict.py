# hint: Return a list
def missing_numbers(sentence, sources):
    numbers = re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence)
    return all(any(stands_in(number, source) for source in sources) for number in numbers)
