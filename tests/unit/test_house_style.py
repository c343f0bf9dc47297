"""The training data for behaviour: every reply keeps the style, rests on its sources, and shares nothing with the test questions."""

import collections
import json
import re

import pytest

from coursekit import chatdata, chunking, corpus, house_style, paths, style
from coursekit.citations import abstains, parse
from coursekit.errors import CourseError
from coursekit.support import unsupported

REPLIES = house_style.load_replies()
STATED = [reply for reply in REPLIES if reply.points]


def test_there_are_enough_of_every_kind():
    kinds = collections.Counter(reply.kind for reply in REPLIES)
    assert len(REPLIES) >= 1200
    assert set(kinds) == set(house_style.KINDS)
    assert min(kinds.values()) >= 70
    assert {len(reply.sources) for reply in REPLIES} == {1, 2, 3, 4, 5}
    assert len({reply.id for reply in REPLIES}) == len(REPLIES)


def test_no_family_of_the_test_questions_is_among_them():
    tested = {question.about for question in corpus.load_questions(split="test")}
    assert {reply.family for reply in REPLIES}.isdisjoint(tested)
    assert {reply.family for reply in REPLIES} == {question.about for question in corpus.load_questions(split="dev")}


def test_every_reply_keeps_every_rule_of_the_style():
    for reply in REPLIES:
        text = reply.styled()
        if reply.kind == "open":
            assert style.asks_back(text, reply.sources), text
        else:
            kept = style.follows(text, reply.message, reply.sources)
            assert all(kept.values()), (kept, text)
        assert abstains(style.answer_of(text)) == (reply.kind == "unanswerable")


def test_what_is_cited_holds_the_evidence_and_the_numbers():
    documents = {document.id: document.text for document in corpus.load_handbook()}
    for reply in STATED:
        for item, numbers in zip(reply.evidence, reply.held_by, strict=True):
            assert documents[item.doc].count(item.quote) == 1
            for number in numbers:
                source = reply.sources[number - 1].text
                # A row may be a source with its columns' names; the head of a table is in its first row's source.
                row = [cell.rstrip(".") for cell in chunking.cells_of(item.quote)] if item.quote.startswith("|") else []
                told = bool(row) and all(cell in source for cell in row)
                assert told or item.quote.strip() in source, (reply.id, item.quote)
        found = parse(style.answer_of(reply.styled()), len(reply.sources))
        assert not found.invalid
        for sentence in found.sentences:
            cited = [f"{reply.sources[n - 1].heading}\n{reply.sources[n - 1].text}" for n in sentence.cites]
            missing = [what for what in unsupported(sentence.text, *cited, reply.product) if re.search(r"\d", what)]
            assert missing == [], (reply.id, sentence.text, missing)


def test_replies_and_messages_differ():
    assert chatdata.near_duplicates([reply.styled() for reply in REPLIES], threshold=0.6) == []
    assert chatdata.near_duplicates([reply.message for reply in REPLIES], threshold=0.5) == []
    bare = [re.sub(r"\d+|\b[A-Z]\w*", "", reply.styled()) for reply in REPLIES if reply.kind != "unanswerable"]
    assert len(set(bare)) == len(bare), "no reply differs from another by names and numbers only"


def test_no_message_is_nearly_a_question_of_the_course():
    questions = [question.question for question in corpus.load_questions()]
    assert chatdata.near_duplicates([reply.message for reply in REPLIES], questions, threshold=0.5) == []


def test_tickets_follow_their_schema():
    for reply in REPLIES:
        ticket = json.loads(reply.ticket())
        assert list(ticket) == ["product", "severity", "answer", "sources", "next_step"]
        assert ticket["severity"] in house_style.SEVERITIES
        assert all(1 <= number <= len(reply.sources) for number in ticket["sources"])
        assert bool(ticket["sources"]) == bool(reply.points)
        assert abstains(reply.ticket()) == (reply.kind == "unanswerable")


def test_diagnoses_name_cause_and_action_with_citations():
    made = [reply.diagnosis() for reply in REPLIES if reply.kind == "diagnosis"]
    assert len(made) >= 150
    for text in made:
        assert re.fullmatch(r"Cause: .+ (\[\d\])+\.\nAction: .+ (\[\d\])+\.", text), text
    assert all(reply.diagnosis() is None for reply in REPLIES if reply.kind != "diagnosis")


def test_the_sets_are_good_records_and_the_files_hold_them():
    for name in house_style.SETS:
        records = house_style.records(name, REPLIES)
        assert [problem for record in records if (problem := chatdata.problem(record))] == []
        assert chatdata.read_records(paths.datasets() / "house-style" / f"{name}.jsonl") == records, (
            "stale: python tools/build_house_style.py"
        )
    with_sources, without = (house_style.records(name, REPLIES[:1])[0] for name in ("style", "style-without-sources"))
    assert "[1] " in with_sources["messages"][1]["content"]
    assert without["messages"][1]["content"] == f"Question: {REPLIES[0].message}"
    assert not re.search(r"\[\d\]", without["messages"][2]["content"])
    with pytest.raises(CourseError, match="no set 'poems'"):
        house_style.records("poems", REPLIES)


def test_the_written_replies_are_those_that_are_used():
    folder = paths.datasets() / "house-style" / "written"
    written = {line["id"]: line for path in folder.glob("*.jsonl") for line in corpus.read_jsonl(path)}
    assert set(written) == {reply.id for reply in REPLIES}
    for reply in REPLIES:
        line = written[reply.id]
        assert (reply.message, reply.opening, reply.next_step) == (line["message"], line["opening"], line["next_step"])


def test_draws_are_nested_and_repeatable():
    few, many = house_style.draw(REPLIES, 50), house_style.draw(REPLIES, 200)
    assert many[:50] == few
    assert house_style.draw(REPLIES, 50, seed=1) != few


@pytest.mark.parametrize("change", [{"message": None}, {"kind": "poem"}, {"severity": "dire"}])
def test_a_line_of_another_form_is_refused(tmp_path, change):
    line = corpus.read_jsonl(paths.datasets() / "house-style" / "replies.jsonl")[0] | change
    line = {name: value for name, value in line.items() if value is not None}
    (tmp_path / "replies.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"replies\.jsonl, line 1"):
        house_style.load_replies(tmp_path / "replies.jsonl")
