"""Multiple-choice questions from plain ipywidgets: they work in JupyterLab, Notebook and Colab, and leave no random ids in a notebook."""

import dataclasses
import html
from collections.abc import Sequence

import ipywidgets as widgets

from coursekit.errors import CourseError


@dataclasses.dataclass(frozen=True)
class Choice:
    """One option, whether it is right, and what to say when it is chosen."""

    text: str
    right: bool
    why: str


class Quiz:
    """One question. `show_quiz(Quiz("…", [Choice(…), …]))` displays it; feedback appears as soon as an option is chosen."""

    def __init__(self, question: str, choices: Sequence[Choice]) -> None:
        if sum(choice.right for choice in choices) != 1:
            raise CourseError(f"The quiz question {question[:40]!r} needs exactly one right option.")
        self.question, self.choices = question, list(choices)
        self.prompt = widgets.HTML(f"<b>{html.escape(question)}</b>")
        self.buttons = widgets.RadioButtons(
            options=[(choice.text, number) for number, choice in enumerate(choices)],
            value=None,
            layout={"width": "max-content"},
        )
        self.feedback = widgets.HTML()
        self.buttons.observe(self._answered, names="value")
        self.box = widgets.VBox([self.prompt, self.buttons, self.feedback])

    def _answered(self, change: dict) -> None:
        if change["new"] is None:
            self.feedback.value = ""
            return
        choice = self.choices[change["new"]]
        verdict = "Right." if choice.right else "Not quite."
        self.feedback.value = f'<div role="status">{verdict} {html.escape(choice.why)}</div>'


def show_quiz(*questions: Quiz) -> widgets.VBox:
    """All questions below each other."""
    return widgets.VBox([question.box for question in questions])
