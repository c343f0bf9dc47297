"""Which chat model a name stands for, whether it can be served from this machine, and how much it reads."""

import contextlib
import dataclasses
import functools
import hashlib
import json
import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path

from coursekit import paths
from coursekit.errors import CourseError

DEFAULT = "course-lm"
HUB_ID = re.compile(r"(?=.{1,150}$)\w[\w.-]*(/\w[\w.-]*)?(@[\w./-]+)?")
WINDOW_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len")
READ_BY_MODELS = ("*.safetensors", "*.json", "*.jinja", "*.model")
_tokenizing = threading.Lock()  # a fast tokenizer sets its padding at each call, which two threads must not do at once


@dataclasses.dataclass(frozen=True)
class ChatModel:
    """A model that `transformers serve` can load: `name` is what the server is asked for, `folder` is None for a Hub id."""

    name: str
    folder: Path | None

    @property
    def label(self) -> str:
        """How messages call it: never with a path of the machine."""
        return self.folder.name if self.folder else self.name


def default_folder() -> Path:
    """Where course-lm lies.

    Raises:
        CourseError: the course's files are not found.
    """
    return paths.course_root() / "models" / DEFAULT


def base_folder() -> Path:
    """The folder in which the server runs, and from which it reads a relative name: the course's, or else the cache's."""
    try:
        return paths.course_root()
    except CourseError:
        return paths.cache_folder().resolve()


def find_folder(model: str | Path | None) -> Path | None:
    """The folder that a name stands for, looked for in the working folder and then in the course's; None where there is none."""
    if model is None or str(model) == DEFAULT:
        with contextlib.suppress(CourseError):
            return default_folder()
        return None
    if not str(model).strip():
        return None
    with contextlib.suppress(
        OSError, RuntimeError, ValueError
    ):  # a name that no file system takes, or an unknown ~user
        named = Path(model).expanduser()
        for folder in (Path.cwd() / named, base_folder() / named):
            if folder.is_dir():
                return folder.resolve()
    return None


def named(model: str | Path | None = None) -> str | Path | None:
    """The model that was named: by the caller, or else by `COURSE_MODEL`; None where neither says one, which stands for course-lm."""
    return model if model is not None else os.environ.get("COURSE_MODEL") or None


def label(model: str) -> str:
    """How a model is called where others read it: of a folder its last part, so that no path of the machine is shown."""
    folder = find_folder(model)
    return folder.name if folder else model


def resolve(model: str | Path | None = None) -> ChatModel:
    """The model that a folder or a Hub id stands for; course-lm when left out.

    A folder inside the course's is served by its relative path, so that no notebook shows where somebody keeps the course.

    Raises:
        CourseError: the folder is missing or cannot be served, or the name is neither a folder nor a Hub id.
    """
    if model is not None and not str(model).strip():
        raise CourseError("The model's name is empty: give a folder, a Hub id, or leave it out for course-lm.")
    folder = find_folder(model)
    if folder is not None:
        check_folder(folder)
        base = base_folder()
        name = folder.relative_to(base).as_posix() if folder.is_relative_to(base) and folder != base else str(folder)
        if "@" in name:
            raise CourseError(
                f"The model folder {folder.name!r} cannot be served, because an @ in its path is read as a revision: rename or move it."
            )
        return ChatModel(name, folder)
    name = str(model)
    if model is None or name == DEFAULT:
        paths.course_root()  # says what to do where there is no course around
    if _means_a_path(model):
        last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
        raise CourseError(f"The model folder {last!r} does not exist: check its name.")
    if not HUB_ID.fullmatch(name):
        raise CourseError(f"{name[:80]!r} is neither a folder nor the id of a model on the Hugging Face Hub.")
    return ChatModel(name, None)


def _means_a_path(model: str | Path | None) -> bool:
    """Whether a name that is no folder was meant as one: `models/cuorse-lm` is no Hub id, as `models` is a folder."""
    name = str(model)
    with contextlib.suppress(OSError, ValueError):  # a name that no file system takes
        first = re.split(r"[/\\]", name)[0]
        return (
            isinstance(model, Path)
            or Path(name).is_absolute()
            or Path(name).is_file()
            or name[0] in ".~/\\"
            or "\\" in name
            or name.split("@")[0].count("/") > 1
            or ("/" in name and find_folder(first) is not None)
        )
    return False


