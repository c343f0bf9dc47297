"""Marks found and counted, sentences with what they cite, and what counts as abstaining."""

import re

import pytest

from coursekit import citations, corpus
from coursekit.citations import abstains, parse
from coursekit.prompts import NO_ANSWER


@pytest.mark.parametrize(
    ("text", "valid", "invalid"),
    [
        ("It runs for 36 hours [1].", (1,), ()),
        ("It runs for 36 hours[2].", (2,), ()),
        ("Both [1][2].", (1, 2), ()),
        ("Both [1, 2].", (1, 2), ()),
        ("Both [1,2] and [ 3 ].", (1, 2, 3), ()),
        ("All [1-3].", (1, 2, 3), ()),
        ("All [1–3].", (1, 2, 3), ()),
        ("Both [1] and [2].", (1, 2), ()),
        ("Both [1 and 3].", (1, 3), ()),
        ("Twice [2]. Again [2].", (2,), ()),
        ("It runs for 36 hours [[2]].", (2,), ()),
        ("Both [[1], [2]].", (1, 2), ()),
        ("A link [[1]](https://example.org).", (), ()),
        ("In the order of the text [3] [1].", (3, 1), ()),
        ("None of ours [0] [5] [4].", (4,), (0, 5)),
        ("Too far [3-6].", (3, 4), (5, 6)),
        ("Backwards [3-1].", (3, 1), ()),
        ("Years [2020-2026].", (), (2020, 2021, 2022, 2023, 2024, 2025, 2026)),
        ("Endless [1-900000].", (1,), (900000,)),
        ("", (), ()),
        ("No mark, [x], [], [a1], [1.5] and (2).", (), ()),
        ("Take `x[0]` and ``y[1] ` z[2]``.", (), ()),
        ("```\nx[1]\n```\nDone [2].", (2,), ()),
        ("```\nx[1]", (), ()),
        ("See [1](https://example.org) and [2].", (2,), ()),
        ("A lone ` and then [1].", (1,), ()),
        ('```json\n{"answer": "36 hours [1]", "source": 1}\n```', (1,), ()),
        ('{"answer": "36 hours", "sources": [1, 2]}', (1, 2), ()),
    ],
)
def test_numbers(text, valid, invalid):
    found = parse(text, 4)
    assert (found.valid, found.invalid) == (valid, invalid)
    assert found.numbers == valid + invalid


def sentences(text):
    return [(sentence.text, sentence.cites) for sentence in parse(text, 9).sentences]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It runs 36 h [1]. It weighs 2 kg.", [("It runs 36 h.", (1,)), ("It weighs 2 kg.", ())]),
        ("It runs 36 h. [1] It weighs 2 kg. [2]", [("It runs 36 h.", (1,)), ("It weighs 2 kg.", (2,))]),
        ("It runs 36 h.[1] It weighs 2 kg.[2][3]", [("It runs 36 h.", (1,)), ("It weighs 2 kg.", (2, 3))]),
        ("It runs 36 h [1]. [2] says it weighs 2 kg.", [("It runs 36 h.", (1,)), ("[2] says it weighs 2 kg.", (2,))]),
        ("[1] It runs 36 h.", [("It runs 36 h.", (1,))]),
        ("It runs [1] for 36 h [2].", [("It runs for 36 h.", (1, 2))]),
        ("As in [1] and [2], it runs.", [("As in, it runs.", (1, 2))]),
        ("- Open it [1]\n- Shut it [2]", [("- Open it", (1,)), ("- Shut it", (2,))]),
        ("1. Open it. [1]\n2. Shut it. [2]", [("1. Open it.", (1,)), ("2. Shut it.", (2,))]),
        ("It runs 36 h.\n[1]", [("It runs 36 h.", (1,))]),
        ("It runs 36 h.\n\n[1] Manual\n[2] Memo", [("It runs 36 h.", ()), ("Manual", (1,)), ("Memo", (2,))]),
        ("Cited twice [1] here [1].", [("Cited twice here.", (1,))]),
        ("[3]", [("", (3,))]),
        ("", []),
        (" \n ", []),
    ],
)
def test_each_sentence_with_what_it_cites(text, expected):
    assert sentences(text) == expected


