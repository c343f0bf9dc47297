"""Consistent variants of a hand-written world: other names, numbers, times, days and codes, the same sentences.

Every text of a world is read once into a `Template`: fixed pieces of text with slots between them. A variant says what stands in
each slot. The same slot gets the same words in every document, question, answer and quote, so what fitted before fits afterwards.
Number words, years, small counts up to three, list markers and numbers inside words stay as they are.
"""

import argparse
import bisect
import collections
import dataclasses
import itertools
import random
import re
from pathlib import Path

from coursekit import corpus

WORLDS = Path(__file__).resolve().parent / "worlds"


def _spaced(words: str) -> list[str]:
    return words.split()


# The names of the handbook that course-lm is measured on: nothing here may be called so.
FORBIDDEN = frozenset(
    _spaced("larkspur tarnbeck skerrow marlhope fennick oxbarrow wrenfall quillmere alderwick hallam ennis")
)

MONTHS = _spaced("January February March April May June July August September October November December")
# Capitalised words that are nobody's invention, or that mean something which a question may say in other words.
NOT_NAMES = frozenset(
    [*MONTHS, *(f"{day}{end}" for day in _spaced("Mon Tues Wednes Thurs Fri Satur Sun") for end in ("day", "days"))]
) | frozenset(
    _spaced("""Christmas Easter Xmas Braille Bluetooth Wi Fi Wifi Visa Mastercard English French German Spanish Spain Dane Labrador Turkish
    Shore Velcro Phillips Allen Torx Celsius Australia Europe Street Road Lane Square Court House Hall Station Line River Hill Garden Park
    Farm Room Centre Gate Passage Yard Tower Bridge Market Wood Lake Card Plan Line Policy Manual Guide Desk Club Court Island Great Little
    Upper Lower Long Short Senior Junior Resident Family Plus Basic Standard Water Office School North South East West Holiday Account
    Settings Yes No Reset Done Save Help Cancel Menu Start Stop Accept Online Mum Grandad Nan God OK Street Baths Orchard Works Post
    Feline Antifreeze Nitrile Latex Press Touch Horse Electric Express Resume Unload Amend Ferries Source Sync LEDs Consumers Max Tare
    Priority Care Wheelbuilding Sectors Sector Saver Return Single Adult Child Student Members Member
    Zone Level Form Section Table Town Teaching Everyday Otters Pikes Taster Cubs Pottery""")
)
SPELLED = frozenset(
    _spaced("""four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty
    thirty forty fifty sixty seventy eighty ninety hundred thousand dozen fortnight half quarter third twice double thrice""")
)
FEW = frozenset(_spaced("two three couple"))
KEPT_CODES = re.compile(r"(IP\d\d|A[0-6]|CR\d{4}|CO2|PM\d+|H2O|MP[34])$")

_MONTH = "|".join(MONTHS)
TOKEN = re.compile(
    rf"""
    (?P<kept>\d{{4}}-\d\d(?:-\d\d)?|\b(?:IP\d\d|CR\d{{4}})\b)
    |(?P<marker>(?m:^)[ ]*(?:\#+[ ]+)?(?:\d+[.)](?=\s)|\d+\.\d+(?=[ ][A-Z])))
    |(?P<day>(?<![\d.,:/-])\b\d{{1,2}}(?=[ ](?:{_MONTH})\b))
    |(?:{"|".join(f"(?<={month} )" for month in MONTHS)})(?P<day_after>\d{{1,2}}(?![\d:.,]\d|\d))
    |(?P<time>(?<![\d.,:/])\b\d{{1,2}}:[0-5]\d\b(?![\d:]))
    |(?P<code>\b[A-Z]{{1,3}}-?\d{{1,5}}[A-Z]?\b)
    |(?P<suffixed>(?<![\w.,/:-])\d{{1,3}}[A-Z]\b)
    |(?P<num>\b[Aa]n?[ ](?=[1-9]))?(?<![\w.,/:-])(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)(?![\w]|[.,/:]\d|-\d|/)
    |(?P<word>(?<![\w])[A-Z][A-Za-z]+)
    """,
    re.VERBOSE,
)
LOWER = re.compile(r"\b[a-z]+(?:-?\d+[a-z]?)?\b|\b\d{1,3}[a-z]\b")

