"""What the language model is handed: a system prompt, numbered sources in order of rank, and the question.

course-lm is trained on exactly this form; any other chat model understands it as well.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from coursekit.errors import CourseError
from coursekit.index import Hit
from coursekit.marks import neutralise

# Its first word begins no other answer, so that a small model decides at one token whether to answer: "The sources …" would compete with
# each single answer that begins with "The", and win against all of them together.
NO_ANSWER = "Not in the sources."
GROUNDED = (
    "Answer the question from the numbered sources. Cite each source that you use, as [1]. "
    f"If the sources do not hold the answer, say: {NO_ANSWER}"
)
CLOSED_BOOK = "Answer the question in one sentence."


@dataclasses.dataclass(frozen=True)
class Source:
    """A passage as the reader sees it: its heading path and its text."""

    heading: str
    text: str


def sources_of(hits: Iterable[Hit]) -> list[Source]:
    """The sources of a search, in order of rank, as `Chunk.shown` has them.

    A heading line in the chunk is left out: the path above it says the same. A row of a table stands there with the names of its columns.
    """
    return [Source(hit.chunk.heading, hit.chunk.shown) for hit in hits]


def numbered(sources: Sequence[Source]) -> str:
    """The sources as text, numbered from 1, an empty line between two."""
    return "\n\n".join(f"[{number}] {source.heading}\n{source.text}" for number, source in enumerate(sources, start=1))


def user_turn(question: str, sources: Sequence[Source] = (), *, sanitise: bool = True) -> str:
    """The user's message: the numbered sources and, below them, the question.

    All control marks are broken up unless `sanitise` is False: that is for showing what they do, and for nothing else.
    """
    clean = neutralise if sanitise else str
    asked = f"Question: {clean(' '.join(question.split()))}"
    return f"{clean(numbered(sources))}\n\n{asked}" if sources else asked


def messages(
    question: str, sources: Sequence[Source] = (), *, system: str | None = None, sanitise: bool = True
) -> list[dict[str, str]]:
    """The chat messages for a question: with sources a grounded prompt, without any a closed-book one. `sanitise` as for `user_turn`.

    Raises:
        CourseError: the question is empty.
    """
    if not question.strip():
        raise CourseError("The question is empty: type one.")
    system = system or (GROUNDED if sources else CLOSED_BOOK)
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": user_turn(question, sources, sanitise=sanitise)},
    ]
