"""Chat records for fine-tuning: read, checked, turned into tokens with a loss mask, split honestly, searched for near-duplicates.

A record is `{"messages": [{"role": …, "content": …}, …]}`, one JSON object a line; the last message is the assistant's, from which a
model learns.
"""

import dataclasses
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import jinja2

from coursekit import paths
from coursekit.corpus import numbered_jsonl
from coursekit.errors import CourseError

ROLES = ("system", "user", "assistant")
IGNORED = -100  # a label that PyTorch's cross-entropy leaves out
MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")  # in a chat template, before the assistant's words
QUIET = {"verbose": False}  # a record that is too long gets a sentence of our own
SHINGLE = 3  # words in a row that are compared
ALIKE = 0.6  # from this Jaccard similarity on, two texts are near-duplicates

Item = TypeVar("Item")


def problem(record: object) -> str | None:
    """What is wrong with a record, in words; None where nothing is."""
    if not isinstance(record, dict) or not isinstance(record.get("messages"), list) or not record["messages"]:
        return "`messages` has to be a list with at least one message"
    for number, message in enumerate(record["messages"], start=1):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            return f"message {number} needs a `role`: one of {', '.join(ROLES)}"
        if not isinstance(message.get("content"), str) or not message["content"].strip():
            return f"message {number} ({message['role']}) has no text as its `content`"
        if message["role"] == "system" and number > 1:
            return f"message {number} is a system message: only the first one may be"
    if record["messages"][-1]["role"] != "assistant":
        return "the last message has to be the assistant's: from it the model learns"
    if not any(message["role"] == "user" for message in record["messages"]):
        return "there is no user message that the assistant could answer"
    return None


def read_records(path: str | Path) -> list[dict]:
    """The records of a JSONL file.

    Raises:
        CourseError: the file cannot be read or is empty, or a line is no chat record; the message names the line.
    """
    path = Path(path)
    records = []
    for number, record in numbered_jsonl(path):
        if wrong := problem(record):
            raise CourseError(f"{path.name}, line {number}: {wrong}.")
        records.append(record)
    return records


def write_records(path: str | Path, records: Iterable[dict]) -> int:
    """Write records as JSONL, whole or not at all. Returns how many.

    Raises:
        CourseError: a record is wrong, there are none, or the file cannot be written.
    """
    records = list(records)
    for number, record in enumerate(records, start=1):
        if wrong := problem(record):
            raise CourseError(f"Record {number}: {wrong}.")
    if not records:
        raise CourseError("There are no records to write.")
    paths.write_text(Path(path), "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    return len(records)


# --- tokens and labels ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Encoded:
    """A record in tokens: `labels` repeat the ids that the loss counts and are `IGNORED` elsewhere. Both have one entry a token."""

    ids: list[int]
    labels: list[int]

    @property
    def counted(self) -> int:
        """How many tokens the loss counts."""
        return sum(label != IGNORED for label in self.labels)


def labels_of(ids: Sequence[int], mask: Sequence[int]) -> list[int]:
    """What the loss counts: a token's own id where the mask is 1, `IGNORED` where it is 0. The model itself shifts by one token.

    Args:
        ids: token ids.
        mask: for each token 1 if the assistant wrote it, else 0.

    Raises:
        CourseError: no token is the assistant's.
    """
    if not any(mask):
        raise CourseError(
            "No token is marked as the assistant's, so there is nothing to learn: the chat template lacks {% generation %}."
        )
    return [token if own else IGNORED for token, own in zip(ids, mask)]


def encode(record: dict, tokenizer, max_tokens: int) -> Encoded:
    """Tokens and labels of a record, so that the loss counts the assistant's words and the mark that ends them, and nothing else.

    Every turn of the assistant counts. Where the chat template does not mark them, a turn is what the template adds to the conversation
    before it, up to the mark that ends it; a turn that the template writes otherwise once more follows does not count then, the last one
    always does.

    Args:
        record: a chat record.
        tokenizer: with a chat template. Course-lm's marks the assistant's words by `{% generation %}`, most of the Hub's mark nothing.
        max_tokens: more are not allowed: cutting a record at its end would cut the answer.

    Raises:
        CourseError: the record is too long, the template refuses it, or the assistant's words cannot be found.
    """
    ids, mask = _tokens(record["messages"], tokenizer)
    labels = labels_of(ids, mask)
    if len(ids) > max_tokens:
        raise CourseError(
            f"A record has {len(ids)} tokens and may have {max_tokens}: cutting it would cut the answer. "
            "Use fewer or shorter sources, or raise the limit."
        )
    return Encoded(ids, labels)


def _tokens(messages: Sequence[dict], tokenizer) -> tuple[list[int], list[int]]:
    """The ids of a conversation, and for each 1 if the assistant wrote it, else 0."""
    try:
        marked = MARKS.search(tokenizer.get_chat_template()) is not None
    except ValueError as error:
        raise CourseError(
            "The tokenizer has no chat template, which makes tokens of turns: choose a chat model."
        ) from error
    try:
        return _by_marks(messages, tokenizer) if marked else _by_comparison(messages, tokenizer)
    except jinja2.TemplateError as error:
        raise CourseError(
            f"The chat template does not take a record's messages: {str(error).splitlines()[0]}"
        ) from error


def _by_marks(messages: Sequence[dict], tokenizer) -> tuple[list[int], list[int]]:
    """The assistant's words are those between the template's marks."""
    found = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True, tokenize=True, tokenizer_kwargs=QUIET
    )
    return list(found["input_ids"]), list(found["assistant_masks"])


