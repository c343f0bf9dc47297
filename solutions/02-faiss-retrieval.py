# %% [markdown]
# # 02 FAISS retrieval
#
# **How do you store vectors so that a search is right, fast and up to date? And how good is it?**
#
# You will be able to
#
# - put vectors into a FAISS index with the right metric and with ids of your own;
# - compare Flat, IVF, HNSW and PQ by recall, latency and memory, and choose one;
# - save, load, update and delete, so that an index never hands over a wrong or an old document;
# - measure retrieval by recall@k, MRR and nDCG, each with an interval;
# - read failures, and say what kind of mistake the search makes.
#
# **What you need:** lesson 01, or its ideas: chunk, embedding, cosine.
#
# **Minutes:** about 75 with all exercises. About 45 for a first pass: read, run, and do 2.1, 2.3 and 2.4. The
# others are marked "if you have time". The optional part takes 20 more. **Memory:** 2 GB free is enough.
#
# An exercise cell holds `...` for you to replace. Below it stands a check. If you do not solve an exercise, the
# lesson goes on with the kit's version.

# %% tags=["setup"]
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from coursekit import corpus, evaluation, index, plots, results, retrieval
from coursekit.check import check, yours
from coursekit.chunking import Chunk, chunk_corpus
from coursekit.embedding import Embedder, default_embedder
from coursekit.errors import CourseError
from coursekit.evaluation import covers, evaluate_retrieval, first_ranks
from coursekit.index import Hit, VectorIndex
from coursekit.quiz import Choice, Quiz, show_quiz
from coursekit.retrieval import RRF_CONSTANT

import faiss  # isort: skip  (after the kit, which loads PyTorch: on macOS the other order can crash)

faiss.omp_set_num_threads(1)  # one thread: repeatable results and fair timings

# %% [markdown]
# ## 1 What does a Flat index compute?
#
# An **index** is a store of vectors that finds those nearest to a query. FAISS's simplest one, **Flat**, compares
# the query with every vector, as you did in lesson 01. So it is exact. Its **metric** is the rule that gives two
# vectors a score. The kit's `open_index` embeds lesson 01's chunks, each under its heading path.
#
# **Predict, then run.** The cell makes two Flat indexes over the same vectors, one with the default metric, one
# with the inner product. Will they list the same chunks? Will the scores rise or fall down the list? Then read
# the hits: does one answer the question?

# %%
handbook = corpus.load_handbook()
embedder = default_embedder()
handbook_index = retrieval.open_index(handbook, embedder)

chunks = list(handbook_index.chunks.values())
vectors = handbook_index.embed(chunks)
print(len(handbook), "documents,", len(chunks), "chunks, vectors of shape", vectors.shape)
print("every vector has length 1:", np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5))

asked = "I want to leave a short notice for the kids at the bottom of the first screen. How much text fits?"
query = embedder.encode([asked])[0]

by_default = faiss.index_factory(384, "Flat")
by_product = faiss.index_factory(384, "Flat", faiss.METRIC_INNER_PRODUCT)
for name, flat in (("default", by_default), ("inner product", by_product)):
    flat.add(vectors)
    scores, rows = flat.search(query[np.newaxis], 3)
    print(f"{name:14} rows {rows[0].tolist()}  scores {[f'{score:.2f}' for score in scores[0]]}")
print("the default metric is L2:", by_default.metric_type == faiss.METRIC_L2)

for row, score in zip(rows[0], scores[0]):
    print(f"--- {score:.2f}  {chunks[row].heading}")
    print(chunks[row].text.strip()[:360])

# %% [markdown]
# **L2** is a squared distance: small is good. With the inner product, large is good. For vectors of length 1 the
# squared distance is 2 minus twice the cosine, so the order is the same: check it on the numbers. But sort L2 as if
# it were a cosine, and the *worst* hit comes first. So always pass the metric.
#
# ## 2 Why are row numbers not enough?
#
# Delete a row, and all rows behind it get new numbers. `IndexIDMap2` keeps an **id** for each vector: a whole
# number of your choice, which never moves. The kit makes a chunk's id from its document and its text.
#
# **Predict, then run.** This index holds three vectors. We ask for the five nearest. What comes back in the last
# two places? Which text will Python show for them?

# %%
texts = {10: "Charge the probe.", 20: "Clean the lens.", 30: "Send it back within 30 days."}
small = faiss.IndexIDMap2(faiss.index_factory(384, "Flat", faiss.METRIC_INNER_PRODUCT))
small.add_with_ids(embedder.encode(list(texts.values())), np.array(list(texts)))

scores, ids = small.search(embedder.encode(["How do I charge the battery?"]), 5)
print("ids:", ids[0].tolist())
as_list = list(texts.values())
print("the text at position", ids[0][-1], "of a list:", as_list[ids[0][-1]])

# %% [markdown]
# FAISS fills missing places with the id **-1**, which a Python list takes for its last element. So a careless
# program hands over the last document, with no error.
#
# ### Exercise 2.1: a search that is safe (8 minutes, •)
#
# `index.search(queries, k)` returns two arrays, each with one row for each query: first the scores, then the ids.


# %% nbgrader={"grade":false, "grade_id":"exercise-2-1", "locked":false, "solution":true, "task":false} kit="index.nearest"
def nearest(index, vector, k):
    """Search a FAISS index with one vector.

    Args:
        index: a FAISS index; `index.search` wants float32 queries of shape (number of queries, d).
        vector: one query, shape (d,).
        k: how many results; there may be fewer.

    Returns:
        A list of pairs `(id, score)`, an `int` and a `float`, best first. Only what was really found.
    """
    ### BEGIN SOLUTION
    scores, ids = index.search(vector[np.newaxis].astype(np.float32), k)
    return [(int(number), float(score)) for number, score in zip(ids[0], scores[0]) if number != -1]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-1", "locked": true, "points": 2, "solution": false, "task": false}
