"""The vector index: what goes in can be found, what goes out cannot, and a saved index opens only where it fits."""

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import faiss
import numpy as np
import pytest

from coursekit.chunking import Chunk, chunk_by_headings
from coursekit.corpus import Document
from coursekit.errors import CourseError
from coursekit.index import KINDS, VectorIndex, nearest, new_faiss_index, plan_update

EACH_KIND = pytest.mark.parametrize("kind", KINDS)


class Words:
    """A stand-in for the embedder that is quick and exact: one dimension a word of a fixed list. Counts what it embeds."""

    dimension, fingerprint = 16, "words"

    def __init__(self):
        self.seen = []

    def encode(self, texts):
        """Unit vectors drawn from each text's own seed, so that equal texts are at cosine 1."""
        self.seen += texts
        rows = [np.random.default_rng(list(text.encode())).normal(size=self.dimension) for text in texts]
        rows = np.array(rows, dtype=np.float32).reshape(len(texts), self.dimension)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def chunk(text, doc="d", headings=()):
    """A chunk with only a text."""
    return Chunk(doc, 0, len(text), text, headings, len(text.split()))


def chunks(count, doc="d"):
    """Different chunks of one document."""
    return [chunk(f"{doc} text number {number}", doc) for number in range(count)]


def filled(kind="flat", count=40, **settings):
    """An index of two documents."""
    index = VectorIndex(Words(), kind=kind, **settings)
    index.add(chunks(count - 10, "d") + chunks(10, "e"))
    return index


def texts(hits):
    return [hit.chunk.text for hit in hits]


# Adding and searching.


@EACH_KIND
def test_what_was_added_is_found_first(kind):
    index = filled(kind)
    assert len(index) == 40
    for wanted in list(index.chunks.values())[::7]:
        hit = index.search(wanted.text, 3)[0]
        assert hit.chunk == wanted
        assert hit.rank == 1
        assert hit.score == pytest.approx(1, abs=1e-5)


@EACH_KIND
def test_hits_are_the_exact_ones_in_order(kind):
    index = filled(kind)
    known = list(index.chunks.values())
    vectors = index.embedder.encode([found.text for found in known])
    query = index.embedder.encode(["something else"])[0]
    scores = vectors @ query
    best = np.argsort(-scores)[:5]
    hits = index.search("something else", 5)
    assert [hit.chunk for hit in hits] == [known[at] for at in best]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    np.testing.assert_allclose([hit.score for hit in hits], scores[best], atol=1e-5)


@EACH_KIND
def test_adding_twice_adds_nothing(kind):
    index = VectorIndex(Words(), kind=kind)
    two = chunks(2)
    assert index.add(two) == 2
    assert index.add([*two, two[0]]) == 0
    assert index.add([chunk("new"), chunk("new"), two[1]]) == 1
    assert len(index) == index._faiss.ntotal == 3
    assert len(index.embedder.seen) == 3
    assert sorted(texts(index.search("x", 9))) == ["d text number 0", "d text number 1", "new"]


def test_two_chunks_with_one_id_are_refused(monkeypatch):
    monkeypatch.setattr(Chunk, "id", property(lambda self: 7))
    index = VectorIndex(Words())
    with pytest.raises(CourseError, match="share the id 7, in 'd' and 'e'"):
        index.add([chunk("a"), chunk("a", "e")])
    with pytest.raises(CourseError, match="share the id 7"):
        index.add([chunk("a"), dataclasses.replace(chunk("a"), reading="b")])
    assert len(index) == index._faiss.ntotal == 0


@EACH_KIND
def test_empty_index_and_k(kind):
    index = VectorIndex(Words(), kind=kind)
    assert index.search("anything", 5) == []
    index.add(chunks(40))
    assert len(index.search("anything", 1000)) == 40
    assert len({hit.chunk.id for hit in index.search("anything", 1000)}) == 40
    for k in (0, -1):
        with pytest.raises(CourseError, match=f"k is {k}"):
            index.search("anything", k)


@pytest.mark.parametrize("query", ["", "  \n\t"])
def test_empty_query(query):
    with pytest.raises(CourseError, match="query is empty"):
        filled().search(query)


@pytest.mark.parametrize("shape", [(15,), (17,), (1, 16), (16, 1), ()])
def test_wrong_dimension(shape):
    with pytest.raises(CourseError, match="does not fit an index of dimension 16"):
        filled().search_vector(np.ones(shape, dtype=np.float32))


def test_a_float64_vector_is_as_good():
    index = filled()
    vector = index.embedder.encode(["d text number 3"])[0]
    assert index.search_vector(vector.astype(np.float64), 2) == index.search_vector(vector, 2)


