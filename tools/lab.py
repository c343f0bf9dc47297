"""Start JupyterLab in lessons/ on the loopback address: `make lab` calls this.

    python tools/lab.py [--port 8888]

JupyterLab makes a token and prints the address with it. As root, and on a machine without a screen, it starts as well.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def has_screen() -> bool:
    """Whether a browser can be opened here."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def main() -> None:
    """Hand this process over to JupyterLab."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--port", type=int, default=8888, help="where to listen; the next free port if it is taken (default 8888)"
    )
    port = parser.parse_args().port
    if not 1 <= port <= 65535:  # JupyterLab would print an address that nobody can open
        parser.error(f"the port {port} does not exist: choose one from 1024 to 65535")
    command = [
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.root_dir={ROOT / 'lessons'}",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    if not has_screen():
        command.append("--no-browser")
    if sys.platform == "win32":  # there `execv` leaves the terminal before JupyterLab has ended
        sys.exit(subprocess.call([sys.executable, *command]))
    os.execv(sys.executable, [sys.executable, *command])


if __name__ == "__main__":
    main()
