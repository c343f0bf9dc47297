"""The weights that a run begins with: the heads copy before any training, and akin words are near each other."""

import random
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import train  # noqa: E402


@pytest.fixture(scope="module")
def begun():
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


def test_akin_words_begin_near_each_other_and_numbers_do_not(begun):
    model, tokenizer = begun
    vectors = torch.nn.functional.normalize(model.get_input_embeddings().weight[:, :255].detach(), dim=1)

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