def test_unknown_kind():
    with pytest.raises(CourseError, match="kind 'magic': choose one of flat, hnsw"):
        VectorIndex(Words(), kind="magic")


@EACH_KIND
def test_faiss_measures_the_inner_product(kind):
    assert new_faiss_index(8, kind).metric_type == faiss.METRIC_INNER_PRODUCT


def test_nearest_leaves_out_what_is_not_there():
    index = new_faiss_index(2, "flat")
    index.add_with_ids(np.array([[1, 0], [0, 1]], dtype=np.float32), np.array([5, 9]))
    assert nearest(index, np.array([0.6, 0.8]), 4) == [(9, pytest.approx(0.8)), (5, pytest.approx(0.6))]


def test_headings_are_embedded_only_when_asked():
    one = chunk("Text.", headings=("Title", "Part"))
    for with_headings, seen in ((True, "Title > Part\nText."), (False, "Text.")):
        index = VectorIndex(Words(), with_headings=with_headings)
        index.add([one])
        assert index.embedder.seen == [seen]


def test_of_a_row_its_reading_is_embedded():
    row = Chunk("d", 0, 9, "| A | 9 |", ("Fees",), 5, reading="Plan: A, Fee: 9.")
    for with_headings, seen in ((True, "Fees\nPlan: A, Fee: 9."), (False, "Plan: A, Fee: 9.")):
        index = VectorIndex(Words(), with_headings=with_headings)
        index.add([row])
        assert index.embedder.seen == [seen]


def test_a_row_that_reads_otherwise_is_another_chunk():
    old, new = (Chunk("d", 0, 9, "| A | 9 |", (), 5, reading=reading) for reading in ("Fee: 9.", "Monthly fee: 9."))
    assert plan_update([old], [new]) == ({old.id}, [new])


# Deleting and updating.


@EACH_KIND
def test_deleted_chunks_are_never_found(kind):
    index = filled(kind)
    before = {number: index._faiss.reconstruct(number) for number in index.chunks}
    embedded = len(index.embedder.seen)
    gone = list(index.chunks)[:15]
    assert index.delete([*gone, gone[0], 12345]) == 15
    assert len(index.embedder.seen) == embedded  # nothing was embedded again
    assert len(index) == index._faiss.ntotal == 25
    for number in gone:
        for hit in index.search_vector(before[number], 40):
            assert hit.chunk.id not in gone
    for number in index.chunks:
        assert index.search_vector(before[number], 1)[0].chunk.id == number
    assert index.delete(gone) == 0


@EACH_KIND
def test_a_deleted_document_is_never_found(kind):
    index = filled(kind)
    assert index.delete_document("e") == 10
    assert index.delete_document("e") == 0
    assert {hit.chunk.doc for query in ("e text number 1", "x") for hit in index.search(query, 40)} == {"d"}


@EACH_KIND
def test_deleting_all_and_beginning_again(kind):
    index = filled(kind)
    assert index.delete(list(index.chunks)) == 40
    assert len(index) == index._faiss.ntotal == 0
    assert index.search("anything") == []
    assert index.add(chunks(3)) == 3
    assert texts(index.search("d text number 1", 1)) == ["d text number 1"]


def test_plan_update_by_hand():
    a, b, c = chunks(3)
    assert plan_update([a, b], [b, c]) == ({a.id}, [c])
    assert plan_update([], [a]) == (set(), [a])
    assert plan_update([a], []) == ({a.id}, [])
    assert plan_update([a, b], [b, a]) == (set(), [])


@EACH_KIND
def test_update_embeds_only_what_is_new(kind):
    index = filled(kind)
    old = [found for found in index.chunks.values() if found.doc == "e"]
    embedded = len(index.embedder.seen)
    assert index.update_document("e", [*old[:8], chunk("e is new", "e")]) == (1, 2)
    assert index.embedder.seen[embedded:] == ["e is new"]
    assert len(index) == index._faiss.ntotal == 39
    assert texts(index.search("e is new", 1)) == ["e is new"]
    found = texts(index.search("e text number 9", 39))
    assert "e text number 9" not in found
    assert "e text number 8" not in found
    assert "e text number 7" in found


def test_update_moves_the_spans_of_what_stayed(embedder):
    index = VectorIndex(embedder)
    page = Document("d", "D", "# D\n\nOne.\n\n## Part\n\nTwo.\n")
    longer = Document("d", "D", "# D\n\nOne and more.\n\n## Part\n\nTwo.\n")
    index.add(chunk_by_headings(page, embedder.tokenizer))
    assert index.update_document("d", chunk_by_headings(longer, embedder.tokenizer)) == (1, 1)
    for found in index.chunks.values():
        assert longer.text[found.start : found.end] == found.text


