"""Chat records: what is refused and in which words, which tokens the loss counts, honest splits and near-duplicates."""

import copy
import json
import random

import pytest
from tiny_model import CHATML, save_qwen
from transformers import AutoTokenizer

from coursekit import chatdata, serving
from coursekit.chatdata import IGNORED, encode, jaccard, near_duplicates, problem, read_records, split_by, write_records
from coursekit.errors import CourseError

GOOD = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long?"},
        {"role": "assistant", "content": "36 hours [1]."},
    ]
}


def changed(number, **fields):
    """The good record with one message changed."""
    return {"messages": [{**m, **fields} if at == number else m for at, m in enumerate(GOOD["messages"])]}


def test_a_good_record_has_no_problem():
    assert problem(GOOD) is None
    assert problem({"messages": GOOD["messages"][1:]}) is None


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ([], "`messages` has to be a list"),
        ({"prompt": "x"}, "`messages` has to be a list"),
        ({"messages": []}, "at least one message"),
        ({"messages": ["x"]}, "message 1 needs a `role`"),
        (changed(1, role="human"), "message 2 needs a `role`: one of system, user, assistant"),
        (changed(2, content=""), r"message 3 \(assistant\) has no text"),
        (changed(1, content=None), r"message 2 \(user\) has no text"),
        (changed(1, role="system"), "message 2 is a system message"),
        ({"messages": GOOD["messages"][:2]}, "the last message has to be the assistant's"),
        ({"messages": [GOOD["messages"][0], GOOD["messages"][2]]}, "there is no user message"),
    ],
)
def test_what_is_wrong_is_said(record, words, tmp_path):
    with pytest.raises(AssertionError if problem(record) is None else CourseError, match=words):
        write_records(tmp_path / "x.jsonl", [GOOD, record])
    assert not (tmp_path / "x.jsonl").exists()


def test_records_come_back_as_they_were_written(tmp_path):
    record = changed(1, content="Grüße\u2028 and “quotes”\n\tline")
    assert write_records(tmp_path / "x.jsonl", [GOOD, record]) == 2
    assert read_records(tmp_path / "x.jsonl") == [GOOD, record]
    assert len((tmp_path / "x.jsonl").read_text(encoding="utf-8").split("\n")) == 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (json.dumps(GOOD).encode() + b"\n{'messages': []}\n", r"x\.jsonl, line 2: this is not valid JSON"),
        (b'{"messages": []}\n', r"x\.jsonl, line 1: `messages`"),
        (json.dumps(changed(1, content="Grüße"), ensure_ascii=False).encode("latin-1"), "UTF-8"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path, content, words):
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(CourseError, match=words):
        read_records(tmp_path / "x.jsonl")


def test_a_missing_file(tmp_path):
    with pytest.raises(CourseError, match=r"x\.jsonl"):
        read_records(tmp_path / "x.jsonl")


# Tokens.


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(serving.COURSE_LM)


def test_the_loss_counts_the_answer_and_its_end_alone(tokenizer):
    found = encode(GOOD, tokenizer, 100)
    counted = [token for token, label in zip(found.ids, found.labels) if label != IGNORED]
    assert tokenizer.decode(counted) == "36 hours [1].<|end|>"
    assert found.counted == len(counted)
    assert len(found.ids) == len(found.labels)
    assert all(label in (IGNORED, token) for token, label in zip(found.ids, found.labels))
    assert (
        tokenizer.decode(found.ids)
        == "<|system|>Be brief.<|end|><|user|>How long?<|end|><|assistant|>36 hours [1].<|end|>"
    )


def test_labels_repeat_what_counts():
    assert chatdata.labels_of([0, 5, 5], [1, 0, 1]) == [0, IGNORED, 5]
    with pytest.raises(CourseError, match="nothing to learn"):
        chatdata.labels_of([1, 2], [0, 0])


