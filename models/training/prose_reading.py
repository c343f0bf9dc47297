"""Reading tasks from prose: a question about a real sentence, the sources around it, and a cited answer or the fixed abstention."""

import random
import re
from collections.abc import Sequence

import packing
from prose_patterns import ANY_SENTENCE, BEGIN_ASKS, KEYWORD_ASKS, PATTERNS, WHICH_ANSWERS, WHICH_ASKS
from prose_pool import WEAK, Pair, Place, Pool, fit
from prose_text import STOP, WORD, big, keys, sentences, stem

from coursekit.prompts import GROUNDED, NO_ANSWER, Source, user_turn

UNANSWERABLE = 0.2  # the share of records whose sources hold no answer
SECTIONS = (
    "Overview", "Remarks", "Notes", "Description", "How it works", "Before you begin", "Details", "Settings",
    "Parameters", "Usage",
    "Requirements", "Limits", "Guidelines", "Background", "Procedure", "Options", "Syntax", "Results",
    "Troubleshooting", "Reference",
)  # fmt: skip
SYSTEMS = (GROUNDED,) * 12 + (
    "",
    "Answer from the numbered sources and cite them as [1].",
    "Use only the sources below. Put the number of the source, as [2], before the full stop. "
    f"Where they hold no answer, write: {NO_ANSWER}",
    f"You answer questions about documentation. Cite the source as [1]. If it is not there, say: {NO_ANSWER}",
    f"Read the sources, then answer with a citation. No answer in them? Say: {NO_ANSWER}",
)
GOLD_FIRST = (0.48, 0.24, 0.12, 0.07, 0.05, 0.04)  # how often the sentence that answers stands at each rank
LONGEST_SOURCE = 420  # characters
MORE = 6  # other questions about the same sources, at most