def _by_comparison(messages: Sequence[dict], tokenizer) -> tuple[list[int], list[int]]:
    """The assistant's words are what a turn adds to the prompt before it. All zeros where the last turn cannot be told apart."""
    ids = _ids(messages, tokenizer)
    own = [_turn(messages, at, ids, tokenizer) for at, message in enumerate(messages) if message["role"] == "assistant"]
    counted = {place for turn in own if turn for place in turn} if own[-1] else set()
    return ids, [int(place in counted) for place in range(len(ids))]


def _turn(messages: Sequence[dict], at: int, ids: list[int], tokenizer) -> range | None:
    """The places in `ids` of the assistant's turn number `at`; None where the template writes it in another way among the others."""
    if at == 0:  # there is no prompt before it
        return None
    before = _ids(messages[:at], tokenizer, add_generation_prompt=True)
    through = _ids(messages[: at + 1], tokenizer)
    if through[: len(before)] != before or ids[: len(through)] != through:
        return None
    # Many templates put a line break after the mark that ends a turn. The model has stopped by then.
    ends = [place for place in range(len(before), len(through)) if through[place] == tokenizer.eos_token_id]
    return range(len(before), ends[-1] + 1 if ends else len(through))


def _ids(messages: Sequence[dict], tokenizer, **settings) -> list[int]:
    return list(
        tokenizer.apply_chat_template(messages, return_dict=True, tokenizer_kwargs=QUIET, **settings)["input_ids"]
    )


# --- splits and near-duplicates -------------------------------------------------------------------------------------------------


def split_by(items: Iterable[Item], key: Callable[[Item], Hashable], share: float, seed: int = 0) -> tuple[list, list]:
    """Split by groups: all items with one key go to the same side, so that nothing is known from a sibling.

    Args:
        items: what to split.
        key: an item's group, such as its product family.
        share: the share of items, from 0 to 1, that the second part should have; whole groups come as near to it as they can.
        seed: decides which groups.

    Returns:
        The larger part, and the part that is held out, each in the order given.
    """
    items = list(items)
    sizes = Counter(key(item) for item in items)
    groups = sorted(sizes, key=repr)
    random.Random(seed).shuffle(groups)
    wanted, count, held = share * len(items), 0, set()
    for group in groups:
        if abs(count + sizes[group] - wanted) < abs(count - wanted):
            held.add(group)
            count += sizes[group]
    return [item for item in items if key(item) not in held], [item for item in items if key(item) in held]


def shingles(text: str, size: int = SHINGLE) -> frozenset[tuple[str, ...]]:
    """Every run of `size` words of a text, in small letters; the whole text where it is shorter."""
    words = re.findall(r"\w+", text.lower())
    return frozenset(tuple(words[at : at + size]) for at in range(max(1, len(words) - size + 1)))


def jaccard(one: frozenset, other: frozenset) -> float:
    """The share of what two sets hold together that both hold; 1 for two empty ones."""
    return len(one & other) / len(one | other) if one or other else 1.0


def near_duplicates(
    texts: Sequence[str], others: Sequence[str] | None = None, threshold: float = ALIKE
) -> list[tuple[int, int, float]]:
    """Pairs of texts that are nearly the same: within a list, or between two lists.

    Args:
        texts: n texts.
        others: m texts to compare with; with themselves when left out.
        threshold: the Jaccard similarity of their shingles from which on a pair counts.

    Returns:
        `(place in texts, place in others, similarity)`, the most alike first. Only pairs that share a shingle are compared.

    Source: A. Broder, "On the Resemblance and Containment of Documents" (1997), for resemblance by shingles.
    """
    sets = [shingles(text) for text in texts]
    against = sets if others is None else [shingles(text) for text in others]
    holders: dict[tuple[str, ...], list[int]] = {}
    for at, held in enumerate(against):
        for shingle in held:
            holders.setdefault(shingle, []).append(at)
    pairs = []
    for at, held in enumerate(sets):
        near = {other for shingle in held for other in holders.get(shingle, ()) if others is not None or other < at}
        pairs += [(at, other, jaccard(held, against[other])) for other in near]
    return sorted((pair for pair in pairs if pair[2] >= threshold), key=lambda pair: (-pair[2], pair[:2]))
