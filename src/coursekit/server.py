"""The course's own model server: `transformers serve` on the loopback address, one for all processes that use the same cache folder.

A state file says who uses it. The last process to leave stops it; a small watching process does so where a kernel was killed and could
not. The watcher imports neither PyTorch nor openai, so that it costs little memory.
"""

import contextlib
import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

from coursekit import chat_models, server_state
from coursekit.errors import CourseError

HOST = "127.0.0.1"
POLL = 2.0  # seconds between two looks at who is still there
START_LIMIT = 300  # seconds for a start: about 5 on an idle machine with two cores, many more on a busy one
PORT_LIMIT = 1.0  # seconds in which a killed server's port becomes free
BUSY_LIMIT = 30  # seconds that a living server may leave /health unanswered, as while it loads a model


def log_path() -> Path:
    """What the server and its watcher print; begun anew at each start."""
    return server_state.file_of("log")


def healthy(port: int, timeout: float = 5.0) -> bool:
    """Whether the server answers at /health. Proxies of the environment are not asked."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def running() -> bool:
    """Whether the server runs and answers; one that is busy with loading a model is waited for."""
    state = server_state.read_state()
    deadline = time.monotonic() + BUSY_LIMIT
    while state and state["ready"] and all(server_state.alive(entry) for entry in state["processes"]):
        if healthy(state["port"]):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return False


def ensure() -> int:
    """Start the server, or join the one that runs; a dead one is started again, at its port if that is still free.

    Returns:
        Its port on the loopback address.

    Raises:
        CourseError: it stops while it starts (the message gives the reason), or does not answer in time.
    """
    with server_state.locked() as held:
        if not held:
            raise CourseError("Another notebook has been starting the model server for minutes: restart its kernel.")
        state = server_state.read_state()
        me = server_state.entry_of(os.getpid())
        users = [entry for entry in server_state.users_of(state) if entry["pid"] != me["pid"]] + [me]
        if state and running():
            server_state.write_state({**state, "users": users})
            return state["port"]
        if state:
            _end(state["processes"])
        port = _free_port(state["port"] if state else 0)
        for attempt in (1, 2, 3):
            try:
                return _start(port, users)
            except _PortTakenError:
                if attempt == 3:
                    raise CourseError("No free port was found for the model server: try again.") from None
                port = _free_port(0)
    raise AssertionError("not reached")


class _PortTakenError(Exception):
    """Another program took the port between its choice and the server's start."""


def _free_port(wanted: int) -> int:
    """A port that nobody listens on: the wanted one, for whose last user's end a moment is waited, else one that the system chooses."""
    deadline = time.monotonic() + PORT_LIMIT
    while wanted and time.monotonic() < deadline:
        if _bind(wanted):
            return wanted
        time.sleep(0.1)
    if port := _bind(0):
        return port
    raise CourseError(f"Nothing can listen on {HOST}: a firewall or sandbox forbids it.")


def _bind(port: int) -> int | None:
    """The port, or for 0 one that the system chooses, if nobody listens on it now."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # as the server does: a port in TIME_WAIT counts as free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return probe.getsockname()[1]
    return None


def _start(port: int, users: list[dict]) -> int:
    """Start the watcher, which starts the server, and wait until it answers. The lock is held by the caller."""
    token = secrets.token_hex(8)
    state = {"port": port, "token": token, "processes": [], "ready": False, "users": users, "loaded": {}}
    server_state.write_state(state)
    try:
        state["processes"] = [_launch(port, token)]
        server_state.write_state(state)
        _wait(port, state["processes"][0])
        children = psutil.Process(state["processes"][0]["pid"]).children(recursive=True)
        state["processes"] += [server_state.entry_of(child.pid) for child in children]
        server_state.write_state({**state, "ready": True})
    except BaseException as error:  # Ctrl-C too: half a server must not stay
        _end(state["processes"])
        server_state.file_of("json").unlink(missing_ok=True)
        if isinstance(error, (OSError, ValueError, subprocess.SubprocessError, psutil.Error)):
            raise CourseError(f"The model server could not be started ({type(error).__name__}): try again.") from error
        raise
    return port


def _launch(port: int, token: str) -> dict:
    """Start the watcher by a process that ends at once: so it is no child of a kernel, which on Windows takes its children along.

    Returns:
        The watcher, as the state file names it.
    """
    with open(log_path(), "wb") as log:
        done = subprocess.run(
            [sys.executable, "-m", "coursekit.server", "launch", str(port), token, _device()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, cwd=chat_models.base_folder(), env=_environment(),
            timeout=START_LIMIT, check=False,
        )  # fmt: skip
    try:
        return server_state.entry_of(int(done.stdout))
    except (ValueError, psutil.NoSuchProcess):
        raise CourseError(f"The model server stopped while starting: {last_line()}") from None


def launch(*arguments: str) -> int:
    """Start the watcher, away from Ctrl-C, which in a notebook or terminal goes to a whole group of processes; print its process id."""
    windows = sys.platform == "win32"
    apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW} if windows else {}
    watcher = subprocess.Popen(
        [sys.executable, "-m", "coursekit.server", "watch", *arguments],
        stdin=subprocess.DEVNULL, stdout=sys.stderr, start_new_session=not windows, **apart,
    )  # fmt: skip
    print(watcher.pid)
    watcher.returncode = 0  # it outlives this process, of which Python would warn
    return 0


def _environment() -> dict[str, str]:
    """The server's environment: no key of yours, no telemetry, and no look at the Hub.

    OpenMP's threads wait without spinning: that costs an idle machine 0 to 5 % of the speed, and is five times as fast beside
    another program that keeps both cores busy, such as a training run.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **kept, **offline, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


