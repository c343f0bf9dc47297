"""LoRA fine-tuning of a small chat model with `peft` and `transformers.Trainer`: attach, train, watch, merge.

Source: E. Hu and others, "LoRA: Low-Rank Adaptation of Large Language Models" (2021), arXiv 2106.09685.
"""

import importlib.util
import json
import math
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import SafetensorError
from tqdm import tqdm
from transformers import AutoModelForCausalLM, AutoTokenizer, EarlyStoppingCallback, Trainer, TrainerCallback

from coursekit import chat_models, chatdata, training_run
from coursekit.device import all_threads, hardware
from coursekit.errors import CourseError
from coursekit.folders import full_disk, new_folder
from coursekit.progress import progress_bar
from coursekit.training_run import Report

# Seen from the course's folder, our datasets/ looks to transformers like the package of that name, which the course does not need.
if (_found := importlib.util.find_spec("datasets")) is not None and _found.origin is None:
    transformers.trainer.is_datasets_available = lambda: False

# peft asks for it by its old name; a learner can do nothing about that.
warnings.filterwarnings("ignore", message="`is_gradient_checkpointing` is deprecated", category=FutureWarning)

PADDED_TO = 64  # tokens: few shapes train faster than many on a CPU
FULL = "The disk is full: free some space and run the cell again; it goes on from the last checkpoint."


def open_model(
    name: str | Path | None = None,
) -> tuple[transformers.PreTrainedModel, transformers.PreTrainedTokenizerBase]:
    """A chat model to train, with 32-bit weights, and its tokenizer.

    Args:
        name: a folder or Hub id; `COURSE_MODEL`, or else course-lm, when left out, as for `serving.connect`.

    Raises:
        CourseError: the model is missing, damaged or not whole.
    """
    chosen = chat_models.resolve(chat_models.named(name))
    where, _, revision = (str(chosen.folder), "", "") if chosen.folder else chosen.name.partition("@")
    which = {"revision": revision} if revision else {}
    transformers.utils.logging.disable_progress_bar()  # a bar would be drawn among a notebook's outputs
    try:
        tokenizer = AutoTokenizer.from_pretrained(where, **which)
        model = AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32, **which)
    except (OSError, ValueError, SafetensorError) as error:
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


def lora_forward(x: torch.Tensor, weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, alpha: float) -> torch.Tensor:
    """A linear layer with LoRA, without bias: `y = W x + alpha / rank * B (A x)` for each row of `x`.

    Args:
        x: (..., in).
        weight: (out, in), frozen.
        a: (rank, in).
        b: (out, rank).
        alpha: how much the pair counts.

    Returns:
        (..., out).
    """
    return x @ weight.T + alpha / a.shape[0] * (x @ a.T @ b.T)


def merged_weight(weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, alpha: float) -> torch.Tensor:
    """The one matrix that gives the same output as a layer with its LoRA pair: `W + alpha / rank * B A`.

    Shapes as for `lora_forward`.
    """
    return weight + alpha / a.shape[0] * (b @ a)


def lora_parameters(shapes: Iterable[tuple[int, int]], rank: int) -> int:
    """How many numbers LoRA trains beside layers of these shapes, each `(out, in)`."""
    return sum(rank * (rows + columns) for rows, columns in shapes)


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


def early_stop(losses: Sequence[float], patience: int) -> tuple[int, int]:
    """Where a run with early stopping ends, as `EarlyStoppingCallback` does it.

    Args:
        losses: the held-out loss at each look, in order; at least one.
        patience: after so many looks in a row without a new lowest loss the run ends.

    Returns:
        The places, from 0, of the best look until then and of the last one. Without an early end, the last one is the last of all.
    """
    best = 0
    for look, loss in enumerate(losses):
        if loss < losses[best]:
            best = look
        elif look - best >= patience:
            return best, look
    return best, len(losses) - 1


