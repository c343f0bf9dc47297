"""Scoring answers: are the facts right, are the right sources cited, and does the model abstain where it should and only there?

The question set is the judge: aliases for the facts, evidence spans for the citations. No language model grades another.
"""

import concurrent.futures
import dataclasses
import functools
import time
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from coursekit import citations, contexts, prompts, retrieval
from coursekit.answer_cache import AnswerCache
from coursekit.answers import Answer, ask, fitting
from coursekit.chat_models import label
from coursekit.corpus import Question
from coursekit.errors import CourseError
from coursekit.evaluation import covers
from coursekit.index import Hit
from coursekit.matching import stands_in
from coursekit.progress import progress_bar
from coursekit.retrieval import Retriever
from coursekit.serving import Connection


def is_right(question: Question, text: str) -> bool:
    """Whether a text states a question's answer: one of its aliases, and one of each list in `also`.

    Marks such as `[1]` are taken out first, so that the number of a source is never taken for a fact.

    Source: datasets/README.md, "Questions". A text that holds the right string beside a wrong one passes.
    """
    text = citations.parse(text, 0).text
    groups = [question.aliases or (question.answer,), *question.also]
    return all(any(stands_in(alias, text) for alias in group) for group in groups)


def trace(right: bool, abstained: bool, wanted: int, there: int) -> str:
    """Why an answer failed: see `AnswerRecord.cause`; empty where it did not.

    Args:
        right: whether the answer is right; to abstain is right where the documents hold no answer.
        abstained: whether the model said that the sources hold no answer.
        wanted: pieces of evidence of the question; 0 where the documents hold no answer.
        there: how many of them were among the sources.
    """
    if right:
        return ""
    if not wanted:
        return "answered"
    if there < wanted:
        return "retrieval"
    return "abstained" if abstained else "reading"


@dataclasses.dataclass(frozen=True)
class AnswerRecord:
    """One question, the hits handed over in the order in which they were numbered, the answer, and the context it was asked in.

    `read` is what is judged instead of the answer's text, where a reply holds more than its answer, such as a greeting; None: the text.
    """

    question: Question
    hits: tuple[Hit, ...]
    answer: Answer
    context: str = "retrieved"
    dropped: int = 0  # sources from the tail that did not fit into the window: they are not among the hits
    read: str | None = None

    @property
    def said(self) -> str:
        """The text that is judged."""
        return self.answer.text if self.read is None else self.read

    @functools.cached_property
    def abstained(self) -> bool:
        """Whether the model said that the sources hold no answer."""
        return citations.abstains(self.said)

    @functools.cached_property
    def right(self) -> bool:
        """For an answerable question: the facts are there. For another one: the model abstained."""
        if not self.question.answerable:
            return self.abstained
        return not self.abstained and is_right(self.question, self.said)

    @property
    def cites(self) -> tuple[int, ...]:
        """The numbers cited, each once, also those of no source. An abstention claims nothing, so what it cites does not count."""
        return () if self.abstained else citations.parse(self.said, len(self.hits)).numbers

    @property
    def cited_hits(self) -> list[Hit]:
        """The hits cited."""
        return [self.hits[number - 1] for number in self.cites if 1 <= number <= len(self.hits)]

    @property
    def right_citations(self) -> int:
        """How many of the numbers cited are those of a source that covers a piece of evidence."""
        return sum(any(covers(hit, item) for item in self.question.evidence) for hit in self.cited_hits)

    @property
    def evidence_there(self) -> int:
        """How many pieces of evidence a source handed over covers."""
        return sum(any(covers(hit, item) for hit in self.hits) for item in self.question.evidence)

    @property
    def evidence_cited(self) -> int:
        """How many pieces of evidence a cited source covers."""
        return sum(any(covers(hit, item) for hit in self.cited_hits) for item in self.question.evidence)

    @property
    def cause(self) -> str:
        """Why the answer failed; empty where it did not.

        - "retrieval": a piece of evidence was not among the sources;
        - "abstained": it was, and the model said that it was not;
        - "reading": it was, and the answer lacks the fact;
        - "answered": the documents hold no answer, and the model gave one;
        - "closed book": no sources were to be handed over;
        - "unknown": the question comes without evidence, so nobody can tell.
        """
        if self.question.answerable and not self.right:
            if self.context == "none":
                return "closed book"
            if not self.question.evidence:
                return "unknown"
        return trace(self.right, self.abstained, len(self.question.evidence), self.evidence_there)

    def row(self) -> dict:
        """The record as plain numbers and texts, one column each; `said` only where `read` is what was judged."""
        question, answer = self.question, self.answer
        return {
            "id": question.id, "type": question.type, "wording": question.wording, "answerable": question.answerable,
            "question": question.question, "expected": question.answer, "text": answer.text,
            "right": self.right, "abstained": self.abstained, "cause": self.cause,
            "cites": list(self.cites), "citations": len(self.cites), "right_citations": self.right_citations,
            "evidence": len(question.evidence), "evidence_there": self.evidence_there, "evidence_cited": self.evidence_cited,
            "prompt_tokens": answer.prompt_tokens, "completion_tokens": answer.completion_tokens, "seconds": answer.seconds,
            "reused": answer.reused, "cut": answer.cut, "dropped": self.dropped,
        } | ({} if self.read is None else {"said": self.read})  # fmt: skip


