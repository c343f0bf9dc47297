"""`python -m coursekit search "…"`: the sources that a question finds, and nothing else."""

import argparse

from coursekit.commands import common


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    command = commands.add_parser("search", help="print the sources that answer a question")
    command.add_argument("question")
    common.add_options(command, k=5)


def run(arguments: argparse.Namespace) -> int:
    """Build or open the index, search it, and print the sources."""
    common.check(arguments)
    from coursekit import retrieval

    documents = common.documents(arguments)
    hits = retrieval.open_retriever(arguments.method, documents).search(arguments.question, arguments.k)
    if not hits:
        print("No source shares a word with the question.")
    common.print_hits(hits, {document.id: document.title for document in documents})
    return 0
