"""A folder is replaced whole or not at all, and stays where nothing would change."""

import errno

import pytest

from coursekit.errors import CourseError
from coursekit.folders import new_folder, same


def write(folder, **files):
    """Write files through a fresh folder."""
    with new_folder(folder) as fresh:
        for name, text in files.items():
            (fresh / name).write_text(text)


def test_a_new_folder_takes_the_place_of_the_old_one(tmp_path):
    folder = tmp_path / "sub" / "model"
    write(folder, a="1", b="2")
    write(folder, a="1", c="2")
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"a": "1", "c": "2"}
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("files", "stays"),
    [
        ({"a": "1", "b": "2"}, True),
        ({"a": "1", "b": "3"}, False),
        ({"a": "1"}, False),
        ({"a": "1", "b": "2", "c": ""}, False),
    ],
)
def test_the_same_bytes_leave_the_old_folder_with_its_times(tmp_path, files, stays):
    folder = tmp_path / "model"
    write(folder, a="1", b="2")
    before = folder.stat().st_ino, (folder / "a").stat().st_mtime_ns
    write(folder, **files)
    assert ((folder.stat().st_ino, (folder / "a").stat().st_mtime_ns) == before) is stays
    assert {path.name for path in folder.iterdir()} == set(files)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            "The disk is full: 'model' was not saved, and what was there",
        ),
        (RuntimeError("PytorchStreamWriter failed: file write failed"), "The disk is full"),
    ],
)
def test_a_full_disk_leaves_the_old_folder(tmp_path, error, words):
    write(tmp_path / "model", a="1")

    def fill(fresh):
        (fresh / "a").write_text("2")
        raise error

    with pytest.raises(CourseError, match=words), new_folder(tmp_path / "model") as fresh:
        fill(fresh)
    assert (tmp_path / "model" / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_any_other_error_goes_on_as_it_is(tmp_path):
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "model"):
        raise KeyboardInterrupt
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "model"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_folders_inside_count_too(tmp_path):
    for name, text in (("one", "1"), ("two", "1"), ("three", "2")):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub" / "a").write_text(text)
    assert same(tmp_path / "one", tmp_path / "two")
    assert not same(tmp_path / "one", tmp_path / "three")
    assert not same(tmp_path / "none", tmp_path / "none"), "what is not there is not kept"
