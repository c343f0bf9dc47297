"""Scores of answers by hand, and whole evaluations over real HTTP with a server that answers by a script."""

import _thread
import dataclasses
import json
import math
import re
import signal
import time

import numpy as np
import pytest
from scripted import prompt_of, scripted

from coursekit import citations, contexts, corpus, prompts, style
from coursekit.answer_evaluation import (
    MEASURES,
    AnswerRecord,
    AnswerReport,
    EvaluationStoppedError,
    evaluate_answers,
    ratio,
    ratio_interval,
)
from coursekit.answers import Answer
from coursekit.chunking import Chunk, chunk_corpus
from coursekit.corpus import Document, Evidence, Question
from coursekit.errors import CourseError
from coursekit.evaluation import bootstrap_interval
from coursekit.index import Hit
from coursekit.prompts import NO_ANSWER, sources_of
from coursekit.retrieval import BM25, DEFAULT_CHUNKING, Hybrid


def hit(rank, doc, start=0, end=10):
    """A hit whose text says where it stands."""
    return Hit(Chunk(doc, start, end, f"{doc} {start} to {end}", (doc,), 1), 1 / rank, rank)


def fact(name, doc="d", **fields):
    """An answerable question whose evidence is the first ten characters of a document."""
    return Question(name, f"{name}?", "It is 40 mm.", ("40 mm",), evidence=(Evidence(doc, "x" * 10, 0, 10),), **fields)


class Fixed:
    """A retriever that always finds the same chunks."""

    def __init__(self, *docs):
        self.hits = [hit(rank, doc) for rank, doc in enumerate(docs, start=1)]
        self.chunks = [found.chunk for found in self.hits]
        self.prepared = []

    def prepare(self, queries):
        """Remembers what it was told."""
        self.prepared += queries

    def search(self, query, k=5):
        """The first k of them."""
        return self.hits[:k]


def record(question, text, *docs):
    """A record as an evaluation makes it, without a model."""
    hits = tuple(hit(rank, doc) for rank, doc in enumerate(docs, start=1))
    return AnswerRecord(
        question,
        hits,
        Answer(question.question, text, tuple(sources_of(hits)), citations.parse(text, len(hits)), 100, 10, 0.5),
    )


# One record.


@pytest.mark.parametrize(
    ("text", "docs", "right", "abstained", "counts", "cause"),
    [
        # counts: right citations / citations, evidence cited / evidence among the sources
        ("It is 40 mm [1].", "de", True, False, (1, 1, 1, 1), ""),
        ("It is 40 mm [2].", "de", True, False, (0, 1, 0, 1), ""),
        ("It is 40 mm [1][2][3].", "de", True, False, (1, 3, 1, 1), ""),
        ("It is 40 mm [1]. Truly [1].", "de", True, False, (1, 1, 1, 1), ""),
        ("It is 40 mm.", "de", True, False, (0, 0, 0, 1), ""),
        ("It is 140 mm [1].", "de", False, False, (1, 1, 1, 1), "reading"),
        ("", "de", False, False, (0, 0, 0, 1), "reading"),
        (NO_ANSWER, "de", False, True, (0, 0, 0, 1), "abstained"),
        (f"{NO_ANSWER} [1]", "de", False, True, (0, 0, 0, 1), "abstained"),
        (f"{NO_ANSWER} It is 40 mm [1].", "de", True, False, (1, 1, 1, 1), ""),
        (NO_ANSWER, "ef", False, True, (0, 0, 0, 0), "retrieval"),
        ("It is 41 mm [1].", "ef", False, False, (0, 1, 0, 0), "retrieval"),
        ("It is 40 mm [1].", "ef", True, False, (0, 1, 0, 0), ""),
        ("It is 41 mm.", "", False, False, (0, 0, 0, 0), "retrieval"),
        ("It is 40 mm.", "", True, False, (0, 0, 0, 0), ""),
    ],
)
def test_a_record_of_an_answerable_question(text, docs, right, abstained, counts, cause):
    judged = record(fact("q"), text, *docs)
    assert (judged.right, judged.abstained, judged.cause) == (right, abstained, cause)
    assert (judged.right_citations, len(judged.cites), judged.evidence_cited, judged.evidence_there) == counts


