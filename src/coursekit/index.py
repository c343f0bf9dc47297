"""A vector index over chunks: FAISS for the vectors, JSON for the texts, and a fingerprint that ties the two to their settings."""

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch  # noqa: F401  (before faiss: on macOS each brings its own OpenMP, and this order is the one that works)

import faiss  # isort: skip

from coursekit.chunking import Chunk
from coursekit.corpus import read_jsonl
from coursekit.embedding import Embedder, sha256
from coursekit.errors import CourseError

FORMAT = 1
FILES = ("vectors.faiss", "chunks.jsonl", "manifest.json")
KINDS = {"flat": "Flat", "hnsw": "HNSW32"}
faiss.omp_set_num_threads(1)  # one thread: repeatable order, fair timings, and no clash with PyTorch's threads


@dataclasses.dataclass(frozen=True)
class Hit:
    """A chunk that a search found, with its score (the cosine for vectors) and rank, beginning at 1."""

    chunk: Chunk
    score: float
    rank: int


def new_faiss_index(dimension: int, kind: str) -> faiss.Index:
    """An empty FAISS index for unit vectors under inner product, with ids of our own.

    Raises:
        CourseError: the kind is not one of `KINDS`.
    """
    if kind not in KINDS:
        raise CourseError(f"There is no index kind {kind!r}: choose one of {', '.join(KINDS)}.")
    # index_factory measures L2 distance unless told otherwise.
    return faiss.IndexIDMap2(faiss.index_factory(dimension, KINDS[kind], faiss.METRIC_INNER_PRODUCT))


def nearest(index: faiss.Index, vector: np.ndarray, k: int) -> list[tuple[int, float]]:
    """Search a FAISS index with one vector of shape (d,): `(id, score)`, best first, never more than the index holds.

    Where FAISS finds too few it fills up with the id -1, which a Python list would take for its last element.
    """
    scores, ids = index.search(vector[np.newaxis].astype(np.float32), k)
    return [(int(number), float(score)) for number, score in zip(ids[0], scores[0]) if number != -1]


def plan_update(old: Sequence[Chunk], new: Sequence[Chunk]) -> tuple[set[int], list[Chunk]]:
    """What an edit changes: the ids of the old chunks that must go, and the new chunks that must be embedded and added.

    A chunk's id is made from what it says, so a chunk that the edit left alone is in neither.
    """
    old_ids = {chunk.id for chunk in old}
    new_ids = {chunk.id for chunk in new}
    return old_ids - new_ids, [chunk for chunk in new if chunk.id not in old_ids]


def _set_aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.before")


def _restore(folder: Path) -> None:
    """Put an index back that a killed `save` had moved aside."""
    if not folder.exists() and _set_aside(folder).is_dir():
        with contextlib.suppress(OSError):  # then `load` finds no index and says so
            os.rename(_set_aside(folder), folder)