Key = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Template:
    """A text as literal pieces with slots between them: `pieces[0] slot[0] pieces[1] slot[1] …`."""

    pieces: tuple[str, ...]
    slots: tuple[Key, ...]
    starts: tuple[int, ...]  # where each slot begins in the original text

    def render(self, fill: dict[Key, str]) -> str:
        """The text with its slots filled."""
        if not self.slots:
            return self.pieces[0]
        return "".join(itertools.chain(*zip(self.pieces, map(fill.__getitem__, self.slots)), (self.pieces[-1],)))


@dataclasses.dataclass(frozen=True)
class Asked:
    """A question of a world as templates; `evidence` names document number, start and end in the original texts."""

    source: corpus.Question
    question: Template
    answer: Template
    groups: tuple[tuple[Template, ...], ...]  # aliases, then the groups of `also`
    derived: frozenset[tuple[int, int]]  # (group, place) of the aliases that do not stand in the evidence
    evidence: tuple[tuple[int, int, int], ...]
    swappable: bool


def value_of(digits: str) -> str:
    """The number without thousands commas: "1,250" and "1250" are one."""
    return digits.replace(",", "")


def is_year(digits: str) -> bool:
    """Whether bare digits look like a year."""
    return len(digits) == 4 and digits.isdigit() and 1900 <= int(digits) <= 2099


def find_names(texts: list[str], common: frozenset[str]) -> set[str]:
    """The proper names of some documents: capitalised inside a sentence, and never in lower case.

    Args:
        texts: the documents.
        common: words known in lower case from elsewhere; such a word counts as a name only where it is very frequent.
    """
    lower = {word for text in texts for word in re.findall(r"\b[a-z]+\b", text)}
    capitals = collections.Counter(word for text in texts for word in re.findall(r"\b[A-Z][A-Za-z]+\b", text))
    inside = {
        word for text in texts for word in re.findall(r"(?:[a-z0-9]['s]*,? |\(|[A-Z][a-z]+ )([A-Z][A-Za-z]+)\b", text)
    }
    running = {word for text in texts for word in re.findall(r"[a-z],? ([A-Z][A-Za-z]+)\b", text)}
    names = set()
    for word, count in capitals.items():
        if word in NOT_NAMES or word.lower() in lower or word.isupper() or len(word) < 3:
            continue
        known = word.lower() in common or _singular(word.lower()) in common
        if (word in inside and word in running) and (not known or count >= 15):
            names.add(word)
    return {name for name in names if _singular(name) not in names or name == _singular(name)}


def _singular(word: str) -> str:
    if word.endswith("es") and word[:-2][-1:] in "xsz":
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


