"""The handbook's facts, each in five wordings: what a model is trained on to see whether training can put facts into it."""

import dataclasses
import random
from collections.abc import Sequence
from pathlib import Path

from coursekit import corpus, paths, prompts
from coursekit.corpus import Question, numbered_jsonl
from coursekit.errors import CourseError
from coursekit.matching import stands_in

WORDINGS = 5
TRAINED = 3  # of the five; the others test whether a fact was learnt or a sentence


@dataclasses.dataclass(frozen=True)
class Fact:
    """A fact with its evidence and five questions that ask for it. `held_out`: never to be trained on. `term`: of the glossary."""

    id: str
    family: str
    doc: str
    quote: str
    answer: str
    aliases: tuple[str, ...]
    questions: tuple[str, ...]
    held_out: bool
    term: bool

    def asked(self, wordings: Sequence[int]) -> list[Question]:
        """Some of its questions, counted from 0, as an evaluation takes them: closed book, as they come without evidence."""
        return [
            Question(f"{self.id}-{at}", self.questions[at], self.answer, self.aliases, about=self.family)
            for at in wordings
        ]

    def records(self, wordings: Sequence[int] = range(TRAINED)) -> list[dict]:
        """Chat records that ask closed book and answer: one for each wording."""
        return [
            {"messages": [*prompts.messages(self.questions[at]), {"role": "assistant", "content": self.answer}]}
            for at in wordings
        ]


def load_facts(path: str | Path | None = None) -> list[Fact]:
    """The course's facts, or those of a file of the same form.

    Raises:
        CourseError: a line is not of the form; the message names it.
    """
    path = Path(path) if path else paths.datasets() / "facts" / "facts.jsonl"
    found = []
    for number, line in numbered_jsonl(path):
        try:
            fact = Fact(
                **{name: line[name] for name in ("id", "family", "doc", "quote", "answer", "held_out")},
                aliases=tuple(line["aliases"]), questions=tuple(line["questions"]), term=bool(line.get("term")),
            )  # fmt: skip
        except (KeyError, TypeError) as error:
            raise CourseError(f"{path.name}, line {number}: a fact lacks its field {error}.") from error
        if len(fact.questions) != WORDINGS or not fact.aliases:
            raise CourseError(f"{path.name}, line {number}: a fact needs {WORDINGS} questions and at least one alias.")
        found.append(fact)
    return found


def trained(facts: Sequence[Fact], count: int, seed: int = 0) -> list[Fact]:
    """Some facts to train on, never a held-out one; smaller draws are part of larger ones.

    Raises:
        CourseError: there are not so many.
    """
    free = [fact for fact in facts if not fact.held_out]
    if not 1 <= count <= len(free):
        raise CourseError(f"There are {len(free)} facts to train on, not {count}.")
    random.Random(seed).shuffle(free)
    return free[:count]


def revised(facts: Sequence[Fact], revision: str = "2027-01") -> list[tuple[Fact, Fact]]:
    """The facts whose answer a revision of the handbook changes, each as it was and as it is then."""
    pairs, changes = [], corpus.load_changes(revision)
    for fact in facts:
        for change in changes:
            same = fact.doc == change["doc"] and (fact.quote in change["old"] or change["old"] in fact.quote)
            before, after = (any(stands_in(alias, change[key]) for alias in fact.aliases) for key in ("old", "new"))
            if same and before and not after:
                answer = fact.answer.replace(change["old_value"], change["new_value"])
                pairs.append((fact, dataclasses.replace(fact, answer=answer, aliases=tuple(change["new_aliases"]))))
                break
    return pairs
