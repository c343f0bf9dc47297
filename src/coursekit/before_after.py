"""Before and after a fine-tune: replies judged by the house style, and plain records, whose loss says what a model has kept."""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from coursekit import citations, contexts, house_style, prompts, serving, style
from coursekit.answer_cache import AnswerCache
from coursekit.answer_evaluation import AnswerReport
from coursekit.corpus import Question
from coursekit.errors import CourseError
from coursekit.evaluation import covers
from coursekit.house_style import Reply
from coursekit.progress import progress_bar
from coursekit.prompts import Source
from coursekit.retrieval import Retriever


def _rules(text: str, message: str, sources: Sequence[Source], *, is_open: bool = False) -> dict[str, float]:
    """Each rule as 1 or 0, and `keeps`: whether all are kept. A message that leaves the product open is owed a question instead."""
    if is_open:
        return dict.fromkeys(style.RULES, float("nan")) | {"keeps": style.asks_back(text, sources)}
    kept = style.follows(text, message, sources)
    return {name: float(good) for name, good in kept.items()} | {"keeps": all(kept.values())}


def ask_messages(
    replies: Sequence[Reply],
    connection: serving.Connection,
    *,
    system: str | None,
    max_tokens: int = 160,
    fresh: bool = False,
) -> pd.DataFrame:
    """Have a model answer customers' messages from the sources that came with them, and judge the form of its replies.

    Args:
        replies: messages with sources; what a person answered is not looked at.
        connection: from `serving.connect`.
        system: the system prompt; None sends none at all.
        max_tokens: a reply's length at most.
        fresh: ask for every reply, also for those that were given within a day.

    Returns:
        One row for each message: `id`, `kind`, `message`, `text`, each of `style.RULES` as 1 or 0 (NaN for a message of the kind "open"),
        `keeps` (all rules, or for "open" a question back), `abstained`, `cut`, `prompt_tokens`, `completion_tokens` and `seconds`.

    Raises:
        CourseError: there are no messages, or the model cannot be asked.
    """
    if not replies:
        raise CourseError("There are no messages to answer: the selection is empty.")
    cache, rows = None if fresh else AnswerCache(connection), []
    with progress_bar(len(replies), "asking") as bar:
        for reply in replies:
            messages = prompts.messages(reply.message, reply.sources, system=system)
            messages = messages if system else messages[1:]
            said = cache.get(messages, max_tokens) if cache else None
            if said is None:
                said = serving.complete(connection, messages, max_tokens=max_tokens)
                if cache:
                    cache.put(messages, max_tokens, said)
            rows.append(
                {"id": reply.id, "kind": reply.kind, "message": reply.message, "text": said.text}
                | _rules(said.text, reply.message, reply.sources, is_open=reply.kind == "open")
                | {
                    "abstained": citations.abstains(style.answer_of(said.text)), "cut": said.finish_reason == "length",
                    "prompt_tokens": said.prompt_tokens, "completion_tokens": said.completion_tokens,
                    "seconds": said.seconds,
                }
            )  # fmt: skip
            bar.update()
    return pd.DataFrame(rows)


def judge_report(report: AnswerReport) -> pd.DataFrame:
    """The rows of an evaluation, with the rules of the house style, and facts and citations judged on what a reply states.

    Everything but the rules looks at `style.answer_of(text)`, which is the column `said`, so that neither the first line nor the next step
    passes for an answer: as if the evaluation had been made with `read_as=style.answer_of`. The rules and `keeps` are as in `ask_messages`.
    """
    rows = []
    for record in report.records:
        question, text = record.question, record.answer.text
        read = dataclasses.replace(record, read=style.answer_of(text))
        rows.append(read.row() | _rules(text, question.question, record.answer.sources))
    return pd.DataFrame(rows)


def plain_records(questions: Sequence[Question], retriever: Retriever, k: int = 4) -> list[dict]:
    """Chat records of the kind that the base model was made for: a question, its evidence among k sources, one cited answer.

    After a fine-tune, `finetuning.mean_loss` on them says how likely the model still finds such answers. Questions without evidence are
    left out.

    Args:
        questions: with evidence that has spans.
        retriever: finds the other sources; it has to hold the chunks with the evidence.
        k: sources in a record; more where the evidence alone needs more.

    Raises:
        CourseError: a question's evidence is in none of the retriever's chunks, so that nothing could be cited.
    """
    records = []
    for question in questions:
        if not question.evidence:
            continue
        hits = contexts.hits_for(question, retriever, "oracle", k, None)
        holds = [any(covers(hit, item) for item in question.evidence) for hit in hits]
        marks = "".join(f"[{number}]" for number, held in enumerate(holds, start=1) if held)
        if not marks:
            raise CourseError(
                f"No source holds the evidence of question {question.id!r}: choose a retriever over the handbook."
            )
        answer = f"{question.answer.rstrip('.')} {marks}."
        records.append(house_style.record(prompts.GROUNDED, question.question, answer, prompts.sources_of(hits)))
    return records
