"""What a learner measured, kept for later lessons: one JSON file for each lesson, with its date and device.

`results/` holds the learner's own figures, `datasets/recorded/` those that ship with the course.
"""

import datetime
import json
import os
import platform
from pathlib import Path

import numpy as np

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
