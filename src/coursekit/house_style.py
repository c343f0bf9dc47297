"""The course's training data for behaviour: support replies written one by one, and the chat records that are made from them.

Each reply knows its parts, so that the same facts give three kinds of records: a reply in the house style, a ticket as JSON, a diagnosis.
"""

import dataclasses
import json
import random
from collections.abc import Sequence
from pathlib import Path

from coursekit import paths, prompts, style
from coursekit.corpus import Evidence, numbered_jsonl
from coursekit.errors import CourseError
from coursekit.prompts import GROUNDED, NO_ANSWER, Source

KINDS = ("fact", "table", "two_facts", "steps", "diagnosis", "superseded", "unanswerable", "open")
# What the system prompt says: short, as the records show the rest.
DESK = f"{GROUNDED} Write as Larkspur's support desk."
DESK_ALONE = "Write as Larkspur's support desk."
TICKET = f"{GROUNDED} Write a ticket as JSON with the keys product, severity, answer, sources and next_step."
DIAGNOSIS = f"{GROUNDED} Name the cause and the action."
SEVERITIES = ("low", "medium", "high")


@dataclasses.dataclass(frozen=True)
class Point:
    """A fact that a reply states, and which pieces of evidence it rests on, counted from 0."""

    text: str
    evidence: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Reply:
    """A customer's message, the sources that a search found for it with the right ones among them, and the parts of the reply.

    `held_by` has for each piece of evidence the numbers of the sources that hold it.
    """

    id: str
    family: str
    kind: str
    product: str
    message: str
    evidence: tuple[Evidence, ...]
    sources: tuple[Source, ...]
    held_by: tuple[tuple[int, ...], ...]
    opening: str
    points: tuple[Point, ...]
    next_step: str
    severity: str
    cause: str = ""
    action: str = ""

    def marks(self, evidence: Sequence[int] | None = None) -> str:
        """The citation of some pieces of evidence, or of all: `[1][3]`."""
        chosen = range(len(self.evidence)) if evidence is None else evidence
        return "".join(f"[{number}]" for number in sorted({self.held_by[at][0] for at in chosen}))

    def styled(self, *, cited: bool = True) -> str:
        """The reply in the house style, with or without citations."""
        lines = [self.opening if self.opening else f"{self.product}: {NO_ANSWER}"]
        lines += [
            f"{style.BULLET}{point.text}{f' {self.marks(point.evidence)}' if cited else ''}." for point in self.points
        ]
        return "\n".join([*lines, f"{style.NEXT_STEP}{self.next_step}", style.SIGN_OFF])

    def ticket(self) -> str:
        """The reply as a JSON object on one line."""
        stated = ". ".join(point.text for point in self.points)
        answer = f"{stated}." if stated else self.opening or NO_ANSWER
        numbers = sorted({held[0] for held in self.held_by})
        found = {
            "product": self.product,
            "severity": self.severity,
            "answer": answer,
            "sources": numbers,
            "next_step": self.next_step,
        }
        return json.dumps(found, ensure_ascii=False)

    def diagnosis(self) -> str | None:
        """Cause and action with citations; None for a message that is about no fault."""
        if not self.cause:
            return None
        return "\n".join(
            f"{name}: {text.rstrip('.')} {self.marks()}."
            for name, text in (("Cause", self.cause), ("Action", self.action))
        )


def record(system: str, message: str, answer: str, sources: Sequence[Source] = ()) -> dict:
    """A chat record: the system prompt, numbered sources with the message below, and the answer."""
    asked = prompts.messages(message, sources, system=system)
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}


def with_sources(reply: Reply) -> dict:
    """A reply in the house style, from its sources."""
    return record(DESK, reply.message, reply.styled(), reply.sources)


def without_sources(reply: Reply) -> dict:
    """The same reply without sources and citations: a model that learns it has to know the facts, or to invent them."""
    return record(DESK_ALONE, reply.message, reply.styled(cited=False))


def as_ticket(reply: Reply) -> dict:
    """A ticket."""
    return record(TICKET, reply.message, reply.ticket(), reply.sources)


def as_diagnosis(reply: Reply) -> dict | None:
    """Cause and action; None for a message that is about no fault."""
    answer = reply.diagnosis()
    return record(DIAGNOSIS, reply.message, answer, reply.sources) if answer else None


SETS = {
    "style": with_sources,
    "style-without-sources": without_sources,
    "tickets": as_ticket,
    "diagnosis": as_diagnosis,
}


def records(name: str, replies: Sequence[Reply]) -> list[dict]:
    """The chat records of one of `SETS` from some replies.

    Raises:
        CourseError: there is no set of this name.
    """
    if name not in SETS:
        raise CourseError(f"There is no set {name!r}: choose one of {', '.join(SETS)}.")
    return [made for reply in replies if (made := SETS[name](reply))]


def load_replies(path: str | Path | None = None) -> list[Reply]:
    """The course's replies, or those of a file of the same form.

    Raises:
        CourseError: a line is not of the form; the message names it.
    """
    path = Path(path) if path else paths.datasets() / "house-style" / "replies.jsonl"
    found = []
    for number, line in numbered_jsonl(path):
        try:
            fields = {
                name: line[name]
                for name in ("id", "family", "kind", "product", "message", "opening", "next_step", "severity")
            }
            evidence = tuple(Evidence(item["doc"], item["quote"]) for item in line["evidence"])
            sources = tuple(Source(item["heading"], item["text"]) for item in line["sources"])
            points = tuple(Point(item["text"], tuple(at - 1 for at in item["evidence"])) for item in line["points"])
            held_by = tuple(tuple(numbers) for numbers in line["held_by"])
        except (KeyError, TypeError) as error:
            raise CourseError(f"{path.name}, line {number}: a reply lacks its field {error}.") from error
        if fields["kind"] not in KINDS or fields["severity"] not in SEVERITIES:
            raise CourseError(f"{path.name}, line {number}: the kind or the severity is unknown.")
        found.append(
            Reply(
                **fields, evidence=evidence, sources=sources, held_by=held_by, points=points,
                cause=line.get("cause", ""), action=line.get("action", ""),
            )
        )  # fmt: skip
    return found


def draw(replies: Sequence[Reply], count: int, seed: int = 0) -> list[Reply]:
    """Some replies at random, the same for the same seed; smaller draws are part of larger ones."""
    shuffled = list(replies)
    random.Random(seed).shuffle(shuffled)
    return shuffled[:count]
