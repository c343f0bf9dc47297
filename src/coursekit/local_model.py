"""Models served on this machine: the client of the course's own server, and having it load a model, or load it anew."""

import contextlib
import http.client
import json
import os
import threading
from collections.abc import Iterator

import openai
from tqdm.auto import tqdm

from coursekit import chat_models, server, server_state
from coursekit.chat_models import ChatModel
from coursekit.errors import CourseError

CONNECT_SECONDS, READ_SECONDS = 5.0, 120.0
TIMEOUT = openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
# What a server says of a model on the Hub that could not be fetched, by cause.
UNREACHABLE = ("connect", "offline", "timed out", "resolve", "proxy", "cache", "client has been closed")
UNKNOWN = ("not a valid model identifier", "not found", "gated", "401", "403", "404", "restricted")
_clients: dict[str, openai.OpenAI] = {}  # by kind of server: the client of this process
_joined: set[str] = set()  # the kinds of server that this process is written down at
_loaded: dict[str, str] = {}  # by model name: the version that this process knows to be loaded
_guard = threading.RLock()


def kind_of(client: openai.OpenAI) -> str | None:
    """The kind of the course's own server that a client talks to; None for any other client."""
    return next((kind for kind, own in _clients.items() if own is client), None)


def open_model(model: ChatModel) -> openai.OpenAI:
    """A client whose server runs and has loaded the model.

    Raises:
        CourseError: the server does not start, or the model cannot be loaded.
    """
    kind = "local" if model.folder else "hub"
    with _guard:
        client = _join(kind)
        _load(kind, model)
    return client


def revive(name: str) -> None:
    """Start a dead server again and load the model; whoever comes second finds it running."""
    with _guard:
        _loaded.clear()
        open_model(chat_models.resolve(name))


def keep_current(kind: str, name: str) -> None:
    """Before a question: join a server that this process had left, and load a model anew that was saved anew since."""
    folder = chat_models.find_folder(name) if kind == "local" else None
    if kind not in _joined or (folder and _loaded.get(name) not in (None, chat_models.signature(folder))):
        open_model(chat_models.resolve(name))


def leave() -> None:
    """This process uses no server of the course's any more; each stops unless another process uses it."""
    with _guard:
        while _joined:
            server.leave(_joined.pop())
        _loaded.clear()


def explain(error: openai.OpenAIError, kind: str, label: str) -> str:
    """One sentence for an error of the course's own server."""
    if isinstance(error, openai.APITimeoutError):
        return f"The model server gave no answer in {READ_SECONDS:.0f} s: ask for less, or run `connect()` again to restart it if it hangs."
    if isinstance(error, openai.APIConnectionError):
        return "The model server stopped again right after a restart: memory may be short, so close other programs."
    if isinstance(error, openai.InternalServerError):
        return f"The model server failed on {label!r}: {server.last_line(kind)}"
    said = (
        error.body.get("detail", error.body) if isinstance(getattr(error, "body", None), dict) else type(error).__name__
    )
    return f"The model server refused the request: {server.tidy(str(said))}"


def _join(kind: str) -> openai.OpenAI:
    """This process's client for a kind of server, which runs."""
    port = server.ensure(kind)
    _joined.add(kind)
    url = f"http://{server.HOST}:{port}/v1/"
    if kind not in _clients:
        # Without the environment's proxies, which do not reach this machine's loopback address.
        plain = openai.DefaultHttpxClient(trust_env=False)
        _clients[kind] = openai.OpenAI(base_url=url, api_key="none", timeout=TIMEOUT, max_retries=0, http_client=plain)
    elif str(_clients[kind].base_url) != url:
        _clients[kind].base_url = url
    return _clients[kind]


def _load(kind: str, model: ChatModel) -> None:
    """Have the server load a model, and write one token so that the first question is as quick as the next."""
    version = chat_models.signature(model.folder) if model.folder else "hub"
    known = server_state.loaded(kind).get(model.name)
    if known not in (None, version):
        with _post(kind, "/reset", {}):  # unloads every model
            server_state.note_loaded(kind, model.name, None)
    if message := _load_message(kind, model):
        raise CourseError(message)
    if known != version:
        _warm(kind, model)
        server_state.note_loaded(kind, model.name, version)
    _loaded[model.name] = version


def _warm(kind: str, model: ChatModel) -> None:
    hello = [{"role": "user", "content": "Hello"}]
    try:
        _clients[kind].chat.completions.create(model=model.name, messages=hello, max_tokens=1, temperature=0.0)
    except openai.OpenAIError as error:
        raise CourseError(explain(error, kind, model.label)) from None


@contextlib.contextmanager
def _post(kind: str, path: str, body: dict) -> Iterator[http.client.HTTPResponse]:
    """A request to the server's own addresses, of which the OpenAI client knows nothing."""
    base = _clients[kind].base_url
    connection = http.client.HTTPConnection(base.host, base.port, timeout=READ_SECONDS)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        yield connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise CourseError(f"The model server broke off ({type(error).__name__}): run `connect()` again.") from error
    finally:
        connection.close()


def _load_message(kind: str, model: ChatModel) -> str | None:
    """Load a model; None when it is there, else what went wrong. A download shows a bar."""
    bar = None
    with _post(kind, "/load_model", {"model": model.name}) as events:
        try:
            for line in events:
                event = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if event.get("status") == "ready":
                    return None
                if event.get("status") == "error":
                    return _load_error(str(event.get("message", "")), model)
                if event.get("stage") == "download":
                    bar = _advance(bar, event.get("progress") or {})
        finally:
            if bar is not None:
                bar.close()
    return f"The model server did not load {model.label!r}: {server.last_line(kind)}"


def _advance(bar: tqdm | None, progress: dict) -> tqdm:
    hidden = os.environ.get("COURSEKIT_PROGRESS") == "0"
    if bar is None:
        bar = tqdm(desc="fetching the model", unit="B", unit_scale=True, disable=hidden, leave=False)
    bar.total = progress.get("total") or bar.total
    bar.update(max(0, (progress.get("current") or 0) - bar.n))
    return bar


def _load_error(said: str, model: ChatModel) -> str:
    low = said.lower()
    if model.folder:
        return f"The model {model.label!r} could not be loaded: {server.tidy(said)}"
    if any(words in low for words in UNREACHABLE):
        return f"The Hugging Face Hub cannot be reached, and {model.name!r} is not on this machine: check name and network."
    if any(words in low for words in UNKNOWN):
        return f"The Hugging Face Hub has no model {model.name!r} that you may use: check its name, and log in if it is gated."
    return f"The model {model.name!r} could not be loaded: {server.tidy(said)}"
