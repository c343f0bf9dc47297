"""What several commands share: their options, the documents they read, and how a source is printed."""

import argparse
import textwrap
from collections.abc import Sequence

from coursekit.errors import CourseError

METHODS = ("dense", "bm25", "hybrid")
WIDTH = 110


def add_options(command: argparse.ArgumentParser, k: int) -> None:
    """The options of everything that searches: `-k`, `--method` and `--docs`."""
    command.add_argument("-k", type=int, default=k, help=f"how many sources (default {k})")
    command.add_argument("--method", choices=METHODS, default="dense", help="how to search (default dense)")
    command.add_argument(
        "--docs", metavar="FOLDER", help="a folder of Markdown files of your own, instead of the handbook"
    )


def check(arguments: argparse.Namespace) -> None:
    """Raises a CourseError where the question is empty or k is less than 1, before anything is loaded."""
    if hasattr(arguments, "question") and not arguments.question.strip():
        raise CourseError("The query is empty: type a question.")
    if arguments.k < 1:
        raise CourseError(f"k is {arguments.k}: ask for at least one result.")


def documents(arguments: argparse.Namespace) -> list:
    """The documents of `--docs`, or the handbook."""
    from coursekit import corpus

    return corpus.load_folder(arguments.docs) if arguments.docs else corpus.load_handbook()


def reader_sources(arguments: argparse.Namespace, documents: list):
    """The retriever that finds what a language model is handed: sentences and rows of tables, or with `--chunks` what `search` finds."""
    from coursekit import retrieval

    chunking = None if arguments.chunks else retrieval.READER_CHUNKING
    return retrieval.open_retriever(arguments.method, documents, chunking)


def add_chunks(command: argparse.ArgumentParser) -> None:
    """The option of everything that asks a language model."""
    command.add_argument(
        "--chunks",
        action="store_true",
        help="hand over chunks as `search` finds them, instead of single sentences and rows of tables",
    )


def print_hits(hits: Sequence, titles: dict[str, str], *, numbers: Sequence[int] | None = None) -> None:
    """Print hits: number, score, document, heading path, and the beginning of the text. `numbers` are their ranks when left out."""
    for number, hit in zip(numbers or [hit.rank for hit in hits], hits):
        path = " > ".join(hit.chunk.headings) or titles[hit.chunk.doc]
        print(f"[{number}] {hit.score:.3f}  {hit.chunk.doc}: {path}")
        text = textwrap.shorten(hit.chunk.shown, 400, placeholder=" …")
        print(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    "))
