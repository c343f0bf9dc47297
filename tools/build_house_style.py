"""Make datasets/house-style/ from the hand-written replies in datasets/house-style/written/.

    python tools/build_house_style.py [--check]

Each message gets one to five sources from the handbook: those that hold the reply's evidence, and others that the search finds for it, in
order of rank. `replies.jsonl` holds them with the reply's parts; the four sets of chat records are made from it. `--check` writes nothing
and says which files are stale.
"""

import argparse
import json
import random
import sys
from pathlib import Path

from coursekit import contexts, corpus, house_style, paths, prompts, retrieval
from coursekit.corpus import Evidence, Question
from coursekit.errors import CourseError
from coursekit.evaluation import covers

FOLDER = paths.datasets() / "house-style"
HOW_MANY = {1: 1, 2: 2, 3: 3, 4: 4, 5: 2}  # weights of the number of sources


def span(item: dict, documents: dict[str, corpus.Document], where: str) -> Evidence:
    """Where a quote stands.

    Raises:
        CourseError: it does not stand in its document exactly once.
    """
    text = documents[item["doc"]].text
    if text.count(item["quote"]) != 1:
        raise CourseError(f"{where}: the quote does not stand in {item['doc']} exactly once: {item['quote'][:60]!r}")
    start = text.index(item["quote"])
    return Evidence(item["doc"], item["quote"], start, start + len(item["quote"]))


def completed(line: dict, family: str, retriever, documents: dict[str, corpus.Document]) -> dict:
    """A written reply with its sources and with which of them hold its evidence."""
    rng = random.Random(line["id"])
    k = rng.choices(list(HOW_MANY), list(HOW_MANY.values()))[0]
    evidence = tuple(span(item, documents, line["id"]) for item in line["evidence"])
    question = Question(line["id"], line["message"], evidence=evidence)
    hits = contexts.hits_for(question, retriever, "oracle", k, None)
    held_by = [[number for number, hit in enumerate(hits, start=1) if covers(hit, item)] for item in evidence]
    if not all(held_by):
        raise CourseError(f"{line['id']}: no single source holds a quote; quote less.")
    sources = [{"heading": source.heading, "text": source.text} for source in prompts.sources_of(hits)]
    return {"id": line["id"], "family": family, **line, "sources": sources, "held_by": held_by}


def build() -> dict[Path, str]:
    """The text of every file."""
    documents = {document.id: document for document in corpus.load_handbook()}
    retriever = retrieval.open_retriever(documents=list(documents.values()))
    lines = []
    for path in sorted((FOLDER / "written").glob("*.jsonl")):
        written = corpus.read_jsonl(path)
        retriever.prepare([line["message"] for line in written])
        lines += [completed(line, path.stem, retriever, documents) for line in written]
    texts = {FOLDER / "replies.jsonl": jsonl(lines)}
    paths.write_text(fresh := FOLDER / "replies.new", texts[FOLDER / "replies.jsonl"])
    try:
        replies = house_style.load_replies(fresh)
    finally:
        fresh.unlink()
    for name in house_style.SETS:
        texts[FOLDER / f"{name}.jsonl"] = jsonl(house_style.records(name, replies))
    return texts


def jsonl(lines: list[dict]) -> str:
    """Objects as text, one a line."""
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def main() -> int:
    """Write the files that differ, or name them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    arguments = parser.parse_args()
    texts = build()
    stale = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        print(("stale: " if arguments.check else "written: ") + path.name)
        if not arguments.check:
            paths.write_text(path, texts[path])
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
