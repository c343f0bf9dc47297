"""The command line: `python -m coursekit check-env`, `search "…"`, `ask "…"` and `evaluate`."""

import argparse
import os
import sys

from coursekit.commands import ask, evaluate, search
from coursekit.errors import CourseError

COMMANDS = {"search": search, "ask": ask, "evaluate": evaluate}


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m coursekit", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("check-env", help="say OK or FAIL for each thing that the course needs")
    for command in COMMANDS.values():
        command.add(commands)
    return top


def main(argv: list[str] | None = None) -> int:
    """Run a command. Returns its exit status: 2 for a mistake that a sentence explains."""
    arguments = parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show "…" or "°" shows "?" instead
    try:
        if arguments.command == "check-env":
            from coursekit import environment

            return environment.main()
        status = COMMANDS[arguments.command].run(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # `… | head` has read enough: the rest goes nowhere, as Python's manual advises
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
