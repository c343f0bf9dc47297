"""The way to a language model: `connect()` gives an `openai.OpenAI` client and a model's name, and `complete()` asks.

By default the client talks to `transformers serve` with course-lm on this machine. `COURSE_MODEL` names another folder or Hub id for it;
`OPENAI_API_KEY` and `OPENAI_BASE_URL` name another server, and then `COURSE_MODEL` (or `OPENAI_MODEL`) is the name of one of its models.
"""

import atexit
import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import openai

from coursekit import api_errors, chat_models, local_model, remote_model
from coursekit.chat_models import count_tokens, window
from coursekit.errors import CourseError

__all__ = ["Completion", "Connection", "complete", "connect", "count_tokens", "stop", "window"]


class Connection(NamedTuple):
    """A client and the name of the model to ask: `client, model = connect()`."""

    client: openai.OpenAI
    model: str


@dataclasses.dataclass(frozen=True)
class Completion:
    """An answer: its text, the tokens read and written, the seconds taken, and why it ended ("stop", or "length" if it was cut off)."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    finish_reason: str


def __getattr__(name: str) -> Path:
    if name == "COURSE_LM":
        return chat_models.default_folder()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def connect(model: str | Path | None = None) -> Connection:
    """A client for a model, which is loaded and answers.

    Args:
        model: a folder or Hub id, or the name of a model at `OPENAI_BASE_URL`; `COURSE_MODEL`, or else course-lm, when left out.
            A folder is always served on this machine, and read again when it was saved anew.

    Returns:
        The client and the model's name for `client.chat.completions.create(model=…)`.

    Raises:
        CourseError: the model, the key or the address does not do; the message says why.
    """
    chosen = chat_models.named(model)
    key, base = os.environ.get("OPENAI_API_KEY", "").strip(), os.environ.get("OPENAI_BASE_URL", "").strip()
    here = isinstance(chosen, Path) or (chosen is not None and chat_models.find_folder(chosen) is not None)
    if (key or base) and not here:
        name = chosen or os.environ.get("OPENAI_MODEL") or None
        return Connection(*remote_model.open_model(name, key, base))
    served = chat_models.resolve(chosen)
    return Connection(local_model.open_model(served), served.name)


def stop() -> None:
    """This process uses the course's own server no more: the server stops unless another process uses it."""
    local_model.leave()


def complete(
    connection: Connection, messages: Sequence[dict[str, str]], *, max_tokens: int = 160, temperature: float = 0.0
) -> Completion:
    """Ask a model. The course's own server is started again when it has died.

    Args:
        connection: from `connect`.
        messages: the chat so far, each with `role` and `content`.
        max_tokens: the answer is cut off after so many.
        temperature: 0 for the most likely answer.

    Raises:
        CourseError: the prompt is empty or longer than the window, or the server cannot be reached or refuses.
    """
    client, model = connection
    _check_request(messages, max_tokens)
    own = local_model.is_own(client)
    if own:
        local_model.keep_current(model)
    _check_window(messages, model, max_tokens)
    for attempt in (1, 2):
        started = time.perf_counter()
        try:
            reply = client.chat.completions.create(
                model=model, messages=list(messages), temperature=temperature, **_limit(client, max_tokens)
            )
            return _completion(reply, time.perf_counter() - started, messages, model)
        except openai.OpenAIError as error:
            dead = isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)
            if own and dead and attempt == 1:
                local_model.revive(model)
                continue
            raise CourseError(_explain(error, client, model)) from None
        except ValueError:  # what came is no JSON
            raise CourseError(_explain(openai.OpenAIError(), client, model)) from None
    raise AssertionError("not reached")


def _check_request(messages: Sequence[dict[str, str]], max_tokens: int) -> None:
    if not messages or not all(
        isinstance(message, dict) and isinstance(message.get("content"), str) and message.get("role")
        for message in messages
    ):
        raise CourseError(
            "A model is asked with a list of messages, each of them with a role and a text as its content."
        )
    if max_tokens < 1:
        raise CourseError(f"max_tokens is {max_tokens}: an answer needs at least one token.")


def _check_window(messages: Sequence[dict[str, str]], model: str, max_tokens: int) -> None:
    """`transformers serve` only warns of a prompt that is too long, in its log, and answers nonsense."""
    limit = window(model)
    if limit is None or (length := count_tokens(messages, model)) is None or length + max_tokens <= limit:
        return
    raise CourseError(
        f"The prompt has {length} tokens and the answer may have {max_tokens}, but {chat_models.label(model)!r} reads {limit} in all: "
        "hand over fewer or shorter sources."
    )


def _limit(client: openai.OpenAI, max_tokens: int) -> dict[str, int]:
    """OpenAI's newer models take the limit by its newer name only; other servers know the older one."""
    newer = client.base_url.host == urlsplit(remote_model.OPENAI_URL).hostname
    return {"max_completion_tokens" if newer else "max_tokens": max_tokens}


def _completion(reply, seconds: float, messages: Sequence[dict[str, str]], model: str) -> Completion:
    try:
        text, reason = reply.choices[0].message.content or "", reply.choices[0].finish_reason or "stop"
    except (AttributeError, IndexError, TypeError):
        raise ValueError("no chat completion") from None
    usage = reply.usage  # some servers send none
    read = usage.prompt_tokens if usage else count_tokens(messages, model) or 0
    return Completion(text.strip(), read, usage.completion_tokens if usage else 0, seconds, reason)


def _explain(error: openai.OpenAIError, client: openai.OpenAI, model: str) -> str:
    if local_model.is_own(client):
        return local_model.explain(error, chat_models.label(model))
    return api_errors.explain(error, api_errors.host_of(str(client.base_url)), model)


atexit.register(stop)
