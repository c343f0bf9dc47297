"""Three ways to cut a document into chunks, and two for going further. Lesson 01 writes the first three by hand.

A token here is always a *word piece of the embedding model*. A chunk is a character span of its document: `document.text[start:end]`.
With no overlap the spans lie side by side and cover the text from the first character to the last: nothing is lost or invented.
"""

import bisect
import collections
import dataclasses
import hashlib
import re
from collections.abc import Callable, Sequence

from coursekit.corpus import Document
from coursekit.errors import CourseError

Span = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Chunk:
    """A piece of a document: its text, character span, heading path (title first) and number of word pieces.

    `reading` is what is embedded and handed to a reader where that is not the text itself: a table's row with its column names.
    """

    doc: str
    start: int
    end: int
    text: str
    headings: tuple[str, ...]
    n_tokens: int
    nth: int = 0  # 1 for the second chunk of a document with the very same text, and so on
    reading: str = ""

    @property
    def id(self) -> int:
        """A 63-bit id made from document, text and reading: an edit elsewhere in the document leaves it as it is."""
        reading = f"\0{self.reading}" if self.reading else ""
        digest = hashlib.blake2b(f"{self.doc}\0{self.nth}\0{self.text}{reading}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    @property
    def heading(self) -> str:
        """The heading path as one line: `Title > Section > Subsection`."""
        return " > ".join(self.headings)

    @property
    def shown(self) -> str:
        """What a reader sees: the text without its heading lines, or its reading."""
        return self.reading or body(self.text)

    @property
    def searched(self) -> str:
        """What is embedded and searched for words: the reading, or else the text as it stands."""
        return self.reading or self.text

    @property
    def text_with_heading(self) -> str:
        """The same where headings are to help: the heading path above it."""
        return f"{self.heading}\n{self.searched}" if self.headings else self.searched


class TokenMap:
    """Where each word piece of a text begins, so that any span's tokens can be counted without tokenising again."""

    def __init__(self, text: str, tokenizer) -> None:
        """Tokenise once. `tokenizer` is a fast `transformers` tokenizer, which knows character offsets."""
        offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)[
            "offset_mapping"
        ]
        self.starts = [start for start, end in offsets if end > start]

    def __len__(self) -> int:
        return len(self.starts)

    def count(self, start: int, end: int) -> int:
        """The number of word pieces that begin in `[start, end)`."""
        return bisect.bisect_left(self.starts, end) - bisect.bisect_left(self.starts, start)


def check_size(size: int, overlap: int) -> None:
    """Raises a CourseError unless `0 <= overlap < size`."""
    if size < 1 or not 0 <= overlap < size:
        raise CourseError(
            f"A chunk size of {size} with an overlap of {overlap} cannot work: choose 0 <= overlap < size."
        )


HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$", re.MULTILINE)


def heading_spans(text: str) -> list[tuple[int, int, tuple[str, ...]]]:
    """The sections of a Markdown text as `(start, end, heading path)`, in order, covering the whole text.

    Lines that begin with `#` inside a fenced code block are no headings.
    """
    fences = [match.start() for match in re.finditer(r"^```", text, re.MULTILINE)]
    sections, path, start, headings = [], [], 0, ()
    for match in HEADING.finditer(text):
        if bisect.bisect_left(fences, match.start()) % 2:
            continue
        if match.start() > start:
            sections.append((start, match.start(), headings))
        level = len(match[1])
        path = [*((depth, title) for depth, title in path if depth < level), (level, match[2])]
        start, headings = match.start(), tuple(title for _, title in path)
    sections.append((start, len(text), headings))
    return [section for section in sections if section[1] > section[0]]


def body(text: str) -> str:
    """A text without its heading lines, which a chunk's heading path repeats. `#` lines of fenced code stay."""
    lines, fenced = [], False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if fenced or not HEADING.match(line):
            lines.append(line)
    return "\n".join(lines).strip()


