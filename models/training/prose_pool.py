"""The pool that tasks from prose are drawn from: its documents, their titles, and the sentences that a rule took."""

import collections
import dataclasses
import functools
import re
from collections.abc import Sequence
from pathlib import Path

from prose_patterns import ANY_SENTENCE, PATTERNS
from prose_rules import VAGUE, Slots
from prose_text import SHA256, STOP, WORD, big, documents, keys, sentences, stem

HELD_OUT = 50  # every 50th document is kept for validation
UNFIT = (
    "following", "as shown", " above", " below", "in this example", "in this case", " this article", " this topic",
    " this section",
    " this page", " this sample", " this example", "see ", "e.g", "i.e", "()", " the.", " a.", " of.", " to.",
    " and.", " with.", " and and",
    " the and", " the is", " the are", " to the to", " of and", " of the of", " the the", " the with", " a and",
    " a is", " by and", " \\ ",
    " the in ", " the to ", " in and", " using and", " of is", " of the to", " with and", " or.", " or and", " in.",
    " by.", " using to",
)  # fmt: skip
DEPENDENT = re.compile(
    r"^(This|That|These|Those|It|Its|They|Their|He|She|However|Also|Therefore|Otherwise|Then|Instead|But|And|Or|So|For example|Such|"
    r"Here|Note|In this|In that|In these|As a result|Thus|Hence|Similarly|Likewise|Again|Next|Finally|First|Second|Third|Step|Both|"
    r"Another|Although|Furthermore|Moreover|Additionally|In addition|Figure|Table|Example)\b"
)
WEAK = re.compile(r"^\d|^[A-Z]?[a-z]+(?:ed|ing|ly)$")

Place = tuple[int, int, int]  # document, paragraph, sentence


@dataclasses.dataclass(frozen=True)
class Pair:
    """A sentence that a pattern took, where it stands, its slots, and the stems by which a question about it is recognised."""

    place: Place
    sentence: str
    slots: Slots
    keys: frozenset[str]


@dataclasses.dataclass(frozen=True)
class Pool:
    """Everything that reading tasks are drawn from."""

    texts: list[list[list[str]]]  # documents of paragraphs of sentences
    titles: list[str]
    pairs: dict[str, list[Pair]]
    spread: collections.Counter  # in how many documents a stem stands
    by_sentence: dict[str, list[tuple[str, Pair]]]  # the pairs of a sentence


def verbs_of(texts: Sequence[Sequence[str]]) -> frozenset[str]:
    """The base forms of verbs: words that often follow `must`, `will`, `don't` and the like."""
    tally: collections.Counter = collections.Counter()
    helper = re.compile(r"\b(?:can|must|should|will|don't|doesn't|can't|cannot|to) ([a-z]+)\b")
    strict = re.compile(r"\b(?:must|should|will|don't|doesn't|can't|cannot) ([a-z]+)\b")
    both: collections.Counter = collections.Counter()
    for document in texts:
        for paragraph in document:
            tally.update(helper.findall(paragraph))
            both.update(strict.findall(paragraph))
    enough = 3 if sum(tally.values()) > 5_000 else 1
    not_verbs = STOP - {"be", "have", "do", "use", "need", "want", "get", "make", "let"}
    adverbs = {
        "already",
        "never",
        "still",
        "now",
        "first",
        "even",
        "later",
        "ever",
        "usually",
        "always",
        "currently",
        "automatically",
    }
    return frozenset(
        word
        for word, count in tally.items()
        if count >= enough
        and (both[word] or enough == 1)
        and word not in not_verbs | adverbs
        and not word.endswith("ly")
    )


def fit(sentence: str) -> bool:
    """Whether a sentence can stand alone as an answer."""
    lowered = sentence.lower()
    return (
        40 <= len(sentence) <= 240
        and sentence[-1] == "."
        and sentence[0].isupper()
        and sentence.count(" ") >= 5
        and sentence.count("(") == sentence.count(")")
        and sentence.count('"') % 2 == 0
        and ". " not in sentence
        and "[" not in sentence
        and not DEPENDENT.match(sentence)
        and not any(mark in lowered for mark in UNFIT)
    )


def clear(text: str) -> bool:
    """Whether words can be put into a question: no pronoun that points elsewhere, no open bracket or quotation mark."""
    return (
        not VAGUE.search(text)
        and text.count("(") == text.count(")")
        and text.count('"') % 2 == 0
        and len(text) <= 130
        and not re.search(r"[?!:]", text)
    )


