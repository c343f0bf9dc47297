"""Answers that were given within a day: an evaluation that is interrupted or stops asks only for the rest when it is run again.

Only answers at temperature 0 are kept, which would be the same if they were asked for anew. A model that was saved again, another server,
another prompt: each has answers of its own.
"""

import dataclasses
import importlib.metadata
import json
import time
from collections.abc import Sequence

from coursekit import chat_models, local_model, paths
from coursekit.cache import Cache
from coursekit.serving import Completion, Connection

KEPT = 24 * 3600  # seconds: a model behind a name may change, and so may the speed of a machine


class AnswerCache:
    """The answers of one connection's model."""

    def __init__(self, connection: Connection) -> None:
        """In the course's cache folder, apart for each model and server."""
        client, model = connection
        if local_model.is_own(client):  # its port changes, its files are what matters
            folder = chat_models.find_folder(model)
            version = chat_models.signature(folder) if folder else ""
            space = f"{model}\0{version}\0{importlib.metadata.version('transformers')}"
        else:
            space = f"{model}\0{client.base_url}"
        self.cache = Cache(paths.cache_folder() / "answers.sqlite", space)

    def get(self, messages: Sequence[dict[str, str]], max_tokens: int) -> Completion | None:
        """The answer to some messages, if it was kept within the last day."""
        name = _name(messages, max_tokens)
        found = self.cache.get([name])
        if not found:
            return None
        kept = json.loads(found[name])
        return Completion(**kept["reply"]) if 0 <= time.time() - kept["time"] < KEPT else None

    def put(self, messages: Sequence[dict[str, str]], max_tokens: int, reply: Completion) -> None:
        """Keep an answer."""
        kept = {"time": time.time(), "reply": dataclasses.asdict(reply)}
        self.cache.put({_name(messages, max_tokens): json.dumps(kept).encode()})


def _name(messages: Sequence[dict[str, str]], max_tokens: int) -> str:
    return json.dumps([max_tokens, list(messages)], sort_keys=True)
