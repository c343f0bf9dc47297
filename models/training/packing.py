"""From records to rows of fixed length: tokens, positions, and how much the loss counts each token.

Rows of one length train about three times as fast on a CPU as rows of many lengths, because each new shape is compiled anew. Attention
costs the square of the length, so that short records go into short rows: `LENGTHS`.
"""

import dataclasses
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

IGNORED = -100  # what PyTorch's cross-entropy leaves out
LENGTHS = (256, 512, 1024)  # tokens in a row
# What the loss counts a token of an answer for: its beginning decides which source is meant, or whether to abstain; the number cites.
ANSWER, BEGINNING, CITED, TEXT = 1.0, 3.0, 4.0, 0.25
BEGINS = 2  # tokens of the beginning
STRETCHED = 0.2  # the share of records whose positions jump
WINDOW = 2048  # the model's


@dataclasses.dataclass(frozen=True)
class Row:
    """One training row of `length` tokens. `positions` begin at 0 with each record, which also keeps records from reading each other."""

    tokens: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray


def encode(record: dict, tokenizer) -> tuple[list[int], list[float]]:
    """Token ids of a record and how much the loss counts each: the assistant's words and the end mark, or all of plain text.

    The pieces are tokenised one by one, which gives the same ids as the chat template on the whole (a test compares them).
    """
    if record["task"] == "text":
        ids = [*tokenizer.encode(record["assistant"]), tokenizer.eos_token_id]
        return ids, [TEXT] * len(ids)
    prompt = f"<|system|>{record['system']}<|end|><|user|>{record['user']}<|end|><|assistant|>"
    asked, answered = tokenizer.encode(prompt), tokenizer.encode(f"{record['assistant']}<|end|>")
    return asked + answered, [0.0] * len(asked) + answer_weights(answered, tokenizer)


def answer_weights(ids: list[int], tokenizer) -> list[float]:
    """How much the loss counts each token of an answer."""
    pieces = tokenizer.convert_ids_to_tokens(ids)
    weights = [BEGINNING] * min(BEGINS, len(ids)) + [ANSWER] * (len(ids) - BEGINS)
    for at in range(1, len(pieces)):
        if pieces[at].isdigit() and pieces[at - 1].endswith("["):
            weights[at] = CITED
    return weights


Bin = tuple[list[int], list[int], list[int], list[float]]


def batches(
    records: Iterable[dict], tokenizer, tokens: int, rng: random.Random, *, lengths: Sequence[int] = LENGTHS
) -> Iterator[list[Row]]:
    """Batches of rows of one length, `tokens` tokens each; a record goes into rows of the shortest length that holds it.

    Args:
        records: an endless stream.
        tokenizer: course-lm's.
        tokens: tokens in a batch, a multiple of every length.
        rng: decides which records' positions jump.
        lengths: tokens in a row, from short to long. Records longer than the last are left out; plain text is cut.
    """
    packers = {length: Packer(length, tokenizer.pad_token_id, rng) for length in lengths}
    ready: dict[int, list[Row]] = {length: [] for length in lengths}
    for record in records:
        ids, weights = encode(record, tokenizer)
        length = next((length for length in lengths if len(ids) <= length), lengths[-1])
        if len(ids) > length:
            if record["task"] != "text":
                continue
            ids, weights = ids[:length], weights[:length]
        row = packers[length].add(ids, weights)
        if row:
            ready[length].append(row)
            if len(ready[length]) * length == tokens:
                yield ready[length]
                ready[length] = []


class Packer:
    """Fills rows of one length, each record whole, into the fullest open row that still has room."""

    def __init__(self, length: int, pad: int, rng: random.Random, open_bins: int = 16) -> None:
        """`open_bins` rows are filled at a time; more waste less."""
        self.length, self.pad, self.rng, self.open_bins = length, pad, rng, open_bins
        self.bins: list[Bin] = []

    def add(self, ids: list[int], weights: list[float]) -> Row | None:
        """Put a record of at most `length` tokens into a row. Returns a row when one had to be closed."""
        closed = None
        room = [found for found in self.bins if len(found[0]) + len(ids) <= self.length]
        chosen = max(room, key=lambda found: len(found[0]), default=None)
        if chosen is None:
            if len(self.bins) == self.open_bins:
                fullest = max(self.bins, key=lambda found: len(found[0]))
                self.bins.remove(fullest)
                closed = self._padded(fullest)
            chosen = ([], [], [], [])
            self.bins.append(chosen)
        labels = [token if weight else IGNORED for token, weight in zip(ids, weights)]
        labels[0] = IGNORED  # nothing stands before it from which it could be foretold
        chosen[0].extend(ids)
        chosen[1].extend(self.positions(len(ids)))
        chosen[2].extend(labels)
        chosen[3].extend(weights)
        return closed

    def positions(self, length: int) -> list[int]:
        """The positions of a record's tokens, from 0. In some records they jump, so that distances up to the window are known.

        Source: D. Zhu and others, "PoSE: Efficient Context Window Extension of LLMs via Positional Skip-wise Training" (2023).
        """
        if length < 2 or self.rng.random() >= STRETCHED:
            return list(range(length))
        jumps = [0] * length
        for _ in range(2):
            jumps[self.rng.randrange(1, length)] += self.rng.randrange((WINDOW - length) // 2)
        return [at + jump for at, jump in enumerate(itertools.accumulate(jumps))]

    def rest(self) -> list[Row]:
        """The rows that are still open."""
        return [self._padded(found) for found in self.bins]

    def _padded(self, found: Bin) -> Row:
        missing = self.length - len(found[0])
        return Row(
            np.array(found[0] + [self.pad] * missing, dtype=np.int64),
            np.array(found[1] + list(range(missing)), dtype=np.int64),
            np.array(found[2] + [IGNORED] * missing, dtype=np.int64),
            np.array(found[3] + [0.0] * missing, dtype=np.float32),
        )
