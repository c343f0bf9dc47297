"""The course's own server, for real: `transformers serve` with a very small model, started, shared, killed, left and misused."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import openai
import psutil
import pytest
import tiny_model

from coursekit import chat_models, local_model, server, server_state, serving
from coursekit.errors import CourseError

HELLO = [{"role": "user", "content": "Hello"}]
TOKENS = 12


@pytest.fixture(scope="module", autouse=True)
def _nothing_stays():
    """After the tests nothing of the server is left."""
    yield
    processes = (state() or {}).get("processes", [])
    serving.stop()
    assert not [entry for entry in processes if server_state.alive(entry)]


@pytest.fixture(autouse=True)
def _plain(monkeypatch):
    """No setting of the learner's, and a second is enough for a server that hangs."""
    for name in ("COURSE_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(server, "BUSY_LIMIT", 1)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """A tiny model whose weights are stored in half precision, as course-lm's are."""
    return tiny_model.save_model(tmp_path_factory.mktemp("served") / "tiny", dtype="float16")


@pytest.fixture(scope="module")
def expected(tiny):
    """What it answers, computed here."""
    return tiny_model.answer(tiny, "Hello", TOKENS)


@pytest.fixture
def connection(tiny):
    return serving.connect(tiny)


def ask(connection, question="Hello"):
    return serving.complete(connection, [{"role": "user", "content": question}], max_tokens=TOKENS)


def state():
    return server_state.read_state()


def the_server():
    """The process that serves, which is the last one started."""
    return psutil.Process(state()["processes"][-1]["pid"])


def gone(entries, seconds=15.0):
    """Whether processes end within some seconds."""
    deadline = time.monotonic() + seconds
    while any(server_state.alive(entry) for entry in entries) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(server_state.alive(entry) for entry in entries)


def listening(port, seconds=10.0):
    """A socket of another program at a port, as soon as the last thread of a killed process has let go of it."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return socket.create_server((server.HOST, port))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def one_sentence(caught):
    """What an error says: one line, with no path and no name of Python's in it."""
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith((".", "…"))
    assert "/tmp" not in said
    return said


# Asking.


def test_an_answer(connection, tiny, expected):
    reply = ask(connection)
    assert reply.text == expected
    assert reply.prompt_tokens == serving.count_tokens(HELLO, connection.model) == len("Hello") + 3
    assert 0 < reply.completion_tokens <= TOKENS
    assert reply.finish_reason in ("stop", "length")
    assert 0 < reply.seconds < 60
    assert ask(connection).text == expected


def test_the_client_is_openais_own(connection, expected):
    client, model = connection
    assert type(client) is openai.OpenAI
    reply = client.chat.completions.create(model=model, messages=HELLO, max_tokens=TOKENS, temperature=0)
    assert reply.choices[0].message.content.strip() == expected
    chunks = client.chat.completions.create(model=model, messages=HELLO, max_tokens=TOKENS, temperature=0, stream=True)
    streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert streamed.strip() == expected


def test_connecting_again_is_quick_and_the_same(connection, tiny):
    started = time.perf_counter()
    again = serving.connect(str(tiny))
    assert again.client is connection.client
    assert again.model == connection.model
    assert time.perf_counter() - started < 2


def test_by_setting(connection, tiny, monkeypatch):
    monkeypatch.setenv("COURSE_MODEL", str(tiny))
    assert serving.connect() == connection


def test_four_at_once(connection):
    questions = [f"Hello {number}" for number in range(8)]
    one_by_one = [ask(connection, question).text for question in questions]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda question: ask(connection, question).text, questions)) == one_by_one


def test_it_listens_on_the_loopback_address_alone(connection):
    listening = [place.laddr for place in the_server().net_connections("tcp") if place.status == psutil.CONN_LISTEN]
    assert [place.ip for place in listening] == ["127.0.0.1"]
    assert listening[0].port == state()["port"] == connection.client.base_url.port


