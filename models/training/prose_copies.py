"""Exact copies of prose: a sentence, a part of one, or one line of several."""

import random
from collections.abc import Sequence

from prose_pool import Pool
from prose_text import WORD

COPY_SYSTEMS = (
    "", "", "Do exactly what you are asked.", "Copy text exactly, letter for letter.",
    "Repeat text with all its names, numbers and symbols.",
    "Answer with the text that is asked for and nothing else.", "You copy text without a change.",
    "Give back only what is asked for.",
)  # fmt: skip
ORDINALS = ("first", "second", "third", "fourth", "fifth")
REPEAT = (
    "Repeat this sentence: {t}", "Copy this exactly: {t}", "Say this again, word for word: {t}",
    "Write the following sentence once more.\n{t}",
    "{t}\n\nRepeat the sentence above.", "{t}\n\nCopy the text exactly.",
    "Please give back this sentence without a change: {t}",
    "Text: {t}\nRepeat the text.", "Type this again: {t}", "Echo the line below.\n{t}",
)  # fmt: skip
NTH = (
    "{list}\n\nRepeat the {nth} of these sentences.", "Repeat the {nth} sentence.\n{list}",
    "{list}\n\nWhich sentence is the {nth}?",
    "Here are {count} sentences.\n{list}\n\nCopy the {nth} one.", "{list}\n\nGive me only the {nth} line.",
    "Copy line {number}.\n{list}",
    "{list}\n\nWrite out number {number}.", "Sentences:\n{list}\nThe {nth}, please.",
    "{list}\n\nWhat does the {nth} sentence say?",
)  # fmt: skip
QUOTED = (
    "Repeat the part in quotation marks.\n{t}", "{t}\n\nWhat stands in quotation marks?",
    "Copy only the quoted words: {t}",
    "{t}\n\nGive back what is quoted.", "Which words are in quotation marks?\n{t}",
    "{t}\n\nWrite out the quoted part.",
    "Find the quotation and repeat it.\n{t}", "Only the words between the quotation marks: {t}",
    "{t}\n\nQuote what is quoted.",
)  # fmt: skip
HOLDS = (
    '{list}\n\nRepeat the sentence with the word "{w}".', '{list}\n\nWhich sentence holds "{w}"?',
    'Copy the sentence that has "{w}" in it.\n{list}',
    '{list}\n\nGive me the line with "{w}".', '{list}\n\nFind "{w}" and repeat the whole sentence.',
    'Where is "{w}"? Repeat that sentence.\n{list}',
    '{list}\n\nWrite out the sentence in which "{w}" stands.', 'Look for "{w}" and copy its sentence.\n{list}',
)  # fmt: skip
FIRST_WORDS = (
    "Repeat the first {n} words: {t}", "{t}\n\nCopy only the first {n} words.",
    "What are the first {n} words of this sentence? {t}",
    "{t}\n\nThe first {n} words, please.", "Give back the opening {n} words.\n{t}",
    "Write the first {n} words of this and stop: {t}",
    "{t}\n\nWhich {n} words come first?", "Begin to copy this and stop after {n} words: {t}",
)  # fmt: skip
AFTER_MARK = (
    "Repeat what comes after {m}.\n{t}", "{t}\n\nCopy the part after {m}.", "What stands behind the mark {m}? {t}",
    "Give back only the words after {m}: {t}", "{t}\n\nWhat follows {m}?", "Everything after {m}, please.\n{t}",
    "Write out the rest of this from {m} on: {t}", "{t}\n\nWhich words come after the mark {m}?",
)  # fmt: skip
MARKS = ("##", "=>", "***", "::", "|", "~~", "@@", "->", "//", "§")
COPY_KINDS = ("repeat", "nth", "quoted", "holds", "first words", "after mark", "two")


