"""Make datasets/house-style/ from the written replies in datasets/house-style/written/.

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

from coursekit import chunking, contexts, corpus, house_style, paths, retrieval
from coursekit.chunking import Chunk
from coursekit.corpus import Evidence
from coursekit.embedding import default_embedder
from coursekit.errors import CourseError

FOLDER = paths.datasets() / "house-style"
# Sources are sentences and rows of tables, as a small reader is handed them; where none holds a quote as a whole, it is the next larger
# chunk that does.
CUTS = (
    retrieval.READER_CHUNKING, {"method": "sentences", "before": 0, "after": 1}, {"method": "headings", "size": 64},
    retrieval.DEFAULT_CHUNKING, {"method": "headings", "size": 256},
)  # fmt: skip
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


def holds(chunk: Chunk, item: Evidence) -> bool:
    """Whether a chunk holds a quote as a whole."""
    return chunk.doc == item.doc and chunk.start <= item.start and item.end <= chunk.end


def overlap(one: Chunk, other: Chunk) -> bool:
    """Whether two chunks share text."""
    return one.doc == other.doc and one.start < other.end and other.start < one.end


def sources_for(
    message: str, evidence: tuple[Evidence, ...], k: int, retriever, cuts: list[list[Chunk]]
) -> list[Chunk]:
    """The smallest chunks that hold the evidence, and the best other sentences and rows, in order of rank."""
    if not evidence:
        return [hit.chunk for hit in retriever.search(message, k)]
    gold = []
    for item in evidence:
        chunk = next(chunk for cut in cuts for chunk in cut if holds(chunk, item))
        if chunk not in gold:
            gold.append(chunk)
    hits = contexts.ranking(retriever, message)
    others = [hit for hit in hits if not any(overlap(hit.chunk, chunk) for chunk in gold)]
    ranked = [(hit.rank, hit.chunk) for hit in others[: max(0, k - len(gold))]]
    ranked += [(min(hit.rank for hit in hits if overlap(hit.chunk, chunk)), chunk) for chunk in gold]
    return [chunk for _, chunk in sorted(ranked, key=lambda pair: pair[0])]


def completed(
    line: dict, family: str, retriever, cuts: list[list[Chunk]], documents: dict[str, corpus.Document]
) -> dict:
    """A written reply with its sources and with which of them hold its evidence."""
    rng = random.Random(line["id"])
    k = rng.choices(list(HOW_MANY), list(HOW_MANY.values()))[0]
    evidence = tuple(span(item, documents, line["id"]) for item in line["evidence"])
    chunks = sources_for(line["message"], evidence, k, retriever, cuts)
    held_by = [[number for number, chunk in enumerate(chunks, start=1) if holds(chunk, item)] for item in evidence]
    sources = [{"heading": chunk.heading, "text": chunk.shown} for chunk in chunks]
    return {"id": line["id"], "family": family, **line, "sources": sources, "held_by": held_by}


def build() -> dict[Path, str]:
    """The text of every file."""
    documents = {document.id: document for document in corpus.load_handbook()}
    handbook = list(documents.values())
    retriever = retrieval.open_retriever(documents=handbook, chunking=retrieval.READER_CHUNKING)
    tokenizer = default_embedder().tokenizer
    cuts = [chunking.chunk_corpus(handbook, tokenizer, **cut) for cut in CUTS]
    lines = []
    for path in sorted((FOLDER / "written").glob("*.jsonl")):
        written = corpus.read_jsonl(path)
        retriever.prepare([line["message"] for line in written])
        lines += [completed(line, path.stem, retriever, cuts, documents) for line in written]
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
