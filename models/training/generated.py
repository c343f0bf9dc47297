"""Invented worlds made by rule: sources in order of rank, a question, and an answer that cites its source.

The phrases lie in `generated/*.txt`, one block a domain; `load` explains their form. Names, values and siblings are drawn afresh for
each record, so nothing can be learnt by heart except how to read.

Levels: 0 repeats and look-ups, 1 one short source, 2 two or three sources, 3 up to six sources and every kind of question.

    python models/training/generated.py --show 20 --seed 1
"""

import argparse
import collections
import dataclasses
import functools
import itertools
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import packing

from coursekit.prompts import CLOSED_BOOK, GROUNDED, NO_ANSWER, Source, user_turn

PHRASES = Path(__file__).resolve().parent / "generated"


def words(text: str) -> tuple[str, ...]:
    """The words of a text."""
    return tuple(text.split())


# Names that may not occur: they belong to what the model is measured on, or to the world outside.
FORBIDDEN = frozenset(
    words(
        "larkspur tarnbeck skerrow marlhope fennick oxbarrow wrenfall quillmere alderwick ennis hallam sorrel "
        "canon nikon sony bosch miele volvo toyota honda ford fiat seat dell asus acer nokia siemens garmin tesla "
        "hilton marriott novotel philips braun delonghi makita ryobi stihl corona morgan barclay santander"
    )
)
STARTS = words(
    "Al Bal Bel Bor Bran Bry Cal Cam Car Cas Cor Cri Dal Dar Del Den Dor Dru Dun El Em Er Fal Far Fel Fer Gal Gar Gil Gor Gra Hal Har "
    "Hel Hol Hor Il Is Jar Jor Kal Kas Kel Kir Kor Kra Lam Lan Lar Lem Lin Lor Lum Mal Mar Mel Mer Mon Mor Nal Nar Nel Nor Ol Or Os "
    "Pal Par Pel Pen Por Pra Ral Ran Rel Ros Ru Sal San Sel Ser Sil Sol Sor Sten Sul Tal Tar Tel Ter Tir Tor Tru Ul Ur Val Var Vel Ver "
    "Vin Vol Wal War Wel Wes Wil Wol Yar Yel Zan Zel Zor"
)
MIDDLES = ("", "", *words("a e i o u an en in on ar er or am em al el ol ad ed id is us ev av"))
ENDS = words(
    "bar bec ber bin by cott da dale dan den dor don dra drin fell fen field ford gan gate gen gor ham holm ian ic kan ken kin la lan "
    "len ley lin lo lon low lund ma mar men mere min mo mond mor na nar ne nel ness nia nor o ona or ra rade ran rel ren ric rin ris ro "
    "rock ron sa san sen set son sta stead ta tan ten ter ton tra tri va vale van ven vik vin vor wald way wen wick win wood za zen"
)
SUFFIXES = words(
    "M1 M2 M3 M5 M20 M30 S2 S20 S200 C4 C40 T7 T70 X5 X50 A3 R8 V6 E2 E20 K9 H4 G10 G100 1 2 3 4 5 10 20 50 100 200 300 500"
)
TAILS = ("S", "L", "B", "0", "+", " Plus", " Mini", " Max", " Duo", " Air", "i", "X", " Go", "-2", " II", " Eco", "T")
QUARTERS = ("North", "South", "East", "West", "Upper", "Lower", "Old", "New", "Park", "Bridge", "Harbour", "Hill")
TIERS = (
    "Basic",
    "Plus",
    "Silver",
    "Gold",
    "Start",
    "Flex",
    "Family",
    "Solo",
    "Comfort",
    "Prime",
    "Junior",
    "Senior",
    "Blue",
    "Green",
)
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
MONTHS = words("January February March April May June July August September October November December")
DAYS = words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

TITLES = ("{N} at a glance", "{N} handbook", "{N}: what you should know", "Notes on {P}", "{N} information sheet")
RANGE_TITLES = ("{F}: all figures", "Overview of {F}", "{F} compared", "Reference: {F}", "{F} in numbers")
FILLERS = (
    "Ask if you are unsure.",
    "More on this is on the next page.",
    "This page is checked once a year.",
    "Please tell us if something here is unclear.",
    "Details may be found in the annex.",
    "Keep this page at hand.",
    "Pictures are for illustration only.",
    "The figures were checked by two people.",
)
OPENERS = (
    "Can you tell me {i}?",
    "Could you tell me {i}, please?",
    "Do you know {i}?",
    "I would like to know {i}.",
    "I need to find out {i}.",
    "My neighbour asks {i}.",
    "Please look up {i}.",
    "Somebody just asked me {i}. What do I say?",
    "Where can I read {i}?",
    "Any idea {i}?",
    "Is it written anywhere {i}?",
    "Tell me {i}.",
    "I can't remember {i}.",
    "We are arguing about {i}. Who knows?",
    "I am trying to find {i}.",
    "Nobody here knows {i}. Do you?",
)
TERSE = ("{N} {l}", "{l} {N}", "{l}, {N}?", "{N}: {l}?", "{l} for {N}", "what {b} the {l} of {P}", "{N} - {l}")
PLAIN_LABEL = (
    "What {b} the {l} of {P}?",
    "And what {b} the {l} of {P}?",
    "What does the documentation give as the {l} of {P}?",
    "Give me the {l} of {P}.",
    "I need the {l} of {P}.",
    "Which {l} {b} stated for {P}?",
)
ABOUT = (
    "{u} It's {P}.",
    "About {P}: {u}",
    "{u} ({N})",
    "{u} I mean {P}.",
    "{P}, I mean. {u}",
    "Regarding {P}. {u}",
    "{N}: {u}",
)
ABOUT_PRODUCT = (
    "I have {P}. {u}",
    "We bought {P}. {u}",
    "My father has {P}. {u}",
    "{u} Mine is {P}.",
    "{P} is mine. {u}",
)
ABOUT_PLACE = ("This is about {P}. {u}", "{u} We have {P} in mind.", "We chose {P}. {u}", "{u} It concerns {P}.")
GREETINGS = (
    "Hi, ",
    "Hello, ",
    "Hello! ",
    "Sorry to bother you: ",
    "Good morning. ",
    "One more thing: ",
    "Help! ",
    "Quickly: ",
)
COMMON = words("What How When Which Where Can Do May Could Is Are The My Does Please Give Tell We Our Show")
THANKS = (" Thanks!", " Thank you.", " Please help.", " Many thanks.", " I'm in a hurry.", " I couldn't find it.")
SYSTEMS = (
    f"Use the numbered sources to answer, and cite them as [1]. If they do not hold the answer, say: {NO_ANSWER}",
    f"Answer from the sources only. Put the number of the source in brackets after the fact. Otherwise say: {NO_ANSWER}",
    f"You answer questions about documents. Cite each source that you use by number, as [2]. If none helps, say: {NO_ANSWER}",
    f"Read the sources, then answer briefly with a citation such as [1]. When the answer is not there, write: {NO_ANSWER}",
)
WHICH = "Name the number of the source that holds the answer."
SHARES = {
    "one": 26,
    "table": 13,
    "two": 10,
    "compare": 8,
    "steps": 8,
    "diagnosis": 10,
    "superseded": 10,
    "exception": 10,
    "rule": 9,
    "closed": 3,
    "which": 2,
}
LACKING = 0.32  # of the records of a kind that can lack its answer; a fifth of all


# ---------------------------------------------------------------- values


@dataclasses.dataclass(frozen=True)
class Spec:
    """A type of value and how to draw one: `n 2-9 hours`, `d 0.5-3 litres`, `of red|blue`, `code @@-##`, `gbp 4-80` and so on."""

    kind: str
    low: float = 0
    high: float = 0
    step: float = 1
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def ordered(self) -> bool:
        """Whether two values of this type can be compared as numbers."""
        return self.kind in ("n", "d", "gbp", "pct")


@functools.cache
def parse_spec(text: str) -> Spec:
    """Read a value type from its one-line form.

    Raises:
        ValueError: the form is unknown.
    """
    kind, _, rest = text.strip().partition(" ")
    if kind in ("of", "code"):
        return Spec(kind, choices=tuple(item.strip() for item in rest.split("|")))
    if kind == "time" and rest:
        return Spec(kind, *(float(part) for part in rest.split("-")))
    if kind in ("time", "hours", "day", "days", "date", "ext", "person"):
        return Spec(kind)
    found = re.fullmatch(r"(-?[\d.]+)-(-?[\d.]+)(?:/([\d.]+))?(?: (.*))?", rest)
    if kind not in ("n", "d", "r", "x", "gbp", "pct") or not found:
        raise ValueError(f"No value type: {text!r}")
    return Spec(kind, float(found[1]), float(found[2]), float(found[3] or 1), found[4] or "")


