"""Retrievers: exact search, BM25, fusion by rank, and the index that is built once and opened again."""

import warnings

import numpy as np
import pytest

from coursekit import retrieval
from coursekit.chunking import Chunk
from coursekit.corpus import Document
from coursekit.embedding import Embedder
from coursekit.errors import CourseError
from coursekit.index import Hit
from coursekit.retrieval import BM25, Hybrid, build_index, open_index, open_retriever, reciprocal_rank_fusion, top_k

DOCUMENTS = [
    Document("returns", "Returns", "# Returns\n\nYou may send a probe back within 45 days.\n"),
    Document("battery", "Battery", "# Battery\n\nThe accumulator lasts 18 days in the dark.\n"),
    Document("radio", "Radio", "# Radio\n\nThe gateway hears a station 900 metres away.\n"),
]


def chunk(text, doc="d", headings=()):
    """A chunk with only a text."""
    return Chunk(doc, 0, len(text), text, headings, 1)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder for one test."""
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def counted(embedder, monkeypatch):
    """The texts that reach the shared embedder's encoder; the vectors' cache is off, so that all would be seen."""
    texts, real = [], embedder._encode
    monkeypatch.setattr(embedder, "cache", None)
    monkeypatch.setattr(embedder, "_encode", lambda new, progress: texts.extend(new) or real(new, progress))
    return texts


def test_top_k_by_hand():
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [-1.0, 0.0]])
    assert top_k(np.array([1.0, 0.0]), vectors, 2) == [(0, 1.0), (1, 0.6)]
    assert top_k(np.array([0.0, 1.0]), vectors, 3) == [
        (2, 1.0),
        (1, 0.8),
        (0, 0.0),
    ]  # equal scores: the first row first


def test_top_k_against_a_full_sort():
    rng = np.random.default_rng(7)
    vectors = rng.normal(size=(200, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    for query in vectors[:5] + 0.1:
        expected = sorted(((float(vector @ query), row) for row, vector in enumerate(vectors)), reverse=True)
        for k in (1, 10, 200, 500):
            found = top_k(query, vectors, k)
            assert [row for row, _ in found] == [row for _, row in expected[:k]]
            np.testing.assert_allclose([score for _, score in found], [score for score, _ in expected[:k]])


def test_bm25_ranks_by_shared_words():
    chunks = [chunk("The probe measures moisture."), chunk("Moisture, moisture and rain."), chunk("A price list.")]
    hits = BM25(chunks).search("moisture of the soil", k=5)
    assert [hit.chunk for hit in hits] == [chunks[1], chunks[0]]
    assert [hit.rank for hit in hits] == [1, 2]
    assert hits[0].score > hits[1].score > 0
    assert len(BM25(chunks).search("moisture", k=1)) == 1


def test_bm25_scores_by_hand():
    """Lucene's BM25 with k1 = 1.5 and b = 0.75: two chunks of two words each, so that length plays no part."""
    chunks = [chunk("probe probe"), chunk("probe station")]
    hits = {hit.chunk.text: hit.score for hit in BM25(chunks).search("probe")}
    idf = np.log(1 + (2 - 2 + 0.5) / (2 + 0.5))
    assert hits["probe probe"] == pytest.approx(idf * 2 / (2 + 1.5), rel=1e-5)
    assert hits["probe station"] == pytest.approx(idf * 1 / (1 + 1.5), rel=1e-5)


def test_bm25_cuts_words_to_their_stems_and_reads_headings():
    chunks = [chunk("It was calibrated.", headings=("Gateways",)), chunk("Other words.", "e")]
    assert [hit.chunk for hit in BM25(chunks).search("calibrating")] == [chunks[0]]
    assert [hit.chunk for hit in BM25(chunks).search("gateway")] == [chunks[0]]
    assert BM25(chunks, with_headings=False).search("gateway") == []


@pytest.mark.parametrize("with_headings", [True, False])
def test_bm25_reads_a_row_with_the_names_of_its_columns(with_headings):
    row = Chunk("d", 0, 9, "| A | 9 |", ("Prices",), 5, reading="Plan: A, Deposit: 9.")
    words = BM25([row, chunk("Other words.", "e")], with_headings=with_headings)
    assert [hit.chunk for hit in words.search("deposit")] == [row]


@pytest.mark.parametrize("query", ["xylophone quartz", "the of and", "?!", "🔋"])
def test_bm25_without_a_shared_word_finds_nothing(query):
    assert BM25([chunk("soil probe"), chunk("wind vane")]).search(query) == []


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
def test_bad_queries(retriever, embedder, own_cache):
    index = build_index(DOCUMENTS, embedder)
    words = BM25(list(index.chunks.values()))
    one = {"bm25": words, "dense": index, "hybrid": Hybrid([index, words])}[retriever]
    with pytest.raises(CourseError, match="query is empty"):
        one.search(" \n")
    if retriever != "hybrid":
        for k in (0, -1):
            with pytest.raises(CourseError, match=f"k is {k}"):
                one.search("probe", k)
    assert 1 <= len(one.search("probe", 99)) <= 3


def test_bm25_needs_words():
    with pytest.raises(CourseError, match="nothing to search"):
        BM25([])
    with pytest.raises(CourseError, match="no words"):
        BM25([chunk("the and of"), chunk("?!")])


def test_rank_fusion_by_hand():
    fused = reciprocal_rank_fusion([[7, 8, 9], [9, 7], [5]])
    assert [number for number, _ in fused] == [7, 9, 5, 8]
    scores = dict(fused)
    assert scores[7] == pytest.approx(1 / 61 + 1 / 62)
    assert scores[9] == pytest.approx(1 / 63 + 1 / 61)
    assert scores[5] == pytest.approx(1 / 61)
    assert scores[8] == pytest.approx(1 / 62)