def test_causes_without_sources_or_evidence():
    closed = dataclasses.replace(record(fact("q"), "It is 41 mm."), context="none")
    assert closed.cause == "closed book"
    assert record(dataclasses.replace(fact("q"), evidence=()), "It is 41 mm [1].", "d").cause == "unknown"


def test_a_record_of_an_unanswerable_question():
    question = Question("q", "q?", type="unanswerable")
    assert record(question, NO_ANSWER, "d").right
    assert record(question, NO_ANSWER, "d").cause == ""
    wrong = record(question, "It is 40 mm [1].", "d")
    assert (wrong.right, wrong.cause, wrong.right_citations, wrong.evidence_there) == (False, "answered", 0, 0)


def test_two_pieces_of_evidence():
    question = dataclasses.replace(fact("q"), evidence=(Evidence("d", "", 0, 10), Evidence("e", "", 0, 10)))
    both = record(question, "It is 40 mm [1][3].", "d", "x", "e")
    assert (both.right_citations, both.evidence_cited, both.evidence_there) == (2, 2, 2)
    one = record(question, "It is 41 mm [1].", "d", "x")
    assert (one.right_citations, one.evidence_cited, one.evidence_there, one.cause) == (1, 1, 1, "retrieval")


STYLED = (
    "Probe 4: 40 mm is the depth [2].\n- It is 40 mm [1].\nNext step: Read page [2] of the sheet.\nLarkspur Support"
)
NOTHING = f"Probe 4: {NO_ANSWER}\nNext step: Send us a photo [1], 40 mm wide.\nLarkspur Support"


@pytest.mark.parametrize(
    ("text", "question", "right", "abstained", "cites", "cause"),
    [
        (STYLED, fact("q"), True, False, (1,), ""),
        (STYLED.replace("- It is 40", "- It is 41"), fact("q"), False, False, (1,), "reading"),
        (NOTHING, fact("q"), False, True, (), "abstained"),
        (NOTHING, Question("q", "q?", type="unanswerable"), True, True, (), ""),
        ("It is 40 mm [1].", fact("q"), True, False, (1,), ""),
    ],
)
def test_a_record_that_is_read_in_part(text, question, right, abstained, cites, cause):
    """Neither the first line nor the next step of a styled reply passes for an answer or a citation."""
    judged = dataclasses.replace(record(question, text, "d", "e"), read=style.answer_of(text))
    assert (judged.right, judged.abstained, judged.cites, judged.cause) == (right, abstained, cites, cause)
    assert judged.row()["text"] == text
    assert judged.row()["said"] == style.answer_of(text)
    assert "said" not in record(question, text, "d", "e").row()


# Ratios and their intervals.


def test_ratio_by_hand():
    assert ratio([1, 0, 2], [1, 0, 3]) == 0.75
    assert math.isnan(ratio([0, 0], [0, 0]))
    assert math.isnan(ratio([], []))


def test_with_ones_the_interval_is_that_of_a_mean():
    values = np.random.default_rng(0).random(80) < 0.7
    assert ratio_interval(values, np.ones(80)) == pytest.approx(bootstrap_interval(values))
    assert ratio_interval(values, np.ones(80), seed=3) != ratio_interval(values, np.ones(80))


def test_an_interval_of_nothing():
    assert all(math.isnan(end) for end in ratio_interval([0, 0], [0, 0]))
    assert all(math.isnan(end) for end in ratio_interval([], []))


def test_resamples_without_any_citation_are_left_out():
    low, high = ratio_interval([1] + [0] * 9, [1] + [0] * 9)
    assert (low, high) == (1, 1)