def some_sentence(rng: random.Random, pool: Pool, longest: int = 220) -> str:
    """Any sentence of fair length."""
    while True:
        paragraph = rng.choice(rng.choice(pool.texts))
        sentence = rng.choice(paragraph)
        if 20 <= len(sentence) <= longest:
            return sentence


def neighbours(rng: random.Random, pool: Pool, count: int) -> list[str]:
    """Some different sentences, near each other where the document has enough."""
    document = rng.choice(pool.texts)
    first = rng.randrange(len(document))
    near = [s for paragraph in document[first : first + 4] for s in paragraph if 20 <= len(s) <= 200]
    near = list(dict.fromkeys(near))[:count]
    while len(near) < count:
        sentence = some_sentence(rng, pool, 200)
        if sentence not in near:
            near.append(sentence)
    rng.shuffle(near)
    return near


def as_list(rng: random.Random, lines: Sequence[str]) -> str:
    """Lines as they stand, numbered, or with dashes."""
    style = rng.random()
    if style < 0.4:
        return "\n".join(lines)
    if style < 0.75:
        return "\n".join(f"{at}. {line}" for at, line in enumerate(lines, start=1))
    return "\n".join(f"- {line}" for line in lines)


def copy_of_list(rng: random.Random, pool: Pool, kind: str) -> tuple[str, str]:
    """A copy task with several sentences: `(user, assistant)`."""
    count = rng.randint(2, 5)
    lines = neighbours(rng, pool, count)
    at = rng.randrange(count)
    shown = as_list(rng, lines)
    if kind == "holds":
        others = " ".join(lines[:at] + lines[at + 1 :])
        words = [word for word in WORD.findall(lines[at]) if len(word) > 3 and word not in others]
        if words:
            return rng.choice(HOLDS).format(list=shown, w=rng.choice(words)), lines[at]
    nth = "last" if at == count - 1 and rng.random() < 0.4 else ORDINALS[at]
    return rng.choice(NTH).format(list=shown, nth=nth, number=at + 1, count=count), lines[at]


def copy_of_part(rng: random.Random, sentence: str, kind: str) -> tuple[str, str]:
    """A copy task on a part of one sentence: `(user, assistant)`."""
    words = sentence.split(" ")
    if kind == "quoted" and '"' not in sentence and len(words) > 5:
        first = rng.randrange(len(words) - 3)
        last = min(len(words), first + rng.randint(2, 9))
        part = " ".join(words[first:last]).rstrip(".,:;")
        shown = " ".join([*words[:first], f'"{part}"' + " ".join(words[first:last])[len(part) :], *words[last:]])
        return rng.choice(QUOTED).format(t=shown), part
    if kind == "first words" and len(words) > 5:
        count = rng.randint(2, min(12, len(words) - 1))
        return rng.choice(FIRST_WORDS).format(t=sentence, n=count), " ".join(words[:count])
    if kind == "after mark" and len(words) > 5:
        mark, at = rng.choice(MARKS), rng.randrange(1, len(words) - 2)
        if mark not in sentence:
            shown = " ".join([*words[:at], mark, *words[at:]])
            return rng.choice(AFTER_MARK).format(t=shown, m=mark), " ".join(words[at:])
    return rng.choice(REPEAT).format(t=sentence), sentence


def copy_record(rng: random.Random, pool: Pool) -> dict:
    """One exact-copy task."""
    kind = rng.choice(COPY_KINDS)
    if kind in ("nth", "holds"):
        user, answer = copy_of_list(rng, pool, kind)
    elif kind == "two":
        answer = "\n".join(neighbours(rng, pool, rng.randint(2, 3)))
        user = rng.choice(
            ("Repeat these lines.\n{t}", "{t}\n\nCopy all lines.", "Write the same lines again:\n{t}")
        ).format(t=answer)
    else:
        user, answer = copy_of_part(rng, some_sentence(rng, pool), kind)
    return {"task": f"copy {kind}", "system": rng.choice(COPY_SYSTEMS), "user": user, "assistant": answer}
