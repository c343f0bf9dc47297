"""Asking a question: sources and question become messages, the model's reply becomes an answer with its citations looked up."""

import dataclasses
from collections.abc import Sequence

from coursekit import citations, prompts, serving
from coursekit.errors import CourseError
from coursekit.prompts import Source
from coursekit.support import unsupported


@dataclasses.dataclass(frozen=True)
class Answer:
    """A model's answer, the sources it was handed, in order, and what it cites. `seconds` is the time of the request alone."""

    question: str
    text: str
    sources: tuple[Source, ...]
    citations: citations.Citations
    prompt_tokens: int
    completion_tokens: int
    seconds: float

    @property
    def abstained(self) -> bool:
        """Whether the model said that the sources hold no answer."""
        return citations.abstains(self.text)

    @property
    def cited(self) -> list[tuple[int, Source]]:
        """The sources that the answer cites, with their numbers, in order of number."""
        return [(number, self.sources[number - 1]) for number in sorted(self.citations.valid)]

    def unsupported(self) -> list[tuple[str, list[str]]]:
        """Each sentence that cites sources and holds a number, unit, code or name that stands in none of them, with what is missing."""
        found = []
        for sentence in self.citations.sentences:
            cited = [self.sources[number - 1] for number in sentence.cites if number in self.citations.valid]
            missing = unsupported(sentence.text, *(f"{source.heading}\n{source.text}" for source in cited))
            if cited and missing:
                found.append((sentence.text, missing))
        return found


def ask(
    question: str,
    sources: Sequence[Source],
    connection: serving.Connection,
    *,
    system: str | None = None,
    max_tokens: int = 160,
    temperature: float = 0.0,
) -> Answer:
    """Ask a model a question about numbered sources; with none, closed book.

    Args:
        question: as the user typed it.
        sources: what `prompts.sources_of` makes of hits, in the order in which they are numbered.
        connection: from `serving.connect`.
        system: another system prompt than that of `prompts`.
        max_tokens: the answer's length at most.
        temperature: 0 takes the likeliest token each time, which makes an answer repeatable.

    Raises:
        CourseError: the question is empty, a source is something else, or the model cannot be asked (see `serving.complete`).
    """
    if not all(isinstance(source, Source) for source in sources):
        raise CourseError("Hand over sources, not hits: `prompts.sources_of(hits)` makes the ones of the other.")
    messages = prompts.messages(question, sources, system=system)
    reply = serving.complete(connection, messages, max_tokens=max_tokens, temperature=temperature)
    found = citations.parse(reply.text, len(sources))
    used = (reply.prompt_tokens, reply.completion_tokens, reply.seconds)
    return Answer(question, reply.text.strip(), tuple(sources), found, *used)
