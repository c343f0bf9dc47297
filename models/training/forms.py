"""Instructions about form: rewrites a record's prompt and answer so that the model learns to answer as it is told to.

    python models/training/forms.py --show 20 --seed 1

`reform(record, rng)` takes a record with numbered sources and a factual answer and asks for one form, or for two or three at once: at
most one *style* (how the words are written), one *shape* (what the answer is made of) and one or two *frames* (what stands before and
after). Some records have *house rules* instead: a list of rules, of which three or four are forms. Further questions about the same
sources are answered in the same forms: so a prompt that takes long to read yields many answers.
The literal texts of lead lines, closing lines, labels, keys and names are invented anew each time.

Where the sources do not hold the answer, the fixed sentence stands where the answer would stand, never changed in itself:

- bullets, steps, tables, tags, labels and frames are kept around it;
- a first line with a name holds it in place of its given words, and no shape follows;
- JSON holds it as the answer, with null for source and quote and false for found; a second label says "none";
- what speaks of the answer's content (quote, reason, numbers, names, capitals) leaves it as it is.
"""

import random
import re
from collections.abc import Iterator, Sequence

import showing
from form_builders import parts_slots, pieces
from form_examples import AS_SHOWN, AS_SHOWN_KEPT, HOUSE_FRAMES, plain, with_examples
from form_facts import Fact, fact_of
from form_phrases import BANNED, CLOSINGS, HOUSE_HEADS, IDLE, LACKING_RULES, TEAMS, phrase
from form_table import FORMS, GROUPS, KEPT, Choice, applied, formed, holds

from coursekit.prompts import NO_ANSWER

Turn = tuple[str, Fact]  # a user turn and what is asked and answered there

SHOWN_BY_EXAMPLE = frozenset(
    {
        "bullets",
        "steps",
        "tag",
        "lead line",
        "closing line",
        "greeting",
        "sign-off",
        "question first",
        "capitals",
        "label line",
    }
)
LABELLED = frozenset(
    {"two parts", "answer then reason", "quote then answer"}
)  # labels, which examples alone show as well
ALONE_SHARE = 0.4  # of the records with labels: nothing but examples tells the form
FIRST = frozenset({"lead line", "greeting", "named lead"})
LAST = frozenset({"closing line", "sign-off", "status line"})
ALONE = frozenset({"json", "tag"})  # nothing stands before or after them
SINGLE = 0.7  # the share of records that ask for one form: a small model learns each by itself before it can learn them together
# What readers ask for most, and what is learnt last, is drawn more often than any other form. A quote fits only half of the answers,
# and two parts stand for worked examples too, so that their weights are higher.
COMMON = {"steps": 2, "bullets": 2, "quote": 4, "lead line": 4, "closing line": 4, "json": 4, "two parts": 5}
COMBINED = (
    ("shape", "frame"), ("shape", "frame"), ("shape", "frame", "frame"), ("frame", "frame"), ("style",), ("style",), ("style", "shape"),
    ("style", "frame"), ("style", "shape", "frame"),
)  # fmt: skip
HOUSE = 0.12  # the share of records with a list of house rules


def choose(rng: random.Random, fact: Fact) -> list[Choice]:
    """One to three forms that go together and fit, in the order in which they are applied."""
    fitting = {
        group: [name for name, form in FORMS.items() if form.group == group and form.fits(fact)] for group in GROUPS
    }
    if rng.random() < SINGLE:
        names = [drawn(rng, fitting["shape"] + fitting["frame"])]
    else:
        names = []
        for group in rng.choice(COMBINED):
            open_names = [name for name in fitting[group] if fits_with(name, names)]
            if open_names:
                names.append(drawn(rng, open_names))
    return [(name, FORMS[name].slots(rng, fact)) for name in sorted(names, key=applied)]


def drawn(rng: random.Random, names: Sequence[str]) -> str:
    """One of some forms; those in `COMMON` come more often."""
    return rng.choices(names, [COMMON.get(name, 1) for name in names])[0]