@EACH_KIND
def test_update_embeds_again_what_stands_under_a_new_heading(kind):
    index = VectorIndex(Words(), kind=kind)
    index.add([chunk("Same.", headings=("Old",)), chunk("Other.", headings=("T",))])
    new = [chunk("Same.", headings=("New",)), chunk("Other.", headings=("T",))]
    assert index.update_document("d", new) == (1, 1)
    assert index.embedder.seen[2:] == ["New\nSame."]
    assert len(index) == index._faiss.ntotal == 2
    hit = index.search("New\nSame.", 1)[0]
    assert hit.score == pytest.approx(1, abs=1e-5)
    assert hit.chunk.headings == ("New",)
    assert index.update_document("d", new) == (0, 0)


def test_update_without_headings_embeds_nothing_for_a_new_heading():
    index = VectorIndex(Words(), with_headings=False)
    index.add([chunk("Same.", headings=("Old",))])
    assert index.update_document("d", [chunk("Same.", headings=("New",))]) == (0, 0)
    assert len(index.embedder.seen) == 1
    assert index.search("Same.", 1)[0].chunk.headings == ("New",)


def test_an_updated_index_equals_a_new_one(embedder):
    old = Document("d", "D", "# Probe\n\nIt reads.\n\n## Care\n\nWash it.\n\n## End\n\nThrow it away.\n")
    new = Document("d", "D", "# Probes\n\nThey read.\n\n## Care\n\nWash it.\n\n## Care\n\nDry it.\n")
    updated, fresh = VectorIndex(embedder), VectorIndex(embedder)
    updated.add(chunk_by_headings(old, embedder.tokenizer))
    updated.update_document("d", chunk_by_headings(new, embedder.tokenizer))
    fresh.add(chunk_by_headings(new, embedder.tokenizer))
    assert updated.chunks == fresh.chunks
    for query in ("how do I clean it?", "probes"):
        mine, theirs = updated.search(query), fresh.search(query)
        assert [hit.chunk for hit in mine] == [hit.chunk for hit in theirs]
        np.testing.assert_allclose([hit.score for hit in mine], [hit.score for hit in theirs], atol=1e-5)


def test_update_refuses_chunks_of_another_document():
    index = filled()
    with pytest.raises(CourseError, match="belong to 'd', not to 'e'"):
        index.update_document("e", chunks(1, "d"))
    assert len(index) == 40


def test_a_failed_update_loses_nothing(monkeypatch):
    index = filled()

    def fail(_):
        raise CourseError("no connection")

    monkeypatch.setattr(index.embedder, "encode", fail)
    with pytest.raises(CourseError, match="no connection"):
        index.update_document("e", [chunk("new", "e")])
    assert len(index) == index._faiss.ntotal == 40


def test_update_to_nothing():
    index = filled()
    assert index.update_document("e", []) == (0, 10)
    assert {found.doc for found in index.chunks.values()} == {"d"}


# Saving and loading.


@EACH_KIND
def test_round_trip_gives_the_same_hits(kind, tmp_path):
    index = filled(kind, settings={"chunking": {"method": "headings", "size": 128}, "corpus": "abc"})
    index.add([chunk("Ünïcode 🔋\nline\u2028two", "f", ("T", "Ü"))])
    index.delete_document("e")
    index.save(tmp_path / "index")
    opened = VectorIndex.load(tmp_path / "index", Words(), kind=kind, settings=index.settings)
    assert opened.chunks == index.chunks
    for query in ("d text number 3", "T > Ü\nÜnïcode 🔋\nline\u2028two", "x"):
        assert opened.search(query, 40) == index.search(query, 40)
    assert opened.embedder.seen == ["d text number 3", "T > Ü\nÜnïcode 🔋\nline\u2028two", "x"]
    opened.add([chunk("added later")])
    opened.delete(list(index.chunks)[:2])
    assert texts(opened.search("added later", 1)) == ["added later"]


@EACH_KIND
def test_an_empty_index_can_be_kept(kind, tmp_path):
    VectorIndex(Words(), kind=kind).save(tmp_path / "index")
    assert VectorIndex.load(tmp_path / "index", Words(), kind=kind).search("x") == []


