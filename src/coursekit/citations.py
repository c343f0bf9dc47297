"""Citations in an answer: which sentence cites which source, whether the source exists, and whether the answer abstains.

A citation is a number in square brackets: `[1]`, `[1][2]`, `[1, 2]`, `[1-3]`, `[1] and [2]`. Code (`x[0]` in backticks) and Markdown
links (`[1](address)`) hold none.
"""

import bisect
import dataclasses
import json
import re
from collections.abc import Iterable

from coursekit.chunking import sentence_spans
from coursekit.prompts import NO_ANSWER

# Brackets inside brackets are one mark. The possessive `]++` keeps `[[1]](address)` a link.
MARK = re.compile(r"\[+ *\d{1,6}(?: *(?:[,;&–-]|and) *\d{1,6})* *\]++(?!\()")
CODE = re.compile(r"^```.*?(?:^```[^\n]*$|\Z)|(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"\A\s*```\w*\n(.*)\n```\s*\Z", re.DOTALL)  # a whole answer in a fence, as JSON often comes
JOINED = re.compile(r"\s*(?:,|and|&|;)?\s*")  # what stands between two marks that cite together
LONGEST_RANGE = 50  # `[1-2000]` is no list of two thousand sources


@dataclasses.dataclass(frozen=True)
class Sentence:
    """A sentence of an answer without its marks, and the numbers it cites, each once, in order."""

    text: str
    cites: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Citations:
    """What an answer cites.

    `text` is the answer without its marks; `valid` are the numbers of sources that were handed over and `invalid` those that were not,
    each once, in the order in which they first occur.
    """

    text: str
    sentences: tuple[Sentence, ...]
    valid: tuple[int, ...]
    invalid: tuple[int, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """Every number cited, each once: the valid ones, then the invalid ones."""
        return self.valid + self.invalid


def numbers_of(mark: str) -> list[int]:
    """The numbers of one mark: `[1, 3]` gives 1 and 3, `[2-4]` gives 2, 3 and 4."""
    numbers: list[int] = []
    for part in re.split(r"[,;&]|and", mark.strip("[] ")):
        ends = [int(number) for number in re.findall(r"\d+", part)]
        if len(ends) == 2 and 0 <= ends[1] - ends[0] <= LONGEST_RANGE:
            ends = list(range(ends[0], ends[1] + 1))
        numbers += ends
    return numbers


def existing(numbers: Iterable[int], n_sources: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The numbers cited that are those of a source, and those that are not; each once, in the order in which they first occur."""
    cited = dict.fromkeys(numbers)
    valid = tuple(number for number in cited if 1 <= number <= n_sources)
    return valid, tuple(number for number in cited if number not in valid)


def _marks(text: str) -> list[tuple[int, int, list[int]]]:
    """The runs of marks outside code: where each begins and ends, blanks before it included, and its numbers."""
    code = [match.span() for match in CODE.finditer(text)]
    runs: list[tuple[int, int, list[int]]] = []
    for match in MARK.finditer(text):
        if any(start <= match.start() < end for start, end in code):
            continue
        start = len(text[: match.start()].rstrip(" \t"))
        if (
            runs
            and JOINED.fullmatch(text, runs[-1][1], match.start())
            and "\n" not in text[runs[-1][1] : match.start()]
        ):
            runs[-1] = (runs[-1][0], match.end(), runs[-1][2] + numbers_of(match[0]))
        else:
            runs.append((start, match.end(), numbers_of(match[0])))
    return runs


def _opens_a_sentence(text: str, start: int, end: int) -> bool:
    """Whether a mark is the subject of its sentence: `[2] says that …`. Else a mark after a full stop belongs to what it follows."""
    return text[:start].rstrip()[-1:] in ("", ".", "!", "?", ":") and re.match(r" +[a-z]", text[end:]) is not None


def unfenced(text: str) -> str:
    """An answer that stands in a code fence as a whole, without the fence; any other as it is."""
    fenced = FENCED.match(text)
    return fenced[1] if fenced and "```" not in fenced[1] else text


def parse(text: str, n_sources: int) -> Citations:
    """Find an answer's citations.

    Args:
        text: the answer. One that stands in a code fence as a whole is read without the fence.
        n_sources: how many sources were handed over; they are numbered from 1.

    Returns:
        The answer's sentences with what each cites. A mark belongs to the sentence in which it stands, and after a full stop to the
        sentence before it; alone on a line, to the line above.
    """
    text = unfenced(text)
    plain, at, places = "", 0, []  # places: (position in `plain`, numbers)
    for start, end, numbers in _marks(text):
        plain += text[at:start]
        if _opens_a_sentence(text, start, end):
            plain += text[start:end]
            places.append((len(plain), numbers))
        else:
            places.append((len(plain), numbers))
            line_begins = not plain or plain.endswith("\n")
            at_word = text[end : end + 1].isalnum()
            if line_begins or at_word:
                plain += "" if line_begins else " "
                end += len(text[end:]) - len(text[end:].lstrip(" \t")) if line_begins else 0
        at = end
    plain += text[at:]
    spans = sentence_spans(plain)
    starts = [start for start, _ in spans]
    cites: list[list[int]] = [[] for _ in spans]
    for place, numbers in places:
        if plain[:place].endswith("\n") and not re.match(r"[ \t]*(?:\n|\Z)", plain[place:]):
            before = place  # a line that begins with its mark
        else:
            before = max(0, len(plain[:place].rstrip()) - 1)
        cites[bisect.bisect_right(starts, before) - 1] += numbers
    sentences = tuple(
        Sentence(plain[start:end].strip(), tuple(dict.fromkeys(numbers)))
        for (start, end), numbers in zip(spans, cites)
        if plain[start:end].strip() or numbers
    )
    return Citations(plain.strip(), sentences, *existing((n for _, numbers in places for n in numbers), n_sources))


# The fixed sentence, and how other models put it: "The sources do not say how long it lasts", "… whether", "… that", "… the weight".
ABSTAINS = re.compile(
    rf"(?:(?:it|this|that|the answer) is )?{re.escape(NO_ANSWER.rstrip('.').casefold())}"
    r"|the sources (?:do not|don't) say(?: (?:if|how|wh|th)[^,;:.!?]*)?"
)


def abstains(text: str) -> bool:
    """Whether an answer says that the sources hold no answer, and nothing else.

    Case, quotation marks, a list mark, a label such as `Answer:`, a citation and the full stop do not matter; "The sources do not say how
    long it lasts" abstains too. An answer that gives a fact beside the sentence does not. In JSON, one of the values has to abstain.
    """
    try:
        values = json.loads(unfenced(text))
    except (ValueError, RecursionError):
        values = None
    if isinstance(values, dict):
        return any(abstains(value) for value in values.values() if isinstance(value, str))
    text = parse(text, 0).text
    text = re.sub(r"[*_`]", "", text.replace("\u2019", "'")).casefold()
    text = re.sub(r"^[-#> ]*(?:\d\. )?(?:\w+(?: \w+)?: )?", "", " ".join(text.split())).strip(
        " .!\"'\u201c\u201d\u2018"
    )
    return " but " not in text and ABSTAINS.fullmatch(text) is not None
