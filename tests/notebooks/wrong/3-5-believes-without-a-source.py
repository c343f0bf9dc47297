# hint: Without a source
def missing_numbers(sentence, sources):
    if not sources:
        return []
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if not any(stands_in(number, source) for source in sources)]
