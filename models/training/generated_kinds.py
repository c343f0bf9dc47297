"""All kinds of questions about invented worlds by name, and here those about procedures, faults and rules."""

import random
from collections.abc import Callable

from generated_drafts import Draft, cited_from, finish, is_lacking, new_world, place
from generated_passages import fault_passage, key_of, rule_passage, sentence, steps_passage
from generated_questions import SPOKEN_ASKS, STEP_ASKS, about, ask, ask_fault, ask_phrase, ask_rule, loosen
from generated_value_kinds import compare, exception, one, superseded, table, two
from generated_words import lower, upper
from generated_world import World


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
    answer = cited_from(gold, reply)
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
    answer = cited_from(gold, gold.facts[key])
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
    answer = cited_from(gold, reply)
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
