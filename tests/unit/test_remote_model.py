"""Other people's servers: what the kit says of each thing that can go wrong with them, asked over real HTTP at the loopback address."""

import contextlib
import http.server
import json
import socket
import threading
import time

import openai
import pytest

from coursekit import api_errors, remote_model, serving
from coursekit.errors import CourseError

KEY = "sk-proj-verysecretkey1234567890"
HELLO = [{"role": "user", "content": "Hello"}]
MODELS = {"object": "list", "data": [{"id": "small", "object": "model"}]}
ANSWER = {
    "id": "1", "object": "chat.completion", "created": 0, "model": "small",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": " Hi. "}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
}  # fmt: skip


class Stub:
    """A server whose answers are set by path: `(status, body)`. A text is sent as HTML, bytes as what should have been JSON."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}/v1"
        self.answers = {"/v1/models": (200, MODELS), "/v1/chat/completions": (200, ANSWER)}
        self.seen = []
        self.delay = 0.0

    def error(self, status, message="no", code=None):
        self.answers["/v1/chat/completions"] = (status, {"error": {"message": message, "code": code, "type": "t"}})


@pytest.fixture
def stub():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            it.seen.append((self.path, body, self.headers.get("Authorization")))
            time.sleep(it.delay)
            status, answer = it.answers.get(self.path, (404, {"detail": "Not Found"}))
            raw = (
                answer
                if isinstance(answer, bytes)
                else (answer if isinstance(answer, str) else json.dumps(answer)).encode()
            )
            with contextlib.suppress(OSError):  # whoever asked has not waited
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if isinstance(answer, str) else "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.send_header("x-should-retry", "false")  # the client heeds it: no waiting in tests
                self.end_headers()
                self.wfile.write(raw)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    it = Stub(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    """The learner's settings: none, until a test sets some."""
    for name in ("COURSE_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return lambda **values: [monkeypatch.setenv(name, value) for name, value in values.items()]


@pytest.fixture
def connected(stub, settings):
    settings(OPENAI_BASE_URL=stub.url, OPENAI_API_KEY=KEY, COURSE_MODEL="small")
    return serving.connect()


def told(function, *arguments):
    """The one sentence that a call ends with. Nothing that Python prints of the error shows the key."""
    import traceback

    with pytest.raises(CourseError) as caught:
        function(*arguments)
    said = str(caught.value)
    assert "\n" not in said
    assert said.endswith(".")
    assert KEY not in "".join(traceback.format_exception(caught.value))
    return said


# What works.


def test_an_answer(stub, connected):
    reply = serving.complete(connected, HELLO, max_tokens=9)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == ("Hi.", 5, 2, "stop")
    path, body, key = stub.seen[-1]
    assert path == "/v1/chat/completions"
    assert body == {"model": "small", "messages": HELLO, "max_tokens": 9, "temperature": 0.0}
    assert key == f"Bearer {KEY}"


def test_the_client_is_openais_own(stub, connected):
    client, model = connected
    assert type(client) is openai.OpenAI
    assert client.chat.completions.create(model=model, messages=HELLO).choices[0].message.content == " Hi. "


def test_a_server_on_this_machine_needs_no_key_and_no_name(stub, settings):
    settings(OPENAI_BASE_URL=stub.url)
    assert serving.connect().model == "small"
    assert serving.complete(serving.connect(), HELLO).text == "Hi."


def test_proxies_are_not_asked_for_this_machine(stub, settings):
    settings(OPENAI_BASE_URL=stub.url, HTTP_PROXY="http://127.0.0.1:9", ALL_PROXY="http://127.0.0.1:9")
    assert serving.connect().model == "small"


def test_names_in_order(stub, settings):
    settings(OPENAI_BASE_URL=stub.url, OPENAI_MODEL="second")
    assert serving.connect().model == "second"
    settings(COURSE_MODEL="first")
    assert serving.connect().model == "first"
    assert serving.connect("given").model == "given"


def test_a_server_without_a_list(stub, settings):
    del stub.answers["/v1/models"]
    settings(OPENAI_BASE_URL=stub.url, COURSE_MODEL="small")
    assert serving.complete(serving.connect(), HELLO).text == "Hi."


def test_an_answer_without_counts_or_text(stub, connected):
    choice = {"index": 0, "message": {"role": "assistant", "content": None}}
    stub.answers["/v1/chat/completions"] = (200, {"id": "1", "object": "chat.completion", "choices": [choice]})
    reply = serving.complete(connected, HELLO)
    assert (reply.text, reply.prompt_tokens, reply.completion_tokens, reply.finish_reason) == ("", 0, 0, "stop")


def test_openai_itself_is_asked_by_the_newer_name():
    client = openai.OpenAI(api_key="none", base_url=remote_model.OPENAI_URL)
    assert serving._limit(client, 9) == {"max_completion_tokens": 9}


# Settings that do not do.


def test_a_key_alone_does_not_spend_money(settings):
    settings(OPENAI_API_KEY=KEY)
    said = told(serving.connect)
    assert "api.openai.com" in said
    assert "unset OPENAI_API_KEY to use course-lm" in said


def test_several_models(stub, settings):
    stub.answers["/v1/models"] = (200, {"object": "list", "data": [{"id": "one"}, {"id": "two"}]})
    settings(OPENAI_BASE_URL=stub.url)
    assert "set COURSE_MODEL to one of one, two." in told(serving.connect)


@pytest.mark.parametrize("models", [{"object": "list", "data": []}, {"object": "list"}, "<html>hello</html>", b"{"])
def test_no_models(stub, settings, models):
    stub.answers["/v1/models"] = (200, models)
    settings(OPENAI_BASE_URL=stub.url)
    assert "set COURSE_MODEL to one of its models." in told(serving.connect)


@pytest.mark.parametrize(
    "url", ["ollama", "127.0.0.1:11434/v1", "ftp://x/v1", "http:///v1", "http://[", "http://x:99999/v1"]
)
def test_no_address(settings, url):
    settings(OPENAI_BASE_URL=url)
    assert told(serving.connect) == "OPENAI_BASE_URL is no address: it looks like http://127.0.0.1:11434/v1."


def test_a_server_elsewhere_needs_a_key(settings):
    settings(OPENAI_BASE_URL="https://user:hidden@api.example.org:8443/v1?token=hidden")
    said = told(serving.connect)
    assert said.startswith("api.example.org:8443 needs a key: set OPENAI_API_KEY")
    assert "hidden" not in said


@pytest.mark.parametrize("key", [f"{KEY} x", f"{KEY}\nx", "ключ", f"{KEY}\x7f"])
def test_a_key_that_cannot_be_one(stub, settings, key):
    settings(OPENAI_BASE_URL=stub.url, OPENAI_API_KEY=key)
    assert told(serving.connect) == "OPENAI_API_KEY holds spaces or signs that no key has: copy it again."


def test_blanks_around_a_key_do_no_harm(stub, settings):
    settings(OPENAI_BASE_URL=f" {stub.url} ", OPENAI_API_KEY=f" {KEY}\n", COURSE_MODEL="small")
    serving.connect()
    assert stub.seen[-1][2] == f"Bearer {KEY}"


# Refusals.


def test_a_wrong_key_at_once(stub, settings):
    refusal = {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "invalid_api_key"}}
    stub.answers["/v1/models"] = (401, refusal)
    settings(OPENAI_BASE_URL=stub.url, OPENAI_API_KEY=KEY, COURSE_MODEL="small")
    assert "refused the key: check OPENAI_API_KEY" in told(serving.connect)


