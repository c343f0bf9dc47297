"""Make what lesson 05 shows as recorded, and the adapters of models/adapters/: runs that are too long to be live.

    python tools/record_lesson05 [RUN ...] [--list] [--force]

The runs, one after the other (all of them when none is named):

    before-after   all training records, three seeds, next to the style prompts
    data-size      50, 200, 500 and all records
    rank           rank 2, 8 and 32 on 500 records
    facts          50, 200 and 800 facts, asked closed book in five ways
    raft           tuned with the sources, tuned without them
    iteration      a second iteration on what failed, beside as many records at random
    adapters       models/adapters/: style, style-without-sources, tickets, diagnosis, facts

Each writes `datasets/recorded/05-RUN.json` with date, device, command, settings and figures. Every training and every evaluation is kept in
the cache folder as soon as it is done, and a training that was killed goes on from its last checkpoint: run the same command again. A part
is made anew when the base model, its records or its settings change, or with `--force`. It needs the network for nothing.
"""

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

os.environ.setdefault("COURSEKIT_PROGRESS", "0")
os.environ.pop("COURSE_MODEL", None)  # recordings and adapters are course-lm's

from adapters import run_adapters
from fact_runs import run_facts
from parts import COMMAND, RECORDED, WORK, Parts, base_digest, plain
from runs import run_before_after, run_data_size, run_iteration, run_raft, run_rank

from coursekit import paths
from coursekit.errors import CourseError

RUNS = {
    "before-after": run_before_after, "data-size": run_data_size, "rank": run_rank, "facts": run_facts, "raft": run_raft,
    "iteration": run_iteration, "adapters": run_adapters,
}  # fmt: skip


def record(name: str, force: bool) -> Path:
    """Make a run, or what is missing of it, and write its file."""
    parts = Parts(force)
    settings, figures = RUNS[name](parts)
    devices = sorted({part["device"] for part in parts.used})
    whole = {
        "name": f"05-{name}", "date": max(part["date"] for part in parts.used), "device": " and ".join(devices),
        "command": f"{COMMAND} {name}",
        "seconds": round(sum(part["seconds"] for part in parts.used)), "settings": {"base": base_digest()} | settings,
        "figures": figures,
    }  # fmt: skip
    path = RECORDED / f"05-{name}.json"
    paths.write_text(path, json.dumps(whole, indent=1, ensure_ascii=False, default=plain, allow_nan=False) + "\n")
    return path


def main() -> int:
    """Make the runs that were named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="*", metavar="RUN", help=f"one of {', '.join(RUNS)} (default: all)")
    parser.add_argument("--list", action="store_true", help="say which runs are recorded, and do nothing")
    parser.add_argument("--force", action="store_true", help="make every part anew")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.runs if name not in RUNS]:
        parser.error(f"there is no run {unknown[0]!r}: choose of {', '.join(RUNS)}")
    for name in arguments.runs or RUNS:
        if arguments.list:
            path = RECORDED / f"05-{name}.json"
            print(f"{name:13} {json.loads(path.read_text())['date'] if path.is_file() else 'not yet'}")
            continue
        begun = time.perf_counter()
        try:
            print(f"{name}: {record(name, arguments.force).name}, {time.perf_counter() - begun:.0f} s", flush=True)
        except CourseError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        for folder in WORK.glob("*/merged"):  # 50 MB each; merged again where it is needed
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
