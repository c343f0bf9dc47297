"""What is measured of a model, and the figures that are made of it."""

from collections.abc import Sequence

from data import data, plain_records, retriever
from parts import Parts, base_digest, digest
from tuning import Model

from coursekit import before_after, finetuning, house_style
from coursekit.answer_evaluation import evaluate_answers, ratio, ratio_interval
from coursekit.corpus import Question
from coursekit.evaluation import bootstrap_interval
from coursekit.house_style import Reply

KEPT_COLUMNS = (
    "id",
    "type",
    "kind",
    "answerable",
    "keeps",
    "right",
    "abstained",
    "citations",
    "right_citations",
    "prompt_tokens",
    "text",
)


def messages(parts: Parts, model: Model, replies: Sequence[Reply], system: str | None) -> list[dict]:
    """A model's replies to messages, judged; one row each."""
    settings = {"base": base_digest(), "system": system, "asked": [reply.id for reply in replies]}

    def make() -> dict:
        frame = before_after.ask_messages(replies, model.connect(), system=system)
        return {"rows": kept_rows(frame)}

    return parts.get(f"messages-{model.key}", settings, make)["rows"]


def answers(
    parts: Parts, model: Model, asked: Sequence[Question], context: str, system: str | None, revision: str | None = None
) -> list[dict]:
    """A model's answers to questions, judged; one row each."""
    settings = {
        "base": base_digest(), "system": system, "context": context, "revision": revision,
        "asked": [question.id for question in asked], "wordings": digest([question.question for question in asked]),
    }  # fmt: skip

    def make() -> dict:
        search = None if context == "none" else retriever(revision)
        report = evaluate_answers(asked, model.connect(), context=context, retriever=search, system=system)
        return {"rows": kept_rows(before_after.judge_report(report))}

    return parts.get(f"answers-{model.key}", settings, make)["rows"]


def losses(parts: Parts, model: Model) -> dict[str, float]:
    """The loss on held-out replies and on plain answers."""
    watched = house_style.records("style", data()["watched"])
    settings = {"base": base_digest(), "plain": digest(plain_records()), "watched": digest(watched)}
    known = model.tuned is not None and model.settings["held_out"] == digest(watched)  # its training has measured it

    def make() -> dict:
        opened, tokenizer = model.open()
        return {
            "held-out loss": model.tuned["held_out_loss"]
            if known
            else finetuning.mean_loss(opened, tokenizer, watched),
            "plain loss": finetuning.mean_loss(opened, tokenizer, plain_records()),
        }

    return parts.get(f"losses-{model.key}", settings, make)


def kept_rows(frame) -> list[dict]:
    """The columns that figures are made of, as plain values."""
    return frame[[name for name in KEPT_COLUMNS if name in frame]].to_dict("records")


def share(rows: Sequence[dict], column: str) -> list[float] | None:
    """A mean over rows with its 95 % interval: `[mean, low, high]`; None where there are no rows."""
    values = [float(row[column]) for row in rows]
    return [round(number, 4) for number in (sum(values) / len(values), *bootstrap_interval(values))] if values else None


def precision(rows: Sequence[dict]) -> list[float] | None:
    """The share of citations, over answerable questions, that name a source with evidence, with its interval."""
    chosen = [row for row in rows if row["answerable"]]
    pair = [row["right_citations"] for row in chosen], [row["citations"] for row in chosen]
    return [round(number, 4) for number in (ratio(*pair), *ratio_interval(*pair))] if sum(pair[1]) else None


def mean(rows: Sequence[dict], column: str) -> float:
    """A mean over rows."""
    return round(sum(row[column] for row in rows) / len(rows), 1)


def by_id(rows: Sequence[dict], column: str) -> dict[str, float]:
    """A column by the id of its rows."""
    return {row["id"]: row[column] for row in rows}


def facts_row(rows: Sequence[dict]) -> dict:
    """What a table says of answers with sources."""
    answerable, others = ([row for row in rows if row["answerable"] is wanted] for wanted in (True, False))
    return {
        "right": share(answerable, "right"), "citation precision": precision(rows), "abstention": share(others, "abstained"),
        "prompt tokens": mean(rows, "prompt_tokens"),
    }  # fmt: skip
