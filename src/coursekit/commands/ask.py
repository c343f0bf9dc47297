"""`python -m coursekit ask "…"`: retrieve, ask the model, print the answer and the sources that it cites."""

import argparse
import textwrap

from coursekit.commands import common


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    command = commands.add_parser("ask", help="answer a question from the documents, with the sources it rests on")
    command.add_argument("question")
    common.add_options(command, k=4)
    common.add_chunks(command)


def run(arguments: argparse.Namespace) -> int:
    """Search, ask, and print. Where no source is cited, the sources that were looked at are printed instead."""
    common.check(arguments)
    from coursekit import answers, prompts, serving

    documents = common.documents(arguments)
    hits = common.reader_sources(arguments, documents).search(arguments.question, arguments.k)
    if not hits:
        print("No source shares a word with the question.")
        return 0
    answer = answers.ask(arguments.question, prompts.sources_of(hits), serving.connect())
    print("\n".join(textwrap.fill(line, common.WIDTH) for line in answer.text.splitlines()) or "(The answer is empty.)")
    for sentence, missing in answer.unsupported():
        print(f"\nCheck this: {', '.join(missing)} does not stand in what is cited for: {sentence}")
    if answer.citations.invalid:
        numbers = ", ".join(map(str, answer.citations.invalid))
        there = "there is 1 source" if len(hits) == 1 else f"there are {len(hits)} sources"
        print(f"\nCheck this: the answer cites {numbers}, but {there}.")
    cited = [] if answer.abstained else [number for number, _ in answer.cited]
    print("\nSources cited:" if cited else "\nNo source is cited. These were looked at:")
    shown = cited or [hit.rank for hit in hits]
    titles = {document.id: document.title for document in documents}
    common.print_hits([hits[number - 1] for number in shown], titles, numbers=shown)
    return 0