def test_the_text_without_marks():
    assert parse("It runs 36 h [1], at best [2][9].", 2).text == "It runs 36 h, at best."
    assert parse("Set `b[1]` to **40** [2].", 2).text == "Set `b[1]` to **40**."
    assert parse("hours[1]and", 1).text == "hours and"


def test_no_number_is_lost_and_none_is_invented():
    """Marks put into the reference answers come out again, and the text is the one from before."""
    answers = [question.answer for question in corpus.load_questions(split="dev") if question.answerable]
    for nth, answer in enumerate(answers):
        number = nth % 4 + 1
        marked = f"{answer} [{number}]" if nth % 2 else re.sub(r"\.(?= |$)", f" [{number}].", answer)
        found = parse(marked, 4)
        assert found.text == answer
        assert found.numbers == (number,)
        assert " ".join(sentence.text for sentence in found.sentences) == answer
        assert found.sentences[-1].cites == (number,)
    assert len(answers) > 400


def test_the_handbook_cites_nothing():
    for document in corpus.load_handbook():
        assert parse(document.text, 4).numbers == ()


@pytest.mark.parametrize("text", [
    NO_ANSWER, NO_ANSWER.lower(), NO_ANSWER.upper(), NO_ANSWER.rstrip("."), f'"{NO_ANSWER}"', f"“{NO_ANSWER}”", f"**{NO_ANSWER}**",
    f"{NO_ANSWER} [1]", f"{NO_ANSWER.rstrip('.')} [1][2].", f"  {NO_ANSWER}\n", f"- {NO_ANSWER}", f"1. {NO_ANSWER}", f"Answer: {NO_ANSWER}",
    f"**Answer:** {NO_ANSWER}", f"> {NO_ANSWER}",
    "The sources don't say.", "The sources don’t say.", "The sources do not say how long it lasts.",
    "The sources do not say whether the Sorrel 300 floats [2].",
    "The  sources\ndo not say.", f'{{"answer": "{NO_ANSWER}", "source": null}}',
    f'```json\n{{"answer": "{NO_ANSWER}", "sources": [1]}}\n```',
])  # fmt: skip
def test_abstains(text):
    assert abstains(text)


@pytest.mark.parametrize("text", [
    "", " ", "[1]", "It lasts 36 hours [1].", f"{NO_ANSWER} It lasts 36 hours [1].", f"It lasts 36 hours [1]. {NO_ANSWER}",
    "The sources do not say so, but it lasts 36 hours [1].", "The sources do not say when: it lasts 36 hours.", "The sources say 36 hours.",
    "The sources do not say how, but 36 hours is safe.", "The sources do not say how but 36 hours is safe.", "The sources do not sayings.",
    '{"answer": "36 hours", "source": 1}', '["The sources do not say."]', "36", "null",
])  # fmt: skip
def test_does_not_abstain(text):
    assert not abstains(text)


def test_no_reference_answer_abstains():
    assert not [question.id for question in corpus.load_questions() if abstains(question.answer)]


def test_a_long_text_is_parsed_at_once():
    """A model that repeats itself gives long texts; parsing them may not take quadratic time."""
    import time

    started = time.perf_counter()
    found = parse("`[1] and " * 5_000 + "[1-3] " * 5_000, 3)
    assert found.valid
    assert time.perf_counter() - started < 5


def test_numbers_that_exist_and_those_that_do_not():
    assert citations.existing([2, 7, 2, 0, 1], 4) == ((2, 1), (7, 0))
    assert citations.existing(iter([1]), 0) == ((), (1,))
    assert citations.existing([], 4) == ((), ())


def test_numbers_of_a_mark():
    assert citations.numbers_of("[1, 3]") == [1, 3]
    assert citations.numbers_of("[2-4]") == [2, 3, 4]
    assert citations.numbers_of("[2-4; 7 and 9]") == [2, 3, 4, 7, 9]
