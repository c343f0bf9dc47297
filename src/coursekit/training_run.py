"""The folder of a training run: what the run was made with, its checkpoints and, once it has ended, its report and its weights."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from coursekit import paths
from coursekit.chatdata import Encoded
from coursekit.errors import CourseError

SETTINGS = "settings.json"  # what the run was made with
ENDED = "ended.json"  # the report of a run that has ended
LAST = "last.safetensors"  # the small matrices as they were then
COLUMNS = ("step", "epoch", "loss", "held_out_loss")
LOOKED_AT = 4096  # numbers of each matrix that tell one base model from another: a retrained or merged one differs in nearly all


@dataclasses.dataclass(frozen=True)
class Report:
    """A training run.

    `losses` has a row for each look: `step`, `epoch`, `loss` (the mean since the row before) and `held_out_loss`, both in nats a token, NaN
    where not measured. `seconds` are those of the training; of a run that was killed, those since it was taken up again. `ended` is
    "finished", "early" (the held-out loss rose) or "time". `tokens` are those that the loss counted.
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


def losses_of(history: Sequence[dict]) -> pd.DataFrame:
    """Trainer's log as a table, a row for each step at which something was logged."""
    rows: dict[int, dict] = {}
    for entry in history:
        measured = {
            name: entry[key] for key, name in (("loss", "loss"), ("eval_loss", "held_out_loss")) if key in entry
        }
        if measured:
            rows.setdefault(entry["step"], {"step": entry["step"], "epoch": entry["epoch"]}).update(measured)
    return _table(list(rows.values()))


def _table(rows: object) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"epoch": float, "loss": float, "held_out_loss": float})


def describe(model: PeftModel, records: Sequence[Encoded], held_out: Sequence[Encoded], **chosen) -> dict:
    """What makes a run the same run: the base model, the pairs beside it, the records' words, and what else was chosen.

    Args:
        model: from `finetuning.lora`; the trained numbers themselves do not count, so that a cell can be run twice.
        records: what it learns from.
        held_out: what it is measured on.
        chosen: plain values, such as the learning rate.
    """
    config = model.peft_config["default"]
    pairs = {"rank": config.r, "alpha": config.lora_alpha, "layers": sorted(config.target_modules)}
    return {"model": _digest_of_model(model), "lora": pairs, "records": len(records), "words": _digest_of_records(records),
            "held_out": _digest_of_records(held_out), **chosen}  # fmt: skip


def _digest_of_model(model: torch.nn.Module) -> str:
    """A short hash of the frozen weights: of the name, the shape and the first numbers of each."""
    digest = hashlib.sha256()
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            first = weight.detach().flatten()[:LOOKED_AT].float().cpu().contiguous()
            digest.update(f"{name}\0{tuple(weight.shape)}\0".encode() + first.numpy().tobytes())
    return digest.hexdigest()[:16]


def _digest_of_records(records: Sequence[Encoded]) -> str:
    """A short hash of the tokens and labels of some records, in order."""
    return hashlib.sha256(json.dumps([[row.ids, row.labels] for row in records]).encode()).hexdigest()[:16]


def begin(out: Path, settings: dict) -> None:
    """Make the folder of a new run, or see that the one that is there belongs to the same run.

    Raises:
        CourseError: the folder holds a run with other settings, or its file is damaged, or it cannot be written.
    """
    note = out / SETTINGS
    if not note.is_file():
        paths.write_text(note, json.dumps(settings))
    elif _read(note) != settings:
        raise CourseError(
            f"The folder {out.name!r} holds a run with other settings: choose another, or delete it to begin anew."
        )


def last_checkpoint(out: Path) -> str | None:
    """The folder of the last whole checkpoint; None where there is none.

    A kill or a full disk may have left a later one without `trainer_state.json`, which Trainer writes last, or with half of it.
    """
    found = sorted(out.glob("checkpoint-*"), key=lambda folder: int(folder.name.rpartition("-")[2]))
    return next((str(folder) for folder in reversed(found) if _is_json(folder / "trainer_state.json")), None)


def _is_json(path: Path) -> bool:
    try:
        return isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False


def _read(path: Path) -> dict:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise _damaged(path.parent) from error


def _damaged(out: Path) -> CourseError:
    return CourseError(f"The folder {out.name!r} holds a run whose files are damaged: delete it to begin anew.")


def keep(report: Report, model: PeftModel, out: Path) -> None:
    """Write down that a run has ended, and with which weights. The report comes last: where it is, the weights are whole."""
    # The embeddings are frozen; with "auto", peft might ask the Hub whether they are.
    pairs = get_peft_model_state_dict(model, save_embedding_layers=False)
    weights = {name: tensor.detach().cpu().contiguous() for name, tensor in pairs.items()}
    save_file(weights, out / LAST)
    plain = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    paths.write_text(out / ENDED, json.dumps(plain | {"losses": report.losses.to_dict("list")}))


def ended(out: Path) -> Report | None:
    """The report of a run that has ended in this folder; None where none has.

    Raises:
        CourseError: the file is damaged.
    """
    if not (out / ENDED).is_file():
        return None
    try:
        kept = _read(out / ENDED)
        return Report(**kept | {"losses": _table(kept["losses"])})
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(out) from error


def take_back(model: PeftModel, out: Path) -> None:
    """Give a model the weights with which a run has ended.

    Raises:
        CourseError: the file of the weights is missing or damaged.
    """
    try:
        set_peft_model_state_dict(model, load_file(out / LAST))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise _damaged(out) from error
