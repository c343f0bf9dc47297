"""Values of invented worlds: their types, how they are drawn and written, and how two of them compare."""

import dataclasses
import functools
import random
import re

from generated_words import DAYS, LETTERS, MONTHS, STARTS, WORDS, invented


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


def same(value: str, other: str) -> bool:
    """Whether two values mean the same, one in words and one in figures."""
    first, second = value.partition(" ")[0], other.partition(" ")[0]
    pairs = ((first, second), (second, first))
    return any(a in WORDS and str(WORDS.index(a)) == b for a, b in pairs)
