"""A short run of the real training script: the loss falls, the run goes on where it stopped, and what it saves loads as any model."""

import json
import random
import sys
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

TRAINING = Path(__file__).resolve().parents[2] / "models" / "training"
sys.path.insert(0, str(TRAINING))

import generated  # noqa: E402
import make_tokenizer  # noqa: E402
import mixture  # noqa: E402
import packing  # noqa: E402
import pointing  # noqa: E402
import train  # noqa: E402


def short_tasks(rng, *_, **__):
    """The first stage alone: repeating and looking up, which needs no ranking of the worlds and no prose."""
    return generated.examples(rng, 0)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Train for some seconds, stop, go on."""
    folder = tmp_path_factory.mktemp("run")
    stream = generated.examples(random.Random(0), 0)
    texts = [" ".join((record["user"], record["assistant"])) for record, _ in zip(stream, range(2000))]
    make_tokenizer.train(texts, 1000).save_pretrained(folder / "tokenizer")
    command = ["--out", str(folder), "--tokenizer", str(folder / "tokenizer"), "--size", "smoke",
               "--batch", "4096", "--passes", "1", "--tokens", "409600", "--device", "cpu",
               "--muon", "0.02", "--adam", "0.005"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture, "curriculum", short_tasks)
        patch.setattr(mixture, "validation", short_tasks)
        train.main([*command, "--minutes", "0.1"])
        stopped = log_of(folder)[-1]
        train.main(command)
    return folder, stopped


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def test_the_loss_falls(run):
    folder, _ = run
    lines = log_of(folder)
    assert lines[-1]["loss"] < 0.75 * lines[0]["loss"]
    assert lines[-1]["held_out_loss"] < 0.75 * lines[0]["loss"]


def test_a_stopped_run_goes_on_where_it_was(run):
    folder, stopped = run
    assert 0 < stopped["tokens"] < 409_600, "the first start was meant to stop early"
    tokens = [line["tokens"] for line in log_of(folder)]
    assert tokens == sorted(set(tokens))
    assert tokens[-1] == 409_600
    after = next(line for line in log_of(folder) if line["tokens"] > stopped["tokens"])
    assert after["loss"] < log_of(folder)[0]["loss"], "weights and optimizers came back with the checkpoint"


def test_the_saved_model_is_an_ordinary_one(run):
    folder, _ = run
    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder / "model")
    assert type(model).__name__ == "LlamaForCausalLM"
    chat = [{"role": "user", "content": "Question: How long?"}]
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    assert model.generate(**ids, max_new_tokens=5, do_sample=False).shape[1] > ids["input_ids"].shape[1]
    assert all(file.stat().st_size <= 16_000_000 for file in (folder / "model").iterdir())


def test_records_in_one_row_do_not_read_each_other(run):
    folder, _ = run
    model = AutoModelForCausalLM.from_pretrained(folder / "model", dtype=torch.float32).eval()
    records = [list(range(10, 30)), list(range(40, 70))]
    packer = packing.Packer(64, 0, random.Random(3))
    for ids in records:
        count = len(ids)
        packer.add(packing.Piece(ids, [1.0] * count, [0] * count, list(range(count)), [pointing.NONE] * count))
    batch = train.batch_of(packer.rest())
    with torch.inference_mode():
        packed = model(
            input_ids=batch["tokens"], position_ids=batch["positions"], attention_mask=batch["mask"].float()
        ).logits[0, 20:50]
        positions = batch["positions"][:, 20:50]
        alone = model(input_ids=torch.tensor([records[1]]), position_ids=positions).logits[0]
    torch.testing.assert_close(packed, alone, atol=1e-4, rtol=1e-4)


def test_a_loss_that_is_no_number_stops_the_run(run, tmp_path):
    folder, _ = run
    command = ["--out", str(tmp_path), "--tokenizer", str(folder / "tokenizer"), "--size", "smoke",
               "--batch", "2048", "--passes", "1", "--tokens", "100000", "--device", "cpu", "--adam", "1e30"]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mixture, "curriculum", short_tasks)
        patch.setattr(mixture, "validation", short_tasks)
        with pytest.raises(SystemExit, match="lower --muon and --adam"):
            train.main(command)