def ratio(counts: Sequence[float], of: Sequence[float]) -> float:
    """The sum of `counts` divided by the sum of `of`; NaN where there is nothing to divide by."""
    whole = float(np.sum(of))
    return float(np.sum(counts)) / whole if whole else float("nan")


def ratio_interval(
    counts: Sequence[float], of: Sequence[float], level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """A percentile bootstrap interval for a ratio of sums over questions, such as right citations / all citations.

    Questions are resampled, not citations: those of one answer are right or wrong together. With `of` all ones it is
    `evaluation.bootstrap_interval`.

    Args:
        counts: for each question what is counted, such as its right citations.
        of: for each question what it is divided by, such as its citations; may be 0.
        level: the share of resampled ratios that lie inside.
        draws: resamples, each with as many questions as there are, drawn with replacement. One in which `of` sums to 0 is left out.
        seed: makes the interval repeatable.

    Returns:
        The lower and upper end; NaN where `of` sums to 0.

    Source: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993), on the ratio of two means.
    """
    counts, of = np.asarray(counts, dtype=float), np.asarray(of, dtype=float)
    if not of.sum():
        return float("nan"), float("nan")
    picks = np.random.default_rng(seed).integers(0, len(of), size=(draws, len(of)))
    wholes = of[picks].sum(axis=1)
    ratios = counts[picks].sum(axis=1)[wholes > 0] / wholes[wholes > 0]
    low, high = np.quantile(ratios, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _columns(rows: pd.DataFrame) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """For each measure what is counted and what it is divided by, one entry for each question that the measure is about."""
    answerable, other, judged = rows[rows["answerable"]], rows[~rows["answerable"]], rows[rows["evidence"] > 0]
    return {
        "accuracy": (answerable["right"], np.ones(len(answerable))),
        "abstention": (other["abstained"], np.ones(len(other))),
        "false abstention": (answerable["abstained"], np.ones(len(answerable))),
        "citation precision": (judged["right_citations"], judged["citations"]),
        "citation recall": (judged["evidence_cited"], judged["evidence_there"]),
    }


# Citations are judged on answerable questions: another one has no evidence to judge by, and its measure is abstention.
MEASURES = {
    "accuracy": "answerable questions answered right",
    "abstention": "unanswerable questions on which the model abstained",
    "false abstention": "answerable questions on which the model abstained",
    "citation precision": "citations that name a source with evidence",
    "citation recall": "pieces of evidence handed over that were cited",
}


@dataclasses.dataclass(frozen=True)
class AnswerReport:
    """The records of an evaluation and what they add up to.

    `seconds` is the time it took as a whole, the search included; an answer from the cache counts with the time that it took once.
    """

    records: tuple[AnswerRecord, ...]
    context: str
    k: int
    model: str
    seconds: float
    place: str | None = None
    system: str | None = None

    @functools.cached_property
    def rows(self) -> pd.DataFrame:
        """One row for each question: see `AnswerRecord.row`."""
        return pd.DataFrame([record.row() for record in self.records])

    def figures(self) -> dict[str, dict[str, float]]:
        """Each of `MEASURES` with its `value`, the ends `low` and `high` of its 95 % interval, and `of`: what it is a share of."""
        return {
            name: dict(
                zip(("value", "low", "high", "of"), (ratio(*pair), *ratio_interval(*pair), int(np.sum(pair[1]))))
            )
            for name, pair in _columns(self.rows).items()
        }

    def summary(self, by: str | list[str] | None = None, *, intervals: bool = True) -> pd.DataFrame:
        """The measures with 95 % bootstrap intervals as text: `0.71 [0.66, 0.76]`. `by` is "type", "wording", or a list of both.

        Abstention counts unanswerable questions alone, everything else answerable ones; where there are none, NaN or `-`.
        """
        groups = [("all", self.rows)] if by is None else list(self.rows.groupby(by, sort=True))
        table = {}
        for name, group in groups:
            if isinstance(name, tuple):
                name = name[0] if len(name) == 1 else ", ".join(map(str, name))
            table[name] = {"questions": len(group)}
            for measure, pair in _columns(group).items():
                value, (low, high) = ratio(*pair), ratio_interval(*pair)
                text = "-" if np.isnan(value) else f"{value:.2f} [{low:.2f}, {high:.2f}]"
                table[name][measure] = text if intervals else value
        return pd.DataFrame.from_dict(table, orient="index")

    def cost(self) -> dict[str, float]:
        """Mean `prompt_tokens` and `completion_tokens`; `p50` and `p95` of the seconds that a request took; `seconds` in all."""
        p50, p95 = np.quantile(self.rows["seconds"], [0.5, 0.95])
        return {
            "prompt_tokens": float(self.rows["prompt_tokens"].mean()),
            "completion_tokens": float(self.rows["completion_tokens"].mean()),
            "p50": float(p50), "p95": float(p95), "seconds": self.seconds,
        }  # fmt: skip

    def failures(self, cause: str | None = None) -> pd.DataFrame:
        """The questions that went wrong, with the cause of each (see `AnswerRecord.cause`); those of one cause where it is named."""
        wrong = self.rows[~self.rows["right"]]
        wrong = wrong if cause is None else wrong[wrong["cause"] == cause]
        return wrong[["id", "type", "wording", "cause", "question", "text", "expected"]].reset_index(drop=True)

    def as_dict(self) -> dict:
        """Settings, figures, cost and every record as plain values, for a JSON file."""
        records = [
            {
                **record.row(),
                "sources": [
                    {"doc": hit.chunk.doc, "start": hit.chunk.start, "end": hit.chunk.end, "heading": hit.chunk.heading}
                    for hit in record.hits
                ],
            }
            for record in self.records
        ]
        figures = {
            name: {key: None if np.isnan(number) else number for key, number in figure.items()}  # JSON knows no NaN
            for name, figure in self.figures().items()
        }
        settings = {"model": self.model, "context": self.context, "k": self.k, "place": self.place}
        return {**settings, "questions": len(records), "figures": figures, "cost": self.cost(), "records": records}


class EvaluationStoppedError(CourseError):
    """An evaluation that could not go on. `report` holds what was measured until then; None where that is nothing."""

    def __init__(self, message: str, report: AnswerReport | None) -> None:
        super().__init__(message)
        self.report = report


def check_questions(questions: Sequence[Question], context: str) -> None:
    """Raises a CourseError unless there are questions, each of which can be judged."""
    if not questions:
        raise CourseError("There are no questions to ask: the selection is empty.")
    for question in questions:
        if question.answerable and not question.aliases and not question.answer:
            raise CourseError(
                f"Question {question.id!r} has neither aliases nor an answer: nothing can be judged by them."
            )
        if any(item.start is None or item.end is None for item in question.evidence):
            raise CourseError("Some evidence has no span yet: load the questions with `documents=`, which looks it up.")
        if context == "oracle" and question.answerable and not question.evidence:
            raise CourseError(f'Question {question.id!r} has no evidence, which the context "oracle" needs.')


def _read(text: str, read_as: Callable[[str], str]) -> str:
    """The part of a reply that is judged. It is read after the cache, which keeps whole replies: another reading asks nobody anew."""
    read = read_as(text)
    if not isinstance(read, str):
        raise CourseError(f"`read_as` returned {type(read).__name__}: it has to return the text that is judged.")
    return read


def evaluate_answers(
    questions: Iterable[Question],
    connection: Connection,
    *,
    context: str = "retrieved",
    retriever: Retriever | None = None,
    k: int = 4,
    place: str | None = None,
    system: str | None = None,
    max_tokens: int = 160,
    workers: int = 1,
    fresh: bool = False,
    read_as: Callable[[str], str] | None = None,
) -> AnswerReport:
    """Ask every question and judge the answers. Sources that do not fit into the model's window are dropped from the tail.

    Args:
        questions: with aliases, and with evidence where citations are to be judged.
        connection: from `serving.connect`.
        context: what the model is handed: "retrieved", the k best hits in order of rank; "oracle", the fewest chunks that hold the evidence
            and the best other hits, k in all (more only where the evidence alone needs more), in order of rank; "none", closed book.
            Unanswerable questions have no evidence, and "oracle" is for them the same as "retrieved".
        retriever: what finds the hits; dense search over the sentences of the handbook when left out.
        k: how many sources.
        place: with "oracle", puts the evidence's chunks in the "first", "middle" or "last" place instead of their own.
        system: another system prompt than that of `prompts`.
        max_tokens: an answer's length at most.
        workers: requests at a time; with more than one, the seconds of a request hold the time in which it waited for others.
        fresh: ask for every answer. Else those that the same model gave to the same prompts within a day are used again, each with the
            seconds that it took then, so that an evaluation that was interrupted or stopped goes on where it was.
        read_as: from a reply's text to the part that is judged, such as `style.answer_of` for replies in the house style. Facts, citations
            and abstention are judged on that part; the reply's text and its tokens stay what they were.

    Raises:
        CourseError: a setting is unknown, there are no questions, a question cannot be judged, or `read_as` gives no text.
        EvaluationStoppedError: the model could not be asked; its `report` holds the answers until then.
    """
    questions = list(questions)
    contexts.check(context, k, place)
    check_questions(questions, context)
    if workers < 1:
        raise CourseError(f"workers is {workers}: at least one request has to be made at a time.")
    started = time.perf_counter()
    if context != "none":
        retriever = retrieval.open_retriever(chunking=retrieval.READER_CHUNKING) if retriever is None else retriever
        if hasattr(retriever, "prepare"):
            retriever.prepare([question.question for question in questions])
        system = system or prompts.GROUNDED  # also where a search by words finds nothing: that is not closed book
    settings = {"context": context, "k": k, "model": label(connection.model), "place": place, "system": system}
    cache = None if fresh else AnswerCache(connection)
    hits = [tuple(contexts.hits_for(question, retriever, context, k, place)) for question in questions]

    def record(at: int) -> AnswerRecord:
        question, sources = questions[at], prompts.sources_of(hits[at])
        kept = fitting(question.question, sources, connection.model, system=system, max_tokens=max_tokens)
        answer = ask(question.question, kept, connection, system=system, max_tokens=max_tokens, cache=cache)
        read = None if read_as is None else _read(answer.text, read_as)
        return AnswerRecord(question, hits[at][: len(kept)], answer, context, len(sources) - len(kept), read)

    def report() -> AnswerReport:
        records = tuple(done[at] for at in sorted(done))
        reused = sum(record.answer.seconds for record in records if record.answer.reused)
        seconds = time.perf_counter() - started + reused / workers
        return AnswerReport(records, seconds=seconds, **settings)

    done: dict[int, AnswerRecord] = {}
    executor = concurrent.futures.ThreadPoolExecutor(max_workers=workers)
    waiting = {executor.submit(record, at): at for at in range(len(questions))}
    try:
        with progress_bar(len(questions), "asking") as bar:
            for future in concurrent.futures.as_completed(waiting):
                done[waiting[future]] = future.result()
                bar.update()
    except CourseError as error:
        message = f"After {len(done)} of {len(questions)} questions: {error}"
        raise EvaluationStoppedError(message, report() if done else None) from error
    finally:  # also when a learner interrupts: what has not been asked yet is not asked any more
        executor.shutdown(wait=False, cancel_futures=True)
    return report()
