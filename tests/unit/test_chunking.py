"""Chunking: spans that neither invent nor lose text, sizes, overlaps, heading paths and ids."""

import random

import numpy as np
import pytest

from coursekit import chunking
from coursekit.chunking import (
    CHUNKERS,
    TokenMap,
    chunk_by_headings,
    chunk_by_meaning,
    chunk_by_sentences,
    chunk_by_tokens,
    chunk_corpus,
    chunk_recursively,
    heading_spans,
    sentence_spans,
    token_windows,
)
from coursekit.corpus import Document
from coursekit.errors import CourseError

COVERING = {"tokens": chunk_by_tokens, "recursive": chunk_recursively, "headings": chunk_by_headings}
SIZED = pytest.mark.parametrize("method", COVERING)

PIECES = [
    "soil", "probe", "The", "reading.", "E-17", "20 °C", "naïve", "Ångström", "señor!", "🔋",
    "☀️ 👩🏽‍🔬", "天気予報", "토양", "e\u0301", "½",
    "x" * 150, "antidisestablishmentarianism", "https://example.org/a/b?c=d&e=f", "# Head", "## Sub", "###### Deep", "#no-head",
    "```", "    code", "| a | b |", "- item", "1. step", "e.g.", "“quoted”", "?", "…",
]  # fmt: skip
GAPS = [" ", " ", " ", " ", "  ", "\n", "\n", "\n\n", "\n\n\n", "\t", "\u00a0", " \n", "\n \n"]


def random_texts(count=60):
    """Seeded texts of odd words and gaps, from a single word to some hundred."""
    rng = random.Random(20260901)
    for _ in range(count):
        words = rng.choice([1, 2, 5, 20, 60, 200])
        yield "".join(rng.choice(PIECES) + rng.choice(GAPS) for _ in range(words))


TEXTS = ["word", " ", "\n\n \t\n", "🔋", "# Title", "\n# Title\n", "a" * 3000, "😀" * 300, "天" * 300, *random_texts()]


def document(text, name="d"):
    """A document with only a text."""
    return Document(name, name, text)


def assert_true_to(chunks, text):
    """Every chunk is what stands at its span."""
    for chunk in chunks:
        assert chunk.text == text[chunk.start : chunk.end]
        assert 0 <= chunk.start <= chunk.end <= len(text)


# Nothing invented, nothing lost.


@SIZED
@pytest.mark.parametrize("size", [32, 256])
def test_handbook_chunks_join_to_the_document(handbook, embedder, method, size):
    for page in handbook:
        chunks = COVERING[method](page, embedder.tokenizer, size=size)
        assert_true_to(chunks, page.text)
        assert "".join(chunk.text for chunk in chunks) == page.text, page.id


@SIZED
def test_random_chunks_join_to_the_text(embedder, method):
    for text in TEXTS:
        for size in (1, 7, 40):
            chunks = COVERING[method](document(text), embedder.tokenizer, size=size)
            assert_true_to(chunks, text)
            assert "".join(chunk.text for chunk in chunks) == text, (size, text[:80])


@SIZED
def test_random_chunks_with_overlap_cover_the_text(embedder, method):
    for text in TEXTS:
        chunks = COVERING[method](document(text), embedder.tokenizer, size=20, overlap=8)
        assert_true_to(chunks, text)
        assert (chunks[0].start, chunks[-1].end) == (0, len(text))
        for before, after in zip(chunks, chunks[1:]):
            assert before.start <= after.start <= before.end <= after.end


def test_sentence_windows_hold_everything_but_the_headings(handbook, embedder):
    for page in [*handbook, *map(document, TEXTS)]:
        chunks = chunk_by_sentences(page, embedder.tokenizer)
        assert_true_to(chunks, page.text)
        covered = {at for chunk in chunks for at in range(chunk.start, chunk.end)}
        for start, end, path in heading_spans(page.text):
            body = page.text.find("\n", start, end) + 1 or end
            body = body if path else start
            missed = "".join(page.text[at] for at in range(body, end) if at not in covered)
            assert not missed.strip(), (page.id, missed)
            assert not path or not any(at in covered for at in range(start, body)), page.text[start:body]


