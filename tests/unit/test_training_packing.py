"""Packing: every record whole, the loss on the right tokens, and the same ids as the chat template gives."""

import itertools
import sys
from pathlib import Path

import pytest

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import make_tokenizer  # noqa: E402
import packing  # noqa: E402

RECORDS = [
    {
        "task": "answer",
        "system": "Answer.",
        "user": f"[1] Manual\nIt runs for {number} hours.\n\nQuestion: How long?",
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
    ids, counts = packing.encode(record, tokenizer)
    assert ids == whole["input_ids"]
    assert counts == whole["assistant_masks"]
    assert counts[-1] == 1, "the end mark is learnt too"
    assert ids[-1] == tokenizer.eos_token_id


def test_digits_are_tokens_of_their_own_and_text_comes_back(tokenizer):
    text = "Lot 40917: 36.5 °C, ±2 µm, “naïve” 漢 [2]."
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.encode("40917")) == 5


def test_rows_hold_every_record_whole_and_once(tokenizer):
    rows = list(packing.rows(RECORDS, tokenizer, 128))
    assert all(len(row.tokens) == 128 for row in rows)
    text = tokenizer.decode([token for row in rows for token in row.tokens.tolist()])
    for record in RECORDS:
        assert text.count(record["user"] + "<|end|><|assistant|>" + record["assistant"] + "<|end|>") == 1


def test_loss_counts_the_answers_only(tokenizer):
    row = next(packing.rows(RECORDS, tokenizer, 128))
    counted = tokenizer.decode(row.labels[row.labels != packing.IGNORED].tolist())
    assert counted.replace("<|end|>", "\n").split("\n")[0] == RECORDS[0]["assistant"]
    assert "Question" not in counted


def test_positions_begin_anew_with_each_record(tokenizer):
    row = next(packing.rows(RECORDS, tokenizer, 128))
    begins = [at for at, position in enumerate(row.positions) if position == 0]
    system = tokenizer.convert_tokens_to_ids("<|system|>")
    assert begins[0] == 0
    assert all(row.tokens[at] in (system, tokenizer.pad_token_id) for at in begins)


def test_a_record_that_is_too_long_is_left_out_and_long_text_is_cut(tokenizer):
    long = {**RECORDS[0], "user": "x " * 500}
    text = {"task": "text", "system": "", "user": "", "assistant": "word " * 500}
    rows = list(packing.rows([long, RECORDS[1], text], tokenizer, 64))
    held = [tokenizer.decode(row.tokens.tolist()) for row in rows]
    assert not any("x x x" in one for one in held)
    assert any("1 hours [1]." in one for one in held)
    assert any(one.count("word") > 5 for one in held)


def test_an_endless_stream_is_packed_lazily(tokenizer):
    stream = packing.rows(itertools.cycle(RECORDS), tokenizer, 128)
    assert len(list(itertools.islice(stream, 5))) == 5