def _read_json(path: Path) -> dict:
    """A JSON object from a model's folder; empty where the file is missing."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CourseError(
            f"{path.name} of the model {path.parent.name!r} cannot be read: save the model again."
        ) from error
    return value if isinstance(value, dict) else {}


def check_folder(folder: Path, name: str | None = None) -> None:
    """Whether a folder holds a whole chat model: config, weights, tokenizer and chat template.

    Args:
        folder: the model's.
        name: how messages call it, instead of by its folder.

    Raises:
        CourseError: something is missing, or it is a LoRA adapter, which needs its base model.
    """
    name = name or folder.name
    if folder == _default_or_none() and not folder.is_dir():
        raise CourseError(
            "The folder models/course-lm is missing, so the clone is incomplete: run `git checkout -- models`."
        )
    weights = [path for path in folder.glob("*.safetensors") if not path.name.startswith("adapter")]
    if (folder / "adapter_config.json").is_file() and not weights:
        raise CourseError(
            f"The folder {name!r} holds a LoRA adapter, which cannot be served alone: merge it first (`merge_and_unload()`), "
            "save the model and its tokenizer, and name that folder."
        )
    if not (folder / "config.json").is_file():
        raise CourseError(
            f"The folder {name!r} holds no model (no config.json): name the folder that a model was saved in."
        )
    _read_json(folder / "config.json")
    shards = set(_read_json(folder / "model.safetensors.index.json").get("weight_map", {}).values())
    missing = sorted(shards - {path.name for path in weights}) or ([] if weights else ["model.safetensors"])
    if missing:
        raise CourseError(f"The model {name!r} lacks its weights ({missing[0]}): save or fetch it again.")
    if not any((folder / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "vocab.json")):
        raise CourseError(f"The model {name!r} has no tokenizer: save its tokenizer in the same folder.")
    templates = (folder / "chat_template.jinja", folder / "chat_template.json")
    if not any(path.is_file() for path in templates) and "chat_template" not in _read_json(
        folder / "tokenizer_config.json"
    ):
        raise CourseError(
            f"The model {name!r} has no chat template, so it cannot be asked in turns: choose a chat model."
        )


def _default_or_none() -> Path | None:
    with contextlib.suppress(CourseError):
        return default_folder()
    return None


def signature(folder: Path) -> str:
    """A short hash that changes when a model is saved anew in the same folder: of the names, sizes and times of its files."""
    files = sorted(path for pattern in READ_BY_MODELS for path in folder.glob(pattern))
    digest = hashlib.sha256()
    for path in files:
        with contextlib.suppress(OSError):  # being written just now
            status = path.stat()
            digest.update(f"{path.name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:16]


def _hub_file(name: str, file: str) -> Path | None:
    """A file of a Hub model that is in the cache on this machine."""
    from huggingface_hub import try_to_load_from_cache

    repository, _, revision = name.partition("@")
    with contextlib.suppress(ValueError):  # covers HFValidationError: the name is no Hub id
        found = try_to_load_from_cache(repository, file, revision=revision or None)
        return Path(found) if isinstance(found, str) else None
    return None


def files_of(model: str) -> Path | None:
    """The folder with a model's config and tokenizer on this machine, or None: it is served elsewhere, or not fetched yet."""
    folder = find_folder(model)
    if folder is None and HUB_ID.fullmatch(model):
        config = _hub_file(model, "config.json")
        folder = config.parent if config else None
    return folder if folder and (folder / "config.json").is_file() else None


def window(model: str) -> int | None:
    """The tokens that a model can read and write together; None when that is not known, as for a model served elsewhere."""
    folder = files_of(model)
    if folder is None:
        return None
    config = _read_json(folder / "config.json")
    known = [config.get(key) or (config.get("text_config") or {}).get(key) for key in WINDOW_KEYS]
    known.append(_read_json(folder / "tokenizer_config.json").get("model_max_length"))
    lengths = [int(value) for value in known if isinstance(value, (int, float)) and 0 < value < 1e9]
    return min(lengths) if lengths else None


@functools.lru_cache(maxsize=4)
def _tokenizer(folder: Path, version: str):
    """The tokenizer of a folder; `version` makes a model that is saved anew be read anew."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(folder), local_files_only=True)


def count_tokens(messages: Sequence[dict[str, str]], model: str) -> int | None:
    """The length of a prompt in tokens, with the chat template and the start of the answer; None without a tokenizer on this machine.

    Raises:
        CourseError: the tokenizer's files are damaged, or the template does not take these messages.
    """
    folder = files_of(model)
    if folder is None:
        return None
    try:
        with _tokenizing:
            tokenizer = _tokenizer(folder, signature(folder))
            ids = tokenizer.apply_chat_template(
                list(messages), add_generation_prompt=True, return_dict=True, tokenizer_kwargs={"verbose": False}
            )["input_ids"]
    except Exception as error:  # Jinja, the tokenizer and its loading each raise what they like
        raise CourseError(
            f"The chat template or tokenizer of {label(model)!r} failed on these messages "
            f"({type(error).__name__}): check their roles and order, or save the tokenizer again."
        ) from error
    return len(ids)