def test_sentence_spans_join_to_the_text():
    for text in TEXTS:
        assert "".join(text[start:end] for start, end in sentence_spans(text)) == text


def test_heading_spans_join_to_the_text(handbook):
    for text in [*TEXTS, *(page.text for page in handbook)]:
        assert "".join(text[start:end] for start, end, _ in heading_spans(text)) == text


@pytest.mark.parametrize("method", CHUNKERS)
def test_an_empty_document_has_no_chunks(embedder, method):
    assert CHUNKERS[method](document(""), embedder.tokenizer) == []


# Sizes and overlaps.


@SIZED
@pytest.mark.parametrize(("size", "overlap"), [(16, 0), (64, 0), (64, 24), (256, 64)])
def test_handbook_chunks_keep_to_the_size(handbook, embedder, method, size, overlap):
    for page in handbook:
        tokens = TokenMap(page.text, embedder.tokenizer)
        for chunk in COVERING[method](page, embedder.tokenizer, size=size, overlap=overlap):
            assert chunk.n_tokens == tokens.count(chunk.start, chunk.end)
            if method == "tokens" or len(chunk.text.split()) > 1:
                assert chunk.n_tokens <= size, (page.id, chunk.text)


def test_random_chunks_keep_to_the_size(embedder):
    for text in TEXTS:
        for method in (chunk_recursively, chunk_by_headings):
            for overlap in (0, 6):
                for chunk in method(document(text), embedder.tokenizer, size=12, overlap=overlap):
                    assert chunk.n_tokens <= 12 or len(chunk.text.split()) == 1, chunk.text


def test_token_windows_by_hand():
    starts = [0, 5, 10, 15, 20]
    assert token_windows(starts, 24, 2, 0) == [(0, 10), (10, 20), (20, 24)]
    assert token_windows(starts, 24, 3, 1) == [(0, 15), (10, 24)]
    assert token_windows(starts, 24, 3, 2) == [(0, 15), (5, 20), (10, 24)]
    assert token_windows(starts, 24, 5, 0) == [(0, 24)]
    assert token_windows(starts, 24, 99, 98) == [(0, 24)]
    assert token_windows([3, 8], 12, 1, 0) == [(0, 8), (8, 12)]  # what stands before the first token is kept
    assert token_windows([], 4, 8, 0) == [(0, 4)]


def test_token_chunks_share_exactly_the_overlap(handbook, embedder):
    page = max(handbook, key=lambda page: len(page.text))
    tokens = TokenMap(page.text, embedder.tokenizer)
    chunks = chunk_by_tokens(page, embedder.tokenizer, size=50, overlap=20)
    assert len(chunks) > 5
    for before, after in zip(chunks, chunks[1:]):
        assert tokens.count(after.start, before.end) == 20
    assert all(chunk.n_tokens == 50 for chunk in chunks[:-1])


@pytest.mark.parametrize("method", ["recursive", "headings"])
def test_recursive_overlap_is_at_most_what_was_asked(handbook, embedder, method):
    for page in handbook:
        tokens = TokenMap(page.text, embedder.tokenizer)
        plain = COVERING[method](page, embedder.tokenizer, size=40, overlap=0)
        assert all(before.end == after.start for before, after in zip(plain, plain[1:]))
        chunks = COVERING[method](page, embedder.tokenizer, size=64, overlap=24)
        shared = [tokens.count(after.start, before.end) for before, after in zip(chunks, chunks[1:])]
        assert max(shared, default=0) <= 24
        for chunk in chunks:
            assert chunk.start == 0 or page.text[chunk.start - 1].isspace()