class VectorIndex:
    """Chunks that can be searched by meaning. Ids come from the chunks, so the same text keeps its id."""

    def __init__(
        self, embedder: Embedder, *, kind: str = "flat", with_headings: bool = True, settings: dict | None = None
    ) -> None:
        """An empty index.

        Args:
            embedder: turns texts into vectors.
            kind: "flat" (exact) or "hnsw" (a graph, approximate).
            with_headings: embed each chunk under its heading path.
            settings: whatever else made the chunks (method, size, corpus); part of the fingerprint.
        """
        self.embedder, self.kind, self.with_headings = embedder, kind, with_headings
        self.settings = dict(settings or {})
        self.chunks: dict[int, Chunk] = {}
        self._faiss = new_faiss_index(embedder.dimension, kind)

    def __len__(self) -> int:
        return len(self.chunks)

    @property
    def fingerprint(self) -> dict:
        """What must agree for a saved index to be used again."""
        return {
            "model": self.embedder.fingerprint, "dimension": self.embedder.dimension,
            "kind": self.kind, "with_headings": self.with_headings, **self.settings,
        }  # fmt: skip

    def embed(self, chunks: Sequence[Chunk]) -> np.ndarray:
        """The vectors of chunks, (n, dimension), with their headings if the index is so made; of a row its reading is embedded."""
        texts = [chunk.text_with_heading if self.with_headings else chunk.searched for chunk in chunks]
        return self.embedder.encode(texts)

    def add(self, chunks: Iterable[Chunk]) -> int:
        """Add chunks; those already there are passed over. Returns how many were new.

        Raises:
            CourseError: two different chunks share an id.
        """
        new: dict[int, Chunk] = {}
        for chunk in chunks:
            there = self.chunks.get(chunk.id) or new.get(chunk.id)
            if there is None:
                new[chunk.id] = chunk
            elif (there.doc, there.text, there.reading) != (chunk.doc, chunk.text, chunk.reading):
                raise CourseError(
                    f"Two chunks share the id {chunk.id}, in {there.doc!r} and {chunk.doc!r}: change the chunk size a little."
                )
        if new:
            # FAISS takes the same id twice without a word, which is why the dictionary decides what is new.
            self._faiss.add_with_ids(self.embed(list(new.values())), np.fromiter(new, dtype=np.int64, count=len(new)))
            self.chunks |= new
        return len(new)

    def delete(self, ids: Iterable[int]) -> int:
        """Take chunks out by id; ids that are not there are passed over. Returns how many went."""
        gone = [number for number in set(ids) if number in self.chunks]
        if not gone:
            return 0
        if self.kind == "hnsw":
            # A graph cannot lose a node. The vectors that stay are put into a new one; nothing is embedded again.
            kept = np.array([number for number in self.chunks if number not in set(gone)], dtype=np.int64)
            vectors = np.array([self._faiss.reconstruct(int(number)) for number in kept], dtype=np.float32)
            self._faiss = new_faiss_index(self.embedder.dimension, self.kind)
            if len(kept):
                self._faiss.add_with_ids(vectors, kept)
        else:
            self._faiss.remove_ids(np.array(gone, dtype=np.int64))
        for number in gone:
            del self.chunks[number]
        return len(gone)

    def delete_document(self, doc: str) -> int:
        """Take out every chunk of a document. Returns how many went."""
        return self.delete([number for number, chunk in self.chunks.items() if chunk.doc == doc])

    def update_document(self, doc: str, chunks: Sequence[Chunk]) -> tuple[int, int]:
        """Make a document's chunks these and no others. Unchanged chunks are not embedded again.

        Returns:
            How many chunks were added, and how many went.

        Raises:
            CourseError: a chunk belongs to another document.
        """
        strangers = [chunk.doc for chunk in chunks if chunk.doc != doc]
        if strangers:
            raise CourseError(f"These chunks belong to {strangers[0]!r}, not to {doc!r}.")
        old = {chunk.id: chunk for chunk in self.chunks.values() if chunk.doc == doc}
        gone, fresh = plan_update(list(old.values()), chunks)
        # The same text under another heading keeps its id but needs another vector.
        renamed = {
            chunk.id: chunk
            for chunk in chunks
            if self.with_headings and chunk.id in old and chunk.headings != old[chunk.id].headings
        }
        vectors = self.embed(list(renamed.values()))
        added = self.add(fresh)  # before anything is taken out, so that a failure loses nothing
        removed = self.delete(gone | set(renamed))
        if renamed:
            self._faiss.add_with_ids(vectors, np.fromiter(renamed, dtype=np.int64, count=len(renamed)))
        self.chunks |= {chunk.id: chunk for chunk in chunks}  # an edit moves what follows it: same text, new span
        return added + len(renamed), removed

    def prepare(self, queries: Sequence[str]) -> None:
        """Embed many queries at once into the embedder's cache: several times as fast as one after the other."""
        self.embedder.encode(queries)

    def search(self, query: str, k: int = 5) -> list[Hit]:
        """The k chunks nearest to a query, or all of them where the index holds fewer.

        Raises:
            CourseError: the query is empty, or k is less than 1.
        """
        if not query.strip():
            raise CourseError("The query is empty: type a question.")
        return self.search_vector(self.embedder.encode([query])[0], k)

    def search_vector(self, vector: np.ndarray, k: int = 5) -> list[Hit]:
        """The k chunks nearest to a unit vector of shape (dimension,), best first.

        Raises:
            CourseError: the vector has another shape, or k is less than 1.
        """
        vector = np.asarray(vector, dtype=np.float32)
        if vector.shape != (self.embedder.dimension,):
            raise CourseError(
                f"A query vector of shape {vector.shape} does not fit an index of dimension {self.embedder.dimension}."
            )
        if k < 1:
            raise CourseError(f"k is {k}: ask for at least one result.")
        if not self.chunks:
            return []
        found = nearest(self._faiss, vector, min(k, len(self.chunks)))
        return [Hit(self.chunks[number], score, rank) for rank, (number, score) in enumerate(found, start=1)]

    def save(self, folder: str | Path) -> None:
        """Write vectors, chunks and fingerprint to a folder, whole or not at all; an index already there is replaced.

        Raises:
            CourseError: the disk is full or the folder may not be written to, or it holds something that is no index.
        """
        folder = Path(folder)
        temporary, before = None, _set_aside(folder)
        try:
            # Only a folder that holds an index and nothing else is replaced: what is in it is deleted.
            if folder.exists() and any(path.name not in FILES for path in folder.iterdir()):
                raise CourseError(f"The folder {folder.name!r} holds other files: choose an empty one for the index.")
            folder.parent.mkdir(parents=True, exist_ok=True)
            temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
            # Serialised in memory first: FAISS's own file writer ends in an exception of its own on a full disk.
            (temporary / "vectors.faiss").write_bytes(faiss.serialize_index(self._faiss).tobytes())
            lines = [json.dumps(dataclasses.asdict(chunk), ensure_ascii=False) for chunk in self.chunks.values()]
            (temporary / "chunks.jsonl").write_text(
                "".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n"
            )
            manifest = {
                "format": FORMAT, "fingerprint": self.fingerprint, "chunks": len(self.chunks),
                "sha256": {name: sha256(temporary / name) for name in ("vectors.faiss", "chunks.jsonl")},
            }  # fmt: skip
            (temporary / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
            # A folder cannot be replaced in one step. `load` looks for the old one beside it, should this process be killed here.
            if folder.exists():
                shutil.rmtree(before, ignore_errors=True)
                os.replace(folder, before)
            os.replace(temporary, folder)
            shutil.rmtree(before, ignore_errors=True)
        except OSError as error:
            raise CourseError(
                f"The index could not be saved ({error.strerror}): free some disk space or choose a folder that you may write to."
            ) from error
        finally:
            if temporary and temporary.exists():
                shutil.rmtree(temporary, ignore_errors=True)
            _restore(folder)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        embedder: Embedder,
        *,
        kind: str = "flat",
        with_headings: bool = True,
        settings: dict | None = None,
    ) -> "VectorIndex":
        """Open a saved index, if it was made with these very settings.

        Raises:
            CourseError: nothing is there, a file is missing or damaged, or the index was made with another model, chunking or corpus.
        """
        folder = Path(folder)
        _restore(folder)
        rebuild = "build it again and save it."
        try:
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            made_with, sums, count = dict(manifest["fingerprint"]), dict(manifest["sha256"]), manifest["chunks"]
        except FileNotFoundError as error:
            raise CourseError(f"There is no saved index in {folder.name!r}: {rebuild}") from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CourseError(f"The manifest of the index in {folder.name!r} is damaged: {rebuild}") from error
        index = cls(embedder, kind=kind, with_headings=with_headings, settings=settings)
        differ = [key for key in {**made_with, **index.fingerprint} if made_with.get(key) != index.fingerprint.get(key)]
        if manifest.get("format") != FORMAT or differ:
            what = ", ".join(f"{key} was {made_with.get(key)!r}, now {index.fingerprint.get(key)!r}" for key in differ)
            raise CourseError(
                f"The index in {folder.name!r} was made with other settings ({what or 'another format'}): {rebuild}"
            )
        for name in ("vectors.faiss", "chunks.jsonl"):
            if not (folder / name).is_file():
                raise CourseError(f"The index in {folder.name!r} lacks its file {name}: {rebuild}")
            if sha256(folder / name) != sums.get(name):
                raise CourseError(f"The file {name} of the index in {folder.name!r} is damaged: {rebuild}")
        index._faiss = faiss.deserialize_index(np.frombuffer((folder / "vectors.faiss").read_bytes(), dtype=np.uint8))
        records = read_jsonl(folder / "chunks.jsonl") if count else []
        chunks = [Chunk(**{**record, "headings": tuple(record["headings"])}) for record in records]
        index.chunks = {chunk.id: chunk for chunk in chunks}
        if not index._faiss.ntotal == len(index.chunks) == count:
            raise CourseError(
                f"The index in {folder.name!r} holds {index._faiss.ntotal} vectors for {count} chunks: {rebuild}"
            )
        return index
