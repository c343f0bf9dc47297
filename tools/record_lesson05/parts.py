"""Values that take minutes, kept on disk, and where everything lies."""

import datetime
import functools
import hashlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from coursekit import paths, results

COMMAND = "python tools/record_lesson05"
WORK = paths.cache_folder() / "recorded-05"
RECORDED = paths.datasets() / "recorded"
ADAPTERS = paths.course_root() / "models" / "adapters"


def digest(value: object) -> str:
    """A short hash of a plain value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:12]


@functools.cache
def base_digest() -> str:
    """A short hash of course-lm's weights."""
    found = hashlib.sha256()
    for path in sorted((paths.course_root() / "models" / "course-lm").glob("*.safetensors")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


class Parts:
    """Values that take minutes, kept as files; remembers which ones a run has used, for its date, device and seconds."""

    made: ClassVar[set[Path]] = set()  # by this process: with `force`, nothing is made twice

    def __init__(self, force: bool) -> None:
        self.force, self.used = force, []

    def get(self, name: str, settings: dict, make: Callable[[], dict]) -> dict:
        """The value for a name and its settings, made now if it is not there yet."""
        path = WORK / "parts" / f"{name}-{digest(settings)}.json"
        if path.is_file() and not (self.force and path not in self.made):
            kept = json.loads(path.read_text(encoding="utf-8"))
        else:
            print(f"{datetime.datetime.now():%H:%M} {path.stem} ...", flush=True)
            begun = time.perf_counter()
            value = make()
            kept = {
                "settings": settings, "date": datetime.date.today().isoformat(), "device": results.device(),
                "seconds": round(time.perf_counter() - begun, 1), "value": value,
            }  # fmt: skip
            paths.write_text(path, json.dumps(kept, ensure_ascii=False, default=plain) + "\n")
            kept = json.loads(path.read_text(encoding="utf-8"))
        self.made.add(path)
        self.used.append(kept)
        return kept["value"]


def plain(value):
    """Numbers of NumPy as Python's own."""
    if hasattr(value, "item"):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be saved")