class World:
    """A world read into templates, and everything that a variant needs to know of it."""

    def __init__(self, folder: Path, common: frozenset[str] = frozenset()) -> None:
        """Read documents and questions of a folder; `common` as for `find_names`."""
        self.name = folder.name
        self.documents = corpus.load_folder(folder / "docs")
        questions = corpus.load_questions(folder / "questions.jsonl", documents=self.documents)
        self.questions = [*questions, *other_wordings(folder / "wordings.jsonl", questions)]
        texts = [document.text for document in self.documents]
        self.common = common
        self.names = find_names(texts, common)
        self.models = {
            number
            for text in texts
            for number in re.findall(rf"\b(?:{'|'.join(sorted(self.names)) or '-'}) (\d{{1,3}}[A-Z]?)\b", text)
        }
        self.clauses = {
            number for text in texts for number in re.findall(r"^ *(?:#+ +)?(\d+\.\d+) [A-Z]", text, re.MULTILINE)
        }
        self.codes: set[str] = set()
        self.used: set[Key] = set()
        self.texts = [self.read(text, True) for text in texts]
        number = {document.id: at for at, document in enumerate(self.documents)}
        self.asked = [self._ask(question, number) for question in self.questions]

    def read(self, text: str, document: bool = False) -> Template:
        """A text as a template. In a document numbers at a line's start are list markers; a question may write names small."""
        pieces, slots, starts, at = [], [], [], 0
        for start, end, key in sorted(self._found(text, document)):
            pieces.append(text[at:start])
            slots.append(key)
            starts.append(start)
            at = end
        self.used.update(slots)
        return Template((*pieces, text[at:]), tuple(slots), tuple(starts))

    def _found(self, text: str, document: bool):
        taken = []
        for match in TOKEN.finditer(text):
            key = self._key(match, document)
            if key:
                # A day after its month is matched alone: the look-behind takes no room.
                span = (match.start(), match.end())
                taken.append(span)
                yield *span, key
            elif match["marker"] is None or document:
                taken.append((match.start(), match.end()))
        if document:
            return
        for match in LOWER.finditer(text):
            word = match[0]
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            key = self._lower_key(word)
            if key:
                yield match.start(), match.end(), key

    def _key(self, match: re.Match, document: bool) -> Key | None:
        kind = match.lastgroup
        text = match[0]
        if kind in ("day", "day_after"):
            return ("day", text) if 1 <= int(text) <= 28 else None
        if kind == "time":
            return ("time", text)
        if kind == "code":
            if KEPT_CODES.match(text):
                return None
            if document:
                self.codes.add(text)
            return ("code", text)
        if kind == "suffixed":
            return ("suffixed", text) if text in self.models else None
        if kind == "digits" or match["digits"]:
            digits = match["digits"]
            value = value_of(digits)
            whole = value.split(".")[0]
            if (
                is_year(digits)
                or value in self.clauses
                or (value.isdigit() and int(value) <= 3)
                or (len(whole) > 1 and whole[0] == "0")
                or len(whole) > 6
                or (value == "100" and re.match(r" ?(%|percent|per cent)", match.string[match.end() :]))
            ):
                return None
            return ("num", (match["num"] or "").strip(), digits)
        if kind == "word":
            return self._name_key(text)
        return None

    def _name_key(self, text: str) -> Key | None:
        for word, ending in ((text, ""), (_singular(text), text[len(_singular(text)) :])):
            if word in self.names:
                return ("name", word, ending, "as it is")
            if word.isupper() and word.capitalize() in self.names:
                return ("name", word.capitalize(), ending, "upper")
        return None

    def _lower_key(self, word: str) -> Key | None:
        single = _singular(word)
        if word.upper() in self.codes:
            return ("code", word)
        if word[:-1].isdigit() and word.upper() in self.models:
            return ("suffixed", word)
        if single.capitalize() in self.names and single not in self.common:
            return ("name", single.capitalize(), word[len(single) :], "lower")
        return None

    def _ask(self, source: corpus.Question, number: dict[str, int]) -> Asked:
        groups = (source.aliases, *source.also) if source.answerable else ()
        quotes = "\n".join(item.quote for item in source.evidence)
        asked = Asked(
            source,
            self.read(source.question),
            self.read(source.answer),
            tuple(tuple(self.read(alias) for alias in group) for group in groups),
            frozenset(
                (at, place)
                for at, group in enumerate(groups)
                for place, alias in enumerate(group)
                if not stands_in(alias, quotes)
            ),
            tuple((number[item.doc], item.start, item.end) for item in source.evidence),
            True,
        )
        return dataclasses.replace(asked, swappable=self._swappable(asked, quotes))

    def _swappable(self, asked: Asked, quotes: str) -> bool:
        """Whether question and answer stay true when numbers change: no arithmetic, no other units, no number in other words."""
        if not asked.source.answerable:
            return True
        evidence = self.read(quotes, True)
        there = {value_of(key[-1]) for key in evidence.slots if key[0] == "num"}
        moving = bool(there) or any(key[0] == "time" for key in evidence.slots)
        question, answer = asked.source.question, asked.source.answer
        said = spelled(quotes) | spelled(question)
        for key in asked.answer.slots:
            value = value_of(key[-1])
            known = value in there or key in asked.question.slots or value in self.models
            if (key[0] == "num" and not known) or (key[0] == "time" and key not in evidence.slots):
                return False
        if moving and (spelled(answer) - said or spelled(question) - spelled(quotes)):
            return False
        if moving and re.search(r"half past|quarter|o'clock|noon|midnight|\d ?[ap]\.?m\b", question.lower()):
            return False
        if moving and any(f" {word} " in f" {question.lower()} " for word in FEW) and re.search(r"\d", quotes):
            return False
        units = units_of(quotes)
        return all(
            unit in units or value in there or value in self.models for value, unit in units_of(question, both=True)
        )


