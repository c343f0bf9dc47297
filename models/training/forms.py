"""Instructions about form: rewrites a record's prompt and answer so that the model learns to answer as it is told to.

    python models/training/forms.py --show 20 --seed 1

`reform(record, rng)` takes a record with numbered sources and a factual answer and asks for one to three forms at once: at most one
*style* (how the words are written), one *shape* (what the answer is made of) and one or two *frames* (what stands before and after).
The literal texts of lead lines, closing lines, labels, keys and names are invented anew each time.

Where the sources do not hold the answer, the fixed sentence stands where the answer would stand, never changed in itself:

- bullets, steps, tables, tags, labels and frames are kept around it;
- JSON holds it as the answer, with null for source and quote and false for found; a second label says "none";
- what speaks of the answer's content (quote, reason, numbers, names, capitals) leaves it as it is.
"""

import random
import re
from collections.abc import Iterator, Sequence

import showing
from form_examples import plain, with_examples
from form_facts import Fact, fact_of
from form_table import FORMS, KEPT, Choice, formed

SHOWN_BY_EXAMPLE = frozenset(
    {"bullets", "steps", "tag", "lead line", "closing line", "greeting", "sign-off", "question first", "capitals"}
)
FIRST, LAST = frozenset({"lead line", "greeting"}), frozenset({"closing line", "sign-off", "status line"})
ALONE = frozenset({"json", "tag"})  # nothing stands before or after them


def choose(rng: random.Random, fact: Fact) -> list[Choice]:
    """One to three forms that go together and fit, in the order in which they are applied."""
    by_group = {
        group: [name for name, form in FORMS.items() if form.group == group and form.fits(fact)]
        for group in ("style", "shape", "frame")
    }
    draw = rng.random()
    kinds = ("shape",) if draw < 0.34 else ("frame",) if draw < 0.46 else ("style",) if draw < 0.54 else ()
    if not kinds:
        kinds = rng.choice((("shape", "frame"), ("shape", "frame", "frame"), ("shape", "frame", "frame"), ("frame",
        "frame"),
                            ("style", "shape"), ("style", "frame"), ("style", "shape", "frame")))  # fmt: skip
    names: list[str] = []
    for kind in kinds:
        open_names = [name for name in by_group[kind] if fits_with(name, names)]
        if open_names:
            names.append(rng.choice(open_names))
    order = {"style": 0, "shape": 1, "frame": 2}
    names.sort(key=lambda name: (order[FORMS[name].group], name == "sign-off"))
    return [(name, FORMS[name].slots(rng, fact)) for name in names]


def fits_with(name: str, chosen: Sequence[str]) -> bool:
    """Whether a form goes with those already chosen: one first line, one last line, and no frame around JSON or tags."""
    if name in chosen or any({name, other} <= FIRST or {name, other} <= LAST for other in chosen):
        return False
    framed = FORMS[name].group == "frame"
    if name in {"quote", "according"} and any(other in {"quote", "according", "capitals"} for other in chosen):
        return False
    # A style changes the answer, and so must not meet shapes that quote or count it.
    if FORMS[name].group == "shape" and "according" in chosen:
        return name not in {"steps", "bullets", "word limit", "quote", "answer then reason", "quote then answer"}
    if FORMS[name].group == "shape" and any(FORMS[other].group == "style" for other in chosen):
        return name not in {"quote", "answer then reason", "quote then answer"}
    return not (framed and any(other in ALONE for other in chosen))


def instruction(rng: random.Random, choice: Choice, split: str) -> str:
    """One form's instruction in one of its wordings."""
    name, slots = choice
    wordings = FORMS[name].wordings
    said = rng.choice(wordings[:-KEPT] if split == "train" else wordings[-KEPT:]).format(**slots)
    draw = rng.random()
    if draw < 0.06 and said[0].isupper() and said[1].islower():
        return (
            f"Please {said[0].lower()}{said[1:]}"
            if re.match(r"(?:Use|Write|Put|Give|Begin|Start|End|Finish|Close|Open|Make)\b", said)
            else said
        )
    return said


