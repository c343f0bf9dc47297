"""The facts to train on: enough of them, each rests on the handbook, and none gives the course's questions away."""

import collections
import json
import subprocess
import sys

import pytest

from coursekit import chatdata, corpus, facts, paths
from coursekit.answer_evaluation import is_right
from coursekit.errors import CourseError
from coursekit.matching import stands_in

FACTS = facts.load_facts()
DOCUMENTS = {document.id: document for document in corpus.load_handbook()}


def test_there_are_enough_of_every_family():
    families = collections.Counter(fact.family for fact in FACTS)
    assert set(families) == {document.family for document in DOCUMENTS.values()}
    assert min(families.values()) >= 100
    assert sum(not fact.held_out for fact in FACTS) >= 800
    assert 0.15 <= sum(fact.held_out for fact in FACTS) / len(FACTS) <= 0.25
    assert sum(fact.term for fact in FACTS) >= 20
    assert len({fact.id for fact in FACTS}) == len(FACTS)


def test_each_rests_on_the_handbook():
    for fact in FACTS:
        assert DOCUMENTS[fact.doc].text.count(fact.quote) == 1, fact.id
        assert DOCUMENTS[fact.doc].family == fact.family
        assert any(stands_in(alias, fact.answer) for alias in fact.aliases), fact.id


def test_no_question_holds_its_answer_and_all_differ():
    asked = [question for fact in FACTS for question in fact.questions]
    assert len(set(asked)) == len(asked)
    for fact in FACTS:
        assert not any(stands_in(fact.aliases[0], question) for question in fact.questions), fact.id


def test_no_question_is_nearly_one_of_the_courses():
    asked = [question for fact in FACTS for question in fact.questions]
    questions = [question.question for question in corpus.load_questions()]
    assert [pair for pair in chatdata.near_duplicates(asked, questions, threshold=0.6) if pair[2] >= 0.6] == []


def test_facts_of_one_quote_are_on_one_side():
    sides = collections.defaultdict(set)
    for fact in FACTS:
        sides[fact.doc, fact.quote].add(fact.held_out)
    assert all(len(held) == 1 for held in sides.values())


def test_draws_are_nested_and_leave_the_held_out_ones():
    few, many = facts.trained(FACTS, 50), facts.trained(FACTS, 800)
    assert many[:50] == few
    assert not any(fact.held_out for fact in many)
    with pytest.raises(CourseError, match="There are"):
        facts.trained(FACTS, 10**6)


def test_records_and_questions():
    fact = FACTS[0]
    records = fact.records()
    assert len(records) == facts.TRAINED
    assert [chatdata.problem(record) for record in records] == [None] * 3
    assert records[0]["messages"][-1]["content"] == fact.answer
    [question] = fact.asked([4])
    assert question.question == fact.questions[4]
    assert is_right(question, fact.answer)


def test_revised_facts_stand_in_the_next_edition():
    """The new answer is in the new handbook and no longer the old one; facts that no change touches are left out."""
    later = {document.id: document.text for document in corpus.load_handbook("2027-01")}
    pairs = facts.revised(FACTS)
    assert len(pairs) >= 20
    assert len({old.id for old, _ in pairs}) == len(pairs)
    for old, new in pairs:
        assert (old.id, old.questions, old.held_out) == (new.id, new.questions, new.held_out)
        assert old.quote not in later[old.doc], old.id
        assert any(stands_in(alias, later[new.doc]) for alias in new.aliases), new.id
        [before], [after] = old.asked([0]), new.asked([0])
        assert is_right(after, new.answer)
        assert not is_right(after, old.answer)
        assert not is_right(before, new.answer)
    untouched = [fact for fact in FACTS if fact.quote in later[fact.doc]]
    assert facts.revised(untouched) == []


def test_the_file_is_made_from_what_was_written():
    script = paths.course_root() / "tools" / "build_facts.py"
    assert subprocess.run([sys.executable, str(script), "--check"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("change", [{"answer": None}, {"questions": ["one"]}, {"aliases": []}])
def test_a_line_of_another_form_is_refused(tmp_path, change):
    line = corpus.read_jsonl(paths.datasets() / "facts" / "facts.jsonl")[0] | change
    line = {name: value for name, value in line.items() if value is not None}
    (tmp_path / "facts.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    with pytest.raises(CourseError, match=r"facts\.jsonl, line 1"):
        facts.load_facts(tmp_path / "facts.jsonl")