def test_recursive_overlap_by_hand(embedder):
    text = "one two three. four five six. seven eight nine."
    chunks = chunk_recursively(document(text), embedder.tokenizer, size=6, overlap=2)
    assert [chunk.text for chunk in chunks] == [
        "one two three. ",
        "three. four five six. ",
        "six. seven eight nine.",
    ]
    assert [chunk.n_tokens for chunk in chunks] == [4, 6, 6]


def test_recursive_cuts_at_the_strongest_boundary(embedder):
    text = "one two\nthree four\n\nfive six. seven eight. nine ten"
    cut = [chunk.text for chunk in chunk_recursively(document(text), embedder.tokenizer, size=5)]
    assert cut == ["one two\nthree four\n\n", "five six. ", "seven eight. nine ten"]


def test_a_long_word_stays_whole_and_repeats_less(embedder):
    word = "x" * 60
    (n_tokens,) = {len(TokenMap(word, embedder.tokenizer))}
    assert n_tokens > 10
    chunks = chunk_recursively(document(f"one two three four {word} five"), embedder.tokenizer, size=10, overlap=4)
    (long,) = [chunk for chunk in chunks if chunk.text.startswith("x")]
    assert long.text.strip() == word
    assert long.n_tokens == n_tokens


@SIZED
@pytest.mark.parametrize(("size", "overlap"), [(0, 0), (-3, 0), (8, 8), (8, 9), (8, -1)])
def test_sizes_that_cannot_work(embedder, method, size, overlap):
    with pytest.raises(CourseError, match="choose 0 <= overlap < size"):
        COVERING[method](document("one two"), embedder.tokenizer, size=size, overlap=overlap)


# Tokens.


def test_token_map_agrees_with_the_tokenizer(embedder, handbook):
    for text in [*TEXTS, handbook[0].text]:
        tokens = TokenMap(text, embedder.tokenizer)
        assert tokens.starts == sorted(tokens.starts)
        assert len(tokens) == embedder.count_tokens(text)
        assert tokens.count(0, len(text)) == len(tokens)
        middle = len(text) // 2
        assert tokens.count(0, middle) + tokens.count(middle, len(text)) == len(tokens)


def test_token_map_counts_words_as_the_tokenizer_does(embedder):
    text = "The station takes a reading every 5 minutes. Überprüfung 🔋 unbelievable"
    tokens = TokenMap(text, embedder.tokenizer)
    at = 0
    for word in text.split(" "):
        start = text.index(word, at)
        at = start + len(word)
        assert tokens.count(start, at) == embedder.count_tokens(word), word


def test_token_map_is_not_cut_by_an_earlier_truncation(embedder):
    embedder.tokenizer("one two three", truncation=True, max_length=4)
    assert len(TokenMap("word " * 700, embedder.tokenizer)) == 700
    assert embedder.count_tokens("word " * 700) == 700


# Headings.


def test_heading_paths_by_hand(embedder):
    text = "Before.\n# Title\nIntro.\n## One\nText one.\n### Deep\nDeeper.\n## Two\nText two.\n# Other\nEnd.\n"
    chunks = chunk_by_headings(document(text), embedder.tokenizer)
    assert [(chunk.headings, chunk.text.splitlines()[-1]) for chunk in chunks] == [
        ((), "Before."),
        (("Title",), "Intro."),
        (("Title", "One"), "Text one."),
        (("Title", "One", "Deep"), "Deeper."),
        (("Title", "Two"), "Text two."),
        (("Other",), "End."),
    ]
    assert chunks[3].heading == "Title > One > Deep"
    assert chunks[3].text_with_heading == "Title > One > Deep\n### Deep\nDeeper.\n"
    assert chunks[0].text_with_heading == chunks[0].text


def test_a_skipped_level_and_a_return(embedder):
    text = "# T\n\n### Deep\n\na\n\n## Middle\n\nb\n\n### Deep\n\nc\n"
    assert [headings for _, _, headings in heading_spans(text)] == [
        ("T",),
        ("T", "Deep"),
        ("T", "Middle"),
        ("T", "Middle", "Deep"),
    ]


