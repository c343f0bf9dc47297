"""Which model a name stands for, whether its folder can be served, and how long a prompt is."""

import json
import shutil
from pathlib import Path

import pytest
import tiny_model

from coursekit import chat_models
from coursekit.errors import CourseError


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A whole model, which tests copy before they break it."""
    return tiny_model.save_model(tmp_path_factory.mktemp("saved") / "tiny")


@pytest.fixture
def tiny(saved, tmp_path):
    return Path(shutil.copytree(saved, tmp_path / "tiny"))


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder of the test's own, with a `models` folder, while the working folder is another."""
    (tmp_path / "course" / "datasets" / "handbook").mkdir(parents=True)
    (tmp_path / "course" / "models").mkdir()
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path / "course"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path / "course"


def refused(model, *words):
    """The one sentence by which a model is refused; it names no folder above the model's own."""
    with pytest.raises(CourseError) as caught:
        chat_models.resolve(model)
    said = str(caught.value)
    for word in words:
        assert word in said
    assert said.endswith(".")
    assert not [part for part in ("/tmp", "\\", "pytest-of") if part in said], said
    return said


# Names.


def test_a_folder_elsewhere_keeps_its_whole_path(tiny, course):
    model = chat_models.resolve(tiny)
    assert (model.name, model.folder, model.label) == (str(tiny), tiny, "tiny")
    assert chat_models.resolve(str(tiny)) == model


def test_a_folder_of_the_course_is_named_from_the_course(tiny, course):
    tiny.rename(course / "models" / "mine")
    model = chat_models.resolve("models/mine")
    assert model.name == "models/mine"
    assert model.folder == course / "models" / "mine"
    assert chat_models.resolve(course / "models" / "mine") == model


def test_the_working_folder_comes_first(tiny, course, monkeypatch):
    tiny.rename(course / "mine")
    monkeypatch.chdir(course / "models")
    shutil.copytree(course / "mine", course / "models" / "mine")
    assert chat_models.resolve("mine").name == "models/mine"
    assert chat_models.resolve("../mine").name == "mine"


def test_course_lm_by_its_name_and_by_default(tiny, course):
    tiny.rename(course / "models" / "course-lm")
    assert chat_models.resolve().name == "models/course-lm"
    assert chat_models.resolve("course-lm") == chat_models.resolve(None) == chat_models.resolve("models/course-lm")


def test_course_lm_is_missing(course):
    assert "git checkout -- models" in refused(None, "models/course-lm")
    assert "git checkout -- models" in refused("course-lm", "models/course-lm")


@pytest.mark.parametrize("name", ["gpt2", "Qwen/Qwen2.5-0.5B-Instruct", "a/b.c-d_e", "org/name@v1.0"])
def test_hub_ids(course, name):
    model = chat_models.resolve(name)
    assert (model.name, model.folder, model.label) == (name, None, name)


@pytest.mark.parametrize(
    "name",
    [
        "models/cuorse-lm",
        "./mine",
        "/tmp/none/such",
        "a/b/c",
        "a//b",
        "..",
        Path("mine"),
        "~/none/such",
        "models\\mine",
    ],
)
def test_folders_that_are_not_there(course, name):
    if name == "..":
        refused(name, "no config.json")
    else:
        refused(name, "does not exist")


@pytest.mark.parametrize("name", ["what is this?", "a b/c", "org/name@", "-x/y", "x" * 5000, "a\0b"])
def test_names_of_nothing(course, name):
    with pytest.raises(CourseError, match="neither a folder nor the id of a model"):
        chat_models.resolve(name)


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name(course, name):
    refused(name, "empty")


def test_a_file_is_no_model(tiny, course, monkeypatch):
    monkeypatch.chdir(tiny)
    refused("model.safetensors", "does not exist")


def test_an_at_sign_in_the_path(tiny, course, tmp_path):
    (tmp_path / "me@home").mkdir()
    moved = tiny.rename(tmp_path / "me@home" / "tiny")
    refused(moved, "'tiny'", "@")


def test_an_at_sign_above_the_course_does_no_harm(tiny, tmp_path, monkeypatch):
    (tmp_path / "me@home" / "datasets" / "handbook").mkdir(parents=True)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path / "me@home"))
    moved = tiny.rename(tmp_path / "me@home" / "mine")
    assert chat_models.resolve(moved).name == "mine"


def test_no_course_around(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    assert chat_models.resolve(tiny).folder == tiny
    with pytest.raises(CourseError, match="set COURSE_ROOT"):
        chat_models.resolve()


# Folders.


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "lacks its weights (model.safetensors)"),
        ("tokenizer.json", "has no tokenizer"),
        ("chat_template.jinja", "has no chat template"),
    ],
)
def test_a_file_is_missing(tiny, course, name, words):
    (tiny / name).unlink()
    refused(tiny, words, "'tiny'")


