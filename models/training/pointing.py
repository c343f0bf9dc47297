"""Where the tokens of an answer come from: the places in its sources that they were copied from.

The answers to our records mostly repeat words of a source, so that for nearly each token the place is known. `train.py` tells some
attention heads to look there, beside the loss on the words themselves. Source: the idea is that of L. Liu and others, "Neural Machine
Translation with Supervised Attention" (COLING 2016), with places found by comparing tokens in place of an aligner.
"""

import re
from collections.abc import Sequence

import numpy as np

MARK = re.compile(r"(?:(?<=\n\n)|(?<=<\|user\|>))\[([1-9])\] ")
NOWHERE = -1

Place = tuple[
    int, int, int
]  # the token copied from, and the first and the end of the passage that the sentence comes from
NONE: Place = (NOWHERE, NOWHERE, NOWHERE)
# Where to look when no passage answers: at the prompt's first token, as heads do that find nothing.
NOTHING: Place = (NOWHERE, 0, 1)


def canonical(tokenizer) -> np.ndarray:
    """For each token a number that it shares with those that differ only in white space and capitals: " The", "The" and "the"."""
    texts = [tokenizer.decode([token]) for token in range(len(tokenizer))]
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text.strip().lower() or text, len(numbers)) for text in texts])


def sources_in(text: str, offsets: Sequence[tuple[int, int]], begins: int, ends: int) -> dict[int, tuple[int, int]]:
    """The tokens of each numbered source in a prompt: from its mark to the next one.

    Args:
        text: the prompt.
        offsets: for each token its first character and end.
        begins: the character where the user's turn begins.
        ends: the one where the question begins.
    """
    marks = [(int(found[1]), found.start()) for found in MARK.finditer(text, begins, ends)]
    followed = [place for _, place in marks[1:]] + [ends]
    starts = np.array([start for start, _ in offsets])
    return {
        number: tuple(np.searchsorted(starts, (first, last)).tolist()) for (number, first), last in zip(marks, followed)
    }


def aligned(answer: Sequence[int], tokens: Sequence[int], regions: Sequence[tuple[int, int]]) -> list[int]:
    """For each token of an answer the place in the regions that it was copied from, or `NOWHERE`.

    Of equal tokens that one is taken around which most is the same, before it and behind it together. A token that matches alone counts
    only where the regions hold it once.

    Args:
        answer: canonical numbers of the answer's tokens.
        tokens: those of the prompt.
        regions: first token and end of each stretch of the prompt that is looked at.
    """
    places: dict[int, list[int]] = {}
    for first, end in regions:
        for at in range(first, end):
            places.setdefault(tokens[at], []).append(at)
    before: list[dict[int, int]] = []
    for number in answer:
        last = before[-1] if before else {}
        before.append({at: 1 + last.get(at - 1, 0) for at in places.get(number, ())})
    found, after = [], {}
    for row in reversed(before):
        after = {at: 1 + after.get(at + 1, 0) for at in row}
        best = max(row, key=lambda at: row[at] + after[at], default=NOWHERE)
        alone = best != NOWHERE and row[best] + after[best] == 2
        found.append(NOWHERE if alone and len(row) > 1 else best)
    return found[::-1]


def places_of(
    answer: Sequence[int],
    pieces: Sequence[str],
    tokens: Sequence[int],
    sources: dict[int, tuple[int, int]],
    turn: tuple[int, int],
) -> list[Place]:
    """For each token of an answer where it comes from. Words are looked for in the sources cited behind them, their numbers in the marks.

    Args:
        answer: canonical numbers of its tokens.
        pieces: the tokens as texts, to see which sources are cited behind which words.
        tokens: canonical numbers of the prompt's tokens.
        sources: the tokens of each source.
        turn: the tokens of the user's turn, looked at where there are no sources.
    """
    if not sources:
        return _segment(answer, len(answer), tokens, [turn])
    found, first, at = [], 0, 0
    while at < len(pieces):
        cited, end = [], at
        while end + 1 < len(pieces) and pieces[end].endswith("[") and pieces[end + 1].isdigit():
            cited += [region for number, region in sources.items() if str(number) == pieces[end + 1]]
            end += 2
        if cited:
            end = min(end + 1, len(answer))
            found += _segment(answer[first:end], at - first, tokens, cited)
            first = at = end
        else:
            at += 1
    return found + [NONE] * (len(answer) - first)


def _segment(
    answer: Sequence[int], words: int, tokens: Sequence[int], regions: Sequence[tuple[int, int]]
) -> list[Place]:
    """The places of a sentence of which the first `words` tokens are words and the others cite."""
    copied = aligned(answer, tokens, regions)
    places = [at for at in copied[:words] if at != NOWHERE]
    if not any(all(first <= at < end for at in places) for first, end in regions) or not places:
        return [(at, NOWHERE, NOWHERE) for at in copied]
    return [(at, min(places), max(places) + 1) for at in copied]
