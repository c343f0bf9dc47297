"""The runs about the house style. Each returns settings and figures."""

import itertools
import random

from data import data, questions
from measures import answers, by_id, facts_row, losses, messages, share
from parts import Parts
from tuning import BASE, SEEN, STYLE, Model, epochs_for, style_model, tune, without_model

from coursekit import house_style, style
from coursekit.evaluation import paired_difference
from coursekit.house_style import DESK, DESK_ALONE
from coursekit.prompts import GROUNDED


def run_before_after(parts: Parts) -> tuple[dict, dict]:
    """All records, three seeds; the style prompts beside them."""
    arms = [
        ("base, no style asked", BASE, GROUNDED), ("base, rules", BASE, style.RULES_PROMPT),
        ("base, rules and examples", BASE, style.EXAMPLES_PROMPT),
    ]  # fmt: skip
    tuned = [style_model(parts, seed=seed) for seed in (0, 1, 2)]
    arms += [(f"tuned, seed {seed}", model, DESK) for seed, model in enumerate(tuned)]
    arms += [("tuned, seed 0, no style asked", tuned[0], GROUNDED)]
    rows, kept = [], {}
    for name, model, system in arms:
        said = messages(parts, model, data()["asked"], system)
        kept[name] = by_id(said, "keeps")
        tested = answers(parts, model, questions()["test"], "retrieved", system)
        closed = answers(parts, model, questions()["known"], "none", None)
        rows.append(
            {
                "arm": name,
                "house style, held-out family": share(said, "keeps"),
                "house style, test": share(tested, "keeps"),
            }
            | facts_row(tested)
            | {"closed book": share(closed, "right")}
            | {key: round(value, 3) for key, value in losses(parts, model).items()}
        )
    seeds = {name: sum(kept[f"tuned, seed {seed}"][name] for seed in (0, 1, 2)) / 3 for name in kept["tuned, seed 0"]}
    against = {
        f"tuned, against {name}": paired_difference(kept[name], seeds) for name, model, _ in arms if model is BASE
    }
    bare = by_id(messages(parts, tuned[0], data()["asked"], None), "keeps")
    against["tuned, seed 0, without any system prompt"] = paired_difference(kept["tuned, seed 0"], bare)
    settings = {"training": tuned[0].settings, "seeds": [0, 1, 2], **sizes()}
    return settings, {"rows": rows, "differences": against, "curves": [model.tuned["losses"] for model in tuned]}


def sizes() -> dict:
    """How much was asked."""
    return {
        "messages": len(data()["asked"]),
        "test_questions": len(questions()["test"]),
        "k": 4,
        "context": "retrieved",
    }


def measured(parts: Parts, model: Model) -> dict:
    """What the tables of sizes, ranks and iterations say of a tuned model. The one with all records has answered all test questions."""
    said = messages(parts, model, data()["asked"], DESK)
    name = "test" if model.settings["records"] == len(data()["learn"]) else "fewer"
    fewer = {question.id for question in questions()["fewer"]}
    tested = [row for row in answers(parts, model, questions()[name], "retrieved", DESK) if row["id"] in fewer]
    return {
        "steps": model.tuned["steps"], "minutes": round(model.tuned["seconds"] / 60, 1),
        "house style": share(said, "keeps"), "right": share(tested, "right"),
    } | {key: round(value, 3) for key, value in losses(parts, model).items()}  # fmt: skip


def run_data_size(parts: Parts) -> tuple[dict, dict]:
    """50, 200, 500 and all records, each until its held-out loss no longer falls; each size against the one before."""
    rows, kept = [], {}
    for size in (50, 200, 500, None):
        model = style_model(parts, size)
        count = model.settings["records"]
        rows.append({"records": count, "epochs at most": model.settings["epochs"]} | measured(parts, model))
        kept[count] = by_id(messages(parts, model, data()["asked"], DESK), "keeps")
    differences = {
        f"all rules kept, {after} records against {before}": paired_difference(kept[before], kept[after])
        for before, after in itertools.pairwise(kept)
    }
    settings = {"training": STYLE, "seen_at_most": SEEN, **sizes(), "test_questions": len(questions()["fewer"])}
    return settings, {"rows": rows, "differences": differences}


