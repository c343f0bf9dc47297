"""What is learnt from, and what is asked: replies, questions, and the search for their sources."""

import functools
import random

from coursekit import before_after, chatdata, corpus, house_style, retrieval
from coursekit.corpus import Question

WATCHED = 30  # replies whose loss is measured during a training
ANSWERABLE, OTHERS, FEWER = 60, 24, 60  # test questions; answerable ones for the tables of sizes, ranks and iterations


@functools.cache
def data() -> dict[str, list]:
    """The replies to learn from, and those of the held-out family: watched in training, asked after it, read for a second try, and those
    about a fault, which are watched for the diagnosis.
    """
    learn, unseen = chatdata.split_by(house_style.load_replies(), lambda reply: reply.family, 0.2)
    drawn = house_style.draw(unseen, 140)
    faults = [reply for reply in unseen if reply.cause][:WATCHED]
    return {"learn": learn, "watched": drawn[:WATCHED], "asked": drawn[40:90], "read": drawn[90:], "faults": faults}


@functools.cache
def questions() -> dict[str, list[Question]]:
    """Test questions for the figures, some of them for a smaller look, questions of the families trained on, plain ones for the loss."""
    test, dev = corpus.load_questions(split="test"), corpus.load_questions(split="dev")
    draw = random.Random(6)
    answerable = draw.sample([question for question in test if question.answerable], ANSWERABLE)
    others = draw.sample([question for question in test if not question.answerable], OTHERS)
    families = {reply.family for reply in data()["learn"]}
    known = [question for question in dev if question.about in families and question.type in ("one_fact", "table")]
    looked_up = [question for question in test if question.type in ("one_fact", "table")]
    return {
        "test": answerable + others, "fewer": answerable[:FEWER], "known": draw.sample(known, 40),
        "plain": draw.sample(looked_up, 40),
    }  # fmt: skip


@functools.cache
def retriever(revision: str | None = None):
    """The search for sentences of the handbook, or of a later edition."""
    return retrieval.open_retriever(documents=corpus.load_handbook(revision), chunking=retrieval.READER_CHUNKING)


@functools.cache
def plain_records() -> list[dict]:
    """Plain cited answers, for what a model has kept."""
    return before_after.plain_records(questions()["plain"], retriever())