with check("2.1"):
    stored = np.array([[1, 0], [0.6, 0.8], [-0.6, 0.8]], dtype=np.float32)
    toy, by_distance = (faiss.IndexIDMap2(faiss.IndexFlat(2, m)) for m in (faiss.METRIC_INNER_PRODUCT, faiss.METRIC_L2))
    toy.add_with_ids(stored, np.array([0, 50, 70]))
    by_distance.add_with_ids(stored, np.array([0, 50, 70]))
    right = np.array([1.0, 0.0])  # the inner products are 1 (id 0), 0.6 (id 50) and -0.6 (id 70)
    found = nearest(toy, right, 2)
    assert isinstance(found, list), "Does your function return a list?"
    assert len(found) == 2, "k is 2 and there are three vectors. Did you drop the id 0? It is an id like any other."
    assert all(isinstance(hit, tuple) and len(hit) == 2 for hit in found), "Each result is a pair: id and score."
    ids_first = "A pair begins with the id, best first. Which of its two arrays does `index.search` give you first?"
    assert [number for number, _ in found] == [0, 50], ids_first
    assert all(isinstance(number, int) for number, _ in found), "Make each id an ordinary `int`: JSON refuses NumPy's."
    assert all(isinstance(score, float) for _, score in found), "Make each score an ordinary `float`, like the id."
    assert np.allclose([score for _, score in found], [1.0, 0.6]), "A score does not belong to its id."
    assert len(nearest(toy, right, 5)) < 4, "It holds three and k is 5. What is in the places that are left over?"
    assert len(nearest(toy, right, 5)) == 3, "A score below zero is a score. What marks an empty place: score or id?"
    order = [number for number, _ in nearest(by_distance, right, 3)]
    assert order == [0, 50, 70], "This index measures L2: small is good. FAISS has put the best first. Keep its order."
    cells = faiss.index_factory(2, "IVF2,Flat", faiss.METRIC_INNER_PRODUCT)  # it looks at half of its vectors
    cells.cp.min_points_per_centroid = 1
    cells.train(np.vstack([stored[:1], stored[2:]]))
    cells.add(np.vstack([stored, stored]))
    assert len(nearest(cells, right, 6)) == 4, "An index can find fewer than k though it holds more. What marks that?"
    ### BEGIN HIDDEN TESTS
    assert nearest(cells, right, 6)[0][0] in (0, 3), "The nearest vector comes first."
    empty = faiss.index_factory(2, "Flat", faiss.METRIC_INNER_PRODUCT)
    assert nearest(empty, right, 3) == [], "An empty index gives an empty list."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# `vector[np.newaxis]` turns one vector into a batch of one. The results come as a batch of one too: `ids[0]`.
# Which ids must not reach the list?
#
# </details>
# <details><summary>Stuck?</summary>
#
# Search with the batch of one, as float32. Walk over `ids[0]` and `scores[0]` together. Skip a pair whose id is
# -1. Turn the id into `int` and the score into `float`. The kit's version is `coursekit.index.nearest`.
#
# </details>

# %%
my_nearest = yours("2.1", nearest, index.nearest)

# The whole handbook, under the chunks' own ids
exact_index = faiss.IndexIDMap2(faiss.index_factory(384, "Flat", faiss.METRIC_INNER_PRODUCT))
exact_index.add_with_ids(vectors, np.array([chunk.id for chunk in chunks]))
for number, score in my_nearest(exact_index, query, 2):
    print(number, round(score, 2), handbook_index.chunks[number].heading)
print("k of a million returns", len(my_nearest(exact_index, query, 1_000_000)), "chunks")

# %% [markdown]
# ## 3 What do the other index types give up, and what for?
#
# The other types do not look at every whole vector:
#
# | type | idea | to set |
# |---|---|---|
# | **IVF** | sort vectors into cells; search only the nearest cells | `nprobe`: how many cells |
# | **HNSW** | link each vector to near ones; walk along the links towards the query | `efSearch`: how wide the walk |
# | **PQ** | cut a vector into parts; store for each part the number of the most similar pattern | bytes per vector |
# | **IVF-PQ** | cells, and PQ inside them | `nprobe`, bytes |
#
# - A **cell** is a group of vectors around one centre. **K-means** finds the centres: give each vector to its
#   nearest centre, move each centre to the mean of its vectors, repeat.
# - A **graph link** is a stored note "this vector is near that one".
# - **Quantisation**, the Q in PQ, replaces a vector by the nearest one of a short list.
#
# Sources: IVF and PQ, Jégou and others, 2011; HNSW, Malkov and Yashunin, 2016.
#
# All may miss a neighbour. Which share of the true neighbours did the index find?
#
# ### Exercise 2.2: recall against exact search (6 minutes, •, if you have time)


# %% nbgrader={"grade":false, "grade_id":"exercise-2-2", "locked":false, "solution":true, "task":false} kit="evaluation.neighbour_recall"
def neighbour_recall(found, exact):
    """The share of true nearest neighbours that an approximate index found.

    Args:
        found: an array (queries, k) of ids from the approximate index; -1 stands for nothing found.
        exact: an array (queries, k) of ids from an exact search.

    Returns:
        A number from 0 to 1. The order within a row does not matter.
    """
    ### BEGIN SOLUTION
    hits = sum(len(set(row) & set(truth)) for row, truth in zip(found.tolist(), exact.tolist()))
    return hits / exact.size
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-2", "locked": true, "points": 1, "solution": false, "task": false}
with check("2.2"):
    truth = np.array([[1, 2, 3, 4], [5, 6, 7, 8]])  # two queries, four true neighbours each
    perfect = neighbour_recall(truth, truth)
    assert perfect is not None, "Does your function return a number?"
    assert perfect == 1, "All eight neighbours were found, so the share is 1. By what do you divide?"
    turned = neighbour_recall(truth[:, ::-1], truth)
    assert turned == 1, "The same neighbours in another order are found all the same: compare as sets."
    crossed = neighbour_recall(truth[::-1], truth)
    assert crossed == 0, "These are the neighbours of the other query. Compare row by row."
    some = neighbour_recall(np.array([[1, 2, 9, -1], [8, 7, 6, 5]]), truth)
    assert some == 0.75, "Two of four in the first row and four of four in the second: six of eight."
    short = neighbour_recall(truth[:, :2], truth)
    assert short == 0.5, "Only two were asked for, of four true neighbours. It is a share of the true ones."
    third = neighbour_recall(np.array([[3, -1, -1]]), np.array([[3, 4, 5]]))
    assert np.isclose(third, 1 / 3), "One query, three true neighbours, one found. Where does your divisor come from?"
    ### BEGIN HIDDEN TESTS
    assert neighbour_recall(np.full((3, 2), -1), np.arange(6).reshape(3, 2)) == 0, "Nothing was found."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# One row is one query. Turn both rows into sets: what they share was found.
#
# </details>
# <details><summary>Stuck?</summary>
#
# For each pair of rows, count the ids that are in both sets. Add the counts. Divide by the number of ids in
# `exact`, which is `exact.size`. The kit's version is `coursekit.evaluation.neighbour_recall`.
#
# </details>

