"""Packing: every record whole, the loss on the right tokens, and the same ids as the chat template gives."""

import itertools
import random
import sys
from pathlib import Path

import numpy as np
import pytest

from coursekit import prompts

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import make_tokenizer  # noqa: E402
import packing  # noqa: E402

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
    ids, weights = packing.encode(record, tokenizer)
    assert ids == whole["input_ids"]
    assert [int(weight > 0) for weight in weights] == whole["assistant_masks"]
    assert weights[-1] == packing.ANSWER, "the end mark is learnt too"
    assert ids[-1] == tokenizer.eos_token_id


def test_digits_are_tokens_of_their_own_and_text_comes_back(tokenizer):
    text = "Lot 40917: 36.5 °C, ±2 µm, “naïve” 漢 [2]."
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.encode("40917")) == 5


def rows_of(records, tokenizer, length=128):
    packer = packing.Packer(length, tokenizer.pad_token_id, random.Random(0))
    closed = [packer.add(*packing.encode(record, tokenizer)) for record in records]
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
    ids, weights = packing.encode({**RECORDS[0], "assistant": "It runs for 7 hours [3]."}, tokenizer)
    heavy = [tokenizer.decode([token]) for token, weight in zip(ids, weights) if weight == packing.CITED]
    assert heavy == ["3"], "the 7 is a fact, not a citation"
    answer = [weight for weight in weights if weight]
    assert answer[: packing.BEGINS] == [packing.BEGINNING] * packing.BEGINS
    assert answer[packing.BEGINS] == packing.ANSWER


def test_positions_begin_anew_with_each_record_and_only_grow_inside(tokenizer):
    jumped = 0
    for row in rows_of(RECORDS, tokenizer, 512):
        begins = [at for at, position in enumerate(row.positions) if position == 0]
        system = tokenizer.convert_tokens_to_ids("<|system|>")
        assert begins[0] == 0
        assert all(row.tokens[at] in (system, tokenizer.pad_token_id) for at in begins)
        for start, end in itertools.pairwise([*begins, 512]):
            steps = np.diff(row.positions[start:end])
            assert (steps >= 1).all()
            assert row.positions[end - 1] < packing.WINDOW
            jumped += bool((steps > 1).any())
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
