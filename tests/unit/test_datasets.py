"""The handbook, its revision and its questions keep what the datasheet promises."""

import collections
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coursekit import corpus, paths

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = {document.id: document for document in corpus.load_handbook()}
QUESTIONS = corpus.load_questions()
ANSWERABLE = [question for question in QUESTIONS if question.answerable]


def plain(text):
    return re.sub(r"\s+", " ", text).strip().lower()


def by_id(question):
    return question.id


def test_size_of_the_handbook():
    assert len(DOCUMENTS) >= 45
    assert sum(len(document.text.split()) for document in DOCUMENTS.values()) >= 25_000
    manuals = {document.product for name, document in DOCUMENTS.items() if name.endswith("manual")}
    assert len(manuals) >= 12


def test_front_matter_is_complete():
    for document in DOCUMENTS.values():
        assert document.title
        assert document.product
        assert document.family
        assert document.audience
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", document.effective), document.id
        assert document.text.startswith("# "), document.id
        assert document.text.endswith("\n")


def test_files_are_named_after_their_ids():
    for path in (paths.datasets() / "handbook").glob("*.md"):
        assert path.stem in DOCUMENTS


def test_documents_are_not_filled_templates():
    """No long sentence stands word for word in many documents, names and numbers apart."""
    seen = collections.defaultdict(set)
    for document in DOCUMENTS.values():
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", document.text):
            shape = re.sub(r"\b[A-Z][a-z]+\b|\d+(\.\d+)?", "_", sentence.strip())
            if len(shape.split()) >= 10 and not shape.startswith("|"):
                seen[shape].add(document.id)
    common = {shape: sorted(ids) for shape, ids in seen.items() if len(ids) > 3}
    assert not common


@pytest.mark.parametrize("question", ANSWERABLE, ids=by_id)
def test_every_quote_stands_at_its_span_and_every_alias_in_the_evidence(question):
    for item in question.evidence:
        assert DOCUMENTS[item.doc].text[item.start : item.end] == item.quote
    evidence = plain(" ".join(item.quote for item in question.evidence))
    derived = {plain(alias) for alias in question.derived}
    for alias in [*question.aliases, *(alias for group in question.also for alias in group)]:
        assert plain(alias) in evidence or plain(alias) in derived, alias
        assert plain(alias) not in plain(question.question), f"the question gives {alias!r} away"
        assert not re.fullmatch(r"\d+|yes|no", plain(alias)), f"{alias!r} is too bare"
    for group in [question.aliases, *question.also]:
        assert any(plain(alias) in plain(question.answer) for alias in group), (
            "the reference answer would be marked wrong"
        )


def test_two_fact_questions_need_two_documents():
    for question in QUESTIONS:
        if question.type == "two_fact":
            assert len({item.doc for item in question.evidence}) >= 2, question.id


def test_numbers_of_questions():
    assert len(QUESTIONS) >= 400
    test = collections.Counter(question.type for question in QUESTIONS if question.split == "test")
    assert all(test[kind] >= 30 for kind in corpus.TYPES), test
    assert sum(question.type == "unanswerable" for question in QUESTIONS) >= 70
    assert sum(question.wording == "unlike" for question in QUESTIONS) >= len(QUESTIONS) / 3


def test_unanswerable_questions_hold_nothing():
    for question in QUESTIONS:
        if not question.answerable:
            held = [*question.evidence, *question.aliases, *question.answer]
            assert not held, question.id
        else:
            assert question.evidence, question.id


def test_no_question_occurs_twice():
    texts = collections.Counter(re.sub(r"[^\w+]+", " ", question.question.lower()).strip() for question in QUESTIONS)
    assert not [text for text, times in texts.items() if times > 1]
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)


def test_ids_are_stable_in_form():
    """An id names family, type and a number of its own; it does not depend on the question's place in the file."""
    for question in QUESTIONS:
        assert re.fullmatch(rf"{question.about}-{question.type}-\d\d", question.id), question.id
        assert question.wording in ("plain", "unlike")


def test_splits_share_no_family():
    families = collections.defaultdict(set)
    for question in QUESTIONS:
        families[question.split].add(question.about)
        for item in question.evidence:
            families[question.split].add(DOCUMENTS[item.doc].family)
    assert set(families) == {"dev", "test"}
    assert not families["dev"] & families["test"]


def test_superseded_answers_come_from_the_newer_document():
    """The old value stands somewhere else in the family, in a document that took effect earlier."""
    for question in QUESTIONS:
        if question.type == "superseded":
            newest = max(DOCUMENTS[item.doc].effective for item in question.evidence)
            older = [d for d in DOCUMENTS.values() if d.family == question.about and d.effective < newest]
            assert older, question.id


def test_spans_and_revision_are_up_to_date():
    result = subprocess.run(
        [sys.executable, "tools/update_spans.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_revision_changes_thirty_facts():
    changes = corpus.load_changes("2027-01")
    revised = {document.id: document for document in corpus.load_handbook("2027-01")}
    assert len(changes) >= 30
    assert set(revised) == set(DOCUMENTS)
    for change in changes:
        assert DOCUMENTS[change["doc"]].text[change["old_start"] : change["old_end"]] == change["old"]
        assert revised[change["doc"]].text[change["new_start"] : change["new_end"]] == change["new"]
        assert change["old_value"] in change["old"]
        assert change["new_value"] in change["new"]
    assert sum(bool(change["questions"]) for change in changes) >= 30


def test_vectors():
    vectors = corpus.load_vectors()
    assert vectors.shape == (20_000, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (paths.datasets() / "vectors" / "passages.npy").stat().st_size <= 16_000_000
    assert len(np.unique(vectors.round(3), axis=0)) > 19_900, "the passages differ from each other"


def test_the_world_is_named_as_fictional():
    assert "fictional" in (paths.datasets() / "README.md").read_text(encoding="utf-8")


def test_the_datasheet_counts_right():
    result = subprocess.run([sys.executable, "tools/datasheet.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
