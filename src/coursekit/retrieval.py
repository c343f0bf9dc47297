"""Retrievers: dense (vectors), BM25 (words) and hybrid (both, fused by rank). Each has `search(query, k) -> list[Hit]`."""

import functools
import hashlib
import inspect
import json
import warnings
from collections.abc import Sequence
from typing import Protocol

import bm25s
import numpy as np
import Stemmer

from coursekit import chunking as chunking_code
from coursekit import paths
from coursekit.chunking import Chunk, chunk_corpus
from coursekit.corpus import Document, fingerprint, load_handbook
from coursekit.embedding import Embedder, default_embedder
from coursekit.errors import CourseError
from coursekit.index import Hit, VectorIndex

# Chosen in lessons 01 and 02 on the development questions.
DEFAULT_CHUNKING = {"method": "headings", "size": 128, "overlap": 0}
# What a small reader is handed: single sentences under their heading path, and single rows of tables with the names of their columns.
# course-lm picks the right one of a few sentences far more often than the right sentence inside longer chunks, or the right cell of a whole
# table. models/course-lm/README.md has figures for the first.
READER_CHUNKING = {"method": "sentences", "before": 0, "after": 0, "rows": True}
RRF_CONSTANT = 60
NO_CHUNKS = "There is nothing to search: the documents hold no text, or headings alone."


def top_k(query: np.ndarray, vectors: np.ndarray, k: int) -> list[tuple[int, float]]:
    """Exact search with NumPy: the rows of `vectors` with the largest inner product, which for unit vectors is the cosine.

    Args:
        query: (d,), of length 1.
        vectors: (n, d), every row of length 1.
        k: how many; all n where there are fewer.

    Returns:
        `(row, score)`, best first.
    """
    scores = vectors @ query
    best = np.argsort(-scores, kind="stable")[:k]
    return [(int(row), float(scores[row])) for row in best]


class Retriever(Protocol):
    """Anything that finds chunks for a query."""

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The k best chunks, best first."""


class BM25:
    """Ranking by words: rare words of the query that are frequent in a short chunk count most.

    Source: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009); computed by `bm25s`.
    """

    def __init__(self, chunks: Sequence[Chunk], *, with_headings: bool = True) -> None:
        """Index chunks, English stop words left out, words cut to their stems."""
        self.chunks = list(chunks)
        if not self.chunks:
            raise CourseError(NO_CHUNKS)
        self._tokenize = functools.partial(
            bm25s.tokenize, stopwords="en", stemmer=Stemmer.Stemmer("english"), show_progress=False
        )
        self._index = bm25s.BM25()
        texts = [chunk.text_with_heading if with_headings else chunk.searched for chunk in self.chunks]
        tokens = self._tokenize(texts)
        if not tokens.vocab or not any(tokens.ids):
            raise CourseError("The chunks hold no words to search for: every one is a stop word or a sign.")
        self._index.index(tokens, show_progress=False)

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The k best chunks that share at least one word with the query, best first: there may be fewer, or none.

        Raises:
            CourseError: the query is empty, or k is less than 1.
        """
        if not query.strip():
            raise CourseError("The query is empty: type a question.")
        if k < 1:
            raise CourseError(f"k is {k}: ask for at least one result.")
        tokens = self._tokenize(query, return_ids=False)
        if not tokens[0]:
            return []
        rows, scores = self._index.retrieve(tokens, k=min(k, len(self.chunks)), show_progress=False)
        found = [(self.chunks[row], float(score)) for row, score in zip(rows[0], scores[0]) if score > 0]
        return [Hit(chunk, score, rank) for rank, (chunk, score) in enumerate(found, start=1)]


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]], constant: int = RRF_CONSTANT) -> list[tuple[int, float]]:
    """Merge rankings: an id scores the sum of `1 / (constant + rank)` over the rankings that hold it, ranks beginning at 1.

    Args:
        rankings: lists of ids, best first.
        constant: how little the first ranks stand out.

    Returns:
        `(id, score)`, best first; equal scores keep the order in which the ids were first seen.

    Source: G. Cormack, C. Clarke and S. Büttcher, "Reciprocal Rank Fusion" (SIGIR 2009), where the constant is 60.
    """
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (constant + rank)
    return sorted(scores.items(), key=lambda item: -item[1])