# %% [markdown]
# ## 4 Which index type serves which size?
#
# The handbook is small. So we also take embeddings of real passages from open documentation, without their texts.
# `index_factory` reads the recipe from a name: `IVF139` has 139 cells, `HNSW32` 32 links for each vector, `PQ96x4`
# cuts a vector into 96 parts of 4 bits each.
#
# **Latency** is the time one search takes. We take the **median**, the middle one of the sorted times, because one
# slow search hardly moves it.
#
# **Predict, then run.** Which type has the lowest recall? Is an approximate index worth it for the handbook? The
# third cell times the step before the search: embedding the question.

# %%
my_recall = yours("2.2", neighbour_recall, evaluation.neighbour_recall)

passages = corpus.load_vectors()
passages, queries = passages[:-500], passages[-500:]
dev = [question for question in corpus.load_questions(split="dev") if question.evidence]
dev_vectors = embedder.encode([question.question for question in dev])
print(f"{len(passages):,} passages, {len(queries)} queries from among them, {len(dev)} dev questions")


def latency(tried, queries):
    """The median milliseconds of one search, each query asked alone, as a user would."""
    times = []
    for query in queries:
        begun = time.perf_counter()
        tried.search(query[np.newaxis], 10)
        times.append(time.perf_counter() - begun)
    return 1000 * float(np.median(times))


# %% tags=["nbval-ignore-output"] reason="latencies depend on the machine, and so do rounding errors in k-means and graph"
built, table = {}, []
for name, stored, asking, cells in (("handbook", vectors, dev_vectors, 25), ("passages", passages, queries, 139)):
    exact = faiss.knn(asking, stored, 10, faiss.METRIC_INNER_PRODUCT)[1]
    for kind in ("Flat", f"IVF{cells},Flat", "HNSW32", f"IVF{cells},PQ96x4"):
        new = faiss.index_factory(384, kind, faiss.METRIC_INNER_PRODUCT)
        if "PQ" in kind:
            new.do_polysemous_training = False  # slow, and only for a kind of search that we do not use
        begun = time.perf_counter()
        new.train(stored)
        new.add(stored)
        building = time.perf_counter() - begun
        if "IVF" in kind:
            new.nprobe = 8
        if "HNSW" in kind:
            new.hnsw.efSearch = 64
        recall = round(my_recall(new.search(asking, 10)[1], exact), 2)
        memory = f"{faiss.serialize_index(new).nbytes / 1e6:.1f} MB"
        row = {"data": name, "kind": kind, "recall": recall, "one query": f"{latency(new, asking):.3f} ms"}
        table.append({**row, "memory": memory, "building": f"{building:.1f} s"})
        built[name, kind] = new
pd.DataFrame(table).set_index(["data", "kind"])

# %%
uncached = Embedder(cache=False)  # the cache would hide the work
times = []
for question in dev[:40]:
    begun = time.perf_counter()
    uncached.encode([question.question])
    times.append(time.perf_counter() - begun)
embed_ms, flat_ms = 1000 * float(np.median(times)), latency(built["handbook", "Flat"], dev_vectors)
print(f"embedding one question: {embed_ms:.1f} ms; exact search in the handbook: {flat_ms:.3f} ms")
print("The search is the smaller part:", flat_ms < embed_ms)

# %% [markdown]
# If the search is the smaller part, a faster index saves nothing that a user would notice: take Flat. With many
# more vectors, turn the knobs.
#
# ## 5 How much recall does each millisecond buy?
#
# `nprobe` and `efSearch` can be changed at every search. **Predict, then run.** Up to which recall can IVF-PQ come
# with a large `nprobe`?

# %% tags=["nbval-ignore-output"] reason="latencies depend on the machine, and so do rounding errors in k-means and graph"
sweeps = {
    "IVF139,Flat": ("nprobe", [1, 2, 4, 8, 16, 32, 64]),
    "HNSW32": ("efSearch", [8, 16, 32, 64, 128]),
    "IVF139,PQ96x4": ("nprobe", [1, 2, 4, 8, 16, 32, 64]),
}
exact = built["passages", "Flat"].search(queries, 10)[1]
exact_ms = latency(built["passages", "Flat"], queries)
points = [{"type": "Flat", "setting": "always", "recall": 1.0, "ms": exact_ms}]
for kind, (knob, values) in sweeps.items():
    tried = built["passages", kind]
    for value in values:
        faiss.ParameterSpace().set_index_parameter(tried, knob, value)
        recall = my_recall(tried.search(queries, 10)[1], exact)
        points.append({"type": kind, "setting": f"{knob} {value}", "recall": recall, "ms": latency(tried, queries)})
points = pd.DataFrame(points)
for kind, rows in points.groupby("type", sort=False):
    good = rows[rows["recall"] >= 0.95]
    cheapest = f"{good.iloc[0]['setting']}, {good.iloc[0]['ms']:.3f} ms" if len(good) else "not reached"
    print(f"{kind:14} recall of 0.95 with: {cheapest}; highest recall: {rows['recall'].max():.2f}")

# %%
figure = plots.trade_off(
    points, x="ms", y="recall", group="type", title=f"Recall against latency, {len(passages):,} real passages",
    x_label="milliseconds per query, one thread (log scale)", y_label="share of the true 10 neighbours",
)  # fmt: skip
plots.show(
    figure,
    alt="Line chart of recall over milliseconds per query, one curve for each index type and one point for Flat. Look for "
    "the type that comes closest to the upper left corner, and for the curve that stays flat however long it searches.",
)
flat_bytes = faiss.serialize_index(built["passages", "Flat"]).nbytes
pq_bytes = faiss.serialize_index(built["passages", "IVF139,PQ96x4"]).nbytes
print(f"IVF-PQ needs {pq_bytes / flat_bytes:.0%} of the memory of Flat.")

# %% [markdown]
# Upper left is best: much recall in little time. IVF and HNSW can be turned up towards exact search. PQ has thrown
# part of each vector away, and no wider search brings it back. What it buys is memory.
#
# ## 6 How do you keep an index on disk?
#
# `faiss.write_index` saves vectors and ids, but not the texts, nor which model was used. The kit's `VectorIndex`
# adds the chunks and a manifest: a checksum of each file and the **fingerprint**, which names all that made the
# index: model, chunking and corpus.
#
# **Predict, then run.** What should happen when the index is of an old revision? When other chunks are wanted?
# When one bit of a file has changed?

# %%
workshop = tempfile.TemporaryDirectory()
folder = Path(workshop.name) / "handbook-index"
handbook_index.save(folder)
for name in ("vectors.faiss", "chunks.jsonl"):
    print(f"{name:15} {(folder / name).stat().st_size / 1e6:.2f} MB")
print("manifest.json  ", handbook_index.fingerprint)

