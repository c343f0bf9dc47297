"""The house style: each rule against replies that keep it and replies that break it."""

import pytest

from coursekit import style
from coursekit.citations import abstains
from coursekit.prompts import GROUNDED, NO_ANSWER, Source

QUESTION = "How long does my Tarnbeck 2 run without the sun?"
SOURCES = [Source("Tarnbeck 2 manual > Power", "It runs for 36 hours."), Source("Prices", "It costs 9 euros.")]
GOOD = """Tarnbeck 2: it bridges a dark day.
- It runs for 36 hours without the sun [1].
- A new cell costs 9 euros [2].
Next step: Wipe the panel when it is dusty.
Larkspur Support"""
NOTHING = f"Tarnbeck 2: {NO_ANSWER}\nNext step: Send us a photo of the label.\nLarkspur Support"


def broken(text, question=QUESTION):
    """The rules that a reply breaks."""
    return {name for name, kept in style.follows(text, question, SOURCES).items() if not kept}


def test_good_replies_keep_every_rule():
    assert broken(GOOD) == set()
    assert broken(NOTHING) == set()
    assert list(style.follows(GOOD, QUESTION, SOURCES)) == list(style.RULES)


@pytest.mark.parametrize(
    ("old", "new", "rules"),
    [
        ("Tarnbeck 2: it", "It", {"opening"}),
        ("Tarnbeck 2: it", "Skerrow 40: it", {"opening"}),
        ("dark day.", "dark day", {"opening"}),
        ("- It runs", "It runs", {"points", "next step"}),
        ("- A new cell costs 9 euros [2].", "- One [1].\n- Two [1].\n- Three [1].\n- Four [1].", {"points"}),
        (" sun [1].", " sun.", {"cited"}),
        (" sun [1].", " sun [7].", {"cited"}),
        (" sun [1].", " [1] sun.", {"cited"}),
        ("Next step: Wipe the panel when it is dusty.\n", "", {"next step"}),
        ("Next step: Wipe the panel when it is dusty.", "Next step: Wait.", {"next step"}),
        ("Larkspur Support", "Best wishes\nLarkspur Support", {"next step"}),
        ("\nLarkspur Support", "", {"sign-off"}),
        ("Wipe", "Kindly wipe", {"plain words"}),
    ],
)
def test_a_broken_rule_is_named(old, new, rules):
    assert old in GOOD
    assert broken(GOOD.replace(old, new)) == rules


def test_an_abstention_with_points_breaks_the_form():
    assert "points" not in broken(NOTHING)
    assert broken("Not in the sources.") == {"opening", "next step", "sign-off"}
    assert broken("It runs for 36 hours [1].") == {"opening", "points", "next step", "sign-off"}


def test_the_answer_without_its_frame():
    assert style.answer_of(GOOD) == "It runs for 36 hours without the sun [1].\nA new cell costs 9 euros [2]."
    assert style.answer_of("It runs for 36 hours [1].") == "It runs for 36 hours [1]."
    assert abstains(style.answer_of(NOTHING))
    assert abstains(style.answer_of(NO_ANSWER))
    assert style.answer_of("") == ""


def test_asking_back():
    asks = (
        "Which one do you have, the Tarnbeck 2 or the 2S?\nNext step: Look for the name on the lid.\nLarkspur Support"
    )
    assert style.asks_back(asks, SOURCES)
    assert not style.asks_back(GOOD, SOURCES)
    assert not style.asks_back(asks.replace("?", "."), SOURCES)
    assert not style.asks_back(asks.replace("Next step", "- It has 2 [1].\nNext step"), SOURCES)
    assert not style.asks_back(asks.replace("\nLarkspur Support", ""), SOURCES)


def test_the_prompts_examples_keep_the_rules():
    examples = style.EXAMPLES_PROMPT.split("Reply:\n")[1:]
    assert len(examples) == 2
    for example in examples:
        assert all(style.follows(example.split("\n\n")[0], "My Orrin 4 is dark.", SOURCES).values()), example
    assert style.RULES_PROMPT.startswith(GROUNDED)
    assert style.EXAMPLES_PROMPT.startswith(style.RULES_PROMPT)
