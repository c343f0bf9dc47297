"""Packing: every record whole, the loss on the right tokens, and the same ids as the chat template gives."""

import itertools
import random
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from coursekit import prompts
from coursekit.prompts import NO_ANSWER

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import attending  # noqa: E402
import from_worlds  # noqa: E402
import generated  # noqa: E402
import make_tokenizer  # noqa: E402
import packing  # noqa: E402
import train  # noqa: E402

RECORDS = [
    {
        "task": "answer",
        "system": "Answer.",
        "user": prompts.user_turn("How long?", [prompts.Source("Manual", f"It runs for {number} hours.")]),
        "assistant": f"{number} hours [1].",
    }
    for number in range(40)
]


@pytest.fixture(scope="module")
def tokenizer():
    texts = [record["user"] + record["assistant"] for record in RECORDS]
    return make_tokenizer.train(texts, 400)


def test_ids_are_those_of_the_chat_template(tokenizer):
    record = RECORDS[17]
    chat = [{"role": role, "content": record[role]} for role in ("system", "user", "assistant")]
    whole = tokenizer.apply_chat_template(chat, return_dict=True, return_assistant_tokens_mask=True)
    piece = packing.encode(record, tokenizer)
    assert piece.ids == whole["input_ids"]
    assert [int(weight > 0) for weight in piece.weights] == whole["assistant_masks"]
    assert piece.weights[-1] == packing.ANSWER, "the end mark is learnt too"
    assert piece.ids[-1] == tokenizer.eos_token_id


def several(record, questions):
    """A record that asks more questions about its sources."""
    shared = record["user"].rpartition("Question: ")[0]
    return {**record, "more": [(f"{shared}Question: {asked}", answer) for asked, answer in questions]}


ASKED = [
    ("Is it two?", "Two [1]."),
    ("What is it?", "The manual does not tell it, but 4 hours pass [1]."),
    ("A?", "B."),
]


def test_each_of_several_questions_reads_as_if_it_had_been_asked_alone(tokenizer):
    record = several(RECORDS[17], ASKED)
    piece = packing.encode(record, tokenizer)
    assert piece.turns == sorted(piece.turns)
    for number, (user, answer) in enumerate([(record["user"], record["assistant"]), *record["more"]], start=1):
        alone = packing.encode({**RECORDS[17], "user": user, "assistant": answer}, tokenizer)
        kept = [at for at, turn in enumerate(piece.turns) if turn in (0, number)]
        for name in ("ids", "weights", "positions"):
            assert [getattr(piece, name)[at] for at in kept] == getattr(alone, name)


def test_a_question_reads_its_sources_and_itself_only(tokenizer):
    rows = rows_of([several(RECORDS[0], ASKED), RECORDS[1]], tokenizer, 256)
    batch = train.batch_of(rows)
    row, seen = rows[0], batch["mask"][0, 0] == 0
    for at in range(256):
        allowed = [
            before <= at and row.records[before] == row.records[at] and row.turns[before] in (0, row.turns[at])
            for before in range(256)
        ]
        assert seen[at].tolist() == allowed


def test_the_model_answers_several_questions_as_it_answers_each_alone(tokenizer):
    model = train.new_model("smoke", tokenizer).eval()
    record = several(RECORDS[0], ASKED)
    together = answers_with_logits(model, [record], tokenizer)
    alone = [
        answers_with_logits(model, [{**RECORDS[0], "user": user, "assistant": answer}], tokenizer)
        for user, answer in [(record["user"], record["assistant"]), *record["more"]]
    ]
    torch.testing.assert_close(together, torch.cat(alone), atol=0.02, rtol=0.02)


def answers_with_logits(model, records, tokenizer):
    batch = train.batch_of(rows_of(records, tokenizer, 256, stretched=False))
    with torch.inference_mode():
        return train.foretell(model, attending.forward, batch, torch.device("cpu")).logits


def test_questions_that_pass_the_length_are_left_out_whole(tokenizer):
    record = several(RECORDS[0], ASKED)
    whole = packing.encode(record, tokenizer)
    first = whole.turns.index(2)
    shorter = packing.encode(record, tokenizer, first + 5)
    assert shorter.ids == whole.ids[:first]
    assert whole.end(first + 5) == first
    assert whole.end(first - 1) == 0, "the first question does not fit"
    assert packing.length_for(whole, (first + 5, 1024)) == 1024, "two questions would be lost"
    with pytest.raises(ValueError, match="share their sources"):
        packing.encode({**record, "more": [("[1] Other\nText.\n\nQuestion: A?", "B.")]}, tokenizer)


def test_digits_are_tokens_of_their_own_and_text_comes_back(tokenizer):
    text = "Lot 40917: 36.5 °C, ±2 µm, “naïve” 漢 [2]."
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.encode("40917")) == 5


def rows_of(records, tokenizer, length=128, stretched=True):
    packer = packing.Packer(length, tokenizer.pad_token_id, random.Random(0))
    if not stretched:
        packer.stretched = lambda positions, shared: positions
    closed = [packer.add(packing.encode(record, tokenizer)) for record in records]
    return [row for row in closed if row] + packer.rest()


