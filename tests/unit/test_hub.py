"""Models of the Hub, fetched by `huggingface_hub` itself from a small stand-in for the Hub at the loopback address."""

import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import tiny_model

COMMIT = "0123456789abcdef0123456789abcdef01234567"
NOT_THERE = ("onnx/model.safetensors", "pytorch_model.bin")  # listed, and not to be asked for
ASK = """
import sys
from coursekit import server_state, serving
from coursekit.errors import CourseError
try:
    connection = serving.connect()
    print(connection.model)
    print(serving.complete(connection, [{"role": "user", "content": "Hello"}], max_tokens=12).text)
    print(serving.window(connection.model))
except CourseError as error:
    print("CourseError:", error)
"""


class StandIn(http.server.BaseHTTPRequestHandler):
    """Answers the requests that fetch a model, as the Hub does."""

    def do_GET(self):
        self.server.asked.append((self.command, self.path))
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/org/"):
            name = path.split("/")[4]
            if name == "gated":
                return self.send(403, b"{}", {"X-Error-Code": "GatedRepo"})
            if name != "tiny":
                return self.send(401, b"{}", {"X-Error-Code": "RepoNotFound"})
            names = [*(file.name for file in sorted(self.server.folder.iterdir())), *NOT_THERE]
            if "/tree/" in path:
                tree = [{"type": "file", "path": name, "size": 1, "oid": COMMIT} for name in names]
                return self.send(200, json.dumps(tree).encode())
            files = [{"rfilename": name} for name in names]
            return self.send(200, json.dumps({"id": "org/tiny", "sha": COMMIT, "siblings": files}).encode())
        file = self.server.folder / path.rpartition("/")[2]
        if not path.startswith(f"/org/tiny/resolve/{COMMIT}/") or not file.is_file():
            return self.send(404, b"", {"X-Error-Code": "EntryNotFound"})
        raw = file.read_bytes()
        return self.send(200, raw, {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(raw).hexdigest()}"'})

    do_HEAD = do_GET  # noqa: N815

    def send(self, status, body, headers=None):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    server.folder = tiny_model.save_model(tmp_path_factory.mktemp("hub") / "tiny")
    (server.folder / "README.md").write_text("Not wanted.")
    server.asked = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ask(stand_in, tmp_path):
    """Connect and ask in a process of its own, with a cache of its own; the lines that it prints."""

    def run(model, **settings):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "OPENAI_", "COURSE_"))}
        own = {"HF_HOME": str(tmp_path / "hf"), "COURSEKIT_CACHE": str(tmp_path / "cache"), "COURSE_MODEL": model}
        endpoint = f"http://127.0.0.1:{stand_in.server_port}"
        done = subprocess.run(
            [sys.executable, "-c", ASK], env={**kept, **own, "HF_ENDPOINT": endpoint, **settings},
            capture_output=True, text=True, encoding="utf-8", timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    stand_in.asked.clear()
    return run


def test_a_model_is_fetched_once_and_served_without_a_network(ask, stand_in, tmp_path):
    expected = ["org/tiny", tiny_model.answer(stand_in.folder, "Hello", 12), "256"]
    assert ask("org/tiny") == expected
    fetched = {Path(path).name for command, path in stand_in.asked if command == "GET" and "/resolve/" in path}
    assert {"config.json", "model.safetensors", "tokenizer.json", "chat_template.jinja"} <= fetched
    assert not {"README.md", "pytorch_model.bin"} & fetched
    assert not [path for _, path in stand_in.asked if "onnx" in path]
    stand_in.asked.clear()
    assert ask("org/tiny") == expected
    assert ask("org/tiny", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="1") == expected
    assert stand_in.asked == []
    # A fetch that broke off is taken up again.
    weights = next((tmp_path / "hf").rglob("snapshots/*/model.safetensors"))
    weights.unlink()
    assert ask("org/tiny") == expected


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        ("org/none", {}, "has no model 'org/none' that you may use"),
        ("org/gated", {}, "has no model 'org/gated' that you may use: check its name, and log in if it is gated."),
        ("org/tiny", {"HF_ENDPOINT": "http://127.0.0.1:9"}, "cannot be reached, and 'org/tiny' is not on this machine"),
        ("org/tiny", {"HF_HUB_OFFLINE": "1"}, "cannot be reached, and 'org/tiny' is not on this machine"),
    ],
)
def test_a_model_that_cannot_be_fetched(ask, model, settings, words):
    [said] = ask(model, **settings)
    assert said.startswith("CourseError: The Hugging Face Hub ")
    assert words in said


def test_a_cache_that_cannot_be_written(ask, tmp_path):
    (tmp_path / "file").write_text("x")
    [said] = ask("org/tiny", HF_HOME=str(tmp_path / "file" / "hf"))
    assert said.startswith("CourseError: The model 'org/tiny' could not be saved (")


def test_a_model_that_is_no_chat_model(ask, stand_in):
    template = stand_in.folder / "chat_template.jinja"
    text = template.read_text(encoding="utf-8")
    template.unlink()
    try:
        assert ask("org/tiny") == [
            "CourseError: The model 'org/tiny' has no chat template, so it cannot be asked in turns: choose a chat model."
        ]
    finally:
        template.write_text(text, encoding="utf-8")
