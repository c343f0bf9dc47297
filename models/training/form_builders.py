"""What each form does to an answer, how the slots of its instruction are drawn, and which answers it fits.

A style makes a fact of a fact, a shape makes a text of a fact, and a frame makes a text of a text and its fact.
"""

import dataclasses
import json
import random
import re
from collections.abc import Callable

from form_facts import CITATION, Fact, bare, sentences, small
from form_phrases import AFTER_NAME, KEY_MEANING, KEYS, LABELS, TO_DO, WHAT, YES_NO, phrase

from coursekit.prompts import NO_ANSWER

Slots = dict[str, str]

NO_ORDER = "The|A|An|It|Its|You|Your|Each|In|On|At|For|With|By|From|Yes|No"
ORDERS = re.compile(rf"(?!(?:{NO_ORDER})\b)[A-Z][a-z]+ [^,]+(?:, [a-z]+ [^,]+)+,? and [a-z]+ .+")
ASKS_HOW = re.compile(
    r"\bhow (?:do|to|should|can|is)\b|\bsteps?\b|what (?:do|should|must) (?:i|we|you)\b", re.IGNORECASE
)
FIGURE = re.compile(r"(?<![\[\w.,*-])\d[\d.,:]*\d(?![\w\]-])|(?<![\[\w.,*-])\d(?![\w\]-])")


def pieces(fact: Fact) -> list[str]:
    """The parts of an answer that a list shows: sentences, and the steps within a sentence. Each carries its citation."""
    if not fact.found:
        return [fact.answer]
    found = []
    for sentence in sentences(fact.answer):
        marks = "".join(f"[{number}]" for number in CITATION.findall(sentence))
        text, cut = bare(sentence).rstrip(".!"), r"; (?:then )?|,? and then |, then |,? and finally "
        if ASKS_HOW.search(fact.question) and ORDERS.fullmatch(text):
            cut = rf"{cut}|, and |, "
        for part in re.split(cut, text):
            part = re.sub(r"^(?:[Ff]irst|[Tt]hen|[Nn]ext|[Ff]inally|and),? ", "", part.strip())
            found.append(f"{part[:1].upper()}{part[1:]}{' ' * bool(marks)}{marks}.")
    return found


def one_sentence(fact: Fact, slots: Slots) -> str:
    """Several sentences joined with semicolons."""
    first, *rest = sentences(fact.answer)
    return "; ".join([first.rstrip("."), *(small(part).rstrip(".") for part in rest)]) + "." if rest else first


def steps(fact: Fact, slots: Slots) -> str:
    """A numbered list."""
    return "\n".join(f"{at}. {piece}" for at, piece in enumerate(pieces(fact), start=1))


def bullets(fact: Fact, slots: Slots) -> str:
    """A list with the mark that the instruction names."""
    return "\n".join(f"{slots['mark']} {piece}" for piece in pieces(fact))


def cite(fact: Fact) -> str:
    """The citations of an answer, as `[2]`."""
    return "".join(f"[{number}]" for number in fact.numbers)


def quote(fact: Fact, slots: Slots) -> str:
    """The sentence of the source in quotation marks, with its citation."""
    return f'"{fact.quote}" {cite(fact)}' if fact.found else fact.answer


def answer_then_reason(fact: Fact, slots: Slots) -> str:
    """The answer, and on a second line what the source says."""
    return f'{fact.answer}\n{slots["label"]}: "{fact.quote}" {cite(fact)}' if fact.found else fact.answer


def quote_then_answer(fact: Fact, slots: Slots) -> str:
    """What the source says, and on a second line the answer."""
    return f'"{fact.quote}" {cite(fact)}\n{slots["label"]}: {fact.answer}' if fact.found else fact.answer


def parts(fact: Fact, slots: Slots) -> str:
    """Two lines with given labels: the answer, and its source, quote or question."""
    other = {"source": fact.heading, "quote": f'"{fact.quote}"'}.get(slots["other"], "") if fact.found else "none"
    if slots["other"] == "question":
        return f"{slots['second']}: {fact.question}\n{slots['first']}: {fact.answer}"
    return f"{slots['first']}: {fact.answer}\n{slots['second']}: {other}"


