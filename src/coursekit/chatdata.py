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

from coursekit import paths
from coursekit.corpus import numbered_jsonl
from coursekit.errors import CourseError

ROLES = ("system", "user", "assistant")
IGNORED = -100  # a label that PyTorch's cross-entropy leaves out
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

    Args:
        record: a chat record.
        tokenizer: with a chat template that marks the assistant's words by `{% generation %}`.
        max_tokens: more are not allowed: cutting a record at its end would cut the answer.

    Raises:
        CourseError: the record is too long, or the template marks nothing.
    """
    found = tokenizer.apply_chat_template(
        record["messages"], return_dict=True, return_assistant_tokens_mask=True, tokenize=True
    )
    ids = list(found["input_ids"])
    labels = labels_of(ids, found["assistant_masks"])
    if len(ids) > max_tokens:
        raise CourseError(
            f"A record has {len(ids)} tokens and may have {max_tokens}: cutting it would cut the answer. "
            "Use fewer or shorter sources, or raise the limit."
        )
    return Encoded(ids, labels)


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
