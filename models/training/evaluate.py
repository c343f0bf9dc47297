"""Fill the table of what course-lm was meant to do with what it does, through the server that the course uses.

    python models/training/evaluate.py                       # test split, models/course-lm
    python models/training/evaluate.py --split dev --limit 60 --model run/model

Prints the table, the accuracy by the place of the right source, and answers to read, failures among them. `--out` keeps everything as
JSON with date, device and command. Decoding is greedy, so that a second run prints the same answers.
"""

import argparse
import dataclasses
import datetime
import json
import random
import sys
import time
from pathlib import Path

import form_checks
import numpy as np
import pandas as pd
import psutil
import torch
from transformers import AutoModelForCausalLM

from coursekit import answers, contexts, corpus, paths, prompts, results, retrieval, serving, style
from coursekit.answer_evaluation import AnswerReport, evaluate_answers, ratio, ratio_interval
from coursekit.corpus import Question

LOOKED_UP = ("one_fact", "table")  # the types of question whose accuracy has a bar
SOURCES = 4
TIMED = 200  # questions whose evaluation is timed
FORM_QUESTIONS = 25  # for each form
PLACE_QUESTIONS = 60
WINDOW = 1_800  # tokens that sources, style prompt and answer may take together
ANSWER_TOKENS = 160


@dataclasses.dataclass(frozen=True)
class Line:
    """A line of the table: what, its bar as text, the value, its interval if it has one, and whether the bar is met."""

    what: str
    bar: str
    value: float
    interval: tuple[float, float] | None
    met: bool
    unit: str = ""

    def cells(self) -> list[str]:
        """The line as texts."""
        digits = 2 if not self.unit or self.value < 10 else 0
        shown = f"{self.value:.{digits}f}{self.unit}"
        if self.interval:
            shown += f" [{self.interval[0]:.2f}, {self.interval[1]:.2f}]"
        return [self.what, self.bar, shown, "yes" if self.met else "no"]


def at_least(what: str, bar: float, value: float, interval=None, unit: str = "") -> Line:
    """A line whose value should reach the bar."""
    return Line(what, f"≥ {bar:g}{unit}", value, interval, bool(value >= bar), unit)


def at_most(what: str, bar: float, value: float, interval=None, unit: str = "") -> Line:
    """A line whose value should not pass the bar."""
    return Line(what, f"≤ {bar:g}{unit}", value, interval, bool(value <= bar), unit)


def share(rows: pd.DataFrame, column: str, of: str | None = None) -> tuple[float, tuple[float, float]]:
    """A share over questions with its 95 % interval: of a column's sum in that of another, or in the number of rows."""
    counts, whole = rows[column].astype(float), rows[of] if of else np.ones(len(rows))
    return ratio(counts, whole), ratio_interval(counts, whole)


def answer_lines(oracle: AnswerReport, retrieved: AnswerReport, closed: AnswerReport) -> list[Line]:
    """Accuracy, citations and abstention."""
    rows = oracle.rows
    looked_up, answerable = rows[rows["type"].isin(LOOKED_UP)], rows[rows["answerable"]]
    lines = []
    for wording, bar, name in (("plain", 0.85, "plain wording"), ("unlike", 0.65, "worded unlike the text")):
        group = looked_up[looked_up["wording"] == wording]
        lines.append(at_least(f"accuracy, right source + {SOURCES - 1} others, {name}", bar, *share(group, "right")))
    lines += [
        at_least("citation precision there", 0.95, *share(looked_up, "right_citations", "citations")),
        at_least("citation recall there", 0.90, *share(looked_up, "evidence_cited", "evidence_there")),
    ]
    unanswerable = retrieved.rows[~retrieved.rows["answerable"]]
    lines += [
        at_least("abstention, unanswerable, retrieved sources", 0.80, *share(unanswerable, "abstained")),
        at_most("false abstention, answerable, right source there", 0.10, *share(answerable, "abstained")),
        at_most("accuracy closed book", 0.05, *share(closed.rows, "right")),
    ]
    return lines