def test_hashes_in_fenced_code_are_no_headings():
    text = "# Title\n\n```python\n# a comment\n## another\nx = 1\n```\n\n## Real\n\n```\n# again\n```\n#hashtag\n####### seven\n"
    assert [(text[start:end].split("\n")[0], headings) for start, end, headings in heading_spans(text)] == [
        ("# Title", ("Title",)),
        ("## Real", ("Title", "Real")),
    ]


def test_text_without_headings():
    assert heading_spans("just text") == [(0, 9, ())]
    assert heading_spans("") == []


def test_the_path_is_that_of_the_first_visible_character(embedder):
    text = "# Title\n\nOne two three four.\n\n## Next\n\nFive six seven eight.\n"
    chunks = chunk_by_tokens(document(text), embedder.tokenizer, size=7)
    assert [chunk.text.strip() for chunk in chunks][1].startswith("## Next")
    assert chunks[0].headings == ("Title",)
    assert chunks[1].headings == ("Title", "Next")


@pytest.mark.parametrize("overlap", [0, 24])
def test_no_chunk_by_headings_crosses_a_heading(handbook, embedder, overlap):
    for page in handbook:
        sections = heading_spans(page.text)
        begins = {start for start, _, _ in sections}
        paths = {start: path for start, _, path in sections}
        for chunk in chunk_by_headings(page, embedder.tokenizer, size=64, overlap=overlap):
            assert not any(chunk.start < begin < chunk.end for begin in begins), (page.id, chunk.text)
            section = max(begin for begin in begins if begin <= chunk.start)
            assert chunk.headings == paths[section]


# Sentences and meaning.


def test_sentences_by_hand():
    text = "# T\n\nIt is 5.5 V, e.g. here. Is it? Yes! 1. Go on.\n\n1. First step. Then wait.\n2. Second.\n\n"
    text += "| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."
    assert [text[start:end].strip() for start, end in sentence_spans(text)] == [
        "# T", "It is 5.5 V, e.g. here.", "Is it?", "Yes!", "1.", "Go on.", "1. First step.", "Then wait.", "2. Second.",
        "| a | b |\n|---|---|\n| 1 | 2 |", "End.",
    ]  # fmt: skip


def test_sentence_windows_by_hand(embedder):
    page = document("# T\n\nOne is. Two is. Three is.\n\n## S\n\nFour is.\n")
    chunks = chunk_by_sentences(page, embedder.tokenizer)
    assert [(chunk.text.strip(), chunk.headings) for chunk in chunks] == [
        ("One is. Two is.", ("T",)),
        ("One is. Two is. Three is.", ("T",)),
        ("Two is. Three is.", ("T",)),
        ("Four is.", ("T", "S")),
    ]
    alone = chunk_by_sentences(page, embedder.tokenizer, before=0, after=0)
    assert [chunk.text.strip() for chunk in alone] == ["One is.", "Two is.", "Three is.", "Four is."]


def test_chunks_by_meaning_cut_where_neighbours_are_least_alike(embedder):
    vectors = {"Red one.": [1, 0], "Red two.": [1, 0], "Blue one.": [0, 1], "Blue two.": [0, 1]}
    text = " ".join(vectors)
    chunks = chunk_by_meaning(
        document(text),
        embedder.tokenizer,
        lambda texts: np.array([vectors[sentence] for sentence in texts]),
        share=0.34,
    )
    assert [chunk.text for chunk in chunks] == ["Red one. Red two. ", "Blue one. Blue two."]
    small = chunk_by_meaning(
        document(text),
        embedder.tokenizer,
        lambda texts: np.array([vectors[sentence] for sentence in texts]),
        size=3,
        share=0,
    )
    assert [chunk.text.strip() for chunk in small] == list(vectors)