def test_ctrl_c_does_not_reach_it(connection):
    if sys.platform != "win32":
        assert os.getpgid(the_server().pid) != os.getpgid(0)
    assert psutil.Process().children(recursive=True) == [], "a kernel on Windows takes its children along"


def test_the_course_model_by_default(monkeypatch):
    connection = serving.connect()
    assert connection.model == "models/course-lm"
    reply = serving.complete(
        connection,
        [{"role": "system", "content": "Repeat the text."}, {"role": "user", "content": "red valve, left gate"}],
        max_tokens=20,
    )
    assert reply.text
    assert 0 < reply.completion_tokens <= 20
    assert reply.prompt_tokens > 10


# The window.


def test_a_prompt_that_is_too_long(connection, tiny):
    asked = server.log_path().read_text(encoding="utf-8").count("POST /v1/chat")
    with pytest.raises(CourseError) as caught:
        ask(connection, "x" * 300)
    assert one_sentence(caught) == (
        "The prompt has 303 tokens and the answer may have 12, but 'tiny' reads 256 in all: hand over fewer or shorter sources."
    )
    with pytest.raises(CourseError, match="has 245 tokens"):
        ask(connection, "x" * 242)
    assert server.log_path().read_text(encoding="utf-8").count("POST /v1/chat") == asked
    assert ask(connection, "x" * 241).prompt_tokens == 244


@pytest.mark.parametrize("messages", [[], [{}], ["Hello"], [{"role": "user"}], [{"role": "user", "content": None}]])
def test_messages_that_are_none(connection, messages):
    with pytest.raises(CourseError, match="a role and a text"):
        serving.complete(connection, messages)


def test_no_room_for_an_answer(connection):
    with pytest.raises(CourseError, match="at least one token"):
        serving.complete(connection, HELLO, max_tokens=0)


# Models that fail.


def test_a_model_that_the_server_does_not_know(connection):
    with pytest.raises(CourseError) as caught:
        serving.complete(serving.Connection(connection.client, "no-such-org/no-such-model"), HELLO)
    assert "The model server failed on 'no-such-org/no-such-model': " in one_sentence(caught)


def test_weights_that_are_damaged(connection, tmp_path, expected):
    broken = tiny_model.save_model(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"nonsense" * 100)
    with pytest.raises(CourseError) as caught:
        serving.connect(broken)
    assert one_sentence(caught).startswith("The model 'broken' could not be loaded: ")
    assert ask(connection).text == expected


def test_a_model_that_was_saved_anew(connection, tmp_path):
    mine = tiny_model.save_model(tmp_path / "mine")
    own = serving.connect(mine)
    first = ask(own).text
    assert first == tiny_model.answer(mine, "Hello", TOKENS)
    tiny_model.save_model(mine, seed=7)
    second = tiny_model.answer(mine, "Hello", TOKENS)
    assert second != first
    assert ask(own).text == second
    assert serving.connect(mine) == own


def test_a_hub_id_without_a_network(monkeypatch):
    with pytest.raises(CourseError) as caught:
        serving.connect("no-such-org/no-such-model")
    assert one_sentence(caught) == (
        "The Hugging Face Hub cannot be reached, and 'no-such-org/no-such-model' is not on this machine: check name and network."
    )


# Death.


def test_a_killed_server_is_started_again(connection, expected):
    port = state()["port"]
    the_server().kill()
    assert ask(connection).text == expected
    assert state()["port"] == port, "so that other notebooks find it again"


def test_server_and_watcher_killed(connection, expected):
    for entry in state()["processes"]:
        psutil.Process(entry["pid"]).kill()
    with pytest.raises(openai.APIConnectionError):
        connection.client.chat.completions.create(model=connection.model, messages=HELLO, max_tokens=1)
    assert serving.connect(connection.model) == connection
    reply = connection.client.chat.completions.create(
        model=connection.model, messages=HELLO, max_tokens=TOKENS, temperature=0
    )
    assert reply.choices[0].message.content.strip() == expected


