"""LoRA fine-tuning of a small chat model with `peft` and `transformers.Trainer`: attach, train, watch, merge.

Source: E. Hu and others, "LoRA: Low-Rank Adaptation of Large Language Models" (2021), arXiv 2106.09685.
"""

import dataclasses
import errno
import importlib.util
import json
import math
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, EarlyStoppingCallback, Trainer, TrainerCallback

from coursekit import chat_models, chatdata, paths
from coursekit.errors import CourseError

# Seen from the course's folder, our datasets/ looks to transformers like the package of that name, which the course does not need.
if (_found := importlib.util.find_spec("datasets")) is not None and _found.origin is None:
    transformers.trainer.is_datasets_available = lambda: False

PADDED_TO = 64  # tokens: few shapes train faster than many on a CPU
SETTINGS = "settings.json"  # beside the checkpoints: what they were made with


@dataclasses.dataclass(frozen=True)
class Hardware:
    """Where a model trains, and in which numbers: `bf16` and `fp16` say what the arithmetic is cut to; the weights stay in 32 bits."""

    device: str
    bf16: bool
    fp16: bool


def hardware() -> Hardware:
    """The best there is: a CUDA GPU, Apple's, or the CPU. A T4 has no fast bf16, so it takes fp16."""
    if torch.cuda.is_available():
        bf16 = torch.cuda.get_device_capability()[0] >= 8
        return Hardware("cuda", bf16, not bf16)
    if torch.backends.mps.is_available():
        return Hardware("mps", False, False)
    return Hardware("cpu", torch.cpu._is_avx512_bf16_supported(), False)


def open_model(
    name: str | Path | None = None,
) -> tuple[transformers.PreTrainedModel, transformers.PreTrainedTokenizerBase]:
    """A chat model to train, with 32-bit weights, and its tokenizer.

    Args:
        name: a folder or Hub id; course-lm when left out.

    Raises:
        CourseError: the model is missing or not whole.
    """
    chosen = chat_models.resolve(name)
    where = str(chosen.folder or chosen.name)
    transformers.utils.logging.disable_progress_bar()  # a bar would be drawn among a notebook's outputs
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
        model = AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise CourseError(f"The model {chosen.label!r} cannot be loaded: {str(error).splitlines()[0]}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def lora(
    model: transformers.PreTrainedModel,
    rank: int = 8,
    alpha: float | None = None,
    *,
    targets: str | list[str] = "all-linear",
    seed: int = 0,
) -> PeftModel:
    """Freeze a model, and put two small matrices beside each of its linear layers: `y = W x + alpha / rank * B (A x)`.

    Args:
        model: changed in place.
        rank: rows of A and columns of B.
        alpha: how much the pair counts; twice the rank when left out.
        targets: names of the layers; every linear one but the output layer when left out.
        seed: A begins at random, B at 0, so that the model begins unchanged.

    Raises:
        CourseError: the rank is less than 1, or no layer has one of the names.
    """
    if rank < 1:
        raise CourseError(f"The rank is {rank}: the two matrices need at least one row and one column.")
    torch.manual_seed(seed)
    config = LoraConfig(
        r=rank, lora_alpha=2 * rank if alpha is None else alpha, target_modules=targets, task_type="CAUSAL_LM"
    )
    try:
        return get_peft_model(model, config)
    except ValueError as error:
        raise CourseError(f"No LoRA could be attached: {str(error).splitlines()[0]}") from error


def parameters(model: torch.nn.Module) -> tuple[int, int]:
    """How many numbers are trained, and how many there are."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(size for size, trained in sizes if trained), sum(size for size, _ in sizes)


def collate(batch: Sequence[chatdata.Encoded], pad: int) -> dict[str, torch.Tensor]:
    """Records as tensors of one length, a multiple of `PADDED_TO`: `input_ids`, `labels` and `attention_mask`, each (records, tokens)."""
    length = PADDED_TO * math.ceil(max(len(record.ids) for record in batch) / PADDED_TO)

    def padded(rows: Sequence[Sequence[int]], fill: int) -> torch.Tensor:
        return torch.tensor([[*row, *[fill] * (length - len(row))] for row in rows])

    return {
        "input_ids": padded([record.ids for record in batch], pad),
        "labels": padded([record.labels for record in batch], chatdata.IGNORED),
        "attention_mask": padded([[1] * len(record.ids) for record in batch], 0),
    }


@dataclasses.dataclass(frozen=True)
class Report:
    """A training run.

    `losses` has a row for each look: `step`, `epoch`, `loss` (the mean since the row before) and `held_out_loss`, NaN
    where it was not measured. `ended` is "finished", "early" (the held-out loss rose) or "time". `tokens` are those that the loss counted.
    """

    losses: pd.DataFrame
    seconds: float
    steps: int
    tokens: int
    ended: str

    @property
    def best(self) -> float:
        """The lowest held-out loss; NaN where there is none."""
        return float(self.losses["held_out_loss"].min())


class _Watch(TrainerCallback):
    """Stops a run whose loss is no number, or whose time is up."""

    def __init__(self, max_seconds: float | None) -> None:
        self.max_seconds, self.ended = max_seconds, "finished"

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        """Start the clock."""
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Look at the clock."""
        if self.max_seconds is not None and time.perf_counter() - self.begun > self.max_seconds:
            self.ended, control.should_training_stop = "time", True
        if control.should_training_stop or state.global_step >= state.max_steps:  # the end is looked at, too
            control.should_log, control.should_evaluate = True, args.eval_strategy != "no"

    def on_log(self, args, state, control, logs=None, **kwargs) -> None:
        """Look at the loss."""
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise CourseError(
                f"The loss is no number any more after {state.global_step} steps: take a lower learning rate and start again."
            )


