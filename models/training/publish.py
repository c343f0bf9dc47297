"""Put a run's model where the course looks for it: weights and tokenizer, the log with its plot, and the files' SHA-256.

    python models/training/publish.py run

Write or update the model card, models/course-lm/README.md, by hand afterwards: it says what the figures are.
"""

import argparse
import json
import shutil
from pathlib import Path

import matplotlib
import pandas as pd

matplotlib.use("Agg")

from coursekit import paths, plots
from coursekit.embedding import sha256

KEPT = ("README.md", "figures.json")  # what is written by hand or by evaluate.py
LARGEST = 16_000_000  # bytes of a file


def log_table(log: Path) -> pd.DataFrame:
    """The training log, one row for every 20 steps; empty where a line has no such figure."""
    return pd.DataFrame([json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()])


def plot(table: pd.DataFrame, path: Path) -> None:
    """Loss on training rows and on held-out worlds over the tokens trained on, as a PNG."""
    columns = {"loss": "training rows, told heads included", "held_out_loss": "held-out worlds, words alone"}
    curves = table.set_index(table["tokens"] / 1e6)[list(columns)].rename(columns=columns)
    figure = plots.lines(curves, title="Training course-lm", x_label="million tokens", y_label="weighted loss")
    figure.savefig(path, dpi=110, bbox_inches="tight")


def publish(run: Path, folder: Path) -> None:
    """Copy the model of a run into a folder, and write log, plot and sums."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.name not in KEPT:
            file.unlink()
    for file in sorted((run / "model").iterdir()):
        if file.stat().st_size > LARGEST:
            raise SystemExit(f"{file.name} has {file.stat().st_size:,} bytes, more than {LARGEST:,}.")
        shutil.copyfile(file, folder / file.name)
    shutil.copyfile(run / "log.jsonl", folder / "training-log.jsonl")
    plot(log_table(run / "log.jsonl"), folder / "training.png")
    sums = [f"{sha256(file)}  {file.name}\n" for file in sorted(folder.iterdir()) if file.name not in KEPT]
    paths.write_text(folder / "SHA256SUMS", "".join(sums))


def main() -> None:
    """Publish."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of the run")
    parser.add_argument("--out", type=Path, default=paths.course_root() / "models" / "course-lm")
    options = parser.parse_args()
    publish(options.run, options.out)
    print(f"{options.out.name}: {sum(file.stat().st_size for file in options.out.iterdir()) / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
