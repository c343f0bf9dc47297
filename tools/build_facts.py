"""Make datasets/facts/facts.jsonl from the written facts, one file a family, in datasets/facts/written/.

    python tools/build_facts.py [--check]

A fifth of each family's facts is held out, chosen by the hash of the id, so that a new fact moves no other one. Facts of one quote stay
together. `--check` writes nothing and exits with 1 if the file is stale.
"""

import argparse
import hashlib
import json
import sys

from coursekit import corpus, paths

FOLDER = paths.datasets() / "facts"
SHARE = 0.2


def drawn(key: str) -> float:
    """A number from 0 to 1 that depends on a text alone."""
    return int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) / 16**8


def build() -> str:
    """The file's text."""
    lines = []
    for path in sorted((FOLDER / "written").glob("*.jsonl")):
        for line in corpus.read_jsonl(path):
            held_out = drawn(f"{line['doc']}\0{line['quote']}") < SHARE
            lines.append({"id": line["id"], "family": path.stem, "held_out": held_out, **line})
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def main() -> int:
    """Write the file, or say whether it is stale."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the file is stale")
    arguments = parser.parse_args()
    path, text = FOLDER / "facts.jsonl", build()
    stale = not path.is_file() or path.read_text(encoding="utf-8") != text
    if stale and not arguments.check:
        paths.write_text(path, text)
    print("the facts are up to date" if not stale else "stale" if arguments.check else "written")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