def test_the_interval_resamples_questions_and_covers_as_often_as_it_says():
    """Citations of one answer are right or wrong together: resampling them one by one would cover far too seldom."""
    rng = np.random.default_rng(7)
    truth, inside, trials = 0.7, 0, 300
    for trial in range(trials):
        of = rng.integers(0, 6, size=80)
        counts = of * (rng.random(80) < truth)
        low, high = ratio_interval(counts, of, draws=400, seed=trial)
        inside += low <= truth <= high
    assert 0.90 <= inside / trials <= 0.985


# Which sources are handed over.


def test_gold_takes_the_fewest_hits_and_the_better_rank():
    a, b = Evidence("d", "", 0, 10), Evidence("d", "", 20, 30)
    hits = [hit(1, "x"), hit(2, "d", 0, 10), hit(3, "d", 20, 30), hit(4, "d", 0, 30), hit(5, "d", 0, 40)]
    assert [found.rank for found in contexts.gold(hits, [a, b])] == [4]
    assert [found.rank for found in contexts.gold(hits[:3], [a, b])] == [2, 3]
    assert [found.rank for found in contexts.gold(hits, [a])] == [2]
    assert contexts.gold(hits[:1], [a, b]) == []
    assert contexts.gold([], [a]) == []


@pytest.mark.parametrize(
    ("context", "k", "place", "expected"),
    [
        ("retrieved", 4, None, "abce"),
        ("retrieved", 2, None, "ab"),
        ("oracle", 4, None, "abcd"),
        ("oracle", 1, None, "d"),
        ("oracle", 3, "first", "dab"),
        ("oracle", 3, "middle", "adb"),
        ("oracle", 4, "middle", "abdc"),
        ("oracle", 3, "last", "abd"),
        ("none", 4, None, ""),
    ],
)
def test_contexts(context, k, place, expected):
    retriever = Fixed(*"abcefd")
    found = contexts.hits_for(fact("q"), retriever, context, k, place)
    assert "".join(source.chunk.doc for source in found) == expected
    nothing = Question("u", "u?", type="unanswerable")
    same = contexts.hits_for(nothing, retriever, context, k, place)
    assert [source.chunk.doc for source in same] == list("abcef"[:k] if context != "none" else "")


def test_two_gold_sources_need_more_than_one_place():
    question = dataclasses.replace(fact("q"), evidence=(Evidence("d", "", 0, 10), Evidence("f", "", 0, 10)))
    assert [found.chunk.doc for found in contexts.hits_for(question, Fixed(*"abcefd"), "oracle", 1, None)] == ["f", "d"]
    first = contexts.hits_for(question, Fixed(*"abcefd"), "oracle", 4, "first")
    assert [found.chunk.doc for found in first] == ["f", "d", "a", "b"]


@pytest.fixture(scope="module")
def chunks(handbook, embedder):
    """The handbook cut as the course does."""
    return chunk_corpus(handbook, embedder.tokenizer, **DEFAULT_CHUNKING)


@pytest.fixture(scope="module")
def words(chunks):
    """Search by words over the handbook: quick to make."""
    return BM25(chunks)


@pytest.mark.parametrize("wrap", [lambda found: found, lambda found: Hybrid([found])])
def test_the_oracle_holds_all_evidence_of_every_question(words, wrap):
    """Also where the search finds nothing, because question and evidence share no word."""
    retriever = wrap(words)
    questions = [question for question in corpus.load_questions(split="dev") if question.evidence][::4]
    deep = 0
    for question in questions:
        found = contexts.hits_for(question, retriever, "oracle", 4, None)
        judged = AnswerRecord(question, tuple(found), None)
        assert judged.evidence_there == len(question.evidence), question.id
        assert len(found) == 4
        assert len({source.chunk.id for source in found}) == 4
        assert [source.rank for source in found] == sorted(source.rank for source in found)
        deep += found[-1].rank > 100
    assert deep, "some evidence stands far down"


# Whole evaluations.

