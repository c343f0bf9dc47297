"""Word vectors to begin with: those of the course's embedding model, so that words of like meaning are near each other from the start.

all-MiniLM-L6-v2 has learnt from a billion pairs of sentences that "lead" and "cable" are akin; a few million tokens of training cannot.
Its input vectors are as wide as course-lm's. Source of the weights: sentence-transformers/all-MiniLM-L6-v2 (Apache 2.0).
"""

import re

import torch
from safetensors import safe_open
from transformers import AutoTokenizer

from coursekit import embedding

WIDTH = 384
SPREAD = 0.04  # the standard deviation of the vectors
OWN = 0.4  # the share of noise, which keeps apart what the embedding model writes alike: "The", "the" and " the"


def vectors(tokenizer, seed: int = 0) -> torch.Tensor:
    """A vector for each token: that of the same word in the embedding model, the mean of its pieces, or noise.

    Returns:
        A tensor of shape (tokens, 384), with the mean of the embedding model's vectors taken off.
    """
    folder = embedding.verified_weights()
    theirs = AutoTokenizer.from_pretrained(folder)
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        known = file.get_tensor("embeddings.word_embeddings.weight").float()
    known = known - known.mean(0)
    known = known / known.std()
    vocabulary, generator = theirs.get_vocab(), torch.Generator().manual_seed(seed)
    start = torch.randn(len(tokenizer), WIDTH, generator=generator)
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token])
        if token in tokenizer.all_special_ids or not re.search(r"[A-Za-z]", text):
            continue  # digits and marks are copied, not understood: for them nearness would only mislead
        inside = f"##{text}" if re.fullmatch(r"[a-z]+", text) else ""
        pieces = [vocabulary[inside]] if inside in vocabulary else theirs.encode(text, add_special_tokens=False)
        if pieces:
            start[token] = known[pieces].mean(0) + OWN * start[token]
    return SPREAD * start
