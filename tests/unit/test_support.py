"""What an answer's sentence states and its source does not hold."""

import random
import re

import pytest

from coursekit import corpus, support
from coursekit.support import codes, names, quantities, unsupported


@pytest.mark.parametrize(
    ("sentence", "source"),
    [
        ("It runs for 36 hours.", "A 36-hour charge."),
        ("It runs for 36 h.", "It runs for 36\u00a0hours."),
        ("It waits two minutes.", "Wait 2 min."),
        ("It waits 2 minutes.", "Wait two minutes."),
        ("The range is 900 m.", "| Range (m) |\n| 900 |"),
        ("It works from -30 °C.", "| −30 to 55 °C |"),
        ("Keep it at 20-24 °C.", "20 to 24 degrees"),
        ("It costs 42 euros.", "The fee is EUR 42."),
        ("It costs €42.", "The fee is 42 EUR."),
        ("1. Press the button.", "Press the button."),
        ("It takes 6,500 s.", "6500 seconds"),
        ("It takes 40 percent.", "40 per cent"),
        ("Call the 3rd number.", "Call the third number."),
        ("The Sorrel 300 shows E-17.", "Sorrel 300 > Errors\nE-17 means empty."),
        ("THE LAMP IS RED.", "the lamp is red"),
        ("Press it one of them.", ""),
        ("Yes, press Start.", "press start"),
        ("", ""),
    ],
)
def test_supported(sentence, source):
    assert unsupported(sentence, source) == []


@pytest.mark.parametrize(
    ("sentence", "source", "missing"),
    [
        ("It is 40.", "140 and 40X", ["40"]),
        ("It is 40.", "1.40 or 40.5 or 40,000", ["40"]),
        ("It runs for 36 hours.", "It runs for 36 days.", ["36 hours"]),
        ("It runs for 36 days.", "36 hours, and 5 days in winter", ["36 days"]),
        ("It works from -30 °C.", "It works from 30 °C.", ["-30 °c"]),
        ("It waits two minutes.", "Wait 3 minutes.", ["2 minutes"]),
        ("It shows E-17.", "E-170", ["E-17"]),
        ("The probe of the Tarnbeck fits.", "The probe of the Marlhope fits.", ["Tarnbeck"]),
        ("Send the LED back by Monday.", "Send it back.", ["LED", "Monday"]),
        ("Use the 40X for 40 days.", "Use the 60X for 60 days.", ["40 days", "40X"]),
    ],
)
def test_unsupported(sentence, source, missing):
    assert unsupported(sentence, source) == missing


def test_a_quote_stands_there_word_for_word():
    source = "A short press opens the Wi-Fi\nfor 15 minutes. After that it closes to save the battery."
    for quote in ("opens the Wi-Fi for 15 minutes", "“Opens the Wi-Fi”", "After that it closes."):
        assert support.is_quoted(quote, source), quote
    for quote in ("opens for 15 minutes", "the Wi-Fi for 1", "save the", "", "press opens the Wi-Fi of"):
        assert not support.is_quoted(quote, source), quote
    assert not support.is_quoted("for 15 minutes", "")


def test_missing_numbers():
    sources = ["The lamp of the P2 runs for 40 hours and weighs 1.5 kg.", "It costs 1,500 euros from 22:00 on."]
    assert support.missing_numbers("The P3 runs for 40 hours at 1,500 euros from 22:00, 1.5 kg.", sources) == []
    assert support.missing_numbers("4 hours, 5 kg, 4 times, 22:30.", sources) == ["4", "5", "22:30"]
    assert support.missing_numbers("It runs for 40 hours.", []) == ["40"]


def test_several_sources_count_together():
    assert unsupported("It runs 36 h and weighs 2 kg.", "36 hours", "2 kg") == []
    assert unsupported("It runs 36 h and weighs 2 kg.", "36 hours") == ["2 kg"]
    assert unsupported("It runs 36 h.") == ["36 h"]


def test_parts():
    assert [number for number, _, _ in quantities("From 6,500 s to 1.5 h at 14:30, E-17, 40X, v2")] == [
        "6500",
        "1.5",
        "14:30",
    ]
    assert codes("Show E-17 on the 40X by USB-C for 36-hour runs, 15-20, the LED.") == ["E-17", "40X", "USB-C", "LED"]
    assert names("The lamp of the Sorrel is held by Ann: Press it. Then wait until Monday.") == [
        "Sorrel",
        "Ann",
        "Monday",
    ]
    assert names("Press The Start Button Now") == []


def test_reference_answers_against_their_evidence():
    """Hardly one is flagged; answers that are calculated from two facts are, and rightly so."""
    documents = {document.id: document for document in corpus.load_handbook()}
    rng = random.Random(0)
    plain = flagged = changed = noticed = 0
    for question in corpus.load_questions(split="dev"):
        if not question.answerable or question.type == "two_fact":
            continue
        sources = [
            f"{documents[item.doc].title}\n{documents[item.doc].text[max(0, item.start - 300) : item.end + 200]}"
            for item in question.evidence
        ]
        plain += 1
        flagged += bool(unsupported(question.answer, *sources))
        numbers = list(re.finditer(r"(?<![\w.,-])\d+(?![\w.,]*\d)", question.answer))
        if numbers:
            place = rng.choice(numbers)
            wrong = (
                question.answer[: place.start()]
                + str(int(place[0]) + rng.choice([1, 3, 7, 11]))
                + question.answer[place.end() :]
            )
            changed += 1
            noticed += bool(unsupported(wrong, *sources))
    assert plain > 300
    assert changed > 150
    assert flagged / plain <= 0.06, f"{flagged} of {plain}"
    assert noticed / changed >= 0.85, f"{noticed} of {changed}"
