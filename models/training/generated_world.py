"""An invented world: its entities with close names, and their values, which are drawn when they are first asked for."""

import dataclasses
import random
import re

from generated_phrases import Attribute, Domain, load
from generated_values import NUMBER, PRICES, draw, parse_spec, same
from generated_words import QUARTERS, SUFFIXES, TAILS, TIERS, invented, plural, upper

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
ARTICLE = re.compile(r"\b([Aa])(?= (?:orange|amber|eight|eleven|8 |8\d))")
SLOT = re.compile(r"\{([a-z]+ [^}]*)\}")


@dataclasses.dataclass(frozen=True)
class Entity:
    """A product, place or plan: its bare name, its name in a sentence, and the kind of thing that it is."""

    name: str
    phrase: str
    kind: str
    named: bool = True


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
