"""Models: the base model, and what was tuned from it."""

import dataclasses
import shutil
from collections.abc import Sequence
from pathlib import Path

from data import data
from parts import WORK, Parts, base_digest, digest

from coursekit import finetuning, house_style, serving
from coursekit.errors import CourseError

SEEN = 1000  # records that a run reads, repetitions counted
MOST_EPOCHS = 16  # of a small set
STYLE = {"rank": 8, "rate": 2e-3, "batch": 4, "looks": 8, "patience": 3, "seed": 0}


@dataclasses.dataclass(frozen=True)
class Model:
    """course-lm (`tuned` is None), or a tuned model: its key, its folder, and what its training reported."""

    key: str
    folder: Path | None = None
    tuned: dict | None = None
    settings: dict | None = None

    def connect(self) -> serving.Connection:
        """A connection; a tuned model is merged first, if it is not yet."""
        if self.folder is None:
            return serving.connect(serving.COURSE_LM)
        return serving.connect(self.merged())

    def merged(self) -> Path:
        """The folder of the merged model."""
        folder = self.folder / "merged"
        if not folder.is_dir():
            finetuning.merge(*finetuning.load_adapter(self.folder / "adapter", serving.COURSE_LM), folder)
        return folder

    def open(self):
        """Model and tokenizer in this process."""
        return finetuning.open_model(self.merged() if self.folder else serving.COURSE_LM)


BASE = Model("base")


def tune(
    parts: Parts, name: str, records: Sequence[dict], held_out: Sequence[dict], *, epochs: float, rank: int, **rest
) -> Model:
    """A tuned model. The same name, records and settings give the one that was trained before."""
    settings = {
        "base": base_digest(), "records": len(records), "data": digest(list(records)), "held_out": digest(list(held_out)),
        "epochs": epochs, "rank": rank, "alpha": 2 * rank, **rest,
    }  # fmt: skip
    folder = WORK / f"{name}-{digest(settings)}"

    def make() -> dict:
        if parts.force:
            shutil.rmtree(folder, ignore_errors=True)
        model, tokenizer = finetuning.open_model(serving.COURSE_LM)
        model = finetuning.lora(model, rank=rank, seed=rest["seed"])
        trained, _ = finetuning.parameters(model)
        report = finetuning.train(model, tokenizer, records, held_out, out=folder / "run", epochs=epochs, **rest)
        loss = finetuning.mean_loss(model, tokenizer, held_out)
        finetuning.save_adapter(model, folder / "adapter")
        shutil.rmtree(folder / "run", ignore_errors=True)
        shutil.rmtree(folder / "merged", ignore_errors=True)
        curve = report.losses.astype(object).where(report.losses.notna(), None).to_dict("records")
        return {
            "trained": trained, "steps": report.steps, "tokens": report.tokens, "ended": report.ended,
            "seconds": round(report.seconds, 1), "held_out_loss": loss, "losses": curve,
        }  # fmt: skip

    value = parts.get(f"train-{name}", settings, make)
    if not (folder / "adapter").is_dir():
        raise CourseError(f"The adapter of {name!r} is gone from the cache: run again with --force.")
    return Model(folder.name, folder, value, settings)


def epochs_for(count: int) -> float:
    """How often a run on some records reads each of them."""
    return round(min(MOST_EPOCHS, SEEN / count), 2)


def style_model(parts: Parts, size: int | None = None, *, rank: int = STYLE["rank"], seed: int = 0) -> Model:
    """Tuned on replies with sources: on a number of them, or on all."""
    chosen = house_style.draw(data()["learn"], size or len(data()["learn"]))
    held = house_style.records("style", data()["watched"])
    rest = {**STYLE, "rank": rank, "seed": seed, "epochs": epochs_for(len(chosen))}
    return tune(parts, f"style-{len(chosen)}-r{rank}-s{seed}", house_style.records("style", chosen), held, **rest)


def without_model(parts: Parts) -> Model:
    """Tuned on the same replies, as often, without sources."""
    name = "style-without-sources"
    learn, held = (house_style.records(name, data()[side]) for side in ("learn", "watched"))
    return tune(parts, name, learn, held, **STYLE, epochs=epochs_for(len(learn)))
