"""Where the course keeps its files. Nothing here creates a folder until something is written to it."""

import os
import tempfile
from pathlib import Path

from coursekit.errors import CourseError


def course_root() -> Path:
    """The folder that holds `datasets/handbook`: `COURSE_ROOT`, the working folder or one above it, or the clone the kit runs from.

    Raises:
        CourseError: none of them holds the handbook.
    """
    named = os.environ.get("COURSE_ROOT")
    if named:
        candidates = [Path(named)]
    else:
        here = Path.cwd()
        candidates = [here, *here.parents, *Path(__file__).resolve().parents]
    for folder in candidates:
        if (folder / "datasets" / "handbook").is_dir():
            return folder.resolve()
    raise CourseError(
        "The course's files were not found: start in the cloned folder, or set COURSE_ROOT to the folder that holds `datasets/`."
    )


def datasets() -> Path:
    """The folder `datasets/`."""
    return course_root() / "datasets"


def cache_folder() -> Path:
    """Where embeddings and indexes are kept between runs: `COURSEKIT_CACHE`, or `.cache` in the course's folder."""
    named = os.environ.get("COURSEKIT_CACHE")
    return Path(named) if named else course_root() / ".cache"


def results_folder() -> Path:
    """Where a lesson saves the learner's own figures: `COURSEKIT_RESULTS`, or `results` in the course's folder."""
    named = os.environ.get("COURSEKIT_RESULTS")
    return Path(named) if named else course_root() / "results"


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a full disk or a killed process leaves the old file as it was.

    Raises:
        CourseError: the disk is full or the folder may not be written to.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise CourseError(
            f"{path.name} could not be saved ({error.strerror}): free some disk space or choose a folder that you may write to."
        ) from error
