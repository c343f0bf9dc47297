"""Records from the hand-written worlds: sources as the retriever ranks them, a question, and a cited answer or the fixed abstention.

The embedding model ranks the passages of each world once, on the texts as they were written; a variant with other names and numbers
takes the ranking over, as its passages are the same spans. Three worlds are held out: no training record comes from them.
"""

import argparse
import collections
import dataclasses
import functools
import hashlib
import inspect
import json
import random
import re
import time
from collections.abc import Iterator, Sequence

import numpy as np
import packing
import swap

from coursekit import chunking, paths, prompts

VALIDATION = ("pendrick", "harrowvale", "solwick")
# Name, share of the records, method and settings: mostly the small sources that the course hands to a small reader.
CHUNKINGS: dict[str, tuple[float, str, dict]] = {
    "headings 128": (0.5, "headings", {"size": 128}),
    "headings 64": (1, "headings", {"size": 64}),
    "sentences 0 0": (7, "sentences", {"before": 0, "after": 0, "rows": True}),
    "sentences 0 1": (1, "sentences", {"before": 0, "after": 1}),
    "sentences 1 0": (0.5, "sentences", {"before": 1, "after": 0}),
    "sentences 1 1": (1.5, "sentences", {"before": 1, "after": 1}),
}
BLENDED = ("sentences 0 1", "sentences 1 0")  # their vectors are made from those of single sentences
FORM = 1  # of a ranking in the cache; to be raised when `rank` changes
RANKED = 12  # passages kept for each question
HOW_MANY = {1: 1, 2: 2, 3: 3, 4: 5, 5: 3, 6: 3}  # weights of the number of sources
LONGEST = 4600  # characters of all sources together: with prompt and answer well inside course-lm's window
# The share of answerable questions whose evidence is taken away; twice that where the retriever missed it. An abstention begins with one
# and the same word, answers with many: where both are about as likely, the abstention wins. So there are few of them.
LACKING = 0.08
GUESSED = 0.1  # the share of records without sources
MORE = 9  # other questions asked about a record's sources, at most
MORE_LACKING = 0.35  # how often one of them is a question that the sources do not answer
POINTED = 0.15  # the share of records that ask for the numbers of the sources alone: a choice and nothing else
POINTERS = (
    "Which source holds the answer? Give its number alone, as [1].",
    "Do not answer the question. Name the sources that hold the answer, as [1] or [1][2].",
    "Find the source that answers the question and reply with its number in brackets.",
)
LISTED = re.compile(r"^(?:[-*]|\d{1,2}\.) ")  # the sign of a list's item
WHOLE = re.compile(r"[A-Z0-9][^|\n]*[.!?]")
LONGEST_QUOTE = 45  # words of evidence that are copied as the answer
AS_WRITTEN = 0.12  # the share of worlds that keep their names and numbers
LIVES = 150  # records before a variant is thrown away
AT_WORK = 6  # variants drawn from at a time, so that neighbouring records come from several worlds

Span = tuple[int, int, int]  # document number, start, end


@dataclasses.dataclass(frozen=True)
class Cut:
    """One way of cutting a world: its passages in the original texts and, for each question, the best of them and what answers it."""

    spans: list[Span]
    sections: list[int]  # the section of its document in which a passage stands
    top: list[list[int]]  # for each question the passages in order of rank
    needs: list[
        list[tuple[int, frozenset[int]]]
    ]  # for each question: (evidence number, passages of which one must be there)
    near: list[frozenset[int]]  # for each question every passage that touches its evidence
    ranks: list[
        list[int]
    ]  # for each question and piece of evidence the rank of the first passage that holds it; 0: none does


@dataclasses.dataclass(frozen=True)
class Material:
    """A world with its rankings."""

    world: swap.World
    cuts: dict[str, Cut]


