"""The quiz: one right option, feedback at the click, and nothing in a notebook that changes from run to run."""

import pytest

from coursekit.errors import CourseError
from coursekit.quiz import Choice, Quiz, show_quiz


@pytest.fixture
def quiz():
    """A question with three options, the second right."""
    return Quiz(
        "Is 1 < 2?", [Choice("No", False, "Count."), Choice("Yes", True, "1 < 2."), Choice("Both", False, "One.")]
    )


def test_nothing_is_chosen_at_first(quiz):
    assert quiz.buttons.value is None
    assert quiz.feedback.value == ""
    assert "Is 1 &lt; 2?" in quiz.prompt.value
    assert [label for label, _ in quiz.buttons.options] == ["No", "Yes", "Both"]


def test_feedback_follows_the_choice(quiz):
    quiz.buttons.value = 0
    assert "Not quite. Count." in quiz.feedback.value
    quiz.buttons.value = 1
    assert "Right. 1 &lt; 2." in quiz.feedback.value
    assert "Not quite" not in quiz.feedback.value
    quiz.buttons.index = 2
    assert "Not quite. One." in quiz.feedback.value
    quiz.buttons.value = None
    assert quiz.feedback.value == ""


@pytest.mark.parametrize("right", [(False, False), (True, True)])
def test_exactly_one_option_is_right(right):
    with pytest.raises(CourseError, match="exactly one right option"):
        Quiz("Which?", [Choice(str(number), good, "") for number, good in enumerate(right)])


def test_show_quiz_puts_questions_below_each_other(quiz):
    other = Quiz("And?", [Choice("Yes", True, "")])
    assert show_quiz(quiz, other).children == (quiz.box, other.box)
    assert quiz.box.children == (quiz.prompt, quiz.buttons, quiz.feedback)