def test_chunks_by_meaning_lose_nothing(embedder):
    text = "\n \nSoil is wet. \n \nThe probe is dry.\n\nThe shop opens at nine. It closes at five.\n"
    chunks = chunk_by_meaning(document(text), embedder.tokenizer, embedder.encode, size=12)
    assert "".join(chunk.text for chunk in chunks) == text
    assert all(chunk.n_tokens <= 12 for chunk in chunks)
    one = chunk_by_meaning(document("One."), embedder.tokenizer, embedder.encode)
    assert [chunk.text for chunk in one] == ["One."]


def test_sentence_windows_keep_a_table_under_its_heading_and_comments_in_code(embedder):
    page = document("## Limits\n| a | b |\n|---|---|\n\n```\n# comment\n```\n")
    alone = chunk_by_sentences(page, embedder.tokenizer, before=0, after=0)
    assert [chunk.text.strip() for chunk in alone] == ["| a | b |\n|---|---|", "```", "# comment", "```"]


TABLE = "# Prices\n\nAll net.\n\n| Plan | Fee | Note |\n|:--|--:|---|\n| Basic | EUR 9 | |\n| a \\| b | EUR 19. | up to 5 |\n\nUntil May.\n"


def test_rows_of_a_table_are_chunks_with_the_names_of_their_columns(embedder):
    page = document(TABLE)
    chunks = chunk_by_sentences(page, embedder.tokenizer, before=0, after=0, rows=True)
    assert [chunk.shown for chunk in chunks] == [
        "All net.", "Plan: Basic, Fee: EUR 9.", r"Plan: a \| b, Fee: EUR 19, Note: up to 5.", "Until May.",
    ]  # fmt: skip
    assert all(page.text[chunk.start : chunk.end] == chunk.text for chunk in chunks)
    assert chunks[1].text.startswith("| Plan |"), "head and dashes are in the first row's span: no text is lost"
    assert chunks[1].text_with_heading == "Prices\nPlan: Basic, Fee: EUR 9."
    whole = chunk_by_sentences(page, embedder.tokenizer, before=0, after=0)
    assert [chunk.reading for chunk in whole] == [""] * 3
    assert "".join(chunk.text for chunk in chunks) == "".join(chunk.text for chunk in whole)


def test_a_renamed_column_makes_other_chunks(embedder):
    ids = [
        {chunk.id for chunk in chunk_by_sentences(document(text), embedder.tokenizer, before=0, after=0, rows=True)}
        for text in (TABLE, TABLE.replace("Fee", "Monthly fee"))
    ]
    assert len(ids[0] & ids[1]) == 2, "the two sentences: both rows read otherwise"


@pytest.mark.parametrize(
    "table", ["| a | b |\n|---|---|\n| 1 |", "| a | b |\n|---|---|", "| a | b |", "|---|---|\n| 1 | 2 |", "a | b"]
)
def test_what_is_no_whole_row_has_no_reading(embedder, table):
    chunks = chunk_by_sentences(document(table), embedder.tokenizer, before=0, after=0, rows=True)
    assert [chunk.shown for chunk in chunks] == [table.strip()]


def test_two_tables_in_one_section_keep_their_own_heads(embedder):
    text = "| a |\n|---|\n| 1 |\n\n| b |\n|---|\n| 1 |\n| 2 |\n"
    chunks = chunk_by_sentences(document(text), embedder.tokenizer, before=0, after=0, rows=True)
    assert [chunk.shown for chunk in chunks] == ["a: 1.", "b: 1.", "b: 2."]


def test_a_cell_of_two_sentences_does_not_cut_its_table(embedder):
    text = "| a | b |\n|---|---|\n| 1 | Run it. Then wait. |\n| 2 | No. |\n\nOne. Two.\n"
    chunks = chunk_by_sentences(document(text), embedder.tokenizer, before=0, after=0, rows=True)
    assert [chunk.shown for chunk in chunks] == ["a: 1, b: Run it. Then wait.", "a: 2, b: No.", "One.", "Two."]
    whole = chunk_by_sentences(document(text), embedder.tokenizer, before=0, after=0)
    assert [chunk.text.strip().count("|") for chunk in whole] == [12, 0, 0]