@dataclasses.dataclass(frozen=True)
class Case:
    """A question with its sources and the answer sentence by sentence, each with the numbers of the sources that it cites.

    No sentences: the sources lack the answer. `item` is the question as the variant asks it.
    """

    world: str
    kind: str
    question: str
    sources: tuple[prompts.Source, ...]
    sentences: tuple[tuple[str, tuple[int, ...]], ...]
    item: swap.Item
    cut: str
    passages: tuple[int, ...]  # the sources by their places in the cut

    @property
    def answer(self) -> str:
        """The assistant's words."""
        if not self.sentences:
            return prompts.NO_ANSWER
        return "".join(cited(text, numbers) for text, numbers in self.sentences)

    def record(self) -> dict:
        """The record for training."""
        asked = prompts.messages(self.question, self.sources)
        return {"task": "worlds", "system": asked[0]["content"], "user": asked[1]["content"], "assistant": self.answer}

    def pointed(self, pointer: str) -> dict:
        """The record that asks for the numbers of the sources alone."""
        numbers = sorted({number for _, cites in self.sentences for number in cites})
        answer = "".join(f"[{number}]" for number in numbers) or prompts.NO_ANSWER
        system = f"{pointer} If none does, say: {prompts.NO_ANSWER}"
        asked = prompts.messages(self.question, self.sources, system=system)
        return {"task": "worlds", "system": asked[0]["content"], "user": asked[1]["content"], "assistant": answer}


def cited(sentence: str, numbers: Sequence[int]) -> str:
    """A sentence with citations before its full stop: `It holds 2 litres [1].` White space at its end stays."""
    if not numbers:
        return sentence
    text = sentence.rstrip()
    marks = " " + "".join(f"[{number}]" for number in numbers)
    body = text[:-1] if text[-1] in ".!?" else text
    return body + marks + text[len(body) :] + sentence[len(text) :]


# --- ranking, once for each world ---------------------------------------------------------------------------------------------


def rankings(world: swap.World) -> dict[str, dict]:
    """Spans, best passages and gold ranks of a world for every chunking, from the cache or made with the embedding model."""
    state = "\0".join(
        [
            *(document.id + document.text for document in world.documents),
            *(f"{question.question}{question.evidence}" for question in world.questions),
            inspect.getsource(chunking),
            f"{[(name, *cut) for name, (_, *cut) in CHUNKINGS.items()]}{BLENDED}{RANKED}{FORM}",
        ]
    )
    name = f"{world.name}-{hashlib.sha256(state.encode()).hexdigest()[:16]}.json"
    path = paths.cache_folder() / "world-rankings" / name
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    found = rank(world)
    paths.write_text(path, json.dumps(found))
    return found


def rank(world: swap.World) -> dict[str, dict]:
    """Cut a world in every way, embed passages with their headings and all questions, and order the passages for each question."""
    embedder = _embedder()
    number = {document.id: at for at, document in enumerate(world.documents)}
    cuts = {
        name: chunking.chunk_corpus(world.documents, embedder.tokenizer, method, **settings)
        for name, (_, method, settings) in CHUNKINGS.items()
    }
    questions = [question.question for question in world.questions]
    texts = [chunk.text_with_heading for name in cuts if name not in BLENDED for chunk in cuts[name]]
    vectors = dict(zip([*questions, *texts], embedder.encode([*questions, *texts], progress=False)))
    asked = np.stack([vectors[question] for question in questions])
    found = {}
    for name, chunks in cuts.items():
        if name in BLENDED:
            passages = np.stack([_blend(chunk, cuts["sentences 0 0"], vectors) for chunk in chunks])
        else:
            passages = np.stack([vectors[chunk.text_with_heading] for chunk in chunks])
        orders = (-(asked @ passages.T)).argsort(axis=1, kind="stable").tolist()
        gold = []
        for question, order in zip(world.questions, orders):
            holds = [
                [item.doc == chunk.doc and chunk.start <= item.start and item.end <= chunk.end for chunk in chunks]
                for item in question.evidence
            ]
            gold.append([next((at + 1 for at, chunk in enumerate(order) if row[chunk]), 0) for row in holds])
        found[name] = {
            "spans": [(number[chunk.doc], chunk.start, chunk.end) for chunk in chunks],
            "top": [order[:RANKED] for order in orders],
            "gold": gold,
        }
    return found


def _blend(window: chunking.Chunk, sentences: Sequence[chunking.Chunk], vectors: dict[str, np.ndarray]) -> np.ndarray:
    """A window's vector from those of its sentences, weighted by their lengths: nearly the real one, at no cost."""
    inside = [one for one in sentences if one.doc == window.doc and window.start <= one.start and one.end <= window.end]
    total = sum(vectors[one.text_with_heading] * one.n_tokens for one in inside)
    return total / np.linalg.norm(total)


