"""The five adapters of models/adapters/, so that lesson 06 starts without lesson 05."""

import json
import shutil

from data import data
from fact_runs import fact_model
from parts import ADAPTERS, COMMAND, WORK, Parts, base_digest
from tuning import STYLE, Model, style_model, tune, without_model

from coursekit import house_style, paths
from coursekit.errors import CourseError

MOST_MB = 15  # all together


def run_adapters(parts: Parts) -> tuple[dict, dict]:
    """The five adapters of models/adapters/, each with `made.json`."""
    models = {"style": style_model(parts), "style-without-sources": without_model(parts)}
    for name, watched, epochs in (("tickets", "watched", 1), ("diagnosis", "faults", 6)):
        learn, held = (house_style.records(name, data()[side]) for side in ("learn", watched))
        models[name] = tune(parts, name, learn, held, **STYLE, epochs=epochs)
    models["facts"] = fact_model(parts, 800)
    rows = []
    for name, model in models.items():
        megabytes = publish(name, model)
        told = {key: model.tuned[key] for key in ("trained", "steps", "ended", "seconds", "held_out_loss")}
        rows.append({"adapter": name, "MB": round(megabytes, 2)} | told)
    whole = sum(row["MB"] for row in rows)
    if whole > MOST_MB:
        raise CourseError(f"The adapters have {whole:.1f} MB and may have {MOST_MB}: take a lower rank for the facts.")
    return {name: model.settings for name, model in models.items()}, {"rows": rows}


def publish(name: str, model: Model) -> float:
    """Copy an adapter to models/adapters/ with a note of how it was made. Returns its MB."""
    folder = ADAPTERS / name
    fresh = ADAPTERS / f".new-{name}"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(model.folder / "adapter", fresh)
    part = next(WORK.glob(f"parts/train-{model.key}.json"))
    kept = json.loads(part.read_text(encoding="utf-8"))
    note = {
        "date": kept["date"], "device": kept["device"], "command": f"{COMMAND} adapters",
        "base": {"name": "course-lm", "weights_sha256": base_digest()}, "settings": kept["settings"],
        "result": {key: value for key, value in kept["value"].items() if key != "losses"},
    }  # fmt: skip
    paths.write_text(fresh / "made.json", json.dumps(note, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