def make_chunks(document: Document, spans: Sequence[Span], tokens: TokenMap, rows: bool = False) -> list[Chunk]:
    """Turn spans into chunks. The heading path is that of the section in which a span's first visible character stands.

    With `rows`, a span that is one row of a table gets that row's reading.
    """
    sections = heading_spans(document.text)
    begins = [start for start, _, _ in sections]
    chunks, seen = [], collections.Counter()
    for start, end in spans if document.text else []:
        text = document.text[start:end]
        first = start + len(text) - len(text.lstrip())
        headings = sections[max(0, bisect.bisect_right(begins, first) - 1)][2]
        reading = row_reading(document.text, start, end) if rows else ""
        chunks.append(Chunk(document.id, start, end, text, headings, tokens.count(start, end), seen[text], reading))
        seen[text] += 1
    return chunks


def token_windows(starts: Sequence[int], n_characters: int, size: int, overlap: int) -> list[Span]:
    """Windows of `size` word pieces, each beginning `size - overlap` after the one before.

    Args:
        starts: the character at which each word piece begins, rising.
        n_characters: the number of characters of the text.
        size: word pieces in a window.
        overlap: word pieces that two neighbours share.

    Returns:
        Character spans. The first begins at 0, the last ends at `n_characters`.
    """
    spans = []
    for first in range(0, max(len(starts), 1), size - overlap):
        last = first + size
        start = starts[first] if first else 0
        end = starts[last] if last < len(starts) else n_characters
        spans.append((start, end))
        if end == n_characters:
            break
    return spans


def chunk_by_tokens(document: Document, tokenizer, size: int = 256, overlap: int = 0) -> list[Chunk]:
    """Cut a document every `size` word pieces, wherever that falls. Simple, and blind to sentences."""
    check_size(size, overlap)
    tokens = TokenMap(document.text, tokenizer)
    return make_chunks(document, token_windows(tokens.starts, len(document.text), size, overlap), tokens)


# From the strongest boundary to the weakest: paragraph, line, sentence, word.
SEPARATORS = (r"\n\n+", r"\n", r"(?<=[.!?])\s+", r"\s+")


def split_at(text: str, start: int, end: int, pattern: str) -> list[Span]:
    """Cut `text[start:end]` after each match of a pattern. The parts lie side by side."""
    cuts = [match.end() for match in re.compile(pattern).finditer(text, start, end)]
    edges = [start, *(cut for cut in cuts if start < cut < end), end]
    return list(zip(edges, edges[1:]))


def split_recursively(
    text: str, start: int, end: int, count: Callable[[int, int], int], size: int, level: int = 0
) -> list[Span]:
    """Cut a span into parts of at most `size` tokens, at the strongest boundary that is strong enough, then merge small neighbours.

    Args:
        text: the document's text.
        start: where the span begins.
        end: where it ends.
        count: a function that counts the tokens of a span, such as `TokenMap.count`.
        size: the most tokens that a part may have.
        level: the first entry of `SEPARATORS` to try.

    Returns:
        Spans side by side. Only a single word with more than `size` tokens stays longer than `size`.

    Source: the idea of LangChain's RecursiveCharacterTextSplitter, on spans instead of strings.
    """
    if count(start, end) <= size or level == len(SEPARATORS):
        return [(start, end)]
    merged = []
    for part in split_at(text, start, end, SEPARATORS[level]):
        for small in split_recursively(text, *part, count, size, level + 1):
            if merged and count(merged[-1][0], small[1]) <= size:
                merged[-1] = (merged[-1][0], small[1])
            else:
                merged.append(small)
    return merged


def widen(text: str, spans: Sequence[Span], count: Callable[[int, int], int], overlap: int, size: int) -> list[Span]:
    """Let each span but the first begin earlier, at a word, so that it repeats up to `overlap` tokens of what stands before it.

    A span that already holds nearly `size` tokens, because of one long word, repeats less.
    """
    if not overlap:
        return list(spans)
    words = [match.start() for match in re.finditer(r"\S+", text)]
    wider = []
    for start, end in spans:
        at = bisect.bisect_left(words, start)
        room = min(overlap, size - count(start, end))
        while start and at and count(words[at - 1], start) <= room:
            at -= 1
        wider.append((words[at] if start and at < len(words) and words[at] < start else start, end))
    return wider