LINE = re.compile(r"^\[(\d+)\] (.+)\n", re.MULTILINE)


def blocks(prompt):
    """The sources of a prompt by number, as the model sees them."""
    marks = [*LINE.finditer(prompt)]
    ends = [*(mark.start() for mark in marks[1:]), len(prompt)]
    return {int(mark[1]): prompt[mark.end() : end] for mark, end in zip(marks, ends)}


def asked(request):
    """The question of a request: the last one in the prompt."""
    return prompt_of(request).rpartition("Question: ")[2].strip()


QUESTIONS = {question.question: question for question in corpus.load_questions(split="dev")}


def perfect(request):
    """Answers as the question set does, and cites each source in which a quote stands, looked up by its words."""
    question = QUESTIONS[asked(request)]
    if not question.answerable:
        return NO_ANSWER
    numbers = [
        number
        for number, text in blocks(prompt_of(request)).items()
        if any(" ".join(item.quote.split()) in " ".join(text.split()) for item in question.evidence)
    ]
    return question.answer + "".join(f" [{number}]" for number in numbers)


def some(kinds, each=6):
    """A few development questions of each kind."""
    return [q for kind in kinds for q in [q for q in QUESTIONS.values() if q.type == kind][:each]]


def test_a_perfect_reader(words):
    questions = some(corpus.TYPES)
    with scripted(perfect) as server:
        report = evaluate_answers(questions, server.connection(), context="oracle", retriever=words)
    values = report.summary(intervals=False).loc["all"]
    assert values["questions"] == len(questions) == 42
    assert values["accuracy"] == 1
    assert values["abstention"] == 1
    assert values["false abstention"] == 0
    # The quote of a question may stand in a second source, or be cut at a chunk's end: hardly ever.
    assert values["citation precision"] >= 0.95
    assert values["citation recall"] >= 0.95
    assert report.failures().empty
    assert [record.question.id for record in report.records] == [question.id for question in questions]


def test_a_perfect_reader_with_what_the_search_finds(words):
    questions = some(corpus.TYPES)
    with scripted(perfect) as server:
        report = evaluate_answers(questions, server.connection(), retriever=words, k=2)
    rows = report.rows
    assert (rows["evidence_there"] < rows["evidence"]).any(), "two sources do not hold all the evidence"
    assert report.figures()["citation recall"]["value"] >= 0.9, "evidence that was not handed over does not count"
    assert {len(record.hits) for record in report.records} == {2}


def test_a_search_that_finds_nothing_is_not_closed_book():
    with scripted(lambda request: NO_ANSWER) as server:
        report = evaluate_answers([fact("q")], server.connection(), retriever=Fixed())
    assert server.requests[0]["messages"] == prompts.messages("q?", system=prompts.GROUNDED)
    assert report.records[0].cause == "retrieval"


def test_a_guesser_closed_book():
    with scripted(lambda request: "It takes about 40 days [1].") as server:
        report = evaluate_answers(some(["one_fact", "unanswerable"], 10), server.connection(), context="none")
    figures = report.figures()
    assert figures["accuracy"]["value"] <= 0.2
    assert figures["abstention"] == {"value": 0, "low": 0, "high": 0, "of": 10}
    assert figures["citation precision"] == {"value": 0, "low": 0, "high": 0, "of": 10}
    assert math.isnan(figures["citation recall"]["value"])
    assert figures["citation recall"]["of"] == 0
    assert set(report.failures()["cause"]) == {"closed book", "answered"}
    assert all("[1]" not in prompt_of(request) for request in server.requests)
    assert report.summary().loc["all", "citation recall"] == "-"


SCRIPT = {
    "right?": "It is 40 mm [1].", "wrong source?": "It is 40 mm [2].", "wrong?": "It is 4 mm [1][2].", "silent?": NO_ANSWER,
    "missing?": "It is 41 mm [1].", "near miss?": "It is 9 mm [1].", "unknown?": NO_ANSWER,
}  # fmt: skip


