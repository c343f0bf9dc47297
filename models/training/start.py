"""Weights to begin with: word vectors that know which words are akin, and attention heads that copy.

A model that begins with random weights spends most of a CPU's hours on finding out how to copy. Here it begins with what interpretability
found in trained models, set by hand: a head that looks at the previous token, and a head in a later layer that looks for an earlier place
after the current token and copies what came next. Source: C. Olsson and others, "In-context Learning and Induction Heads" (2022).

The word vectors come from the course's embedding model, all-MiniLM-L6-v2 (Apache 2.0), which has learnt from a billion pairs of sentences
that "lead" and "cable" are akin. The residual stream, 384 wide, is divided at the start: the token's own vector, those of the two tokens
before it, four times the number of a source (see below), and a constant. Training is free to change all of it.
"""

import math
import re

import torch
from safetensors import safe_open
from transformers import AutoTokenizer, LlamaForCausalLM

from coursekit import embedding

WIDTH = 384
BEFORE, SLOT = 64, 10  # dimensions for an earlier token's vector, and for the number of a source
OWN = WIDTH - 2 * BEFORE - 4 * SLOT - 1  # dimensions for the token's own vector
# Where in the stream what is written: the tokens one and two back; the source that a token stands in, the sources that hold words like
# it, the source that the question points to, and the source that was copied from. The last dimension is constant.
BACK, BACK_TWO = slice(OWN, OWN + BEFORE), slice(OWN + BEFORE, OWN + 2 * BEFORE)
INSIDE, AKIN, MEANT, COPIED = (slice(WIDTH - 1 - at * SLOT, WIDTH - 1 - (at - 1) * SLOT) for at in (4, 3, 2, 1))
SPREAD = 0.5  # the standard deviation of a token's own vector
CONSTANT = 4.0  # the last dimension of every vector, in standard deviations
NOISE = 0.4  # the share of noise, which keeps apart what the embedding model writes alike: "The", "the" and " the"
FINAL = (
    0.12  # the weight of the last norm: it keeps the first logits small, as the output layer shares the word vectors
)
GAIN, CITE_GAIN = 8.0, 8.0  # how strongly the heads that copy and that cite write
SHARP_BACK, SHARP_UP = 160.0, 15.0  # how sharply heads look one token back, and for the current token
SHARP_MARK, SHARP_NEAR = 70.0, 60.0  # ... for the mark of a source, and for the nearest of them
SHARP_AKIN, SHARP_ASKED = 15.0, 12.0  # ... for akin words, and for the question
SHARP_MEANT = 4.0  # ... in the source that is meant
NOTE = 2.0  # how large the number of a source is written
SHARP_CITE = 60.0  # ... at the words just written, to see where they come from
# Tokens that the marks of sources and questions must not be taken for.
OTHERS = (
    *"123456789", "[", " [", "][", "]", "\n", ".", ":", " the", " a",
    "Question", "question", " question", " Question", "<|system|>", "<|user|>",
)  # fmt: skip
SLOW = 14  # from this pair of dimensions on, rotation is so slow that a match counts at any distance


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


class Head:
    """A head of 64 dimensions in the making: what it asks for, what it finds, what it takes along, and where it writes that."""

    def __init__(self, size: int, width: int) -> None:
        """All weights zero."""
        self.query, self.key, self.value = (torch.zeros(size, width) for _ in range(3))
        self.out = torch.zeros(width, size)

    def write(self, attention, group: int, heads: int, looks: bool = True) -> None:
        """Put the weights into the first head of a group; the others of the group share key and value, with queries of their own.

        Unless it `looks`, its query and key stay as they are.
        """
        size = self.query.shape[0]
        first, shared = group * heads * size, group * size
        if looks:
            attention.q_proj.weight[first : first + size] = self.query
            attention.k_proj.weight[shared : shared + size] = self.key
        attention.v_proj.weight[shared : shared + size] = self.value
        attention.o_proj.weight[:, first : first + size] = self.out


