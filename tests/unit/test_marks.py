"""Control marks in documents lose their power, whatever tokenizer reads them."""

import pytest

from coursekit import corpus
from coursekit.marks import neutralise

COMMON = [
    "<|system|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>",
    "<|start_header_id|>", "<|START_OF_TURN_TOKEN|>", "<｜User｜>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]",
    "<<SYS>>", "<</SYS>>", "<s>", "</s>",
    "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>", "<tool_call>",
]  # fmt: skip


@pytest.mark.parametrize("mark", COMMON)
def test_a_mark_is_broken_and_can_still_be_read(mark):
    broken = neutralise(f"before {mark} after {mark}{mark}")
    assert mark not in broken
    assert broken.replace(" ", "") == f"before{mark}after{mark}{mark}"
    assert neutralise(broken) == broken


def test_a_mark_inside_a_mark():
    for text in ("<|a<|end|>b|>", "<|<|end|>", "<<|end|>>", "[[INST]INST]", "<<<SYS>>>"):
        broken = neutralise(text)
        assert not any(mark in broken for mark in COMMON), broken


@pytest.mark.parametrize(
    "text", ["a < b and c > d", "x[0] and [1]", "[NOTE] see <b>here</b>", "a || b |> c", "| a | b |\n|---|---|"]
)
def test_what_is_no_mark_stays(text):
    assert neutralise(text) == text


def test_the_handbook_stays_as_it_is():
    for document in corpus.load_handbook():
        assert neutralise(document.text) == document.text
