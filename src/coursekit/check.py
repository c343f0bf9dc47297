"""Check cells: friendly in a lesson, strict under grading and in the course's own tests.

    with check("1.2"):
        assert chunks[0].start == 0, "The first chunk should begin at the title: is `start` 0?"

In a lesson the cell shows a pass or a hint and the notebook goes on. Where `NBGRADER_EXECUTION` or `COURSEKIT_STRICT` is set, a
failure is raised as by a plain assert.
"""

import html
import os
from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable)
_passed: set[str] = set()


def strict() -> bool:
    """Whether a failed check is raised instead of shown."""
    return bool(os.environ.get("NBGRADER_EXECUTION") or os.environ.get("COURSEKIT_STRICT"))


class Message:
    """A line of feedback: plain text for a terminal and a screen reader, a coloured bar in a notebook."""

    def __init__(self, text: str, colour: str) -> None:
        self.text, self.colour = text, colour

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        style = f"border-left: 0.4em solid {self.colour}; padding: 0.3em 0.8em; white-space: pre-wrap"
        return f'<div role="status" style="{style}">{html.escape(self.text)}</div>'


def show(text: str, colour: str) -> None:
    """Display a message in a notebook, or print it elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(text)
        return
    if get_ipython() is None:
        print(text)
    else:
        display(Message(text, colour))


class check:  # noqa: N801  (reads as a statement: `with check("1.2"):`)
    """A context manager for the asserts of one exercise, such as "1.2"."""

    def __init__(self, exercise: str) -> None:
        self.exercise = exercise

    def __enter__(self) -> "check":
        _passed.discard(self.exercise)
        return self

    def __exit__(self, kind, error, trace) -> bool:
        if error is None:
            _passed.add(self.exercise)
            show(f"Check {self.exercise}: passed.", "#009E73")
            return False
        if strict() or not isinstance(error, Exception):
            return False
        show(f"Check {self.exercise}: not yet. {hint(error)}", "#E69F00")
        return True


def hint(error: Exception) -> str:
    """One sentence from an exception: an assert's own message, or what stopped the learner's code."""
    if isinstance(error, AssertionError):
        return str(error) or "Something is not as it should be: compare your result with the text above."
    if isinstance(error, NameError):
        return f"{error}. Run the exercise's cell first, then this one."
    if isinstance(error, IndexError):
        return f"Your code stopped with IndexError: {error}. What should happen when nothing is left at the end?"
    where = (
        "Is there still a `...` to replace, or a `return` missing? "
        if "None" in str(error) or "ellipsis" in str(error)
        else ""
    )
    return f"{where}Your code stopped with {type(error).__name__}: {error}"


def passed(exercise: str) -> bool:
    """Whether the exercise's check has passed since the kernel started."""
    return exercise in _passed


def yours(exercise: str, mine: Function, kit: Function) -> Function:
    """Your function once its check has passed, the kit's until then, so that the rest of a lesson always works."""
    if passed(exercise):
        print(f"Using your own {kit.__name__}.")
        return mine
    print(f"Using the kit's {kit.__name__} until check {exercise} passes.")
    return kit
