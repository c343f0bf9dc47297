"""LoRA with a very small model: what is trained, that it learns, stops, goes on and merges; and what goes wrong in one sentence."""

import errno
import json
import math

import pytest
import torch
from tiny_model import save_model

from coursekit import chatdata, finetuning
from coursekit.errors import CourseError
from coursekit.finetuning import collate, lora, mean_loss, merge, open_model, parameters, train


def chat(question, answer):
    """A record."""
    return {"messages": [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]}


RECORDS = [chat(f"Say {word}", word * 2) for word in ("ab", "cd", "ef", "gh", "ij", "kl", "mn", "op")]
OTHERS = [chat(f"Say {word}", word * 2) for word in ("qr", "st")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture
def opened(folder):
    return open_model(folder)


def logits(model, tokenizer, text="Say ab"):
    """What a model makes of a text."""
    with torch.inference_mode():
        return model.eval()(**tokenizer(text, return_tensors="pt")).logits


def test_only_the_small_matrices_are_trained_and_nothing_changes_at_first(opened):
    model, tokenizer = opened
    before = logits(model, tokenizer)
    linear = [m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "lm_head" not in name]
    wanted = sum(3 * (layer.in_features + layer.out_features) for layer in linear)
    whole = parameters(model)[1]
    model = lora(model, rank=3)
    assert parameters(model) == (wanted, whole + wanted)
    torch.testing.assert_close(logits(model, tokenizer), before)


def test_the_output_is_that_of_the_formula(opened):
    model, _ = opened
    layer = model.model.layers[0].mlp.up_proj
    weight = layer.weight.detach().clone()
    model = lora(model, rank=2, alpha=6, targets=["up_proj"])
    part = model.base_model.model.model.layers[0].mlp.up_proj
    a, b = part.lora_A["default"].weight, part.lora_B["default"].weight
    with torch.no_grad():
        b.normal_()
        x = torch.randn(4, weight.shape[1])
        torch.testing.assert_close(part(x), x @ weight.T + 6 / 2 * (x @ a.T @ b.T), atol=1e-4, rtol=1e-4)


def test_ranks_and_layers_that_do_not_do(opened):
    with pytest.raises(CourseError, match="The rank is 0"):
        lora(opened[0], rank=0)
    with pytest.raises(CourseError, match="No LoRA could be attached"):
        lora(opened[0], targets=["nothing"])


def test_records_are_padded_to_few_lengths():
    batch = collate([chatdata.Encoded([5, 6, 7], [-100, 6, 7]), chatdata.Encoded([8] * 70, [8] * 70)], pad=0)
    assert {name: tensor.shape for name, tensor in batch.items()} == dict.fromkeys(batch, (2, 128))
    assert batch["attention_mask"].sum(1).tolist() == [3, 70]
    assert batch["input_ids"][0, :5].tolist() == [5, 6, 7, 0, 0]
    assert batch["labels"][0, :5].tolist() == [-100, 6, 7, -100, -100]


def test_a_run_learns_and_its_parts_fit_together(opened, tmp_path):
    """Loss falls, an adapter comes back from its folder, a merged model answers alike, and the base stays as it was."""
    model, tokenizer = opened
    before, base = mean_loss(model, tokenizer, RECORDS), logits(model, tokenizer)
    model = lora(model, rank=8)
    report = train(model, tokenizer, RECORDS, OTHERS, out=tmp_path / "run", epochs=10, rate=1e-2, batch=4)
    assert (report.steps, report.ended) == (20, "finished")
    after = mean_loss(model, tokenizer, RECORDS)
    assert after < 0.7 * before
    counted = sum(chatdata.encode(record, tokenizer, 256).counted for record in RECORDS)
    assert report.tokens == 10 * counted
    assert list(report.losses.columns) == ["step", "epoch", "loss", "held_out_loss"]
    assert report.losses["loss"].iloc[-1] < report.losses["loss"].iloc[0]
    assert report.losses["held_out_loss"].notna().all()
    assert report.losses["step"].tolist() == [3, 6, 9, 12, 15, 18, 20]
    assert report.best == report.losses["held_out_loss"].min()

    tuned = logits(model, tokenizer)
    finetuning.save_adapter(model, tmp_path / "adapter", {"command": "x"})
    assert json.loads((tmp_path / "adapter" / "made.json").read_text()) == {"command": "x"}
    again, _ = finetuning.load_adapter(tmp_path / "adapter", opened[0].name_or_path)
    torch.testing.assert_close(logits(again, tokenizer), tuned)
    merge(model, tokenizer, tmp_path / "merged")
    merged, its_tokenizer = open_model(tmp_path / "merged")
    torch.testing.assert_close(logits(merged, its_tokenizer), tuned, atol=1e-4, rtol=1e-4)
    assert (logits(merged, tokenizer) - base).abs().max() > 0.1
    assert its_tokenizer.chat_template == tokenizer.chat_template


def test_a_killed_run_goes_on_and_ends_as_an_unbroken_one(folder, tmp_path):
    class KilledError(Exception):
        """Stands for a kill between two steps."""

    def run(out, killed_after=None):
        model, tokenizer = open_model(folder)
        model = lora(model, rank=4)
        if killed_after:
            steps = iter(range(killed_after))
            original = model.forward

            def forward(*args, **kwargs):
                if next(steps, None) is None:
                    raise KilledError
                return original(*args, **kwargs)

            model.forward = forward
        settings = {"epochs": 6, "rate": 5e-3, "batch": 2, "looks": 6}
        return train(model, tokenizer, RECORDS, out=out, **settings), model, tokenizer

    with pytest.raises(KilledError):
        run(tmp_path / "a", killed_after=15)
    assert (tmp_path / "a" / "checkpoint-12").is_dir()
    gone_on, model, tokenizer = run(tmp_path / "a")
    whole, other, _ = run(tmp_path / "b")
    assert gone_on.steps == whole.steps == 24
    torch.testing.assert_close(logits(model, tokenizer), logits(other, tokenizer), atol=2e-2, rtol=2e-2)
    again, _, _ = run(tmp_path / "a")
    assert again.losses.equals(gone_on.losses), "a run that has ended is not run again"


def test_another_runs_folder_is_refused(opened, tmp_path):
    model, tokenizer = opened
    model = lora(model, rank=2)
    train(model, tokenizer, RECORDS, out=tmp_path / "run", epochs=1, batch=4)
    with pytest.raises(CourseError, match="'run' holds a run with other settings"):
        train(model, tokenizer, RECORDS[:4], out=tmp_path / "run", epochs=1, batch=4)


def test_it_stops_early_and_takes_the_best_weights_back(opened, tmp_path):
    """What is learnt by heart hurts on records that contradict it."""
    model, tokenizer = opened
    model = lora(model, rank=8)
    contrary = [chat(f"Say {word}", "zz!") for word in ("ab", "cd", "ef")]
    report = train(
        model, tokenizer, RECORDS, contrary, out=tmp_path / "run", epochs=20, rate=2e-2, batch=4, looks=20, patience=2
    )
    assert report.ended == "early"
    assert report.steps < 40
    assert mean_loss(model, tokenizer, contrary) == pytest.approx(report.best, rel=0.05)


def test_it_stops_when_the_time_is_up(opened, tmp_path):
    model, tokenizer = opened
    report = train(lora(model), tokenizer, RECORDS, out=tmp_path / "run", epochs=500, batch=4, max_seconds=0.5)
    assert report.ended == "time"
    assert report.steps < 1000


@pytest.mark.parametrize(
    ("records", "settings", "words"),
    [
        ([], {}, "There are no records"),
        (RECORDS, {"patience": 1}, "needs held-out records"),
        (RECORDS, {"max_tokens": 5}, "cutting it would cut the answer"),
        (RECORDS, {"rate": 1e30, "epochs": 20, "looks": 40}, "no number any more"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_sentence(opened, tmp_path, records, settings, words):
    model, tokenizer = opened
    with pytest.raises(CourseError, match=words):
        train(lora(model), tokenizer, records, out=tmp_path / "run", batch=4, **settings)


def test_an_all_zero_mask_is_refused(opened, tmp_path):
    model, tokenizer = opened
    tokenizer.chat_template = "{% for message in messages %}{{ message['content'] }}{% endfor %}"
    with pytest.raises(CourseError, match="nothing to learn"):
        train(lora(model), tokenizer, RECORDS, out=tmp_path / "run")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("I/O error: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_said_in_one_sentence(opened, tmp_path, monkeypatch, error):
    def full(*args, **kwargs):
        raise error

    model, tokenizer = opened
    model = lora(model)
    monkeypatch.setattr(type(model), "save_pretrained", full)
    with pytest.raises(CourseError, match="The disk is full: free some space and run the cell again"):
        train(model, tokenizer, RECORDS, out=tmp_path / "run", epochs=1, batch=4)
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "old").write_text("x")
    with pytest.raises(CourseError, match="'adapter' was not saved"):
        finetuning.save_adapter(model, tmp_path / "adapter")
    assert [path.name for path in (tmp_path / "adapter").iterdir()] == ["old"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter", "run"], "nothing half-written stays"


def test_folders_that_are_no_adapter_or_of_another_model(folder, opened, tmp_path):
    with pytest.raises(CourseError, match="holds no adapter"):
        finetuning.load_adapter(tmp_path, folder)
    finetuning.save_adapter(lora(opened[0]), tmp_path / "adapter")
    with pytest.raises(CourseError, match="does not fit"):
        finetuning.load_adapter(tmp_path / "adapter")  # made for the tiny model, not for course-lm


def test_the_mean_loss_is_over_tokens_and_not_over_batches(opened):
    model, tokenizer = opened
    records = [chat("a", "b"), chat("a", "bcdefghij" * 3), chat("a b c", "d")]
    one, three = (mean_loss(model, tokenizer, records, batch=size) for size in (1, 3))
    assert one == pytest.approx(three, rel=1e-4)
    parts = [
        (mean_loss(model, tokenizer, [record]), chatdata.encode(record, tokenizer, 256).counted) for record in records
    ]
    assert one == pytest.approx(sum(loss * count for loss, count in parts) / sum(count for _, count in parts), rel=1e-4)
    assert math.isfinite(one)
    with pytest.raises(CourseError, match="no records"):
        mean_loss(model, tokenizer, [])