def test_a_template_in_the_tokenizers_settings(tiny, course):
    (tiny / "chat_template.jinja").unlink()
    settings = json.loads((tiny / "tokenizer_config.json").read_text(encoding="utf-8"))
    (tiny / "tokenizer_config.json").write_text(json.dumps({**settings, "chat_template": "x"}), encoding="utf-8")
    assert chat_models.resolve(tiny).folder == tiny


def test_a_part_of_the_weights_is_missing(tiny, course):
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (tiny / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    refused(tiny, "lacks its weights (model-2.safetensors)")


def test_a_config_that_is_no_json(tiny, course):
    (tiny / "config.json").write_text("{", encoding="utf-8")
    refused(tiny, "config.json of the model 'tiny' cannot be read")


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing")  # peft asks for it
def test_an_adapter(tmp_path, course):
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    base = tiny_model.save_model(tmp_path / "base")
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules="all-linear"))
    model.save_pretrained(tmp_path / "adapter")
    refused(tmp_path / "adapter", "'adapter'", "LoRA adapter", "merge_and_unload()")
    merged = model.merge_and_unload()
    merged.save_pretrained(tmp_path / "merged")
    refused(tmp_path / "merged", "save its tokenizer in the same folder")
    tiny_model.save_tokenizer(tmp_path / "merged")
    assert chat_models.resolve(tmp_path / "merged").label == "merged"


def test_a_model_that_is_saved_anew_has_another_signature(tiny):
    before = chat_models.signature(tiny)
    assert before == chat_models.signature(tiny)
    (tiny / "notes.txt").write_text("x")
    assert before == chat_models.signature(tiny)
    tiny_model.save_model(tiny, seed=1)
    assert before != chat_models.signature(tiny)


# Windows and lengths.


def test_the_window(tiny, course):
    assert chat_models.window(str(tiny)) == 256
    config = json.loads((tiny / "config.json").read_text(encoding="utf-8"))
    (tiny / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 100}), encoding="utf-8")
    assert chat_models.window(str(tiny)) == 100
    (tiny / "config.json").write_text(json.dumps({"n_positions": 512}), encoding="utf-8")
    assert chat_models.window(str(tiny)) == 256  # the tokenizer's limit counts too
    (tiny / "tokenizer_config.json").write_text('{"model_max_length": 1e30}', encoding="utf-8")
    assert chat_models.window(str(tiny)) == 512
    (tiny / "config.json").write_text("{}", encoding="utf-8")
    assert chat_models.window(str(tiny)) is None


@pytest.mark.parametrize(
    "name", ["gpt-4.1-mini", "llama3:8b", "no-such-org/no-such-model", "what is this?", "x" * 5000]
)
def test_a_model_elsewhere_has_no_known_window(course, name):
    assert chat_models.window(name) is None
    assert chat_models.count_tokens([{"role": "user", "content": "Hello"}], name) is None


def test_the_length_of_a_prompt(tiny, course):
    messages = [{"role": "system", "content": "abc"}, {"role": "user", "content": "defg"}]
    # One piece for each sign; <|system|> and <|end|>, <|user|> and <|end|>, and <|assistant|> at the end.
    assert chat_models.count_tokens(messages, str(tiny)) == 3 + 4 + 5


def test_a_changed_template_is_read_anew(tiny, course):
    messages = [{"role": "user", "content": "abc"}]
    assert chat_models.count_tokens(messages, str(tiny)) == 6
    (tiny / "chat_template.jinja").write_text("{{ messages[0]['content'] }}", encoding="utf-8")
    assert chat_models.count_tokens(messages, str(tiny)) == 3


def test_many_threads_count_at_once(tiny, course):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as threads:
        lengths = list(
            threads.map(
                lambda n: chat_models.count_tokens([{"role": "user", "content": "x" * n}], str(tiny)), range(64)
            )
        )
    assert lengths == [n + 3 for n in range(64)]


def test_a_template_that_refuses(tiny, course):
    (tiny / "chat_template.jinja").write_text("{{ raise_exception('no system turn, please') }}", encoding="utf-8")
    with pytest.raises(CourseError, match="The chat template or tokenizer of 'tiny' failed"):
        chat_models.count_tokens([{"role": "system", "content": "abc"}], str(tiny))


def test_a_tokenizer_that_is_damaged(tiny, course):
    (tiny / "tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CourseError, match="The chat template or tokenizer of 'tiny' failed"):
        chat_models.count_tokens([{"role": "user", "content": "abc"}], str(tiny))
