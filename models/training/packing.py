"""From records to rows of fixed length: tokens, positions, and how much the loss counts each token.

Rows of one length train about three times as fast on a CPU as rows of many lengths, because each new shape is compiled anew. Attention
costs the square of the length, so that short records go into short rows: `LENGTHS`.
"""

import dataclasses
import functools
import itertools
import random
import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pointing

from coursekit import prompts

IGNORED = -100  # what PyTorch's cross-entropy leaves out
LENGTHS = (256, 384, 512, 768, 1024)  # tokens in a row
# What the loss counts a token of an answer for: its beginning decides which source is meant, or whether to abstain; the number cites.
ANSWER, BEGINNING, CITED, TEXT = 1.0, 6.0, 4.0, 0.25
BEGINS = 2  # tokens of the beginning
ENOUGH = 4  # turns of a record that are worth a shorter row
STRETCHED = 0.2  # the share of records whose positions jump
WINDOW = 2048  # the model's
# How many of the further questions about the same sources are kept whose answer stands in the first source, the second, …: the retriever
# puts the right one first more often than last, and a reader may rely on that.
KEPT = (1.0, 0.5, 0.35, 0.3, 0.25, 0.25)
CITES = re.compile(r"\[\d\]")
ASKS = "\n\nQuestion: "  # where a question begins, below its sources


@dataclasses.dataclass(frozen=True)
class Row:
    """One training row of `length` tokens.

    `records` numbers the records in the row, which do not read each other. `turns` numbers the questions of a record that has several:
    0 is what they share, and each reads that and itself. `positions` begin at 0 with each record and go on from what is shared.
    `places` holds for each token of an answer the token of the row that it was copied from, and first token and end of the passage that
    its sentence comes from, or -1: shape (length, 3). For the abstention the passage is the record's first token.
    """

    tokens: np.ndarray
    positions: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    records: np.ndarray
    turns: np.ndarray
    places: np.ndarray


@dataclasses.dataclass
class Piece:
    """A record in tokens: ids, how much the loss counts each, which turn each belongs to, positions from 0, and places copied from."""

    ids: list[int]
    weights: list[float]
    turns: list[int]
    positions: list[int]
    places: list[pointing.Place]

    def end(self, longest: int) -> int:
        """Where the last turn ends that lies within `longest` tokens; 0 if the first does not."""
        if len(self.ids) <= longest:
            return len(self.ids)
        at = self.turns.index(self.turns[longest])
        return at if self.turns[longest] > 1 else 0

    def cut(self, end: int) -> "Piece":
        """The piece up to a token."""
        return Piece(*(getattr(self, field.name)[:end] for field in dataclasses.fields(self)))


def length_for(piece: Piece, lengths: Sequence[int]) -> int:
    """The shortest row for a piece: one that holds all of it, or of a piece with many turns at least `ENOUGH` of them."""
    for length in lengths:
        end = piece.end(length)
        if end and (end == len(piece.ids) or piece.turns[end - 1] >= ENOUGH):
            return length
    return lengths[-1]


def is_kept(rng: random.Random, number: int) -> bool:
    """Whether to keep a further question whose answer stands in the source with this number."""
    return rng.random() < KEPT[min(number, len(KEPT)) - 1]


def encode(record: dict, tokenizer, longest: int = WINDOW) -> Piece:
    """Tokens of a record; the loss counts the assistant's words and the end mark, or all of plain text.

    A record may ask more than one question about its sources (`more`: pairs of user turn and answer): the sources are read once, and every
    question sees them and itself only, as if it had been asked alone. That makes many answers out of little computing, and shows the
    model that it is the question that decides which source is meant. Questions that pass `longest` tokens are left out.

    The pieces are tokenised one by one, which gives the same ids as the chat template on the whole (a test compares them).
    """
    if record["task"] == "text":
        ids = [*tokenizer.encode(record["assistant"]), tokenizer.eos_token_id]
        return Piece(ids, [TEXT] * len(ids), [0] * len(ids), list(range(len(ids))), [pointing.NONE] * len(ids))
    more = record.get("more", ())
    shared = record["user"]
    if more:
        shared = shared[: shared.rindex(ASKS)]
    read = Read.of(f"<|system|>{record['system']}<|end|><|user|>", shared, tokenizer)
    base = len(read.ids)
    piece = Piece(list(read.ids), [0.0] * base, [0] * base, list(range(base)), [pointing.NONE] * base)
    for number, (user, assistant) in enumerate([(record["user"], record["assistant"]), *more], start=1):
        if not user.startswith(shared + (ASKS if more else "")):
            raise ValueError("The questions of a record must share their sources.")
        asked = tokenizer.encode(f"{user[len(shared) :]}<|end|><|assistant|>")
        answered = tokenizer.encode(f"{assistant}<|end|>")
        count = len(asked) + len(answered)
        if len(piece.ids) + count > longest and number > 1:
            break
        piece.ids += asked + answered
        piece.weights += [0.0] * len(asked) + answer_weights(answered, tokenizer)
        piece.turns += [number if more else 0] * count
        piece.positions += range(base, base + count)
        lacking = read.sources and prompts.NO_ANSWER in assistant and not CITES.search(assistant)
        places = [pointing.NOTHING] * len(answered) if lacking else read.places(answered, tokenizer)
        piece.places += [pointing.NONE] * len(asked) + places
    return piece