def test_what_is_on_disk_is_json_and_vectors(tmp_path):
    filled().save(tmp_path / "index")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]
    assert sorted(path.name for path in (tmp_path / "index").iterdir()) == [
        "chunks.jsonl",
        "manifest.json",
        "vectors.faiss",
    ]
    records = [json.loads(line) for line in (tmp_path / "index" / "chunks.jsonl").read_text("utf-8").splitlines()]
    assert records[0]["text"] == "d text number 0"
    json.loads((tmp_path / "index" / "manifest.json").read_text("utf-8"))
    assert (tmp_path / "index" / "vectors.faiss").read_bytes()[:4] == b"IxM2"  # FAISS's mark of an IDMap2, no pickle


@pytest.fixture
def saved(tmp_path):
    """A saved index of 40 chunks with settings."""
    filled(settings={"chunking": {"size": 128}, "corpus": "abc"}).save(tmp_path / "index")
    return tmp_path / "index"


def load(folder, embedder=None, **changes):
    """Open it with the settings that fit, some changed."""
    settings = {
        "kind": "flat",
        "with_headings": True,
        "settings": {"chunking": {"size": 128}, "corpus": "abc"},
        **changes,
    }
    return VectorIndex.load(folder, embedder or Words(), **settings)


def test_it_opens_with_its_settings(saved):
    assert len(load(saved)) == 40


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "hnsw"}, "kind was 'flat', now 'hnsw'"),
        ({"with_headings": False}, "with_headings was True, now False"),
        ({"settings": {"chunking": {"size": 64}, "corpus": "abc"}}, "chunking was {'size': 128}, now {'size': 64}"),
        ({"settings": {"chunking": {"size": 128}, "corpus": "xyz"}}, "corpus was 'abc', now 'xyz'"),
        ({"settings": {"corpus": "abc"}}, "chunking was {'size': 128}, now None"),
        ({"settings": {"chunking": {"size": 128}, "corpus": "abc", "more": 1}}, "more was None, now 1"),
    ],
)
def test_other_settings_are_named(saved, changes, words):
    with pytest.raises(CourseError, match="made with other settings") as caught:
        load(saved, **changes)
    assert words in str(caught.value)


@pytest.mark.parametrize(("name", "value"), [("fingerprint", "other"), ("dimension", 8)])
def test_another_model_is_named(saved, name, value):
    other = Words()
    setattr(other, name, value)
    with pytest.raises(CourseError, match=f"{'model' if name == 'fingerprint' else name} was"):
        load(saved, other)


