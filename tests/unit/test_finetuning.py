"""LoRA with a very small model: what is trained, that it learns, stops, goes on and merges; and what goes wrong in one sentence."""

import errno
import io
import json
import math
import shutil

import pytest
import torch
from tiny_model import save_model, save_qwen
from tqdm import tqdm
from transformers import EarlyStoppingCallback, TrainerControl, TrainerState, TrainingArguments

from coursekit import chat_models, chatdata, finetuning, serving
from coursekit.device import Hardware
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


def test_the_formulas_are_those_of_peft(opened):
    """A layer with its pair, the one matrix that it merges to, and the count of what is trained."""
    model, _ = opened
    linear = [m for name, m in model.named_modules() if isinstance(m, torch.nn.Linear) and "lm_head" not in name]
    shapes = [tuple(layer.weight.shape) for layer in linear]
    model = lora(model, rank=3, alpha=12)
    assert parameters(model)[0] == finetuning.lora_parameters(shapes, 3)
    part = model.base_model.model.model.layers[1].self_attn.q_proj
    a, b = part.lora_A["default"].weight, part.lora_B["default"].weight
    with torch.no_grad():
        b.normal_()
        weight, x = part.base_layer.weight.clone(), torch.randn(2, 5, a.shape[1])
        torch.testing.assert_close(part(x), finetuning.lora_forward(x, weight, a, b, 12), atol=1e-4, rtol=1e-4)
        part.merge()
        torch.testing.assert_close(
            part.base_layer.weight, finetuning.merged_weight(weight, a, b, 12), atol=1e-5, rtol=1e-5
        )


def test_formulas_by_hand():
    x, weight = torch.tensor([[1.0, 2.0]]), torch.eye(2)
    a, b = torch.tensor([[1.0, 1.0]]), torch.tensor([[0.0], [2.0]])
    assert finetuning.lora_forward(x, weight, a, b, 3).tolist() == [[1.0, 20.0]]
    assert finetuning.merged_weight(weight, a, b, 3).tolist() == [[1.0, 0.0], [6.0, 7.0]]
    assert weight.equal(torch.eye(2)), "W keeps its numbers"
    assert finetuning.lora_parameters([(4, 6), (4, 6), (5, 5)], 2) == 2 * (10 + 10 + 10)
    assert finetuning.lora_parameters([], 8) == 0


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_early_stopping_ends_where_trainers_does(patience, tmp_path):
    generator = torch.Generator().manual_seed(0)
    arguments = TrainingArguments(
        output_dir=str(tmp_path), eval_strategy="steps", load_best_model_at_end=True, metric_for_best_model="loss",
        greater_is_better=False, save_strategy="steps", report_to=[], use_cpu=True,
    )  # fmt: skip
    for _ in range(30):
        losses = torch.randint(1, 6, (8,), generator=generator).tolist()
        callback, state, control = EarlyStoppingCallback(patience), TrainerState(), TrainerControl()
        for look, loss in enumerate(losses):
            callback.on_evaluate(arguments, state, control, metrics={"eval_loss": loss})
            if state.best_metric is None or loss < state.best_metric:
                state.best_metric, best = loss, look
            if control.should_training_stop:
                break
        assert finetuning.early_stop(losses, patience) == (best, look), losses


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


SETTINGS = {"epochs": 1, "batch": 4}


def test_another_runs_folder_is_refused(folder, tmp_path):
    """Other settings, other words of the same length, another base model: none is the same run."""

    def run(records=RECORDS, held_out=(), where=folder, **changed):
        model, tokenizer = open_model(where)
        model = lora(model, rank=changed.pop("rank", 2), alpha=changed.pop("alpha", 4))
        return train(model, tokenizer, records, held_out, out=tmp_path / "run", **SETTINGS | changed)

    first = run()
    assert run().seconds == first.seconds, "the same run"
    for changed in (
        {"records": RECORDS[:4]},
        {"records": [chat("Say ab", "ba" * 2), *RECORDS[1:]]},
        {"held_out": OTHERS},
        {"rank": 3},
        {"alpha": 8},
        {"rate": 1e-3},
        {"where": save_model(tmp_path / "other", seed=1)},
    ):
        with pytest.raises(CourseError, match="'run' holds a run with other settings"):
            run(**changed)


def test_a_merged_model_is_another_base(opened, tmp_path):
    """Its embeddings are those of the base, so they alone would not tell."""
    model, tokenizer = opened
    model = lora(model, rank=2)
    train(model, tokenizer, RECORDS, out=tmp_path / "run", rate=1e-2, **SETTINGS)
    merged = lora(open_model(merge(model, tokenizer, tmp_path / "merged"))[0], rank=2)
    with pytest.raises(CourseError, match="other settings"):
        train(merged, tokenizer, RECORDS, out=tmp_path / "run", rate=1e-2, **SETTINGS)


