"""Drafts of records from invented worlds: the sources in order of rank, and an answer that cites its own."""

import dataclasses
import random
from collections.abc import Callable

from generated_passages import Passage, fault_passage, key_of, memo, passage, range_table, rule_passage, steps_passage
from generated_phrases import Attribute
from generated_world import FILLERS, Entity, World

from coursekit.prompts import NO_ANSWER

LACKING = 0.2  # of the records of a kind that can lack its answer


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
    world: World | None = None


def new_world(rng: random.Random, level: int, *, least: int = 1) -> World:
    """A world for a record: mostly with siblings, sometimes with a single entity that is called by its kind."""
    if least == 1 and rng.random() < 0.15:
        return World(rng, named=False)
    return World(rng, max(least, rng.choice((1, 2) if level == 1 else (2, 2, 3, 4))))


def is_lacking(rng: random.Random) -> bool:
    """Whether this record lacks its answer."""
    return rng.random() < LACKING


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


def cited_from(item: Passage, text: str) -> Callable[[list[Passage]], str]:
    """Writes a text with the number that a passage has once the sources are in order."""
    return lambda passages: cite(text, place(passages, item))


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
