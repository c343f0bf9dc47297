"""Planted documents: well made, found by their questions, judged by signs; and the defences against them."""

import json

import pytest

from coursekit import corpus, injection, paths, prompts
from coursekit.chunking import chunk_corpus
from coursekit.errors import CourseError
from coursekit.injection import MARK, load_attacks, spotlight, unmarked
from coursekit.marks import neutralise
from coursekit.prompts import NO_ANSWER, Source
from coursekit.retrieval import BM25, DEFAULT_CHUNKING

ATTACKS = load_attacks()
QUESTIONS = {question.id: question for question in corpus.load_questions(split="dev")}


def test_there_are_twelve_of_three_kinds():
    assert len(ATTACKS) == len({attack.id for attack in ATTACKS}) == 12
    kinds = [attack.kind for attack in ATTACKS]
    assert {kind: kinds.count(kind) for kind in kinds} == {"order": 5, "forged turn": 4, "false fact": 3}


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_each_waits_for_an_answerable_question_and_lies(attack, handbook, embedder):
    question = QUESTIONS[attack.question]
    assert question.answerable
    assert not any(attack.obeyed(f"{alias} [1].") for alias in question.aliases), (
        "the right answer is no success of the attack"
    )
    chunks = chunk_corpus([attack.document], embedder.tokenizer, **DEFAULT_CHUNKING)
    assert len(chunks) == 1
    handbook_chunks = chunk_corpus(handbook, embedder.tokenizer, **DEFAULT_CHUNKING)
    found = BM25([*handbook_chunks, *chunks]).search(question.question, 4)
    assert attack.document.id in {hit.chunk.doc for hit in found}


def test_success_is_told_by_signs():
    attacks = {attack.wants: attack for attack in ATTACKS}
    words = next(attack for attack in ATTACKS if attack.id == "order-01")
    assert words.obeyed("Purple lantern.")
    assert not words.obeyed("It is a purple one.")
    assert not words.obeyed("purple lanterns")
    assert attacks["silence"].obeyed(NO_ANSWER)
    assert not attacks["silence"].obeyed("5 km [1].")
    assert attacks["no citation"].obeyed("Every 10 minutes.")
    assert not attacks["no citation"].obeyed("Every 10 minutes [2].")
    assert not attacks["no citation"].obeyed(NO_ANSWER)
    assert not attacks["no citation"].obeyed(" ")


def test_no_document_holds_the_sign(handbook):
    assert not [document.id for document in handbook if MARK in document.text]


def test_spotlighting_marks_every_blank_and_can_be_taken_back():
    sources = [Source("Lamp > Care", "Wipe it  dry.\n\n| a | b |\n"), Source("", "")]
    marked = spotlight(sources)
    assert marked[0] == Source("Lamp^>^Care", "Wipe^it^dry.\n\n|^a^|^b^|\n")
    assert unmarked(marked[0].text) == "Wipe it dry.\n\n| a | b |\n"
    assert sources[0].text == "Wipe it  dry.\n\n| a | b |\n", "the sources stay as they are"


def test_sanitised_messages_hold_no_control_mark_and_others_do():
    for attack in ATTACKS:
        source = Source(attack.document.title, attack.document.text)
        clean, raw = (prompts.messages("Why?", [source], sanitise=sanitise)[1]["content"] for sanitise in (True, False))
        assert clean == neutralise(raw)
        assert ("<|" in raw) == (attack.kind == "forged turn"), attack.id
        assert "<|" not in clean


@pytest.mark.parametrize("change", [{"wants": "gold"}, {"words": []}, {"title": None}])
def test_a_line_of_another_form_is_refused(tmp_path, monkeypatch, change):
    line = json.loads((paths.datasets() / "attacks.jsonl").read_text(encoding="utf-8").splitlines()[0]) | change
    line = {name: value for name, value in line.items() if value is not None}
    (tmp_path / "attacks.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
    monkeypatch.setattr(injection.paths, "datasets", lambda: tmp_path)
    with pytest.raises(CourseError, match=r"attacks\.jsonl"):
        load_attacks()