def as_json(fact: Fact, slots: Slots) -> str:
    """One JSON object with the given keys in the given order."""
    number = fact.numbers[0] if len(fact.numbers) == 1 else list(fact.numbers) or None
    values = {
        "answer": fact.answer,
        "source": number,
        "found": fact.found,
        "quote": fact.quote or None,
        "question": fact.question,
    }
    pairs = (pair.split("=") for pair in slots["pairs"].split(","))
    return json.dumps({key: values[kind] for kind, key in pairs}, ensure_ascii=False)


def table(fact: Fact, slots: Slots) -> str:
    """A Markdown table with one row."""
    return f"| {slots['first']} | {slots['second']} |\n| --- | --- |\n| {fact.question} | {fact.answer} |"


def tagged(fact: Fact, slots: Slots) -> str:
    """The answer between an opening and a closing tag."""
    return f"<{slots['tag']}>{fact.answer}</{slots['tag']}>"


def question_first(fact: Fact, slots: Slots) -> str:
    """The question as it was asked, then the answer on its own line."""
    return f"{fact.question}\n{fact.answer}"


def block(fact: Fact, slots: Slots) -> str:
    """Every sentence on a line of its own after the given mark."""
    return "\n".join(f"{slots['mark']} {sentence}" for sentence in sentences(fact.answer))


def limited(fact: Fact, slots: Slots) -> str:
    """As many whole sentences as the limit leaves room for, the first in any case."""
    kept: list[str] = []
    for sentence in sentences(fact.answer):
        if kept and len(bare(" ".join([*kept, sentence])).split()) > int(slots["n"]):
            break
        kept.append(sentence)
    return " ".join(kept)


def capitals(fact: Fact, slots: Slots) -> Fact:
    """The whole answer in capital letters."""
    return dataclasses.replace(fact, answer=fact.answer.upper()) if fact.found else fact


def name_capitals(fact: Fact, slots: Slots) -> Fact:
    """Names of products in capital letters."""
    answer = fact.answer
    for name in sorted(fact.names, key=len, reverse=True):
        answer = re.sub(rf"\b{re.escape(name)}\b", name.upper(), answer)
    return dataclasses.replace(fact, answer=answer)


def bold_numbers(fact: Fact, slots: Slots) -> Fact:
    """Every number that stands by itself in bold; citations stay as they are."""
    return dataclasses.replace(fact, answer=FIGURE.sub(lambda match: f"**{match[0]}**", fact.answer))


def according(fact: Fact, slots: Slots) -> Fact:
    """The source is named at the start instead of at the end."""
    if not fact.found:
        return fact
    start = slots["start"].replace("N", str(fact.numbers[0]))
    return dataclasses.replace(fact, answer=f"{start} {small(bare(fact.answer))}")


def lead(text: str, fact: Fact, slots: Slots) -> str:
    """A given first line."""
    return f"{slots['lead']}\n{text}"


def named_lead(text: str, fact: Fact, slots: Slots) -> str:
    """A first line with the name and given words; the fixed sentence takes the place of the words."""
    name = fact.subject if slots["by"] == "name" else fact.title
    return f"{name}: {text}" if text == NO_ANSWER else f"{name}: {slots['words']}\n{text}"


def label_line(text: str, fact: Fact, slots: Slots) -> str:
    """A line with a given label and given words below the answer."""
    return f"{text}\n{slots['label']}: {slots['words']}"


def closing(text: str, fact: Fact, slots: Slots) -> str:
    """A given last line."""
    return f"{text}\n{slots['closing']}"


def greeting(text: str, fact: Fact, slots: Slots) -> str:
    """A given greeting, an empty line, the answer."""
    return f"{slots['greeting']}\n\n{text}"


def sign_off(text: str, fact: Fact, slots: Slots) -> str:
    """The answer, an empty line, a given farewell."""
    return f"{text}\n\n{slots['sign']}"


def status(text: str, fact: Fact, slots: Slots) -> str:
    """A last line that says whether the sources hold the answer."""
    return f"{text}\n{slots['label']}: {slots['yes'] if fact.found else slots['no']}"


