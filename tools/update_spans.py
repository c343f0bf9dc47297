"""After an edit of the handbook, its questions or its changes: find every quote again, and make the revision's documents anew.

    python tools/update_spans.py [--check]

Writes `start` and `end` into datasets/questions.jsonl, spans and touched questions into datasets/revisions/2027-01/changes.jsonl, and
the changed documents beside it. `--check` writes nothing and fails where something would change. A quote must occur exactly once.
"""

import argparse
import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "datasets"
REVISION, REVISION_DATE = "2027-01", "2027-01-15"


def parts(path: Path) -> tuple[str, str]:
    """Front matter (with its lines of dashes) and body of a document."""
    text = path.read_text(encoding="utf-8")
    match = re.match(r"---\n.*?\n---\n\n?", text, re.DOTALL)
    return match[0], text[match.end() :]


def find_once(text: str, quote: str, where: str) -> tuple[int, int]:
    """The span of a quote that must occur exactly once."""
    if text.count(quote) != 1:
        sys.exit(f"{where}: the quote occurs {text.count(quote)} times: {quote[:80]!r}")
    start = text.index(quote)
    return start, start + len(quote)


def plain(text: str) -> str:
    """A text as aliases are compared: lower case, white space as one blank."""
    return re.sub(r"\s+", " ", text).strip().lower()


def touched(change: dict, questions: list[dict]) -> tuple[list[str], list[str]]:
    """The questions whose answer a change replaces, and those that it retires because their answer rests on more than this fact."""
    replaced, retired = [], []
    for question in questions:
        evidence = [item["quote"] for item in question["evidence"] if item["doc"] == change["doc"]]
        if not any(quote in change["old"] or change["old"] in quote for quote in evidence):
            continue
        aliases = [plain(alias) for alias in question["aliases"]]
        stays = any(alias in plain(change["new"]) for alias in aliases)
        stood = any(alias in plain(change["old"]) for alias in aliases)
        if question["type"] == "two_fact" or not (
            stays or stood or set(aliases) - set(map(plain, question.get("derived", [])))
        ):
            retired.append(question["id"])
        elif stood and not stays:
            replaced.append(question["id"])
    return replaced, retired


def lines(records: list[dict]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def main() -> int:
    """Update or check; returns 1 where a check found a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something would change")
    check = parser.parse_args().check

    fronts, bodies = {}, {}
    for path in sorted((DATA / "handbook").glob("*.md")):
        fronts[path.stem], bodies[path.stem] = parts(path)

    question_file = DATA / "questions.jsonl"
    questions = [json.loads(line) for line in question_file.read_text(encoding="utf-8").splitlines()]
    for question in questions:
        for item in question["evidence"]:
            item["start"], item["end"] = find_once(bodies[item["doc"]], item["quote"], question["id"])

    folder = DATA / "revisions" / REVISION
    change_file = folder / "changes.jsonl"
    changes = [json.loads(line) for line in change_file.read_text(encoding="utf-8").splitlines()]
    revised = dict(bodies)
    for change in changes:
        change["old_start"], change["old_end"] = find_once(bodies[change["doc"]], change["old"], "changes")
        revised[change["doc"]] = revised[change["doc"]].replace(change["old"], change["new"])
        change["questions"], change["retired"] = touched(change, questions)
    for change in changes:  # only now: another change of the same document may have moved it
        change["new_start"], change["new_end"] = find_once(revised[change["doc"]], change["new"], "changes, new")

    wanted = {question_file: lines(questions), change_file: lines(changes)}
    for doc in {change["doc"] for change in changes}:
        front = re.sub(r"(?m)^effective: .*$", f"effective: {REVISION_DATE}", fronts[doc])
        wanted[folder / f"{doc}.md"] = front + revised[doc]
    stray = [path for path in folder.glob("*.md") if path not in wanted]
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if check:
        print(
            "\n".join(f"{path.relative_to(ROOT)} is out of date" for path in [*differ, *stray])
            or "all spans are up to date"
        )
        return 1 if differ or stray else 0
    for path in stray:
        path.unlink()
    for path in differ:
        path.write_text(wanted[path], encoding="utf-8", newline="\n")
    print(f"{len(questions)} questions, {len(changes)} changes, {len(differ)} files written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