begun = time.perf_counter()
live = VectorIndex.load(folder, uncached, settings=handbook_index.settings)
print(f"opened {len(live)} chunks in {time.perf_counter() - begun:.2f} s")
before = live.search(asked, 1)[0]
print("first hit:", before.chunk.heading)

# %%
revised = corpus.load_handbook("2027-01")
stale = {**handbook_index.settings, "corpus": corpus.fingerprint(revised)}
larger = {**handbook_index.settings, "chunking": {"method": "headings", "size": 256, "overlap": 0}}


def try_to_load(what, settings):
    """Open the saved index, or print the sentence that says why not."""
    try:
        VectorIndex.load(folder, embedder, settings=settings)
        print(f"{what}: opened")
    except CourseError as error:
        print(f"{what}: {error}\n")


try_to_load("a new revision", stale)
try_to_load("other chunks", larger)
damaged = bytearray((folder / "vectors.faiss").read_bytes())
damaged[5000] ^= 1  # one bit
(folder / "vectors.faiss").write_bytes(damaged)
try_to_load("one bit changed", handbook_index.settings)

# %% [markdown]
# ## 7 What does an edit change?
#
# A popular guide says: updating means to embed again *what changed*. But what did change? An edit also moves
# everything behind it: new positions, same text.
#
# ### Exercise 2.3: plan an update (8 minutes, ••)
#
# Compare chunks by `chunk.id`, made from document and text, not position. If a text occurs twice, the second chunk
# has an id of its own.


# %% nbgrader={"grade":false, "grade_id":"exercise-2-3", "locked":false, "solution":true, "task":false} kit="index.plan_update"
def plan_update(old, new):
    """What an edit of a document changes in the index.

    Args:
        old: the document's chunks before the edit, a list of `Chunk`.
        new: its chunks after the edit.

    Returns:
        Two things: the set of ids of old chunks that must go, and the list of new chunks that must be embedded.
    """
    ### BEGIN SOLUTION
    old_ids = {chunk.id for chunk in old}
    new_ids = {chunk.id for chunk in new}
    return old_ids - new_ids, [chunk for chunk in new if chunk.id not in old_ids]
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-3", "locked": true, "points": 2, "solution": false, "task": false}
with check("2.3"):

    def piece(start, text, nth=0):
        return Chunk("manual", start, start + len(text), text, (), 3, nth)

    old = [piece(0, "Set it up."), piece(10, "Charge it for 5 hours."), piece(32, "Clean it.")]
    new = [piece(0, "Set it up."), piece(10, "Charge it for 12 hours."), piece(33, "Clean it.")]
    plan = plan_update(old, new)
    assert isinstance(plan, tuple), "Return two things: what must go, and what must be embedded."
    gone, fresh = plan
    assert isinstance(gone, set), "What must go is a set of ids."
    from_old = "What must go is in the index now, by its id. Which version do those ids come from?"
    assert gone <= {chunk.id for chunk in old}, from_old
    assert old[2].id not in gone, "'Clean it.' only moved by one character: same text, same id. Compare the ids."
    assert gone == {old[1].id}, "One sentence was edited, so one old chunk must go."
    assert isinstance(fresh, list), "What must be embedded is a list."
    assert all(isinstance(chunk, Chunk) for chunk in fresh), "You cannot embed an id: the second part holds chunks."
    assert len(fresh) < 3, "Only one sentence was edited. Why embed the others again?"
    assert fresh == [new[1]], "The new version of the edited sentence must be embedded."
    assert plan_update([], new) == (set(), new), "A new document: nothing goes, every chunk is embedded, in order."
    emptied = plan_update(old, [])
    assert emptied == ({chunk.id for chunk in old}, []), "The document was emptied: all of it goes."
    again = piece(42, "Clean it.", nth=1)
    assert plan_update(new, [*new, again]) == (set(), [again]), "'Clean it.' again has its own id. Do you compare ids?"
    ### BEGIN HIDDEN TESTS
    assert plan_update(old, old) == (set(), []), "Nothing changed, so nothing goes and nothing is embedded."
    assert plan_update(old, new[::-1])[0] == {old[1].id}, "The order of the chunks does not matter."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# Make the set of ids of each version. Which ids are in the old one only? Which new chunks have an id that the old
# version lacks?
#
# </details>
# <details><summary>Stuck?</summary>
#
# The first part is the difference of two sets. The second is a list: walk over `new` and keep a chunk if its id
# is not in the set of old ids. The kit's version is `coursekit.index.plan_update`.
#
# </details>

# %%
# The new revision changes the fact that answers the question from section 1.
# Predict first: how many of that document's chunks have to be embedded again?
my_plan = yours("2.3", plan_update, index.plan_update)
chunking = handbook_index.settings["chunking"]

change = next(change for change in corpus.load_changes() if change["doc"] == "tarnbeck-display-guide")
document = next(document for document in revised if document.id == change["doc"])
new_chunks = chunk_corpus([document], embedder.tokenizer, **chunking)
old_chunks = [chunk for chunk in live.chunks.values() if chunk.doc == document.id]
gone, fresh = my_plan(old_chunks, new_chunks)
print(f"{document.id}: {len(old_chunks)} chunks; {len(gone)} must go, {len(fresh)} must be embedded")

begun = time.perf_counter()
added, removed = live.update_document(document.id, new_chunks)
print(f"added {added}, removed {removed}, in {1000 * (time.perf_counter() - begun):.0f} ms")
after = live.search(asked, 1)[0]
for label, hit, fact in (("before", before, change["old"]), ("after", after, change["new"])):
    at = hit.chunk.text.find(fact)
    print(f"{label:7}", hit.chunk.doc, "|", hit.chunk.text[max(0, at - 60) : at + len(fact)].strip())

# %% [markdown]
# Now follow the whole revision, and compare with embedding everything anew. For that the cell embeds every tenth
# chunk and multiplies the time by ten.
#
# Deleting matters as much: a withdrawn document must not be cited. The second cell shows a trap: HNSW cannot
# delete, because its links run through every vector. The kit then builds a new graph.

# %%
begun = time.perf_counter()
embedded_again = added
wanted = set()
for document in revised:
    its_chunks = chunk_corpus([document], embedder.tokenizer, **chunking)
    embedded_again += live.update_document(document.id, its_chunks)[0]
    wanted |= {chunk.id for chunk in its_chunks}
update_seconds = time.perf_counter() - begun

begun = time.perf_counter()
live.embed(list(live.chunks.values())[::10])
rebuild_seconds = 10 * (time.perf_counter() - begun)
share = embedded_again / len(live)
print(len(corpus.load_changes()), "changed facts:", embedded_again, "of", len(live), f"chunks embedded: {share:.0%}")
print(f"following the revision: {update_seconds:.1f} s; embedding everything: about {rebuild_seconds:.1f} s")
print("same chunks as an index built from nothing:", set(live.chunks) == wanted)