@functools.cache
def _embedder():
    from coursekit.embedding import Embedder

    return Embedder(cache=False)


def needs_of(
    evidence: Sequence[Span], spans: Sequence[Span], headless: Sequence[frozenset[int]] = ()
) -> list[tuple[int, frozenset[int]]]:
    """What must be among the sources: for each piece of evidence a passage that holds it, or the fewest that hold it together.

    Args:
        evidence: where the quotes stand.
        spans: where the passages stand.
        headless: for each piece of evidence passages that will not do, as they hold a table's row without its head.

    Returns:
        `(evidence number, passages any one of which will do)`; empty when no passages hold all of the evidence.
    """
    needs = []
    for number, (doc, start, end) in enumerate(evidence):
        full = frozenset(at for at, span in enumerate(spans) if span[0] == doc and span[1] <= start and end <= span[2])
        if headless and full & headless[number]:
            full -= headless[number]
            if not full:
                return []
        if full:
            needs.append((number, full))
            continue
        covered = start
        while covered < end:  # the passage that begins in time and reaches farthest
            reach, best = max(
                ((span[2], at) for at, span in enumerate(spans) if span[0] == doc and span[1] <= covered < span[2]),
                default=(0, 0),
            )
            if not reach:
                return []
            needs.append((number, frozenset([best])))
            covered = reach
    return needs


def _section(text: str, start: int, end: int, begins: Sequence[int]) -> int:
    first = start + len(text[start:end]) - len(text[start:end].lstrip())
    return max(at for at, begin in enumerate(begins) if begin <= first)


def make_cut(world: swap.World, ranked: dict, rows: bool = False) -> Cut:
    """A ranking with what follows from it: needs, near passages and sections. `rows`: rows of tables are passages of their own."""
    spans = [tuple(span) for span in ranked["spans"]]
    begins = [[start for start, _, _ in chunking.heading_spans(document.text)] for document in world.documents]
    texts = [document.text for document in world.documents]
    near = [
        frozenset(
            at
            for at, (doc, start, end) in enumerate(spans)
            if any(doc == where and start < last and first < end for where, first, last in asked.evidence)
        )
        for asked in world.asked
    ]
    headless = [
        at
        for at, (doc, start, end) in enumerate(spans)
        if not rows
        and re.search(r"^\|", texts[doc][start:end], re.M)
        and not re.search(r"^\|[ :]*---?", texts[doc][start:end], re.M)
    ]
    without = [
        [frozenset(headless if item.quote.lstrip().startswith("|") else ()) for item in asked.source.evidence]
        for asked in world.asked
    ]
    return Cut(
        spans,
        [_section(texts[doc], start, end, begins[doc]) for doc, start, end in spans],
        ranked["top"],
        [needs_of(asked.evidence, spans, headless) for asked, headless in zip(world.asked, without)],
        near,
        ranked["gold"],
    )


@functools.cache
def materials(split: str, names: tuple[str, ...] | None = None) -> tuple[Material, ...]:
    """The worlds of a split ("train", or "valid": those in `VALIDATION`), or only those of the given names, with rankings."""
    if split not in ("train", "valid"):
        raise ValueError(f"There is no split {split!r}: choose train or valid.")
    folders = [path.name for path in sorted(swap.WORLDS.iterdir()) if (path / "questions.jsonl").is_file()]
    chosen = [
        name for name in folders if (name in VALIDATION) == (split == "valid") and (names is None or name in names)
    ]
    return tuple(
        Material(world, {name: make_cut(world, ranked, in_rows(name)) for name, ranked in rankings(world).items()})
        for world in swap.load_worlds(chosen)
    )


# --- one case -----------------------------------------------------------------------------------------------------------------


def in_rows(cut: str) -> bool:
    """Whether a way of cutting hands over single rows of tables."""
    return CHUNKINGS[cut][2].get("rows", False)