class Hybrid:
    """Several retrievers over the same chunks, fused by reciprocal rank. A hit's score is the fused one."""

    def __init__(self, retrievers: Sequence[Retriever], *, depth: int = 50) -> None:
        """`depth` is how many hits of each retriever are fused."""
        self.retrievers, self.depth = list(retrievers), depth

    def prepare(self, queries: Sequence[str]) -> None:
        """Pass many queries on to the retrievers that can embed them at once."""
        for retriever in self.retrievers:
            if hasattr(retriever, "prepare"):
                retriever.prepare(queries)

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The k best chunks after fusion, best first."""
        results = [retriever.search(query, max(k, self.depth)) for retriever in self.retrievers]
        chunks = {hit.chunk.id: hit.chunk for hits in results for hit in hits}
        fused = reciprocal_rank_fusion([[hit.chunk.id for hit in hits] for hits in results])
        return [Hit(chunks[number], score, rank) for rank, (number, score) in enumerate(fused[:k], start=1)]


def index_settings(documents: Sequence[Document], chunking: dict) -> dict:
    """What made an index's chunks, for its fingerprint: settings, corpus, and the very code that cut them."""
    code = hashlib.sha256(inspect.getsource(chunking_code).encode()).hexdigest()[:16]
    return {"chunking": chunking, "chunking_code": code, "corpus": fingerprint(documents)}


def build_index(
    documents: Sequence[Document], embedder: Embedder, *, kind: str = "flat", with_headings: bool = True, **chunking
) -> VectorIndex:
    """Chunk and embed documents into a new index. `chunking` as for `chunk_corpus`; `DEFAULT_CHUNKING` when left out."""
    chunking = chunking or DEFAULT_CHUNKING
    settings = index_settings(documents, chunking)
    index = VectorIndex(embedder, kind=kind, with_headings=with_headings, settings=settings)
    index.add(chunk_corpus(documents, embedder.tokenizer, **chunking))
    return index


def open_index(
    documents: Sequence[Document] | None = None, embedder: Embedder | None = None, chunking: dict | None = None
) -> VectorIndex:
    """An index over documents (the handbook when left out): opened if a fitting one is saved, else built and saved.

    `chunking` is as for `chunk_corpus`; `DEFAULT_CHUNKING` when left out.
    """
    documents = load_handbook() if documents is None else documents
    embedder, chunking = embedder or default_embedder(), chunking or DEFAULT_CHUNKING
    settings = index_settings(documents, chunking)
    way = hashlib.sha256(json.dumps(chunking, sort_keys=True).encode()).hexdigest()[:8]
    folder = paths.cache_folder() / f"index-{settings['corpus']}-{way}"
    try:
        return VectorIndex.load(folder, embedder, settings=settings)
    except CourseError:  # none yet, damaged, or of other settings: the documents are at hand, so it is made anew
        index = build_index(documents, embedder, **chunking)
        try:
            index.save(folder)
        except CourseError as error:  # as with the cache of vectors: it costs time at the next start, not the search
            warnings.warn(str(error), stacklevel=2)
        return index


def open_retriever(
    method: str = "dense", documents: Sequence[Document] | None = None, chunking: dict | None = None
) -> Retriever:
    """A retriever over documents (the handbook when left out): "dense", "bm25" or "hybrid". `chunking` as for `open_index`.

    Raises:
        CourseError: the method is unknown, or the documents hold nothing to search.
    """
    if method not in ("dense", "bm25", "hybrid"):
        raise CourseError(f"There is no method {method!r}: choose dense, bm25 or hybrid.")
    if method == "bm25":  # needs the tokenizer to cut chunks, but no vectors
        documents = load_handbook() if documents is None else documents
        return BM25(chunk_corpus(documents, default_embedder().tokenizer, **(chunking or DEFAULT_CHUNKING)))
    index = open_index(documents, chunking=chunking)
    if not index.chunks:
        raise CourseError(NO_CHUNKS)
    return index if method == "dense" else Hybrid([index, BM25(list(index.chunks.values()))])
