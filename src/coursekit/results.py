"""What a learner measured, kept for later lessons: one JSON file for each lesson, with its date and device.

`results/` holds the learner's own figures, `datasets/recorded/` those that ship with the course.
"""

import datetime
import json
import os
import platform
from pathlib import Path

import numpy as np
import pandas as pd

from coursekit import paths
from coursekit.errors import CourseError


def device() -> str:
    """The machine in a few words, without its name: system, processor type and cores, and the GPU if there is one."""
    import torch

    parts = [platform.system(), platform.machine(), f"{os.cpu_count()} cores"]
    if torch.cuda.is_available():
        parts.append(torch.cuda.get_device_name())
    return ", ".join(parts)


def _plain(value):
    """Numbers of NumPy as Python's own; anything else is refused by `json`."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be saved")


def save(lesson: str, figures: dict) -> Path:
    """Save a lesson's figures, replacing those of an earlier run. Returns the file.

    Raises:
        CourseError: a value is not a number, text, list or dictionary, or the disk is full.
    """
    record = {"lesson": lesson, "date": datetime.date.today().isoformat(), "device": device(), "figures": figures}
    try:
        text = json.dumps(record, indent=2, default=_plain, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise CourseError(f"The figures of lesson {lesson} hold a value that JSON cannot keep ({error}).") from error
    path = paths.results_folder() / f"{lesson}.json"
    paths.write_text(path, text + "\n")
    return path


def load(lesson: str) -> dict:
    """A lesson's record: `lesson`, `date`, `device`, `figures`, and `recorded`, which is False for the learner's own.

    Raises:
        CourseError: neither the learner nor the course has figures for this lesson, or the file is damaged.
    """
    own = paths.results_folder() / f"{lesson}.json"
    shipped = paths.datasets() / "recorded" / f"{lesson}.json"
    path = own if own.exists() else shipped
    if not path.exists():
        raise CourseError(f"There are no figures of lesson {lesson} yet: run that lesson to its end first.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {**record, "figures": record["figures"], "recorded": path == shipped}
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(
            f"The file {path.name} with lesson {lesson}'s figures is damaged: delete it and run the lesson again."
        ) from error


def load_recorded(name: str) -> dict:
    """A run that was too long to be live, from `datasets/recorded/`: `name`, `date`, `device`, `command`, `settings` and `figures`.

    Raises:
        CourseError: there is no such recording, or its file is damaged.
    """
    path = paths.datasets() / "recorded" / f"{name}.json"
    if not path.exists():
        raise CourseError(f"There is no recording {name!r}: run `git checkout -- datasets/recorded`.")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return {key: record[key] for key in ("name", "date", "device", "command", "settings", "figures")}
    except (ValueError, KeyError, TypeError) as error:
        raise CourseError(f"The recording {path.name} is damaged: run `git checkout -- datasets/recorded`.") from error


def origin(record: dict) -> str:
    """One line that says where a recorded run comes from."""
    return f"Recorded on {record['date']} ({record['device']}) by: {record['command']}"


def recorded_table(record: dict) -> pd.DataFrame:
    """The rows of a recorded run as a table. A figure that was saved as `[value, low, high]` is shown as `0.71 [0.66, 0.76]`."""

    def shown(value):
        if isinstance(value, list):
            return f"{value[0]:.2f} [{value[1]:.2f}, {value[2]:.2f}]"
        return "-" if value is None else value

    return pd.DataFrame([{key: shown(value) for key, value in row.items()} for row in record["figures"]["rows"]])