# %%
removed = live.delete_document("tarnbeck-display-guide")
print("deleted", removed, "chunks; the first hit is now:", live.search(asked, 1)[0].chunk.doc)

graph = faiss.IndexIDMap2(faiss.index_factory(384, "HNSW32", faiss.METRIC_INNER_PRODUCT))
graph.add_with_ids(vectors[:100], np.arange(100))
try:
    graph.remove_ids(np.array([5]))
except RuntimeError as error:
    print("HNSW:", str(error).split(": ")[-1].split("\n")[0])

# %% [markdown]
# ## 8 How good is the search?
#
# So far "recall" compared an index with exact search. Now: does the search find the **evidence** of a question, the
# sentences that answer it? A hit is relevant if its chunk *covers* the evidence: holds at least half of its
# characters. `first_ranks` gives for each piece of evidence the rank of the first such hit. Look at one question.

# %%
question = next(question for question in dev if question.id == "marlhope-two_fact-10")
print(question.question)
for item in question.evidence:
    print("   evidence:", item.doc, "|", item.quote)
for hit in handbook_index.search(question.question, 5):
    relevant = any(covers(hit, item) for item in question.evidence)
    print(f"{hit.rank}  {'relevant' if relevant else '-':8}  {hit.chunk.doc}: {hit.chunk.headings[-1]}")
print("rank of each piece of evidence:", first_ranks(handbook_index.search(question.question, 10), question.evidence))

# %% [markdown]
# From those ranks come three measures:
#
# - **recall@k**: which share of the evidence is among the first k hits?
# - **reciprocal rank**: 1 divided by the rank of the first relevant hit. Its mean is the **MRR**.
# - **nDCG@k**: each piece of evidence gains 1 / log2(rank + 1), a late one less; the sum is divided by the best
#   possible sum.
#
# ### Exercise 2.4: the reciprocal rank (5 minutes, •)


# %% nbgrader={"grade":false, "grade_id":"exercise-2-4", "locked":false, "solution":true, "task":false} kit="evaluation.reciprocal_rank"
def reciprocal_rank(ranks):
    """1 / rank of the first relevant hit.

    Args:
        ranks: for each piece of evidence its rank, from 1, or None where it was not found.

    Returns:
        A number from 0 to 1; 0 where nothing was found.
    """
    ### BEGIN SOLUTION
    found = [rank for rank in ranks if rank is not None]
    return 1 / min(found) if found else 0.0
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-4", "locked": true, "points": 1, "solution": false, "task": false}
with check("2.4"):
    first = reciprocal_rank([1])
    assert first is not None, "Does your function return a number?"
    assert first == 1, "Evidence in the very first hit scores 1. Ranks begin at 1 here, not at 0."
    assert reciprocal_rank([4]) == 0.25, "Rank 4 scores a quarter."
    assert np.isclose(reciprocal_rank([3]), 1 / 3), "Rank 3 scores a third. Do not round."
    assert reciprocal_rank([None]) == 0, "Nothing was found: the score is 0."
    assert reciprocal_rank([None, 2]) == 0.5, (
        "Two pieces of evidence, one of them at rank 2, the other not found. Which rank is that of the first relevant hit?"
    )
    assert reciprocal_rank([5, 2]) == 0.5, (
        "Going down the list of hits, which relevant one do you meet first? It does not matter whose evidence it is."
    )
    try:
        missing = [reciprocal_rank([None, None]), reciprocal_rank([])]
    except (ValueError, IndexError):
        missing = "stopped"
    assert missing == [0, 0], "Both pieces missing, or no evidence at all: 0 too. What is the smallest of nothing?"
    ### BEGIN HIDDEN TESTS
    assert reciprocal_rank([2, 10]) == 0.5, "Only the first relevant hit counts."
    assert reciprocal_rank([None, None, 8]) == 1 / 8, "Leave out what was not found."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# First leave out what was not found. What if nothing is left? Otherwise, which of the ranks comes first in the
# list of hits?
#
# </details>
# <details><summary>Stuck?</summary>
#
# Make a list of the ranks that are not None. If it is empty, the answer is 0. Otherwise it is 1 divided by the
# smallest. The kit's version is `coursekit.evaluation.reciprocal_rank`.
#
# </details>

# %%
# The kit's report computes these measures for every question, with the same functions as yours.
# Predict first: for what share of the dev questions is the evidence in the first hit? In the first ten?
my_rr = yours("2.4", reciprocal_rank, evaluation.reciprocal_rank)

report = evaluate_retrieval(handbook_index, dev)
dense = report.rows  # "dense" is the field's name for a search with embeddings
ranks = [first_ranks(handbook_index.search(question.question, 10), question.evidence) for question in dev]
print(
    f"MRR with your function: {np.mean([my_rr(found) for found in ranks]):.2f}, in the report: {dense['mrr'].mean():.2f}"
)
report.summary(intervals=False).round(2)

# %% [markdown]
# ## 9 How sure is that figure?
#
# Other questions would have given another mean. The **bootstrap** estimates by how much: draw as many questions as
# there are, *with replacement*, take their mean, and do so 2,000 times. The range of the middle 95 % of those means
# is the interval (Efron and Tibshirani, 1993).
#
# ### Exercise 2.5: a bootstrap interval (10 minutes, ••, if you have time)
#
# `np.random.default_rng(seed)` makes the draws repeatable. Its `integers(low, high, size=...)` draws positions.


# %% nbgrader={"grade":false, "grade_id":"exercise-2-5", "locked":false, "solution":true, "task":false} kit="evaluation.bootstrap_interval"
def bootstrap_interval(values, level=0.95, draws=2000, seed=0):
    """A percentile bootstrap interval for a mean over questions.

    Args:
        values: one score for each question.
        level: the share of resampled means that lie inside.
        draws: how many resamples, each with as many values as there are.
        seed: makes the interval repeatable.

    Returns:
        `(low, high)`, two numbers.

    Raises:
        CourseError: there are no values. (Write `raise CourseError("...")` with a sentence of your own.)
    """
    ### BEGIN SOLUTION
    values = np.asarray(values, dtype=float)
    if len(values) == 0:
        raise CourseError("There are no values to resample: the selection of questions is empty.")
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), size=(draws, len(values)))
    means = values[picks].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-5", "locked": true, "points": 3, "solution": false, "task": false}