PRICES = ("£{}", "€{}", "{} euros", "{} pounds", "{} crowns", "EUR {}", "${}", "{} francs")


def whole(rng: random.Random, spec: Spec) -> int:
    """A whole number within the limits of a type, on its grid."""
    steps = int((spec.high - spec.low) / spec.step)
    return int(spec.low + spec.step * int(rng.random() * (steps + 1)))


def clock(rng: random.Random, low: int = 6, high: int = 22) -> str:
    """A time of day on the quarter of an hour."""
    return f"{rng.randint(low, high)}:{rng.choice(('00', '15', '30', '45'))}"


def code(rng: random.Random, pattern: str) -> str:
    """A code: each `#` becomes a digit, each `@` a letter."""
    return "".join(
        str(int(rng.random() * 9) + 1) if char == "#" else rng.choice(LETTERS) if char == "@" else char
        for char in pattern
    )


def draw(rng: random.Random, spec: Spec, price: str = "£{}") -> str:
    """A value of a type as it is written in a document."""
    kind = spec.kind
    if kind == "n":
        number = whole(rng, spec)
        if (
            2 <= number <= 12
            and len(spec.unit) != 1
            and spec.unit[:1] not in ("°", "k", "c", "d", "N")
            and rng.random() < 0.2
        ):
            return f"{WORDS[number]} {spec.unit}".strip()
        unit = spec.unit[:-1] if number == 1 and spec.unit.endswith("s") and len(spec.unit) > 3 else spec.unit
        return f"{number} {unit}".strip()
    if kind == "d":
        return f"{spec.low + rng.random() * (spec.high - spec.low):.1f} {spec.unit}".strip()
    if kind == "of":
        return rng.choice(spec.choices)
    if kind == "code":
        return code(rng, rng.choice(spec.choices))
    if kind == "gbp":
        number = whole(rng, spec)
        return price.format(f"{number}.{rng.choice(('50', '20', '90', '75'))}" if rng.random() < 0.3 else number)
    if kind == "pct":
        return f"{whole(rng, spec)} percent"
    return draw_rare(rng, spec)


def draw_rare(rng: random.Random, spec: Spec) -> str:
    """A value of one of the types that are neither number nor choice."""
    if spec.kind == "r":
        middle = (spec.low + spec.high) / 2
        low = round(rng.uniform(spec.low, middle), 1 if spec.high < 10 else None)
        return f"{low} to {round(rng.uniform(middle, spec.high))} {spec.unit}"
    if spec.kind == "x":
        return f"{whole(rng, spec)} x {whole(rng, spec)} {spec.unit}".strip()
    if spec.kind == "time":
        return clock(rng, int(spec.low or 6), int(spec.high or 22))
    if spec.kind == "hours":
        return f"{clock(rng, 6, 11)} to {clock(rng, 14, 22)}"
    if spec.kind == "day":
        return rng.choice(DAYS)
    if spec.kind == "days":
        first = rng.randint(0, 4)
        return f"{DAYS[first]} and {DAYS[rng.randint(first + 1, 6)]}"
    if spec.kind == "date":
        return f"{rng.randint(1, 28)} {rng.choice(MONTHS)}"
    if spec.kind == "ext":
        return f"extension {rng.randint(100, 9899)}"
    return f"{rng.choice(STARTS)}{rng.choice(('a', 'o', 'e', 'is', 'an'))} {invented(rng)}"


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def size(value: str) -> float:
    """The number in a value, for comparing two of one type."""
    found = NUMBER.search(value)
    if found:
        return float(found[0])
    return WORDS.index(value.split()[0])


# ---------------------------------------------------------------- phrases


@dataclasses.dataclass
class Attribute:
    """Something that can be asked of an entity: its name, type, and the ways to state and to ask it."""

    label: str
    spec: Spec
    varies: bool
    sections: tuple[str, ...]
    states: list[str] = dataclasses.field(default_factory=list)
    indirect: list[str] = dataclasses.field(default_factory=list)
    plain: list[str] = dataclasses.field(default_factory=list)
    unlike: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Rule:
    """Something that is allowed or not: both statements, exceptions with the situation that meets them, and the ways to ask."""

    label: str
    sections: tuple[str, ...]
    yes: str = ""
    no: str = ""
    exceptions: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    plain: list[str] = dataclasses.field(default_factory=list)
    unlike: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Procedure:
    """A task, ways to name it, and its steps in order; each record takes some of them."""

    names: list[str]
    steps: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Domain:
    """A kind of world: what its entities are, and all that can be said of them."""

    name: str
    place: bool
    kinds: tuple[str, ...]
    titles: list[str] = dataclasses.field(default_factory=list)
    fillers: list[str] = dataclasses.field(default_factory=list)
    conditions: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    attributes: list[Attribute] = dataclasses.field(default_factory=list)
    rules: list[Rule] = dataclasses.field(default_factory=list)
    symptoms: list[list[str]] = dataclasses.field(default_factory=list)
    causes: list[tuple[str, list[str]]] = dataclasses.field(default_factory=list)
    procedures: list[Procedure] = dataclasses.field(default_factory=list)


def split(text: str, mark: str) -> list[str]:
    """The parts of a line between marks that stand outside braces."""
    return [part.strip() for part in re.split(rf"{re.escape(mark)}(?![^{{]*\}})", text)]


def pair(text: str) -> tuple[str, str]:
    """The two halves of a line around ` ~ `."""
    first, second = split(text, "~")
    return first, second


def read_domain(block: str) -> Domain:
    """A domain from its block of lines; see `load`."""
    lines = [line for line in block.splitlines() if line.strip()]
    name, kind, kinds = split(lines[0], "|")
    domain = Domain(name, kind == "place", tuple(item.strip() for item in kinds.split(",")))
    sections: tuple[str, ...] = ()
    item: Attribute | Rule | Procedure | None = None
    adders: dict[str, Callable[[str], object]] = {
        "t": lambda text: domain.titles.extend(split(text, "|")),
        "f": lambda text: domain.fillers.extend(split(text, "|")),
        "k": lambda text: domain.conditions.extend(pair(part) for part in split(text, "|")),
        "!": lambda text: domain.symptoms.append(split(text, "~")),
        "c": lambda text: domain.causes.append((text.split(" => ")[0], split(text.split(" => ")[1], "|"))),
        "s": lambda text: item.states.append(text),
        "i": lambda text: item.indirect.append(text),
        "p": lambda text: item.plain.append(text),
        "u": lambda text: item.unlike.append(text),
        "+": lambda text: setattr(item, "yes", text),
        "-": lambda text: setattr(item, "no", text),
        "x": lambda text: item.exceptions.append(pair(text)),
        "1": lambda text: item.steps.append(text),
    }
    for line in lines[1:]:
        mark, _, text = line.partition(" ")
        if mark == "#":
            sections = tuple(split(text, "|"))
        elif mark in ("@", "@*"):
            label, spec = text.split(" :: ")
            item = Attribute(label.strip(), parse_spec(spec), mark == "@*", sections)
            domain.attributes.append(item)
        elif mark == "?":
            item = Rule(text, sections)
            domain.rules.append(item)
        elif mark == "%":
            item = Procedure(split(text, "~"))
            domain.procedures.append(item)
        elif mark in adders:
            adders[mark](text)
        else:
            raise ValueError(f"{name}: no such line: {line!r}")
    for attribute in domain.attributes:
        attribute.plain = attribute.plain or [
            f"{form.format(b=be(attribute.label))} {lower(attribute.label)} of {{P}}?" for form in LABEL_ASKS
        ]
    return domain


LABEL_ASKS = ("What {b} the", "What {b} the", "Could you give me the")


@functools.cache
def load() -> tuple[Domain, ...]:
    """All domains, from `generated/*.txt`.

    A block begins with `== name | product or place | kinds`. Then, by the first character of a line: `t` titles, `f` filler sentences,
    `k` conditions (`condition ~ situation`), `#` section names, `@` an attribute and its value type (`@*`: may differ under a condition)
    with `s` statements, `i` indirect question, `p` plain and `u` unlike questions; `?` a rule with `+` and `-` statements and `x`
    exceptions; `!` a symptom and how people put it; `c` a cause and its cure; `%` a procedure with its `1` steps.
    `{P}` is the entity with its article, `{N}` its bare name, `{v}` the value, `{n 2-9}` and the like a value drawn on the spot.
    """
    blocks = [block for path in sorted(PHRASES.glob("*.txt")) for block in path.read_text().split("== ")[1:]]
    return tuple(read_domain(block) for block in blocks)


# ---------------------------------------------------------------- worlds