def _device() -> str:
    """A CUDA GPU if there is one, else the CPU."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _wait(port: int, watcher: dict) -> None:
    deadline = time.monotonic() + START_LIMIT
    while not healthy(port):
        if not server_state.alive(watcher):
            if "address already in use" in _log_text().lower():
                raise _PortTakenError
            raise CourseError(f"The model server stopped while starting: {last_line()}")
        if time.monotonic() > deadline:
            raise CourseError(
                f"The model server did not start within {START_LIMIT} s: close other programs and try again."
            )
        time.sleep(0.1)


def _log_text() -> str:
    try:
        return log_path().read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def last_line() -> str:
    """The last line of the server's log, or of the last exception in it, as the end of a sentence and without paths."""
    lines = [line.strip() for line in _log_text().splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"[\w.]*(Error|Exception|Interrupt)\b", line)]
    line = (errors or lines or ["its log is empty"])[-1]
    return tidy(line)


def tidy(line: str) -> str:
    """A line of a log for a message: short, on one line, with the folders of paths left out, ending in a full stop."""
    line = re.sub(r"(?<![\w.:/\\])(?:[A-Za-z]:)?(?:[/\\][^\s/\\'\":]+)+[/\\](?=[^\s/\\])", "", " ".join(line.split()))
    line = line if len(line) <= 200 else line[:200].rsplit(" ", 1)[0] + " …"
    return line if line.endswith((".", "…")) else f"{line}."


def _end(entries: list[dict]) -> None:
    """Stop processes and their children: asked first, forced after three seconds."""
    processes = []
    for entry in entries:
        if server_state.alive(entry):
            with contextlib.suppress(psutil.Error):
                process = psutil.Process(entry["pid"])
                processes += [process, *process.children(recursive=True)]
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in processes:
            with contextlib.suppress(psutil.Error):
                ask(process)
        deadline = time.monotonic() + 3
        while any(server_state.lives(process) for process in processes) and time.monotonic() < deadline:
            time.sleep(0.02)


def leave(wait: float = 10.0) -> None:
    """This process uses the server no more; the last one to leave stops it. Where the lock is busy, the watcher sees to it."""
    with server_state.locked(wait) as held:
        state = server_state.read_state()
        if not held or not state:
            return
        others = [entry for entry in server_state.users_of(state) if entry["pid"] != os.getpid()]
        if others:
            server_state.write_state({**state, "users": others})
        else:
            _end(state["processes"])
            server_state.file_of("json").unlink(missing_ok=True)


def command(port: str, device: str) -> list[str]:
    """`transformers serve` as the course runs it.

    Half-precision weights are computed in single precision: the same answers on every machine, where bfloat16 is fast on some processors
    and very slow on others. Models stay loaded. Continuous batching is left off: on a CPU it was slower and took gigabytes.
    """
    serve = [sys.executable, "-m", "transformers.cli.transformers", "serve", "--host", HOST, "--port", port]
    return [*serve, "--device", device, "--dtype", "float32", "--model-timeout", "-1"]


def watch(port: str, token: str, device: str) -> int:
    """Run the server until nobody uses it any more. Returns its exit status, 0 when it was stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = subprocess.Popen(command(port, device), stdin=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return server.wait(POLL)
            if not _wanted(token):
                return 0
    finally:
        with contextlib.suppress(psutil.Error):
            _end([server_state.entry_of(server.pid)])


def _wanted(token: str) -> bool:
    """Whether the state file still names this server, and somebody who lives uses it. If nobody does, the file goes."""
    if not server_state.file_of("json").exists():
        return False
    with server_state.locked(wait=0) as held:
        if not held:
            return True
        state = server_state.read_state()
        if state and state["token"] == token and not server_state.users_of(state):
            server_state.file_of("json").unlink(missing_ok=True)
        return bool(state and state["token"] == token and server_state.users_of(state))


if __name__ == "__main__":
    sys.exit({"launch": launch, "watch": watch}[sys.argv[1]](*sys.argv[2:]))