def by_hand():
    """Seven questions: five answerable ones, of one of which the evidence is not found, and two others."""
    answerable = [fact(name[:-1], wording="plain" if at % 2 else "unlike") for at, name in enumerate([*SCRIPT][:4])]
    missing = fact("missing", doc="z", type="table")
    return [*answerable, missing, *(Question(name[:-1], name, type="unanswerable") for name in [*SCRIPT][5:])]


def test_figures_by_hand():
    retriever = Fixed("d", "e", "f")
    with scripted(lambda request: SCRIPT[asked(request)]) as server:
        report = evaluate_answers(by_hand(), server.connection(), retriever=retriever, k=3)
    assert retriever.prepared == list(SCRIPT)
    figures = report.figures()
    assert set(figures) == set(MEASURES)
    assert {name: (figure["value"], figure["of"]) for name, figure in figures.items()} == {
        "accuracy": (2 / 5, 5),
        "abstention": (1 / 2, 2),
        "false abstention": (1 / 5, 5),
        "citation precision": (2 / 5, 5),  # [1] of the first, [2] of the second, [1][2] of the third, [1] of the fifth
        "citation recall": (2 / 4, 4),
    }
    for figure in figures.values():
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    failures = report.failures().set_index("id")
    assert failures["cause"].to_dict() == {
        "wrong": "reading", "silent": "abstained", "missing": "retrieval", "near miss": "answered"
    }  # fmt: skip
    assert report.failures("reading")["text"].tolist() == ["It is 4 mm [1][2]."]
    wording = report.summary(["type", "wording"], intervals=False)
    assert wording["questions"].to_dict() == {
        "one_fact, plain": 2, "one_fact, unlike": 2, "table, plain": 1, "unanswerable, plain": 2
    }  # fmt: skip
    assert wording.loc["one_fact, unlike", "accuracy"] == 0.5
    assert math.isnan(wording.loc["unanswerable, plain", "accuracy"])
    assert report.summary("type").loc["table", "accuracy"] == "0.00 [0.00, 0.00]"
    assert report.model == "scripted"
    assert (report.context, report.k, report.place) == ("retrieved", 3, None)


def test_cost():
    question = fact("q")
    answers = [record(question, "It is 40 mm [1].", "d") for _ in range(101)]
    timed = tuple(
        dataclasses.replace(item, answer=dataclasses.replace(item.answer, seconds=at / 100, prompt_tokens=at))
        for at, item in enumerate(answers)
    )
    cost = AnswerReport(timed, "retrieved", 1, "m", 12.5).cost()
    assert cost == pytest.approx(
        {"prompt_tokens": 50, "completion_tokens": 10, "p50": 0.5, "p95": 0.95, "seconds": 12.5}
    )


def test_time_is_measured():
    def slow(request):
        time.sleep(0.05)
        return NO_ANSWER

    with scripted(slow) as server:
        cost = evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d")).cost()
    assert 0.05 <= cost["p50"] <= cost["p95"] < 5
    assert cost["seconds"] >= 7 * 0.05


def test_a_report_as_json():
    with scripted(lambda request: SCRIPT[asked(request)]) as server:
        report = evaluate_answers(by_hand()[:5], server.connection(), retriever=Fixed("d", "e"))
    saved = json.loads(json.dumps(report.as_dict(), allow_nan=False))
    assert saved["figures"]["abstention"] == {"value": None, "low": None, "high": None, "of": 0}
    assert saved["figures"]["accuracy"]["value"] == 0.4
    assert saved["questions"] == 5
    assert saved["records"][0]["sources"][0] == {"doc": "d", "start": 0, "end": 10, "heading": "d"}
    assert saved["records"][0]["text"] == SCRIPT["right?"]


def test_several_requests_at_a_time_change_no_figure(words):
    questions = some(corpus.TYPES, 4)
    with scripted(perfect) as server:
        one = evaluate_answers(questions, server.connection(), retriever=words)
        four = evaluate_answers(questions, server.connection(), retriever=words, workers=4, fresh=True)
        assert len(server.requests) == 2 * len(questions)
    columns = [name for name in one.rows.columns if name != "seconds"]
    assert one.rows[columns].equals(four.rows[columns])


