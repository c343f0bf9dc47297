"""The progress bar: in a real kernel a line of text that goes when the work is done, and no widget that a saved notebook would miss."""

import nbclient
import nbformat
import pytest

from coursekit.progress import progress_bar

WORK = """
import time
from coursekit import progress

progress.tqdm = lambda **given: real(**{**given, "delay": 0, "mininterval": 0})
from tqdm import tqdm as real

with progress.progress_bar(4, "baking") as bar:
    for _ in range(4):
        bar.update()
        time.sleep(0.02)
    if stop:
        raise KeyError("stopped")
"""


@pytest.fixture(scope="module")
def outputs():
    """The outputs of a cell whose bar came to its end, and of one that was stopped, as a notebook keeps them; all lines seen."""
    cells = [nbformat.v4.new_code_cell(f"stop = {stop}\n{WORK}") for stop in (False, True)]
    seen = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, cell_index):
            if message["msg_type"] in ("display_data", "update_display_data"):
                seen.append(message["content"]["data"].get("text/plain", ""))
            return super().process_message(message, cell, cell_index)

    book = nbformat.v4.new_notebook(cells=cells)
    Client(book, kernel_name="python3", allow_errors=True).execute(env={"COURSEKIT_PROGRESS": "1"})
    return [cell.outputs for cell in book.cells], seen


def test_a_notebook_shows_a_line_while_the_work_lasts(outputs):
    assert any("baking" in line and "2/4" in line for line in outputs[1])


@pytest.mark.parametrize("cell", [0, 1])
def test_nothing_is_left_of_it(outputs, cell):
    kept = [output for output in outputs[0][cell] if output.output_type != "error"]
    assert {output.output_type for output in kept} == {"display_data"}
    assert [dict(output.data) for output in kept] == [{"text/plain": ""}]


def test_an_error_goes_through(outputs):
    assert outputs[0][1][-1].ename == "KeyError"


def test_a_terminal_gets_its_line_on_stderr(capsys):
    with progress_bar(3, "baking", show=True) as bar:
        bar.delay = 0
        bar.refresh()
    assert "baking" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "show", "hidden"), [("0", None, True), ("1", None, False), ("0", True, False)])
def test_it_can_be_turned_off(monkeypatch, value, show, hidden):
    monkeypatch.setenv("COURSEKIT_PROGRESS", value)
    with progress_bar(3, "baking", show) as bar:
        assert bar.disable == hidden