def house_choices(rng: random.Random, fact: Fact) -> list[Choice]:
    """Three or four forms as a desk asks for them: a first line with a name, points, a line of advice, a last line."""
    last = rng.choice(("closing line", "closing line", "closing line", "sign-off"))
    names = ["named lead", "bullets", "label line", last]
    if rng.random() < 0.4:
        names.remove(rng.choice((*names, "label line")))
    choices = [(name, FORMS[name].slots(rng, fact)) for name in names]
    words = {"closing": phrase(rng, (*CLOSINGS, *TEAMS * 4)), "sign": phrase(rng, TEAMS)}
    return [(name, {key: words.get(key, value) for key, value in slots.items()}) for name, slots in choices]


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


def placed(
    rng: random.Random, record: dict, told: list[str], examples: str, *, shared: bool = False, alone: bool = False
) -> tuple[str, str]:
    """System prompt and user turn with the instructions in them: after the system's own words, before them, or below the question.

    `shared`: further questions share the system prompt, so that nothing stands below the first. `alone`: examples alone show the form,
    and what points to them stands right above them.
    """
    system, user = record["system"].strip(), record["user"]
    draw = rng.random()
    if draw < 0.2 and told and not shared and not alone:
        below = told[-1:] if len(told) > 1 and rng.random() < 0.4 else told
        above = told[: len(told) - len(below)]
        user += rng.choice(("\n\n", "\n", " ")) + joined(rng, below)
        blocks = [system, *([joined(rng, above)] if above else [])]
    else:
        text = ["\n".join(told) if alone else joined(rng, told)] if told else []
        blocks = [*text, system] if draw < 0.42 and not alone else [system, *text]
    glue = (
        rng.choice(("\n\n", "\n", "\n\n", " "))
        if not any("\n" in text for text in blocks)
        else rng.choice(("\n\n", "\n"))
    )
    system = glue.join(text for text in blocks if text)
    return ("\n\n".join(text for text in (system, examples) if text)), user


def idle_rules(rng: random.Random, count: int, turns: Sequence[Turn]) -> list[str]:
    """Rules that change nothing in any of the answers: on manners, on the number of points, on words that no answer holds."""
    said = [fact.answer.lower() for _, fact in turns]
    banned = [word for word in BANNED if not any(word in text for text in said)]
    most = max(4, *(len(pieces(fact)) for _, fact in turns))
    return [
        rng.choice(wordings).format(most=most, banned=", ".join(rng.sample(banned, rng.randint(3, 8))))
        for wordings in rng.sample(IDLE, count)
    ]


def house_rules(rng: random.Random, choices: Sequence[Choice], turns: Sequence[Turn], split: str) -> str:
    """Four to seven house rules under a heading: those that ask for forms, in their order or mixed, and some that change nothing."""
    rules = [instruction(rng, choice, split) for choice in choices]
    if rng.random() < 0.25:
        rng.shuffle(rules)
    lacking = []
    if rng.random() < 0.6 or any(not fact.found for _, fact in turns):
        named = any(name == "named lead" for name, _ in choices)
        where = "say after the name and the colon, with no points below" if named else "say"
        lacking = [rng.choice(LACKING_RULES).format(where=where, no_answer=NO_ANSWER)]
    for rule in idle_rules(rng, rng.choice((1, 1, 2)), turns):
        rules.insert(rng.choice((0, len(rules), len(rules))), rule)
    mark = rng.choice(("- ", "- ", "* ", "• ", "{at}. ", "({at}) ", "{at}) ", ""))
    lines = [f"{mark.format(at=at)}{rule}" for at, rule in enumerate(rules + lacking, start=1)]
    return phrase(rng, HOUSE_HEADS) + rng.choice(("\n", "\n", "\n\n")) + "\n".join(lines)