with check("2.5"):
    coin = [0, 1] * 200  # 400 values: theory says 0.5, give or take 1.96 * 0.5 / sqrt(400) = 0.049
    interval = bootstrap_interval(coin)
    assert isinstance(interval, tuple), "Return two numbers, `(low, high)`."
    low, high = interval
    assert (low, high) != (0, 1), "That is the spread of single questions. The interval is about their mean."
    assert low < high, "All your resamples have the same mean. Can a question be drawn twice?"
    assert low < 0.5 < high, "The mean, 0.5, should lie inside the interval."
    assert high - low < 0.115, "Too wide: each resample should hold as many values as there are."
    assert high - low > 0.09, "Too narrow for 95 %. How much is left over at *each* end?"
    assert bootstrap_interval(coin) == interval, "The same seed should give the same interval."
    narrow = bootstrap_interval(coin, level=0.5)
    assert narrow[1] - narrow[0] < 0.045, "With a level of 0.5 the interval is narrower: do you use `level`?"
    roots = np.sqrt(np.arange(50))
    assert bootstrap_interval(roots, seed=1) != bootstrap_interval(roots, seed=2), "Do you use `seed`?"
    assert len(set(bootstrap_interval(roots, draws=1))) == 1, "One resample has one mean: do you use `draws`?"
    assert bootstrap_interval([0, 1]) == (0, 1), "Resample two values: (0, 0) and (1, 1) occur. Do you draw the last?"
    try:
        answer = bootstrap_interval([])
    except (CourseError, ValueError) as error:
        answer = type(error).__name__
    assert answer == "CourseError", "Without values there is no interval: raise a CourseError."
    ### BEGIN HIDDEN TESTS
    assert np.allclose(bootstrap_interval([0.3] * 20), 0.3), "Equal values have no spread."
    few, many = bootstrap_interval([0, 1] * 10), bootstrap_interval([0, 1] * 1000)
    assert few[1] - few[0] > 3 * (many[1] - many[0]), "More questions give a narrower interval."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# Draw all positions at once: a table of `draws` rows with one position for each value. `values[picks]` then gives
# all resamples. For the ends look at `np.quantile`.
#
# </details>
# <details><summary>Stuck?</summary>
#
# Make the values an array; if it is empty, raise the error. Draw positions from 0 to n (n excluded), in `draws`
# rows and n columns. Take the mean of each row. With a level of 0.95, the ends are the quantiles 0.025 and 0.975:
# write both with `level`. The kit's version is `coursekit.evaluation.bootstrap_interval`.
#
# </details>

# %%
# Predict first: which type of question is hardest? A fact, a table cell, a step of instructions, a diagnosis, a fact
# that a later memo replaced, or two facts? The kit's table computes its intervals with the same function as yours.
my_interval = yours("2.5", bootstrap_interval, evaluation.bootstrap_interval)

bars = {}
for name, group in dense.groupby("type"):
    low, high = my_interval(group["recall@5"])
    bars[name] = {"mean": group["recall@5"].mean(), "low": low, "high": high}
figure = plots.intervals(pd.DataFrame(bars).T, title="Dense retrieval, dev questions", x_label="recall@5")
plots.show(
    figure,
    alt="One horizontal bar for each type of question: mean recall@5 with its 95 % interval. Look for bars that do not "
    "overlap.",
)
print("hardest type by recall@5:", dense.groupby("type")["recall@5"].mean().idxmin())
report.summary("type")

# %% [markdown]
# Where two intervals do not overlap, chance alone hardly explains the difference. Where they do, be careful.
#
# ## 10 What did it find instead?
#
# A mean hides the kind of mistake. The handbook has *families* of sibling products: close names, other numbers.
# The first cell counts where first hits come from. The second shows some from a sibling's manual. Could the text
# alone tell you that it is wrong?

# %%
about = {document.id: document for document in handbook}


def place(hit, question):
    """Where a hit comes from, seen from the evidence."""
    if any(covers(hit, item) for item in question.evidence):
        return "relevant"
    if hit.chunk.doc in [item.doc for item in question.evidence]:
        return "right document, another passage"
    if about[hit.chunk.doc].family in [about[item.doc].family for item in question.evidence]:
        return "another document of the family"
    return "another family"


first_hits = {question.id: handbook_index.search(question.question, 1)[0] for question in dev}
places = pd.Series({question.id: place(first_hits[question.id], question) for question in dev})
places.value_counts(normalize=True).map("{:.0%}".format).to_frame("share of first hits")

# %%
siblings = []
for question in dev:
    documents = [first_hits[question.id].chunk.doc, *[item.doc for item in question.evidence]]
    if places[question.id] == "another document of the family" and all(doc.endswith("-manual") for doc in documents):
        siblings.append(question)
