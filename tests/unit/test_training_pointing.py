"""Where an answer's tokens come from, found by comparing tokens; and the heads that are told so."""

import random
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import attending  # noqa: E402
import generated  # noqa: E402
import packing  # noqa: E402
import pointing  # noqa: E402
import train  # noqa: E402

from coursekit.prompts import NO_ANSWER  # noqa: E402

COURSE_LM = TRAINING.parent / "course-lm"
SYSTEM = "Answer."
SOURCES = "[1] Lamp > Care\nThe lamp burns for 40 hours. Wipe it dry.\n\n[2] Lamp > Price\nThe lamp costs 9 euros. It burns wax."


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(COURSE_LM)


def told(answer, tokenizer, user=f"{SOURCES}\n\nQuestion: How long?"):
    """For each token of an answer its text, the text that it was copied from with what stands before, and the passage."""
    piece = packing.encode({"task": "t", "system": SYSTEM, "user": user, "assistant": answer}, tokenizer)
    text = tokenizer.decode
    return [
        (text([token]), text(piece.ids[at - 2 : at + 1]) if at >= 0 else None, text(piece.ids[first:end]) if first >= 0 else None)
        for token, weight, (at, first, end) in zip(piece.ids, piece.weights, piece.places) if weight
    ]  # fmt: skip


def test_words_are_found_in_the_source_cited_and_numbers_in_its_mark(tokenizer):
    rows = told("The lamp costs 9 euros [2].", tokenizer)
    assert rows[1] == (" lamp", "\nThe lamp", "The lamp costs 9 euros")
    assert rows[3][:2] == (" ", " lamp costs ")
    assert rows[4][:2] == ("9", " costs 9")
    cited = next(row for row in rows if row[0] == "2")
    assert cited[1].endswith("[2"), cited
    assert {row[2] for row in rows[:-2]} == {"The lamp costs 9 euros"}


def test_each_sentence_has_its_own_passage(tokenizer):
    rows = told("The lamp burns for 40 hours [1]. It burns wax [2].", tokenizer)
    assert [row[2] for row in rows if row[0] in (" hours", " wax")] == ["The lamp burns for 40 hours", " It burns wax"]


def test_a_sentence_in_two_sources_has_places_in_both_and_no_passage(tokenizer):
    rows = told("The lamp burns for 40 hours and costs 9 euros [1][2].", tokenizer)
    found = {row[0]: row[1:] for row in rows}
    assert found["4"] == (" for 4", None)
    assert found["9"] == (" costs 9", None)


def test_words_of_no_source_come_from_nowhere(tokenizer):
    rows = told("Certainly [1].", tokenizer)
    assert rows[0][1:] == (None, None)
    assert all(place is None for _, place, _ in told(NO_ANSWER, tokenizer))


def test_where_nothing_answers_the_prompts_first_token_is_looked_at(tokenizer):
    record = {"task": "t", "system": SYSTEM, "user": f"{SOURCES}\n\nQuestion: How loud?", "assistant": NO_ANSWER}
    piece = packing.encode(record, tokenizer)
    answered = [place for place, weight in zip(piece.places, piece.weights) if weight]
    assert answered == [pointing.NOTHING] * len(answered)
    framed = packing.encode({**record, "assistant": f"The desk says:\n- {NO_ANSWER}"}, tokenizer)
    assert next(place for place, weight in zip(framed.places, framed.weights) if weight) == pointing.NOTHING
    bare = packing.encode({**record, "user": "Question: How loud?"}, tokenizer)
    assert pointing.NOTHING not in bare.places, "without sources there is nothing to choose from"


def test_of_several_questions_only_the_one_without_an_answer_looks_there(tokenizer):
    asked = [(f"{SOURCES}\n\nQuestion: {text}", answer) for text, answer in (
        ("How long?", "The lamp burns for 40 hours [1]."), ("How loud?", NO_ANSWER),
    )]  # fmt: skip
    record = {"task": "t", "system": SYSTEM, "user": asked[0][0], "assistant": asked[0][1], "more": asked[1:]}
    piece = packing.encode(record, tokenizer)
    told = [(turn, place) for turn, place, weight in zip(piece.turns, piece.places, piece.weights) if weight]
    assert {turn for turn, _ in told} == {1, 2}
    assert all((place == pointing.NOTHING) == (turn == 2) for turn, place in told)


def test_in_a_row_each_record_without_an_answer_looks_at_its_own_first_token(tokenizer):
    record = {"task": "t", "system": SYSTEM, "user": f"{SOURCES}\n\nQuestion: How loud?", "assistant": NO_ANSWER}
    [row] = next(packing.batches(iter([record] * 200), tokenizer, 256, random.Random(0), lengths=(256,)))
    begins = {number: int((row.records == number).argmax()) for number in set(row.records.tolist()) - {-1}}
    assert len(begins) > 1
    for number, (_, first, end) in zip(row.records.tolist(), row.places.tolist()):
        if first != pointing.NOWHERE:
            assert (first, end) == (begins[number], begins[number] + 1)
    assert set(row.places[:, 1].tolist()) == {*begins.values(), pointing.NOWHERE}


