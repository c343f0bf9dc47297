"""The command line that the modules share which make records: it prints some of them to read by eye."""

import argparse
import itertools
from collections.abc import Iterable


def parser(described: str) -> argparse.ArgumentParser:
    """A parser with the options `--show` and `--seed`; the first line of a module's docstring describes it."""
    made = argparse.ArgumentParser(description=described.splitlines()[0])
    made.add_argument("--show", type=int, default=20, help="records to print (default 20)")
    made.add_argument("--seed", type=int, default=1, help="seed of the draw (default 1)")
    return made


def show(records: Iterable[dict], count: int) -> None:
    """Print the first records of a stream."""
    for record in itertools.islice(records, count):
        print(f"{'=' * 30} {record['task']}\n<{record['system']}>\n{record['user']}\n--> {record['assistant']}")