def chunk_recursively(document: Document, tokenizer, size: int = 256, overlap: int = 0) -> list[Chunk]:
    """Cut at paragraphs where that suffices, else at lines, sentences, words. A chunk has at most `size` word pieces, overlap included."""
    check_size(size, overlap)
    tokens = TokenMap(document.text, tokenizer)
    spans = split_recursively(document.text, 0, len(document.text), tokens.count, size - overlap)
    return make_chunks(document, widen(document.text, spans, tokens.count, overlap, size), tokens)


def chunk_by_headings(document: Document, tokenizer, size: int = 256, overlap: int = 0) -> list[Chunk]:
    """One chunk a section; a section of more than `size` word pieces is cut recursively. No chunk crosses a heading."""
    check_size(size, overlap)
    tokens = TokenMap(document.text, tokenizer)
    spans = []
    for start, end, _ in heading_spans(document.text):
        pieces = split_recursively(document.text, start, end, tokens.count, size - overlap)
        wider = widen(document.text, pieces, tokens.count, overlap, size)
        spans += [pieces[0], *((max(first, start), last) for first, last in wider[1:])]
    return make_chunks(document, spans, tokens)


# A sentence ends at . ! or ? before white space, and at a line end. A list number, "e.g." and "i.e." end none; a table stays whole.
SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!^\d\.)(?<!^\d\d\.)[ \t]+(?=[A-Z0-9\"(`*\[])|\n\n+|\n(?!\|)", re.MULTILINE
)


TABLE_BEGINS = re.compile(r"^[^|\n].*\n(?=\|)", re.MULTILINE)  # a line of text with a table right below it


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> list[Span]:
    """The sentences of `text[start:end]`; a heading, a list item and a table each count as one. The spans lie side by side."""
    end = len(text) if end is None else end
    found = {match.end() for match in SENTENCE_END.finditer(text, start, end) if not _in_row(text, match)}
    found |= {match.end() for match in TABLE_BEGINS.finditer(text, start, end)}
    edges = [start, *sorted(edge for edge in found if start < edge < end), end]
    return list(zip(edges, edges[1:]))


def _in_row(text: str, match: re.Match) -> bool:
    """Whether a sentence ends within a row of a table, whose cells may hold several."""
    return "\n" not in match[0] and text[text.rfind("\n", 0, match.start()) + 1] == "|"


TABLE = re.compile(r"\s*\|.*\n\|[ :|-]*-[ :|-]*\n\|")  # a table's head, the line below it, and the beginning of a row
CELL_END = re.compile(r"(?<!\\)\|")


def cells_of(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in CELL_END.split(line.strip().removeprefix("|").removesuffix("|"))]


def row_spans(text: str, start: int, end: int) -> list[Span]:
    """The rows of the table `text[start:end]`, side by side; head and dashes belong to the first. Any other text is one span."""
    if not TABLE.match(text, start, end):
        return [(start, end)]
    lines = [match.start() for match in re.compile(r"^\|", re.MULTILINE).finditer(text, start, end)]
    edges = [start, *lines[3:], end]
    return list(zip(edges, edges[1:]))


def names_above(text: str, at: int) -> list[str]:
    """The names of the columns of the table in which a line beginning at `at` is a row; empty where it is none."""
    above = text[:at].split("\n")[:-1]
    first = next((n for n in range(len(above) - 1, -1, -1) if not above[n].startswith("|")), -1) + 1
    return (
        cells_of(above[first]) if len(above) - first >= 2 else []
    )  # one line above: this is the dashes; none: the head


def row_reading(text: str, start: int, end: int) -> str:
    """The table row `text[start:end]` in words, each cell after the name of its column: `Plan: Basic, Fee: EUR 9, Seats: 2.`

    Head and dashes may stand in front of it. Empty where that is no single row, or one with more or fewer cells than the head.
    """
    lines = text[start:end].strip().split("\n")
    if len(lines) not in (1, 3) or not all(line.startswith("|") for line in lines):
        return ""
    at = start + text[start:end].rstrip().rfind("\n") + 1
    names, cells = names_above(text, at), cells_of(lines[-1])
    if len(names) != len(cells) or (len(lines) == 3 and names != cells_of(lines[0])):
        return ""
    pairs = [(name, cell.rstrip(".")) for name, cell in zip(names, cells) if cell]
    return f"{', '.join(f'{name}: {cell}' if name else cell for name, cell in pairs)}."


def chunk_by_sentences(
    document: Document, tokenizer, before: int = 1, after: int = 1, rows: bool = False
) -> list[Chunk]:
    """Sentence windows: one chunk a sentence, with its neighbours in the same section. Headings are in the path, not in the chunks.

    Args:
        document: the document.
        tokenizer: the embedding model's tokenizer.
        before: sentences in front that a window takes in.
        after: sentences behind that a window takes in.
        rows: cut a table into its rows, each with the names of its columns, in place of keeping it whole. Not with neighbours.

    Raises:
        CourseError: rows are asked for together with neighbours.
    """
    if rows and (before or after):
        raise CourseError("Rows of tables stand alone: use rows=True with before=0 and after=0.")
    tokens = TokenMap(document.text, tokenizer)
    spans = []
    for start, end, _ in heading_spans(document.text):
        heading = HEADING.match(document.text, start, end)
        if heading:  # only the section's own line: `# …` in a fenced code block stays
            start = end - len(document.text[heading.end() : end].lstrip("\n"))
        sentences = [span for span in sentence_spans(document.text, start, end) if document.text[slice(*span)].strip()]
        if rows:
            sentences = [row for span in sentences for row in row_spans(document.text, *span)]
        last = len(sentences) - 1
        spans += [
            (sentences[max(0, at - before)][0], sentences[min(last, at + after)][1]) for at in range(len(sentences))
        ]
    return make_chunks(document, list(dict.fromkeys(spans)), tokens, rows)


def chunk_by_meaning(
    document: Document, tokenizer, embed: Callable, size: int = 256, share: float = 0.25
) -> list[Chunk]:
    """Semantic chunking: cut where neighbouring sentences are least alike, and wherever a chunk would pass `size` word pieces.

    Args:
        document: the document.
        tokenizer: the embedding model's tokenizer.
        embed: maps a list of n texts to an (n, d) array of unit vectors.
        size: the most word pieces of a chunk.
        share: the share of sentence boundaries, from the least alike upwards, that become cuts.

    Source: the percentile breakpoints described by G. Kamradt, "5 Levels of Text Splitting" (2024).
    """
    tokens = TokenMap(document.text, tokenizer)
    sentences = sentence_spans(document.text)
    vectors = embed([document.text[start:end].strip() or "." for start, end in sentences])
    alike = (vectors[1:] * vectors[:-1]).sum(axis=1)
    least = set(alike.argsort(kind="stable")[: int(len(alike) * share)].tolist())
    spans = [sentences[0]]
    for at, (start, end) in enumerate(sentences[1:]):
        if at in least or tokens.count(spans[-1][0], end) > size:
            spans.append((start, end))
        else:
            spans[-1] = (spans[-1][0], end)
    pieces = [piece for span in spans for piece in split_recursively(document.text, *span, tokens.count, size)]
    return make_chunks(document, pieces, tokens)


CHUNKERS = {
    "tokens": chunk_by_tokens,
    "recursive": chunk_recursively,
    "headings": chunk_by_headings,
    "sentences": chunk_by_sentences,
}


def chunk_corpus(documents: Sequence[Document], tokenizer, method: str = "headings", **settings) -> list[Chunk]:
    """Chunk every document with one of `CHUNKERS`; chunks that hold nothing but white space and headings are left out.

    Raises:
        CourseError: the method is unknown.
    """
    if method not in CHUNKERS:
        raise CourseError(f"There is no chunking method {method!r}: choose one of {', '.join(CHUNKERS)}.")
    chunks = [chunk for document in documents for chunk in CHUNKERS[method](document, tokenizer, **settings)]
    # A heading alone answers nothing, but would come first for a question that holds its words.
    return [chunk for chunk in chunks if body(chunk.text)]
