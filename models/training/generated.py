"""Invented worlds made by rule: sources in order of rank, a question, and an answer that cites its source.

The phrases lie in `generated/*.txt`. Names, values and siblings are drawn afresh for each record, so nothing can be learnt by heart
except how to read.

Levels: 0 repeats and look-ups, 1 one short source, 2 two or three sources, 3 up to six sources and every kind of question.

    python models/training/generated.py --show 20 --seed 1
"""

import collections
import itertools
import random
import re
from collections.abc import Iterator

import packing
import showing
from generated_drafts import Draft, cite
from generated_kinds import KINDS, SHARES, SINGLE
from generated_passages import key_of, sentence
from generated_questions import STEP_ASKS, about, ask, ask_fault, ask_phrase, loosen
from generated_values import clock, code
from generated_words import MONTHS, invented, lower, upper
from generated_world import Entity, World

from coursekit.prompts import CLOSED_BOOK, GROUNDED, NO_ANSWER, Source, user_turn

SYSTEMS = (
    f"Use the numbered sources to answer, and cite them as [1]. If they do not hold the answer, say: {NO_ANSWER}",
    f"Answer from the sources only. Put the number of the source in brackets after the fact. Otherwise say: {NO_ANSWER}",
    f"You answer questions about documents. Cite each source that you use by number, as [2]. If none helps, say: {NO_ANSWER}",
    f"Read the sources, then answer briefly with a citation such as [1]. When the answer is not there, write: {NO_ANSWER}",
)
WHICH = "Name the number of the source that holds the answer."
CITED = re.compile(r"\[\d+\]")
OTHERS = 8  # other questions about the same sources, at most
OTHERS_LACKING = 0.2  # how often one of them has no answer


def record(task: str, system: str, user: str, assistant: str) -> dict[str, str]:
    """A record in the form that training reads."""
    return {"task": f"generated-{task}", "system": system, "user": user, "assistant": assistant}


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
    parser = showing.parser(__doc__)
    parser.add_argument("--level", type=int, default=3, choices=range(4), help="0 easiest, 3 hardest (default 3)")
    options = parser.parse_args()
    showing.show(examples(random.Random(options.seed), options.level), options.show)


if __name__ == "__main__":
    main()
