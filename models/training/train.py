"""Train course-lm, on a CPU or a GPU; stop and go on whenever you like.

    python models/training/train.py --prose prose.txt.xz --out run --minutes 75
    python models/training/train.py --prose prose.txt.xz --out run --minutes 75      # goes on where it stopped
    python models/training/train.py --help

`run/` holds the checkpoint, `log.jsonl` (one JSON object a line) and, after each save, the model as any tool loads it. Muon trains the
matrices, AdamW the rest. Source: K. Jordan and others, "Muon: an optimizer for hidden layers" (2024), in PyTorch's own version.
"""

import argparse
import dataclasses
import itertools
import json
import math
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attending
import mixture
import numpy as np
import packing
import start
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.utils.data import DataLoader, IterableDataset, get_worker_info
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

SIZES = {  # layers, width, heads, key-value heads, inner width
    "smoke": (2, 64, 4, 2, 160),
    "small": (6, 320, 5, 5, 864),
    "base": (6, 384, 6, 2, 1024),
}


def batch_of(rows: Sequence[packing.Row]) -> dict[str, torch.Tensor]:
    """Rows of one length as tensors. `mask` is what attention adds: 0 backwards within a record and turn, else minus infinity."""
    tokens, positions, labels, weights, records, turns, places = (
        torch.from_numpy(np.stack([getattr(row, name) for row in rows]))
        for name in ("tokens", "positions", "labels", "weights", "records", "turns", "places")
    )
    causal = torch.ones(tokens.shape[1], tokens.shape[1], dtype=torch.bool).tril()
    seen = (turns[:, None, :] == 0) | (turns[:, :, None] == turns[:, None, :])
    allowed = (records[:, :, None] == records[:, None, :]) & seen & causal
    mask = torch.zeros(allowed.shape, dtype=torch.bfloat16).masked_fill_(~allowed, -math.inf)[:, None]
    return {
        "tokens": tokens, "positions": positions, "labels": labels, "weights": weights, "mask": mask, "places": places,
    }  # fmt: skip


class Batches(IterableDataset):
    """An endless stream of batches. Every worker and every start of a run draws other records; the curriculum goes by tokens."""

    def __init__(self, tokenizer, prose: Path | None, size: int, seed: int, first: int, total: int) -> None:
        """`first` tokens were trained on before this start; `total` are planned, which sets the pace of the curriculum."""
        self.tokenizer, self.prose, self.size = tokenizer, prose, size
        self.seed, self.first, self.total = seed, first, total

    def __iter__(self) -> Iterator[dict[str, torch.Tensor]]:
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        rng = random.Random(f"{self.seed} {self.first} {number}")
        done = self.first

        def progress() -> float:
            return done / self.total

        for rows in packing.batches(
            mixture.curriculum(rng, progress, prose=self.prose), self.tokenizer, self.size, rng
        ):
            done += workers * self.size
            yield batch_of(rows)


def new_model(size: str, tokenizer) -> LlamaForCausalLM:
    """A model to begin with: as `start` sets it where the width allows, else with random weights, small at the end of each block."""
    layers, width, heads, shared_heads, inner = SIZES[size]
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=shared_heads, max_position_embeddings=tokenizer.model_max_length,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6}, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    if width == start.WIDTH:
        start.set_start(model, tokenizer)
        return model
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.mul_(1 / math.sqrt(2 * layers))
    return model