def form_line(questions: list[Question], connection, retriever) -> tuple[Line, dict[str, float]]:
    """The share of the eight forms' requests that were followed, and the share for each form."""
    chosen = [question for question in questions if question.answerable and question.type in LOOKED_UP]
    steps = [question for question in questions if question.type == "steps"]
    found = {}
    for request in form_checks.REQUESTS:
        pool = steps if request.name == "steps" else chosen
        drawn = random.Random(request.name).sample(pool, min(FORM_QUESTIONS, len(pool)))
        found[request.name] = []
        for question in drawn:
            sources = prompts.sources_of(contexts.hits_for(question, retriever, "oracle", SOURCES, None))
            answer = answers.ask(question.question, sources, connection, system=request.system)
            found[request.name].append(form_checks.follows(request, answer.text, sources))
    every = np.concatenate(list(found.values())).astype(float)
    line = at_least("form prompts followed, dev split", 0.5, every.mean(), ratio_interval(every, np.ones(len(every))))
    return line, {name: float(np.mean(follows)) for name, follows in found.items()}


def machine_lines(folder: Path, connection, questions: list[Question], retriever, tokens: int) -> list[Line]:
    """Size, time to load, speed, time for `TIMED` questions, the longest prompt, and the server's memory."""
    begun = time.perf_counter()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    loaded = time.perf_counter() - begun
    files = [file.stat().st_size for file in folder.iterdir()]
    timed = evaluate_answers(
        questions[:TIMED], connection, context="oracle", retriever=retriever, k=SOURCES, fresh=True
    )
    return [
        Line("parameters, millions", "8 to 20", model.num_parameters() / 1e6, None, 8e6 <= model.num_parameters() <= 20e6),
        at_most("folder in half precision", 40, sum(files) / 1e6, unit=" MB"),
        at_most("largest file", 16, max(files) / 1e6, unit=" MB"),
        at_most("loaded in", 3, loaded, unit=" s"),
        at_least("one request through the server", 60, tokens_a_second(connection), unit=" tokens/s"),
        at_most(f"{len(timed.records)} questions evaluated in", 90 * len(timed.records) / TIMED, timed.seconds, unit=" s"),
        at_most(f"sources, style prompt, {ANSWER_TOKENS} tokens of answer", WINDOW, tokens, unit=" tokens"),
        at_most("memory of the server", 1000, server_memory(connection) / 1e6, unit=" MB"),
    ]  # fmt: skip


def tokens_a_second(connection, rounds: int = 5) -> float:
    """Tokens written a second in the best of some requests that ask for a long answer, reading the prompt included."""
    text = "Hold the key until the lamp is green, then release it. " * 6
    asked = [{"role": "system", "content": "Repeat the text."}, {"role": "user", "content": text}]
    replies = [serving.complete(connection, asked, max_tokens=ANSWER_TOKENS) for _ in range(rounds)]
    return max(reply.completion_tokens / reply.seconds for reply in replies)


def server_memory(connection) -> int:
    """Resident bytes of the server process and its children."""
    port = connection.client.base_url.port
    listening = {
        found.pid for found in psutil.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr.port == port
    }  # fmt: skip
    processes = {
        member.pid: member for pid in listening for member in (psutil.Process(pid), *psutil.Process(pid).children(True))
    }
    return sum(process.memory_info().rss for process in processes.values())


def longest_prompt(questions: list[Question], connection, retriever) -> int:
    """Tokens of the longest prompt with retrieved sources and the style prompt, and of the longest answer after it."""
    counts = []
    for question in questions:
        sources = prompts.sources_of(retriever.search(question.question, SOURCES))
        messages = prompts.messages(question.question, sources, system=style.EXAMPLES_PROMPT)
        counts.append(serving.count_tokens(messages, connection.model))
    return max(counts) + ANSWER_TOKENS