def joined(rng: random.Random, said: Sequence[str]) -> str:
    """Instructions as sentences, as lines, or as a list of rules."""
    ended = list(said)
    if len(said) == 1 and rng.random() < 0.85:
        return ended[0]
    draw = rng.random()
    if draw < 0.4 and not any("\n" in text for text in said):
        return " ".join(text if text[-1] in ".!?" or text[-2:] in {'."', '!"', '?"'} else f"{text}." for text in ended)
    if draw < 0.6:
        return "\n".join(ended)
    head = rng.choice(
        (
            "Style:",
            "Form of the answer:",
            "House style:",
            "Rules for your answer:",
            "Format:",
            "Please keep to these rules:",
            "How to answer:",
        )
    )
    return "\n".join(
        [
            head,
            *(
                (f"- {text}" for text in ended)
                if draw < 0.85
                else (f"({at}) {text}" for at, text in enumerate(ended, 1))
            ),
        ]
    )


def placed(rng: random.Random, record: dict, told: list[str], examples: str) -> tuple[str, str]:
    """System prompt and user turn with the instructions in them: after the system's own words, before them, or below the question."""
    system, user = record["system"].strip(), record["user"]
    draw = rng.random()
    if draw < 0.2 and told:
        below = told[-1:] if len(told) > 1 and rng.random() < 0.4 else told
        above = told[: len(told) - len(below)]
        user += rng.choice(("\n\n", "\n", " ")) + joined(rng, below)
        blocks = [system, *([joined(rng, above)] if above else [])]
    else:
        text = [joined(rng, told)] if told else []
        blocks = [*text, system] if draw < 0.42 else [system, *text]
    glue = (
        rng.choice(("\n\n", "\n", "\n\n", " "))
        if not any("\n" in text for text in blocks)
        else rng.choice(("\n\n", "\n"))
    )
    system = glue.join(text for text in blocks if text)
    return ("\n\n".join(text for text in (system, examples) if text)), user


def reform(record: dict, rng: random.Random, *, split: str = "train", only: Sequence[str] = ()) -> dict:
    """A record with instructions about form, and its answer in that form.

    Args:
        record: one with numbered sources and a cited answer or the fixed sentence; any other comes back as it is.
        rng: the same seed gives the same record.
        split: "train", or "valid" for wordings that training never shows.
        only: names of the forms to use, in place of a random choice; those that do not fit are left out.
    """
    fact = fact_of(record)
    if fact is None:
        return record
    choices = (
        [(name, FORMS[name].slots(rng, fact)) for name in only if FORMS[name].fits(fact)] if only else choose(rng, fact)
    )
    if not choices:
        return record
    examples = with_examples(rng, choices) if rng.random() < 0.34 else ""
    told = [instruction(rng, choice, split) for choice in choices]
    if examples and split == "train" and all(name in SHOWN_BY_EXAMPLE for name, _ in choices) and rng.random() < 0.25:
        told = ["Answer in the same form as the example below."]
    elif len(told) > 1 and rng.random() < 0.3:
        rng.shuffle(told)
    system, user = placed(rng, record, told, examples)
    names = " + ".join(name for name, _ in choices)
    return {"task": f"form {names}", "system": system, "user": user, "assistant": formed(fact, choices)}


def examples(rng: random.Random, records: Iterator[dict] | None = None, *, split: str = "train") -> Iterator[dict]:
    """Endless reformed records: of a stream of records, or of small invented ones."""
    while True:
        yield reform(next(records) if records else plain(rng), rng, split=split)


def main() -> None:
    """Print reformed records."""
    parser = showing.parser(__doc__)
    parser.add_argument("--split", choices=("train", "valid"), default="train", help="whose wordings (default train)")
    options = parser.parse_args()
    showing.show(examples(random.Random(options.seed), split=options.split), options.show)


if __name__ == "__main__":
    main()
