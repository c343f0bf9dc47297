"""The house style: each rule against answers that keep it and answers that break it."""

import pytest

from coursekit import style
from coursekit.citations import abstains
from coursekit.prompts import GROUNDED, NO_ANSWER, Source

SOURCES = [
    Source("Tarnbeck 2 manual > Power", "The Tarnbeck 2 runs for 36 hours."),
    Source("Prices", "It costs 9 euros."),
]
GOOD = "In short: The Tarnbeck 2 runs for **36** hours [1].\nWhere: Tarnbeck 2 manual > Power\nLarkspur support desk"


def broken(text):
    """The rules that an answer breaks."""
    return {name for name, kept in style.follows(text, SOURCES).items() if not kept}


def test_a_good_answer_keeps_every_rule():
    assert broken(GOOD) == set()
    assert list(style.follows(GOOD, SOURCES)) == list(style.RULES)


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("In short: ", "", {"label"}),
        ("In short: ", "In short ", {"label"}),
        ("hours [1].", "hours [1]. It is grey [1].", {"one sentence"}),
        ("hours [1].", "hours" + " and days" * 12 + " [1].", {"one sentence"}),
        (" [1]", "", {"cited", "where"}),
        (" [1]", " [7]", {"cited", "where"}),
        ("**36**", "36", {"bold"}),
        ("**36** hours", "**36 hours**", set()),
        ("Where: Tarnbeck 2 manual > Power", "Where: Prices", {"where"}),
        ("Where: Tarnbeck 2 manual > Power\n", "", {"where"}),
        ("Larkspur support desk", "Larkspur support desk.", {"closing", "one sentence", "cited"}),
        ("\nLarkspur support desk", "", {"closing"}),
    ],
)
def test_a_broken_rule_is_named(old, new, rules):
    assert old in GOOD
    assert broken(GOOD.replace(old, new)) == rules


def test_the_answer_without_its_frame():
    assert style.answer_of(GOOD) == "The Tarnbeck 2 runs for **36** hours [1]."
    assert style.answer_of("It runs for 36 hours [1].") == "It runs for 36 hours [1]."
    assert abstains(style.answer_of(f"In short: {NO_ANSWER}\nWhere: -\nLarkspur support desk"))
    assert style.answer_of("") == ""


def test_the_prompts_examples_keep_the_rules():
    lines = style.EXAMPLES_PROMPT.split("Answer:\n")[1:]
    sources = [Source("Service > Repairs", "x"), Source("Orrin 4 manual > Lamp", "x")]
    assert len(lines) == 2
    for example in lines:
        answer = example.split("\n\n")[0]
        assert all(style.follows(answer, sources).values()), answer
    assert style.RULES_PROMPT.startswith(GROUNDED)
    assert style.EXAMPLES_PROMPT.startswith(style.RULES_PROMPT)
