"""Whether a value stands in a text: the rule that decides which answers are right."""

import pytest

from coursekit import corpus
from coursekit.answer_evaluation import is_right
from coursekit.corpus import Question
from coursekit.matching import normalise, stands_in


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("18 days", "It lasts 18 days."),
        ("18 days", "It lasts 18\u00a0 Days"),
        ("18 days", "It lasts **18** days."),
        ("18-day", "an 18\u2011day battery"),
        ("40", "40"),
        ("40", "It is 40, or so."),
        ("40", "It is 40."),
        ("40", "from 20-40 mm"),
        ("40", "(40)"),
        ("24 °C", "20\u201324 °C"),
        ("-30 °C", "down to \u221230 °C"),
        ("-30 °C", "(-30 °C)"),
        ("25 %", "25 %, then more"),
        ("±4 %", "about ±4 %."),
        ("15 µs", "15 μs"),
        ("E-17", "Error E-17: empty"),
        ("Station > Service", "open station > service now"),
        ("don't", "You don’t"),
        ("6,500 s", "6,500 s"),
        ("GRÜN", "grün"),
    ],
)
def test_stands_in(value, text):
    assert stands_in(value, text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("40", "140"),
        ("40", "1.40"),
        ("40", ".40"),
        ("40", "it is .40"),
        ("40", "1,40"),
        ("40", "40X"),
        ("40", "X40"),
        ("40", "40.5"),
        ("40", "40,000"),
        ("40", "-40"),
        ("40", "down to -40"),
        ("40", "400"),
        ("5 days", "15 days"),
        ("5 days", "2.5 days"),
        ("5 day", "5 days"),
        ("E-17", "E-170"),
        ("E-17", "FE-17"),
        ("-30 °C", "20-30 °C"),
        ("collar", "collars"),
        ("18 days", "18 and days"),
        ("", "anything"),
        ("  ", "anything"),
        ("a", ""),
    ],
)
def test_stands_not_in(value, text):
    assert not stands_in(value, text)


def test_normalising_twice_changes_nothing():
    for document in corpus.load_handbook()[:20]:
        once = normalise(document.text)
        assert normalise(once) == once


def test_a_right_answer_needs_one_of_each_list():
    question = Question("q", "how?", aliases=("4 seconds", "four seconds"), also=(("service mode",), ("LED", "lamp")))
    assert is_right(question, "Hold for four seconds in Service Mode until the lamp is on [1].")
    assert not is_right(question, "Hold for 4 seconds in service mode.")
    assert not is_right(question, "Hold for 14 seconds in service mode until the LED is on.")


def test_the_number_of_a_source_is_no_fact():
    question = Question("q", "how many?", aliases=("2",))
    assert not is_right(question, "Several [2].")
    assert not is_right(question, "Several [1, 2].")
    assert is_right(question, "It is 2 [1].")


def test_without_aliases_the_answer_itself_is_looked_for():
    assert is_right(Question("q", "how long?", answer="18 days"), "It lasts 18 days [1].")


def test_every_reference_answer_of_the_course_is_right_and_no_question_is():
    for question in corpus.load_questions():
        if question.answerable:
            assert is_right(question, question.answer), question.id
            assert not is_right(question, question.question), question.id