@pytest.mark.parametrize("workers", [1, 3])
def test_a_server_that_fails_keeps_what_was_measured(workers):
    served = []

    def reply(request):
        served.append(request)
        return SCRIPT[asked(request)] if len(served) <= 4 else 500

    with scripted(reply) as server, pytest.raises(EvaluationStoppedError) as caught:
        evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d", "e"), workers=workers)
    done = caught.value.report.records
    assert 1 <= len(done) <= 4
    assert str(caught.value).startswith(f"After {len(done)} of 7 questions: ")
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.report.summary().loc["all", "questions"] == len(done)


def test_a_server_that_fails_at_once_leaves_no_report():
    with scripted(lambda request: 500) as server, pytest.raises(EvaluationStoppedError, match="After 0 of 7") as caught:
        evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d", "e"))
    assert caught.value.report is None


@pytest.mark.parametrize(
    ("questions", "settings", "message"),
    [
        ([], {}, "no questions"),
        (by_hand(), {"context": "magic"}, "no context 'magic'"),
        (by_hand(), {"k": 0}, "k is 0"),
        (by_hand(), {"workers": 0}, "workers is 0"),
        (by_hand(), {"place": "first"}, "only with the context"),
        (by_hand(), {"place": "front", "context": "oracle"}, "first, middle, last"),
        ([Question("q", "q?")], {}, "'q' has neither aliases nor an answer"),
        ([Question("q", "q?", aliases=("x",))], {"context": "oracle"}, "'q' has no evidence"),
        ([Question("q", "q?", aliases=("x",), evidence=(Evidence("d", "x"),))], {}, "no span yet"),
    ],
)
def test_what_cannot_be_evaluated(questions, settings, message):
    with scripted(lambda request: "never") as server:
        with pytest.raises(CourseError, match=message):
            evaluate_answers(questions, server.connection(), retriever=Fixed("d"), **settings)
        assert server.requests == []


