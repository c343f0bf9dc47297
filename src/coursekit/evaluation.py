"""Scoring retrieval against evidence spans: what a chunk covers, not what it is called, decides whether it is relevant."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from coursekit.corpus import Evidence, Question
from coursekit.errors import CourseError
from coursekit.progress import progress_bar
from coursekit.retrieval import Retriever

Span = tuple[int, int]
COVERED = 0.5  # a chunk that holds at least half of a quote's characters counts as relevant to it


def union(spans: Iterable[Span]) -> list[Span]:
    """Merge overlapping or touching spans; sorted."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif end > start:
            merged.append((start, end))
    return merged


def length(spans: Iterable[Span]) -> int:
    """The characters that spans cover, each counted once."""
    return sum(end - start for start, end in union(spans))


def shared(first: Iterable[Span], second: Iterable[Span]) -> int:
    """The characters that both sets of spans cover."""
    first, second = union(first), union(second)
    return length(first) + length(second) - length([*first, *second])


def span_scores(retrieved: Sequence[tuple[str, int, int]], gold: Sequence[tuple[str, int, int]]) -> dict[str, float]:
    """Recall, precision and IoU of retrieved text against the evidence, in characters.

    Args:
        retrieved: `(document, start, end)` of each retrieved chunk; characters retrieved twice count twice in the precision,
            because a reader is handed them twice.
        gold: `(document, start, end)` of each piece of evidence.

    Returns:
        `recall` (share of the evidence that was retrieved), `precision` (share of what was retrieved that is evidence), and
        `iou` (what both share, divided by the evidence and everything retrieved).

    Source: B. Smith and A. Troynikov, "Evaluating Chunking Strategies for Retrieval" (Chroma, 2024), there in tokens.
    """
    hit, wanted = 0, 0
    for doc in {name for name, _, _ in gold}:
        found = [(start, end) for name, start, end in retrieved if name == doc]
        evidence = [(start, end) for name, start, end in gold if name == doc]
        hit += shared(found, evidence)
        wanted += length(evidence)
    handed = sum(end - start for _, start, end in retrieved)
    return {
        "recall": hit / wanted if wanted else 0.0,
        "precision": hit / handed if handed else 0.0,
        "iou": hit / (wanted + handed - hit) if wanted + handed else 0.0,
    }


def neighbour_recall(found: np.ndarray, exact: np.ndarray) -> float:
    """The share of true nearest neighbours that an approximate index found.

    Args:
        found: (queries, k) ids from the approximate index; -1 stands for nothing found.
        exact: (queries, k) ids from an exact search.
    """
    hits = sum(len(set(row) & set(truth)) for row, truth in zip(found.tolist(), exact.tolist()))
    return hits / exact.size


def covers(hit, evidence: Evidence) -> bool:
    """Whether a hit's chunk holds at least half of the evidence's characters."""
    if hit.chunk.doc != evidence.doc:
        return False
    both = min(hit.chunk.end, evidence.end) - max(hit.chunk.start, evidence.start)
    return both >= COVERED * (evidence.end - evidence.start)


def first_ranks(hits: Sequence, evidence: Sequence[Evidence]) -> list[int | None]:
    """For each piece of evidence, the rank (from 1) of the first hit that covers it, or None."""
    return [next((hit.rank for hit in hits if covers(hit, item)), None) for item in evidence]


def recall_at(ranks: Sequence[int | None], k: int) -> float:
    """The share of a question's evidence found among the first k hits. With one piece of evidence this is 0 or 1."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def reciprocal_rank(ranks: Sequence[int | None]) -> float:
    """1 / rank of the first relevant hit, 0 where there is none. Its mean over questions is the MRR."""
    found = [rank for rank in ranks if rank is not None]
    return 1 / min(found) if found else 0.0


def ndcg_at(ranks: Sequence[int | None], k: int) -> float:
    """Normalised discounted cumulative gain: each piece of evidence gains `1 / log2(rank + 1)`, relative to the best order possible.

    Evidence found twice counts once, and two pieces in the same hit gain at the same rank; the score is capped at 1.

    Source: K. Järvelin and J. Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002), with gains of 0 and 1.
    """
    gained = sum(1 / np.log2(rank + 1) for rank in ranks if rank is not None and rank <= k)
    best = sum(1 / np.log2(place + 1) for place in range(1, min(len(ranks), k) + 1))
    return float(min(gained / best, 1.0))


def bootstrap_interval(
    values: Sequence[float], level: float = 0.95, draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """A percentile bootstrap interval for a mean over questions: what the figure might have been with other questions of the kind.

    Args:
        values: one score for each question.
        level: the share of resampled means that lie inside.
        draws: resamples, each with as many questions as there are, drawn with replacement.
        seed: makes the interval repeatable.

    Raises:
        CourseError: there are no values.

    Source: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap" (1993).
    """
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise CourseError("There are no values to resample: the selection of questions is empty.")
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), size=(draws, len(values)))
    means = values[picks].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_difference(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[float, float, float]:
    """The mean difference, after minus before, question by question, with the ends of its 95 % bootstrap interval.

    Args:
        before: a score, or True and False, by question id.
        after: the same after a change. Questions that only one of the two holds do not count.

    Raises:
        CourseError: no question is in both.
    """
    gains = [float(after[name]) - float(before[name]) for name in before if name in after]
    low, high = bootstrap_interval(gains)
    return float(np.mean(gains)), low, high


@dataclasses.dataclass(frozen=True)
class RetrievalReport:
    """One row for each answerable question: id, type, wording, and its scores."""

    rows: pd.DataFrame

    def summary(self, by: str | None = None, *, intervals: bool = True) -> pd.DataFrame:
        """Means over questions, with 95 % bootstrap intervals as text: `0.71 [0.66, 0.76]`. `by` is a column such as "wording"."""
        groups = (
            [("all", self.rows)] if by is None else [(name, group) for name, group in self.rows.groupby(by, sort=True)]
        )
        table = {}
        for name, group in groups:
            table[name] = {"questions": len(group)}
            for metric in METRICS:
                low, high = bootstrap_interval(group[metric])
                mean = group[metric].mean()
                table[name][metric] = f"{mean:.2f} [{low:.2f}, {high:.2f}]" if intervals else mean
        return pd.DataFrame.from_dict(table, orient="index")


METRICS = ("recall@1", "recall@5", "recall@10", "mrr", "ndcg@10")


def evaluate_retrieval(retriever: Retriever, questions: Iterable[Question], *, k: int = 10) -> RetrievalReport:
    """Search for every answerable question and score the first k hits against its evidence.

    Raises:
        CourseError: no question is answerable, or k is under 10, which the measures need.
    """
    asked = [question for question in questions if question.evidence]
    if not asked or k < 10:
        raise CourseError("Evaluation needs questions with evidence, and k of at least 10.")
    if any(item.start is None or item.end is None for question in asked for item in question.evidence):
        raise CourseError("Some evidence has no span yet: load the questions with `documents=`, which looks it up.")
    if hasattr(retriever, "prepare"):
        retriever.prepare([question.question for question in asked])
    rows = []
    with progress_bar(len(asked), "searching") as bar:
        for question in asked:
            hits = retriever.search(question.question, k)
            ranks = first_ranks(hits, question.evidence)
            scores = {f"recall@{cut}": recall_at(ranks, cut) for cut in (1, 5, 10)}
            scores |= {"mrr": reciprocal_rank(ranks), "ndcg@10": ndcg_at(ranks, 10)}
            rows.append({"id": question.id, "type": question.type, "wording": question.wording, **scores})
            bar.update()
    return RetrievalReport(pd.DataFrame(rows))
