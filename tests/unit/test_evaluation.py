"""Scores, by hand: spans, ranks, gains, and intervals that hold what they promise."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from coursekit import evaluation
from coursekit.chunking import Chunk
from coursekit.corpus import Document, Evidence, Question
from coursekit.errors import CourseError
from coursekit.evaluation import (
    RetrievalReport,
    bootstrap_interval,
    evaluate_retrieval,
    first_ranks,
    ndcg_at,
    neighbour_recall,
    paired_difference,
    recall_at,
    reciprocal_rank,
    span_scores,
)
from coursekit.index import Hit
from coursekit.retrieval import BM25


def scores(recall, precision, iou):
    return pytest.approx({"recall": recall, "precision": precision, "iou": iou})


def hit(rank, doc, start, end):
    """A hit of which only the place matters."""
    return Hit(Chunk(doc, start, end, "x" * (end - start), (), 1), 0.0, rank)


# Spans.


def test_union_length_and_shared_by_hand():
    assert evaluation.union([(8, 9), (0, 3), (2, 5), (5, 6), (7, 7)]) == [(0, 6), (8, 9)]
    assert evaluation.union([]) == []
    assert evaluation.union([(0, 9), (2, 3)]) == [(0, 9)]
    assert evaluation.length([(0, 3), (2, 5)]) == 5
    assert evaluation.shared([(0, 4), (6, 9)], [(2, 8)]) == 4
    assert evaluation.shared([(0, 4)], [(4, 8)]) == 0


def test_shared_against_sets_of_characters():
    rng = np.random.default_rng(3)
    for _ in range(200):
        first, second = (
            [(int(start), int(start + size)) for start, size in zip(rng.integers(0, 30, n), rng.integers(0, 12, n))]
            for n in rng.integers(0, 5, 2)
        )
        one, two = ({at for span in spans for at in range(*span)} for spans in (first, second))
        assert evaluation.shared(first, second) == len(one & two)
        assert evaluation.length(first) == len(one)


@pytest.mark.parametrize(
    ("retrieved", "gold", "expected"),
    [
        ([("d", 0, 10)], [("d", 0, 10)], (1, 1, 1)),
        ([("d", 0, 20)], [("d", 5, 15)], (1, 0.5, 0.5)),
        ([("d", 0, 10)], [("d", 5, 25)], (0.25, 0.5, 5 / 25)),
        ([("d", 0, 10)], [("d", 10, 20)], (0, 0, 0)),
        ([("e", 0, 10)], [("d", 0, 10)], (0, 0, 0)),
        ([], [("d", 0, 10)], (0, 0, 0)),
        ([("d", 0, 10)], [], (0, 0, 0)),
        ([], [], (0, 0, 0)),
    ],
)
def test_span_scores_by_hand(retrieved, gold, expected):
    assert span_scores(retrieved, gold) == scores(*expected)


def test_what_is_retrieved_twice_is_handed_twice():
    # 10 characters wanted; two chunks of 10 hold 5 to 15 and 10 to 20 of them: 10 covered, 20 handed.
    assert span_scores([("d", 5, 15), ("d", 10, 20)], [("d", 10, 20)]) == scores(1, 10 / 20, 10 / 20)
    # The same chunk twice halves the precision and leaves the recall.
    assert span_scores([("d", 0, 10), ("d", 0, 10)], [("d", 0, 10)]) == scores(1, 0.5, 0.5)


def test_span_scores_over_several_documents():
    retrieved = [("d", 0, 10), ("e", 100, 120), ("f", 0, 10)]
    gold = [("d", 5, 15), ("e", 100, 110)]
    # Found 5 + 10 of 20; handed 40.
    assert span_scores(retrieved, gold) == scores(15 / 20, 15 / 40, 15 / (20 + 40 - 15))


def test_overlapping_evidence_counts_once():
    assert span_scores([("d", 0, 10)], [("d", 0, 10), ("d", 5, 20)]) == scores(0.5, 1, 0.5)


# Ranks.


def test_a_hit_covers_from_half_of_the_evidence():
    evidence = Evidence("d", "x" * 10, 10, 20)
    assert evaluation.covers(hit(1, "d", 15, 40), evidence)
    assert not evaluation.covers(hit(1, "d", 16, 40), evidence)
    assert evaluation.covers(hit(1, "d", 0, 15), evidence)
    assert not evaluation.covers(hit(1, "e", 0, 40), evidence)
    assert not evaluation.covers(hit(1, "d", 30, 40), evidence)


def test_first_ranks_by_hand():
    hits = [hit(1, "d", 0, 10), hit(2, "d", 10, 20), hit(3, "e", 0, 10), hit(4, "d", 10, 20)]
    wanted = [Evidence("d", "", 12, 18), Evidence("e", "", 0, 5), Evidence("f", "", 0, 5)]
    assert first_ranks(hits, wanted) == [2, 3, None]
    assert first_ranks([], wanted) == [None, None, None]


def test_rank_measures_by_hand():
    assert [recall_at([3], k) for k in (2, 3)] == [0, 1]
    assert recall_at([1, None], 10) == 0.5
    assert recall_at([1, 6, None, 5], 5) == 0.5
    assert reciprocal_rank([4, 2, None]) == 0.5
    assert reciprocal_rank([None]) == 0


def test_ndcg_by_hand():
    assert ndcg_at([1], 10) == 1
    assert ndcg_at([3], 10) == pytest.approx(1 / 2)
    assert ndcg_at([None], 10) == 0
    assert ndcg_at([11], 10) == 0
    best = 1 + 1 / np.log2(3)
    assert ndcg_at([1, 2], 10) == pytest.approx(1)
    assert ndcg_at([1, None], 10) == pytest.approx(1 / best)
    assert ndcg_at([3, 7], 10) == pytest.approx((1 / 2 + 1 / 3) / best)
    assert ndcg_at([1, 1], 10) == 1  # both in the first hit
    assert ndcg_at([2, 2], 10) == pytest.approx(2 / np.log2(3) / best)
    assert ndcg_at([1, 2, 3], 1) == 1


def test_neighbour_recall_by_hand():
    exact = np.array([[1, 2, 3], [4, 5, 6]])
    assert neighbour_recall(exact, exact) == 1
    assert neighbour_recall(exact[:, ::-1], exact) == 1
    assert neighbour_recall(np.array([[1, 9, -1], [-1, -1, -1]]), exact) == pytest.approx(1 / 6)
    assert neighbour_recall(np.array([[1, 2, 2], [6, 5, 1]]), exact) == pytest.approx(4 / 6)


# Intervals.


def test_bootstrap_is_seeded_and_holds_the_mean():
    values = [0, 1, 1, 0, 1, 1, 1, 0, 1, 1]
    low, high = bootstrap_interval(values)
    assert (low, high) == bootstrap_interval(values)
    drawn = np.random.default_rng(0).normal(size=50)
    assert bootstrap_interval(drawn) != bootstrap_interval(drawn, seed=1)
    assert 0 <= low < 0.7 < high <= 1
    narrow = bootstrap_interval(values, level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_bootstrap_of_a_constant_and_of_one():
    assert bootstrap_interval([0.3] * 8) == pytest.approx((0.3, 0.3))
    assert bootstrap_interval([0.5]) == (0.5, 0.5)


def test_bootstrap_of_nothing():
    with pytest.raises(CourseError, match="selection of questions is empty"):
        bootstrap_interval([])


@pytest.mark.parametrize(("level", "least", "most"), [(0.95, 0.90, 0.985), (0.80, 0.73, 0.87)])
def test_bootstrap_covers_about_as_often_as_it_says(level, least, most):
    rng = np.random.default_rng(42)
    truth, trials, inside = 0.7, 300, 0
    for trial in range(trials):
        values = rng.random(100) < truth
        low, high = bootstrap_interval(values, level=level, draws=400, seed=trial)
        inside += low <= truth <= high
    assert least <= inside / trials <= most


def test_bootstrap_agrees_with_the_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    low, high = bootstrap_interval(values, draws=4000)
    error = values.std() / 20
    assert low == pytest.approx(values.mean() - 1.96 * error, abs=0.15 * error)
    assert high == pytest.approx(values.mean() + 1.96 * error, abs=0.15 * error)


# The report.


class Fixed:
    """A retriever that gives each question the hits that stand under it."""

    def __init__(self, hits):
        self.hits = hits

    def search(self, query, k=5):
        """The first k of them."""
        return self.hits[query][:k]


QUESTIONS = [
    Question("q1", "first", evidence=(Evidence("d", "", 0, 10),), wording="plain"),
    Question(
        "q2", "second", evidence=(Evidence("d", "", 0, 10), Evidence("e", "", 0, 10)), wording="unlike", type="two_fact"
    ),
    Question("q3", "third", evidence=(Evidence("f", "", 0, 10),), wording="plain", type="table"),
    Question("q4", "none", type="unanswerable"),
]
HITS = {
    "first": [hit(1, "d", 0, 10)],
    "second": [
        hit(1, "x", 0, 10),
        hit(2, "e", 0, 10),
        *(hit(rank, "x", 0, 9) for rank in range(3, 10)),
        hit(10, "d", 0, 10),
    ],
    "third": [hit(1, "d", 0, 10)],
}


def test_evaluate_retrieval_by_hand():
    report = evaluate_retrieval(Fixed(HITS), QUESTIONS)
    rows = report.rows.set_index("id")
    assert list(rows.index) == ["q1", "q2", "q3"]
    assert list(rows["type"]) == ["one_fact", "two_fact", "table"]
    measures = list(evaluation.METRICS)
    assert rows.loc["q1", measures].tolist() == [1, 1, 1, 1, 1]
    assert rows.loc["q3", measures].tolist() == [0, 0, 0, 0, 0]
    gain = (1 / np.log2(3) + 1 / np.log2(11)) / (1 + 1 / np.log2(3))
    assert rows.loc["q2", measures].tolist() == pytest.approx([0, 0.5, 1, 0.5, gain])


def test_summary_by_wording_and_whole():
    report = evaluate_retrieval(Fixed(HITS), QUESTIONS)
    whole = report.summary(intervals=False)
    assert list(whole.index) == ["all"]
    assert whole.loc["all", "questions"] == 3
    assert whole.loc["all", "mrr"] == pytest.approx(0.5)
    wording = report.summary("wording", intervals=False)
    assert list(wording.index) == ["plain", "unlike"]
    assert wording["questions"].tolist() == [2, 1]
    assert wording["recall@5"].tolist() == pytest.approx([0.5, 0.5])
    assert wording["recall@10"].tolist() == pytest.approx([0.5, 1])


def test_summary_with_intervals_as_text():
    rows = pd.DataFrame({"wording": ["plain"] * 50, **{name: [0.0, 1.0] * 25 for name in evaluation.METRICS}})
    table = RetrievalReport(rows).summary("wording")
    low, high = bootstrap_interval([0.0, 1.0] * 25)
    assert table.loc["plain", "mrr"] == f"0.50 [{low:.2f}, {high:.2f}]"


def test_evaluate_a_real_retriever_on_a_tiny_corpus(embedder):
    text = "# Probe\n\nThe probe lasts 18 days.\n\n## Radio\n\nThe gateway hears 900 metres.\n"
    document = Document("d", "Probe", text)
    from coursekit.chunking import chunk_corpus

    chunks = chunk_corpus([document], embedder.tokenizer, "headings")
    quote = "The gateway hears 900 metres."
    question = Question(
        "q", "how far hears the gateway?", evidence=(Evidence("d", quote, text.index(quote), text.index(quote) + 29),)
    )
    missed = dataclasses.replace(question, id="r", question="xylophone")
    report = evaluate_retrieval(BM25(chunks), [question, missed])
    assert report.rows["mrr"].tolist() == [1, 0]
    assert report.rows["recall@1"].tolist() == [1, 0]


@pytest.mark.parametrize(("questions", "k"), [([], 10), (QUESTIONS[3:], 10), (QUESTIONS, 9)])
def test_nothing_to_evaluate(questions, k):
    with pytest.raises(CourseError, match="questions with evidence, and k of at least 10"):
        evaluate_retrieval(Fixed(HITS), questions, k=k)


def test_evidence_without_spans():
    question = Question("q", "first", evidence=(Evidence("d", "x"),))
    with pytest.raises(CourseError, match="no span yet"):
        evaluate_retrieval(Fixed(HITS), [question])


def test_a_paired_difference_by_hand():
    before, after = {"a": False, "b": True, "c": 0.5, "only": 1}, {"c": 1.0, "b": True, "a": True, "new": 0}
    mean, low, high = paired_difference(before, after)
    assert mean == pytest.approx((1 + 0 + 0.5) / 3)
    assert (low, high) == bootstrap_interval([1.0, 0.0, 0.5])
    assert all(type(number) is float for number in (mean, low, high))
    back = paired_difference(after, before)
    assert back[0] == pytest.approx(-mean)


def test_pairing_takes_out_what_is_hard_for_both():
    """Each question gains the same, however far the questions are apart: the interval is one point."""
    before = {str(n): n / 10 for n in range(10)}
    after = {name: score + 0.2 for name, score in reversed(before.items())}
    assert paired_difference(before, after) == pytest.approx((0.2, 0.2, 0.2))


def test_no_pair_at_all():
    with pytest.raises(CourseError, match="empty"):
        paired_difference({"a": 1}, {"b": 1})
