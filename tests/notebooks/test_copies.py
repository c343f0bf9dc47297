"""The notebooks are what the build makes from the sources, and keep the rules of the course."""

import copy
import re
from pathlib import Path

import build_lessons
import nbformat
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = build_lessons.sources([])
# A learner's own notebook beside the lessons is no part of the course.
NOTEBOOKS = sorted(path for folder in ("solutions", "lessons") for path in (ROOT / folder).glob("[0-9][0-9]-*.ipynb"))
EXEMPT = {"nbval-ignore-output"}
WORDS = re.compile(r"[A-Za-z0-9']+")


def by_name(path):
    return path.stem


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_sources_and_copies():
    assert SOURCES
    assert len(NOTEBOOKS) == 2 * len(SOURCES)


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_copies_are_up_to_date(path):
    assert build_lessons.stale(path) == []


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_a_second_build_gives_the_same_bytes(path):
    first, second = (
        build_lessons.text_of(build_lessons.learners_copy(build_lessons.read_source(path))) for _ in range(2)
    )
    assert first == second


def test_a_hand_edited_copy_is_noticed(tmp_path, monkeypatch):
    path = SOURCES[0]
    notebook = build_lessons.read_source(path)
    for folder in ("solutions", "lessons"):
        (tmp_path / folder).mkdir()
    source = tmp_path / "solutions" / path.name
    source.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (source.with_suffix(".ipynb")).write_text(build_lessons.text_of(notebook), encoding="utf-8")
    lesson = tmp_path / "lessons" / f"{path.stem}.ipynb"
    lesson.write_text(build_lessons.text_of(build_lessons.learners_copy(notebook)), encoding="utf-8")
    monkeypatch.setattr(build_lessons, "ROOT", tmp_path)
    monkeypatch.setattr(build_lessons, "read_source", lambda _: copy.deepcopy(notebook))
    assert build_lessons.stale(source) == []
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("def ", "def  ", 1), encoding="utf-8")
    assert any("lessons/" in problem for problem in build_lessons.stale(source))
    edited = copy.deepcopy(notebook)
    code_cells(edited)[0].source += "\nprint('edited')"
    source.with_suffix(".ipynb").write_text(build_lessons.text_of(edited), encoding="utf-8")
    assert any("solutions/" in problem for problem in build_lessons.stale(source))


def test_a_source_is_built_again_when_the_kit_changes(tmp_path, monkeypatch):
    kit = tmp_path / "src" / "coursekit"
    kit.mkdir(parents=True)
    (kit / "one.py").write_text("from coursekit.two import x\n")
    (kit / "two.py").write_text("x = 1\n")
    (kit / "three.py").write_text("y = 1\n")
    monkeypatch.setattr(build_lessons, "ROOT", tmp_path)
    found = build_lessons.imported_modules("from coursekit import one", set())
    assert {path.name for path in found} == {"one.py", "two.py"}
    before = build_lessons.digest(sorted(found))
    (kit / "two.py").write_text("x = 2\n")
    assert build_lessons.digest(sorted(found)) != before


def test_notes_of_other_programs_make_nothing_stale(tmp_path, monkeypatch):
    path = SOURCES[0]
    (tmp_path / "solutions").mkdir()
    (tmp_path / "datasets").mkdir()
    source = tmp_path / "solutions" / path.name
    source.write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(build_lessons, "ROOT", tmp_path)
    before = build_lessons.read_source(source).metadata.coursekit.datasets
    (tmp_path / "datasets" / ".DS_Store").write_bytes(b"x")
    assert build_lessons.read_source(source).metadata.coursekit.datasets == before
    (tmp_path / "datasets" / "new.jsonl").write_text("{}")
    assert build_lessons.read_source(source).metadata.coursekit.datasets != before


def test_a_recorded_run_concerns_the_lesson_that_shows_it(tmp_path, monkeypatch):
    for name in ("solutions", "datasets/recorded"):
        (tmp_path / name).mkdir(parents=True)
    sources = [tmp_path / "solutions" / "01-other.py", tmp_path / "solutions" / "05-shows.py"]
    for source, code in zip(sources, ("print(1)", "from coursekit.results import load_recorded")):
        source.write_text(f"# %%\n{code}\n", encoding="utf-8")
    monkeypatch.setattr(build_lessons, "ROOT", tmp_path)
    before = [build_lessons.read_source(source).metadata.coursekit.datasets for source in sources]
    (tmp_path / "datasets" / "recorded" / "05-run.json").write_text("{}")
    after = [build_lessons.read_source(source).metadata.coursekit.datasets for source in sources]
    assert after[0] == before[0]
    assert after[1] != before[1]