@dataclasses.dataclass(frozen=True)
class Read:
    """What the questions of a record share, in tokens, with the tokens of each source and of the user's turn."""

    ids: list[int]
    sources: dict[int, tuple[int, int]]
    turn: tuple[int, int]

    @classmethod
    def of(cls, begins: str, shared: str, tokenizer) -> "Read":
        """Tokens of a prompt: its beginning up to the user's turn, and that turn as far as it is shared."""
        text = begins + shared
        encoded = tokenizer(text, return_offsets_mapping=True)
        ends = text.rfind(ASKS) if ASKS in shared else len(text)
        sources = pointing.sources_in(text, encoded["offset_mapping"], len(begins), ends)
        first = sum(start < len(begins) for start, _ in encoded["offset_mapping"])
        return cls(encoded["input_ids"], sources, (first, len(encoded["input_ids"])))

    def places(self, answered: Sequence[int], tokenizer) -> list[pointing.Place]:
        """Where the tokens of an answer were copied from."""
        same = canonical(tokenizer)
        pieces = tokenizer.convert_ids_to_tokens(answered)
        return pointing.places_of(same[answered].tolist(), pieces, same[self.ids].tolist(), self.sources, self.turn)


@functools.lru_cache(maxsize=2)
def canonical(tokenizer) -> np.ndarray:
    """`pointing.canonical`, made once for a tokenizer."""
    return pointing.canonical(tokenizer)


def answer_weights(ids: list[int], tokenizer) -> list[float]:
    """How much the loss counts each token of an answer."""
    pieces = tokenizer.convert_ids_to_tokens(ids)
    weights = [BEGINNING] * min(BEGINS, len(ids)) + [ANSWER] * (len(ids) - BEGINS)
    for at in range(1, len(pieces)):
        if pieces[at].isdigit() and pieces[at - 1].endswith("["):
            weights[at] = CITED
    return weights


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
        piece = encode(record, tokenizer, lengths[-1])
        if len(piece.ids) > lengths[-1]:
            if record["task"] != "text":
                continue
            piece = piece.cut(lengths[-1])
        length = length_for(piece, lengths)
        piece = piece.cut(piece.end(length))
        # The row that is filled best: short records fill what long ones left.
        room = {size: packers[size].left_after(len(piece.ids)) for size in lengths if size >= length}
        length = min(room, key=lambda size: (room[size], size))
        row = packers[length].add(piece)
        if row:
            ready[length].append(row)
            if len(ready[length]) * length >= tokens:
                yield ready[length]
                ready[length] = []


class Packer:
    """Fills rows of one length, each record whole, into the fullest open row that still has room."""

    def __init__(self, length: int, pad: int, rng: random.Random, open_bins: int = 16) -> None:
        """`open_bins` rows are filled at a time; more waste less."""
        self.length, self.pad, self.rng, self.open_bins = length, pad, rng, open_bins
        self.bins: list[list[Piece]] = []

    def add(self, piece: Piece) -> Row | None:
        """Put a record of at most `length` tokens into a row. Returns a row when one had to be closed."""
        closed = None
        room = [found for found in self.bins if filled(found) + len(piece.ids) <= self.length]
        chosen = max(room, key=filled, default=None)
        if chosen is None:
            if len(self.bins) == self.open_bins:
                fullest = max(self.bins, key=filled)
                self.bins.remove(fullest)
                closed = self._padded(fullest)
            chosen = []
            self.bins.append(chosen)
        chosen.append(dataclasses.replace(piece, positions=self.stretched(piece.positions, piece.turns.count(0))))
        return closed

    def left_after(self, tokens: int) -> int:
        """How much room the best open row would have left after so many tokens; a whole row's where none has room for them."""
        return min((left for found in self.bins if (left := self.length - filled(found) - tokens) >= 0), default=WINDOW)

    def stretched(self, positions: list[int], shared: int) -> list[int]:
        """The positions of a record's tokens. In some records they jump within what is shared: so distances up to the window are known.

        Source: D. Zhu and others, "PoSE: Efficient Context Window Extension of LLMs via Positional Skip-wise Training" (2023).
        """
        if shared < 2 or self.rng.random() >= STRETCHED:
            return positions
        room = (WINDOW - max(positions) - 1) // 2
        jumps = sorted((self.rng.randrange(1, shared), self.rng.randrange(room)) for _ in range(2))
        return [at + sum(jump for begins, jump in jumps if at >= begins) for at in positions]

    def rest(self) -> list[Row]:
        """The rows that are still open."""
        return [self._padded(found) for found in self.bins]

    def _padded(self, found: list[Piece]) -> Row:
        def row(lists: Iterable[Sequence], fill: float, kind: type) -> np.ndarray:
            values = list(itertools.chain.from_iterable(lists))
            return np.array(values + [fill] * (self.length - len(values)), dtype=kind)

        # Nothing stands before a record's first token from which it could be foretold: its label is left out.
        labels = [
            [IGNORED, *(token if weight else IGNORED for token, weight in zip(piece.ids[1:], piece.weights[1:]))]
            for piece in found
        ]
        return Row(
            row((piece.ids for piece in found), self.pad, np.int64),
            row((piece.positions for piece in found), 0, np.int64),
            row(labels, IGNORED, np.int64),
            row((piece.weights for piece in found), 0.0, np.float32),
            row(([number] * len(piece.ids) for number, piece in enumerate(found)), -1, np.int64),
            row((piece.turns for piece in found), 0, np.int64),
            self._places(found),
        )

    def _places(self, found: list[Piece]) -> np.ndarray:
        """The places copied from, counted from the row's beginning."""
        places = np.full((self.length, 3), pointing.NOWHERE)
        begins = 0
        for piece in found:
            own = np.array(piece.places).reshape(-1, 3)
            places[begins : begins + len(own)] = np.where(own == pointing.NOWHERE, own, own + begins)
            begins += len(own)
        return places


def filled(pieces: Sequence[Piece]) -> int:
    """How many tokens some records have."""
    return sum(len(piece.ids) for piece in pieces)
