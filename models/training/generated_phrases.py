"""The phrases of invented worlds, read from `generated/*.txt`; `load` explains the form of these files."""

import dataclasses
import functools
import re
from collections.abc import Callable
from pathlib import Path

from generated_values import Spec, parse_spec
from generated_words import be, lower

PHRASES = Path(__file__).resolve().parent / "generated"
LABEL_ASKS = ("What {b} the", "What {b} the", "Could you give me the")


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
