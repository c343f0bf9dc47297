"""Train course-lm, on a CPU or a GPU; stop and go on whenever you like.

    python models/training/train.py --prose prose.txt.xz --out run --minutes 75
    python models/training/train.py --prose prose.txt.xz --out run --minutes 75      # goes on where it stopped
    python models/training/train.py --help

`run/` holds the checkpoint, `log.jsonl` (one JSON object a line) and, after each save, the model as any tool loads it. Muon trains the
matrices, AdamW the rest. Source: K. Jordan and others, "Muon: an optimizer for hidden layers" (2024), in PyTorch's own version.
"""

import argparse
import json
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import mixture
import numpy as np
import packing
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch.utils.data import DataLoader, IterableDataset, default_collate, get_worker_info
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

SIZES = {  # layers, width, heads, key-value heads, inner width
    "smoke": (2, 64, 4, 2, 160),
    "small": (6, 320, 5, 5, 864),
    "base": (8, 384, 6, 3, 1024),
}


def columns(row: packing.Row) -> dict[str, np.ndarray]:
    """A row under the names that the model takes; PyTorch's own collation makes batches of them."""
    return {"input_ids": row.tokens, "position_ids": row.positions, "labels": row.labels}


class Rows(IterableDataset):
    """An endless stream of packed rows. Every worker and every start of a run draws other records; the curriculum goes by rows."""

    def __init__(self, tokenizer, prose: Path | None, length: int, seed: int, first: int, total: int) -> None:
        """`first` rows were trained on before this start; `total` are planned, which sets the pace of the curriculum."""
        self.tokenizer, self.prose, self.length = tokenizer, prose, length
        self.seed, self.first, self.total = seed, first, total

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        worker = get_worker_info()
        number, workers = (worker.id, worker.num_workers) if worker else (0, 1)
        rng = random.Random(f"{self.seed} {self.first} {number}")
        done = self.first

        def progress() -> float:
            return done / self.total

        records = mixture.curriculum(rng, progress, prose=self.prose)
        for row in packing.rows(records, self.tokenizer, self.length):
            done += workers
            yield columns(row)


def new_model(size: str, tokenizer) -> LlamaForCausalLM:
    """A model with random weights, small in the last layer of each block so that the first steps are calm."""
    layers, width, heads, shared_heads, inner = SIZES[size]
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=inner, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=shared_heads, max_position_embeddings=tokenizer.model_max_length,
        rope_parameters={"rope_type": "default", "rope_theta": 10_000.0}, tie_word_embeddings=True,
        bos_token_id=None, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                weight.mul_(1 / math.sqrt(2 * layers))
    return model


def optimizers_for(model: LlamaForCausalLM, muon_rate: float, adam_rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for embeddings and norms."""
    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(matrices, lr=muon_rate, weight_decay=0.01, momentum=0.95),
        torch.optim.AdamW(others, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def rate(progress: float, warm_up: float = 0.02, cool_down: float = 0.3) -> float:
    """The learning rate's factor: a short rise, a plateau, a straight fall to a twentieth over the last part."""
    if progress < warm_up:
        return max(progress / warm_up, 0.01)
    return 1.0 if progress < 1 - cool_down else max((1 - progress) / cool_down, 0.05)


def loss_of(model, batch: dict[str, torch.Tensor], device: torch.device) -> torch.Tensor:
    """The mean cross-entropy of the counted tokens, in bfloat16 where the processor is fast at it."""
    batch = {name: tensor.to(device, non_blocking=True) for name, tensor in batch.items()}
    with torch.autocast(device.type, dtype=torch.bfloat16):
        # Positions that begin anew tell transformers where a record begins, and keep it from reading the one before.
        logits = model(input_ids=batch["input_ids"], position_ids=batch["position_ids"], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1).float(), batch["labels"][:, 1:].flatten())


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
        return {"step": 0, "rows": 0, "tokens": 0, "seconds": 0.0}
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


