"""Heads that are told where to look: in layer 3 at the passage that answers, in layer 4 at the very token that comes next.

The words of an answer say little about where it stands: many tokens of the sources would explain each. The places of `pointing.py` say it
outright. For each token of an answer the loss is minus the logarithm of the attention that a head gives to them.
"""

import dataclasses

import torch
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

CHOOSING = (3, (3,))  # layer, and its heads: at the passage
COPYING = (4, (0, 3))  # at the token
LAYERS = 6  # of the models that have these heads: those that `start.py` sets


def forward(model, tokens: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The last hidden state, and the streams in front of the layers that choose and copy where the model has them.

    Args:
        model: the layers, `LlamaForCausalLM.model`.
        tokens: (rows, length).
        positions: (rows, length).
        mask: (rows, 1, length, length), what attention adds.
    """
    hidden = model.embed_tokens(tokens)
    turned = model.rotary_emb(hidden, positions)
    kept = []
    for number, layer in enumerate(model.layers):
        if number in (CHOOSING[0], COPYING[0]) and len(model.layers) == LAYERS:
            kept.append(hidden)
        hidden = layer(hidden, attention_mask=mask, position_ids=positions, position_embeddings=turned)
    return model.norm(hidden), *kept


def attention(
    model, hidden: torch.Tensor, positions: torch.Tensor, mask: torch.Tensor, layer: int, head: int
) -> torch.Tensor:
    """The logarithm of a head's attention, (rows, length, length), computed as the layer does."""
    block = model.layers[layer]
    part = block.self_attn
    size = part.head_dim
    group = head // part.num_key_value_groups
    normed = block.input_layernorm(hidden)
    query = torch.nn.functional.linear(normed, part.q_proj.weight[head * size : (head + 1) * size])
    key = torch.nn.functional.linear(normed, part.k_proj.weight[group * size : (group + 1) * size])
    query, key = apply_rotary_pos_emb(query[:, None], key[:, None], *model.rotary_emb(hidden, positions))
    scores = (query @ key.transpose(2, 3))[:, 0].float() * part.scaling + mask[:, 0]
    return scores.log_softmax(-1)


@dataclasses.dataclass(frozen=True)
class Told:
    """What heads lose: minus the logarithm of the attention that goes where they were told to look.

    `losses` is (tokens, heads), `weights` (tokens): how much the loss counts each token.
    """

    losses: torch.Tensor
    weights: torch.Tensor

    def mean(self) -> torch.Tensor:
        """The weighted mean over the tokens: with the first words of an answer it is decided which passage is meant."""
        return (self.losses.mean(1) * self.weights).sum() / self.weights.sum().clamp(min=1)


def losses(model, kept: tuple[torch.Tensor, ...], batch: dict[str, torch.Tensor]) -> dict[str, Told]:
    """What the heads lose on the counted tokens with a known place, by what they do: "chosen" and "copied".

    Tokens are numbered where they are foretold: one place before they stand.
    """
    copied, first, end = batch["places"][:, 1:].unbind(-1)
    weights = batch["weights"][:, 1:]
    found = {}
    for name, (layer, heads), hidden, known in (
        ("chosen", CHOOSING, kept[0], first >= 0),
        ("copied", COPYING, kept[1], copied >= 0),
    ):
        rows, tokens = known.nonzero(as_tuple=True)
        shares = []
        for head in heads:
            seen = attention(model, hidden, batch["positions"], batch["mask"], layer, head)[rows, tokens]
            if name == "copied":
                shares.append(seen.gather(1, copied[rows, tokens][:, None])[:, 0])
                continue
            at = torch.arange(seen.shape[1], device=seen.device)
            inside = (at >= first[rows, tokens][:, None]) & (at < end[rows, tokens][:, None])
            shares.append(seen.masked_fill(~inside, -torch.inf).logsumexp(1))
        found[name] = Told(-torch.stack(shares, 1), weights[rows, tokens])
    return found