def test_without_sources_the_turn_is_looked_at(tokenizer):
    rows = told("Kasid 9.1", tokenizer, user="Repeat:\nKasid 9.1")
    assert all(row[1] is not None for row in rows[:-1]), rows


def test_a_match_with_more_around_it_wins():
    prompt = [7, 1, 2, 3, 9, 1, 2, 4]
    assert pointing.aligned([1, 2, 4], prompt, [(0, 8)]) == [5, 6, 7]
    assert pointing.aligned([1, 2, 3], prompt, [(0, 8)]) == [1, 2, 3]
    assert pointing.aligned([1, 2, 3], prompt, [(4, 8)]) == [5, 6, -1], "only the region counts"
    assert pointing.aligned([1, 8], prompt, [(0, 8)]) == [-1, -1], "alone and twice there: nobody can tell"
    assert pointing.aligned([9, 8], prompt, [(0, 8)]) == [4, -1]


def test_places_keep_pointing_at_the_same_token_in_a_row(tokenizer):
    records = [
        {"task": "t", "system": SYSTEM, "user": f"{SOURCES}\n\nQuestion: {asked}", "assistant": answer}
        for asked, answer in (
            ("How long?", "The lamp burns for 40 hours [1]."),
            ("How much?", "The lamp costs 9 euros [2]."),
        )
    ]
    alone = [packing.encode(record, tokenizer) for record in records]
    [batch] = next(packing.batches(iter(records * 40), tokenizer, 256, random.Random(0), lengths=(256,)))
    seen = 0
    for at, (copied, first, end) in enumerate(batch.places.tolist()):
        if copied >= 0:
            same = packing.canonical(tokenizer)[batch.tokens[[at, copied]]]
            assert same[0] == same[1]
            assert batch.records[copied] == batch.records[at]
            assert (
                first <= copied < end
                or tokenizer.decode([batch.tokens[at]]).strip(" ].").isdigit()
                or "[" in tokenizer.decode([batch.tokens[at]])
            )
            seen += 1
    assert seen >= 2 * min(sum(place[0] >= 0 for place in piece.places) for piece in alone)


# --- the heads ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def batch(tokenizer):
    return train.batch_of(
        next(packing.batches(generated.examples(random.Random(1), 3), tokenizer, 1024, random.Random(1)))
    )


@pytest.fixture(scope="module")
def model(tokenizer):
    torch.manual_seed(0)
    return train.new_model("base", tokenizer).eval()


def test_the_forward_pass_is_the_models_own(model, batch):
    inputs = batch["tokens"], batch["positions"], batch["mask"].float()
    with torch.inference_mode():
        hidden, *kept = attending.forward(model.model, *inputs)
        tokens, positions, mask = inputs
        own = model.model(input_ids=tokens, position_ids=positions, attention_mask=mask, use_cache=False)
    torch.testing.assert_close(hidden, own.last_hidden_state)
    assert len(kept) == 2


def test_the_heads_attention_is_the_layers_own(model, batch):
    tokens, positions, mask = batch["tokens"], batch["positions"], batch["mask"].float()
    model.set_attn_implementation("eager")
    with torch.inference_mode():
        _, *kept = attending.forward(model.model, tokens, positions, mask)
        own = model.model(
            input_ids=tokens, position_ids=positions, attention_mask=mask, output_attentions=True, use_cache=False
        ).attentions
        for (layer, heads), hidden in zip((attending.CHOOSING, attending.COPYING), kept):
            for head in heads:
                ours = attending.attention(model.model, hidden, positions, mask, layer, head).exp()
                torch.testing.assert_close(ours, own[layer][:, head], atol=1e-5, rtol=1e-4)
    model.set_attn_implementation("sdpa")


def test_told_where_to_look_the_heads_learn_to_look_there(tokenizer, batch):
    torch.manual_seed(0)
    model = train.new_model("base", tokenizer)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = after = None
    for _ in range(8):
        read = train.foretell(model, attending.forward, batch, torch.device("cpu"))
        lost = {name: part.mean().item() for name, part in read.places.items()}
        before, after = before or lost, lost
        (read.loss(1.0) - read.loss(0.0)).backward()  # the heads' part alone
        optimizer.step()
        optimizer.zero_grad()
    assert after["chosen"] < 0.9 * before["chosen"], (before, after)
    assert after["copied"] < 0.9 * before["copied"], (before, after)


def test_what_heads_lose_is_weighted_by_hand():
    """The mean over the heads of each token, then over the tokens by their weights; no token at all loses nothing."""
    told = attending.Told(torch.tensor([[1.0, 3.0], [4.0, 6.0]]), torch.tensor([6.0, 2.0]))
    assert told.mean().item() == pytest.approx((6 * 2 + 2 * 5) / 8)
    assert attending.Told(torch.empty(0, 2), torch.empty(0)).mean().item() == 0


def test_a_small_model_has_no_such_heads(tokenizer, batch):
    model = train.new_model("smoke", tokenizer)
    read = train.foretell(model, attending.forward, batch, torch.device("cpu"))
    assert read.places == {}
    assert read.loss(0.3).item() == read.loss(0.0).item()