def json_slots(rng: random.Random, fact: Fact) -> Slots:
    """Keys in random order; the answer is always among them, a quote only where there is one."""
    kinds = [
        kind for kind in ("source", "found", "question", "quote") if kind != "quote" or not fact.found or fact.quote
    ]
    chosen = ["answer", *rng.sample(kinds, rng.choice((1, 1, 1, 2)))]
    if "source" not in chosen and rng.random() < 0.6:
        chosen[1] = "source"
    if rng.random() < 0.3:
        rng.shuffle(chosen)
    keys = {kind: rng.choice(KEYS[kind][:1] * 3 + KEYS[kind]) for kind in chosen}
    listed = [f'"{key}"' for key in keys.values()]
    return {
        "pairs": ",".join(f"{kind}={key}" for kind, key in keys.items()),
        "keys": f"{', '.join(listed[:-1])} and {listed[-1]}",
        "meant": "; ".join(f'"{key}": {KEY_MEANING[kind]}' for kind, key in keys.items()),
        "shape": "{" + ", ".join(f'"{key}": ...' for key in keys.values()) + "}",
    }


def named_slots(rng: random.Random, fact: Fact) -> Slots:
    """What the first line names, and the words after it."""
    by = "name" if fact.subject and rng.random() < 0.6 else "title"
    return {"by": by, "what": rng.choice(WHAT[by]), "words": phrase(rng, AFTER_NAME)}


def label_line_slots(rng: random.Random, fact: Fact) -> Slots:
    """A label and the words after it."""
    return {"label": rng.choice(LABELS["to do"]), "words": phrase(rng, TO_DO)}


def parts_slots(rng: random.Random, fact: Fact, other: str = "") -> Slots:
    """Two labels that differ, and what the second holds: `other`, or drawn."""
    other = other or rng.choice(("source", "source", "question", "quote" if fact.quote or not fact.found else "source"))
    first = rng.choice(LABELS["answer"])
    second = rng.choice([label for label in LABELS[other] if label != first])
    meaning = {
        "source": "the heading of the source",
        "quote": "the sentence of the source in quotation marks",
        "question": "the question",
    }
    order = (
        (second, meaning[other], first, "the answer")
        if other == "question"
        else (first, "the answer", second, meaning[other])
    )
    return {
        "other": other,
        "first": first,
        "second": second,
        "one": order[0],
        "one_is": order[1],
        "two": order[2],
        "two_is": order[3],
    }


SIGNS = {
    "-": ("a hyphen", "a dash", "a short dash"),
    "*": ("an asterisk", "a star"),
    "•": ("a dot",),
    "+": ("a plus sign",),
}


def mark_slots(rng: random.Random, fact: Fact) -> Slots:
    """The mark of a list, mostly a dash, and what it is called."""
    mark = rng.choice(("-", "-", "-", "*", "•", "+"))
    return {"mark": mark, "sign": rng.choice(SIGNS[mark])}


def limit_slots(rng: random.Random, fact: Fact) -> Slots:
    """A limit that the first sentence keeps."""
    least = len(bare(sentences(fact.answer)[0]).split())
    return {"n": str(max(5, least) + rng.choice((0, 1, 2, 3, 5, 8, 12)))}


def label_slots(kind: str) -> Callable[[random.Random, Fact], Slots]:
    """Draws one label of a kind."""
    return lambda rng, fact: {"label": rng.choice(LABELS[kind])}


def status_slots(rng: random.Random, fact: Fact) -> Slots:
    """A label and its two values."""
    yes, no = rng.choice(YES_NO)
    return {"label": rng.choice(LABELS["status"]), "yes": yes, "no": no}


def table_slots(rng: random.Random, fact: Fact) -> Slots:
    """Two column headings."""
    return {"first": rng.choice(LABELS["question"]), "second": rng.choice(LABELS["answer"])}


def quotable(fact: Fact) -> bool:
    """Whether the source's sentence is known, or nothing is to be quoted."""
    return bool(fact.quote) or not fact.found


def names_it(fact: Fact, slots: Slots) -> bool:
    """Whether a first line can name what it must."""
    return bool(fact.subject if slots["by"] == "name" else fact.title)


def holds_kinds(fact: Fact, slots: Slots) -> bool:
    """Whether a fact has a quote where keys or labels want one."""
    return quotable(fact) or not ("quote=" in slots.get("pairs", "") or slots.get("other") == "quote")


def within_limit(fact: Fact, slots: Slots) -> bool:
    """Whether the first sentence keeps the limit: no less can be said."""
    return len(bare(sentences(fact.answer)[0]).split()) <= int(slots["n"])


def one_claim(fact: Fact) -> bool:
    """Whether an answer is one sentence from one source, and neither a yes nor a no."""
    return len(fact.numbers) == 1 and len(sentences(fact.answer)) == 1 and not re.match(r"(?:Yes|No)\b", fact.answer)