def set_start(model: LlamaForCausalLM, tokenizer, seed: int = 0) -> None:
    """Set word vectors and heads of a model of width 384 and 6 layers, with heads of 64; every other branch begins silent.

    Layer 0 looks one and two tokens back. Layer 1 notes in which source a token stands. Layer 2 lets each token find akin ones and note
    their sources; layer 3 sums that up over the question. Layer 4 copies what followed the current token, in the source that is meant
    if it can, and notes that source; layer 5 writes its number behind an opening bracket.
    """
    generator = torch.Generator().manual_seed(seed)
    size = model.config.hidden_size // model.config.num_attention_heads
    half = size // 2
    theta = model.config.rope_parameters["rope_theta"] ** (-torch.arange(half) / half)
    root = math.sqrt(size)  # attention divides by it
    slow = torch.cat([torch.arange(SLOW, half - 3), torch.arange(SLOW + half, size - 3)])
    still = [half - 1, half - 2, half - 3, size - 1, size - 2, size - 3]  # the slowest: for what is no match of words
    own = own_vectors(tokenizer, generator)

    def token(text: str) -> torch.Tensor:
        [number] = tokenizer.encode(text, add_special_tokens=False)
        return own[number]

    def told_apart(wanted: dict[str, float], seen: torch.Tensor | None = None) -> torch.Tensor:
        """The shortest vector whose product with the tokens' vectors, or with what is `seen` of them, is as wanted and 0 for `OTHERS`."""
        texts = [*wanted, *(text for text in OTHERS if text not in wanted)]
        rows = torch.stack([token(text) for text in texts])
        rows = rows if seen is None else rows @ seen.T
        return torch.linalg.pinv(rows) @ torch.tensor([wanted.get(text, 0.0) for text in texts])

    def projection(rows: int) -> torch.Tensor:
        return torch.linalg.qr(torch.randn(OWN, rows, generator=generator)).Q.T

    first = projection(BEFORE)
    numbers = torch.stack([token(text) for text in (*"123456789", "Question")], 1)
    to_slot = torch.linalg.pinv(numbers)  # digits to unit vectors
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        vectors = torch.zeros(len(tokenizer), WIDTH)
        vectors[:, :OWN] = own
        vectors[:, -1] = CONSTANT * SPREAD
        model.get_input_embeddings().weight.copy_(vectors)
        model.model.norm.weight.fill_(FINAL)
        scale = Scale(model, tokenizer)

        # One and two tokens back: queries and keys are constant, and their angles differ by that many steps of the position's rotation.
        norm = scale(0)
        fast, constant = torch.arange(6), CONSTANT * SPREAD / norm
        for group, (steps, place) in enumerate(((1, BACK), (2, BACK_TWO))):
            head = Head(size, WIDTH)
            head.query[fast, -1] = math.sqrt(SHARP_BACK) / constant
            head.key[fast, -1] = math.sqrt(SHARP_BACK) / constant * torch.cos(steps * theta[fast])
            head.key[fast + half, -1] = math.sqrt(SHARP_BACK) / constant * torch.sin(steps * theta[fast])
            head.value[:BEFORE, :OWN] = first
            head.out[place, :BEFORE] = norm * torch.eye(BEFORE)
            head.write(model.model.layers[0].self_attn, group, scale.heads)

        # The source that a token stands in: the nearest number behind an opening bracket, or the word that begins the question.
        norm = scale(1)
        constant = CONSTANT * SPREAD / norm
        head = Head(size, WIDTH)
        begins = told_apart({"Question": 0.9, "<|system|>": 0.9})
        after = told_apart({"[": 1, "\n": 0.5}, first)
        head.query[[still[0], SLOW], -1] = 1 / constant
        # The question's mark is the word at the beginning of a line; before the first mark, tokens look at the very first one.
        head.key[still[0], BACK] = root * SHARP_MARK * norm * after
        head.key[still[0], :OWN] = root * SHARP_MARK * norm * begins
        head.key[SLOW + half, -1] = -root * SHARP_NEAR / constant
        head.value[:SLOT, :OWN] = to_slot
        head.out[INSIDE, :SLOT] = norm * NOTE * torch.eye(SLOT)
        head.write(model.model.layers[1].self_attn, 0, scale.heads)

        # The sources that hold words like the current one; the question's own words are passed over.
        norm = scale(2)
        constant = CONSTANT * SPREAD / norm
        for group in (0, 1):
            head, length = Head(size, WIDTH), SPREAD * math.sqrt(OWN) / norm
            match = projection(len(slow)) * math.sqrt(OWN / len(slow))
            head.query[slow, :OWN] = root * SHARP_AKIN / length * match / length
            head.key[slow, :OWN] = match
            head.query[still[0], -1] = 1 / constant
            head.key[still[0], INSIDE.start + SLOT - 1] = -root * 2 * SHARP_AKIN * norm / NOTE
            head.value[:SLOT, INSIDE] = torch.eye(SLOT)
            head.out[AKIN, :SLOT] = norm / 2 * torch.eye(SLOT)
            head.write(model.model.layers[2].self_attn, group, scale.heads)

        # The source that the question points to: the sum of what its words have found.
        norm = scale(3)
        constant = CONSTANT * SPREAD / norm
        head = Head(size, WIDTH)
        head.query[still[0], -1] = 1 / constant
        head.key[still[0], INSIDE.start + SLOT - 1] = root * SHARP_ASKED * norm / NOTE
        head.value[:SLOT, AKIN] = torch.eye(SLOT)
        head.out[MEANT, :SLOT] = norm * torch.eye(SLOT)
        head.write(model.model.layers[3].self_attn, 0, scale.heads)

        # The source of the passage that another head of this layer looks at. It begins to look at random, and is told where to look.
        choosing = Head(size, WIDTH)
        choosing.value[:SLOT, INSIDE] = torch.eye(SLOT)
        choosing.out[MEANT, :SLOT] = norm * torch.eye(SLOT)
        choosing.write(model.model.layers[3].self_attn, 1, scale.heads, looks=False)

        # What came after an earlier place of the current token (first head) or of the last two (second head), best in the source meant.
        norm = scale(4)
        length = SPREAD * math.sqrt(OWN) / norm
        room = size - SLOT
        current = torch.isin(slow % half, torch.arange(SLOW, half)[::2])
        for group, now in ((0, torch.ones(len(slow), dtype=torch.bool)), (1, current)):
            head, then = Head(size, WIDTH), ~now
            count, carried = torch.arange(len(slow)), projection(room)
            unit = math.sqrt(root * SHARP_UP * OWN / len(slow)) / length
            head.query[slow[now], :OWN] = unit * first[count[now]]
            head.key[slow[now], BACK.start + count[now]] = unit
            head.query[slow[then], BACK.start + count[then]] = unit
            head.key[slow[then], BACK_TWO.start + count[then]] = unit
            for at, dim in enumerate(still):
                head.query[dim, MEANT.start + at] = root * SHARP_MEANT * (norm / NOTE) ** 2
                head.key[dim, INSIDE.start + at] = 1
            head.value[:room, :OWN] = carried
            head.value[room:, INSIDE] = torch.eye(SLOT)
            head.out[:OWN, :room] = GAIN * norm * carried.T
            head.out[COPIED, room:] = norm / 2 * torch.eye(SLOT)
            head.write(model.model.layers[4].self_attn, group, scale.heads)

        # Behind an opening bracket: the number of the source that the last words were copied from. Elsewhere it looks at the first token.
        norm = scale(5)
        constant = CONSTANT * SPREAD / norm
        head = Head(size, WIDTH)
        head.query[SLOW, :OWN] = norm * told_apart({" [": 1, "][": 1})
        head.key[SLOW + half, -1] = -root * SHARP_CITE / constant
        head.query[still[0], -1] = 1 / constant
        head.query[still[0], :OWN] = -2 * norm * told_apart({" [": 1, "][": 1})
        head.key[still[0], :OWN] = root * SHARP_UP * norm * told_apart({"<|system|>": 1})
        head.value[:SLOT, COPIED] = torch.eye(SLOT)
        head.out[:OWN, : SLOT - 1] = CITE_GAIN * norm / NOTE * numbers[:, :-1]
        head.write(model.model.layers[5].self_attn, 0, scale.heads)


