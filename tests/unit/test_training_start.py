"""The weights that a run begins with: before any training they copy, know which source a token stands in, and cite it."""

import random
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from coursekit import prompts

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import attending  # noqa: E402
import start  # noqa: E402
import train  # noqa: E402


@pytest.fixture(scope="module")
def begun():
    torch.manual_seed(0)  # the heads that are not set begin at random
    tokenizer = AutoTokenizer.from_pretrained(TRAINING.parent / "course-lm")
    return train.new_model("base", tokenizer).eval(), tokenizer


@pytest.mark.parametrize("length", [6, 40, 300])
def test_a_text_is_copied_before_any_training(begun, length):
    model, _ = begun
    # Every token once: after a token that came twice, two continuations would be right.
    ids = random.Random(length).sample(range(5, len(begun[1])), length)
    with torch.inference_mode():
        likeliest = model(torch.tensor([[0, *ids, 1, *ids]])).logits[0].argmax(1)
    copied = likeliest[length + 2 : -1] == torch.tensor(ids[1:])
    assert copied.float().mean() > 0.95


SOURCES = [
    prompts.Source("Orrin 4 > Lamp", "The lamp burns for 70 hours. Its glass is cleaned each week."),
    prompts.Source("Orrin 4 > Price", "A spare wick costs 6 crowns."),
    prompts.Source("Velm > Workshop", "The workshop opens at 8:30 and closes at noon."),
]
ANSWERS = [
    ("How long does the lamp burn?", "The lamp burns for 70 hours [", 1),
    ("What is the price of a spare wick?", "A spare wick costs 6 crowns [", 2),
    ("When does the workshop open?", "The workshop opens at 8:30 [", 3),
]


def stream(begun, question, answer=""):
    """Token ids of a prompt with the beginning of an answer, the stream behind each layer, and the logits."""
    model, tokenizer = begun
    asked = prompts.messages(question, SOURCES)
    ids = tokenizer.apply_chat_template(asked, add_generation_prompt=True, return_dict=True)["input_ids"]
    ids += tokenizer.encode(answer)
    with torch.inference_mode():
        found = model(torch.tensor([ids]), output_hidden_states=True)
    return ids, [hidden[0] for hidden in found.hidden_states], found.logits[0]


def test_each_token_knows_its_source(begun):
    ids, hidden, _ = stream(begun, "How long does the lamp burn?")
    pieces, number, seen = begun[1].convert_ids_to_tokens(ids), 0, set()
    for at, piece in enumerate(pieces):
        if piece.isdigit() and pieces[at - 1] == "[":
            number = int(piece)
        if piece == "Question":
            number = start.SLOT
        if number:
            assert int(hidden[2][at, start.INSIDE].argmax()) + 1 == number, (at, piece)
            seen.add(number)
    assert seen == {1, 2, 3, start.SLOT}


# Not the third: before training, the example `[1]` of the system prompt still outweighs it.
@pytest.mark.parametrize(("question", "answer", "number"), ANSWERS[:2])
def test_the_source_that_was_copied_is_cited(begun, question, answer, number):
    _, _, logits = stream(begun, question, answer)
    digits = begun[1].convert_tokens_to_ids(list("123456789"))
    assert int(logits[-1, digits].argmax()) + 1 == number
    assert int(logits[-1].argmax()) in digits


@pytest.mark.parametrize(("question", "answer", "number"), ANSWERS)
def test_the_question_points_to_the_source_with_its_words(begun, question, answer, number):
    # The other head that writes here begins to look at random, and is told where only in training: it is silenced.
    layer, [head] = attending.CHOOSING
    part = begun[0].model.layers[layer].self_attn
    written = part.o_proj.weight[:, head * part.head_dim : (head + 1) * part.head_dim]
    before = written.clone()
    with torch.no_grad():
        written.zero_()
        _, hidden, _ = stream(begun, question)
        written.copy_(before)
    assert int(hidden[4][-1, start.MEANT][: start.SLOT - 1].argmax()) + 1 == number


def test_akin_words_begin_near_each_other_and_numbers_do_not(begun):
    model, tokenizer = begun
    vectors = torch.nn.functional.normalize(model.get_input_embeddings().weight[:, : start.OWN].detach(), dim=1)

    def near(first, second):
        one, other = (tokenizer.encode(word) for word in (first, second))
        assert len(one) == len(other) == 1
        return float(vectors[one[0]] @ vectors[other[0]])

    assert near(" price", " cost") > near(" price", " river") + 0.15
    assert near(" cable", " wire") > near(" cable", " garden") + 0.15
    assert abs(near("4", "7")) < 0.3


def test_a_start_repeats_with_its_seed(begun):
    _, tokenizer = begun
    torch.manual_seed(0)
    first = train.new_model("base", tokenizer).state_dict()
    torch.manual_seed(0)
    second = train.new_model("base", tokenizer).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