def test_rows_hold_every_record_whole_and_once(tokenizer):
    rows = rows_of(RECORDS, tokenizer)
    assert all(len(row.tokens) == 128 for row in rows)
    text = tokenizer.decode([token for row in rows for token in row.tokens.tolist()])
    for record in RECORDS:
        assert text.count(record["user"] + "<|end|><|assistant|>" + record["assistant"] + "<|end|>") == 1


def test_loss_counts_the_answers_only(tokenizer):
    row = rows_of(RECORDS, tokenizer)[0]
    counted = tokenizer.decode(row.labels[row.labels != packing.IGNORED].tolist())
    assert counted.replace("<|end|>", "\n").split("\n")[0] in {record["assistant"] for record in RECORDS}
    assert "Question" not in counted
    assert ((row.weights > 0) == (row.labels != packing.IGNORED)).all()


def test_the_loss_counts_the_cited_number_and_the_beginning_more(tokenizer):
    piece = packing.encode({**RECORDS[0], "assistant": "It runs for 7 hours [3]."}, tokenizer)
    weights = piece.weights
    heavy = [tokenizer.decode([token]) for token, weight in zip(piece.ids, weights) if weight == packing.CITED]
    assert heavy == ["3"], "the 7 is a fact, not a citation"
    answer = [weight for weight in weights if weight]
    assert answer[: packing.BEGINS] == [packing.BEGINNING] * packing.BEGINS
    assert answer[packing.BEGINS] == packing.ANSWER


def test_positions_begin_anew_with_each_record_and_only_grow_inside(tokenizer):
    jumped = 0
    system = tokenizer.convert_tokens_to_ids("<|system|>")
    for row in rows_of([several(record, ASKED) for record in RECORDS], tokenizer, 512):
        for number in range(row.records.max() + 1):
            inside = row.records == number
            positions, turns = row.positions[inside], row.turns[inside]
            assert row.tokens[inside][0] == system
            assert positions[0] == 0
            for turn in range(1, turns.max() + 1):
                steps = np.diff(positions[(turns == 0) | (turns == turn)])
                assert (steps >= 1).all()
                assert (np.diff(positions[turns == turn]) == 1).all(), "no jump inside a question and its answer"
            assert positions.max() < packing.WINDOW
            jumped += bool((np.diff(positions[turns == 0]) > 1).any())
    assert 0 < jumped < 20, "some records are stretched, most are not"


def test_batches_hold_rows_of_one_length_and_short_records_go_into_short_rows(tokenizer):
    long = {**RECORDS[0], "user": "x y z " * 60}
    stream = itertools.cycle([*RECORDS, long])
    found = packing.batches(stream, tokenizer, 1024, random.Random(0), lengths=(128, 512))
    for batch in itertools.islice(found, 12):
        length = len(batch[0].tokens)
        assert len(batch) * length == 1024
        assert all(len(row.tokens) == length for row in batch)
        assert ("x y z x" in tokenizer.decode(batch[0].tokens.tolist())) == (length == 512)


def test_a_record_that_is_too_long_is_left_out_and_long_text_is_cut(tokenizer):
    long = {**RECORDS[0], "user": "x " * 500}
    text = {"task": "text", "system": "", "user": "", "assistant": "word " * 500}
    stream = itertools.cycle([long, *RECORDS[:3], text])
    found = packing.batches(stream, tokenizer, 256, random.Random(0), lengths=(128,))
    held = [tokenizer.decode(row.tokens.tolist()) for batch in itertools.islice(found, 20) for row in batch]
    assert not any("x x x" in one for one in held)
    assert any("1 hours [1]." in one for one in held)
    assert any(one.count("word") > 5 for one in held)


def test_the_further_down_a_source_the_fewer_of_its_questions_are_kept():
    rng = random.Random(0)
    kept = [sum(packing.is_kept(rng, number) for _ in range(4000)) / 4000 for number in (1, 2, 3, 4, 6, 9)]
    for share, wanted in zip(kept, (1, 0.5, 0.35, 0.3, 0.25, 0.25)):
        assert share == pytest.approx(wanted, abs=0.03)


def test_no_other_answer_begins_like_the_abstention(tokenizer):
    """Its first token decides at once between answering and abstaining: see `prompts.NO_ANSWER`."""
    begins = NO_ANSWER.split()[0]
    for stream in (generated.examples(random.Random(3), 3), from_worlds.examples(random.Random(3), names=("corvane",))):
        answers = [
            answer
            for record in itertools.islice(stream, 400)
            for answer in (record["assistant"], *(more for _, more in record.get("more", ())))
        ]
        assert answers.count(NO_ANSWER) > 20
        other = [answer for answer in answers if answer != NO_ANSWER and answer.startswith(f"{begins} ")]
        assert len(other) < 0.002 * len(answers), other[:5]