def test_killed_while_four_ask(connection):
    questions = [f"Hello {number}" for number in range(8)]
    answers = [ask(connection, question).text for question in questions]
    the_server().kill()
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda question: ask(connection, question).text, questions)) == answers


def test_a_port_that_was_taken_meanwhile(connection, expected):
    old = state()
    for entry in old["processes"]:
        psutil.Process(entry["pid"]).kill()
    assert gone(old["processes"])
    with listening(old["port"]):
        assert serving.connect(connection.model).client is connection.client
        assert state()["port"] != old["port"]
        assert ask(connection).text == expected


def test_a_server_that_hangs(connection, expected):
    frozen = the_server()
    frozen.suspend()
    connection.client.timeout = openai.Timeout(1.0)
    try:
        with pytest.raises(CourseError, match="gave no answer in 120 s"):
            ask(connection)
    finally:
        connection.client.timeout = local_model.TIMEOUT
    before = state()
    assert serving.connect(connection.model) == connection
    assert state()["token"] != before["token"]
    assert not frozen.is_running()
    assert ask(connection).text == expected


def test_after_stop_a_question_starts_it_again(connection, expected):
    processes = state()["processes"]
    serving.stop()
    assert state() is None
    assert gone(processes, 0)
    serving.stop()
    assert ask(connection).text == expected
    assert state()["users"] == [server_state.entry_of(os.getpid())]


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"port": 1}'])
def test_a_damaged_state_file_is_none(tmp_path, monkeypatch, text):
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path))
    file = server_state.file_of("json")
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    assert server_state.read_state() is None


def test_a_server_without_its_state_file_ends(connection, expected):
    processes = state()["processes"]
    server_state.file_of("json").write_text("{", encoding="utf-8")
    assert gone(processes, 2 * server.POLL + 10)
    assert ask(connection).text == expected


# Several processes.

USER = """
import json, signal, sys
from coursekit import server_state, serving
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs start without it
client, model = serving.connect()
text = serving.complete((client, model), [{"role": "user", "content": "Hello"}], max_tokens=12).text
print(json.dumps({"text": text, "state": server_state.read_state()}), flush=True)
sys.stdin.readline()
"""


class User:
    """Another process that uses the server, as a second notebook does."""

    def __init__(self, model, **settings):
        environment = {**os.environ, "COURSE_MODEL": str(model), **settings}
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def leave(self):
        self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0

    def kill(self):
        self.process.kill()
        self.process.wait(60)


@contextlib.contextmanager
def users(count, model, **settings):
    started = [User(model, **settings) for _ in range(count)]
    try:
        yield started
    finally:
        for user in started:
            user.kill()
            user.process.stdin.close()
            user.process.stdout.close()


def test_a_second_process_shares_it(connection, tiny, expected):
    with users(1, tiny) as [other]:
        said = other.answer()
        assert said["text"] == expected
        assert said["state"]["processes"] == state()["processes"]
        assert [entry["pid"] for entry in state()["users"]] == [os.getpid(), other.process.pid]
        other.leave()
    assert [entry["pid"] for entry in state()["users"]] == [os.getpid()]
    assert ask(connection).text == expected


def test_two_that_start_together_share_one_and_the_last_stops_it(tiny, expected, tmp_path):
    with users(2, tiny, COURSEKIT_CACHE=str(tmp_path)) as [first, second]:
        said = [first.answer(), second.answer()]
        assert [item["text"] for item in said] == [expected] * 2
        processes = said[0]["state"]["processes"]
        assert said[1]["state"]["processes"] == processes
        first.leave()
        assert not gone(processes, 2 * server.POLL)
        second.leave()
        assert gone(processes, 0), "the last process to leave waits for the server's end"
    assert not list((tmp_path / "server").glob("*.json"))


