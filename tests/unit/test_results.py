"""A lesson's figures: saved whole, read back, the learner's own before the recorded ones."""

import datetime
import json

import numpy as np
import pytest

from coursekit import results
from coursekit.errors import CourseError


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """A small course with results of its own."""
    (tmp_path / "datasets" / "handbook").mkdir(parents=True)
    (tmp_path / "datasets" / "recorded").mkdir()
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    monkeypatch.setenv("COURSEKIT_RESULTS", str(tmp_path / "results"))
    return tmp_path


def test_round_trip_of_numpy_values(folders):
    path = results.save("01", {"a": np.float32(0.5), "b": np.arange(3), "c": [np.int64(2), "x"], "d": {"e": None}})
    assert path == folders / "results" / "01.json"
    record = results.load("01")
    assert record["figures"] == {"a": 0.5, "b": [0, 1, 2], "c": [2, "x"], "d": {"e": None}}
    assert record["lesson"] == "01"
    assert record["recorded"] is False
    assert record["date"] == datetime.date.today().isoformat()
    assert "cores" in record["device"]


def test_a_second_run_replaces_the_first():
    results.save("01", {"a": 1})
    results.save("01", {"b": 2})
    assert results.load("01")["figures"] == {"b": 2}


@pytest.mark.parametrize("value", [float("nan"), np.float64("inf"), np.array([1.0, np.nan]), {1, 2}, object()])
def test_a_value_that_json_cannot_keep(folders, value):
    results.save("01", {"a": 1})
    with pytest.raises(CourseError, match="lesson 01 hold a value that JSON cannot keep"):
        results.save("01", {"a": value})
    assert results.load("01")["figures"] == {"a": 1}


def test_recorded_figures_stand_in_and_own_ones_come_first(folders):
    with pytest.raises(CourseError, match="no figures of lesson 02 yet"):
        results.load("02")
    shipped = folders / "datasets" / "recorded" / "02.json"
    shipped.write_text(json.dumps({"lesson": "02", "figures": {"a": 1}, "date": "2026-01-01", "device": "x"}))
    assert results.load("02")["recorded"] is True
    assert results.load("02")["figures"] == {"a": 1}
    results.save("02", {"a": 2})
    assert results.load("02")["recorded"] is False
    assert results.load("02")["figures"] == {"a": 2}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"lesson": "03"}', b"\xff\xfe"])
def test_a_damaged_file(folders, content):
    (folders / "results").mkdir()
    (folders / "results" / "03.json").write_bytes(content)
    with pytest.raises(CourseError, match=r"03\.json with lesson 03's figures is damaged"):
        results.load("03")


def test_results_folder_that_cannot_be_made(folders, monkeypatch):
    (folders / "file").write_text("x")
    monkeypatch.setenv("COURSEKIT_RESULTS", str(folders / "file" / "results"))
    with pytest.raises(CourseError, match=r"01\.json could not be saved"):
        results.save("01", {"a": 1})


RECORDED = {
    "name": "05-x", "date": "2026-11-01", "device": "Linux, 2 cores", "command": "python tools/x.py", "settings": {"rank": 8},
    "seconds": 60,
    "figures": {"rows": [{"arm": "base", "right": [0.5, 0.251, 0.749], "steps": 3}, {"arm": "tuned", "right": None, "steps": 4}]},
}  # fmt: skip


def test_a_recorded_run_says_where_it_comes_from(folders):
    path = folders / "datasets" / "recorded" / "05-x.json"
    path.write_text(json.dumps(RECORDED))
    record = results.load_recorded("05-x")
    assert record == {name: value for name, value in RECORDED.items() if name != "seconds"}
    assert results.origin(record) == "Recorded on 2026-11-01 (Linux, 2 cores) by: python tools/x.py"
    table = results.recorded_table(record)
    assert table.to_dict("records") == [
        {"arm": "base", "right": "0.50 [0.25, 0.75]", "steps": 3},
        {"arm": "tuned", "right": "-", "steps": 4},
    ]


def test_a_recording_that_is_missing_or_damaged(folders):
    with pytest.raises(CourseError, match=r"There is no recording '05-x': run `git checkout -- datasets/recorded`"):
        results.load_recorded("05-x")
    path = folders / "datasets" / "recorded" / "05-x.json"
    for content in (
        "{",
        "[]",
        json.dumps({**RECORDED, "name": "05-x", "figures": None}).replace('"figures"', '"figure"'),
    ):
        path.write_text(content)
        with pytest.raises(CourseError, match=r"05-x\.json is damaged"):
            results.load_recorded("05-x")
