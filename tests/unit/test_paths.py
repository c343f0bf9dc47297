"""Where files are looked for, and files that are written whole or not at all."""

import os
from pathlib import Path

import pytest

from coursekit import paths
from coursekit.errors import CourseError

CLONE = Path(__file__).resolve().parents[2]


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A working folder outside the clone, with no variable set."""
    for name in ("COURSE_ROOT", "COURSEKIT_CACHE", "COURSEKIT_RESULTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path.resolve()


def test_root_is_the_working_folder_or_one_above_it(elsewhere, monkeypatch):
    (elsewhere / "datasets" / "handbook").mkdir(parents=True)
    (elsewhere / "lessons" / "deep").mkdir(parents=True)
    assert paths.course_root() == elsewhere
    monkeypatch.chdir(elsewhere / "lessons" / "deep")
    assert paths.course_root() == elsewhere
    assert paths.datasets() == elsewhere / "datasets"
    assert paths.cache_folder() == elsewhere / ".cache"
    assert paths.results_folder() == elsewhere / "results"


def test_root_is_the_clone_that_the_kit_runs_from(elsewhere):
    assert paths.course_root() == CLONE


def test_course_root_names_the_only_place(elsewhere, monkeypatch):
    (elsewhere / "datasets" / "handbook").mkdir(parents=True)
    monkeypatch.setenv("COURSE_ROOT", str(elsewhere / "other"))
    with pytest.raises(CourseError, match="set COURSE_ROOT"):
        paths.course_root()
    monkeypatch.setenv("COURSE_ROOT", str(elsewhere))
    assert paths.course_root() == elsewhere


def test_cache_and_results_can_be_elsewhere(elsewhere, monkeypatch):
    monkeypatch.setenv("COURSEKIT_CACHE", "/a/cache")
    monkeypatch.setenv("COURSEKIT_RESULTS", "/a/results")
    assert paths.cache_folder() == Path("/a/cache")
    assert paths.results_folder() == Path("/a/results")


def test_write_text_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "new" / "a.txt"
    paths.write_text(path, "one\n")
    paths.write_text(path, "zwei °\n")
    assert path.read_bytes() == "zwei °\n".encode()
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


def test_write_text_below_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(CourseError, match=r"a\.txt could not be saved"):
        paths.write_text(tmp_path / "file" / "a.txt", "one")


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    paths.write_text(path, "old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(CourseError, match="No space left on device"):
        paths.write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