def heading(pool: Pool, document: int, paragraph: int) -> str:
    """The heading path of a paragraph: the document's title, and mostly a section. It is the same whenever it is asked for."""
    section = SECTIONS[(document * 7 + paragraph // 3) % len(SECTIONS)]
    return pool.titles[document] if (document + paragraph) % 5 == 0 else f"{pool.titles[document]} > {section}"


def window(rng: random.Random, pool: Pool, place: Place, *, without: bool = False) -> Source | None:
    """A sentence with its neighbours, as retrieval hands it over. `without` leaves the sentence itself out."""
    document, paragraph, at = place
    lines = pool.texts[document][paragraph]
    before, after = rng.choice(((1, 1), (1, 1), (1, 1), (0, 1), (1, 0), (0, 0), (2, 1)))
    first, last = max(0, at - before), min(len(lines), at + after + 1)
    chosen = [line for number, line in enumerate(lines[first:last], start=first) if not (without and number == at)]
    chosen = [line for line in chosen if line[-1] != ":" or line == lines[at]]
    while sum(map(len, chosen)) > LONGEST_SOURCE and len(chosen) > 1:
        longest = max((line for line in chosen if without or line != lines[at]), key=len)
        chosen.remove(longest)
    if not chosen or sum(map(len, chosen)) > LONGEST_SOURCE:
        return None
    return Source(heading(pool, document, paragraph), " ".join(chosen))


def other_place(rng: random.Random, pool: Pool, place: Place) -> Place:
    """A sentence elsewhere: mostly in the same document, else in one nearby or in any."""
    document, paragraph, _ = place
    draw = rng.random()
    if draw < 0.3:
        document = min(len(pool.texts) - 1, max(0, document + rng.choice((-3, -2, -1, 1, 2, 3))))
    elif draw < 0.45:
        document = rng.randrange(len(pool.texts))
    elif draw < 0.8:  # near the place itself
        paragraph = min(len(pool.texts[document]) - 1, max(0, paragraph + rng.choice((-2, -1, 1, 2))))
        return document, paragraph, rng.randrange(len(pool.texts[document][paragraph]))
    paragraph = rng.randrange(len(pool.texts[document]))
    return document, paragraph, rng.randrange(len(pool.texts[document][paragraph]))


def answers_too(source: Source, asked: frozenset[str], limit: float) -> bool:
    """Whether a source has so many of the question's key words that it might answer as well."""
    held = keys(source.text)
    return sum(key in held for key in asked) >= limit * len(asked)


def distractors(
    rng: random.Random, pool: Pool, pair: Pair, asked: frozenset[str], count: int, limit: float
) -> list[Source]:
    """Sources that do not answer, in random order."""
    found: dict[str, Source] = {}
    for _ in range(4 * count):
        if len(found) == count:
            break
        place = other_place(rng, pool, pair.place)
        if place[:2] == pair.place[:2]:
            continue
        source = window(rng, pool, place)
        if source and pair.sentence not in source.text and not answers_too(source, asked, limit):
            found[source.text] = source
    return list(found.values())


def key_phrase(rng: random.Random, pool: Pool, sentence: str) -> tuple[str, frozenset[str]] | None:
    """Two or three of a sentence's rarer words, joined as a person would, and their stems."""
    words = list(dict.fromkeys(word.rstrip(".,'’-") for word in WORD.findall(sentence)))
    words = [word for word in words if word.lower() not in STOP and len(word) > 3 and not WEAK.search(word)]
    if len(words) < 3:
        return None
    rare = sorted(words, key=lambda word: pool.spread[stem(word)])[:5]
    chosen = sorted(rng.sample(rare, min(len(rare), rng.randint(2, 3))), key=words.index)
    phrase = ", ".join(chosen[:-1]) + " and " + chosen[-1]
    return phrase, frozenset(map(stem, chosen))


def asked_and_answered(rng: random.Random, pool: Pool, kind: str, pair: Pair) -> tuple[str, str, frozenset[str]] | None:
    """A question, its answer without citation and full stop (with `{n}` where a number stands inside), and its key words."""
    if kind in PATTERNS:
        pattern = PATTERNS[kind]
        slots = pair.slots | {"s": pair.sentence}
        question = rng.choice(pattern.asks).format(**slots)
        return question, rng.choice(pattern.answers).format(**slots), pair.keys
    if kind == "beginning":
        words = pair.sentence.split(" ")
        head = " ".join(words[: rng.randint(3, max(3, min(7, len(words) - 3)))])
        question = rng.choice(BEGIN_ASKS).format(h=head.replace('"', "'"))
        return question, pair.sentence, keys(head) or keys(pair.sentence)
    found = key_phrase(rng, pool, pair.sentence)
    if found is None:
        return None
    slots = {"k": found[0], "k_big": big(found[0])}
    if kind == "which source":
        answer = rng.choice(WHICH_ANSWERS).format(n="\0", **slots)
        return rng.choice(WHICH_ASKS).format(**slots), answer, found[1]
    return rng.choice(KEYWORD_ASKS).format(**slots), pair.sentence, found[1]


def cited(answer: str, number: int) -> str:
    """An answer with the number of its source before the full stop."""
    return f"{answer.replace(chr(0), str(number))}." if "\0" in answer else f"{answer} [{number}]."


def placed(rng: random.Random, others: Sequence[Source], gold: Source) -> tuple[list[Source], int]:
    """The sources in order of rank, and the number of the gold one."""
    ranks = range(len(others) + 1)
    at = rng.choices(ranks, GOLD_FIRST[: len(others) + 1])[0]
    return [*others[:at], gold, *others[at:]], at + 1


def asked_casually(rng: random.Random, question: str) -> str:
    """Now and then a question as people type it: no big letter at the start, no question mark."""
    if rng.random() < 0.08 and re.match(r"(?:What|How|Why|Where|Who|Which|Can|Is|Tell) ", question):
        return question[0].lower() + question[1:].rstrip("?.")
    return question


def reading_record(rng: random.Random, pool: Pool) -> dict:
    """A question about real sentences with its sources and a cited answer, or the fixed sentence where the answer was taken out."""
    kinds = [kind for kind, pairs in pool.pairs.items() if pairs]
    weights = [min(len(pool.pairs[kind]), 4000) ** 0.6 for kind in kinds]
    while True:
        kind = rng.choices(kinds, weights)[0]
        pair = rng.choice(pool.pairs[kind])
        made = asked_and_answered(rng, pool, kind, pair)
        if made is None:
            continue
        missing = rng.random() < UNANSWERABLE
        record = (without_answer if missing else with_answer)(rng, pool, kind, pair, made)
        if record:
            return record


def reading(rng: random.Random, kind: str, sources: Sequence[Source], question: str, answer: str) -> dict:
    """A reading record: the question as somebody types it, its sources and its answer."""
    user = user_turn(asked_casually(rng, question), sources)
    return {"task": f"reading {kind}", "system": rng.choice(SYSTEMS), "user": user, "assistant": answer}


def with_answer(
    rng: random.Random, pool: Pool, kind: str, pair: Pair, made: tuple[str, str, frozenset[str]]
) -> dict | None:
    """The gold source among 0 to 5 others, none of which holds all of the question's key words."""
    question, answer, asked = made
    gold = window(rng, pool, pair.place)
    if gold is None:
        return None
    count = rng.choices(range(6), (12, 16, 22, 24, 16, 10))[0]
    sources, number = placed(rng, distractors(rng, pool, pair, asked, count, 0.75), gold)
    record = reading(rng, kind, sources, question, cited(answer, number))
    if more := more_of(rng, pool, sources, question):
        record["more"] = [(user_turn(asked_casually(rng, asked), sources), answer) for asked, answer in more]
    return record


def more_of(rng: random.Random, pool: Pool, sources: Sequence[Source], asked: str) -> list[tuple[str, str]]:
    """Other questions about the sentences of some sources, with cited answers: by their patterns where they have any, else by key words."""
    found = []
    for number, source in enumerate(sources, start=1):
        for sentence in sentences(source.text):
            pairs = pool.by_sentence.get(sentence) or [
                (kind, Pair((0, 0, 0), sentence[:-1], {}, frozenset())) for kind in ANY_SENTENCE if fit(sentence)
            ]
            if not pairs or not packing.is_kept(rng, number):
                continue
            kind, pair = rng.choice(pairs)
            made = asked_and_answered(rng, pool, kind, pair)
            rest = [other for other in sources if other is not source]
            if made is None or made[0] == asked or any(answers_too(other, made[2], 0.75) for other in rest):
                continue
            found.append((made[0], cited(made[1], number)))
    return rng.sample(found, min(len(found), MORE))


def without_answer(
    rng: random.Random, pool: Pool, kind: str, pair: Pair, made: tuple[str, str, frozenset[str]]
) -> dict | None:
    """Sources from around the place, the sentence taken out. The rarest key word stands in none of them, and most others do not."""
    question, _, asked = made
    if not asked:
        return None
    rarest = min(sorted(asked), key=lambda key: pool.spread[key])
    found = distractors(rng, pool, pair, asked, rng.choices(range(1, 7), (6, 16, 26, 26, 16, 10))[0], 0.6)
    remains = window(rng, pool, pair.place, without=True) if rng.random() < 0.7 else None
    if remains and not answers_too(remains, asked, 0.6):
        found = [remains, *found[:5]]
    found = [source for source in found if rarest not in keys(f"{source.heading} {source.text}")]
    return reading(rng, kind, found, question, NO_ANSWER) if found else None