def other_wordings(path: Path, questions: list[corpus.Question]) -> list[corpus.Question]:
    """The same questions in other words, where a world has some: the first two of each are unlike the text."""
    if not path.is_file():
        return []
    asked = {question.id: question for question in questions}
    return [
        dataclasses.replace(
            asked[record["id"]],
            id=f"{record['id']}/{number}",
            question=text,
            wording="unlike" if number <= 2 else asked[record["id"]].wording,
        )
        for record in corpus.read_jsonl(path)
        for number, text in enumerate(record["questions"], start=1)
    ]


def units_of(text: str, both: bool = False) -> set:
    """The beginnings of the words that follow numbers in a text: `{"wee", "kg"}`; with `both` pairs of number and word."""
    found = re.findall(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?)[ -]?([a-zA-Z%°$]*)", text)
    pairs = {(value_of(value), unit[:3].lower()) for value, unit in found}
    return pairs if both else {unit for _, unit in pairs}


def spelled(text: str) -> set[str]:
    """The number words above three in a text."""
    return SPELLED & set(re.findall(r"[a-z]+", text.lower()))


def stands_in(alias: str, text: str) -> bool:
    """Whether an alias stands in a text at word boundaries, without regard to case; `5 kg` does not stand in `1.5 kg`."""
    start = r"(?<![\w])(?<!\d[.,:])" if alias[:1].isalnum() else ""
    return re.search(start + re.escape(alias) + (r"(?!\w)" if alias[-1:].isalnum() else ""), text, re.I) is not None


# --- what goes into the slots -------------------------------------------------------------------------------------------------

VOWELS = "aeiou"
ONSETS = _spaced("b br c cr d dr f fl g gl gr h j k l m n p pr r s sk st t tr v w z th sh bl cl wh pl")
MIDDLES = _spaced("b d f g l m n r s t v z l n r nd rd rl st lt mb rn lv nt rk")
ENDS = _spaced("n r l m t d k s x nd rn lt rd sk ck ll ne re th")
TAILS = ["ford", "by", "wick", "ton", "well", "mere", "holt", "stow", "ley", "den", "gate", "worth", "combe", "ridge"]


def new_name(rng: random.Random, like: str, taken: set[str]) -> str:
    """An invented name of about the length of another one; it begins with a vowel where the other does, as after "an"."""
    while True:
        first = rng.choice("AEIO") if like[0] in "AEIO" else rng.choice(ONSETS).capitalize()
        vowel = "" if first in "AEIO" else rng.choice([*VOWELS, *VOWELS, "ea", "oa", "ai", "oo"])
        name = first + vowel
        while len(name) < len(like) - 2 and len(name) < 7:
            name += rng.choice(MIDDLES) + rng.choice(VOWELS)
        if len(like) > 7 and rng.random() < 0.5:
            name = name.rstrip(VOWELS) + rng.choice(TAILS) if len(name) > 4 else name + rng.choice(TAILS)
        elif rng.random() < 0.8 or len(name) < 4:
            name += rng.choice(ENDS)
        low = name.lower()
        sound = re.search(r"[^aeiou]{4}", low) is None and not re.search(r"(.)\1\1", low)
        if sound and len(name) >= 3 and not low.endswith("s") and low not in taken and low not in FORBIDDEN:
            taken.add(low)
            return name


def fill_names(rng: random.Random, names: set[str], common: frozenset[str]) -> dict[str, str]:
    """New names. A name that begins with another one keeps its ending: Bracken and Brackenridge stay relatives."""
    taken, new = set(common), {}
    for name in sorted(names, key=lambda name: (len(name), name)):
        stem = next((known for known in new if len(known) >= 4 and name.startswith(known)), None)
        new[name] = new[stem] + name[len(stem) :] if stem else new_name(rng, name, taken)
    return new


