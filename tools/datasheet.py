"""Write the counted part of datasets/README.md: documents and questions by family, type, wording and split.

python tools/datasheet.py [--check]
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from coursekit import corpus

SHEET = Path(__file__).resolve().parents[1] / "datasets" / "README.md"
BEGIN, END = "<!-- counted by tools/datasheet.py: begin -->\n", "<!-- end -->\n"


def table(header: list[str], rows: list[list]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(str(cell) for cell in line)} |\n" for line in lines)


def counted() -> str:
    """The tables, made from the files themselves."""
    documents, questions = corpus.load_handbook(), corpus.load_questions()
    split = {question.about: question.split for question in questions}
    families = []
    for family in sorted(split, key=lambda name: (split[name], name)):
        own = [document for document in documents if document.family == family]
        words = sum(len(document.text.split()) for document in own)
        families.append(
            [family, split[family], len(own), f"{words:,}", sum(question.about == family for question in questions)]
        )
    words = sum(len(document.text.split()) for document in documents)
    families.append(["all", "", len(documents), f"{words:,}", len(questions)])
    tally = Counter((question.type, question.split, question.wording) for question in questions)
    kinds = [
        [kind, *(tally[kind, part, wording] for part in ("dev", "test") for wording in ("plain", "unlike"))]
        for kind in corpus.TYPES
    ]
    kinds.append(["all", *(sum(row[column] for row in kinds) for column in range(1, 5))])
    changes = corpus.load_changes()
    first = table(["family", "split", "documents", "words", "questions"], families)
    second = table(["type", "dev, plain", "dev, unlike", "test, plain", "test, unlike"], kinds)
    documents_changed = len({change["doc"] for change in changes})
    return f"{first}\n{second}\nRevision 2027-01: {len(changes)} changed facts in {documents_changed} documents.\n"


def main() -> int:
    """Update or check; returns 1 where a check found other counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where the counts differ")
    check = parser.parse_args().check
    text = SHEET.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    new = before + BEGIN + counted() + END + after
    if check:
        print(
            "the datasheet is up to date"
            if new == text
            else "datasets/README.md is out of date: run python tools/datasheet.py"
        )
        return int(new != text)
    SHEET.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
