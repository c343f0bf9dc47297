"""Weights to begin with: word vectors that know which words are akin, and attention heads that copy.

A model that begins with random weights spends most of a CPU's hours on finding out how to copy. Here it begins with what interpretability
found in trained models, set by hand: a head that looks at the previous token, and a head in a later layer that looks for an earlier place
after the current token and copies what came next. Source: C. Olsson and others, "In-context Learning and Induction Heads" (2022).

The word vectors come from the course's embedding model, all-MiniLM-L6-v2 (Apache 2.0), which has learnt from a billion pairs of sentences
that "lead" and "cable" are akin. The residual stream, 384 wide, is divided at the start: the token's own vector, the previous token's, and
a constant. Training is free to change all of it.
"""

import math
import re

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, LlamaForCausalLM

from coursekit import embedding

WIDTH = 384
OWN, BEFORE = 255, 64  # dimensions for the token's own vector and for the one before; the last dimension is constant
SPREAD = 0.5  # the standard deviation of a token's own vector
CONSTANT = 4.0  # the last dimension of every vector, in standard deviations
NOISE = 0.4  # the share of noise, which keeps apart what the embedding model writes alike: "The", "the" and " the"
FINAL = (
    0.04  # the weight of the last norm: it keeps the first logits small, as the output layer shares the word vectors
)
LOOK_BACK, LOOK_UP = 0, 2  # the layers of the two heads
SHARP_BACK, SHARP_UP = 160.0, 10.0  # how sharply they look
GAIN = 8.0  # how strongly the second writes what it copies


def known_vectors(tokenizer, generator: torch.Generator) -> torch.Tensor:
    """A vector of 384 numbers for each token: that of the same word in the embedding model, the mean of its pieces, or noise."""
    folder = embedding.verified_weights()
    theirs = AutoTokenizer.from_pretrained(folder)
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        known = file.get_tensor("embeddings.word_embeddings.weight").float()
    known = known - known.mean(0)
    known = known / known.std()
    vocabulary = theirs.get_vocab()
    found = torch.randn(len(tokenizer), known.shape[1], generator=generator)
    for token in range(len(tokenizer)):
        text = tokenizer.decode([token])
        if token in tokenizer.all_special_ids or not re.search(r"[A-Za-z]", text):
            continue  # digits and marks are copied, not understood: for them nearness would only mislead
        inside = f"##{text}" if re.fullmatch(r"[a-z]+", text) else ""
        pieces = [vocabulary[inside]] if inside in vocabulary else theirs.encode(text, add_special_tokens=False)
        if pieces:
            found[token] = known[pieces].mean(0) + NOISE * found[token]
    return found


def set_start(model: LlamaForCausalLM, tokenizer, seed: int = 0) -> None:
    """Set word vectors and heads of a model of width 384 and at least 3 layers, with heads of 64; every other branch begins silent."""
    generator = torch.Generator().manual_seed(seed)
    width, size = model.config.hidden_size, model.config.hidden_size // model.config.num_attention_heads
    theta = model.config.rope_parameters["rope_theta"] ** (-torch.arange(size // 2) / (size // 2))
    known = known_vectors(tokenizer, generator)
    main = torch.linalg.svd(known, full_matrices=False).Vh[:OWN]  # the directions in which words differ most
    own = known @ main.T
    own = torch.nn.functional.normalize(
        own / own.std(0), dim=1
    )  # all directions alike: nearness stays, and no direction rules
    own = (
        SPREAD * math.sqrt(OWN) * own
    )  # and all lengths, so that the constant dimension is the same after the first norm
    first, second, third = (
        torch.linalg.qr(torch.randn(OWN, BEFORE, generator=generator)).Q.T for _ in range(3)
    )  # projections of a vector to what a head can carry
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        vectors = torch.zeros(len(tokenizer), width)
        vectors[:, :OWN] = own
        vectors[:, -1] = CONSTANT * SPREAD
        model.get_input_embeddings().weight.copy_(vectors)
        model.model.norm.weight.fill_(FINAL)
        scale = vectors.pow(2).mean(1).sqrt().mean()  # what the first norm divides by

        # One and two tokens back: queries and keys are constant, and their angles differ by that many steps of the position's rotation.
        groups = model.config.num_attention_heads // model.config.num_key_value_heads
        attention = model.model.layers[LOOK_BACK].self_attn
        fast = torch.arange(6)
        strength = math.sqrt(SHARP_BACK) / (CONSTANT * SPREAD / scale)
        for at, steps in ((0, 1), (1, 2)):
            query, key, place = at * groups * size, at * size, OWN + at * BEFORE
            attention.q_proj.weight[query : query + size].zero_()
            for weight in (attention.k_proj.weight, attention.v_proj.weight):
                weight[key : key + size].zero_()
            attention.q_proj.weight[query + fast, -1] = strength
            attention.k_proj.weight[key + fast, -1] = strength * torch.cos(steps * theta[fast])
            attention.k_proj.weight[key + fast + size // 2, -1] = strength * torch.sin(steps * theta[fast])
            attention.v_proj.weight[key : key + size, :OWN] = first
            attention.o_proj.weight[place : place + BEFORE, query : query + size] = scale * torch.eye(BEFORE)[:, :size]

        # What came after an earlier place of the current token (first head) or of the last two (second head): only slow rotations let a
        # match count at any distance.
        attention = model.model.layers[LOOK_UP].self_attn
        slow = torch.nonzero(theta < 0.003).flatten()
        dims = torch.cat([slow, slow + size // 2])
        strength, count = math.sqrt(SHARP_UP), torch.arange(len(dims))
        half = torch.isin(
            dims, torch.cat([slow[::2], slow[::2] + size // 2])
        )  # the dimensions that match the current token
        for at, carried, current in ((0, second, torch.ones(len(dims), dtype=torch.bool)), (1, third, half)):
            query, key = at * groups * size, at * size
            attention.q_proj.weight[query : query + size].zero_()
            for weight in (attention.k_proj.weight, attention.v_proj.weight):
                weight[key : key + size].zero_()
            now, then = count[current], count[~current]
            attention.q_proj.weight[query + dims[now], :OWN] = strength * first[now]
            attention.k_proj.weight[key + dims[now], OWN + now] = strength
            attention.q_proj.weight[query + dims[then], OWN + then] = strength
            attention.k_proj.weight[key + dims[then], OWN + BEFORE + then] = strength
            attention.v_proj.weight[key : key + size, :OWN] = carried
            attention.o_proj.weight[:OWN, query : query + size] = GAIN * scale * carried.T
