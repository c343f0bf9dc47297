"""Run every notebook of the course under nbval with the network cut, and print the seconds and the peak memory of each.

    python tools/test_notebooks.py [--lax] [NAME ...]

Solutions are compared with their stored outputs (`--lax`: only run); lessons run unsolved from the first cell to the last. The cache
starts empty, so the figures are those of a first run. A notebook over its budget (tests/notebooks/budgets.yml) fails.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests" / "notebooks"


def peak_memory(process: subprocess.Popen, peak: list[float], stop: threading.Event) -> None:
    """Keep the largest sum of resident memory, in MB, of a process and everything it started."""
    while not stop.wait(0.2):
        try:
            parent = psutil.Process(process.pid)
            family = [parent, *parent.children(recursive=True)]
            total = sum(member.memory_info().rss for member in family) / 1e6
        except psutil.Error:
            continue
        peak[0] = max(peak[0], total)


def run(notebook: str, environment: dict[str, str], lax: bool) -> tuple[int, float, float]:
    """One notebook in a pytest of its own: exit status, seconds, peak MB."""
    strict = notebook.startswith("solutions/") and not lax
    command = [
        sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval" if strict else "--nbval-lax",
        "--nbval-current-env", "--nbval-cell-timeout", "600", "--nbval-sanitize-with", str(TESTS / "sanitize.cfg"), notebook,
    ]  # fmt: skip
    own = {"COURSEKIT_STRICT": "1"} if notebook.startswith("solutions/") else {}
    start, peak, stop = time.perf_counter(), [0.0], threading.Event()
    with subprocess.Popen(command, cwd=ROOT, env={**environment, **own}) as process:
        watcher = threading.Thread(target=peak_memory, args=(process, peak, stop))
        watcher.start()
        status = process.wait()
        stop.set()
        watcher.join()
    return status, time.perf_counter() - start, peak[0]


def main() -> int:
    """Run all notebooks; returns 1 if one failed or went over its budget."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="run only notebooks whose path holds one of these (default: all)"
    )
    parser.add_argument("--lax", action="store_true", help="do not compare outputs")
    arguments = parser.parse_args()
    budgets = yaml.safe_load((TESTS / "budgets.yml").read_text(encoding="utf-8"))
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("solutions", "lessons")
        for path in sorted((ROOT / folder).glob("[0-9][0-9]-*.ipynb"))
    ]
    notebooks = [name for name in found if not arguments.names or any(part in name for part in arguments.names)]
    if not notebooks:
        print("There is no such notebook.")
        return 1
    rows, failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ, "PYTHONPATH": str(TESTS / "netguard"), "COURSEKIT_PROGRESS": "0", "HF_HUB_OFFLINE": "1",
            "COURSEKIT_CACHE": f"{folder}/cache", "COURSEKIT_RESULTS": f"{folder}/results",
        }  # fmt: skip
        for name in notebooks:
            status, seconds, megabytes = run(name, environment, arguments.lax)
            budget = budgets[name]
            over = seconds > budget["seconds"] or megabytes > budget["megabytes"]
            verdict = "FAILED" if status else "OVER BUDGET" if over else "ok"
            failed = failed or status != 0 or over
            rows.append(
                f"{name:50} {seconds:6.0f} s of {budget['seconds']} {megabytes:7.0f} MB of {budget['megabytes']}  {verdict}"
            )
    print("\n".join(rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