print(len(siblings), "first hits come from the manual of a sibling product\n")
for question in siblings[:: max(1, len(siblings) // 3)][:3]:
    hit, item = first_hits[question.id], question.evidence[0]
    print("asked:    ", question.question)
    print("evidence: ", f"({about[item.doc].product})", " ".join(item.quote.split()))
    print("first hit:", f"({about[hit.chunk.doc].product})", hit.chunk.heading)
    print("          ", " ".join(hit.chunk.text.split())[:260], "\n")

# %% [markdown]
# ## 11 What you measured
#
# All choices were made on dev questions. Now, once, the test questions, about other product families. *Plain*
# questions use the document's words, *unlike* questions do not.
#
# A popular guide says: begin with a managed vector store such as Pinecone, Weaviate or pgvector; open-source stores
# are free but for computing. A managed store adds machines, backups and access rights. The second cell says what
# your own machine needs, and saves your figures for lesson 07.

# %%
test = [question for question in corpus.load_questions(split="test") if question.evidence]
test_report = evaluate_retrieval(handbook_index, test)
final = {}
for split, measured in (("dev", report), ("test", test_report)):
    final[split] = pd.concat([measured.summary("wording"), measured.summary()])
pd.concat(final, names=["split", "wording"])

# %%
flat_size = faiss.serialize_index(built["handbook", "Flat"]).nbytes / 1e6
million = 1_000_000 * 384 * 4 / 1e9
print(f"Updating embedded {share:.0%} of the chunks again: {update_seconds:.1f} s; all: about {rebuild_seconds:.1f} s.")
print("The guide's word on updates is supported here:", update_seconds < rebuild_seconds)
print(f"This handbook's vectors need {flat_size:.1f} MB and {flat_ms:.3f} ms a search on one core, for no fee.")
print(f"A million such vectors, exact, need {million:.1f} GB.")
print(f"Embedding a question took {embed_ms:.1f} ms. A faster store would be no gain here: {flat_ms < embed_ms}.")

figures = {
    "index_types": table,
    "recall_against_latency": points.round(4).to_dict("records"),
    "final": {split: summary.to_dict("index") for split, summary in final.items()},
    "first_hits": places.value_counts(normalize=True).round(4).to_dict(),
    "C17": {"share": share, "update_seconds": update_seconds, "rebuild_seconds": rebuild_seconds},
    "C21_C38": {"MB": flat_size, "search_ms": flat_ms, "embed_ms": embed_ms, "million_GB": million},
}
print("saved:", results.save("02-faiss-retrieval", figures).name)

# %% [markdown]
# ## What this model size cannot show
#
# - Larger embedding models may tell siblings apart better. Their vectors need several times the memory.
# - Our collections are small. At a hundred million vectors, memory decides.
# - We measured finding, not answering. Lesson 03 measures that.
#
# ## Quiz

# %%
show_quiz(
    Quiz("A FAISS search returns the worst chunks first, with scores such as 1.7. What happened?", [
        Choice("The vectors were not normalised.", False, "Scores over 1 could mean that, but the order is turned."),
        Choice("The index measures L2, and the code sorts it as a cosine.", True, "Small distances are good ones."),
        Choice("nprobe is too small.", False, "Then hits are missing. The order of the others stays right."),
    ]),
    Quiz("An IVF index finds 0.80 of the true neighbours. What do you try first?", [
        Choice("A larger nprobe.", True, "It costs time and nothing else: no building, no memory."),
        Choice("Build a PQ index.", False, "PQ saves memory and loses more recall."),
        Choice("Embed all chunks again.", False, "The vectors are fine. The search looks at too few of them."),
    ]),
    Quiz("One sentence of a long manual was edited. Which chunks does the index embed again?", [
        Choice("All chunks of the manual.", False, "Most of them have the same text as before."),
        Choice("All chunks behind the sentence: they moved.", False, "A moved chunk keeps its text, id and vector."),
        Choice("Those whose text changed.", True, "Their ids are new. The rest only gets new positions."),
    ]),
    Quiz("Same questions: method A has an MRR of 0.52 [0.47, 0.57], B 0.55 [0.50, 0.60]. Is B better?", [
        Choice("Yes, 0.55 is more than 0.52.", False, "With other questions the order might turn."),
        Choice("No, the intervals overlap.", False, "Overlap is no proof: both answered the same questions."),
        Choice("Look at the difference question by question.", True, "It leaves out what both methods share."),
    ]),
)  # fmt: skip

# %% [markdown]
# ## Take-away
#
# - Say which metric you mean, use ids of your own, and never let a -1 through.
# - Flat is exact. Try it first, and time what comes before the search too.
# - IVF and HNSW trade recall for speed and can be turned up. PQ trades recall for memory.
# - Ids made from text make an update small and safe. A fingerprint keeps a stale index from answering.
# - A figure without an interval, and without a look at the failures, is not yet a result.
#
# This is the end of the core. Your figures are saved. **Lesson 03** hands the hits to a language model.

# %% [markdown]
# ## Going further (optional): does searching for words help?
#
# **BM25** (Robertson and Zaragoza, 2009) ranks by shared words: rare words count most. It knows nothing of
# meaning, but it never confuses "40X" with "40". A **hybrid** search asks both and merges the two rankings. Their
# scores cannot be compared, but their ranks can. That is reciprocal rank fusion (Cormack and others, 2009).
#
# ### Exercise 2.6: reciprocal rank fusion (8 minutes, ••, if you have time)


# %% nbgrader={"grade":false,"grade_id":"exercise-2-6","locked":false,"solution":true,"task":false} kit="retrieval.reciprocal_rank_fusion"
def reciprocal_rank_fusion(rankings, constant=RRF_CONSTANT):
    """Merge rankings: an id scores the sum of `1 / (constant + rank)` over the rankings that hold it.

    Args:
        rankings: lists of ids, best first. Ranks begin at 1.
        constant: how little the first ranks stand out; 60 in the paper, and here when left out.

    Returns:
        A list of pairs `(id, score)`, best first. Equal scores keep the order in which the ids were first seen.
    """
    ### BEGIN SOLUTION
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, number in enumerate(ranking, start=1):
            scores[number] = scores.get(number, 0.0) + 1 / (constant + rank)
    return sorted(scores.items(), key=lambda item: -item[1])
    ### END SOLUTION


# %% nbgrader={"grade": true, "grade_id": "check-2-6", "locked": true, "points": 2, "solution": false, "task": false}
with check("2.6"):
    fused = reciprocal_rank_fusion([[7, 8, 9], [9, 7]])
    assert isinstance(fused, list), "Does your function return a list?"
    assert all(isinstance(pair, tuple) and len(pair) == 2 for pair in fused), "Each entry is a pair `(id, score)`."
    assert len(fused) == 3, "Three different ids occur. Each should stand in the result once."
    scores = dict(fused)
    assert not np.isclose(scores[8], 1 / 61), "Id 8 has rank 2 in its ranking. Ranks begin at 1: check how you count."
    assert np.isclose(scores[8], 1 / 62), "Id 8 has rank 2 in one ranking: it scores 1 / (60 + 2)."
    alone = [1 / 61, 1 / 62]
    assert not np.isclose(scores[7], alone).any(), "Id 7 stands in both rankings. Add up what it gets from each."
    assert np.isclose(scores[7], 1 / 61 + 1 / 62), "Id 7 has the ranks 1 and 2."
    assert [number for number, _ in fused] == [7, 9, 8], "The largest score should come first."
    assert np.isclose(dict(reciprocal_rank_fusion([[5]], constant=9))[5], 0.1), "Use `constant`: 1 / (9 + 1)."
    equal = [number for number, _ in reciprocal_rank_fusion([[2, 1, 4], [1, 2, 3]])]
    assert equal == [2, 1, 4, 3], "Equal scores keep the order in which the ids were first seen."
    three = dict(reciprocal_rank_fusion([[1, 2], [2], [2, 1]]))
    assert np.isclose(three[2], 2 / 61 + 1 / 62), "There can be more than two rankings: id 2 stands in all three."
    ### BEGIN HIDDEN TESTS
    assert reciprocal_rank_fusion([[], []]) == [], "Nothing to merge."
    ### END HIDDEN TESTS

# %% [markdown]
# <details><summary>Hint</summary>
#
# Keep a dictionary from id to score. `enumerate(ranking, start=1)` gives ranks that begin at 1.
#
# </details>
# <details><summary>Stuck?</summary>
#
# For each ranking and each id in it: add 1 divided by (constant plus rank) to that id's score, beginning from 0.
# Then sort the dictionary's items by falling score. The kit's version is
# `coursekit.retrieval.reciprocal_rank_fusion`.
#
# </details>

# %% [markdown]
# **Predict, then run.** On plain questions, which wins, words or vectors? On questions worded unlike the text?
#
# Are the differences real? All methods answered the same questions. So the second cell takes the difference for
# each question and gives its mean an interval. If the interval holds 0, these questions do not decide. The choice
# rests on these dev questions; the table of test questions below it is for the record.

# %%
my_fusion = yours("2.6", reciprocal_rank_fusion, retrieval.reciprocal_rank_fusion)
words = retrieval.BM25(chunks)


class Hybrid:
    """Vectors and words, merged by rank."""

    def search(self, query, k):
        """The k best chunks after fusion of the first 50 of each."""
        rankings = [[hit.chunk.id for hit in one.search(query, 50)] for one in (handbook_index, words)]
        best = my_fusion(rankings)[:k]
        return [Hit(handbook_index.chunks[number], score, rank) for rank, (number, score) in enumerate(best, start=1)]


on_dev = {
    "dense": report,
    "bm25": evaluate_retrieval(words, dev),
    "hybrid": evaluate_retrieval(Hybrid(), dev),
}
pd.concat({name: measured.summary("wording") for name, measured in on_dev.items()}, names=["method", "wording"])

# %%
compared = []
for name, other in (("bm25", "dense"), ("hybrid", "dense"), ("hybrid", "bm25")):
    difference = on_dev[name].rows["recall@5"] - on_dev[other].rows["recall@5"]
    for wording in ("plain", "unlike"):
        chosen = difference[dense["wording"] == wording]
        low, high = my_interval(chosen)
        verdict = f"{name} is better" if low > 0 else f"{other} is better" if high < 0 else "not decided"
        row = {"compared": f"{name} - {other}", "wording": wording}
        compared.append({**row, "difference": f"{chosen.mean():+.2f} [{low:+.2f}, {high:+.2f}]", "verdict": verdict})
print(pd.DataFrame(compared).to_string(index=False))

on_test = {
    "dense": test_report,
    "bm25": evaluate_retrieval(words, test),
    "hybrid": evaluate_retrieval(Hybrid(), test),
}
test_table = pd.concat({name: measured.summary("wording") for name, measured in on_test.items()})
test_table

# %% [markdown]
# Fusion by rank trusts both parts alike. It helps when both are good on the same question, and is a loss when one
# of them returns noise. So look at how *your* users word their questions before you choose.
#
# ## Going further (optional): what happens when the collection grows?
#
# A popular guide says: large and diverse collections suit retrieval. Two questions hide in it. Do answers drown
# among many more documents? And does the search stay fast?
#
# For the first, a cell puts the handbook among the real passages, all in one exact index. For the second we need
# more vectors than we have. So the next cell makes **perturbed copies**: each real vector moved a little
# in a random direction. They are not real text, and they crowd around their originals. So trust the times here
# more than the recall. Set `GROW_TO` to 1_000_000 if you have 6 GB free and a few minutes.

# %%
crowd = faiss.IndexIDMap2(faiss.index_factory(384, "Flat", faiss.METRIC_INNER_PRODUCT))
crowd.add_with_ids(vectors, np.array([chunk.id for chunk in chunks]))
crowd.add_with_ids(passages, np.arange(1, len(passages) + 1))  # small ids: no chunk has one of them


class Crowd:
    """Searches handbook and passages; a hit that is a passage keeps its place but is left out."""

    def search(self, query, k):
        """The handbook's chunks among the first k places."""
        found = enumerate(my_nearest(crowd, embedder.encode([query])[0], k), start=1)
        own = handbook_index.chunks
        return [Hit(own[number], score, rank) for rank, (number, score) in found if number in own]


crowded = evaluate_retrieval(Crowd(), dev).rows
loss = crowded["recall@5"] - dense["recall@5"]
low, high = my_interval(loss)
same_family = (places == "another document of the family").mean()
foreign = np.mean([10 - len(Crowd().search(question.question, 10)) for question in dev]) / 10
print(f"{crowd.ntotal:,} vectors; {foreign:.0%} of the first ten places go to foreign passages")
print(f"recall@5 changes by {loss.mean():+.2f} [{low:+.2f}, {high:+.2f}]")
print(f"for comparison: {same_family:.0%} of first hits without the crowd are wrong ones of the right family")
print("near twins cost more than the whole crowd:", same_family > -loss.mean())

# %% tags=["nbval-ignore-output"] reason="latencies depend on the machine, and so do rounding errors in k-means"
GROW_TO = 100_000
rng = np.random.default_rng(0)
growth = []
for size in (10_000, 30_000, 100_000, 300_000, 1_000_000):
    if size > GROW_TO:
        break
    grown = passages[np.arange(size) % len(passages)]
    for first in range(len(passages), size, len(passages)):  # all but the originals
        block = grown[first : first + len(passages)]
        block += 0.02 * rng.standard_normal(block.shape, dtype=np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    for kind in ("Flat", f"IVF{int(min(size, len(passages)) ** 0.5)},Flat"):
        tried = faiss.index_factory(384, kind, faiss.METRIC_INNER_PRODUCT)
        tried.train(passages)
        tried.add(grown)
        if kind == "Flat":
            truth = tried.search(queries[:200], 10)[1]
        else:
            tried.nprobe = tried.nlist // 10
        recall = my_recall(tried.search(queries[:200], 10)[1], truth)
        row = {"size": size, "kind": kind, "ms": latency(tried, queries[:200]), "MB": size * 384 * 4 / 1e6}
        growth.append({**row, "recall": recall})
pd.DataFrame(growth).round({"ms": 2, "MB": 0, "recall": 2})

# %% [markdown]
# Exact search reads every vector, so its time grows with the collection. Compare the rows: it can grow faster than
# the collection, because a small one stays in the processor's cache. HNSW is left out: the table in section 4
# shows its building time. The next cell saves these figures with those of the core.
#
# ## Next
#
# **Lesson 03** hands the hits to a language model, asks for an answer with citations, and finds out which failures
# come from the search and which from the reader.

# %%
methods = {}
for split, reports in (("dev", on_dev), ("test", on_test)):
    for name, measured in reports.items():
        methods[f"{split}, {name}"] = measured.summary(intervals=False).round(4).loc["all"].to_dict()
figures |= {
    "methods": methods,
    "test_by_wording": {f"{method}, {name}": row for (method, name), row in test_table.to_dict("index").items()},
    "paired_recall@5": compared,
    "C13": {"foreign_share": foreign, "recall@5_change": [loss.mean(), low, high]},
    "C13_growth": growth,
}
print("saved:", results.save("02-faiss-retrieval", figures).name)
workshop.cleanup()
print("all", "done")
