"""Folders that are written whole or not at all."""

import contextlib
import errno
import filecmp
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coursekit.errors import CourseError


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full: in Python's words, in those of safetensors, or in those of torch."""
    return getattr(error, "errno", None) == errno.ENOSPC or any(
        words in str(error) for words in ("No space left", "file write failed")
    )


@contextlib.contextmanager
def full_disk(sentence: str) -> Iterator[None]:
    """Say a sentence where the disk is full; any other error goes on as it is.

    Raises:
        CourseError: the disk is full.
    """
    try:
        yield
    except Exception as error:
        if is_full(error):
            raise CourseError(sentence) from error
        raise


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A fresh folder to write to, which takes the place of `folder` once it is whole.

    Where both hold the same bytes the old one stays, with its times: a server that has read it need not read it again.

    Raises:
        CourseError: the disk is full. What was there before stays, and nothing half-written is left.
    """
    with full_disk(f"The disk is full: {folder.name!r} was not saved, and what was there before stays."):
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            yield fresh
            if not same(folder, fresh):
                shutil.rmtree(folder, ignore_errors=True)
                fresh.rename(folder)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)


def same(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files with the same bytes, folders inside them included."""
    names, others = _files(one), _files(other)
    if not names or names != others:
        return False
    alike, _, _ = filecmp.cmpfiles(one, other, names, shallow=False)
    return len(alike) == len(names)


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