def house(rng: random.Random, record: dict, choices: Sequence[Choice], turns: Sequence[Turn], split: str) -> str:
    """The system prompt with house rules, and in half of all cases with worked examples."""
    rules, own = house_rules(rng, choices, turns, split), record["system"].strip()
    blocks = [own, rules] if rng.random() < 0.75 else [rules, own]
    if rng.random() < 0.5:
        blocks.append(with_examples(rng, choices, HOUSE_FRAMES))
    return "\n\n".join(blocks)


def told_with(
    rng: random.Random, choices: list[Choice], fact: Fact, split: str
) -> tuple[list[Choice], list[str], str, bool]:
    """The forms, their instructions and worked examples, if any, and whether the examples alone show the form."""
    names = {name for name, _ in choices}
    alone = bool(names & LABELLED) and names <= SHOWN_BY_EXAMPLE | LABELLED and rng.random() < ALONE_SHARE
    examples = rng.random() < 0.34
    alone = alone or (examples and names <= SHOWN_BY_EXAMPLE and rng.random() < 0.25)
    if alone:
        # No words say what the second part holds; a heading is what two examples show best.
        slots = {"two parts": parts_slots(rng, fact, "source")} if rng.random() < 0.85 else {}
        choices = [(name, slots.get(name, own)) for name, own in choices]
        said = AS_SHOWN[:-AS_SHOWN_KEPT] if split == "train" else AS_SHOWN[-AS_SHOWN_KEPT:]
        return choices, [rng.choice(said)], with_examples(rng, choices, alone=True), True
    told = [instruction(rng, choice, split) for choice in choices]
    if len(told) > 1 and rng.random() < 0.3:
        rng.shuffle(told)
    return choices, told, with_examples(rng, choices) if examples else "", False


def turns_of(record: dict) -> list[Turn]:
    """The questions of a record whose answers can be put into a form, each with its user turn."""
    pairs = [(record["user"], record["assistant"]), *record.get("more", ())]
    facts = [(user, fact_of({"user": user, "assistant": assistant})) for user, assistant in pairs]
    return [(user, fact) for user, fact in facts if fact]


def reform(record: dict, rng: random.Random, *, split: str = "train", only: Sequence[str] = ()) -> dict:
    """A record with instructions about form, and its answers in that form: that of the first question and of those in `more`.

    The forms are chosen for the first question that has an answer; a question whose answer does not fit them is left out.

    Args:
        record: one with numbered sources and a cited answer or the fixed sentence; any other comes back as it is.
        rng: the same seed gives the same record.
        split: "train", or "valid" for wordings that training never shows.
        only: names of the forms to use, in place of a random choice; those that do not fit are left out.
    """
    turns = turns_of(record)
    found = [fact for _, fact in turns if fact.found]
    if not turns or (record.get("more") and not found):  # numbers alone as answers: there is nothing to put into a form
        return record
    fact = (found or [turns[0][1]])[0]
    by_house = not only and bool(fact.title) and rng.random() < HOUSE
    if only:
        choices = [(name, FORMS[name].slots(rng, fact)) for name in sorted(only, key=applied) if FORMS[name].fits(fact)]
    else:
        choices = house_choices(rng, fact) if by_house else choose(rng, fact)
    if not choices:
        return record
    if not by_house:
        choices, told, shown, alone = told_with(rng, choices, fact, split)
    turns = [(user, one) for user, one in turns if holds(one, choices)]
    if by_house:
        system, user = house(rng, record, choices, turns, split), turns[0][0]
    else:
        system, user = placed(rng, record | {"user": turns[0][0]}, told, shown, shared=len(turns) > 1, alone=alone)
    names = " + ".join(
        ["house rules"] * by_house + ["by example"] * (not by_house and alone) + [name for name, _ in choices]
    )
    made = {"task": f"form {names}", "system": system, "user": user, "assistant": formed(turns[0][1], choices)}
    more = [(user, formed(one, choices)) for user, one in turns[1:]]
    return made | ({"more": more} if more else {})


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
