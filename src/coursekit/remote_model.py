"""Models served elsewhere: any server that speaks the OpenAI API, named by `OPENAI_BASE_URL` and `OPENAI_API_KEY`."""

import contextlib
import ipaddress
from urllib.parse import urlsplit

import openai

from coursekit import api_errors
from coursekit.errors import CourseError

OPENAI_URL = "https://api.openai.com/v1"
TIMEOUT = openai.Timeout(120.0, connect=5.0)


def open_model(model: str | None, key: str, base: str) -> tuple[openai.OpenAI, str]:
    """A client for a server that the learner named, and the model's name.

    Args:
        model: its name there; when None, the only model of a server named by its address.
        key: `OPENAI_API_KEY`. A server on this machine needs none.
        base: `OPENAI_BASE_URL`; OpenAI's own address when empty.

    Raises:
        CourseError: the address, the key or the name does not do, or the server cannot be reached.
    """
    host, loopback = _host(base or OPENAI_URL)
    if not key and not loopback:
        raise CourseError(
            f"{host} needs a key: set OPENAI_API_KEY (to any word if the server asks for none), or unset OPENAI_BASE_URL."
        )
    if not key.isascii() or any(sign.isspace() or not sign.isprintable() for sign in key):
        raise CourseError("OPENAI_API_KEY holds spaces or signs that no key has: copy it again.")
    if not model and not base:
        raise CourseError(
            f"OPENAI_API_KEY is set, so questions would go to {host}, where they cost money: name a model by COURSE_MODEL, "
            "or unset OPENAI_API_KEY to use course-lm."
        )
    plain = openai.DefaultHttpxClient(trust_env=not loopback)  # a proxy does not reach this machine's loopback address
    client = openai.OpenAI(
        base_url=base or OPENAI_URL, api_key=key or "none", timeout=TIMEOUT, max_retries=2, http_client=plain
    )
    return client, _known_model(client, model, host)


def _host(url: str) -> tuple[str, bool]:
    """The host of an address, as messages may show it, and whether it is this machine."""
    with contextlib.suppress(ValueError):  # brackets without a partner, or a port that is no number
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname:
            return api_errors.host_of(url), on_loopback(parts.hostname)
    raise CourseError("OPENAI_BASE_URL is no address: it looks like http://127.0.0.1:11434/v1.")


def on_loopback(host: str) -> bool:
    """Whether a host is this machine by its loopback address, as Ollama and vLLM are by default."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _known_model(client: openai.OpenAI, model: str | None, host: str) -> str:
    """The model's name; the server's only one when none is named. Asks for the list, so that a wrong key or address shows at once."""
    try:
        names = [entry.id for entry in client.models.list().data]
    except openai.OpenAIError as error:
        # Not every server has a list, and none is needed when the model is named.
        if model and isinstance(error, openai.APIStatusError) and not isinstance(error, openai.AuthenticationError):
            return model
        raise CourseError(api_errors.explain(error, host, model or "")) from None
    except (AttributeError, TypeError, ValueError):  # an answer of another form
        names = []
    if model:
        return model
    if len(names) == 1:
        return names[0]
    listed = f"one of {', '.join(names[:8])}{' …' if len(names) > 8 else ''}" if names else "one of its models"
    raise CourseError(f"{host} needs the name of a model: set COURSE_MODEL to {listed}.")
