"""Kinds of questions about values: one, two, of a table, compared, replaced by a newer one, or different under a condition."""

import random

from generated_drafts import Draft, arrange, cite, cited_from, crowd, finish, is_lacking, new_world, place, total
from generated_passages import Passage, key_of, memo, passage, range_table, sentence
from generated_phrases import Attribute
from generated_questions import about, ask, ask_phrase, loosen
from generated_values import size
from generated_words import MONTHS, be, lower, upper
from generated_world import World

from coursekit.prompts import NO_ANSWER

COMPARE_ASKS = (
    "How do {A} and {B} differ in {l}?",
    "Compare the {l} of {A} and {B}.",
    "What {b} the {l} of {A}, and what about {B}?",
    "{A} or {B}: what is the difference in {l}?",
    "I can't decide between {A} and {B}. What about the {l}?",
    "{l}: {A} vs {B}",
)
MORE = ("greater", "larger", "higher", "smaller", "lower")
EXCEPTIONS = (
    "{K}, it is {v} instead.",
    "Exception: {k} it is {v}.",
    "This differs {k}: then {v}.",
    "{K}, {v} applies.",
    "Only {k}, {v} holds.",
)


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
    answer = cited_from(gold, gold.facts[key])
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
    answer = cited_from(gold, gold.facts[key])
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
    answer = cited_from(gold, gold.facts[key])
    draft = finish(world, "superseded", max(level, 2), [gold], [key], question, answer, [new], [attribute])
    at = rng.choice((0, 0, 1, len(draft.passages)))
    draft.passages.insert(at, before)
    draft.passages = draft.passages[:6] if place(draft.passages, gold) <= 6 else draft.passages
    draft.answer = answer(draft.passages)
    return draft


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
    answer = cited_from(holder, holder.facts[wanted])
    return finish(world, "exception", level, gold, [wanted], question, answer, [value], [attribute])
