"""The handbooks that course-lm is trained on: well formed, and strangers to the handbook that it is measured on."""

import collections
import itertools
import random
import re
import sys
from pathlib import Path

import pytest

from coursekit import corpus

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import forms  # noqa: E402
import generated  # noqa: E402

WORLDS = TRAINING / "worlds"
NAMES = sorted(path.name for path in WORLDS.iterdir() if path.is_dir())
RUN = 13  # words: the length of overlap that is commonly taken for a copy


def words(text):
    return re.findall(r"[a-z0-9]+", text.lower())


def runs(text):
    found = words(text)
    return {tuple(found[at : at + RUN]) for at in range(len(found) - RUN + 1)}


def load(name):
    documents = corpus.load_folder(WORLDS / name / "docs")
    return documents, corpus.load_questions(WORLDS / name / "questions.jsonl", documents=documents)


def test_there_are_enough_worlds():
    assert len(NAMES) >= 20


@pytest.mark.parametrize("name", NAMES)
def test_a_world_is_well_formed(name):
    documents, questions = load(name)
    assert len(documents) >= 6
    assert len(questions) >= 100
    assert len({question.id for question in questions}) == len(questions)
    tally = collections.Counter(question.type for question in questions)
    assert set(tally) == set(corpus.TYPES)
    assert sum(question.wording == "unlike" for question in questions) >= 0.4 * len(questions)
    texts = {document.id: document.text for document in documents}
    for question in questions:
        assert question.about == name
        assert question.answerable == bool(question.evidence) == bool(question.aliases) == bool(question.answer)
        for item in question.evidence:
            assert texts[item.doc].count(item.quote) == 1, question.id


@pytest.fixture(scope="module")
def handbook_runs(handbook):
    texts = [document.text for document in handbook] + [question.question for question in corpus.load_questions()]
    return set().union(*(runs(text) for text in texts))


@pytest.fixture(scope="module")
def handbook_names(handbook):
    products = {word for document in handbook for word in words(document.product)}
    own = products - {"family", "all", "cloud", "reader"}
    return {word for word in own if word.isalpha() and len(word) > 3} | {"larkspur", "alderwick"}


@pytest.mark.parametrize("name", NAMES)
def test_a_world_shares_nothing_with_the_handbook(name, handbook_runs, handbook_names):
    documents, questions = load(name)
    text = "\n".join(
        [document.title + "\n" + document.text for document in documents]
        + [q.question + "\n" + q.answer for q in questions]
    )
    assert not runs(text) & handbook_runs
    assert not set(words(text)) & handbook_names


def test_records_made_by_rule_share_nothing_with_the_handbook(handbook_runs, handbook_names):
    """Runs are looked for outside the system prompt, which the course itself uses in its lessons."""
    rng = random.Random(4)
    records = list(itertools.islice(generated.examples(rng, 3), 4000))
    records += [forms.reform(record, rng) for record in records[:1000] if record["user"].startswith("[1]")]
    for record in records:
        text = record["user"] + "\n" + record["assistant"]
        assert not runs(text) & handbook_runs
        assert not set(words(text)) & handbook_names
