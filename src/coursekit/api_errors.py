"""What went wrong with a request to a model, in one sentence that says what to do and never shows a key."""

import re
from urllib.parse import urlsplit

import openai

LOCAL_INSTEAD = "unset OPENAI_API_KEY and OPENAI_BASE_URL to use a model on this machine"
REFUSED = ("context_length_exceeded", "maximum context length")


def host_of(url: str) -> str:
    """The host and port of an address, without a user name, password, path or query that may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def explain(error: openai.OpenAIError, host: str, model: str) -> str:
    """One sentence for an error of a server that the learner named by OPENAI_BASE_URL or OPENAI_API_KEY."""
    if isinstance(error, openai.APITimeoutError):
        return f"{host} did not answer in time: try again, or ask for less."
    if isinstance(error, openai.APIConnectionError):
        return f"{host} cannot be reached: check OPENAI_BASE_URL and the network, or {LOCAL_INSTEAD}."
    if isinstance(error, openai.AuthenticationError):
        return f"{host} refused the key: check OPENAI_API_KEY, or {LOCAL_INSTEAD}."
    if isinstance(error, openai.PermissionDeniedError):
        return f"{host} does not allow the model {model!r} with this key: choose another by COURSE_MODEL, or {LOCAL_INSTEAD}."
    if isinstance(error, openai.NotFoundError):
        return _not_found(error, host, model)
    if isinstance(error, openai.RateLimitError):
        if error.code == "insufficient_quota":
            return f"The account at {host} has no credit left: add some, or {LOCAL_INSTEAD}."
        return f"{host} allows no more requests just now: wait a minute, or use fewer workers."
    if isinstance(error, openai.APIStatusError):
        return _status(error, host, model)
    return (
        f"{host} did not answer as an OpenAI-compatible server does: check OPENAI_BASE_URL, which usually ends in /v1."
    )


def _not_found(error: openai.NotFoundError, host: str, model: str) -> str:
    said = _said(error)
    if error.code == "model_not_found" or "model" in said.lower():
        return f"{host} knows no model {model!r}: name one of its models by COURSE_MODEL, or {LOCAL_INSTEAD}."
    return f"{host} has nothing at this address: check OPENAI_BASE_URL, which usually ends in /v1."


def _status(error: openai.APIStatusError, host: str, model: str) -> str:
    said = _said(error)
    if error.code in REFUSED or any(words in said.lower() for words in REFUSED):
        return f"The prompt and the answer are longer than {model!r} can read: hand over fewer or shorter sources."
    if error.status_code >= 500:
        return f"{host} failed with status {error.status_code}: try again later."
    return f"{host} refused the request with status {error.status_code}{': ' + said if said else ''}."


def _said(error: openai.APIStatusError) -> str:
    """What the server said, shortened, with anything that looks like a key blotted out."""
    body = error.body if isinstance(error.body, dict) else {}
    said = body.get("message") or body.get("detail") or body.get("error") or ""
    said = hide_keys(" ".join(str(said).split()), getattr(error.request, "headers", {}).get("authorization", ""))
    return (said if len(said) <= 200 else f"{said[:200]} …").rstrip(".")


def hide_keys(text: str, authorization: str = "") -> str:
    """A text without the key that was sent, and without anything of the form `sk-…`."""
    secret = authorization.removeprefix("Bearer ").strip()
    if len(secret) >= 4:
        text = text.replace(secret, "***")
    return re.sub(r"\b(sk|key|hf|gsk)[-_][\w*.-]{4,}", "***", text)