def test_it_stops_early_and_takes_the_best_weights_back(folder, tmp_path):
    """What is learnt by heart hurts on records that contradict it. Called again, the run that has ended is there as it was."""
    contrary = [chat(f"Say {word}", "zz!") for word in ("ab", "cd", "ef")]

    def run():
        model, tokenizer = open_model(folder)
        model = lora(model, rank=8)
        settings = {"epochs": 20, "rate": 2e-2, "batch": 4, "looks": 20, "patience": 2}
        return train(model, tokenizer, RECORDS, contrary, out=tmp_path / "run", **settings), model, tokenizer

    report, model, tokenizer = run()
    assert report.ended == "early"
    assert report.steps < 40
    assert mean_loss(model, tokenizer, contrary) == pytest.approx(report.best, rel=0.05)
    best, last = finetuning.early_stop(list(report.losses["held_out_loss"]), 2)
    assert last == len(report.losses) - 1
    assert report.losses["held_out_loss"][best] == report.best

    again, other, _ = run()
    assert again.losses.equals(report.losses)
    assert (again.seconds, again.steps, again.tokens, again.ended) == (
        report.seconds, report.steps, report.tokens, "early",
    )  # fmt: skip
    torch.testing.assert_close(logits(other, tokenizer), logits(model, tokenizer))


def test_it_stops_when_the_time_is_up_and_goes_on_when_it_has_more(folder, tmp_path):
    def run(seconds):
        model, tokenizer = open_model(folder)
        model, settings = lora(model), {"epochs": 10, "batch": 4, "rate": 1e-2, "max_seconds": seconds}
        return train(model, tokenizer, RECORDS, OTHERS, out=tmp_path / "run", **settings), logits(model, tokenizer)

    report, said = run(0.001)
    assert (report.ended, report.steps) == ("time", 1)
    assert report.losses["step"].tolist() == [1]
    assert report.losses.notna().all(axis=None)
    again, said_again = run(0.001)
    assert again.losses.equals(report.losses)
    assert (again.seconds, again.steps, again.tokens, again.ended) == (report.seconds, 1, report.tokens, "time")
    torch.testing.assert_close(said_again, said)
    more, said_then = run(None)
    assert (more.ended, more.steps) == ("finished", 20)
    assert more.seconds > report.seconds
    assert more.losses["step"].tolist() == [1, 3, 6, 9, 12, 15, 18, 20], "it went on from step 1"
    assert (said_then - said).abs().max() > 0.1
    assert run(0.001)[0].seconds == more.seconds, "what is finished needs no time any more"


