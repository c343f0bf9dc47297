"""Replies judged by the house style, over real HTTP with a server that answers by a script; plain records from the handbook."""

import math

import pytest
from scripted import prompt_of, scripted

from coursekit import chatdata, corpus, house_style, style
from coursekit.answer_evaluation import evaluate_answers
from coursekit.before_after import ask_messages, judge_report, plain_records
from coursekit.chunking import chunk_corpus
from coursekit.citations import parse
from coursekit.contexts import chunks_of
from coursekit.errors import CourseError
from coursekit.house_style import DESK
from coursekit.index import Hit
from coursekit.prompts import GROUNDED, NO_ANSWER
from coursekit.retrieval import BM25, READER_CHUNKING

REPLIES = house_style.load_replies()
ASKED = [next(reply for reply in REPLIES if reply.kind == kind) for kind in house_style.KINDS]


def asked(request):
    """The message of a request."""
    return prompt_of(request).rpartition("Question: ")[2].strip()


def as_written(request):
    """Answers as the person did who wrote the replies."""
    return next(reply for reply in ASKED if " ".join(reply.message.split()) == asked(request)).styled()


def test_replies_as_written_keep_every_rule():
    with scripted(as_written) as server:
        table = ask_messages(ASKED, server.connection(), system=DESK)
        assert [request["messages"][0] for request in server.requests] == [{"role": "system", "content": DESK}] * len(
            ASKED
        )
    assert table["id"].tolist() == [reply.id for reply in ASKED]
    assert table["kind"].tolist() == list(house_style.KINDS)
    assert table["keeps"].all()
    ordinary = table[table["kind"] != "open"]
    assert (ordinary[list(style.RULES)] == 1).all(axis=None)
    assert table.loc[table["kind"] == "open", list(style.RULES)].isna().all(axis=None), "it is owed a question instead"
    assert table["abstained"].tolist() == [reply.kind == "unanswerable" for reply in ASKED]
    assert (table["prompt_tokens"] > 20).all()
    assert (table["completion_tokens"] > 5).all()
    assert not table["cut"].any()


def test_plain_replies_keep_few_rules_and_a_cut_one_is_marked():
    with scripted(lambda request: ("It is 40 mm [1].", "length")) as server:
        table = ask_messages(ASKED, server.connection(), system=DESK)
    assert not table["keeps"].any()
    assert not table["abstained"].any()
    assert table["cut"].all()
    told = table[table["kind"] != "open"]
    assert (told["opening"] == 0).all()
    assert (told["plain words"] == 1).all()


def test_without_a_system_prompt_none_is_sent():
    with scripted(as_written) as server:
        ask_messages(ASKED[:1], server.connection(), system=None)
    [request] = server.requests
    assert [turn["role"] for turn in request["messages"]] == ["user"]


def test_replies_are_kept_unless_they_are_wanted_fresh():
    with scripted(as_written) as server:
        connection = server.connection()
        first = ask_messages(ASKED[:3], connection, system=DESK)
        again = ask_messages(ASKED[:3], connection, system=DESK)
        assert len(server.requests) == 3
        assert again.equals(first)
        ask_messages(ASKED[:3], connection, system=DESK, fresh=True)
        assert len(server.requests) == 6
        ask_messages(ASKED[:3], connection, system=style.RULES_PROMPT)
        assert len(server.requests) == 9, "another prompt has replies of its own"


def test_no_messages():
    with scripted(as_written) as server, pytest.raises(CourseError, match="no messages to answer"):
        ask_messages([], server.connection(), system=DESK)


# Evaluations, and plain records.


@pytest.fixture(scope="module")
def retriever(handbook, embedder):
    """Search by words over the sentences that readers are handed."""
    return BM25(chunk_corpus(handbook, embedder.tokenizer, **READER_CHUNKING))


def questions(handbook, kind, count=4):
    """Questions of one type, with spans."""
    found = corpus.load_questions(split="dev", documents=handbook)
    return [question for question in found if question.type == kind][:count]


def test_an_evaluation_is_judged_on_what_a_reply_states(handbook, retriever):
    chosen = questions(handbook, "one_fact") + questions(handbook, "unanswerable")
    by_text = {question.question: question for question in chosen}

    def styled(request):
        question = by_text[asked(request)]
        product = question.question.split()[-1]
        if not question.answerable:
            return f"{product}: {NO_ANSWER}\nNext step: Send us a photo of the label.\nLarkspur Support"
        point = f"{style.BULLET}{question.answer.rstrip('.')} [1]."
        return f"{product}: see below.\n{point}\nNext step: See the sheet [4] at once, please.\nLarkspur Support"

    with scripted(styled) as server:
        report = evaluate_answers(chosen, server.connection(), context="oracle", retriever=retriever, system=DESK)
        table = judge_report(report)
        read = evaluate_answers(
            chosen, server.connection(), context="oracle", retriever=retriever, system=DESK, read_as=style.answer_of
        )
    assert table["right"].all()
    assert table["abstained"].tolist() == [not question.answerable for question in chosen]
    assert not report.rows["abstained"].any(), "the report itself looks at the whole reply"
    assert set(table.loc[table["answerable"], "citations"]) == {1}, (
        "what the next step cites is no citation of the answer"
    )
    assert table["said"].tolist() == read.rows["said"].tolist()
    for column in ("right", "abstained", "cause", "citations", "right_citations"):
        assert table[column].tolist() == read.rows[column].tolist(), column
    assert (table["sign-off"] == 1).all()
    assert (table["cited"] == 1).all()


def test_plain_records_cite_the_evidence(handbook, retriever):
    chosen = questions(handbook, "one_fact") + questions(handbook, "two_fact", 2)
    records = plain_records([*chosen, *questions(handbook, "unanswerable", 2)], retriever)
    assert len(records) == len(chosen), "without evidence there is nothing to cite"
    for question, record in zip(chosen, records):
        assert chatdata.problem(record) is None
        system, user, answer = (message["content"] for message in record["messages"])
        assert system == GROUNDED
        assert user.endswith(f"Question: {question.question}")
        found = parse(answer, 4)
        assert found.valid
        assert not found.invalid
        assert all(f"[{number}] " in user for number in found.valid)
        assert question.answer.rstrip(".") in found.text


def test_plain_records_need_the_evidence(handbook, retriever):
    class Elsewhere:
        """Finds the same few chunks always, and none of the right ones."""

        chunks = ()

        def search(self, query, k=5):
            """The first chunk of another document."""
            other = next(chunk for chunk in chunks_of(retriever) if chunk.doc != question.evidence[0].doc)
            return [Hit(other, 1.0, 1)]

    [question] = questions(handbook, "one_fact", 1)
    with pytest.raises(CourseError, match=f"No source holds the evidence of question '{question.id}'"):
        plain_records([question], Elsewhere())


def test_an_open_message_has_no_rules_to_average():
    with scripted(as_written) as server:
        table = ask_messages([reply for reply in ASKED if reply.kind == "open"], server.connection(), system=DESK)
    assert math.isnan(table["opening"].mean())
