"""Who uses the course's own model server: a lock and a state file in the cache folder, shared by every process of the course.

Imports neither PyTorch nor openai: the small process that watches the server reads it too.
"""

import contextlib
import hashlib
import json
import platform
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import psutil

from coursekit import chat_models, paths
from coursekit.errors import CourseError

SAME_START = 2.0  # seconds by which two readings of a process's start may differ


def file_of(ending: str) -> Path:
    """A file of the server's. Its name holds the machine, as several may share a home folder, and the folder that it runs in."""
    machine = hashlib.sha256(f"{platform.node()}\0{chat_models.base_folder()}".encode()).hexdigest()[:8]
    return paths.cache_folder().resolve() / "server" / f"{machine}.{ending}"


@contextlib.contextmanager
def locked(wait: float = 600.0) -> Iterator[bool]:
    """Hold the lock, or give False when `wait` seconds did not suffice. The system frees it when a process dies.

    Raises:
        CourseError: the cache folder cannot be written to.
    """
    with _open_lock() as file:
        deadline = time.monotonic() + wait
        while not (held := _try_lock(file)) and time.monotonic() < deadline:
            time.sleep(0.05)
        try:
            yield held
        finally:
            if held:
                _unlock(file)


def _open_lock() -> BinaryIO:
    path = file_of("lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return open(path, "a+b")
    except OSError as error:
        raise CourseError(
            f"The cache folder cannot be written to ({error.strerror}): set COURSEKIT_CACHE to a folder of your own."
        ) from error


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _try_lock(file) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(file) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


def read_state() -> dict | None:
    """The state file, or None where there is none, or it is damaged.

    `port` and `token` are the server's, `processes` the watcher and what it started, `ready` says that it has answered, `users` are the
    processes that use it, and `loaded` the models that it has loaded, each with its version.
    """
    try:
        state = json.loads(file_of("json").read_text(encoding="utf-8"))
        return state if {"port", "token", "processes", "ready", "users", "loaded"} <= set(state) else None
    except (OSError, ValueError, TypeError):
        return None


def write_state(state: dict) -> None:
    """Replace the state file. Its lock is held by the caller."""
    paths.write_text(file_of("json"), json.dumps(state) + "\n")


def entry_of(pid: int) -> dict:
    """A process as the state file names it: by its start too, as the system gives a number to a new process later."""
    return {"pid": pid, "created": psutil.Process(pid).create_time()}


def alive(entry: dict) -> bool:
    """Whether a process of the state file still runs."""
    try:
        process = psutil.Process(entry["pid"])
        return abs(process.create_time() - entry["created"]) < SAME_START and lives(process)
    except psutil.AccessDenied:
        return True
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False


def lives(process: psutil.Process) -> bool:
    """Whether a process runs. One that has ended and only waits for its parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def users_of(state: dict | None) -> list[dict]:
    """The processes that use the server and still run."""
    return [entry for entry in (state or {}).get("users", []) if alive(entry)]


def loaded() -> dict[str, str]:
    """The models that the server has loaded, each with the version that was read."""
    with locked():
        return (read_state() or {}).get("loaded", {})


def note_loaded(name: str, signature: str | None) -> None:
    """Write down which version of a model the server has loaded; None takes all versions back."""
    with locked() as held:
        state = read_state()
        if held and state:
            loaded = {} if signature is None else {**state["loaded"], name: signature}
            write_state({**state, "loaded": loaded})