def test_every_turn_of_the_assistant_counts(tokenizer):
    more = {
        "messages": [*GOOD["messages"], {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]
    }
    found = encode(more, tokenizer, 100)
    counted = [token for token, label in zip(found.ids, found.labels) if label != IGNORED]
    assert tokenizer.decode(counted) == "36 hours [1].<|end|>Yes.<|end|>"


def test_a_record_that_is_too_long_is_refused_and_not_cut(tokenizer):
    length = len(encode(GOOD, tokenizer, 100).ids)
    assert len(encode(GOOD, tokenizer, length).ids) == length
    with pytest.raises(CourseError, match=f"has {length} tokens and may have {length - 1}"):
        encode(GOOD, tokenizer, length - 1)


def words(tokenizer, found):
    """What the loss counts, as text."""
    return tokenizer.decode([token for token, label in zip(found.ids, found.labels) if label != IGNORED])


LONGER = {
    "messages": [*GOOD["messages"], {"role": "user", "content": "Sure?"}, {"role": "assistant", "content": "Yes."}]
}


@pytest.mark.parametrize("record", [GOOD, LONGER])
def test_a_template_without_marks_gives_what_one_with_marks_does(tokenizer, record):
    plain = AutoTokenizer.from_pretrained(serving.COURSE_LM)
    plain.chat_template = plain.chat_template.replace("{% generation %}", "").replace("{% endgeneration %}", "")
    assert encode(record, plain, 100) == encode(record, tokenizer, 100)


@pytest.fixture(scope="module")
def qwen(tmp_path_factory):
    return AutoTokenizer.from_pretrained(save_qwen(tmp_path_factory.mktemp("qwen") / "model"))


def test_a_template_of_the_hub(qwen):
    """The line break after the mark that ends a turn is not the assistant's."""
    found = encode(LONGER, qwen, 250)
    assert words(qwen, found) == "36 hours [1].<|im_end|>Yes.<|im_end|>"
    assert qwen.decode(found.ids).endswith("<|im_start|>assistant\nYes.<|im_end|>\n")
    assert words(qwen, encode(GOOD, qwen, 250)) == "36 hours [1].<|im_end|>"


def test_an_earlier_turn_that_is_written_otherwise_does_not_count(qwen):
    """As templates of models that think do: only the last turn shows its thoughts."""
    thinking = copy.deepcopy(qwen)
    thinking.chat_template = CHATML.replace(
        "+ message.content", "+ ('hm' if loop.last and message.role == 'assistant' else '') + message.content"
    )
    assert words(thinking, encode(LONGER, thinking, 250)) == "hmYes.<|im_end|>"


def test_turns_that_cannot_be_told_apart_are_refused(qwen):
    other = copy.deepcopy(qwen)
    other.chat_template = "{{ messages | length }}" + CHATML  # the prompt is not how the conversation begins
    with pytest.raises(CourseError, match=r"nothing to learn: the chat template lacks \{% generation %\}"):
        encode(GOOD, other, 250)


def test_marks_around_nothing_are_refused(tokenizer):
    empty = copy.deepcopy(tokenizer)
    empty.chat_template = "{% for m in messages %}{{ m['content'] }}{% endfor %}{% generation %}{% endgeneration %}"
    with pytest.raises(CourseError, match="nothing to learn"):
        encode(GOOD, empty, 100)


def test_templates_that_refuse_or_are_missing(qwen):
    strict = copy.deepcopy(qwen)
    strict.chat_template = "{{ raise_exception('System role not supported') }}"
    with pytest.raises(CourseError, match="does not take a record's messages: System role not supported"):
        encode(GOOD, strict, 250)
    strict.chat_template = None
    with pytest.raises(CourseError, match="no chat template"):
        encode(GOOD, strict, 250)


# Splits.


def test_no_group_is_on_both_sides():
    items = [(family, at) for family, count in zip("abcde", (50, 30, 20, 40, 60)) for at in range(count)]
    random.Random(1).shuffle(items)
    train, held = split_by(items, lambda item: item[0], 0.2)
    assert {item[0] for item in train}.isdisjoint({item[0] for item in held})
    assert sorted(train + held) == sorted(items)
    assert 0.1 <= len(held) / len(items) <= 0.3
    assert split_by(items, lambda item: item[0], 0.2) == (train, held), "the same seed gives the same split"
    assert [item for item in items if item in set(held)] == held, "in the order given"
    assert split_by(items, lambda item: item[0], 0.0)[1] == []


def test_near_duplicates_by_hand():
    texts = [
        "How long does the lamp of the Orrin 4 burn?",
        "Who repairs it?",
        "How long does the lamp of the Orrin 5 burn?",
    ]
    [(second, first, share)] = near_duplicates(texts, threshold=0.5)
    assert (second, first) == (2, 0)
    assert share == pytest.approx(6 / 10), "eight shingles each, six of them in both"
    assert near_duplicates(texts, threshold=0.9) == []
    assert near_duplicates(["Who repairs IT"], texts) == [(0, 1, 1.0)]
    assert near_duplicates([], texts) == []


def test_near_duplicates_are_those_of_comparing_all_pairs():
    rng = random.Random(0)
    texts = [" ".join(rng.choices("abcd", k=rng.randint(1, 9))) for _ in range(60)]
    sets = [chatdata.shingles(text) for text in texts]
    every = {(a, b) for a in range(60) for b in range(a) if jaccard(sets[a], sets[b]) >= 0.4}
    assert {pair[:2] for pair in near_duplicates(texts, threshold=0.4)} == every
    assert len(every) > 5


def test_jaccard():
    assert jaccard(frozenset("ab"), frozenset("bc")) == pytest.approx(1 / 3)
    assert jaccard(frozenset(), frozenset()) == 1
    assert jaccard(frozenset("a"), frozenset()) == 0
