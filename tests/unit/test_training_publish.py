"""Publishing a run: all files, none too large, with their sums; what was written by hand stays."""

import json
import sys
from pathlib import Path

import pytest

from coursekit.embedding import sha256

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import publish  # noqa: E402


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "model" / "model.safetensors").write_bytes(b"\0" * 1000)
    lines = [{"step": 20 * at, "tokens": 80_000 * at, "loss": 3 / at} for at in range(1, 30)]
    for line in lines[9::10]:
        line["held_out_loss"] = line["loss"] + 0.5
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder


def test_everything_is_there_with_its_sum_and_the_card_stays(run, tmp_path):
    out = tmp_path / "model"
    out.mkdir()
    (out / "README.md").write_text("The card.")
    (out / "model-00002-of-00002.safetensors").write_bytes(b"old")
    publish.publish(run, out)
    names = {file.name for file in out.iterdir()}
    assert names == {
        "README.md", "SHA256SUMS", "config.json", "model.safetensors", "training-log.jsonl", "training.png",
    }  # fmt: skip
    assert (out / "README.md").read_text() == "The card."
    sums = dict(reversed(line.split("  ")) for line in (out / "SHA256SUMS").read_text().splitlines())
    assert set(sums) == names - {"README.md", "SHA256SUMS"}
    assert all(sha256(out / name) == digest for name, digest in sums.items())
    assert (out / "training.png").read_bytes().startswith(b"\x89PNG")


def test_a_file_that_is_too_large_is_refused(run, tmp_path):
    with open(run / "model" / "model.safetensors", "wb") as file:
        file.truncate(publish.LARGEST + 1)
    with pytest.raises(SystemExit, match=r"model\.safetensors has 16,000,001 bytes, more than 16,000,000"):
        publish.publish(run, tmp_path / "model")