@pytest.mark.parametrize(
    ("status", "message", "code", "words"),
    [
        (401, f"Incorrect API key provided: {KEY}", "invalid_api_key", "refused the key: check OPENAI_API_KEY"),
        (403, "no access", None, "does not allow the model 'small' with this key"),
        (404, "The model `small` does not exist", "model_not_found", "knows no model 'small'"),
        (404, "model 'small' not found", None, "knows no model 'small'"),
        (404, "Not Found", None, "check OPENAI_BASE_URL, which usually ends in /v1"),
        (429, "Rate limit reached", "rate_limit_exceeded", "wait a minute"),
        (429, "You exceeded your current quota", "insufficient_quota", "no credit left"),
        (400, "This model's maximum context length is 8 tokens", "context_length_exceeded", "fewer or shorter sources"),
        (400, "'temperature' does not support 0", "unsupported_value", "status 400: 'temperature' does not support 0."),
        (400, f"bad {KEY} and sk-other-1234", None, "status 400: bad *** and ***."),
        (422, "x" * 500, None, "refused the request with status 422: xxx"),
        (500, "boom", None, "failed with status 500: try again later"),
        (503, "busy", None, "failed with status 503: try again later"),
    ],
)
def test_a_refusal(stub, connected, status, message, code, words):
    stub.error(status, message, code)
    said = told(serving.complete, connected, HELLO)
    assert words in said
    assert said.startswith(("127.0.0.1:", "The account at 127.0.0.1:", "The prompt and the answer"))
    assert len(said) < 400


@pytest.mark.parametrize(
    "body", ["<html>Welcome</html>", {"detail": "nothing"}, [], {"choices": []}, {"choices": None}]
)
def test_something_that_is_no_model_server(stub, connected, body):
    stub.answers["/v1/chat/completions"] = (200, body)
    assert "did not answer as an OpenAI-compatible server does" in told(serving.complete, connected, HELLO)


def test_broken_json(stub, connected):
    stub.answers["/v1/chat/completions"] = (200, b'{"choices": [')
    assert "did not answer as an OpenAI-compatible server does" in told(serving.complete, connected, HELLO)


def test_nobody_listens(settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings(OPENAI_BASE_URL=f"http://127.0.0.1:{port}/v1", COURSE_MODEL="small")
    started = time.monotonic()
    assert f"127.0.0.1:{port} cannot be reached: check OPENAI_BASE_URL and the network" in told(serving.connect)
    assert time.monotonic() - started < 15


def test_a_server_that_goes_away(stub, connected):
    connected.client.base_url = "http://127.0.0.1:9/v1"
    connected.client.max_retries = 0
    assert "127.0.0.1:9 cannot be reached" in told(serving.complete, connected, HELLO)


def test_a_server_that_is_too_slow(stub, connected):
    stub.delay = 1.5
    connected.client.timeout = openai.Timeout(0.3)
    connected.client.max_retries = 0
    assert "did not answer in time" in told(serving.complete, connected, HELLO)


def test_every_request_ends(connected):
    assert connected.client.timeout.read == 120
    assert connected.client.timeout.connect == 5
    assert connected.client.max_retries <= 2


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine(host):
    assert remote_model.on_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.7", "localhost.example.org", "127.0.0.1.example.org"])
def test_other_machines(host):
    assert not remote_model.on_loopback(host)


def test_keys_are_blotted_out():
    assert api_errors.hide_keys("my sk-abcd1234 and hf_abcdefgh", "Bearer ") == "my *** and ***"
    assert api_errors.hide_keys("my word word1", "Bearer word") == "my *** ***1"
    assert api_errors.hide_keys("risk-free, a task-list", "Bearer x") == "risk-free, a task-list"