def test_rank_fusion_edges():
    assert reciprocal_rank_fusion([]) == []
    assert reciprocal_rank_fusion([[], [3]]) == [(3, 1 / 61)]
    assert reciprocal_rank_fusion([[1, 2], [2, 1]]) == [(1, 1 / 61 + 1 / 62), (2, 1 / 62 + 1 / 61)]  # a tie: first seen
    assert reciprocal_rank_fusion([[4, 5]], constant=0) == [(4, 1.0), (5, 0.5)]


class Fixed:
    """A retriever that always finds the same chunks."""

    def __init__(self, *chunks):
        self.chunks, self.asked = chunks, []

    def search(self, query, k=5):
        """The first k of them."""
        self.asked.append(k)
        return [Hit(found, 0.0, rank) for rank, found in enumerate(self.chunks[:k], start=1)]


def test_hybrid_fuses_what_both_found():
    one, two, three = chunk("one"), chunk("two"), chunk("three")
    left, right = Fixed(one, two), Fixed(three, two)
    hits = Hybrid([left, right]).search("?", 5)
    assert [hit.chunk for hit in hits] == [two, one, three]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert hits[0].score == pytest.approx(2 / 62)
    assert left.asked == right.asked == [50]
    assert [hit.chunk for hit in Hybrid([left, right]).search("?", 1)] == [two]


def test_hybrid_asks_for_as_many_as_it_must_return():
    left = Fixed(*(chunk(str(number)) for number in range(80)))
    assert len(Hybrid([left], depth=10).search("?", 70)) == 70


def test_hybrid_holds_hits_of_words_and_of_meaning(embedder, own_cache):
    index = build_index(DOCUMENTS, embedder)
    words = BM25(list(index.chunks.values()))
    query = "metres: electricity storage without sunshine"
    assert index.search(query, 1)[0].chunk.doc == "battery"
    assert words.search(query, 1)[0].chunk.doc == "radio"
    assert {"battery", "radio"} <= {hit.chunk.doc for hit in Hybrid([index, words]).search(query, 3)}


def test_build_index_records_its_settings(embedder, own_cache):
    index = build_index(DOCUMENTS, embedder, kind="hnsw", with_headings=False, method="tokens", size=5, overlap=2)
    assert index.fingerprint["kind"] == "hnsw"
    assert index.fingerprint["chunking"] == {"method": "tokens", "size": 5, "overlap": 2}
    assert max(found.n_tokens for found in index.chunks.values()) == 5
    assert build_index(DOCUMENTS, embedder).settings["chunking"] == retrieval.DEFAULT_CHUNKING


def test_open_index_builds_opens_and_builds_again_after_a_change(embedder, own_cache, counted):
    index = open_index(DOCUMENTS, embedder)
    assert len(counted) == len(index) == 3
    first = index.search_vector(embedder.encode(["battery"])[0])
    counted.clear()
    again = open_index(DOCUMENTS, embedder)
    assert counted == []
    assert again.search_vector(embedder.encode(["battery"])[0]) == first
    counted.clear()
    edited = [*DOCUMENTS[:2], Document("radio", "Radio", "# Radio\n\nThe gateway hears a station 700 metres away.\n")]
    new = open_index(edited, embedder)
    assert len(counted) == 3
    texts = [found.text for found in new.chunks.values()]
    assert any("700 metres" in text for text in texts)
    assert not any("900 metres" in text for text in texts)


def test_two_ways_of_cutting_have_indexes_of_their_own(embedder, own_cache, counted):
    chunks, sentences = open_index(DOCUMENTS, embedder), open_index(DOCUMENTS, embedder, retrieval.READER_CHUNKING)
    assert sentences.settings["chunking"] != chunks.settings["chunking"]
    assert len(list(own_cache.glob("index-*"))) == 2
    counted.clear()
    assert len(open_index(DOCUMENTS, embedder)) == len(chunks)
    assert len(open_index(DOCUMENTS, embedder, retrieval.READER_CHUNKING)) == len(sentences)
    assert counted == []


@pytest.mark.parametrize("damage", ["vectors.faiss", "chunks.jsonl", "manifest.json", "missing manifest"])
def test_open_index_repairs_a_damaged_one(embedder, own_cache, counted, damage):
    open_index(DOCUMENTS, embedder)
    (folder,) = own_cache.glob("index-*")
    if damage == "missing manifest":
        (folder / "manifest.json").unlink()
    else:
        (folder / damage).write_bytes(b"damaged")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(open_index(DOCUMENTS, embedder)) == 3
        counted.clear()
        assert len(open_index(DOCUMENTS, embedder)) == 3
    assert counted == []


def test_open_index_works_where_nothing_can_be_saved(embedder, counted, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="could not be saved"):
        index = open_index(DOCUMENTS, embedder)
    assert index.search("how long may I keep a probe?", 1)[0].chunk.doc == "returns"


def test_open_retriever(embedder, own_cache, monkeypatch):
    monkeypatch.setattr(retrieval, "default_embedder", lambda: embedder)
    for method in ("dense", "bm25", "hybrid"):
        hits = open_retriever(method, DOCUMENTS).search("send a probe back", 2)
        assert hits[0].chunk.doc == "returns", method
    with pytest.raises(CourseError, match="no method 'magic': choose dense, bm25 or hybrid"):
        open_retriever("magic", DOCUMENTS)


def test_the_default_embedder_is_shared(own_cache):
    assert retrieval.default_embedder() is retrieval.default_embedder()
    assert isinstance(retrieval.default_embedder(), Embedder)
