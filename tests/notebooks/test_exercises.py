"""Each exercise is proven outside its notebook: the stub and plausible wrong answers fail with a hint that fits, the reference passes.

The wrong answers are the files in wrong/: `1-2-what-goes-wrong.py`, whose first line names words that the hint must hold.
"""

import ast
import functools
import importlib
import inspect
import re
import textwrap
from pathlib import Path

import build_lessons
import pytest

from coursekit import check as checks

WRONG = Path(__file__).parent / "wrong"


@functools.cache
def lesson(path):
    """A source's notebook and its learner's copy."""
    notebook = build_lessons.read_source(path)
    return notebook, build_lessons.learners_copy(notebook)


def graded(notebook, prefix):
    """Cells by the number in their grade id: {"1-2": cell}."""
    cells = {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}
    return {name.removeprefix(prefix): cell for name, cell in cells.items() if name.startswith(prefix)}


EXERCISES = [
    pytest.param(path, number, id=number)
    for path in build_lessons.sources([])
    for number in graded(lesson(path)[0], "exercise-")
]  # fmt: skip


@functools.cache
def setup(path):
    """What the setup cells define, run once for each lesson."""
    space = {"__name__": "lesson"}
    for cell in lesson(path)[0].cells:
        if "setup" in cell.metadata.get("tags", []):
            exec(compile(cell.source, f"{path.stem} setup", "exec"), space)
    return space


def attempt(path, answer, check_cell, monkeypatch):
    """The failure of a check cell for an answer, or None when it passes."""
    monkeypatch.setenv("COURSEKIT_STRICT", "1")
    space = dict(setup(path))
    exec(compile(answer, "answer", "exec"), space)
    try:
        exec(compile(check_cell.source, "check", "exec"), space)
    except Exception as error:
        return error
    return None


def code_lines(cell):
    """The lines of a reference solution that would give it away."""
    body = cell.source.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0]
    return [line.strip() for line in body.splitlines() if len(line.strip()) >= 12 and not line.strip().startswith("#")]


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_reference_passes(path, number, monkeypatch):
    notebook, _ = lesson(path)
    error = attempt(path, graded(notebook, "exercise-")[number].source, graded(notebook, "check-")[number], monkeypatch)
    assert error is None, error


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_stub_fails_with_a_hint(path, number, monkeypatch):
    notebook, copy = lesson(path)
    stub = graded(copy, "exercise-")[number].source
    assert build_lessons.CODE_STUB in stub
    error = attempt(path, stub, graded(copy, "check-")[number], monkeypatch)
    assert isinstance(error, AssertionError), "the first assert should meet a stub, which returns None"
    assert len(str(error)) > 20
    assert not [line for line in code_lines(graded(notebook, "exercise-")[number]) if line in str(error)]


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_stub_lets_the_lesson_go_on(path, number, monkeypatch, capsys):
    monkeypatch.delenv("COURSEKIT_STRICT", raising=False)
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    _, copy = lesson(path)
    space = dict(setup(path))
    exec(graded(copy, "exercise-")[number].source, space)
    exec(graded(copy, "check-")[number].source, space)
    assert "not yet" in capsys.readouterr().out
    assert not checks.passed(number.replace("-", "."))


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_check_is_tied_to_its_exercise(path, number):
    notebook, _ = lesson(path)
    assert f'check("{number.replace("-", ".")}")' in graded(notebook, "check-")[number].source


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_wrong_answers_fail_with_a_hint_that_fits(path, number, monkeypatch):
    notebook, copy = lesson(path)
    answers = sorted(WRONG.glob(f"{number}-*.py"))
    assert len(answers) >= 2, f"exercise {number} needs two wrong answers"
    for file in answers:
        text = file.read_text(encoding="utf-8")
        wanted = re.match(r"# hint: (.+)", text)
        assert wanted, f"{file.name}: the first line names the words of the hint"
        # The learner's copy of the check, without hidden tests: this is the hint that a learner sees.
        error = attempt(path, text, graded(copy, "check-")[number], monkeypatch)
        assert error is not None, f"{file.name} passes"
        hint = checks.hint(error)
        assert wanted[1].strip().lower() in hint.lower(), f"{file.name} got the hint {hint!r}"
        given_away = [line for line in code_lines(graded(notebook, "exercise-")[number]) if line in hint]
        assert not given_away, f"the hint for {file.name} holds a line of the solution"


def test_every_wrong_answer_belongs_to_an_exercise():
    numbers = {parameter.values[1] for parameter in EXERCISES}
    strays = [
        path.name for path in WRONG.glob("*.py") if not any(path.name.startswith(f"{number}-") for number in numbers)
    ]
    assert not strays


def bare(function: ast.FunctionDef) -> str:
    """A function's code without docstring, annotations and decorators."""
    function.decorator_list, function.returns = [], None
    for argument in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]:
        argument.annotation = None
    if ast.get_docstring(function) is not None:
        function.body = function.body[1:]
    return ast.dump(function)


@pytest.mark.parametrize(("path", "number"), EXERCISES)
def test_reference_and_kit_are_the_same_code(path, number):
    cell = graded(lesson(path)[0], "exercise-")[number]
    module, name = cell.metadata["kit"].rsplit(".", 1)
    kit = getattr(importlib.import_module(f"coursekit.{module}"), name)
    mine = [node for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in mine] == [name]
    theirs = ast.parse(textwrap.dedent(inspect.getsource(kit))).body[0]
    assert bare(mine[0]) == bare(theirs)