@pytest.mark.parametrize("name", ["vectors.faiss", "chunks.jsonl"])
def test_a_damaged_file(saved, name):
    content = bytearray((saved / name).read_bytes())
    content[len(content) // 2] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(CourseError, match=f"The file {name} .*is damaged: build it again"):
        load(saved)
    (saved / name).write_bytes(content[:20])
    with pytest.raises(CourseError, match=f"The file {name} .*is damaged"):
        load(saved)


@pytest.mark.parametrize("name", ["vectors.faiss", "chunks.jsonl"])
def test_a_missing_file(saved, name):
    (saved / name).unlink()
    with pytest.raises(CourseError, match=f"lacks its file {name}"):
        load(saved)


def test_a_missing_manifest_or_folder(saved, tmp_path):
    (saved / "manifest.json").unlink()
    with pytest.raises(CourseError, match="no saved index in 'index'"):
        load(saved)
    with pytest.raises(CourseError, match="no saved index in 'gone'"):
        load(tmp_path / "gone")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"3", b"{}", b"\xff\xfe\x00", b'{"fingerprint": "x", "sha256": {}, "chunks": 1}',
     b'{"fingerprint": {}, "sha256": [1], "chunks": 1}'],
)  # fmt: skip
def test_a_damaged_manifest(saved, content):
    (saved / "manifest.json").write_bytes(content)
    with pytest.raises(CourseError, match="manifest of the index in 'index' is damaged"):
        load(saved)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("chunks", 39, "40 vectors for 39 chunks"), ("format", 99, "another format"), ("sha256", {}, "damaged")],
)
def test_a_changed_manifest(saved, key, value, words):
    manifest = json.loads((saved / "manifest.json").read_text())
    (saved / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    with pytest.raises(CourseError, match=words):
        load(saved)


def test_files_of_two_indexes_do_not_mix(saved, tmp_path):
    other = filled(count=30, settings={"chunking": {"size": 128}, "corpus": "abc"})
    other.save(tmp_path / "other")
    shutil.copy(tmp_path / "other" / "vectors.faiss", saved / "vectors.faiss")
    with pytest.raises(CourseError, match=r"vectors\.faiss .*is damaged"):
        load(saved)


def test_saving_replaces_the_old_index(saved):
    index = load(saved)
    index.delete_document("e")
    index.save(saved)
    assert len(load(saved)) == 30
    assert os.listdir(saved.parent) == ["index"]


@pytest.mark.parametrize("names", [["thesis.txt"], ["manifest.json", "thesis.txt"]])
def test_a_folder_with_other_files_is_left_alone(tmp_path, names):
    (tmp_path / "mine").mkdir()
    for name in names:
        (tmp_path / "mine" / name).write_text("years of work")
    with pytest.raises(CourseError, match="'mine' holds other files: choose an empty one"):
        filled().save(tmp_path / "mine")
    assert sorted(os.listdir(tmp_path / "mine")) == sorted(names)
    assert os.listdir(tmp_path) == ["mine"]


def test_an_empty_folder_and_a_relative_one_will_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    for name in ("empty", "new/deep"):
        filled().save(name)
        assert len(VectorIndex.load(name, Words())) == 40


def test_a_path_that_is_or_passes_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    for path in (tmp_path / "file", tmp_path / "file" / "index"):
        with pytest.raises(CourseError, match="could not be saved"):
            filled().save(path)
    assert (tmp_path / "file").read_text() == "x"


def test_a_save_that_fails_at_the_last_step_leaves_the_old_index(saved, monkeypatch):
    index = load(saved)
    index.delete_document("e")
    real = os.replace

    def fail(source, target):
        if Path(target) == saved:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(CourseError, match="Input/output error"):
            index.save(saved)
    assert len(load(saved)) == 40
    assert os.listdir(saved.parent) == ["index"]


@pytest.mark.parametrize("call", range(2))
def test_a_save_that_is_killed_leaves_the_old_index(saved, call):
    """A process that dies at the first or the second renaming: nothing of its own runs after that."""
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); import test_index as t; from pathlib import Path\n"
        "index = t.load(Path(sys.argv[2])); index.delete_document('e'); calls = []; real = os.replace\n"
        "def die(*paths):\n"
        f"    calls.append(paths); os._exit(9) if len(calls) > {call} else real(*paths)\n"
        "os.replace = die; index.save(Path(sys.argv[2]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(Path(__file__).parent), str(saved)], check=False)
    assert done.returncode == 9
    assert len(load(saved)) == 40
    changed = load(saved)
    changed.delete_document("e")
    changed.save(saved)
    assert len(load(saved)) == 30


def test_a_full_disk_leaves_the_old_index(tmp_path, monkeypatch):
    """On a real full disk where one can be mounted (Linux, root); elsewhere the write itself is made to fail."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    mounted = (
        sys.platform == "linux" and shutil.which("mount") and not subprocess.run(mount, capture_output=True).returncode
    )
    try:
        small = VectorIndex(Words())
        small.add(chunks(20))
        small.save(disk / "index")
        large = VectorIndex(Words())
        large.add(chunks(2000))
        if not mounted:

            def fail(*_):
                raise OSError(errno.ENOSPC, "No space left on device")

            monkeypatch.setattr(Path, "write_bytes", fail)
        with pytest.raises(CourseError, match="No space left on device"):
            large.save(disk / "index")
        monkeypatch.undo()
        assert len(VectorIndex.load(disk / "index", Words())) == 20
        assert os.listdir(disk) == ["index"]
    finally:
        if mounted:
            subprocess.run(["umount", str(disk)], check=True)


def test_chunks_survive_as_they_were(tmp_path):
    """Every field of a chunk comes back, whatever is added to the class later."""
    one = Chunk("d", 3, 9, "a\r\nb\t", ("T",), 5, nth=2, reading="r")
    assert all(getattr(one, field.name) != field.default for field in dataclasses.fields(Chunk))
    index = VectorIndex(Words())
    index.add([one])
    index.save(tmp_path / "index")
    assert list(VectorIndex.load(tmp_path / "index", Words()).chunks.values()) == [one]


# The real model.


@EACH_KIND
def test_meaning_finds_what_words_do_not(kind, embedder, tmp_path):
    index = VectorIndex(embedder, kind=kind)
    index.add(
        [chunk("The battery lasts 18 days."), chunk("Send the goods back within 45 days."), chunk("It hears 900 m.")]
    )
    assert texts(index.search("How long may I keep it before I return it?", 1)) == [
        "Send the goods back within 45 days."
    ]
    index.save(tmp_path / "index")
    opened = VectorIndex.load(tmp_path / "index", embedder, kind=kind)
    assert opened.search("radio range", 2) == index.search("radio range", 2)