def by_place(questions: list[Question], connection, retriever) -> pd.DataFrame:
    """Accuracy with the right source first, in the middle and last of six."""
    drawn = [question for question in questions if question.type in LOOKED_UP][:PLACE_QUESTIONS]
    rows = []
    for place in contexts.PLACES:
        report = evaluate_answers(
            drawn, connection, context="oracle", retriever=retriever, k=6, place=place, fresh=True
        )
        value, (low, high) = share(report.rows, "right")
        rows.append({"place": place, "accuracy": value, "low": low, "high": high, "questions": len(drawn)})
    return pd.DataFrame(rows)


def samples(report: AnswerReport, count: int = 10, seed: int = 1) -> list[dict]:
    """Answers to read: drawn at random, so that failures come as often as they do."""
    drawn = random.Random(seed).sample(list(report.records), min(count, len(report.records)))
    return [record.row() for record in drawn]


def table(lines: list[Line]) -> str:
    """The lines as a Markdown table."""
    head = ["what", "bar", "measured", "met"]
    return "\n".join(
        "| " + " | ".join(cells) + " |" for cells in [head, ["---"] * 4, *(line.cells() for line in lines)]
    )


def main(argv: list[str] | None = None) -> None:
    """Ask, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=serving.COURSE_LM, help="folder of the model")
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="questions (default test)")
    parser.add_argument("--limit", type=int, help="only so many questions, drawn at random: a quick look")
    parser.add_argument("--out", type=Path, help="JSON file for figures and answers")
    options = parser.parse_args(argv)
    documents = corpus.load_handbook()
    questions = corpus.load_questions(split=options.split, documents=documents)
    random.Random(0).shuffle(questions)
    questions = questions[: options.limit]
    dev = corpus.load_questions(split="dev", documents=documents)
    retriever = retrieval.open_retriever(documents=documents, chunking=retrieval.READER_CHUNKING)
    connection = serving.connect(options.model)
    asked = {"connection": connection, "retriever": retriever, "k": SOURCES, "fresh": True}
    oracle = evaluate_answers(questions, context="oracle", **asked)
    retrieved = evaluate_answers(questions, context="retrieved", **asked)
    answerable = [question for question in questions if question.answerable]
    closed = evaluate_answers(answerable, connection, context="none", fresh=True)
    form, forms = form_line(dev, connection, retriever)
    tokens = longest_prompt(questions, connection, retriever)
    lines = [
        *answer_lines(oracle, retrieved, closed), form,
        *machine_lines(options.model, connection, questions, retriever, tokens),
    ]  # fmt: skip
    places = by_place(questions, connection, retriever)
    drawn = samples(oracle)
    print(f"\n{table(lines)}\n\nForms: " + ", ".join(f"{name} {value:.2f}" for name, value in forms.items()))
    print(f"\nThe right source first, in the middle, last of six:\n{places.round(2).to_string(index=False)}")
    for name, report in (("right source + others", oracle), ("retrieved", retrieved)):
        print(
            f"\n{name}:\n{report.summary().T.to_string()}\n\n{report.summary('type', intervals=False).round(2).to_string()}"
        )
        print("failures:", report.failures()["cause"].value_counts().to_dict())
    for row in drawn:
        verdict, key = "right" if row["right"] else "WRONG", row["expected"] or prompts.NO_ANSWER
        print(f"\n{verdict} ({row['type']}, {row['wording']}) {row['question']}\n  said: {row['text']}\n  key:  {key}")
    if options.out:
        found = {
            "date": datetime.date.today().isoformat(), "device": results.device(), "split": options.split,
            "command": f"python models/training/evaluate.py {' '.join(argv if argv is not None else sys.argv[1:])}".strip(),
            "questions": len(questions), "table": [dataclasses.asdict(line) for line in lines], "forms": forms,
            "places": places.to_dict("records"), "oracle": oracle.figures(), "retrieved": retrieved.figures(),
            "samples": drawn,
        }  # fmt: skip
        paths.write_text(options.out, json.dumps(found, indent=1, ensure_ascii=False, default=float) + "\n")


if __name__ == "__main__":
    main()