class _Watch(TrainerCallback):
    """Stops a run whose loss is no number, or whose time is up; moves the bar."""

    def __init__(self, max_seconds: float | None, bar: tqdm) -> None:
        self.max_seconds, self.bar, self.ended = max_seconds, bar, "finished"

    def on_train_begin(self, args, state, control, **kwargs) -> None:
        """Start the clock."""
        self.begun = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs) -> None:
        """Look at the clock."""
        self.bar.update(state.global_step - self.bar.n)  # a run that goes on begins further to the right
        last = state.global_step >= state.max_steps
        if not last and self.max_seconds is not None and time.perf_counter() - self.begun > self.max_seconds:
            self.ended, control.should_training_stop = "time", True
        if last or control.should_training_stop:  # the end is looked at and saved, too
            control.should_log, control.should_evaluate, control.should_save = True, args.eval_strategy != "no", True

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
    """Train on chat records; the loss counts the assistant's words.

    A run that was killed goes on from its last checkpoint in `out`. A run that has ended there is kept: called again, it gives the same
    report and the model its weights, without training. Only one that ended by time goes on, if it is given more seconds than it took.

    Args:
        model: from `lora`; changed in place.
        tokenizer: with a chat template; `chatdata.encode` says how the assistant's words are found.
        records: what to learn from.
        held_out: records that are only measured, `looks` times.
        out: a folder for this run alone: its settings, its checkpoints, and how it ended.
        epochs: how often each record is seen.
        rate: learning rate at the start, which falls along a straight line to 0.
        batch: records in a step; `hardware` says how many of them are read at once.
        max_tokens: of a record; a longer one is refused, as cutting it would cut the answer.
        looks: how often the loss is logged, the held-out loss measured and a checkpoint saved.
        patience: after so many looks without a lower held-out loss the run ends, and the best weights are taken back.
        max_seconds: after so many seconds of training the run ends.
        seed: decides the order of the records.

    Raises:
        CourseError: there is nothing to learn, a setting makes no run, a record is wrong or too long, the loss is no number, the disk is
            full, or `out` holds a run with other settings.
    """
    _check(records, held_out, epochs, batch, looks, patience)
    rows, looked = ([chatdata.encode(record, tokenizer, max_tokens) for record in part] for part in (records, held_out))
    out, steps = Path(out), max(1, math.ceil(epochs * math.ceil(len(rows) / batch)))
    chosen = {"epochs": epochs, "rate": rate, "batch": batch, "looks": looks, "patience": patience, "seed": seed}
    training_run.begin(out, training_run.describe(model, rows, looked, **chosen))
    before = training_run.ended(out)
    if before is not None and not _may_go_on(before, max_seconds):
        training_run.take_back(model, out)
        model.to(hardware().device)
        return before
    spent = before.seconds if before is not None else 0.0
    arguments = _arguments(out, steps, bool(looked), **chosen)
    with all_threads(), progress_bar(steps, "training") as bar, full_disk(FULL):
        watch = _Watch(None if max_seconds is None else max_seconds - spent, bar)
        callbacks = [watch, *([EarlyStoppingCallback(patience)] if patience is not None else [])]
        trainer = Trainer(
            model=model, args=arguments, train_dataset=rows, eval_dataset=looked or None, callbacks=callbacks,
            data_collator=lambda part: collate(part, tokenizer.pad_token_id),
        )  # fmt: skip
        trainer.remove_callback(transformers.PrinterCallback)  # the report says it all
        begun = time.perf_counter()
        try:
            trainer.train(resume_from_checkpoint=training_run.last_checkpoint(out))
        finally:  # without this, the model would go on computing in half precision
            trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
        state, seconds = trainer.state, spent + time.perf_counter() - begun
        ended = "early" if watch.ended == "finished" and state.global_step < steps else watch.ended
        tokens = round(sum(row.counted for row in rows) * state.epoch)
        report = Report(training_run.losses_of(state.log_history), seconds, state.global_step, tokens, ended)
        training_run.keep(report, model, out)
    return report


def _check(
    records: Sequence[dict], held_out: Sequence[dict], epochs: float, batch: int, looks: int, patience: int | None
) -> None:
    """Raises a CourseError unless there is something to learn from, and the settings make a run."""
    if not records:
        raise CourseError("There are no records: a model cannot learn from nothing.")
    if patience is not None and not held_out:
        raise CourseError("To stop early, a run needs held-out records to look at.")
    if epochs <= 0 or batch < 1 or looks < 1:
        raise CourseError(f"epochs={epochs}, batch={batch}, looks={looks} make no run: each has to be more than 0.")


def _may_go_on(report: Report, max_seconds: float | None) -> bool:
    """Whether a run that has ended did so by time, and has more of it now."""
    return report.ended == "time" and (max_seconds is None or max_seconds > report.seconds)