class Scale:
    """What the norm in front of a layer divides by, measured on a prompt: the heads of a layer are set by it."""

    PROMPT = "[1] Lamp > Care\nThe lamp burns for 40 hours.\n\n[2] Lamp > Price\nIt costs 9 euros.\n\nQuestion: How long does it burn?"

    def __init__(self, model: LlamaForCausalLM, tokenizer) -> None:
        """`heads` is the number of heads that share keys and values."""
        self.model = model
        self.heads = model.config.num_attention_heads // model.config.num_key_value_heads
        turns = [{"role": "system", "content": "Answer."}, {"role": "user", "content": self.PROMPT}]
        self.ids = tokenizer.apply_chat_template(turns, return_tensors="pt", return_dict=True)["input_ids"]

    def __call__(self, layer: int) -> float:
        """The mean root mean square of the stream in front of a layer."""
        hidden = self.model.model(self.ids, output_hidden_states=True).hidden_states[layer]
        return float(hidden.pow(2).mean(-1).sqrt().mean())


def own_vectors(tokenizer, generator: torch.Generator) -> torch.Tensor:
    """A vector for each token from the embedding model's, in the directions in which words differ most."""
    known = known_vectors(tokenizer, generator)
    own = known @ torch.linalg.svd(known, full_matrices=False).Vh[:OWN].T
    # All directions alike: nearness stays, and no direction rules. All lengths alike, so that the constant is the same after a norm.
    return SPREAD * math.sqrt(OWN) * torch.nn.functional.normalize(own / own.std(0), dim=1)