def held_out_loss(model, batches: list[dict], device: torch.device) -> float:
    """The mean loss on validation rows: worlds that no training record comes from."""
    model.eval()
    with torch.inference_mode():
        losses = [loss_of(model, batch, device).item() for batch in batches]
    model.train()
    return float(np.mean(losses))


def arguments_of(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; an unfinished run there goes on")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the tokenizer (make_tokenizer.py)")
    parser.add_argument(
        "--prose", type=Path, help="the xz-compressed prose, checked by its SHA-256; left out: no prose tasks"
    )
    parser.add_argument("--size", choices=SIZES, default="base", help="size of the model (default base)")
    parser.add_argument("--rows", type=int, default=60_000, help="rows to train on in all (default 60,000)")
    parser.add_argument(
        "--minutes", type=float, default=math.inf, help="stop after this many minutes; a later start goes on"
    )
    parser.add_argument("--length", type=int, default=1024, help="tokens in a row (default 1,024)")
    parser.add_argument("--batch", type=int, default=16, help="rows in a step (default 16)")
    parser.add_argument("--muon", type=float, default=0.01, help="learning rate of the matrices (default 0.01)")
    parser.add_argument(
        "--adam", type=float, default=0.002, help="learning rate of embeddings and norms (default 0.002)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--workers", type=int, default=0, help="processes that make rows (default 0: this one)")
    parser.add_argument("--compile", action="store_true", help="compile the model first: slower start, faster steps")
    parser.add_argument("--save-every", type=float, default=5, help="minutes between two saves (default 5)")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train until the rows or the minutes are used up."""
    arguments = arguments_of(argv)
    torch.manual_seed(arguments.seed)
    device = torch.device(arguments.device)
    arguments.out.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(arguments.tokenizer)
    model = new_model(arguments.size, tokenizer).to(device)
    optimizers = optimizers_for(model, arguments.muon, arguments.adam)
    state = resume(arguments.out, model, optimizers)
    base_rates = [arguments.muon, arguments.adam]
    stepper = torch.compile(model) if arguments.compile else model

    rows = Rows(tokenizer, arguments.prose, arguments.length, arguments.seed, state["rows"], arguments.rows)
    loader = DataLoader(
        rows, batch_size=arguments.batch, num_workers=arguments.workers, pin_memory=device.type == "cuda"
    )
    valid = packing.rows(mixture.validation(random.Random(1)), tokenizer, arguments.length)
    valid_rows = [columns(next(valid)) for _ in range(32)]
    valid_batches = [default_collate(valid_rows[at : at + 8]) for at in range(0, len(valid_rows), 8)]
    print(
        f"{model.num_parameters():,} parameters on {device}, from row {state['rows']:,} of {arguments.rows:,}",
        flush=True,
    )

    begun, saved, before = time.monotonic(), time.monotonic(), state["seconds"]
    log = open(arguments.out / "log.jsonl", "a", encoding="utf-8")  # noqa: SIM115  (closed at the end of the run)
    model.train()
    for batch in loader:
        factor = rate(state["rows"] / arguments.rows)
        for optimizer, base in zip(optimizers, base_rates):
            optimizer.param_groups[0]["lr"] = base * factor
        loss = loss_of(stepper, batch, device)
        if not torch.isfinite(loss):
            raise SystemExit(
                f"The loss is {loss.item()} at step {state['step']}: lower --muon and --adam and start again."
            )
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        state["step"] += 1
        state["rows"] += len(batch["labels"])
        state["tokens"] += batch["labels"].numel()
        now = time.monotonic()
        state["seconds"] = before + now - begun
        ended = state["rows"] >= arguments.rows or now - begun > 60 * arguments.minutes
        if state["step"] % 20 == 0 or ended:
            line = {**state, "loss": round(loss.item(), 4), "rate": round(factor, 4)}
            if state["step"] % 200 == 0 or ended:
                line["held_out_loss"] = round(held_out_loss(model, valid_batches, device), 4)
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
