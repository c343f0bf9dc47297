"""A light check of an answer's sentence against the source it cites: do its numbers, units, codes and names stand there?

It reads signs, not sense: a sentence passes that puts the right number to the wrong thing. What it flags is worth a look by eye.
"""

import re
from collections.abc import Sequence

from coursekit.matching import normalise, pattern, stands_in

# One line a unit, all the ways in which it is written. What stands in two lines, such as "degrees", fits both. "A" for ampere is left
# out: in small letters it is the article.
UNIT_FORMS = """
s|sec|secs|second|seconds
min|mins|minute|minutes
h|hr|hrs|hour|hours|hourly
day|days|daily
week|weeks|weekly
month|months|monthly
year|years|yearly|annual
mm|millimetre|millimetres|millimeter|millimeters
cm|centimetre|centimetres|centimeter|centimeters
m|metre|metres|meter|meters
km|kilometre|kilometres|kilometer|kilometers
mg|milligram|milligrams
g|gram|grams
kg|kilo|kilos|kilogram|kilograms
ml|millilitre|millilitres|milliliter|milliliters
l|litre|litres|liter|liters
%|percent|per cent
°|deg|degree|degrees
°c|degrees c|degrees celsius|degree celsius|celsius|c|degrees|degree|°
°f|degrees f|degrees fahrenheit|fahrenheit|f|degrees|degree|°
v|volt|volts
mv|millivolt|millivolts
amp|amps|ampere|amperes
ma|milliamp|milliamps
mah|milliamp hours
w|watt|watts
kwh|kilowatt hours
hz|hertz
khz|kilohertz
mhz|megahertz
ghz|gigahertz
kb|kilobyte|kilobytes
mb|megabyte|megabytes
gb|gigabyte|gigabytes
db|decibel|decibels
dbm
hpa|hectopascal|hectopascals
kpa|kilopascal|kilopascals
bar|bars
ppm|parts per million
ppb|parts per billion
€|eur|euro|euros
$|usd|dollar|dollars
£|gbp|pound|pounds
m/s|metres per second|meters per second
km/h|kilometres per hour|kilometers per hour
mm/h|millimetres per hour|millimeters per hour
m²|square metre|square metres|square meter|square meters
mm²|square millimetre|square millimetres
m³|cubic metre|cubic metres
"""
UNITS: dict[str, set[int]] = {}
for _line, _forms in enumerate(UNIT_FORMS.strip().splitlines()):
    for _form in _forms.split("|"):
        UNITS.setdefault(normalise(_form), set()).add(_line)
TEENS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: str(value) for value, word in enumerate(TEENS.split())}
NUMBER_WORDS |= {word: str(10 * value) for value, word in enumerate(TENS.split(), start=2)}

UNIT = "|".join(map(re.escape, sorted(UNITS, key=len, reverse=True)))
AFTER = rf"[ -]?(?P<after>{UNIT})(?![^\W\d])"
# A minus sign, unlike a hyphen, follows no word; `E-17`, `40X` and the 17 of `2026-11-17` in one piece are left to `codes`.
QUANTITY = re.compile(
    rf"(?P<before>[€$£]|\b(?:eur|usd|gbp))? ?(?P<number>(?:(?<![^\s(:/±])-)?(?<![\w.,])(?<![a-z]-)\d+(?:[.,:]\d+)*)(?:{AFTER}|(?!\w))"
)
WORDED = re.compile(rf"\b(?P<word>{'|'.join(NUMBER_WORDS)})(?={AFTER})")
LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-/.][A-Za-z0-9]+)*")
CODE = re.compile(r"(?=.*[A-Za-z])(?=.*\d).{2,}|[A-Z]{2,}(?:[-/.][A-Z]+)*")
ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
NAME = re.compile(r"(?<![.:!?(\"“'‘\n])\s(?P<name>[A-Z][a-zäöüé]{2,})\b")


def quantities(text: str) -> list[tuple[str, frozenset[int], str]]:
    """The numbers of a text, each with the lines of `UNIT_FORMS` that the unit beside it fits, and as it stands there.

    A number in words counts where a unit follows it: "two minutes", but not "one of them".
    """
    text = WORDED.sub(lambda match: NUMBER_WORDS[match["word"]], normalise(text))
    found = []
    for match in QUANTITY.finditer(text):
        number = re.sub(r",(?=\d{3}(?!\d))", "", match["number"])
        unit = match["after"] or match["before"]
        found.append((number, frozenset(UNITS.get(unit or "", ())), match[0].strip()))
    return found


def codes(text: str) -> list[str]:
    """The codes of a text: letters with digits, such as `E-17` and `40X`, and words of capitals, such as `LED`."""
    capitals = sum(map(str.isupper, text)) > 0.5 * sum(map(str.isalpha, text))  # then the sentence shouts
    return [
        token
        for token in TOKEN.findall(text)
        if CODE.fullmatch(token)
        and not ORDINAL.fullmatch(token)
        and not QUANTITY.fullmatch(normalise(token))
        and not (capitals and token.isupper() and not re.search(r"\d", token))
    ]


def names(text: str) -> list[str]:
    """The capitalised words of a text that do not begin a sentence; none where most words have a capital, as in a title."""
    words = re.findall(r"[^\W\d_]{3,}", text)
    if sum(word[0].isupper() for word in words) > max(2, 0.6 * len(words)):
        return []
    return [match["name"] for match in NAME.finditer(text)]


def is_quoted(quote: str, source: str) -> bool:
    """Whether a quote stands in a source, word for word.

    Case, white space, quotation marks around it and a full stop at its end do not matter. Fewer than three words prove nothing.
    """
    quote = normalise(quote).strip(' ."')
    return len(quote.split()) >= 3 and pattern(quote).search(normalise(source)) is not None


def missing_numbers(sentence: str, sources: Sequence[str]) -> list[str]:
    """The numbers of a sentence that stand in none of its sources, each once, in order. The digit of a name such as P2 is none.

    The simple form of `unsupported`, which also looks at units, codes and names.
    """
    numbers = dict.fromkeys(re.findall(r"\b\d+(?:[.,:]\d+)*\b", sentence))
    return [number for number in numbers if not any(stands_in(number, source) for source in sources)]


def unsupported(sentence: str, *sources: str) -> list[str]:
    """What a sentence states and its sources do not hold: numbers, units, codes and names, each once, in that order.

    A number is looked for as a whole, so that 40 is found neither in 140 nor in 40X. Where it has a unit, the source has to have the same
    one in any of its spellings: beside the number or, as in a table, elsewhere.

    Args:
        sentence: one sentence of an answer, without its citations.
        sources: the texts that it cites, with their headings.

    Returns:
        What is missing, as it stands in the sentence, numbers in small letters.
    """
    sentence = LIST_MARK.sub("", sentence)
    source = "\n".join(sources)
    there = quantities(source)
    units = frozenset().union(*(held for _, held, _ in there), *(UNITS[unit] for unit in units_in(source)))
    missing = []
    for number, unit, shown in quantities(sentence):
        beside = [held for value, held, _ in there if value == number]
        if not any(held & unit if held and unit else not unit or unit & units for held in beside):
            missing.append(shown)
    tokens = {token.casefold() for token in TOKEN.findall(source)}
    named = [*codes(sentence), *names(sentence)]
    missing += [token for token in named if token.casefold() not in tokens and not stands_in(token, source)]
    return list(dict.fromkeys(missing))


def units_in(text: str) -> list[str]:
    """The units that stand anywhere in a text, as in a table's head."""
    return re.findall(rf"(?<!\w)(?:{UNIT})(?!\w)", normalise(text))