def _arguments(
    out: Path, steps: int, looked: bool, *, epochs: float, rate: float, batch: int, looks: int, patience: int | None,
    seed: int,
) -> transformers.TrainingArguments:  # fmt: skip
    """What `train` was told, and what the hardware asks for, in Trainer's words."""
    found, every = hardware(), max(1, steps // looks)
    part = found.part_of(batch)
    return transformers.TrainingArguments(
        output_dir=str(out), num_train_epochs=epochs, learning_rate=rate, lr_scheduler_type="linear", weight_decay=0.0,
        per_device_train_batch_size=part, gradient_accumulation_steps=batch // part, per_device_eval_batch_size=part,
        bf16=found.bf16, fp16=found.fp16, use_cpu=found.device == "cpu", dataloader_pin_memory=found.device == "cuda",
        logging_steps=every, logging_nan_inf_filter=False, eval_strategy="steps" if looked else "no", eval_steps=every,
        save_strategy="steps", save_steps=every, save_total_limit=2, load_best_model_at_end=patience is not None,
        metric_for_best_model="loss", greater_is_better=False, seed=seed, data_seed=seed, report_to=[], disable_tqdm=True,
        remove_unused_columns=False, label_names=["labels"],
    )  # fmt: skip


def mean_loss(
    model: torch.nn.Module, tokenizer, records: Sequence[dict], *, batch: int = 8, max_tokens: int = 1024
) -> float:
    """The mean cross-entropy, in nats, over all of the assistant's tokens of some records.

    Raises:
        CourseError: there are no records, or one of them is wrong or too long.
    """
    rows = [chatdata.encode(record, tokenizer, max_tokens) for record in records]
    if not rows:
        raise CourseError("There are no records whose loss could be measured.")
    device, total, count = next(model.parameters()).device, 0.0, 0
    model.eval()
    with torch.inference_mode(), all_threads():
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
    """Save the small matrices alone, with a note of how they were made (`made.json`), whole or not at all. Returns the folder.

    Raises:
        CourseError: the disk is full.
    """
    folder = Path(folder)
    with new_folder(folder) as fresh:
        model.save_pretrained(fresh, save_embedding_layers=False)  # with "auto", peft would ask the Hub about them
        _make_portable(fresh, _base_name(model))
        if note is not None:
            (fresh / "made.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    return folder


def _make_portable(folder: Path, base: str) -> None:
    """Take out of a saved adapter what peft knows of this machine: the base model's path, and a model card made of gaps."""
    (folder / "README.md").unlink(missing_ok=True)
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = base
    if isinstance(config["target_modules"], list):
        config["target_modules"].sort()  # peft keeps them as a set, in another order in each process
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _base_name(model: PeftModel) -> str:
    """How an adapter names its base model: a Hub id, a folder from the course's on, or of a folder elsewhere its last part."""
    where = model.get_base_model().name_or_path
    folder, course = chat_models.find_folder(where), chat_models.base_folder()
    if folder is not None:
        return folder.relative_to(course).as_posix() if folder.is_relative_to(course) else folder.name
    return Path(where).name if Path(where).is_absolute() else where


def load_adapter(
    folder: str | Path, base: str | Path | None = None
) -> tuple[PeftModel, transformers.PreTrainedTokenizerBase]:
    """A base model with an adapter on it, and the tokenizer.

    Args:
        folder: from `save_adapter`.
        base: as for `open_model`: `COURSE_MODEL`, or else course-lm, when left out.

    Raises:
        CourseError: there is no adapter, it is damaged or was made for another model, or the model cannot be loaded.
    """
    if not (Path(folder) / "adapter_config.json").is_file():
        raise CourseError(f"The folder {Path(folder).name!r} holds no adapter: train one, or check its name.")
    model, tokenizer = open_model(base)
    try:
        return PeftModel.from_pretrained(model, str(folder)), tokenizer
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CourseError(
            f"The adapter {Path(folder).name!r} is damaged or does not fit to this model: {str(error).splitlines()[0]}"
        ) from error


def merge(model: PeftModel, tokenizer, folder: str | Path) -> Path:
    """Add the matrices to the weights and save an ordinary model, which every server can load. The model given is used up.

    Returns:
        The folder. One that holds the same model already stays as it is, so that answers kept for it are used again.

    Raises:
        CourseError: the disk is full.
    """
    folder = Path(folder)
    merged = model.merge_and_unload()
    with new_folder(folder) as fresh:
        merged.save_pretrained(fresh)
        tokenizer.save_pretrained(fresh)
    return folder