def test_a_folder_whose_files_are_damaged(folder, tmp_path):
    def run():
        model, tokenizer = open_model(folder)
        return train(lora(model), tokenizer, RECORDS, out=tmp_path / "run", **SETTINGS)

    run()
    for name in ("last.safetensors", "ended.json", "settings.json"):
        whole = (tmp_path / "run" / name).read_bytes()
        (tmp_path / "run" / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(CourseError, match="'run' holds a run whose files are damaged: delete it to begin anew"):
            run()
        (tmp_path / "run" / name).write_bytes(whole)
    run()


def test_a_checkpoint_that_a_kill_left_half_written_is_passed_over(folder, tmp_path):
    """It lacks its state, or half of it: what is whole before it counts."""

    def run():
        model, tokenizer = open_model(folder)
        return train(lora(model), tokenizer, RECORDS, out=tmp_path / "run", epochs=3, batch=4, looks=6)

    run()
    for name in ("ended.json", "last.safetensors"):  # as if it had been killed at its end
        (tmp_path / "run" / name).unlink()
    state = tmp_path / "run" / "checkpoint-6" / "trainer_state.json"
    state.write_bytes(state.read_bytes()[:40])
    (tmp_path / "run" / "checkpoint-7").mkdir()
    assert (run().steps, run().ended) == (6, "finished")
    for checkpoint in (tmp_path / "run").glob("checkpoint-*"):
        shutil.rmtree(checkpoint)
    (tmp_path / "run" / "ended.json").unlink()
    (tmp_path / "run" / "checkpoint-2").mkdir()
    assert run().steps == 6, "nothing whole is left, so it begins anew"


def test_parts_of_a_batch_add_up_to_the_same_step(folder, tmp_path, monkeypatch):
    """A card with little memory reads a batch in parts: the weights are those of a batch read at once."""
    said = {}
    for at_once in (8, 2):
        found = Hardware("cpu", bf16=False, fp16=False, at_once=at_once)
        monkeypatch.setattr(finetuning, "hardware", lambda found=found: found)
        model, tokenizer = open_model(folder)
        model = lora(model)
        report = train(model, tokenizer, RECORDS, out=tmp_path / str(at_once), epochs=3, batch=8, rate=1e-2)
        assert report.steps == 3
        said[at_once] = logits(model, tokenizer)
    torch.testing.assert_close(said[2], said[8], atol=1e-3, rtol=1e-3)


def test_nothing_is_printed_beside_a_bar_of_one_line(folder, tmp_path, capfd, monkeypatch):
    """A notebook shows what is printed: loading and training say nothing, and the bar, where there is one, stays on its line."""
    model, tokenizer = open_model(folder)
    train(lora(model), tokenizer, RECORDS, OTHERS, out=tmp_path / "a", epochs=2, batch=4)
    assert capfd.readouterr() == ("", "")
    stream = io.StringIO()
    monkeypatch.setattr(
        finetuning,
        "progress_bar",
        lambda total, what: tqdm(total=total, desc=what, file=stream, leave=False, mininterval=0),
    )
    model, tokenizer = open_model(folder)
    train(lora(model), tokenizer, RECORDS, OTHERS, out=tmp_path / "b", epochs=2, batch=4)
    assert capfd.readouterr() == ("", "")
    assert "training: 100%" in stream.getvalue()
    assert "4/4" in stream.getvalue()
    assert "\n" not in stream.getvalue()


def test_a_model_of_the_hubs_form_learns_its_turns(tmp_path):
    """The Qwen2 architecture with a template that marks nothing."""
    model, tokenizer = open_model(save_qwen(tmp_path / "qwen"))
    before = mean_loss(model, tokenizer, RECORDS)
    model = lora(model)
    report = train(model, tokenizer, RECORDS, out=tmp_path / "run", epochs=5, batch=4, rate=1e-2)
    assert report.tokens == 5 * sum(len(f"{word}{word}") + 1 for word in ("ab",) * len(RECORDS))
    assert mean_loss(model, tokenizer, RECORDS) < before
    folder = merge(model, tokenizer, tmp_path / "merged")
    chat_models.check_folder(folder)


def test_course_model_names_the_model_as_for_serving(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", str(folder))
    model, _ = open_model()
    assert model.config.hidden_size == 64
    finetuning.save_adapter(lora(model), tmp_path / "adapter")
    assert finetuning.load_adapter(tmp_path / "adapter")[0].config.hidden_size == 64
    assert open_model(serving.COURSE_LM)[0].config.hidden_size > 64, "a name that is given comes first"
    monkeypatch.setenv("COURSE_MODEL", str(tmp_path / "nothing"))
    with pytest.raises(CourseError, match="The model folder 'nothing' does not exist"):
        open_model()


def test_an_adapter_says_nothing_of_the_machine(opened, tmp_path):
    model, _ = opened
    folder = finetuning.save_adapter(lora(model), tmp_path / "adapter")
    assert sorted(path.name for path in folder.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    config = json.loads((folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "model", "the last part of a folder elsewhere"
    assert config["target_modules"] == sorted(config["target_modules"])
    assert str(tmp_path.parent) not in (folder / "adapter_config.json").read_text()


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("Qwen/Qwen2.5-0.5B-Instruct", "Qwen/Qwen2.5-0.5B-Instruct"),
        (str(serving.COURSE_LM), "models/course-lm"),
        ("/somewhere/else/model", "model"),
    ],
)
def test_how_an_adapter_names_its_base(opened, tmp_path, where, name):
    model, _ = opened
    model.name_or_path = where
    folder = finetuning.save_adapter(lora(model), tmp_path / "adapter")
    assert json.loads((folder / "adapter_config.json").read_text())["base_model_name_or_path"] == name


def test_merging_the_same_again_leaves_the_folder_and_its_times(folder, tmp_path):
    """Answers are kept by the times of a model's files: the same model is not asked all over again."""

    def merged(seed):
        model, tokenizer = open_model(folder)
        model = lora(model)
        torch.manual_seed(seed)
        with torch.no_grad():
            model.base_model.model.model.layers[0].mlp.up_proj.lora_B["default"].weight.normal_()
        return chat_models.signature(merge(model, tokenizer, tmp_path / "merged"))

    first = merged(0)
    assert merged(0) == first
    assert merged(1) != first


@pytest.mark.parametrize(
    ("records", "settings", "words"),
    [
        ([], {}, "There are no records"),
        (RECORDS, {"patience": 1}, "needs held-out records"),
        (RECORDS, {"max_tokens": 5}, "cutting it would cut the answer"),
        (RECORDS, {"rate": 1e30, "epochs": 20, "looks": 40}, "no number any more"),
        (RECORDS, {"epochs": 0}, "epochs=0, batch=4, looks=6 make no run"),
        (RECORDS, {"batch": 0}, "batch=0"),
        (RECORDS, {"looks": 0}, "looks=0"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_sentence(opened, tmp_path, records, settings, words):
    model, tokenizer = opened
    with pytest.raises(CourseError, match=words):
        train(lora(model), tokenizer, records, out=tmp_path / "run", **{"batch": 4} | settings)


def test_an_all_zero_mask_is_refused(opened, tmp_path):
    model, tokenizer = opened
    tokenizer.chat_template = "{{ messages | length }}{% for message in messages %}{{ message['content'] }}{% endfor %}"
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


def test_weights_that_are_damaged(folder, opened, tmp_path):
    adapter = finetuning.save_adapter(lora(opened[0]), tmp_path / "adapter")
    whole = shutil.copytree(folder, tmp_path / "whole")
    for path in (adapter / "adapter_model.safetensors", whole / "model.safetensors"):
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CourseError, match="The adapter 'adapter' is damaged or does not fit"):
        finetuning.load_adapter(adapter, folder)
    with pytest.raises(CourseError, match="The model 'whole' cannot be loaded"):
        open_model(whole)


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
