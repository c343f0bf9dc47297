"""Asking a question: sources and question become messages, the model's reply becomes an answer with its citations looked up."""

import dataclasses
from collections.abc import Sequence

from coursekit import citations, prompts, serving
from coursekit.answer_cache import AnswerCache
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
    finish_reason: str = "stop"
    reused: bool = False  # from the cache: nobody was asked this time

    @property
    def cut(self) -> bool:
        """Whether the reply was cut off at `max_tokens`: its last citation may be lost."""
        return self.finish_reason == "length"

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


def fitting(
    question: str, sources: Sequence[Source], model: str, *, system: str | None = None, max_tokens: int = 160
) -> list[Source]:
    """The first sources that fit into a model's window together with question and answer: the others are dropped from the tail.

    All of them where the window is not known, as for a model served elsewhere. Compare the lengths to say how many were dropped.
    """
    kept, limit = list(sources), serving.window(model)
    while kept and limit is not None:
        length = serving.count_tokens(prompts.messages(question, kept, system=system), model)
        if length is None or length + max_tokens <= limit:
            break
        kept.pop()
    return kept


def ask(
    question: str,
    sources: Sequence[Source],
    connection: serving.Connection,
    *,
    system: str | None = None,
    max_tokens: int = 160,
    temperature: float = 0.0,
    cache: AnswerCache | None = None,
) -> Answer:
    """Ask a model a question about numbered sources; with none, closed book.

    Args:
        question: as the user typed it.
        sources: what `prompts.sources_of` makes of hits, in the order in which they are numbered.
        connection: from `serving.connect`.
        system: another system prompt than that of `prompts`.
        max_tokens: the answer's length at most.
        temperature: 0 takes the likeliest token each time, which makes an answer repeatable.
        cache: where an answer at temperature 0 is looked for first, and kept; with the seconds that it took when it was asked for.

    Raises:
        CourseError: the question is empty, a source is something else, or the model cannot be asked (see `serving.complete`).
    """
    if not all(isinstance(source, Source) for source in sources):
        raise CourseError("Hand over sources, not hits: `prompts.sources_of(hits)` makes the ones of the other.")
    messages = prompts.messages(question, sources, system=system)
    cache = None if temperature else cache
    reply = cache.get(messages, max_tokens) if cache else None
    reused = reply is not None
    if not reused:
        reply = serving.complete(connection, messages, max_tokens=max_tokens, temperature=temperature)
        if cache:
            cache.put(messages, max_tokens, reply)
    found = citations.parse(reply.text, len(sources))
    used = (reply.prompt_tokens, reply.completion_tokens, reply.seconds)
    return Answer(question, reply.text.strip(), tuple(sources), found, *used, reply.finish_reason, reused)
