"""Passages of invented worlds: sentences, lists, tables, memos, rules, steps and faults, each with the facts that it states."""

import dataclasses
import random

from generated_phrases import Attribute, Procedure, Rule
from generated_words import MONTHS, be, lower, upper
from generated_world import Entity, World

MEMO_TITLES = ("Memo of {d}", "Notice of {d}", "Bulletin, {d}", "Update of {d}", "Circular of {d}", "News, {d}")
MEMO_SECTIONS = ("Changes to {P}", "New rules", "What changes", "{N}", "Corrections", "Changes")


@dataclasses.dataclass
class Passage:
    """A source in the making: heading, text, which facts it states, and the sentence that answers for each of them."""

    heading: str
    text: str
    facts: dict[object, str] = dataclasses.field(default_factory=dict)


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
        roll = rng.random()
        if roll < 0.12 and not ranged:
            text = f"The {lower(attribute.label)} {be(attribute.label)} {value}."
        elif roll < 0.2:
            text = f"{upper(attribute.label)} of {entity.phrase}: {value}."
        elif (roll < 0.62 or (parts and roll < 0.8)) and (not ranged or parts):
            text = world.fill(state, entity, value, world.stand_in(entity, state))
        else:
            text = world.fill(state, entity, value)
        facts[key_of(entity, attribute)] = text  # the answer copies it: that is surer than to put it anew
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
    for attribute, (label, value) in zip(attributes, rows):
        facts[key_of(entity, attribute)] = f"{label}: {value}."
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
        asked = world.fill(rng.choice(first.plain), entity, phrase=world.stand_in(entity))
        text = facts[key_of(entity, first)] = world.fill(
            state, entity, value, rng.choice((entity.phrase, world.stand_in(entity)))
        )
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
            facts[key_of(entity, attribute)] = f"{entity.name}, {upper(attribute.label)}: {value}."
    text = "\n".join(f"| {' | '.join(row)} |" if row[0] != "---" else f"|{'|'.join(row)}|" for row in rows)
    return Passage(world.heading(entities[0], attributes[0].sections, whole_range=True), text, facts)


def date(rng: random.Random, year: int) -> str:
    """A day of a year."""
    return f"{rng.randint(1, 28)} {rng.choice(MONTHS)} {year}"


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
