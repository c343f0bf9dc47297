"""Make the notebooks from their one source, `solutions/NN-name.py`.

    python tools/build_lessons.py [NN ...] [--force] [--check]

Each source becomes `solutions/NN-name.ipynb`, executed, and `lessons/NN-name.ipynb`, the learner's copy: solutions cut out, hidden
tests and outputs removed, check cells locked. A solution runs again only when its source, the datasets, a part of the kit that it
imports or, where it asks the course's model, that model has changed. `--check` writes nothing and says which copies are stale.
"""

import argparse
import ast
import copy
import hashlib
import os
import sys
import tempfile
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CODE_STUB = "..."


def sources(numbers: list[str]) -> list[Path]:
    """The sources to build, in order; all of them where no number is given."""
    found = sorted((ROOT / "solutions").glob("[0-9][0-9]-*.py"))
    return [path for path in found if not numbers or path.name[:2] in numbers]


def imported_modules(text: str, seen: set[Path]) -> set[Path]:
    """The kit's files that a piece of Python imports, directly or through each other."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "coursekit":
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.split(".")[0] == "coursekit"]
        else:
            continue
        for name in names:
            path = ROOT / "src" / Path(*name.split(".")).with_suffix(".py")
            if path.is_file() and path not in seen:
                seen.add(path)
                imported_modules(path.read_text(encoding="utf-8"), seen)
    return seen


def digest(paths: list[Path]) -> str:
    """A short hash of files, names included; line ends count as one character on every system."""
    result = hashlib.sha256()
    for path in sorted(paths):
        result.update(
            path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0"
        )
    return result.hexdigest()[:16]


def hidden(path: Path) -> bool:
    """Whether a file is a program's own note, such as `.DS_Store` or a copy in `.ipynb_checkpoints`."""
    return any(part.startswith(".") for part in path.parts)


def read_source(path: Path) -> NotebookNode:
    """The notebook of a source, without outputs, with fixed cell ids and a note of what it was made from."""
    notebook = jupytext.read(path)
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    data = [
        file
        for file in (ROOT / "datasets").rglob("*")
        if file.is_file() and file.name != "README.md" and not hidden(file.relative_to(ROOT))
    ]
    if "load_recorded" not in code:  # a recorded run concerns only the lesson that shows it
        data = [file for file in data if file.parent.name != "recorded"]
    kit = imported_modules(code, set())
    if ROOT / "src" / "coursekit" / "serving.py" in kit:  # the lesson's answers come from the course's model
        data += [
            file
            for file in (ROOT / "models" / "course-lm").iterdir()
            if file.suffix in (".safetensors", ".json", ".jinja") and file.name != "figures.json"
        ]
    notebook.metadata = nbformat.from_dict({
        "kernelspec": KERNEL,
        "language_info": {"name": "python"},
        "coursekit": {
            "source": digest([path]),
            "kit": digest(sorted(kit)),
            "datasets": digest(data),
        },
    })  # fmt: skip
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells):
        cell.id = f"{path.name[:2]}-{number:03d}"
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader = {"schema_version": 3, "points": 0, **cell.metadata.nbgrader}
            if not cell.metadata.nbgrader["grade"]:
                del cell.metadata.nbgrader["points"]
    return notebook


def learners_copy(notebook: NotebookNode) -> NotebookNode:
    """What a learner gets, made by nbgrader's own preprocessors."""
    from nbgrader.preprocessors import (
        CheckCellMetadata,
        ClearHiddenTests,
        ClearOutput,
        ClearSolutions,
        ComputeChecksums,
        LockCells,
    )

    config = Config()
    config.ClearSolutions.code_stub = {"python": CODE_STUB}
    notebook = copy.deepcopy(notebook)
    for step in (CheckCellMetadata, LockCells, ClearSolutions, ClearHiddenTests, ClearOutput, ComputeChecksums):
        notebook, _ = step(config=config).preprocess(notebook, {})
    for cell in notebook.cells:
        # Our own notes on a cell (which kit function it mirrors, why its output is not compared) are no concern of a learner's.
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in ("nbgrader", "deletable", "editable") if key in cell.metadata}
        )
    return notebook


def execute(notebook: NotebookNode) -> NotebookNode:
    """Run a notebook from solutions/ as the course's own tests do: strict checks, no progress bars, results set aside."""
    from nbclient import NotebookClient

    notebook = copy.deepcopy(notebook)
    with tempfile.TemporaryDirectory() as results:
        settings = {
            "COURSEKIT_STRICT": "1",
            "COURSEKIT_PROGRESS": "0",
            "COURSEKIT_RESULTS": results,
            "HF_HUB_OFFLINE": "1",
        }
        client = NotebookClient(
            notebook, timeout=1200, kernel_name="python3", store_widget_state=False, record_timing=False, coalesce_streams=True,
            resources={"metadata": {"path": str(ROOT / "solutions")}},
        )  # fmt: skip
        client.execute(env={**os.environ, **settings})
    notebook.metadata.language_info = {"name": "python"}
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """The bytes of a notebook's file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1) + "\n"


def without_outputs(notebook: NotebookNode) -> str:
    """A notebook's text with outputs and execution counts removed, to compare what was run with what would be run."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return text_of(notebook)


def stale(path: Path) -> list[str]:
    """What is wrong with the two copies of a source: an empty list when both are up to date."""
    notebook = read_source(path)
    solution, lesson = path.with_suffix(".ipynb"), ROOT / "lessons" / f"{path.stem}.ipynb"
    problems = []
    if not solution.exists():
        problems.append(f"{solution.name} is missing from solutions/")
    elif without_outputs(nbformat.read(solution, as_version=4)) != without_outputs(notebook):
        problems.append(f"solutions/{solution.name} is stale or was edited by hand")
    if not lesson.exists() or lesson.read_text(encoding="utf-8") != text_of(learners_copy(notebook)):
        problems.append(
            f"lessons/{lesson.name} is missing, stale, or was worked in (`git restore lessons` brings back the empty copy)"
        )
    return problems


def build(path: Path, force: bool) -> None:
    """Write both copies of a source where they are stale."""
    notebook = read_source(path)
    solution, lesson = path.with_suffix(".ipynb"), ROOT / "lessons" / f"{path.stem}.ipynb"
    same = solution.exists() and without_outputs(nbformat.read(solution, as_version=4)) == without_outputs(notebook)
    if force or not same:
        print(f"running {path.name} ...", flush=True)
        solution.write_text(text_of(execute(notebook)), encoding="utf-8", newline="\n")
    lesson.parent.mkdir(exist_ok=True)
    lesson.write_text(text_of(learners_copy(notebook)), encoding="utf-8", newline="\n")
    print(f"{path.stem}: {'ran again' if force or not same else 'up to date'}")


def main() -> int:
    """Build or check; returns 1 where a check found a stale copy, or no lesson has such a number."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", metavar="NN", help="lessons to build, such as 01 (default: all)")
    parser.add_argument("--force", action="store_true", help="run every solution again, even where nothing changed")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where a copy is stale")
    arguments = parser.parse_args()
    chosen = sources(arguments.numbers)
    if not chosen:
        print("There is no such lesson: give its two digits, such as 01.")
        return 1
    if arguments.check:
        problems = [problem for path in chosen for problem in stale(path)]
        print("\n".join(problems) or "all copies are up to date")
        return 1 if problems else 0
    for path in chosen:
        build(path, arguments.force)
    return 0


if __name__ == "__main__":
    sys.exit(main())