def test_a_lesson_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["build_lessons.py", "99", "--check"])
    assert build_lessons.main() == 1
    assert "no such lesson" in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_notebook_is_valid_and_holds_no_paths(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    text = path.read_text(encoding="utf-8")
    assert str(ROOT) not in text
    assert not re.search(r"/home/|/Users/|/root/|/tmp/|[A-Z]:\\\\Users", text)
    assert "application/vnd.jupyter.widget-state+json" not in notebook.metadata.get("widgets", {})


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_every_solution_cell_ran_in_order(path):
    cells = [
        cell for cell in code_cells(nbformat.read(path.with_suffix(".ipynb"), as_version=4)) if cell.source.strip()
    ]
    # nbval compares nothing in a cell without an execution count.
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [output for cell in cells for output in cell.outputs if output.output_type == "error"]
    assert not [output for cell in cells for output in cell.outputs if output.get("name") == "stderr"], "a cell warns"


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_exempt_cells_are_few_and_say_why(path):
    cells = code_cells(build_lessons.read_source(path))
    tags = {tag for cell in cells for tag in cell.metadata.get("tags", [])}
    assert tags <= {*EXEMPT, "setup"}, "only these tags have a meaning here"
    exempt = [cell for cell in cells if EXEMPT & set(cell.metadata.get("tags", []))]
    assert all(len(cell.metadata.get("reason", "")) > 10 for cell in exempt)
    assert len(exempt) <= 0.1 * len(cells)
    assert not [cell for cell in cells if "NBVAL" in cell.source], "exempt cells carry a tag, not a comment"


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_learners_copy_has_no_solutions_and_no_outputs(path):
    notebook = nbformat.read(ROOT / "lessons" / f"{path.stem}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "BEGIN SOLUTION" not in text
    assert "BEGIN HIDDEN TESTS" not in text
    assert not [cell for cell in code_cells(notebook) if cell.outputs or cell.execution_count]
    graded = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert len(graded) >= 4, "a lesson has at least four exercises"
    assert all(cell.metadata.nbgrader.checksum and cell.metadata.editable is False for cell in graded)
    assert sum(cell.metadata.nbgrader.points for cell in graded) > 0


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_size_of_a_lesson(path):
    notebook = build_lessons.read_source(path)
    learners = code_cells(build_lessons.learners_copy(notebook))
    too_long = [cell.source for cell in learners if len(cell.source.splitlines()) > 25]
    assert not too_long, f"a learner's code cell has over 25 lines: {too_long[0][:80]}"
    assert 25 <= len(notebook.cells) <= 75
    prose = " ".join(
        re.sub(r"<details>.*?</details>", "", c.source, flags=re.S) for c in notebook.cells if c.cell_type == "markdown"
    )
    assert 800 <= len(WORDS.findall(prose)) <= 2600


@pytest.mark.parametrize("path", SOURCES, ids=by_name)
def test_frame_of_a_lesson(path):
    prose = "\n".join(
        cell.source for cell in build_lessons.read_source(path).cells if cell.cell_type == "markdown"
    ).lower()
    for part in ("you will be able to", "what you need", "minutes", "memory", "predict", "what you measured", "cannot show",
                 "take-away", "going further", "next", "<summary>hint</summary>", "<summary>stuck?</summary>"):  # fmt: skip
        assert part in prose, f"the lesson lacks its part {part!r}"


def test_budgets_name_every_notebook_and_stay_under_thirty_minutes():
    budgets = yaml.safe_load((ROOT / "tests" / "notebooks" / "budgets.yml").read_text(encoding="utf-8"))
    assert set(budgets) == {path.relative_to(ROOT).as_posix() for path in NOTEBOOKS}
    assert sum(budget["seconds"] for budget in budgets.values()) <= 30 * 60