def run_rank(parts: Parts) -> tuple[dict, dict]:
    """Rank 2, 8 and 32 on the same 500 records."""
    rows = []
    for rank in (2, 8, 32):
        model = style_model(parts, 500, rank=rank)
        rows.append({"rank": rank, "trained": model.tuned["trained"]} | measured(parts, model))
    return {"training": STYLE, "records": 500, **sizes(), "test_questions": len(questions()["fewer"])}, {"rows": rows}


def run_raft(parts: Parts) -> tuple[dict, dict]:
    """The same replies learnt with their sources and without them; both asked with what the search finds."""
    with_sources, without = style_model(parts), without_model(parts)
    arms = [
        ("base, rules and examples, with sources", BASE, "retrieved", style.EXAMPLES_PROMPT),
        ("tuned without sources, asked without", without, "none", DESK_ALONE),
        ("tuned without sources, asked with", without, "retrieved", DESK),
        ("tuned with sources, asked with", with_sources, "retrieved", DESK),
    ]
    rows, right = [], {}
    for name, model, context, system in arms:
        said = answers(parts, model, questions()["test"], context, system)
        right[name] = by_id([row for row in said if row["answerable"]], "right")
        rows.append({"arm": name, "house style": share(said, "keeps")} | facts_row(said))
    differences = {
        "right, tuned with sources instead of without": paired_difference(right[arms[2][0]], right[arms[3][0]]),
        "right, tuned with sources instead of the prompt": paired_difference(right[arms[0][0]], right[arms[3][0]]),
    }
    return {"training": with_sources.settings, **sizes()}, {"rows": rows, "differences": differences}


def run_iteration(parts: Parts) -> tuple[dict, dict]:
    """A first run on 200 records; then 100 more of the kinds of messages that failed, or 100 more at random."""
    ordered = house_style.draw(data()["learn"], len(data()["learn"]))
    first, left = ordered[:200], ordered[200:]
    models = {"first, 200 records": style_model(parts, 200)}
    read = messages(parts, models["first, 200 records"], data()["read"], DESK)
    kinds = sorted({row["kind"] for row in read})
    failed = {kind: [not row["keeps"] for row in read if row["kind"] == kind] for kind in kinds}
    failed = {kind: round(sum(found) / len(found), 2) for kind, found in failed.items()}
    draw = random.Random(1)
    # Efraimidis and Spirakis (2006): the 100 largest of `random ** (1 / weight)` are a draw without replacement by weight.
    keyed = [(draw.random() ** (1 / (failed.get(reply.kind, 0.0) + 0.02)), at) for at, reply in enumerate(left)]
    picked = [left[at] for _, at in sorted(keyed, reverse=True)[:100]]
    held = house_style.records("style", data()["watched"])
    for name, more in (("chosen by failures, 300", picked), ("at random, 300", left[:100])):
        chosen = house_style.records("style", [*first, *more])
        key = f"iteration-{'chosen' if more is picked else 'random'}"
        models[name] = tune(parts, key, chosen, held, **STYLE, epochs=epochs_for(len(chosen)))
    rows, kept = [], {}
    for name, model in models.items():
        said = messages(parts, model, data()["asked"], DESK)
        kept[name] = by_id(said, "keeps")
        rows.append({"run": name} | measured(parts, model))
    names = list(models)
    differences = {
        f"{after}, against {before}": paired_difference(kept[before], kept[after])
        for before, after in ((names[0], names[1]), (names[2], names[1]), (names[0], names[2]))
    }
    counted = {kind: sum(reply.kind == kind for reply in picked) for kind in kinds}
    return {"training": STYLE, **sizes(), "test_questions": len(questions()["fewer"])}, {
        "rows": rows,
        "failed": failed,
        "chosen": counted,
        "differences": differences,
    }