class Shelf:
    """A variant with its passages, cut and rendered when they are first asked for."""

    def __init__(self, material: Material, variant: swap.Variant) -> None:
        """Put a variant of a material's world on the shelf."""
        self.material, self.variant = material, variant
        self.headings = [[path for _, _, path in chunking.heading_spans(text)] for text in variant.texts]
        self._sources: dict[tuple[str, int], prompts.Source | None] = {}

    def source(self, cut: str, at: int) -> prompts.Source | None:
        """The passage number `at` of a way of cutting, as the reader sees it; None if it begins or ends inside a slot."""
        if (cut, at) not in self._sources:
            passages = self.material.cuts[cut]
            doc = passages.spans[at][0]
            span = self.variant.span(*passages.spans[at])
            source = None
            if span:
                whole = self.variant.texts[doc]
                reading = chunking.row_reading(whole, *span) if in_rows(cut) else ""
                text = reading or chunking.body(whole[slice(*span)])
                source = prompts.Source(" > ".join(self.headings[doc][passages.sections[at]]), text)
            self._sources[cut, at] = source
        return self._sources[cut, at]


def lacks(sources: Sequence[prompts.Source], item: swap.Item) -> bool:
    """Whether no alias of a question stands in any source."""
    text = "\n".join(f"{source.heading}\n{source.text}" for source in sources)
    low = text.lower()
    return not any(alias.lower() in low and swap.stands_in(alias, text) for group in item.groups for alias in group)


def fit(shelf: Shelf, cut: str, chosen: list[int], keep: set[int]) -> list[prompts.Source] | None:
    """The sources of some passages; from the end those are left out that pass the length and need not be kept."""
    sources = [(at, shelf.source(cut, at)) for at in chosen]
    if any(source is None for _, source in sources):
        return None
    size = sum(len(source.heading) + len(source.text) for _, source in sources)
    for place in range(len(sources) - 1, -1, -1):
        at, source = sources[place]
        if size > LONGEST and at not in keep and len(sources) > 1:
            size -= len(source.heading) + len(source.text)
            del sources[place]
    chosen[:] = [at for at, _ in sources]
    return [source for _, source in sources] if size <= LONGEST else None


