"""Which sources a reader is handed: what the retriever found, or the right ones among others, so that reading is measured apart."""

from collections.abc import Sequence

from coursekit.chunking import Chunk
from coursekit.corpus import Evidence, Question
from coursekit.errors import CourseError
from coursekit.evaluation import covers
from coursekit.index import Hit
from coursekit.retrieval import Retriever

CONTEXTS = ("retrieved", "oracle", "none")
PLACES = ("first", "middle", "last")
EVERYTHING = 10_000  # asks a retriever that does not show its chunks for all of them


def chunks_of(retriever: Retriever) -> list[Chunk]:
    """A retriever's chunks; those of its parts for a hybrid one; none where it does not show them."""
    parts = getattr(retriever, "retrievers", None)
    if parts:
        return list({chunk.id: chunk for part in parts for chunk in chunks_of(part)}.values())
    chunks = getattr(retriever, "chunks", ())
    return list(chunks.values() if isinstance(chunks, dict) else chunks)


def ranking(retriever: Retriever, question: str) -> list[Hit]:
    """Every chunk in order of rank. Those that the search leaves out, such as chunks without a word of the question, come last."""
    chunks = chunks_of(retriever)
    hits = list(retriever.search(question, len(chunks) or EVERYTHING))
    there = {hit.chunk.id for hit in hits}
    rest = [chunk for chunk in chunks if chunk.id not in there]
    return hits + [Hit(chunk, 0.0, rank) for rank, chunk in enumerate(rest, start=len(hits) + 1)]


def gold(hits: Sequence[Hit], evidence: Sequence[Evidence]) -> list[Hit]:
    """The fewest hits that cover all the evidence that can be covered, the better rank where two would do; in order of rank."""
    covered = {at: {n for n, item in enumerate(evidence) if covers(hit, item)} for at, hit in enumerate(hits)}
    wanted = set().union(*covered.values()) if covered else set()
    chosen = []
    while wanted:
        best = max(covered, key=lambda at: (len(covered[at] & wanted), -at))
        chosen.append(best)
        wanted -= covered[best]
    return [hits[at] for at in sorted(chosen)]


def placed(right: Sequence[Hit], others: Sequence[Hit], place: str | None) -> list[Hit]:
    """Both in one list: in order of rank, or the right ones together in the first, middle or last place."""
    if place is None:
        return sorted([*right, *others], key=lambda hit: hit.rank)
    at = {"first": 0, "middle": (len(others) + 1) // 2, "last": len(others)}[place]
    return [*others[:at], *right, *others[at:]]


def hits_for(question: Question, retriever: Retriever | None, context: str, k: int, place: str | None) -> list[Hit]:
    """The hits that a question's reader is handed, in the order in which they are numbered. See `evaluate_answers`."""
    if context == "none" or retriever is None:
        return []
    if context == "retrieved" or not question.evidence:
        return list(retriever.search(question.question, k))
    hits = ranking(retriever, question.question)
    right = gold(hits, question.evidence)
    chosen = {hit.chunk.id for hit in right}
    others = [hit for hit in hits if hit.chunk.id not in chosen]
    return placed(right, others[: max(0, k - len(right))], place)


def check(context: str, k: int, place: str | None) -> None:
    """Raises a CourseError unless the settings fit together."""
    if context not in CONTEXTS:
        raise CourseError(f"There is no context {context!r}: choose one of {', '.join(CONTEXTS)}.")
    if k < 1:
        raise CourseError(f"k is {k}: hand over at least one source.")
    if place is not None and (place not in PLACES or context != "oracle"):
        raise CourseError(f'`place` is one of {", ".join(PLACES)}, and only with the context "oracle".')
