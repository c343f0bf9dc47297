"""The command line: `python -m coursekit check-env` and `python -m coursekit search "…"`."""

import argparse
import sys
import textwrap

from coursekit.errors import CourseError


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m coursekit", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("check-env", help="say OK or FAIL for each thing that the course needs")
    search = commands.add_parser("search", help="print the sources that answer a question")
    search.add_argument("question")
    search.add_argument("-k", type=int, default=5, help="how many sources (default 5)")
    search.add_argument(
        "--method", choices=("dense", "bm25", "hybrid"), default="dense", help="how to search (default dense)"
    )
    search.add_argument(
        "--docs", metavar="FOLDER", help="a folder of Markdown files of your own, instead of the handbook"
    )
    return top


def search(arguments: argparse.Namespace) -> None:
    """Build or open the index, search it, and print the sources."""
    if not arguments.question.strip():
        raise CourseError("The query is empty: type a question.")
    if arguments.k < 1:
        raise CourseError(f"k is {arguments.k}: ask for at least one result.")
    from coursekit import chunking, corpus, retrieval

    documents = corpus.load_folder(arguments.docs) if arguments.docs else corpus.load_handbook()
    titles = {document.id: document.title for document in documents}
    retriever = retrieval.open_retriever(arguments.method, documents)
    hits = retriever.search(arguments.question, arguments.k)
    if not hits:
        print("No source shares a word with the question.")
    for hit in hits:
        print(
            f"[{hit.rank}] {hit.score:.3f}  {hit.chunk.doc}: {' > '.join(hit.chunk.headings) or titles[hit.chunk.doc]}"
        )
        body = chunking.body(hit.chunk.text)
        print(
            textwrap.fill(
                textwrap.shorten(body, 400, placeholder=" …"), 110, initial_indent="    ", subsequent_indent="    "
            )
        )


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
        search(arguments)
        return 0
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