def with_gold(rng: random.Random, top: Sequence[int], k: int, needs: Sequence[tuple[int, frozenset[int]]]) -> list[int]:
    """The first passages of a ranking, at least one for each need: what is missing takes a late place."""
    chosen = list(top[:k])
    missing = [full for _, full in needs if not full & set(chosen)]
    late = []
    for full in missing:
        if not full & set(late):
            late.append(next((at for at in top if at in full), None) or min(full))
    needed = {at for _, full in needs for at in full}
    while len(chosen) + len(late) > max(k, len(needs)) and any(at not in needed for at in chosen):
        del chosen[max(place for place, at in enumerate(chosen) if at not in needed)]
    for at in late:
        if at not in chosen:
            chosen.insert(rng.randint((len(chosen) + 1) // 2, len(chosen)), at)
    return chosen


def sentences_of(answer: str) -> list[str]:
    """The sentences of an answer with the white space behind each, as `coursekit.chunking` cuts them."""
    return [answer[start:end] for start, end in chunking.sentence_spans(answer)]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}|\d[\d.,:]*\d|\d", text.lower()))


def supports(sentence: str, item: swap.Item) -> set[int]:
    """Which pieces of evidence an answer's sentence rests on, told by the aliases in it, or else by its words."""
    found = set()
    for group in item.groups:
        for alias in group:
            held = [number for number, quote in enumerate(item.quotes) if swap.stands_in(alias, quote)]
            if len(held) == 1 and swap.stands_in(alias, sentence):
                found.add(held[0])
    if found:
        return found
    words = _words(sentence)
    counts = sorted(((len(words & _words(quote)), number) for number, quote in enumerate(item.quotes)), reverse=True)
    return {counts[0][1]} if counts[0][0] >= counts[1][0] + 2 else set()


def head_of(row: str, texts: Sequence[str]) -> list[str]:
    """The head of the table in which a row stands; empty where it stands in none."""
    return next((chunking.names_above(text, text.index(row)) for text in texts if row in text), [])


def told(row: str, item: swap.Item, texts: Sequence[str]) -> str | None:
    """A table's row as an answer, in the words of the table: `T2, Fee: EUR 340.`; None where no single cell answers."""
    cells, head = chunking.cells_of(row), head_of(row, texts)
    columns = []
    for group in item.groups:
        held = [at for at, cell in enumerate(cells) if any(swap.stands_in(alias, cell) for alias in group)]
        if not held or held == [0]:
            return None
        columns.append(held[-1])
    if len(head) != len(cells):
        return None
    values = [f"{head[at]}: {cells[at].rstrip('.')}" for at in dict.fromkeys(columns)]
    return f"{', '.join([cells[0], *values])}."


def read_row(quote: str, texts: Sequence[str]) -> str:
    """The reading of a quoted row; the quote as it is where it is none."""
    row = quote.strip()
    held = ((text, text.index(row)) for text in texts if row in text)
    return next((chunking.row_reading(text, at, at + len(row)) for text, at in held), "") or quote


def quoted(item: swap.Item, texts: Sequence[str], rows: bool = False) -> list[str] | None:
    """The evidence as an answer, where it is made of short whole sentences, list items or rows that hold a name of each fact; else None.

    Args:
        item: the question.
        texts: the documents, to find the head of a row's table.
        rows: rows of tables are sources of their own, and are repeated whole.
    """
    quotes = [read_row(quote, texts) for quote in item.quotes] if rows else item.quotes
    if len(quotes) == 1 and quotes[0].lstrip().startswith("|"):
        row = told(quotes[0].strip(), item, texts)
        return [row] if row else None
    quotes = [LISTED.sub("", quote.strip()) for quote in quotes]
    quotes = [quote if quote.endswith((".", "!", "?")) else f"{quote}." for quote in quotes]
    text = " ".join(quotes)
    whole = all(WHOLE.fullmatch(quote) and len(sentences_of(quote)) == 1 for quote in quotes)
    held = all(any(swap.stands_in(alias, text) for alias in group) for group in item.groups)
    return quotes if whole and held and len(text.split()) <= LONGEST_QUOTE else None


def cite(
    item: swap.Item, holders: dict[int, tuple[int, ...]], texts: Sequence[str] = (), rows: bool = False
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The sentences of an answer with the numbers of the sources that hold the evidence for each.

    Where the evidence can stand as an answer, it is the answer: a small model copies a sentence more surely than it puts it anew.

    Args:
        item: the question.
        holders: for each piece of evidence the numbers of the sources that hold it.
        texts: the documents, for rows of tables.
        rows: as for `quoted`.
    """
    copied = quoted(item, texts, rows)
    if copied:
        last = len(copied) - 1
        return tuple((f"{text}{'' if at == last else ' '}", holders[at]) for at, text in enumerate(copied))
    sentences = sentences_of(item.answer)
    together = tuple(sorted({number for numbers in holders.values() for number in numbers}))
    if len(set(holders.values())) == 1:  # a bare "Yes." needs no source: the next sentence gives it
        bare = {sentence for sentence in sentences[:-1] if len(sentence.split()) == 1}
        return tuple((sentence, () if sentence in bare else together) for sentence in sentences)
    told = [supports(sentence, item) for sentence in sentences]
    if all(len(found) == 1 for found in told) and len(set.union(*told)) == len(holders):
        return tuple((sentence, holders[min(found)]) for sentence, found in zip(sentences, told))
    return tuple((sentence, () if sentence is not sentences[-1] else together) for sentence in sentences)


def holders_of(chosen: Sequence[int], needs: Sequence[tuple[int, frozenset[int]]]) -> dict[int, tuple[int, ...]]:
    """For each piece of evidence the number of the first source that holds it; of all its parts, where no source holds it whole."""
    holders = collections.defaultdict(set)
    for number, full in needs:
        holders[number].add(next(place for place, at in enumerate(chosen, start=1) if at in full))
    return {number: tuple(sorted(found)) for number, found in holders.items()}


def draw(rng: random.Random, shelf: Shelf, item: swap.Item) -> Case | None:
    """A case for a question, or None where this draw gives no clean one."""
    cuts = shelf.material.cuts
    source = shelf.material.world.asked[item.at].source
    names = [name for name in cuts if not source.answerable or 1 <= len(cuts[name].needs[item.at]) <= 3]
    if not names:
        return None
    name = rng.choices(names, [CHUNKINGS[name][0] for name in names])[0]
    cut = cuts[name]
    k = rng.choices(list(HOW_MANY), list(HOW_MANY.values()))[0]
    top, needs, sentences = cut.top[item.at], cut.needs[item.at], ()
    hit = any(full & set(top[:k]) for _, full in needs)
    # An older document may still state another value: without the newer one that would be an answer.
    may_lack = source.answerable and source.type != "superseded"
    if not source.answerable:
        chosen = list(top[:k])
        sources = fit(shelf, name, chosen, set())
    elif may_lack and rng.random() < (LACKING if hit else 2 * LACKING):
        chosen = [at for at in top if at not in cut.near[item.at]][:k]
        sources = fit(shelf, name, chosen, set()) if chosen else None
        if sources and not lacks(sources, item):
            return None
    else:
        chosen = with_gold(rng, top, k, needs)
        sources = fit(shelf, name, chosen, {at for _, full in needs for at in full})
        if sources:
            sentences = cite(item, holders_of(chosen, needs), shelf.variant.texts, in_rows(name))
    if not sources:
        return None
    question = _asked(rng, item.question)
    return Case(shelf.material.world.name, source.type, question, tuple(sources), sentences, item, name, tuple(chosen))


def more_of(rng: random.Random, shelf: Shelf, case: Case, most: int = MORE) -> list[Case]:
    """Other questions about a case's sources: those that they answer, and now and then a near one that they do not."""
    cut, chosen, found = shelf.material.cuts[case.cut], list(case.passages), []
    held = set(chosen)
    lacking = rng.random() >= MORE_LACKING
    for item in rng.sample(shelf.variant.items, len(shelf.variant.items)):
        source, needs = shelf.material.world.asked[item.at].source, cut.needs[item.at]
        if item.question == case.item.question or len(found) == most:
            continue
        if source.answerable and needs and all(full & held for _, full in needs):
            sentences = cite(item, holders_of(chosen, needs), shelf.variant.texts, in_rows(case.cut))
            if not packing.is_kept(rng, min(number for _, numbers in sentences for number in numbers)):
                continue
        elif not lacking and held & set(cut.top[item.at][:3]):
            superseded = source.type == "superseded"
            if source.answerable and (superseded or held & cut.near[item.at] or not lacks(case.sources, item)):
                continue
            sentences, lacking = (), True
        else:
            continue
        question = _asked(rng, item.question)
        found.append(dataclasses.replace(case, kind=source.type, question=question, sentences=sentences, item=item))
    return found


def _asked(rng: random.Random, question: str) -> str:
    """The question, now and then typed in haste."""
    chance = rng.random()
    if chance < 0.04 and question.endswith("?"):
        return question[:-1]
    first, _, rest = question.partition(" ")
    if chance < 0.08 and OPENERS.match(first):
        return f"{first.lower()} {rest}"
    return question


OPENERS = re.compile(
    "(What|How|Which|When|Where|Who|Why|Can|Could|May|Do|Does|Did|Is|Are|Must|Should|For|At|From|On|In|Until|By|Within|To|My|The|Our)$"
)


# --- streams ------------------------------------------------------------------------------------------------------------------


def new_shelf(rng: random.Random, worlds: Sequence[Material], as_written: float = AS_WRITTEN) -> Shelf:
    """A variant of one of the worlds, or now and then the world as it was written."""
    material = rng.choice(worlds)
    swapped = rng.random() >= as_written
    return Shelf(material, swap.Variant(material.world, random.Random(rng.random()) if swapped else None))


def cases(
    rng: random.Random, split: str = "train", names: tuple[str, ...] | None = None, as_written: float = AS_WRITTEN
) -> Iterator[Case]:
    """Endless cases of a split; `names` narrows the worlds, `as_written` is the share that keeps its names and numbers."""
    return (case for _, case in drawn(rng, split, names, as_written))


def drawn(
    rng: random.Random, split: str, names: tuple[str, ...] | None, as_written: float = AS_WRITTEN
) -> Iterator[tuple[Shelf, Case]]:
    """Endless cases, each with the shelf that it comes from."""
    worlds = materials(split, names)
    shelves: list[list] = []
    while True:
        if len(shelves) < AT_WORK:
            shelves.append([new_shelf(rng, worlds, as_written), rng.randint(LIVES // 2, LIVES)])
            continue
        place = rng.randrange(AT_WORK)
        shelf, left = shelves[place]
        if not left:
            del shelves[place]
            continue
        shelves[place][1] -= 1
        case = draw(rng, shelf, rng.choice(shelf.variant.items))
        if case:
            yield shelf, case


def guess(case: Case) -> dict | None:
    """The question without sources and the plain answer; None for a question that has none. A model may guess when it is shown nothing."""
    if not case.item.answer:
        return None
    asked = prompts.messages(case.question)
    return {"task": "worlds", "system": asked[0]["content"], "user": asked[1]["content"], "assistant": case.item.answer}


def examples(
    rng: random.Random, split: str = "train", names: tuple[str, ...] | None = None, guessed: float | None = None
) -> Iterator[dict]:
    """Endless records `{"task", "system", "user", "assistant"}`, those for training with `more` questions about the same sources.

    Args:
        rng: decides everything: the same seed gives the same records.
        split: "train", or "valid" for the held-out worlds.
        names: only these worlds of the split.
        guessed: the share without sources; `GUESSED` for training and none for validation when left out.
    """
    share = (GUESSED if split == "train" else 0) if guessed is None else guessed
    for shelf, case in drawn(rng, split, names):
        chance = rng.random()
        record = guess(case) if chance < share else None
        if record is None:
            pointer = rng.choice(POINTERS) if split == "train" and chance < share + POINTED else None
            others = more_of(rng, shelf, case) if split == "train" else []
            record, *rest = [one.pointed(pointer) if pointer else one.record() for one in (case, *others)]
            if rest:
                record["more"] = [(one["user"], one["assistant"]) for one in rest]
        yield record


# --- figures ------------------------------------------------------------------------------------------------------------------


def ranking_figures(worlds: Sequence[Material]) -> list[dict]:
    """For each way of cutting and each wording: mean rank of the evidence that a passage holds whole, and recall at 1, 4 and 6."""
    rows = []
    for name in CHUNKINGS:
        for wording in ("plain", "unlike"):
            ranks = [
                place
                for material in worlds
                for asked, places in zip(material.world.asked, material.cuts[name].ranks)
                if asked.source.wording == wording
                for place in places
                if place
            ]
            row = {"cut": name, "wording": wording, "n": len(ranks), "mean": sum(ranks) / len(ranks)}
            rows.append(row | {f"at {k}": sum(place <= k for place in ranks) / len(ranks) for k in (1, 4, 6)})
    return rows


def main() -> None:
    """Print records to read, or figures."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--show", type=int, default=20, help="records to print")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", choices=("train", "valid"), default="train")
    parser.add_argument("--figures", action="store_true", help="ranking, share kept under swapping, and speed instead")
    options = parser.parse_args()
    if not options.figures:
        for number, record in zip(range(options.show), examples(random.Random(options.seed), options.split)):
            print(f"--- {number + 1}: {record['system']}\n{record['user']}\n>>> {record['assistant']}\n")
        return
    worlds = [*materials("train"), *materials("valid")]
    for row in ranking_figures(worlds):
        print(
            f"{row['cut']:14} {row['wording']:7} n {row['n']:5}  mean rank {row['mean']:5.1f}  "
            + "  ".join(f"recall@{k} {row[f'at {k}']:.2f}" for k in (1, 4, 6))
        )
    kept = swap.share_kept([material.world for material in worlds])
    print("kept under swapping:", ", ".join(f"{name} {share:.0%}" for name, share in kept.items()))
    print(f"kept in all: {sum(kept.values()) / len(kept):.1%}")
    stream, begun = examples(random.Random(options.seed), options.split), time.perf_counter()
    abstained = sum(next(stream)["assistant"] == prompts.NO_ANSWER for _ in range(20_000))
    print(f"{20_000 / (time.perf_counter() - begun):,.0f} records a second, {abstained / 20_000:.0%} abstentions")


if __name__ == "__main__":
    main()
