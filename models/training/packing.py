"""From records to rows of fixed length: tokens, positions, and which tokens the loss counts.

Rows of one length train about three times as fast on a CPU as rows of many lengths, because each new shape is compiled anew.
"""

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

IGNORED = -100  # what PyTorch's cross-entropy leaves out


@dataclasses.dataclass(frozen=True)
class Row:
    """One training row of `length` tokens. `positions` begin at 0 with each record, which also keeps records from reading each other."""

    tokens: np.ndarray
    positions: np.ndarray
    labels: np.ndarray


def encode(record: dict, tokenizer) -> tuple[list[int], list[int]]:
    """Token ids of a record and, for each, 1 where the loss counts: the assistant's words and the end mark, or all of plain text.

    The pieces are tokenised one by one, which gives the same ids as the chat template on the whole (a test compares them).
    """
    if record["task"] == "text":
        ids = [*tokenizer.encode(record["assistant"]), tokenizer.eos_token_id]
        return ids, [1] * len(ids)
    prompt = f"<|system|>{record['system']}<|end|><|user|>{record['user']}<|end|><|assistant|>"
    asked, answered = tokenizer.encode(prompt), tokenizer.encode(f"{record['assistant']}<|end|>")
    return asked + answered, [0] * len(asked) + [1] * len(answered)


def rows(records: Iterable[dict], tokenizer, length: int, *, open_bins: int = 16) -> Iterator[Row]:
    """Pack records into rows, each record whole, into the fullest open row that still has room. Longer records are left out.

    Args:
        records: an endless stream.
        tokenizer: course-lm's.
        length: tokens in a row.
        open_bins: how many rows are filled at a time; more waste less.
    """
    bins: list[tuple[list[int], list[int], list[int]]] = []
    for record in records:
        ids, counts = encode(record, tokenizer)
        if len(ids) > length:
            if record["task"] != "text":
                continue
            ids, counts = ids[:length], counts[:length]
        labels = [token if count else IGNORED for token, count in zip(ids, counts)]
        labels[0] = IGNORED  # nothing stands before it from which it could be foretold
        room = [found for found in bins if len(found[0]) + len(ids) <= length]
        chosen = max(room, key=lambda found: len(found[0]), default=None)
        if chosen is None:
            if len(bins) == open_bins:
                fullest = max(bins, key=lambda found: len(found[0]))
                bins.remove(fullest)
                yield _padded(fullest, length, tokenizer.pad_token_id)
            chosen = ([], [], [])
            bins.append(chosen)
        chosen[0].extend(ids)
        chosen[1].extend(range(len(ids)))
        chosen[2].extend(labels)
    yield from (_padded(found, length, tokenizer.pad_token_id) for found in bins)


def _padded(found: tuple[list[int], list[int], list[int]], length: int, pad: int) -> Row:
    missing = length - len(found[0])
    return Row(
        np.array(found[0] + [pad] * missing, dtype=np.int64),
        np.array(found[1] + list(range(missing)), dtype=np.int64),
        np.array(found[2] + [IGNORED] * missing, dtype=np.int64),
    )
