"""A progress bar that leaves nothing behind: in a terminal a line, in a notebook a line of text among the outputs.

No widget: the state of one is gone when a saved notebook is opened again, and the page then shows an error in its place.
"""

import os
import sys

from tqdm import tqdm

WIDTH = 80  # characters; a notebook has no width that a program could ask for


def progress_bar(total: int, what: str, show: bool | None = None) -> tqdm:
    """A bar that appears only when the work takes more than two seconds, and goes when it is done.

    Args:
        total: how many steps the work has.
        what: the word before the bar.
        show: whether there is a bar; when left out there is, unless `COURSEKIT_PROGRESS=0`.
    """
    hidden = os.environ.get("COURSEKIT_PROGRESS") == "0" if show is None else not show
    where = {"file": _Output(), "ncols": WIDTH} if _in_notebook() else {}
    return tqdm(total=total, desc=what, disable=hidden, delay=2, leave=False, **where)


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and "IPKernelApp" in shell.config


class _Output:
    """A file of one line: what is written takes the place of what stood there."""

    def __init__(self) -> None:
        self.handle = None

    def write(self, text: str) -> None:
        """Show a line; blanks take it away."""
        from IPython.display import display

        shown = {"text/plain": text.strip()}
        if self.handle is not None:
            self.handle.update(shown, raw=True)
        elif text.strip():
            self.handle = display(shown, raw=True, display_id=True)

    def flush(self) -> None:
        """Nothing waits."""