def train(
    model: PeftModel,
    tokenizer: transformers.PreTrainedTokenizerBase,
    records: Sequence[dict],
    held_out: Sequence[dict] = (),
    *,
    out: str | Path,
    epochs: float = 3,
    rate: float = 2e-3,
    batch: int = 8,
    max_tokens: int = 1024,
    looks: int = 6,
    patience: int | None = None,
    max_seconds: float | None = None,
    seed: int = 0,
) -> Report:
    """Train on chat records; the loss counts the assistant's words. A run that was killed goes on from its last checkpoint in `out`.

    Args:
        model: from `lora`; changed in place.
        tokenizer: with a chat template that marks the assistant's words.
        records: what to learn from.
        held_out: records that are only measured, `looks` times.
        out: a folder for checkpoints. A run that was finished there returns at once; one that ended early or by time goes on.
        epochs: how often each record is seen.
        rate: learning rate at the start, which falls along a straight line to 0.
        batch: records in a step.
        max_tokens: of a record; a longer one is refused, as cutting it would cut the answer.
        looks: how often the loss is logged, the held-out loss measured and a checkpoint saved.
        patience: after so many looks without a lower held-out loss the run ends, and the best weights are taken back.
        max_seconds: after so many the run ends.
        seed: decides the order of the records.

    Raises:
        CourseError: there is nothing to learn, a record is wrong or too long, the loss is no number, the disk is full, or `out` holds a run
            with other settings.
    """
    if not records:
        raise CourseError("There are no records: a model cannot learn from nothing.")
    if patience is not None and not held_out:
        raise CourseError("To stop early, a run needs held-out records to look at.")
    rows, looked = ([chatdata.encode(record, tokenizer, max_tokens) for record in part] for part in (records, held_out))
    out, found = Path(out), hardware()
    settings = {
        "records": len(rows), "tokens": sum(len(row.ids) for row in rows), "epochs": epochs, "rate": rate, "batch": batch, "seed": seed,
        "trained": parameters(model)[0], "looks": looks,
    }  # fmt: skip
    steps = max(1, math.ceil(epochs * math.ceil(len(rows) / batch)))
    every = max(1, steps // looks)
    watch = _Watch(max_seconds)
    arguments = transformers.TrainingArguments(
        output_dir=str(out), num_train_epochs=epochs, learning_rate=rate, lr_scheduler_type="linear",
        per_device_train_batch_size=batch, per_device_eval_batch_size=batch, bf16=found.bf16, fp16=found.fp16,
        use_cpu=found.device == "cpu",
        logging_steps=every, logging_nan_inf_filter=False, eval_strategy="steps" if looked else "no", eval_steps=every,
        save_strategy="steps", save_steps=every, save_total_limit=2, load_best_model_at_end=patience is not None,
        metric_for_best_model="loss", greater_is_better=False, seed=seed, data_seed=seed, report_to=[], disable_tqdm=True,
        remove_unused_columns=False, dataloader_pin_memory=found.device == "cuda", label_names=["labels"], weight_decay=0.0,
    )  # fmt: skip
    callbacks = [watch, *([EarlyStoppingCallback(patience)] if patience is not None else [])]
    trainer = Trainer(
        model=model, args=arguments, train_dataset=rows, eval_dataset=looked or None, callbacks=callbacks,
        data_collator=lambda part: collate(part, tokenizer.pad_token_id),
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)  # the report says it all
    begun = time.perf_counter()
    try:
        trainer.train(resume_from_checkpoint=_checkpoint(out, settings))
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise CourseError(
                "The disk is full: free some space and run the cell again; it goes on from the last checkpoint."
            ) from error
        raise
    except RuntimeError as error:
        if "No space left" in str(error) or "file write failed" in str(error):  # as safetensors and torch put it
            raise CourseError(
                "The disk is full: free some space and run the cell again; it goes on from the last checkpoint."
            ) from error
        raise
    finally:  # without this, the model would go on computing in half precision
        trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    ended = "early" if watch.ended == "finished" and trainer.state.global_step < steps else watch.ended
    tokens = round(sum(row.counted for row in rows) * trainer.state.epoch)
    return Report(
        _losses(trainer.state.log_history), time.perf_counter() - begun, trainer.state.global_step, tokens, ended
    )


def _checkpoint(out: Path, settings: dict) -> str | None:
    """The last whole checkpoint of the same run; None for a new one. Raises a CourseError for another run's folder."""
    note = out / SETTINGS
    if note.is_file():
        if json.loads(note.read_text(encoding="utf-8")) != settings:
            raise CourseError(
                f"The folder {out.name!r} holds a run with other settings: choose another, or delete it to begin anew."
            )
        return transformers.trainer_utils.get_last_checkpoint(str(out))
    out.mkdir(parents=True, exist_ok=True)
    paths.write_text(note, json.dumps(settings))
    return None


def _losses(history: Sequence[dict]) -> pd.DataFrame:
    """Trainer's log as a table, a row for each step at which something was logged."""
    rows: dict[int, dict] = {}
    for entry in history:
        measured = {
            name: entry[key] for key, name in (("loss", "loss"), ("eval_loss", "held_out_loss")) if key in entry
        }
        if measured:
            rows.setdefault(entry["step"], {"step": entry["step"], "epoch": entry["epoch"]}).update(measured)
    return pd.DataFrame(list(rows.values()), columns=["step", "epoch", "loss", "held_out_loss"])


def mean_loss(
    model: torch.nn.Module, tokenizer, records: Sequence[dict], *, batch: int = 8, max_tokens: int = 1024
) -> float:
    """The mean cross-entropy, in nats, over all of the assistant's tokens of some records."""
    rows = [chatdata.encode(record, tokenizer, max_tokens) for record in records]
    if not rows:
        raise CourseError("There are no records whose loss could be measured.")
    device, total, count = next(model.parameters()).device, 0.0, 0
    model.eval()
    with torch.inference_mode():
        for at in range(0, len(rows), batch):
            tensors = {
                name: tensor.to(device)
                for name, tensor in collate(rows[at : at + batch], tokenizer.pad_token_id).items()
            }
            labels = tensors.pop("labels")[:, 1:].flatten()
            logits = model(**tensors).logits[:, :-1].flatten(0, 1).float()
            total += torch.nn.functional.cross_entropy(
                logits, labels, ignore_index=chatdata.IGNORED, reduction="sum"
            ).item()
            count += int((labels != chatdata.IGNORED).sum())
    return total / count


def save_adapter(model: PeftModel, folder: str | Path, note: dict | None = None) -> Path:
    """Save the small matrices alone, with a note of how they were made (`made.json`), whole or not at all."""
    folder = Path(folder)
    with _new_folder(folder) as fresh:
        model.save_pretrained(fresh)
        if note is not None:
            (fresh / "made.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return folder


def load_adapter(
    folder: str | Path, base: str | Path | None = None
) -> tuple[PeftModel, transformers.PreTrainedTokenizerBase]:
    """A base model (course-lm when left out) with an adapter on it, and the tokenizer."""
    model, tokenizer = open_model(base)
    if not (Path(folder) / "adapter_config.json").is_file():
        raise CourseError(f"The folder {Path(folder).name!r} holds no adapter: train one, or check its name.")
    try:
        return PeftModel.from_pretrained(model, str(folder)), tokenizer
    except (OSError, ValueError, RuntimeError) as error:
        raise CourseError(
            f"The adapter {Path(folder).name!r} does not fit to this model: {str(error).splitlines()[0]}"
        ) from error


def merge(model: PeftModel, tokenizer, folder: str | Path) -> Path:
    """Add the matrices to the weights and save an ordinary model, which every server can load. The model given is used up.

    Returns:
        The folder.
    """
    folder = Path(folder)
    merged = model.merge_and_unload()
    with _new_folder(folder) as fresh:
        merged.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
    return folder


class _new_folder:  # noqa: N801  (used as a function)
    """A folder that takes the place of another once it is whole. A full disk gives one sentence, and leaves the old one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> Path:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder.parent))
        return self.fresh

    def __exit__(self, kind, error, trace) -> None:
        if error is None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.fresh.rename(self.folder)
            return
        shutil.rmtree(self.fresh, ignore_errors=True)
        if "No space left" in str(error):
            raise CourseError(
                f"The disk is full: {self.folder.name!r} was not saved, and what was there before stays."
            ) from error