def test_a_table_right_below_a_line_of_text_loses_nothing(embedder):
    text = "The fees:\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\nAll net.\n"
    chunks = chunk_by_sentences(document(text), embedder.tokenizer, before=0, after=0, rows=True)
    assert [chunk.shown for chunk in chunks] == ["The fees:", "a: 1, b: 2.", "a: 3, b: 4.", "All net."]


@pytest.mark.parametrize(
    ("span", "reading"),
    [
        ("| 1 | 2 |", "a: 1, b: 2."),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", "a: 1, b: 2."),
        ("| 3 | 4 |\n", "a: 3, b: 4."),
        ("| 1 | 2 |\n| 3 | 4 |\n", ""),
        ("| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n", ""),
        ("|---|---|\n", ""),
        ("| a | b |", ""),
        ("Fees.\n\n| a | b |", ""),
    ],
)
def test_only_a_single_row_has_a_reading(span, reading):
    text = "Fees.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |\n"
    start = text.index(span)
    assert chunking.row_reading(text, start, start + len(span)) == reading


def test_rows_stand_alone(embedder):
    with pytest.raises(CourseError, match="Rows of tables stand alone"):
        chunk_by_sentences(document(TABLE), embedder.tokenizer, rows=True)


# Ids.


@pytest.mark.parametrize("method", CHUNKERS)
def test_ids_are_unique_in_the_corpus(handbook, embedder, method):
    chunks = chunk_corpus(handbook, embedder.tokenizer, method)
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    assert all(0 <= chunk.id < 2**63 for chunk in chunks)


def test_equal_texts_have_ids_of_their_own(embedder):
    text = "## A\n\nSame.\n\n## A\n\nSame.\n\n"
    one, two = chunk_by_headings(document(text), embedder.tokenizer)
    assert one.text == two.text
    assert (one.nth, two.nth) == (0, 1)
    (other,) = chunk_by_headings(document("## A\n\nSame.\n\n", "e"), embedder.tokenizer)
    assert len({one.id, two.id, other.id}) == 3


def test_ids_stay_when_another_part_is_edited(handbook, embedder):
    page = max(handbook, key=lambda page: len(heading_spans(page.text)))
    sections = heading_spans(page.text)
    start, end, _ = sections[len(sections) // 2]
    edited = Document(page.id, page.title, page.text[:end] + "A new line.\n\n" + page.text[end:])
    old = chunk_by_headings(page, embedder.tokenizer)
    new = chunk_by_headings(edited, embedder.tokenizer)
    touched = {chunk.id for chunk in old if start <= chunk.start < end}
    assert {chunk.id for chunk in old} - touched <= {chunk.id for chunk in new}
    assert len({chunk.id for chunk in new} - {chunk.id for chunk in old}) <= 2
    moved = {chunk.id: chunk.start for chunk in new}
    assert all(moved[chunk.id] == chunk.start + 13 for chunk in old if chunk.start >= end)


def test_an_id_is_the_same_in_every_run():
    assert chunking.Chunk("d", 0, 4, "text", (), 1).id == 2271465411277423367
    assert chunking.Chunk("d", 9, 13, "text", ("T",), 1).id == 2271465411277423367
    assert chunking.Chunk("d", 0, 4, "text", (), 1, nth=1).id != 2271465411277423367


def test_chunk_corpus_leaves_out_white_space_and_names_unknown_methods(embedder):
    chunks = chunk_corpus([document("a b\n\n\n"), document(" \n", "e")], embedder.tokenizer, "tokens", size=1)
    assert [chunk.text.strip() for chunk in chunks] == ["a", "b"]
    with pytest.raises(CourseError, match="'magic': choose one of tokens, recursive, headings, sentences"):
        chunk_corpus([document("a")], embedder.tokenizer, "magic")
