"""Records from prose: answers stand in their sources, numbers are right, and abstentions hold nothing of the answer."""

import collections
import lzma
import random
import re
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "models" / "training"))
import prose_patterns
import prose_pool
import prose_tasks
import prose_text

from coursekit.errors import CourseError
from coursekit.prompts import NO_ANSWER

THINGS = [
    "lantern",
    "kettle",
    "compass",
    "ledger",
    "anchor",
    "bucket",
    "saddle",
    "trumpet",
    "mirror",
    "basket",
    "hammer",
    "candle",
    "barrel",
    "needle",
    "pillow",
    "carpet",
]
PLACES = [
    "harbour",
    "cellar",
    "orchard",
    "chapel",
    "market",
    "quarry",
    "stable",
    "tower",
    "meadow",
    "bakery",
    "library",
    "station",
    "kitchen",
    "garden",
    "office",
    "depot",
]
NAMES = {thing.capitalize() + place for thing in THINGS for place in PLACES}
SHAPES = (
    "To mend the {a} hall, you should call the {c} before the end of the week.",
    "If the {a} hall leaks in winter, the {c} sends a letter to every member.",
    "When the {a} hall opens in spring, the {c} rings a bell at noon.",
    "The {a} hall is a small room that holds the tools of the {c}.",
    "The {a} hall provides dry wood to the {c} in every season.",
    "The {a} hall stays shut on Mondays because the {c} must count the keys.",
    "You can't enter the {a} hall without a ticket from the {c}.",
    "Use the {c} to clean the {a} hall after a storm.",
)


def prose(folder):
    rng, blocks = random.Random(0), []
    for thing in THINGS:
        for place in PLACES:
            lines = [shape.format(a=thing.capitalize() + place, c=rng.choice(THINGS)) for shape in SHAPES]
            lines = [line + " You must call somebody and you will mend, enter and clean it." for line in lines]
            blocks.append("\n".join(rng.sample(lines, 6)))
    path = folder / "prose.txt.xz"
    path.write_bytes(lzma.compress(("\n\n".join([*blocks, "1234 5678", "Copyright 2020 Somebody."])).encode()))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return prose(tmp_path_factory.mktemp("prose"))


@pytest.fixture(scope="module")
def records(file):
    stream = prose_tasks.examples(random.Random(7), file, sha256=None)
    return [next(stream) for _ in range(4000)]


def reading(records):
    return [record for record in records if record["task"].startswith("reading")]


def sources(record):
    above = record["user"].rpartition("\n\nQuestion: ")[0]
    return {int(number): text for number, text in re.findall(r"^\[(\d+)\] (.*\n.*)$", above, re.MULTILINE)}


def test_another_file_is_refused_in_one_sentence(file, tmp_path):
    with pytest.raises(CourseError, match="SHA-256"):
        next(prose_text.paragraphs(file))
    with pytest.raises(CourseError, match="no prose file"):
        next(prose_text.paragraphs(tmp_path / "none.xz"))


def test_paragraphs_are_cleaned(file):
    found = list(prose_text.paragraphs(file, sha256=None))
    assert len(found) == len(THINGS) * len(PLACES) * 6
    assert prose_text.clean("For more information, see Widgets.") == ""
    assert prose_text.clean("x " * 2000) == ""
    assert prose_text.clean("A  lamp[^1] glows , then stops.") == "A lamp glows, then stops."


def test_an_answer_stands_in_the_source_that_it_cites(records):
    others = 0
    for record in reading(records):
        others += len(record.get("more", ()))
        for user, answer in [(record["user"], record["assistant"]), *record.get("more", ())]:
            if answer == NO_ANSWER:
                continue
            found = sources({"user": user})
            number = int(re.search(r"\[(\d+)\]", answer)[1])
            assert number in found
            if "ource [" in answer:  # only the number was asked for
                continue
            said = re.sub(r" \[\d+\]\.$", "", answer)
            said = re.sub(r"^(Yes|No|Because),? ", "", said)
            assert said[1:].lower() in found[number].lower(), record
    assert others > len(reading(records)) / 2


def test_an_abstention_has_no_source_with_all_key_words(records):
    gone = [record for record in reading(records) if record["assistant"] == NO_ANSWER]
    assert 0.12 < len(gone) / len(reading(records)) < 0.3
    for record in gone:
        question = record["user"].rpartition("Question: ")[2]
        asked = set(re.findall(r"[A-Z][a-z]{7,}", question)) & NAMES
        assert not [text for text in sources(record).values() if asked and asked <= set(re.findall(r"\w+", text))], (
            record
        )


def test_copies_are_exact(records):
    for record in records:
        if record["task"].startswith("copy") and record["task"] not in ("copy quoted", "copy after mark"):
            assert record["assistant"] in record["user"]


def test_gold_stands_mostly_first_or_second(records):
    ranks = collections.Counter(
        re.search(r"\[(\d+)\]", record["assistant"])[1]
        for record in reading(records)
        if record["assistant"] != NO_ANSWER
    )
    assert (ranks["1"] + ranks["2"]) / ranks.total() > 0.6
    assert len(ranks) >= 4


def test_patterns_and_wordings_are_many(records):
    assert len(prose_patterns.PATTERNS) >= 10
    assert all(len(pattern.asks) >= 8 for pattern in prose_patterns.PATTERNS.values())
    assert len({record["task"] for record in reading(records)}) >= 8
    assert len({record["user"] for record in reading(records)}) > 0.95 * len(reading(records))


def test_a_stream_repeats_with_its_seed_and_is_fast(file):
    first, second = (prose_tasks.examples(random.Random(5), file, sha256=None) for _ in range(2))
    next(first), next(second)
    started = time.perf_counter()
    drawn = [next(first) for _ in range(2000)]
    assert time.perf_counter() - started < 2
    assert drawn == [next(second) for _ in range(2000)]


def test_held_out_documents_are_not_in_training(file):
    train, valid = (prose_pool.pool_of(file, sha256=None, split=split) for split in ("train", "valid"))
    assert len(valid.texts) == len(THINGS) * len(PLACES) // prose_pool.HELD_OUT
    assert not {str(text) for text in train.texts} & {str(text) for text in valid.texts}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("you want your file", "I want my file"),
        ("a tool that helps you", "a tool that helps me"),
        ("if you're late", "if I'm late"),
    ],
)
def test_the_asker_speaks_of_himself(text, expected):
    assert prose_text.to_asker(text) == expected