def title_of(tally: collections.Counter, spread: collections.Counter) -> str:
    """A title for a document that has none: the name or word that it says often and others say seldom."""
    scored = {
        word: count * (2.0 if word[1:].lower() != word[1:] else 1.0) / (4 + spread[stem(word)]) ** 0.5
        for word, count in tally.items()
        if len(word) > 3 and word[0].isalpha() and word.lower() not in STOP and not WEAK.search(word)
    }
    best = sorted(scored, key=lambda word: (-scored[word], word))
    if not best:
        return "Notes"
    first = best[0].rstrip(".,'’-_")
    second = next((word.rstrip(".,'’-_") for word in best[1:4] if stem(word)[:5] != stem(first)[:5]), "")
    if first[1:].lower() != first[1:] or not second:
        return first[:1].upper() + first[1:]
    return f"{first.capitalize()} and {second if second[1:].lower() != second[1:] else second.lower()}"


def find_pairs(
    texts: list[list[list[str]]], verbs: frozenset[str], spread: collections.Counter
) -> dict[str, list[Pair]]:
    """All pairs by pattern. A pair's key words must hold one that few documents have, or nobody could tell what is asked about."""
    found: dict[str, list[Pair]] = {name: [] for name in (*PATTERNS, *ANY_SENTENCE)}
    seldom = max(3, len(texts) // 40)
    taken: set[str] = set()
    for at_document, document in enumerate(texts):
        for at_paragraph, paragraph in enumerate(document):
            for at_sentence, sentence in enumerate(paragraph):
                if not fit(sentence) or sentence in taken:
                    continue
                taken.add(sentence)
                where, body = (at_document, at_paragraph, at_sentence), sentence[:-1]
                for name, pattern in PATTERNS.items():
                    slots = pattern.find(body, verbs)
                    if slots is None or not all(clear(slots[slot]) for slot in pattern.wanted):
                        continue
                    asked = keys(" ".join(slots[slot] for slot in pattern.wanted))
                    if asked and min(spread[key] for key in asked) <= seldom:
                        found[name].append(Pair(where, body, finished(slots), asked))
                for kind in ANY_SENTENCE if at_sentence % 3 == at_paragraph % 3 else ():
                    found[kind].append(Pair(where, body, {}, frozenset()))
    return found


def finished(slots: Slots) -> Slots:
    """Slots with the variants that some wordings use."""
    more = {"a_big": big(slots["a"])}
    if "modal" in slots:
        more["modal_small"] = slots["modal"].lower()
    if "asked" in slots:
        more["w_big"] = slots["w"].capitalize()
        more["asked_small"] = slots["asked"][0].lower() + slots["asked"][1:]
        more["asked_as"] = "what I should do" if "should" in slots["asked"] else "what happens"
    return slots | more


@functools.lru_cache(maxsize=2)
def build(path: Path, sha256: str | None, split: str) -> Pool:
    """Read the prose and find all pairs; done once a process. `split` is "train", or "valid" for every 50th document."""
    everything = documents(path, sha256=sha256)
    kept = [text for at, text in enumerate(everything) if (at % HELD_OUT == HELD_OUT - 1) == (split == "valid")]
    verbs = verbs_of(everything)
    texts = [[sentences(paragraph) for paragraph in document] for document in kept]
    tallies = [collections.Counter(WORD.findall(" ".join(map(" ".join, document)))) for document in texts]
    spread: collections.Counter = collections.Counter()
    for tally in tallies:
        spread.update(set(map(stem, tally)))
    titles = [title_of(tally, spread) for tally in tallies]
    pairs = find_pairs(texts, verbs, spread)
    by_sentence: dict[str, list[tuple[str, Pair]]] = {}
    for kind in PATTERNS:
        for pair in pairs.get(kind, ()):
            by_sentence.setdefault(f"{pair.sentence}.", []).append((kind, pair))
    return Pool(texts, titles, pairs, spread, by_sentence)


def pool_of(prose: Path, *, sha256: str | None = SHA256, split: str = "train") -> Pool:
    """The pool of a prose file. Built at the first call (some seconds), kept for later ones."""
    return build(Path(prose), sha256, split)
