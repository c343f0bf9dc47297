"""Models served on this machine: the client of the course's own server, and having it load a model, or load it anew."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator

import openai

from coursekit import chat_models, hub, server, server_state
from coursekit.chat_models import ChatModel
from coursekit.errors import CourseError

CONNECT_SECONDS, READ_SECONDS = 5.0, 120.0
TIMEOUT = openai.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
_client: openai.OpenAI | None = None  # the client of this process
_joined = False  # whether this process is written down as a user of the server
_loaded: dict[str, str] = {}  # by model name: the version that this process knows to be loaded
_guard = threading.RLock()


def is_own(client: openai.OpenAI) -> bool:
    """Whether a client talks to the course's own server."""
    return client is _client


def open_model(model: ChatModel) -> openai.OpenAI:
    """A client whose server runs and has loaded the model. A model of the Hub is fetched first.

    Raises:
        CourseError: the server does not start, or the model cannot be fetched or loaded.
    """
    with _guard:
        folder = model.folder or hub.fetch(model.name)
        client = _join()
        _load(model, chat_models.signature(folder))
    return client


def revive(name: str) -> None:
    """Start a dead server again and load the model; whoever comes second finds it running."""
    with _guard:
        _loaded.clear()
        open_model(chat_models.resolve(name))


def keep_current(name: str) -> None:
    """Before a question: join a server that this process had left, and load a model anew that was saved anew since."""
    folder = chat_models.find_folder(name)
    if not _joined or (folder and _loaded.get(name) not in (None, chat_models.signature(folder))):
        open_model(chat_models.resolve(name))


def leave() -> None:
    """This process does not use the course's server any more; it stops unless another process uses it."""
    global _joined
    with _guard:
        if _joined:
            server.leave()
        _joined = False
        _loaded.clear()


def explain(error: openai.OpenAIError, label: str) -> str:
    """One sentence for an error of the course's own server."""
    if isinstance(error, openai.APITimeoutError):
        return f"The model server gave no answer in {READ_SECONDS:.0f} s: ask for less, or run `connect()` again to restart it if it hangs."
    if isinstance(error, openai.APIConnectionError):
        return "The model server stopped again right after a restart: memory may be short, so close other programs."
    if isinstance(error, openai.InternalServerError):
        return f"The model server failed on {label!r}: {server.last_line()}"
    said = (
        error.body.get("detail", error.body) if isinstance(getattr(error, "body", None), dict) else type(error).__name__
    )
    return f"The model server refused the request: {server.tidy(str(said))}"


def _join() -> openai.OpenAI:
    """This process's client for the server, which runs."""
    global _client, _joined
    url = f"http://{server.HOST}:{server.ensure()}/v1/"
    _joined = True
    if _client is None:
        # Without the environment's proxies, which do not reach this machine's loopback address.
        plain = openai.DefaultHttpxClient(trust_env=False)
        _client = openai.OpenAI(base_url=url, api_key="none", timeout=TIMEOUT, max_retries=0, http_client=plain)
    elif str(_client.base_url) != url:
        _client.base_url = url
    return _client


def _load(model: ChatModel, version: str) -> None:
    """Have the server load a model, and write one token so that the first question is as quick as the next."""
    known = server_state.loaded().get(model.name)
    if known not in (None, version):
        with _post("/reset", {}):  # unloads every model
            server_state.note_loaded(model.name, None)
    with _post("/load_model", {"model": model.name}) as events:
        if message := _load_message(events, model.label):
            raise CourseError(message)
    if known != version:
        _warm(model)
        server_state.note_loaded(model.name, version)
    _loaded[model.name] = version


def _warm(model: ChatModel) -> None:
    hello = [{"role": "user", "content": "Hello"}]
    try:
        _client.chat.completions.create(model=model.name, messages=hello, max_tokens=1, temperature=0.0)
    except openai.OpenAIError as error:
        raise CourseError(explain(error, model.label)) from None


@contextlib.contextmanager
def _post(path: str, body: dict) -> Iterator[http.client.HTTPResponse]:
    """A request to the server's own addresses, of which the OpenAI client knows nothing."""
    base = _client.base_url
    connection = http.client.HTTPConnection(base.host, base.port, timeout=READ_SECONDS)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        yield connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise CourseError(f"The model server broke off ({type(error).__name__}): run `connect()` again.") from error
    finally:
        connection.close()


def _load_message(events: http.client.HTTPResponse, label: str) -> str | None:
    """What the server reports while it loads a model: None when it is there, else what went wrong."""
    for line in events:
        event = json.loads(line[5:]) if line.startswith(b"data:") else {}
        if event.get("status") == "ready":
            return None
        if event.get("status") == "error":
            return f"The model {label!r} could not be loaded: {server.tidy(str(event.get('message')))}"
    return f"The model server did not load {label!r}: {server.last_line()}"
