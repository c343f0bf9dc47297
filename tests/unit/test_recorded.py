"""What ships recorded: the runs of lesson 05, and the adapters. Each says where it comes from, and belongs to the model that ships, too."""

import hashlib
import json
import math

import pytest
import torch

from coursekit import finetuning, paths, results, serving

MODELS = paths.course_root() / "models"
RUNS = ("before-after", "data-size", "rank", "facts", "raft", "iteration", "adapters")
ADAPTERS = ("style", "style-without-sources", "tickets", "diagnosis", "facts")


def base_digest():
    """The first characters of the SHA-256 of course-lm's weights."""
    found = hashlib.sha256()
    for path in sorted((MODELS / "course-lm").glob("*.safetensors")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def numbers(value):
    """Every number of a nested value."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from numbers(one)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


@pytest.mark.parametrize("run", RUNS)
def test_a_recording_says_where_it_comes_from(run):
    record = results.load_recorded(f"05-{run}")
    assert record["command"] == f"python tools/record_lesson05 {run}"
    assert record["device"]
    assert len(record["date"].split("-")) == 3
    assert record["settings"]["base"] == base_digest(), "recorded with another course-lm: python tools/record_lesson05"
    assert all(math.isfinite(number) for number in numbers(record["figures"]))
    assert len(results.recorded_table(record)) == len(record["figures"]["rows"]) > 1


@pytest.mark.parametrize("run", RUNS)
def test_an_interval_holds_its_mean(run):
    for row in results.load_recorded(f"05-{run}")["figures"]["rows"]:
        for mean, low, high in (value for value in row.values() if isinstance(value, list)):
            assert 0 <= low <= mean <= high <= 1


@pytest.fixture(scope="module")
def base_logits():
    """What the base model says of a few tokens."""
    model, tokenizer = finetuning.open_model(serving.COURSE_LM)
    ids = tokenizer("How long can I send back a Larkspur soil probe?", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        return ids, model.eval()(ids).logits


@pytest.mark.parametrize("name", ADAPTERS)
def test_an_adapter_fits_to_the_model_and_changes_it(name, base_logits):
    note = json.loads((MODELS / "adapters" / name / "made.json").read_text(encoding="utf-8"))
    assert note["base"]["weights_sha256"] == base_digest(), "made from another course-lm: python tools/record_lesson05"
    assert note["command"] == "python tools/record_lesson05 adapters"
    ids, before = base_logits
    model, _ = finetuning.load_adapter(MODELS / "adapters" / name, serving.COURSE_LM)
    with torch.inference_mode():
        assert (model.eval()(ids).logits - before).abs().max() > 0.5


def test_the_adapters_stay_small_and_name_no_machine():
    files = [path for name in ADAPTERS for path in (MODELS / "adapters" / name).iterdir()]
    assert sum(path.stat().st_size for path in files) <= 15e6
    assert {path.name for path in files} == {"adapter_config.json", "adapter_model.safetensors", "made.json"}
    assert not [path for path in files if path.suffix == ".json" and str(paths.course_root()) in path.read_text()]
