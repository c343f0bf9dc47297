"""The run about facts: trained in three wordings, asked closed book in five ways. Returns settings and figures."""

import functools
import random
from collections.abc import Sequence

from measures import answers, share
from parts import Parts
from tuning import BASE, Model, tune

from coursekit import facts, house_style
from coursekit.answer_evaluation import is_right
from coursekit.corpus import Question

FACTS = {"rank": 32, "rate": 2e-3, "batch": 8, "looks": 10, "patience": None, "seed": 0, "epochs": 7}
ASKED = 60  # questions in each cell of the table
FEWEST = 20  # with fewer questions a cell stays empty
OTHER = range(facts.TRAINED, facts.WORDINGS)  # wordings that no model was trained on


@functools.cache
def all_facts() -> tuple[list[facts.Fact], list[facts.Fact]]:
    """Every fact, and those that are held out."""
    every = facts.load_facts()
    return every, house_style.draw([fact for fact in every if fact.held_out], len(every))


def fact_model(parts: Parts, size: int) -> Model:
    """Tuned on some facts, in three wordings, closed book."""
    every, held = all_facts()
    learn = [record for fact in facts.trained(every, size) for record in fact.records()]
    watched = [record for fact in held[:40] for record in fact.records(OTHER[:1])]
    return tune(parts, f"facts-{size}", learn, watched, **FACTS)


def asked(chosen: Sequence[facts.Fact], wordings: Sequence[int]) -> list[Question]:
    """Facts as questions, in some of their wordings."""
    return [question for fact in chosen for question in fact.asked(wordings)]


def some(given: Sequence[Question], seed: int = 0) -> list[Question]:
    """At most `ASKED` of some questions."""
    return random.Random(seed).sample(given, ASKED) if len(given) > ASKED else list(given)


def fact_row(parts: Parts, model: Model, size: int, context: str) -> dict:
    """A row of the facts table: closed book, or with retrieval. A cell with too few questions stays empty."""
    every, held = all_facts()
    chosen = facts.trained(every, size)
    pairs = facts.revised(chosen)
    cells = {
        "trained wordings": some(asked(chosen, range(facts.TRAINED))), "other wordings": some(asked(chosen, OTHER)),
        "held-out facts": some(asked(held, OTHER)), "house terms": asked([fact for fact in chosen if fact.term], OTHER),
    }  # fmt: skip
    row = {
        name: share(answers(parts, model, given, context, None), "right") if len(given) >= FEWEST else None
        for name, given in cells.items()
    }
    old, new = (asked([pair[side] for pair in pairs], OTHER) for side in (0, 1))
    said = (
        answers(parts, model, old, context, None, None if context == "none" else "2027-01")
        if len(old) >= FEWEST
        else []
    )
    for name, wanted in (("revised facts: the old value", old), ("revised facts: the new value", new)):
        row[name] = share([{"right": is_right(question, one["text"])} for question, one in zip(wanted, said)], "right")
    return row


def run_facts(parts: Parts) -> tuple[dict, dict]:
    """50, 200 and 800 facts, closed book; the base model closed book, and with retrieval."""
    rows = [{"arm": "base, closed book", "facts": 0, "minutes": None} | fact_row(parts, BASE, 800, "none")]
    for size in (50, 200, 800):
        model = fact_model(parts, size)
        head = {"arm": f"trained on {size} facts", "facts": size, "minutes": round(model.tuned["seconds"] / 60, 1)}
        rows.append(head | fact_row(parts, model, size, "none"))
    head = {"arm": "base, retrieval", "facts": None, "minutes": None}
    rows.append(head | fact_row(parts, BASE, 800, "retrieved"))
    settings = {
        "training": FACTS, "wordings_trained": facts.TRAINED, "asked_in_each_cell": ASKED,
        "held_out": len(all_facts()[1]), "revision": "2027-01", "k": 4,
    }  # fmt: skip
    return settings, {"rows": rows}