def test_killed_kernels_leave_no_server(tiny, tmp_path):
    # A stray key and a proxy in the environment: a folder is served here all the same, and the server sees no key.
    stray = {"OPENAI_API_KEY": "sk-stray", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    with users(1, tiny, COURSEKIT_CACHE=str(tmp_path), **stray) as [only]:
        processes = only.answer()["state"]["processes"]
        assert "OPENAI_API_KEY" not in psutil.Process(processes[-1]["pid"]).environ()
        assert psutil.Process(processes[0]["pid"]).memory_info().rss < 60e6, "the watcher is to be small"
        only.kill()
        assert gone(processes, 2 * server.POLL + 10)
    assert not list((tmp_path / "server").glob("*.json"))


def test_a_kernel_that_is_terminated_and_one_that_is_interrupted(tiny, tmp_path):
    if sys.platform == "win32":
        return  # no such signals there; the two tests above cover what a kernel can meet
    with users(2, tiny, COURSEKIT_CACHE=str(tmp_path)) as [first, second]:
        processes = first.answer()["state"]["processes"]
        second.answer()
        first.process.send_signal(signal.SIGINT)
        first.process.wait(30)
        second.process.send_signal(signal.SIGTERM)
        assert gone(processes, 2 * server.POLL + 10)


# Starts that fail.


def test_a_server_that_cannot_start(tmp_path, tiny, monkeypatch):
    """An installation without a package that the server needs, in which the import fails."""
    (tmp_path / "uvicorn.py").write_text("raise ImportError('uvicorn is broken in /opt/somewhere/uvicorn.py')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "cache"))
    with pytest.raises(CourseError) as caught:
        server.ensure()
    assert one_sentence(caught).startswith("The model server stopped while starting: ImportError: ")
    assert "/opt" not in str(caught.value)
    assert state() is None


def test_a_cache_that_cannot_be_written(tmp_path, tiny, monkeypatch):
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("COURSEKIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CourseError, match="set COURSEKIT_CACHE to a folder of your own"):
        server.ensure()


# The small parts.


def test_a_number_that_another_process_has_now():
    me = server_state.entry_of(os.getpid())
    assert server_state.alive(me)
    assert not server_state.alive({**me, "created": me["created"] - 100})
    assert not server_state.alive({"pid": 2**30, "created": 0})
    assert not server_state.alive({})


def test_a_zombie_is_dead():
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    entry = server_state.entry_of(child.pid)
    deadline = time.monotonic() + 30
    while server_state.alive(entry) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not server_state.alive(entry)
    assert child.returncode is None, "nobody has asked for its status yet"
    child.wait()


def test_the_lock_is_held_by_one_at_a_time():
    with server_state.locked() as held, ThreadPoolExecutor(1) as other:

        def try_it():
            with server_state.locked(wait=0.2) as second:
                return second

        assert held
        assert other.submit(try_it).result() is False
    with server_state.locked(wait=0) as held:
        assert held


def test_whoever_waits_for_a_start_for_too_long_is_told(monkeypatch):
    real = server_state.locked
    monkeypatch.setattr(server_state, "locked", lambda wait=0.1: real(min(wait, 0.1)))
    with real(), pytest.raises(CourseError, match="Another notebook has been starting the model server"):
        server.ensure()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ValueError: no", "ValueError: no."),
        ("OSError: /elsewhere/me/my-course/models/x.json is bad.", "OSError: x.json is bad."),
        ("see 'C:\\Users\\me\\x.json'", "see 'x.json'."),
        ("see https://huggingface.co/docs/x", "see https://huggingface.co/docs/x."),
        ("a / b and 1/2", "a / b and 1/2."),
        ("two\n  lines", "two lines."),
        ("word " * 100, f"{('word ' * 40).strip()} …"),
    ],
)
def test_lines_for_messages(line, told):
    assert server.tidy(line) == told


def test_the_models_folder_by_name():
    assert chat_models.base_folder() / "models" / "course-lm" == serving.COURSE_LM
    with pytest.raises(AttributeError, match="no attribute 'COURSE_LN'"):
        _ = serving.COURSE_LN