@dataclasses.dataclass(frozen=True)
class Entity:
    """A product, place or plan: its bare name, its name in a sentence, and the kind of thing that it is."""

    name: str
    phrase: str
    kind: str
    named: bool = True


@dataclasses.dataclass
class Passage:
    """A source in the making: heading, text, which facts it states, and the sentence that answers for each of them."""

    heading: str
    text: str
    facts: dict[object, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class Draft:
    """A record before it is written out: kind, sources in order, question, answer with its citations, and what it rests on."""

    kind: str
    passages: list[Passage]
    question: str
    answer: str
    gold: list[Passage]
    keys: list[object]
    values: list[str]
    world: "World | None" = None


def invented(rng: random.Random) -> str:
    """A name that is not forbidden."""
    while True:
        name = rng.choice(STARTS) + rng.choice(MIDDLES) + rng.choice(ENDS)
        if 5 <= len(name) <= 10 and name.lower() not in FORBIDDEN:
            return name


def siblings(rng: random.Random, domain: Domain, count: int) -> tuple[str, list[Entity]]:
    """A family name, and `count` of its members with close names."""
    family, kind = invented(rng), rng.choice(domain.kinds)
    if domain.place:
        style = rng.random()
        if style < 0.4:
            names = [f"{family} {word}" for word in rng.sample(QUARTERS, count)]
        elif style < 0.7:
            names = [f"{family} {word}" for word in rng.sample(TIERS, count)]
        else:
            names = [family, *(invented(rng) for _ in range(count - 1))]
        return f"{family} {plural(kind)}", [
            Entity(f"{name} {kind}", f"the {name} {kind}", kind) for name in dict.fromkeys(names)
        ]
    base = rng.choice(SUFFIXES)
    style = rng.random()
    if style < 0.6:
        tails = [base, *(base + tail for tail in rng.sample(TAILS, count))]
    elif style < 0.85:
        tails = rng.sample(SUFFIXES, count)
    else:
        tails = ["", *(tail.strip() for tail in rng.sample([tail for tail in TAILS if tail[0] == " "], count))]
    rng.shuffle(tails)
    names = [f"{family} {tail}".strip() for tail in tails[:count]]
    return f"the {family} range", [Entity(name, f"the {name}", kind) for name in names]


ARTICLE = re.compile(r"\b([Aa])(?= (?:orange|amber|eight|eleven|8 |8\d))")


def plural(kind: str) -> str:
    """The plural of a kind of entity."""
    if kind.endswith("s"):
        return f"{kind}es"
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def be(label: str) -> str:
    """The verb that goes with a label: `is` or `are`."""
    head = label.split(" of ")[0]
    return "are" if head.endswith("s") and not head.endswith("ss") else "is"


SLOT = re.compile(r"\{([a-z]+ [^}]*)\}")


def upper(text: str) -> str:
    """The text with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def lower(text: str) -> str:
    """The text with a small letter at its beginning, unless that belongs to an abbreviation or a name."""
    return (
        text
        if (text[:2].isupper() and text[1] != " ") or text[1:2] in "-." or text.startswith(("I ", "I'"))
        else text[:1].lower() + text[1:]
    )


class World:
    """The entities of one record and their values, which are drawn when first asked for and never twice the same among siblings."""

    def __init__(self, rng: random.Random, count: int = 3, *, named: bool = True) -> None:
        """Draw a domain and `count` entities; with `named=False` a single one that is only called by its kind."""
        self.rng = rng
        self.domain = rng.choice(load())
        self.price = rng.choice(PRICES)
        self.values: dict[tuple[str, str, str], str] = {}
        self.taken: dict[str, set[str]] = {}
        if named:
            self.family, self.entities = siblings(rng, self.domain, count)
        else:
            kind = rng.choice(self.domain.kinds)
            self.family, self.entities = f"the {kind}", [Entity(upper(kind), f"the {kind}", kind, named=False)]
        self.edition = ""

    @property
    def entity(self) -> Entity:
        """The entity that the question is about."""
        return self.entities[0]

    def value(self, entity: Entity, attribute: Attribute, condition: str = "") -> str:
        """The value of an attribute, under a condition if one is given."""
        key = (entity.name, attribute.label, condition)
        if key not in self.values:
            self.values[key] = self.fresh(attribute)
        return self.values[key]

    def fresh(self, attribute: Attribute) -> str:
        """A value that no entity has for this attribute yet; now and then a number that stands elsewhere with another meaning."""
        taken = self.taken.setdefault(attribute.label, set())
        if attribute.spec.kind == "n" and self.values and self.rng.random() < 0.15:
            found = NUMBER.search(self.rng.choice(list(self.values.values())))
            if found and "." not in found[0] and attribute.spec.low <= int(found[0]) <= attribute.spec.high:
                value = f"{found[0]} {attribute.spec.unit}".strip()
                if value not in taken and int(found[0]) > 1:
                    taken.add(value)
                    return value
        for _ in range(9):
            value = draw(self.rng, attribute.spec, self.price)
            if value not in taken and not any(same(value, other) for other in taken):
                break
        taken.add(value)
        return value

    def fill(self, text: str, entity: Entity, value: str = "", phrase: str = "") -> str:
        """A phrase with entity and value put in, slots drawn, and a capital at the beginning."""
        text = text.replace("{P}", phrase or entity.phrase).replace("{N}", entity.name).replace("{v}", value)
        if "{" in text:
            text = SLOT.sub(lambda match: draw(self.rng, parse_spec(match[1]), self.price), text)
        return upper(ARTICLE.sub(r"\1n", text) if "A " in text or " a " in text else text)

    def stand_in(self, entity: Entity, template: str = "") -> str:
        """What a document says in place of the name, once the heading has given it."""
        roll = self.rng.random()
        return (
            "it"
            if roll < 0.35 and template.startswith("{P}")
            else f"the {entity.kind}"
            if roll < 0.8
            else f"this {entity.kind}"
        )

    def heading(self, entity: Entity, sections: tuple[str, ...], *, whole_range: bool = False) -> str:
        """Title and section of a document about an entity, or about its whole range."""
        rng = self.rng
        if whole_range:
            title = upper(rng.choice(RANGE_TITLES).replace("{F}", self.family))
        else:
            title = self.fill(rng.choice(self.domain.titles if rng.random() < 0.7 else TITLES), entity)
        return f"{title}{self.edition} > {rng.choice(sections)}" if sections else title

    def filler(self) -> str:
        """A sentence that answers nothing."""
        return self.rng.choice(self.domain.fillers if self.rng.random() < 0.6 else FILLERS)


def same(value: str, other: str) -> bool:
    """Whether two values mean the same, one in words and one in figures."""
    first, second = value.partition(" ")[0], other.partition(" ")[0]
    pairs = ((first, second), (second, first))
    return any(a in WORDS and str(WORDS.index(a)) == b for a, b in pairs)


# ---------------------------------------------------------------- stating


def sentence(world: World, entity: Entity, attribute: Attribute, value: str) -> str:
    """One of the full sentences that state a value."""
    return world.fill(world.rng.choice(attribute.states), entity, value)


def key_of(entity: Entity, item: Attribute | Rule | Procedure | str) -> tuple[str, str]:
    """The name of a fact."""
    if isinstance(item, Procedure):
        return entity.name, item.names[0]
    return entity.name, item if isinstance(item, str) else item.label


def prose(
    world: World, entity: Entity, attributes: list[Attribute], facts: dict, *, ranged: bool, bare: bool = False
) -> str:
    """Sentences that state the attributes one after another, with pronouns, joined sentences and fillers among them."""
    rng, parts = world.rng, []
    for attribute in attributes:
        value, state = world.value(entity, attribute), rng.choice(attribute.states)
        facts[key_of(entity, attribute)] = world.fill(state, entity, value)
        roll = rng.random()
        if roll < 0.12 and not ranged:
            text = f"The {lower(attribute.label)} {be(attribute.label)} {value}."
        elif roll < 0.2:
            text = f"{upper(attribute.label)} of {entity.phrase}: {value}."
        elif (roll < 0.62 or (parts and roll < 0.8)) and (not ranged or parts):
            text = world.fill(state, entity, value, world.stand_in(entity, state))
        else:
            text = world.fill(state, entity, value)
        if parts and rng.random() < 0.2 and ":" not in text + parts[-1]:
            parts[-1] = f"{parts[-1][:-1]}{rng.choice((', and ', '; ', ', and '))}{lower(text)}"
        else:
            parts.append(
                f"{rng.choice(('Note: ', 'Please note: ', 'Remember: '))}{lower(text)}" if rng.random() < 0.07 else text
            )
    if not bare and rng.random() < 0.4:
        parts.insert(rng.choice((0, len(parts))), world.filler())
    return " ".join(parts)


def listed(world: World, entity: Entity, attributes: list[Attribute], facts: dict) -> str:
    """Attributes as bullets, lines or a table of two columns."""
    rng = world.rng
    rows = [(upper(attribute.label), world.value(entity, attribute)) for attribute in attributes]
    for attribute, (_, value) in zip(attributes, rows):
        facts[key_of(entity, attribute)] = world.fill(attribute.states[0], entity, value)
    roll = rng.random()
    if roll < 0.35:
        return "\n".join(f"- {label}: {value}" for label, value in rows)
    if roll < 0.55:
        return "\n".join(f"{label}: {value}." for label, value in rows)
    head = rng.choice(("| Item | Value |", "| What | Figure |", "| Feature | Details |", "| Property | Setting |"))
    return "\n".join((head, "|---|---|", *(f"| {label} | {value} |" for label, value in rows)))


def passage(
    world: World, entity: Entity, attributes: list[Attribute], *, plain: bool = False, bare: bool = False
) -> Passage:
    """A passage about one entity that states the attributes; `plain` ones are prose, `bare` ones have no filler sentences."""
    rng, facts = world.rng, {}
    sections = attributes[0].sections
    roll = rng.random()
    if not plain and roll < 0.2:
        order = rng.sample(attributes, len(attributes))
        return Passage(world.heading(entity, sections), listed(world, entity, order, facts), facts)
    if not plain and roll < 0.28:
        first = attributes[0]
        value, state = world.value(entity, first), rng.choice(first.states)
        facts[key_of(entity, first)] = world.fill(state, entity, value)
        asked = world.fill(rng.choice(first.plain), entity, phrase=world.stand_in(entity))
        text = world.fill(state, entity, value, rng.choice((entity.phrase, world.stand_in(entity))))
        if rng.random() < 0.5:
            return Passage(f"{world.heading(entity, ('Questions', 'FAQ'))} > {asked}", text, facts)
        return Passage(world.heading(entity, ("Questions and answers", "FAQ")), f"{asked}\n{text}", facts)
    ranged = entity.named and rng.random() < 0.15
    order = rng.sample(attributes, len(attributes))
    text = prose(world, entity, order, facts, ranged=ranged, bare=bare)
    return Passage(world.heading(entity, sections, whole_range=ranged), text, facts)


def range_table(world: World, entities: list[Entity], attributes: list[Attribute]) -> Passage:
    """A table with a row for each entity and a column for each attribute."""
    facts, rng = {}, world.rng
    head = [rng.choice(("Model", "Name", "Type") if not world.domain.place else ("Name", "Which", "Where"))]
    rows = [[*head, *(upper(attribute.label) for attribute in attributes)], ["---"] * (len(attributes) + 1)]
    for entity in rng.sample(entities, len(entities)):
        values = [world.value(entity, attribute) for attribute in attributes]
        rows.append([entity.name, *values])
        for attribute, value in zip(attributes, values):
            facts[key_of(entity, attribute)] = world.fill(attribute.states[0], entity, value)
    text = "\n".join(f"| {' | '.join(row)} |" if row[0] != "---" else f"|{'|'.join(row)}|" for row in rows)
    return Passage(world.heading(entities[0], attributes[0].sections, whole_range=True), text, facts)


def date(rng: random.Random, year: int) -> str:
    """A day of a year."""
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {year}"


MEMO_TITLES = ("Memo of {d}", "Notice of {d}", "Bulletin, {d}", "Update of {d}", "Circular of {d}", "News, {d}")
MEMO_SECTIONS = ("Changes to {P}", "New rules", "What changes", "{N}", "Corrections", "Changes")


def memo(world: World, entity: Entity, attribute: Attribute, year: int, value: str, old: str = "") -> Passage:
    """A dated passage that gives an attribute a new value."""
    rng = world.rng
    dated = date(rng, year)
    heading = f"{rng.choice(MEMO_TITLES).format(d=dated)} > {world.fill(rng.choice(MEMO_SECTIONS), entity)}"
    state = world.fill(rng.choice(attribute.states), entity, value)
    forms = [
        f"From {date(rng, year)}, {lower(state)}",
        f"With immediate effect, {lower(state)}",
        f"{state} This replaces what was said before.",
        f"{state} All older statements are void.",
        f"Correction: {lower(state)}",
    ]
    if old:
        forms += [
            f"New {lower(attribute.label)} of {entity.phrase}: {value} in place of {old}.",
            f"{state} The old value of {old} no longer holds.",
            f"{upper(attribute.label)} of {entity.phrase}: {value}, formerly {old}.",
            f"So far {old} was right for the {lower(attribute.label)} of {entity.phrase}. Now {value} is right.",
        ]
    text = rng.choice(forms)
    if rng.random() < 0.3:
        text = f"{text} {world.filler()}"
    return Passage(heading, text, {key_of(entity, attribute): state})


def rule_passage(world: World, entity: Entity, rule: Rule, allowed: bool, exception: str = "") -> Passage:
    """A passage that allows or forbids something, with or without an exception."""
    rng = world.rng
    state = rule.yes if allowed else rule.no
    text = world.fill(state, entity, phrase=rng.choice((entity.phrase, entity.phrase, world.stand_in(entity))))
    if exception:
        word = rng.choice(
            (", except {x}.", ". The exception: {x}.", ". This does not hold {x}.", ". It is the other way round {x}.")
        )
        text = text[:-1] + word.format(x=exception)
    if rng.random() < 0.5:
        text = rng.choice(("{} {}", "{1} {0}")).format(text, world.filler())
    return Passage(world.heading(entity, rule.sections), text, {key_of(entity, rule): world.fill(state, entity)})


def steps_passage(world: World, entity: Entity, procedure: Procedure) -> tuple[Passage, list[str]]:
    """A passage with a procedure as a numbered list, and its steps."""
    rng = world.rng
    count = min(len(procedure.steps), rng.choice((3, 3, 4, 4, 5)))
    chosen = sorted(rng.sample(range(len(procedure.steps)), count))
    steps = [world.fill(procedure.steps[at], entity) for at in chosen]
    name = world.fill(procedure.names[0], entity, phrase=rng.choice((entity.phrase, world.stand_in(entity))))
    text = "\n".join(f"{number}. {step}." for number, step in enumerate(steps, start=1))
    if rng.random() < 0.15:
        text = " ".join(
            f"{word} {lower(step)}." for word, step in zip(("First", "Next,", "Then", "After that,", "Finally"), steps)
        )
    heading = world.heading(entity, rng.choice((("How to", "Step by step", "Procedures"), (f"How to {lower(name)}",))))
    if "How to " not in heading:
        text = f"To {lower(name)}:\n{text}"
    joined = ", ".join(lower(step) for step in steps[:-1])
    answer = f"{upper(joined)}{',' if count > 2 else ''} and {lower(steps[-1])}."
    return Passage(heading, text, {key_of(entity, procedure): answer}), steps


def fault_passage(world: World, entity: Entity, symptoms: list[list[str]]) -> Passage:
    """A passage that gives each symptom a cause and a cure, as sentences or as a table."""
    rng, facts, rows = world.rng, {}, []
    causes = rng.sample(world.domain.causes, len(symptoms))
    for symptom, (cause, cures) in zip(symptoms, causes):
        shown = lower(world.fill(symptom[0], entity, phrase=rng.choice((entity.phrase, world.stand_in(entity)))))
        cause, cure = lower(world.fill(cause, entity)), lower(world.fill(rng.choice(cures), entity))
        rows.append((shown, cause, cure))
        facts[key_of(entity, symptom[0])] = f"{upper(cause)}; {cure}."
    heading = world.heading(entity, ("Troubleshooting", "If something goes wrong", "Faults", "Help"))
    if len(rows) > 1 and rng.random() < 0.4:
        head = rng.choice(("| Symptom | Cause | Remedy |", "| What you notice | Why | What to do |"))
        table = [f"| {upper(shown)} | {upper(cause)} | {upper(cure)} |" for shown, cause, cure in rows]
        return Passage(heading, "\n".join((head, "|---|---|---|", *table)), facts)
    forms = (
        "If {0}, {1}. {3}.",
        "When {0}, the reason is that {1}: {2}.",
        "{4}? Then {1}. {3}.",
        "{4}: {1}; {2}.",
        "{4}. Likely cause: {1}. {3}.",
        "{4} because {1}. To cure it, {2}.",
    )
    form = rng.choice(forms)
    text = " ".join(form.format(*row, upper(row[2]), upper(row[0])) for row in rows)
    return Passage(heading, text, facts)


# ---------------------------------------------------------------- asking


def ask_phrase(world: World, entity: Entity) -> str:
    """What a person who asks calls the entity."""
    return (
        entity.phrase if entity.named else world.rng.choice((entity.phrase, f"our {entity.kind}", f"my {entity.kind}"))
    )


def about(world: World, text: str, entity: Entity) -> str:
    """The question with the entity named, if it is not yet."""
    if not entity.named or entity.name in text:
        return text
    rng = world.rng
    if text[:1].islower():
        return rng.choice(("{N}, {u}", "{u}, {N}", "{N}: {u}", "{u} ({N})", "{u} for {N}")).format(
            N=entity.name, u=text
        )
    frames = ABOUT if rng.random() < 0.5 else ABOUT_PLACE if world.domain.place else ABOUT_PRODUCT
    return upper(rng.choice(frames).format(P=entity.phrase, N=entity.name, u=text))


def loosen(rng: random.Random, text: str) -> str:
    """The question as somebody may type it: a greeting, thanks, no capitals, no question mark."""
    roll = rng.random()
    if roll < 0.05:
        greeting = rng.choice(GREETINGS)
        return greeting + (lower(text) if greeting[-2] in ",:" and text.split(" ")[0] in COMMON else text)
    if roll < 0.09:
        return text + rng.choice(THANKS) if text[-1] in ".?!" else text
    if roll < 0.12:
        return lower(text)
    return text.rstrip("?.") if roll < 0.15 else text


def ask(world: World, entity: Entity, attribute: Attribute) -> str:
    """A question for an attribute: plain, indirect, terse or unlike the text."""
    rng, roll = world.rng, world.rng.random()
    phrase = ask_phrase(world, entity)
    if roll < 0.25:
        text = world.fill(rng.choice(attribute.plain), entity, phrase=phrase)
    elif roll < 0.47:
        text = rng.choice(OPENERS).format(i=rng.choice(attribute.indirect).replace("{P}", phrase))
    elif roll < 0.55:
        text = rng.choice(PLAIN_LABEL).format(l=lower(attribute.label), P=phrase, b=be(attribute.label))
    elif roll < 0.63:
        text = rng.choice(TERSE).format(
            N=entity.name if entity.named else entity.kind, P=phrase, l=lower(attribute.label), b=be(attribute.label)
        )
    else:
        chosen = rng.choice(attribute.unlike)
        filled = chosen.replace("{P}", phrase)
        text = about(world, filled if chosen[0].islower() else upper(filled), entity)
    return loosen(rng, text)


def ask_rule(world: World, entity: Entity, rule: Rule, situation: str = "") -> str:
    """A question whether something is allowed, perhaps in a situation."""
    rng = world.rng
    text = rng.choice(rule.plain if rng.random() < 0.5 else rule.unlike)
    text = world.fill(text, entity, phrase=ask_phrase(world, entity))
    if situation:
        text = rng.choice(("{s} {t}", "{t} {s}")).format(s=situation, t=text)
    return loosen(rng, about(world, text, entity))


STEP_ASKS = (
    "How do I {d}?",
    "What are the steps to {d}?",
    "I have to {d}. What do I do?",
    "Show me how to {d}.",
    "Walk me through it: how does one {d}?",
    "What is the right order when I {d}?",
    "I have never done this: {d}. How?",
    "Instructions to {d}, please.",
)
SPOKEN_ASKS = (
    "{d}. What do I do?",
    "{d}: how?",
    "{d}. What are the steps?",
    "{d}, step by step please.",
    "{d}. Where do I start?",
)
FAULT_TAILS = (
    "What is wrong?",
    "What can I do?",
    "Why?",
    "What's the matter?",
    "How do I fix it?",
    "Any advice?",
    "What now?",
    "",
)


def ask_fault(world: World, entity: Entity, symptom: list[str]) -> str:
    """A complaint about a symptom, in the document's words or in a person's."""
    rng, roll = world.rng, world.rng.random()
    if roll < 0.3:
        shown = lower(world.fill(symptom[0], entity, phrase=ask_phrase(world, entity)))
        frames = (
            "What is the cause if {0}?",
            "What should I do when {0}?",
            "What does it mean when {0}?",
            "{1}. What is wrong?",
        )
        text = rng.choice(frames).format(shown, upper(shown))
    elif roll < 0.8 or len(symptom) < 3:
        text = f"{world.fill(symptom[1], entity, phrase=ask_phrase(world, entity))} {rng.choice(FAULT_TAILS)}".strip()
    else:
        text = symptom[2]
    return loosen(rng, about(world, text, entity))


# ---------------------------------------------------------------- sources in order


def crowd(world: World, forbidden: set[object], count: int, related: list[Attribute]) -> list[Passage]:
    """Passages that do not hold the facts `forbidden`: siblings with the same attributes first, then other matters."""
    rng, domain, made = world.rng, world.domain, []
    others = [item for item in domain.attributes if all(item is not one for one in related)]
    used: set[object] = set(forbidden)
    while len(made) < count:
        entity = rng.choice(world.entities)
        roll = rng.random()
        if roll < 0.4 and len(world.entities) > 1 and related:
            entity = rng.choice(world.entities[1:])
            chosen = [rng.choice(related), *rng.sample(others, rng.choice((0, 0, 1, 1, 2)))]
        elif roll < 0.84:
            chosen = rng.sample(others, rng.choice((1, 1, 2, 2, 3)))
        else:
            made.append(side_passage(world, entity, used))
            continue
        chosen = [item for item in chosen if key_of(entity, item) not in used]
        if chosen:
            used.update(key_of(entity, item) for item in chosen)
            rivals = world.entities[1:]
            if (
                roll > 0.76
                and len(rivals) > 1
                and not any(key_of(item, chosen[0]) in used for item in rivals if item is not entity)
            ):
                made.append(range_table(world, rivals, chosen[:1]))
                used.update(made[-1].facts)
            elif roll < 0.04:
                made.append(memo(world, entity, chosen[0], rng.randint(2021, 2029), world.value(entity, chosen[0])))
            else:
                made.append(passage(world, entity, chosen))
        elif not related and len(world.entities) == 1:
            made.append(side_passage(world, entity, used))
    return made


def side_passage(world: World, entity: Entity, used: set[object]) -> Passage:
    """A passage about something else: a rule, a fault, a procedure, or nothing in particular."""
    rng, domain = world.rng, world.domain
    roll = rng.random()
    rule, procedure = rng.choice(domain.rules), rng.choice(domain.procedures)
    symptom = rng.choice(domain.symptoms)
    if roll < 0.35 and key_of(entity, rule) not in used:
        used.add(key_of(entity, rule))
        return rule_passage(world, entity, rule, rng.random() < 0.5)
    if roll < 0.6 and key_of(entity, procedure) not in used:
        used.add(key_of(entity, procedure))
        return steps_passage(world, entity, procedure)[0]
    if roll < 0.9 and key_of(entity, symptom[0]) not in used:
        used.add(key_of(entity, symptom[0]))
        return fault_passage(world, entity, [symptom])
    return Passage(
        world.heading(entity, ("General", "About this document")), f"{rng.choice(FILLERS)} {rng.choice(domain.fillers)}"
    )


def arrange(rng: random.Random, gold: list[Passage], rest: list[Passage]) -> list[Passage]:
    """Gold and other passages in order of rank: gold is mostly first or second, sometimes last."""
    ranked = list(rest)
    for item in reversed(gold):
        roll = rng.random()
        at = 0 if roll < 0.5 else 1 if roll < 0.72 else len(ranked) if roll < 0.82 else rng.randint(0, len(ranked))
        ranked.insert(min(at, len(ranked)), item)
    return ranked


def cite(text: str, *numbers: int) -> str:
    """The sentence with citations before its full stop."""
    marks = "".join(f"[{number}]" for number in sorted(numbers))
    return f"{text.rstrip('.')} {marks}."


def place(passages: list[Passage], item: Passage) -> int:
    """The number of a passage among the sources."""
    return next(number for number, other in enumerate(passages, start=1) if other is item)


def total(rng: random.Random, level: int) -> int:
    """How many sources a record of a level has."""
    return 1 if level == 1 else rng.randint(2, 3) if level == 2 else rng.choice((1, 2, 3, 3, 4, 4, 4, 5, 5, 6))


def finish(
    world: World,
    kind: str,
    level: int,
    gold: list[Passage],
    keys: list[object],
    question: str,
    answer: Callable[[list[Passage]], str],
    values: list[str],
    related: list[Attribute],
    *,
    lacking: bool = False,
) -> Draft:
    """Add the crowd, put the sources in order, and write the answer; with `lacking` the gold passages are left out."""
    rng = world.rng
    count = total(rng, level)
    held = {key for item in gold for key in item.facts} | set(keys)
    if lacking:
        rest = crowd(world, set(keys), max(count, 1), related)
        return Draft("unanswerable", rest, question, NO_ANSWER, [], keys, values, world)
    rest = crowd(world, held, max(0, count - len(gold)), related)
    passages = arrange(rng, gold, rest)
    return Draft(kind, passages, question, answer(passages), gold, keys, values, world)


# ---------------------------------------------------------------- kinds of questions


def new_world(rng: random.Random, level: int, *, least: int = 1) -> World:
    """A world for a record: mostly with siblings, sometimes with a single entity that is called by its kind."""
    if least == 1 and rng.random() < 0.15:
        return World(rng, named=False)
    return World(rng, max(least, rng.choice((1, 2) if level == 1 else (2, 2, 3, 4))))


def is_lacking(rng: random.Random) -> bool:
    """Whether this record lacks its answer."""
    return rng.random() < LACKING


def with_others(world: World, attribute: Attribute, most: int) -> list[Attribute]:
    """The attribute and up to `most` others that stand beside it, of the same section where there are any."""
    near = [item for item in world.domain.attributes if item is not attribute and item.sections == attribute.sections]
    return [attribute, *world.rng.sample(near, min(len(near), world.rng.randint(0, most)))]


def one(rng: random.Random, level: int) -> Draft:
    """One fact from one source."""
    world = new_world(rng, level)
    attribute = rng.choice(world.domain.attributes)
    entity, key = world.entity, key_of(world.entity, attribute)
    gold = passage(
        world, entity, with_others(world, attribute, 1 if level == 1 else 2), plain=level == 1 and rng.random() < 0.5
    )
    question = ask(world, entity, attribute)

    def answer(passages: list[Passage]) -> str:
        return cite(gold.facts[key], place(passages, gold))

    value = world.value(entity, attribute)
    return finish(world, "one", level, [gold], [key], question, answer, [value], [attribute], lacking=is_lacking(rng))


def table(rng: random.Random, level: int) -> Draft:
    """A cell of a table with a row for each sibling."""
    world = World(rng, rng.choice((2, 3, 4, 5)))
    attributes = rng.sample(world.domain.attributes, rng.choice((1, 2, 2, 3)))
    attribute, entity = attributes[0], world.entity
    key = key_of(entity, attribute)
    rng.shuffle(attributes)
    question = ask(world, entity, attribute)
    value = world.value(entity, attribute)
    if is_lacking(rng):  # the row or the column that was asked for is not in the table
        if len(world.entities) > 2 and rng.random() < 0.6:
            near = range_table(world, world.entities[1:], attributes)
        else:
            others = [item for item in world.domain.attributes if item is not attribute]
            near = range_table(world, world.entities, rng.sample(others, len(attributes)))
        rest = crowd(world, {key, *near.facts}, total(rng, level) - 1, [attribute])
        return Draft("unanswerable", arrange(rng, [near], rest), question, NO_ANSWER, [], [key], [value], world)
    gold = range_table(world, world.entities, attributes)

    def answer(passages: list[Passage]) -> str:
        return cite(gold.facts[key], place(passages, gold))

    return finish(world, "table", level, [gold], [key], question, answer, [value], [attribute])


def two(rng: random.Random, level: int) -> Draft:
    """Two facts, mostly from two sources, of one entity or of two."""
    world = new_world(rng, level)
    first, second = rng.sample(world.domain.attributes, 2)
    entity = world.entity
    other = rng.choice(world.entities[1:]) if len(world.entities) > 1 and rng.random() < 0.25 else entity
    keys = [key_of(entity, first), key_of(other, second)]
    if level == 1 or (other is entity and rng.random() < 0.2):
        gold = [passage(world, entity, [first, second], plain=True)]
        other, keys[1] = entity, key_of(entity, second)
    else:
        gold = [passage(world, entity, [first]), passage(world, other, [second])]
    call = ask_phrase(world, entity)
    it = "it" if rng.random() < 0.6 else f"the {entity.kind}"
    if any("of {P}" in text for text in second.indirect + second.plain):
        it = f"the {entity.kind}"
    again = it if other is entity else other.phrase
    parts = {
        "i": rng.choice(first.indirect).replace("{P}", call),
        "j": rng.choice(second.indirect).replace("{P}", again),
        "p": world.fill(rng.choice(first.plain), entity, phrase=call),
        "q": world.fill(rng.choice(second.plain), other, phrase=again),
        "l": lower(first.label),
        "m": lower(second.label),
        "b": be(first.label),
        "c": be(second.label),
        "P": call,
        "Q": call if other is entity else other.phrase,
    }
    frames = [
        "{p} And can you say {j}?",
        "{p} {q}",
        "Can you tell me {i} and {j}?",
        "I need to know {i}, and also {j}.",
        "{p} I also want to know {j}.",
        "Two questions. {p} {q}",
        "What {b} the {l} of {P}, and what {c} the {m} of {Q}?",
    ]
    if other is entity:
        frames.append("What are the {l} and the {m} of {P}?")
    question = loosen(rng, upper(rng.choice(frames).format(**parts)))

    def answer(passages: list[Passage]) -> str:
        numbers = [place(passages, item) for item in gold]
        one_fact, other_fact = gold[0].facts[keys[0]], gold[-1].facts[keys[1]]
        subject = f"{upper(entity.phrase)} "
        if other is entity and one_fact.startswith(subject) and other_fact.startswith(subject):
            other_fact = (
                f"The {entity.kind} {other_fact[len(subject) :]}"
                if not entity.named
                else f"it {other_fact[len(subject) :]}"
            )
        if not other_fact.startswith(("The ", "it ")) or not one_fact.startswith(("The ", "A ")):
            return f"{cite(one_fact, numbers[0])} {cite(other_fact, numbers[-1])}"
        if len(gold) == 1:
            return f"{one_fact[:-1]}, and {lower(cite(other_fact, numbers[0]))}"
        return f"{cite(one_fact, numbers[0])[:-1]}, and {lower(cite(other_fact, numbers[1]))}"

    values = [world.value(entity, first), world.value(other, second)]
    return finish(world, "two", level, gold, keys, question, answer, values, [first, second])


COMPARE_ASKS = (
    "How do {A} and {B} differ in {l}?",
    "Compare the {l} of {A} and {B}.",
    "What {b} the {l} of {A}, and what about {B}?",
    "{A} or {B}: what is the difference in {l}?",
    "I can't decide between {A} and {B}. What about the {l}?",
    "{l}: {A} vs {B}",
)
MORE = ("greater", "larger", "higher", "smaller", "lower")


def compare(rng: random.Random, level: int) -> Draft:
    """Two siblings and one attribute: both values, or which is greater."""
    world = World(rng, rng.choice((2, 3, 3, 4)))
    attribute = rng.choice(world.domain.attributes)
    a, b = world.entities[:2]
    v, w = world.value(a, attribute), world.value(b, attribute)
    keys = [key_of(a, attribute), key_of(b, attribute)]
    if level == 1 or rng.random() < 0.3:
        gold = [range_table(world, world.entities, [attribute])]
    else:
        gold = [passage(world, item, with_others(world, attribute, 1)) for item in (a, b)]
    label = lower(attribute.label)
    first, second = rng.sample((a, b), 2)
    more = ""
    if attribute.spec.ordered and size(v) != size(w) and rng.random() < 0.5:
        more = rng.choice(MORE)
        frames = (
            "Which has the {m} {l}, {A} or {B}?",
            "{A} or {B}: which one has the {m} {l}?",
            "Does {A} or {B} have the {m} {l}?",
        )
        question = rng.choice(frames)
    else:
        question = rng.choice(COMPARE_ASKS)
    question = loosen(rng, upper(question.format(A=first.phrase, B=second.phrase, l=label, m=more, b=be(label))))
    if more:
        top = max if more in MORE[:3] else min
        best = top(((size(v), 0), (size(w), 1)))[1]
    else:
        best = 0 if first is a else 1

    def answer(passages: list[Passage]) -> str:
        numbers = [place(passages, item) for item in gold]
        pairs = [(a, v, numbers[0]), (b, w, numbers[-1])]
        (x, xv, xn), (y, yv, yn) = pairs[best], pairs[1 - best]
        mark = "" if len(gold) == 1 else f" [{xn}]"
        if more:
            return upper(f"{x.phrase} has the {more} {label}: {xv}{mark}, against {yv} for {y.phrase} [{yn}].")
        return f"The {label} {be(label)} {xv} for {x.phrase}{mark} and {yv} for {y.phrase} [{yn}]."

    return finish(world, "compare", level, gold, keys, question, answer, [v, w], [])


def steps(rng: random.Random, level: int) -> Draft:
    """A procedure, or the step after a given one."""
    world = new_world(rng, level)
    procedure, entity = rng.choice(world.domain.procedures), world.entity
    key = key_of(entity, procedure)
    gold, done = steps_passage(world, entity, procedure)
    called = rng.choice(procedure.names)
    name = lower(world.fill(called, entity, phrase=ask_phrase(world, entity)))
    spoken = called in procedure.names[2:]  # as a person says it: no verb phrase that fits after "to"
    following = not spoken and rng.random() < 0.3
    if following:
        at = rng.randrange(len(done) - 1)
        named = name if entity.name in name or not entity.named else f"{name} ({entity.name})"
        frames = ("I want to {d}. What comes after this step: {s}?", "When I {d}, what follows once I {s}?")
        question = rng.choice(frames).format(d=named, s=lower(done[at]))
        reply = f"{rng.choice(('Next', 'After that'))}, {lower(done[at + 1])}."
    else:
        frames = SPOKEN_ASKS if spoken else STEP_ASKS
        question = about(world, upper(rng.choice(frames).format(d=name)), entity)
        reply = gold.facts[key]

    def answer(passages: list[Passage]) -> str:
        return cite(reply, place(passages, gold))

    values = [done[at + 1]] if following else done
    lacking = is_lacking(rng)
    draft = finish(world, "steps", level, [gold], [key], loosen(rng, question), answer, values, [], lacking=lacking)
    if lacking and len(world.entities) > 1 and rng.random() < 0.6:
        draft.passages[0] = steps_passage(world, world.entities[1], procedure)[0]
    elif not lacking and len(world.entities) > 1 and len(draft.passages) > 1 and rng.random() < 0.5:
        at = next(at for at, item in enumerate(draft.passages) if item is not gold)
        draft.passages[at] = steps_passage(world, world.entities[1], procedure)[0]
    return draft


def diagnosis(rng: random.Random, level: int) -> Draft:
    """A symptom, its cause and its cure."""
    world = new_world(rng, level)
    entity = world.entity
    symptoms = rng.sample(world.domain.symptoms, min(len(world.domain.symptoms), rng.choice((1, 2, 2, 3))))
    asked = symptoms[0]
    key = key_of(entity, asked[0])
    rng.shuffle(symptoms)
    gold = fault_passage(world, entity, symptoms)
    question = ask_fault(world, entity, asked)

    def answer(passages: list[Passage]) -> str:
        return cite(gold.facts[key], place(passages, gold))

    lacking = is_lacking(rng)
    values = [gold.facts[key]]
    draft = finish(world, "diagnosis", level, [gold], [key], question, answer, values, [], lacking=lacking)
    rivals = world.entities[1:2]
    if lacking:
        rest = [item for item in world.domain.symptoms if item is not asked]
        near = fault_passage(world, rivals[0], symptoms) if rivals and rng.random() < 0.5 else None
        draft.passages[0] = near or fault_passage(world, entity, [rng.choice(rest)])
    elif rivals and len(draft.passages) > 1 and rng.random() < 0.5:
        others = [at for at, item in enumerate(draft.passages) if item is not gold]
        draft.passages[others[0]] = fault_passage(world, rivals[0], symptoms)
    return draft


def superseded(rng: random.Random, level: int) -> Draft:
    """Two dated sources disagree: the newer one holds."""
    world = new_world(rng, level)
    entity, attribute = world.entity, rng.choice(world.domain.attributes)
    key, year = key_of(entity, attribute), rng.randint(2021, 2028)
    old = world.value(entity, attribute)
    if rng.random() < 0.7:
        world.edition = rng.choice((", {m} {y} edition", " ({m} {y})", ", as of {m} {y}")).format(
            m=rng.choice(MONTHS), y=year
        )
        before = passage(world, entity, with_others(world, attribute, 1), plain=True)
        world.edition = ""
    else:
        before = memo(world, entity, attribute, year, old)
    new = world.fresh(attribute)
    if new == old:
        return superseded(rng, level)
    gold = memo(world, entity, attribute, year + rng.randint(1, 3), new, old)
    world.values[key[0], key[1], ""] = new
    question = ask(world, entity, attribute)
    if question.endswith("?") and rng.random() < 0.25:
        question = f"{question[:-1]} {rng.choice(('now', 'these days', 'at present', 'nowadays'))}?"

    def answer(passages: list[Passage]) -> str:
        return cite(gold.facts[key], place(passages, gold))

    draft = finish(world, "superseded", max(level, 2), [gold], [key], question, answer, [new], [attribute])
    at = rng.choice((0, 0, 1, len(draft.passages)))
    draft.passages.insert(at, before)
    draft.passages = draft.passages[:6] if place(draft.passages, gold) <= 6 else draft.passages
    draft.answer = answer(draft.passages)
    return draft


EXCEPTIONS = (
    "{K}, it is {v} instead.",
    "Exception: {k} it is {v}.",
    "This differs {k}: then {v}.",
    "{K}, {v} applies.",
    "Only {k}, {v} holds.",
)


def exception(rng: random.Random, level: int) -> Draft:
    """A value that differs under a condition, asked with or without it; rule and exception in one source or in two."""
    world = new_world(rng, level)
    entity = world.entity
    choices = [item for item in world.domain.attributes if item.varies]
    attribute = rng.choice(choices)
    condition, situation = rng.choice(world.domain.conditions)
    base, special = world.value(entity, attribute), world.value(entity, attribute, condition)
    key, special_key = key_of(entity, attribute), (*key_of(entity, attribute), condition)
    general = passage(world, entity, [attribute], plain=True, bare=True)
    state = sentence(world, entity, attribute, special)
    said = f"{upper(condition)}, {lower(state)}"
    gold = [general]
    if level > 1 and rng.random() < 0.4:
        frames = (
            said,
            f"{upper(condition)}, the {lower(attribute.label)} of {entity.phrase} {be(attribute.label)} {special}.",
        )
        apart = Passage(world.heading(entity, ("Exceptions", "Special cases")), rng.choice(frames), {special_key: said})
        gold.append(apart)
        if rng.random() < 0.4:
            apart.text = f"{apart.text} {world.filler()}"
    else:
        text = rng.choice(EXCEPTIONS).format(k=condition, K=upper(condition), v=special)
        general.text = f"{general.text} {text}"
        general.facts[special_key] = said
    asked_special = rng.random() < 0.65
    if asked_special:
        plain = world.fill(rng.choice(attribute.plain), entity, phrase=ask_phrase(world, entity))
        if rng.random() < 0.4:
            question = rng.choice((f"{plain[:-1]} {condition}?", f"{upper(condition)}, {lower(plain)}"))
        else:
            text = rng.choice([plain, *(item for item in attribute.unlike if item[0].isupper())])
            text = about(world, text.replace("{P}", entity.phrase), entity)
            question = f"{situation} {text}"
    else:
        question = ask(world, entity, attribute)
    wanted, value = (special_key, special) if asked_special else (key, base)
    holder = next(item for item in gold if wanted in item.facts)

    def answer(passages: list[Passage]) -> str:
        return cite(holder.facts[wanted], place(passages, holder))

    return finish(world, "exception", level, gold, [wanted], question, answer, [value], [attribute])


def rule(rng: random.Random, level: int) -> Draft:
    """Yes or no, with exceptions."""
    world = new_world(rng, level)
    entity, item = world.entity, rng.choice(world.domain.rules)
    key, allowed = key_of(entity, item), rng.random() < 0.5
    condition, situation = rng.choice(item.exceptions) if item.exceptions and rng.random() < 0.55 else ("", "")
    gold = rule_passage(world, entity, item, allowed, condition)
    meets = bool(condition) and rng.random() < 0.55
    question = ask_rule(world, entity, item, situation if meets else "")
    verdict = allowed != meets
    stated = lower(world.fill(item.yes if verdict else item.no, entity))[:-1]
    word = "Yes" if verdict else "No"
    plain = f"{word}, {stated}{f', except {condition}' if condition else ''}."
    reply = f"{word}, {condition} {stated}." if meets else plain

    def answer(passages: list[Passage]) -> str:
        return cite(reply, place(passages, gold))

    lacking = is_lacking(rng)
    draft = finish(world, "rule", level, [gold], [key], question, answer, [word], [], lacking=lacking)
    rivals = world.entities[1:2]
    if rivals and (lacking or len(draft.passages) > 1) and rng.random() < 0.5:
        others = [at for at, one_passage in enumerate(draft.passages) if one_passage is not gold]
        draft.passages[others[0]] = rule_passage(world, rivals[0], item, rng.random() < 0.5)
    return draft


def closed(rng: random.Random, level: int) -> Draft:
    """No sources: a short guess."""
    world = World(rng, 1)
    attribute = rng.choice(world.domain.attributes)
    value = world.value(world.entity, attribute)
    return Draft(
        "closed",
        [],
        ask(world, world.entity, attribute),
        sentence(world, world.entity, attribute, value),
        [],
        [],
        [value],
    )


def which(rng: random.Random, level: int) -> Draft:
    """Only the number of the source that holds the answer."""
    draft = one(rng, level)
    while not draft.gold:
        draft = one(rng, level)
    draft.kind, draft.answer = "which", f"[{place(draft.passages, draft.gold[0])}]"
    return draft


KINDS: dict[str, Callable[[random.Random, int], Draft]] = {
    "one": one,
    "table": table,
    "two": two,
    "compare": compare,
    "steps": steps,
    "diagnosis": diagnosis,
    "superseded": superseded,
    "exception": exception,
    "rule": rule,
    "closed": closed,
    "which": which,
}
SINGLE = ("one", "table", "steps", "diagnosis", "exception", "rule", "two")  # kinds for which a single source will do


# ---------------------------------------------------------------- first steps


def pieces(rng: random.Random) -> str:
    """A few words, names, values and codes in a row: something to repeat."""
    makers = (
        lambda: invented(rng),
        lambda: code(rng, rng.choice(("@@-###", "E##", "##-@#", "####", "@#@#"))),
        lambda: (
            f"{rng.randint(2, 990)} {rng.choice(('litres', 'hours', 'days', 'mm', 'kg', '°C', 'euros', 'metres', 'percent'))}"
        ),
        lambda: f"{rng.randint(1, 9)}.{rng.randint(1, 9)} {rng.choice(('bar', 'km', 'seconds', 'litres', 'kg'))}",
        lambda: clock(rng),
        lambda: f"{rng.randint(1, 28)} {rng.choice(MONTHS)}",
        lambda: rng.choice(
            ("red", "green", "the left flap", "under the lid", "room", "gate", "valve", "ticket", "filter")
        ),
    )
    return " ".join(rng.choice(makers)() for _ in range(rng.randint(1, 6)))


def first_steps(rng: random.Random) -> dict[str, str]:
    """A record of level 0: repeat a text, repeat the source with a number, or look a name up."""
    roll = rng.random()
    if roll < 0.35:
        text = pieces(rng) if rng.random() < 0.6 else any_sentence(rng)
        return record("repeat", "Repeat the text.", text, text)
    if roll < 0.55:
        texts = [any_sentence(rng) if rng.random() < 0.5 else pieces(rng) for _ in range(rng.randint(2, 4))]
        at = rng.randrange(len(texts))
        user = "\n".join(f"[{number}] {text}" for number, text in enumerate(texts, start=1))
        return record("repeat", "Repeat the text with the given number.", f"{user}\n\nNumber: [{at + 1}]", texts[at])
    names = list(dict.fromkeys(invented(rng) for _ in range(rng.randint(2, 6))))
    values = [pieces(rng) if rng.random() < 0.2 else pieces(rng).split(" ")[0] for _ in names]
    at = rng.randrange(len(names))
    if roll < 0.8:
        lines = "\n".join(f"{name}: {value}" for name, value in zip(names, values))
        return record("lookup", "Look up the name.", f"{lines}\n\nQuestion: {names[at]}?", values[at])
    lines = "\n\n".join(
        f"[{number}] {name}\n{value}" for number, (name, value) in enumerate(zip(names, values), start=1)
    )
    return record("lookup", GROUNDED, f"{lines}\n\nQuestion: {names[at]}?", f"{values[at]} [{at + 1}].")


def any_sentence(rng: random.Random) -> str:
    """A sentence from a world."""
    world = World(rng, 1)
    attribute = rng.choice(world.domain.attributes)
    return sentence(world, world.entity, attribute, world.value(world.entity, attribute))


# ---------------------------------------------------------------- records


def record(task: str, system: str, user: str, assistant: str) -> dict[str, str]:
    """A record in the form that training reads."""
    return {"task": f"generated-{task}", "system": system, "user": user, "assistant": assistant}


def drafts(rng: random.Random, level: int = 3) -> Iterator[Draft]:
    """Drafts of a level from 1 to 3, without end."""
    names = list(SINGLE) if level == 1 else list(KINDS)
    weights = list(itertools.accumulate(SHARES[name] for name in names))
    while True:
        yield KINDS[rng.choices(names, cum_weights=weights)[0]](rng, level)


def written(draft: Draft, rng: random.Random) -> dict[str, str]:
    """A draft as a record."""
    if not draft.passages:
        return record(draft.kind, CLOSED_BOOK, user_turn(draft.question), draft.answer)
    sources = [Source(item.heading, item.text) for item in draft.passages]
    system = WHICH if draft.kind == "which" else rng.choice(SYSTEMS) if rng.random() < 0.08 else GROUNDED
    made = record(draft.kind, system, user_turn(draft.question, sources), draft.answer)
    others = more_of(draft, rng)
    if draft.kind == "which":
        others = [(asked, "".join(CITED.findall(answer)) or NO_ANSWER) for asked, answer in others]
    if others:
        made["more"] = [(user_turn(asked, sources), answer) for asked, answer in others]
    return made


CITED = re.compile(r"\[\d+\]")
OTHERS, OTHERS_LACKING = (
    8,
    0.5,
)  # other questions about the same sources, at most, and how often one of them has no answer


def more_of(draft: Draft, rng: random.Random) -> list[tuple[str, str]]:
    """Other questions about a draft's sources with their answers: about every fact that a single source states, and one about none."""
    world = draft.world
    stated = collections.Counter(key for item in draft.passages for key in item.facts)
    asked_for = {tuple(key[:2]) for key in draft.keys}
    if draft.kind in ("superseded", "exception"):  # their facts hold only together
        stated.update(dict.fromkeys(asked_for, 1))
    entities = {entity.name: entity for entity in world.entities}
    found = []
    for number, item in enumerate(draft.passages, start=1):
        for key, answer in item.facts.items():
            if stated[key] > 1 or len(key) > 2 or key in asked_for or key[0] not in entities:
                continue
            question = ask_for(world, entities[key[0]], key[1])
            if question and packing.is_kept(rng, number):
                found.append((question, cite(answer, number)))
    found = rng.sample(found, min(len(found), OTHERS))
    if rng.random() < OTHERS_LACKING:
        near = sorted({key[1] for key in stated if len(key) == 2})
        labels = [item for item in world.domain.attributes if item.label in near] or world.domain.attributes
        attribute = rng.choice(labels if rng.random() < 0.7 else world.domain.attributes)
        entity = rng.choice(world.entities)
        if not any(key[:2] == key_of(entity, attribute) for key in (*stated, *asked_for)):
            found.insert(rng.randint(0, len(found)), (ask(world, entity, attribute), NO_ANSWER))
    return found


def ask_for(world: World, entity: Entity, label: str) -> str | None:
    """A question for a fact by its label; None for what is asked with yes or no, as the fact alone is no answer to that."""
    domain = world.domain
    for attribute in domain.attributes:
        if attribute.label == label:
            return ask(world, entity, attribute)
    for symptom in domain.symptoms:
        if symptom[0] == label:
            return ask_fault(world, entity, symptom)
    for procedure in domain.procedures:
        if procedure.names[0] == label:
            name = lower(world.fill(world.rng.choice(procedure.names[:2]), entity, phrase=ask_phrase(world, entity)))
            question = about(world, upper(world.rng.choice(STEP_ASKS).format(d=name)), entity)
            return loosen(world.rng, question)
    return None


def examples(rng: random.Random, level: int = 3) -> Iterator[dict[str, str]]:
    """Records of a level, without end: 0 repeats and look-ups, 1 one short source, 2 two or three sources, 3 everything.

    Raises:
        ValueError: there is no such level.
    """
    if level not in range(4):
        raise ValueError(f"There is no level {level}: choose 0, 1, 2 or 3.")
    if level == 0:
        while True:
            yield first_steps(rng)
    for draft in drafts(rng, level):
        yield written(draft, rng)


def main() -> None:
    """Print records to read by eye."""
    parser = argparse.ArgumentParser(description="Print records of invented worlds.")
    parser.add_argument("--show", type=int, default=20, help="how many records (default: 20)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random choices (default: 1)")
    parser.add_argument("--level", type=int, default=3, choices=range(4), help="0 easiest, 3 hardest (default: 3)")
    options = parser.parse_args()
    for item in itertools.islice(examples(random.Random(options.seed), options.level), options.show):
        print(f"--- {item['task']} | {item['system'][:40]}\n{item['user']}\n=> {item['assistant']}\n")


if __name__ == "__main__":
    main()