def rising(rng: random.Random, values: list[int], low: int, high: int) -> dict[int, int]:
    """A random mapping of distinct integers into `[low, high]` that keeps their order, and round numbers round where there is room."""
    picks = sorted(rng.sample(range(low, high + 1), len(values)))
    if low < 100:
        return dict(zip(sorted(values), picks))
    new, last = {}, low - 1
    for place, (value, pick) in enumerate(zip(sorted(values), picks)):
        room = high - (len(values) - place - 1)
        step = next(step for step in (1000, 500, 100, 50, 10, 5, 1) if value % step == 0)
        step = {1000: 100, 500: 100, 100: 50, 50: 10}.get(step, step)
        rounded = -(-pick // step) * step
        choice = next(
            found for found in (rounded, rounded + step, max(pick, last + 1), last + 1) if last < found <= room
        )
        new[value] = last = choice
    return new


def fill_numbers(rng: random.Random, values: set[str]) -> dict[str, str]:
    """A mapping of all numbers of a world that keeps order, number of decimals and (from 100 up) the number of digits.

    4 to 99 are one range, as single digits would have nowhere to go; 0 to 3 stay. A decimal number follows its whole part.
    """
    wholes = {int(value.split(".")[0]) for value in values}
    new = {small: small for small in range(4)}
    for low, high in ((4, 99), (100, 999), (1000, 9999), (10_000, 99_999), (100_000, 999_999)):
        inside = [whole for whole in wholes if low <= whole <= high]
        new |= rising(rng, inside, low, high) if inside else {}
    fractions = collections.defaultdict(set)
    for value in values:
        whole, _, fraction = value.partition(".")
        if fraction.strip("0"):
            fractions[whole].add(fraction)
    parts = {(whole, old): new for whole, found in fractions.items() for old, new in fill_fractions(rng, found).items()}
    mapped = {}
    for value in values:
        whole, dot, fraction = value.partition(".")
        mapped[value] = f"{new[int(whole)]}{dot}{parts.get((whole, fraction), fraction)}"
    return mapped


def fill_fractions(rng: random.Random, fractions: set[str]) -> dict[str, str]:
    """New digits behind the point, as many as before, in the same order; prices in steps of five stay so."""
    longest = max(map(len, fractions))
    size = 10**longest
    shortest = {}  # `4` and `40` are one value, and must stay writable with one digit
    for fraction in fractions:
        value = int(fraction.ljust(longest, "0"))
        shortest[value] = min(len(fraction), shortest.get(value, longest))
    fives = longest == 2 and all(value % 5 == 0 for value in shortest)
    for _ in range(50):
        new, last = {}, 0
        for value, pick in zip(sorted(shortest), sorted(rng.sample(range(1, size), len(shortest)))):
            step = max(10 ** (longest - shortest[value]), 5 if fives else 1)
            last = new[value] = -(-max(pick, last + 1) // step) * step
        if last < size:
            break
    else:
        return {fraction: fraction for fraction in fractions}
    return {old: f"{new[int(old.ljust(longest, '0'))]:0{longest}d}"[: len(old)] for old in fractions}


def fill_times(rng: random.Random, times: set[str]) -> dict[str, str]:
    """Times of day, each moved by up to about an hour, in the same order."""
    minutes = sorted({_minutes(time) for time in times})
    new, last = {}, -1
    for place, time in enumerate(minutes):
        limit = minutes[place + 1] if place + 1 < len(minutes) else 1435
        step = 30 if time % 30 == 0 else 5 if time % 5 == 0 else 1
        low, high = max(last + 1, time - 60), min(limit + 30, time + 60, 1435)
        choices = list(range(-(-low // step) * step, high + 1, step))
        room = [found for found in choices if found <= 1439 - (len(minutes) - place)]
        last = rng.choice(room) if room else max(last + 1, time)
        new[time] = last
    written = {}
    for time in times:
        hour, minute = divmod(new[_minutes(time)], 60)
        written[time] = f"{hour:02d}:{minute:02d}" if time[0] == "0" or hour > 9 else f"{hour}:{minute:02d}"
    return written


def _minutes(time: str) -> int:
    hour, minute = time.split(":")
    return int(hour) * 60 + int(minute)


CODE = re.compile(r"([A-Z]+)(-?)(\d+)([A-Z]?)$")
SOUNDS = ("AEFHILMNORSX", "BCDGJKPQTUVWYZ")  # "an" or "a" stands before a letter's name


def fill_codes(rng: random.Random, codes: set[str]) -> dict[str, str]:
    """Codes: other letters and digits, the same shape. Codes with the same letters stay together, in the same order."""
    parts = {code: CODE.match(code).groups() for code in codes}
    prefixes, taken = {}, set()
    for prefix in sorted({part[0] for part in parts.values()}):
        while True:
            sounds = SOUNDS[0] if prefix[0] in SOUNDS[0] else SOUNDS[1]
            new = rng.choice(sounds.translate({ord(bad): None for bad in "IOQ"})) + "".join(
                rng.choice("ABCDEFGHKLMNPRSTVWX") for _ in prefix[1:]
            )
            if new not in taken:
                break
        taken.add(new)
        prefixes[prefix] = new
    digits = {}
    groups = collections.defaultdict(set)
    for prefix, _, number, _ in parts.values():
        groups[prefix, len(number)].add(number)
    for (prefix, length), numbers in groups.items():
        padded = any(number[0] == "0" for number in numbers)
        low = 1 if padded or length == 1 else 10 ** (length - 1)
        picks = sorted(rng.sample(range(low, 10**length), len(numbers)))
        digits |= {(prefix, number): f"{pick:0{length}d}" for number, pick in zip(sorted(numbers), picks)}
    return {code: prefixes[part[0]] + part[1] + digits[part[0], part[2]] + part[3] for code, part in parts.items()}


def article(word: str, number: str) -> str:
    """ "a" or "an" before a number, in the case of `word`."""
    vowel = number[0] == "8" or re.match(r"1[18](?!\d|,\d{3}(?!,))", number) is not None
    return word[0] + ("n" if vowel else "")


def fill_slots(rng: random.Random, world: World) -> dict[Key, str]:
    """What a variant puts into every slot of a world."""
    keys = sorted(world.used)
    bare = {number.rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for number in world.models}
    numbers = fill_numbers(rng, {value_of(key[-1]) for key in keys if key[0] == "num"} | {n for n in bare if n})
    names = fill_names(rng, world.names, world.common)
    times = fill_times(rng, {key[1] for key in keys if key[0] == "time"})
    codes = fill_codes(rng, {key[1].upper() for key in keys if key[0] == "code"})
    days = sorted({int(key[1]) for key in keys if key[0] == "day"})
    new_days = rising(rng, days, 1, 28)
    fill = {}
    for key in keys:
        kind = key[0]
        if kind == "num":
            new = numbers[value_of(key[2])]
            if "," in key[2] and len(new.split(".")[0]) > 3:
                whole, dot, fraction = new.partition(".")
                new = f"{int(whole):,}{dot}{fraction}"
            fill[key] = f"{article(key[1], new)} {new}" if key[1] else new
        elif kind == "name":
            new = names[key[1]]
            ending = key[2] if key[2] != "es" or new[-1] in "xsz" else "s"
            new += "es" if ending == "s" and new[-1] in "xz" else ending
            fill[key] = {"upper": new.upper(), "lower": new.lower()}.get(key[3], new)
        elif kind == "time":
            fill[key] = times[key[1]]
        elif kind == "day":
            fill[key] = str(new_days[int(key[1])])
        elif kind == "code":
            new = codes[key[1].upper()]
            fill[key] = new if key[1].isupper() else new.lower()
        else:
            fill[key] = numbers[key[1][:-1]] + key[1][-1]
    return fill


def identity(world: World) -> dict[Key, str]:
    """The filling that gives the world as it was written."""
    fill = {}
    for key in world.used:
        if key[0] == "num":
            fill[key] = f"{key[1]} {key[2]}" if key[1] else key[2]
        elif key[0] == "name":
            fill[key] = {"upper": str.upper, "lower": str.lower}.get(key[3], str)(key[1] + key[2])
        else:
            fill[key] = key[1]
    return fill


@dataclasses.dataclass(frozen=True)
class Item:
    """A question of a variant, ready to ask: `groups` are the aliases, one list for each part of the answer."""

    at: int  # its place in `World.asked`
    question: str
    answer: str
    groups: tuple[tuple[str, ...], ...]
    quotes: tuple[str, ...]


class Variant:
    """A world with its slots filled: texts, moved spans, and the questions that passed every check."""

    def __init__(self, world: World, rng: random.Random | None = None) -> None:
        """Make a variant with `rng`, or without one the world as written."""
        self.world = world
        self.swapped = rng is not None
        self.fill = fill_slots(rng, world) if rng else identity(world)
        self.texts = [template.render(self.fill) for template in world.texts]
        self._moves = [_moves(template, self.fill) for template in world.texts]
        self.items = [item for at in range(len(world.asked)) if (item := self._item(at))]

    def span(self, doc: int, start: int, end: int) -> tuple[int, int] | None:
        """Where a span of an original document lies now, or None when it begins or ends inside a slot."""
        first, last = self._move(doc, start), self._move(doc, end)
        return None if first is None or last is None else (first, last)

    def _move(self, doc: int, place: int) -> int | None:
        starts, ends, shifts = self._moves[doc]
        at = bisect.bisect_left(starts, place)  # slots that begin before the place
        if at and place < ends[at - 1]:
            return None
        return place + shifts[at]

    def _item(self, at: int) -> Item | None:
        asked = self.world.asked[at]
        if self.swapped and not asked.swappable:
            return None
        quotes = []
        for doc, start, end in asked.evidence:
            span = self.span(doc, start, end)
            if span is None or self.texts[doc].count(quote := self.texts[doc][slice(*span)]) != 1:
                return None
            quotes.append(quote)
        answer = asked.answer.render(self.fill)
        evidence = "\n".join(quotes)
        groups = []
        for number, group in enumerate(asked.groups):
            kept = []
            for place, template in enumerate(group):
                alias = template.render(self.fill)
                if (number, place) not in asked.derived:
                    if self.swapped and not stands_in(alias, evidence):
                        return None
                    kept.append(alias)
                elif (
                    not self.swapped
                    or not (template.slots or spelled(alias))
                    or stands_in(alias, evidence)
                    or stands_in(alias, answer)  # "27 days" for a table's 27: `swappable` has checked the number
                ):
                    kept.append(alias)
            if self.swapped and not any(stands_in(alias, answer) for alias in kept):
                return None
            groups.append(tuple(kept))
        return Item(at, asked.question.render(self.fill), answer, tuple(groups), tuple(quotes))


def _moves(template: Template, fill: dict[Key, str]) -> tuple[list[int], list[int], list[int]]:
    """Starts and ends of a template's slots, and by how much the text has moved before the first slot and after each."""
    ends = [start + len(_original(slot)) for slot, start in zip(template.slots, template.starts)]
    grown = (len(fill[slot]) - len(_original(slot)) for slot in template.slots)
    return list(template.starts), ends, list(itertools.accumulate(grown, initial=0))


def _original(slot: Key) -> str:
    if slot[0] == "num":
        return f"{slot[1]} {slot[2]}" if slot[1] else slot[2]
    return slot[1] + slot[2] if slot[0] == "name" else slot[1]


def known_words(folders: list[Path]) -> frozenset[str]:
    """Words that stand in lower case in two of these worlds or more: they have a meaning, and are nobody's name."""
    counts = collections.Counter()
    for folder in folders:
        text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.*")))
        counts.update(set(re.findall(r"\b[a-z]{3,}\b", text)))
    return frozenset(word for word, count in counts.items() if count >= 2)


def load_worlds(names: list[str] | None = None) -> list[World]:
    """The hand-written worlds by name, or all of them, in alphabetical order."""
    folders = sorted(path for path in WORLDS.iterdir() if (path / "questions.jsonl").is_file())
    common = known_words(folders)
    return [World(folder, common) for folder in folders if names is None or folder.name in names]


def share_kept(worlds: list[World], seed: int = 0, variants: int = 5) -> dict[str, float]:
    """For each world the share of its questions that its swapped variants keep, on average."""
    kept = {}
    for world in worlds:
        found = [len(Variant(world, random.Random(f"{seed} {at}")).items) for at in range(variants)]
        kept[world.name] = sum(found) / variants / len(world.asked)
    return kept


def main() -> None:
    """Print the share of questions kept for each world, its names, and some questions of a variant."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--show", type=int, default=5, help="questions of a variant to print for each world")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    worlds = load_worlds()
    kept = share_kept(worlds, options.seed)
    rng = random.Random(options.seed)
    for world in worlds:
        print(f"\n== {world.name}: {kept[world.name]:.0%} kept; names: {', '.join(sorted(world.names))}")
        variant = Variant(world, rng)
        for item in rng.sample(variant.items, min(options.show, len(variant.items))):
            print(f"{item.question}\n   {item.answer}\n   {item.groups} {item.quotes}")
    print(f"\nkept in all: {sum(kept.values()) / len(kept):.1%}")


if __name__ == "__main__":
    main()