def test_ones_own_documents_and_questions(tmp_path, embedder):
    document = Document(
        "tea", "Tea", "# Tea\n\nGreen tea takes 80 °C for two minutes.\n\n## Black tea\n\nBlack tea boils.\n"
    )
    path = tmp_path / "own.jsonl"
    lines = [
        {"id": "1", "question": "How hot is green tea?", "aliases": ["80 °C"],
         "evidence": [{"doc": "tea", "quote": "Green tea takes 80 °C"}]},
        {"id": "2", "question": "How hot is coffee?", "type": "unanswerable"},
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    questions = corpus.load_questions(path, documents=[document])
    retriever = BM25(chunk_corpus([document], embedder.tokenizer, **DEFAULT_CHUNKING))
    replies = {"How hot is green tea?": "It takes 80 °C [1].", "How hot is coffee?": "It takes 90 °C [1]."}
    with scripted(lambda request: replies[asked(request)]) as server:
        report = evaluate_answers(questions, server.connection(), retriever=retriever, context="oracle")
    values = {name: figure["value"] for name, figure in report.figures().items()}
    assert values == {
        "accuracy": 1,
        "abstention": 0,
        "false abstention": 0,
        "citation precision": 1,
        "citation recall": 1,
    }


def test_run_again_it_goes_on_where_it_stopped():
    """The first run stops after four answers: the second one asks for three, and its figures are those of an unbroken run."""
    broken = [True]

    def reply(request):
        return 500 if broken and len(server.requests) > 4 else SCRIPT[asked(request)]

    with scripted(reply) as server:
        with pytest.raises(EvaluationStoppedError):
            evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d", "e"))
        time.sleep(0.5)  # the request on its way comes to its end
        broken.clear()
        asked_before = len(server.requests)
        whole = evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d", "e"))
        assert len(server.requests) - asked_before == 3
        assert whole.rows["reused"].tolist() == [True] * 4 + [False] * 3
        anew = evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d", "e"), fresh=True)
    assert anew.rows["reused"].sum() == 0
    columns = [name for name in whole.rows.columns if name not in ("seconds", "reused")]
    assert whole.rows[columns].equals(anew.rows[columns])


def test_an_interrupted_evaluation_goes_on_too():
    def reply(request):
        if len(server.requests) == 3 and not interrupted:
            interrupted.append(True)
            _thread.interrupt_main()
            time.sleep(0.5)
        return SCRIPT[asked(request)]

    interrupted = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background begins without one
    with scripted(reply) as server:
        try:
            with pytest.raises(KeyboardInterrupt):
                evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d"))
        finally:
            signal.signal(signal.SIGINT, before)
        time.sleep(1)  # the request on its way comes to its end
        report = evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d"))
    assert report.rows["reused"].sum() >= 2
    assert len(report.records) == 7
    assert len(server.requests) == 7, "nothing was asked for twice"


def test_reused_answers_count_with_the_time_that_they_took():
    def slow(request):
        time.sleep(0.05)
        return NO_ANSWER

    with scripted(slow) as server:
        evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d"))
        again = evaluate_answers(by_hand(), server.connection(), retriever=Fixed("d"))
    assert again.rows["reused"].all()
    assert again.cost()["seconds"] >= 7 * 0.05
    assert again.cost()["p50"] >= 0.05


def test_sources_that_exceed_the_window_are_dropped_and_counted(monkeypatch):
    """A window that holds two of four sources; the evidence is in the third, which counts as not there."""
    monkeypatch.setattr("coursekit.serving.window", lambda model: 162)
    monkeypatch.setattr("coursekit.serving.count_tokens", lambda messages, model: prompt_sources(messages))
    with scripted(lambda request: "It is 41 mm [1].") as server:
        report = evaluate_answers([fact("q", doc="z")], server.connection(), retriever=Fixed("a", "b", "z", "c"))
    [record] = report.records
    assert [found.chunk.doc for found in record.hits] == ["a", "b"]
    assert (record.dropped, record.evidence_there, record.cause) == (2, 0, "retrieval")
    assert report.rows["dropped"].tolist() == [2]


def prompt_sources(messages):
    """How many numbered sources a prompt holds."""
    return len(re.findall(r"^\[\d+\] ", messages[-1]["content"], re.MULTILINE))


def test_replies_are_read_after_the_cache():
    """Another reading asks nobody anew; the reply's words and tokens stay what they were."""
    questions = [fact("a"), Question("b", "b?", type="unanswerable")]
    with scripted(lambda request: STYLED if asked(request) == "a?" else NOTHING) as server:
        connection, retriever = server.connection(), Fixed("d", "e")
        raw = evaluate_answers(questions, connection, retriever=retriever)
        read = evaluate_answers(questions, connection, retriever=retriever, read_as=style.answer_of)
        with pytest.raises(EvaluationStoppedError, match="`read_as` returned NoneType"):
            evaluate_answers(questions, connection, retriever=retriever, read_as=lambda text: None)
        assert len(server.requests) == 2
    assert list(raw.rows["abstained"]) == [False, False], "the reply as a whole says more than that it does not know"
    assert raw.figures()["abstention"]["value"] == 0
    assert list(read.rows["abstained"]) == [False, True]
    assert read.figures()["abstention"]["value"] == 1
    assert read.figures()["accuracy"]["value"] == 1
    assert raw.figures()["citation precision"]["value"] == 0.5
    assert read.figures()["citation precision"]["value"] == 1
    for column in ("text", "prompt_tokens", "completion_tokens"):
        assert read.rows[column].tolist() == raw.rows[column].tolist()
    assert read.rows["reused"].all()
    assert read.as_dict()["records"][1]["said"] == NO_ANSWER