def optimizers_for(model: LlamaForCausalLM, muon_rate: float, adam_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for word vectors and, at half the rate, norms. `base` is a group's rate."""
    groups: dict[str, list] = {"matrices": [], "vectors": [], "norms": []}
    for name, weight in model.named_parameters():
        groups["norms" if weight.ndim == 1 else "vectors" if "embed" in name else "matrices"].append(weight)
    optimizers = [
        torch.optim.Muon(groups["matrices"], lr=muon_rate, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(
            [{"params": groups["vectors"], "lr": adam_rate}, {"params": groups["norms"], "lr": adam_rate / 2}],
            betas=(0.9, 0.95),
            weight_decay=0.0,
        ),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["base"] = group["lr"]
    return optimizers


def rate(progress: float, warm_up: float = 0.02, cool_down: float = 0.4) -> float:
    """The learning rate's factor: a short rise, a plateau, a straight fall to a twentieth over the last part."""
    if progress < warm_up:
        return max(progress / warm_up, 0.01)
    return 1.0 if progress < 1 - cool_down else max((1 - progress) / cool_down, 0.05)


@dataclasses.dataclass(frozen=True)
class Foretold:
    """What the model makes of a batch: logits, labels and weights of the tokens that the loss counts, and what its heads were told.

    `places` is as `attending.losses` gives it; empty for a model without such heads.
    """

    logits: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    places: dict[str, attending.Told]

    def loss(self, told: float = 0.0) -> torch.Tensor:
        """The weighted mean of the cross-entropy, and `told` times what the heads lose."""
        words = torch.nn.functional.cross_entropy(self.logits, self.labels, reduction="none")
        loss = (words * self.weights).sum() / self.weights.sum()
        if told:
            loss = loss + told * sum(part.mean() for part in self.places.values())
        return loss


def foretell(model, forward, batch: dict[str, torch.Tensor], device: torch.device) -> Foretold:
    """Read a batch. Only the tokens that the loss counts pass through the output layer, which saves a fifth.

    Args:
        model: course-lm.
        forward: `attending.forward`, or that compiled.
        batch: as `batch_of` makes it.
        device: where the model is.
    """
    batch = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
    counted = (batch["labels"][:, 1:] != packing.IGNORED).flatten().nonzero().flatten()
    with torch.autocast(device.type, dtype=torch.bfloat16):
        hidden, *kept = forward(model.model, batch["tokens"], batch["positions"], batch["mask"])
        logits = model.lm_head(hidden[:, :-1].flatten(0, 1)[counted])
        places = attending.losses(model.model, kept, batch) if kept else {}
    labels, weights = (batch[name][:, 1:].flatten()[counted] for name in ("labels", "weights"))
    return Foretold(logits.float(), labels, weights, places)


def save(out: Path, model, tokenizer, optimizers: list[torch.optim.Optimizer], state: dict) -> None:
    """Checkpoint and model, each whole or not at all: a killed run or a full disk leaves the last good ones."""
    tensors = {f"model/{name}": tensor for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    for number, optimizer in enumerate(optimizers):
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer/{number}/{index}/{name}": torch.as_tensor(value) for name, value in values.items()}
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    save_file(tensors, out / "checkpoint.new", metadata={"state": json.dumps(state)})
    os.replace(out / "checkpoint.new", out / "checkpoint.safetensors")
    half = LlamaForCausalLM(model.config).half()
    half.load_state_dict(model.state_dict())
    half.save_pretrained(out / "model", max_shard_size="15MB")
    tokenizer.save_pretrained(out / "model")


def resume(out: Path, model, optimizers: list[torch.optim.Optimizer]) -> dict:
    """Load the checkpoint, if there is one, into model and optimizers. Returns the run's state."""
    path = out / "checkpoint.safetensors"
    if not path.exists():
        return {"step": 0, "tokens": 0, "seconds": 0.0}
    with safe_open(path, framework="pt") as file:
        state = json.loads(file.metadata()["state"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dictionary)
    model.load_state_dict(
        {name.removeprefix("model/"): t for name, t in tensors.items() if name.startswith("model/")}, strict=False
    )
    for number, optimizer in enumerate(optimizers):
        saved: dict[int, dict] = {}
        for name, tensor in tensors.items():
            kind, *rest = name.split("/")
            if kind == "optimizer" and int(rest[0]) == number:
                saved.setdefault(int(rest[1]), {})[rest[2]] = tensor
        optimizer.load_state_dict({"state": saved, "param_groups": optimizer.state_dict()["param_groups"]})
    return state


def held_out(model, batches: list[dict], device: torch.device) -> dict[str, float]:
    """How the model does on worlds that no training record comes from.

    Returns:
        The loss on the words; how often cited number and first word are the likeliest ones; the mean attention, in [0, 1], that the heads
        give to the passage that answers (`chosen`) and to the token that comes next (`copied`).
    """
    model.eval()
    found: dict[str, list] = {"loss": [], "cited": [], "begun": []}
    with torch.inference_mode():
        for batch in batches:
            read = foretell(model, attending.forward, batch, device)
            found["loss"].append(read.loss().item())
            right = read.logits.argmax(1) == read.labels
            found["cited"] += right[read.weights == packing.CITED].tolist()
            found["begun"] += right[read.weights == packing.BEGINNING].tolist()
            for name, part in read.places.items():
                found.setdefault(name, []).extend((-part.losses).exp().mean(1).tolist())
    model.train()
    return {f"held_out_{name}": round(float(np.mean(values)), 4) for name, values in found.items()}


def arguments_of(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an unfinished run there goes on")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the tokenizer (make_tokenizer.py)")
    parser.add_argument(
        "--weights",
        type=Path,
        help="folder of a trained model to begin with, such as models/course-lm, for another run",
    )
    parser.add_argument(
        "--prose", type=Path, help="the xz-compressed prose, checked by its SHA-256; left out: no prose tasks"
    )
    parser.add_argument("--size", choices=SIZES, default="base", help="size of the model (default base)")
    parser.add_argument(
        "--tokens", type=float, default=20e6, help="tokens to train on in all, which sets the pace (default 20 million)"
    )
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after this many minutes; a later start goes on"
    )
    parser.add_argument("--batch", type=int, default=4096, help="tokens in a pass, a multiple of 1,024 (default 4,096)")
    parser.add_argument("--passes", type=int, default=1, help="passes before each step of the optimizers (default 1)")
    parser.add_argument("--muon", type=float, default=0.012, help="learning rate of the matrices (default 0.012)")
    parser.add_argument("--adam", type=float, default=0.003, help="learning rate of the word vectors (default 0.003)")
    parser.add_argument(
        "--told",
        type=float,
        default=0.3,
        help="weight of what heads are told about places, beside the words (default 0.3)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads on a CPU (default: all)")
    parser.add_argument("--workers", type=int, default=0, help="processes that make rows (default 0: this one)")
    parser.add_argument("--compile", action="store_true", help="compile the model first: slower start, faster steps")
    parser.add_argument("--save-every", type=float, default=5, help="minutes between two saves (default 5)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train until the tokens or the minutes are used up."""
    arguments = arguments_of(argv)
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)  # importing faiss has set it to one
    device = torch.device(arguments.device)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    if arguments.weights:
        model = LlamaForCausalLM.from_pretrained(arguments.weights, dtype=torch.float32).to(device)
    else:
        model = new_model(arguments.size, tokenizer).to(device)
    optimizers = optimizers_for(model, arguments.muon, arguments.adam)
    state = resume(arguments.out, model, optimizers)
    forward = torch.compile(attending.forward, dynamic=False) if arguments.compile else attending.forward

    stream = Batches(tokenizer, arguments.prose, arguments.batch, arguments.seed, state["tokens"], arguments.tokens)
    loader = DataLoader(stream, batch_size=None, num_workers=arguments.workers, pin_memory=device.type == "cuda")
    valid = packing.batches(mixture.validation(random.Random(1)), tokenizer, 8192, random.Random(1))
    valid_batches = [batch_of(rows) for rows in itertools.islice(valid, 6)]
    print(
        f"{model.num_parameters():,} parameters on {device}, from token {state['tokens']:,} of {arguments.tokens:,.0f}",
        flush=True,
    )

    begun, saved, before = time.monotonic(), time.monotonic(), state["seconds"]
    log = open(arguments.out / "log.jsonl", "a", encoding="utf-8")  # noqa: SIM115  (closed at the end of the run)
    model.train()
    losses = []
    stream = iter(loader)
    while True:
        factor = rate(state["tokens"] / arguments.tokens)
        for group in itertools.chain.from_iterable(optimizer.param_groups for optimizer in optimizers):
            group["lr"] = group["base"] * factor
        for batch in itertools.islice(stream, arguments.passes):
            loss = foretell(model, forward, batch, device).loss(arguments.told)
            (loss / arguments.passes).backward()
            losses.append(loss.item())
            state["tokens"] += batch["tokens"].numel()
        if not math.isfinite(losses[-1]):
            raise SystemExit(
                f"The loss is {losses[-1]} at step {state['step']}: lower --muon and --adam and start again."
            )
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        now = time.monotonic()
        state["seconds"] = round(before + now - begun, 1)
        ended = state["tokens"] >= arguments.tokens or now - begun > 60 * arguments.minutes
        if state["step"] % 20 == 0 or ended:
            line = {**state, "loss": round(float(np.mean(losses)), 4), "rate": round(factor, 4)}
            losses.clear()
            if state["step"] % 200 == 0 or ended:
                line |= held_out(model, valid_batches, device)
            print(json.dumps(line), file=log, flush=True)
            print(json.dumps(line), flush=True)
        if ended or now - saved > 60 * arguments.save_every:
            save(arguments.out, model, tokenizer, optimizers, state)
            saved = now
        if ended:
            break
    log.close()


if __name__ == "__main__":
    main()
