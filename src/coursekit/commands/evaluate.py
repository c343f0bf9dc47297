"""`python -m coursekit evaluate`: the figures of an answering system over a set of questions, with intervals."""

import argparse
import json
import random
from pathlib import Path

from coursekit.commands import common
from coursekit.errors import CourseError


def add(commands: argparse._SubParsersAction) -> None:
    """Declare the command."""
    command = commands.add_parser("evaluate", help="ask a whole set of questions and print how many answers are right")
    common.add_options(command, k=4)
    common.add_chunks(command)
    command.add_argument(
        "--questions", metavar="FILE",
        help="a JSONL file of questions of your own; each needs id, question, aliases and evidence (doc, quote)",
    )  # fmt: skip
    command.add_argument(
        "--split", choices=("dev", "test"), help="which questions (default dev; all of them with --questions)"
    )
    command.add_argument(
        "--context", choices=("retrieved", "oracle", "none"), default="retrieved",
        help="what the model is handed: what the search finds (default), the right sources among others, or nothing",
    )  # fmt: skip
    command.add_argument("--limit", type=int, metavar="N", help="ask N questions only, drawn with a fixed seed")
    command.add_argument("--workers", type=int, default=1, metavar="N", help="requests at a time (default 1)")
    command.add_argument(
        "--fresh", action="store_true", help="ask for every answer, also for those that were given within a day"
    )
    command.add_argument("--out", metavar="FILE", help="save figures and every answer as JSON")


def load(arguments: argparse.Namespace, documents: list) -> list:
    """The questions asked for, in the order of the file."""
    from coursekit import corpus

    split = arguments.split or (None if arguments.questions else "dev")
    questions = corpus.load_questions(arguments.questions, split=split, documents=documents)
    if arguments.limit is not None and arguments.limit < len(questions):
        drawn = random.Random(0).sample(range(len(questions)), arguments.limit)
        questions = [questions[at] for at in sorted(drawn)]
    return questions


def check(arguments: argparse.Namespace) -> None:
    """Raises a CourseError for options that do not fit, before anything is loaded."""
    common.check(arguments)
    if arguments.docs and not arguments.questions:
        raise CourseError(
            "The course's questions are about the handbook: name your own with --questions beside --docs."
        )
    if arguments.limit is not None and arguments.limit < 1:
        raise CourseError(f"The limit is {arguments.limit}: ask at least one question.")
    if arguments.workers < 1:
        raise CourseError(f"workers is {arguments.workers}: at least one request has to be made at a time.")
    if arguments.out and Path(arguments.out).is_dir():
        raise CourseError(f"{Path(arguments.out).name!r} is a folder: name a file for the figures.")


def run(arguments: argparse.Namespace) -> int:
    """Ask the questions and print the figures. What was measured before a failure is printed and saved too."""
    check(arguments)
    from coursekit import serving
    from coursekit.answer_evaluation import EvaluationStoppedError, evaluate_answers

    documents = common.documents(arguments)
    questions = load(arguments, documents)
    retriever = None if arguments.context == "none" else common.reader_sources(arguments, documents)
    try:
        report = evaluate_answers(
            questions, serving.connect(), context=arguments.context, retriever=retriever, k=arguments.k,
            workers=arguments.workers, fresh=arguments.fresh,
        )  # fmt: skip
    except EvaluationStoppedError as stopped:
        if stopped.report:
            show(stopped.report, arguments)
        raise
    show(report, arguments)
    return 0


def show(report, arguments: argparse.Namespace) -> None:
    """Print a report's figures, and save them where `--out` says so."""
    import pandas as pd

    from coursekit import paths, results
    from coursekit.answer_evaluation import MEASURES

    handed = "no sources" if report.context == "none" else f"{report.context} sources, k {report.k}"
    print(f"{len(report.records)} questions, {handed}, model {report.model}\n")
    for name, figure in report.figures().items():
        value = (
            f"{figure['value']:.2f}  {figure['low']:.2f} to {figure['high']:.2f}"
            if figure["of"]
            else f"{'-':>4}{'':14}"
        )
        print(f"{name:<19} {value}  of {figure['of']:>4} {MEASURES[name]}")
    cost = report.cost()
    print(f"\ntokens a question: {cost['prompt_tokens']:.0f} prompt, {cost['completion_tokens']:.0f} answer")
    print(f"seconds an answer: {cost['p50']:.2f} (p50), {cost['p95']:.2f} (p95); {cost['seconds']:.0f} in all")
    groups = pd.concat([report.summary(by, intervals=False) for by in ("type", "wording")])
    print(f"\n{groups.to_string(float_format='{:.2f}'.format, na_rep='-')}")
    causes = report.rows["cause"][report.rows["cause"] != ""].value_counts()
    if len(causes):
        print("\nwrong answers: " + ", ".join(f"{count} {cause}" for cause, count in causes.items()))
    if arguments.out:
        figures = {"device": results.device(), **report.as_dict()}
        paths.write_text(Path(arguments.out), json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
