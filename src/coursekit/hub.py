"""Models from the Hugging Face Hub: fetched once into its cache, and served from there without a network."""

import os
from pathlib import Path

from coursekit import chat_models
from coursekit.errors import CourseError

WANTED = [*chat_models.READ_BY_MODELS, "*.txt"]
SECONDS = 20.0  # for the first word from the Hub
REFUSALS = (401, 403, 404)


def fetch(name: str) -> Path:
    """The folder of a model in the Hub's cache, where it is fetched to if it is not there yet. A model that is there is not updated.

    Args:
        name: an id such as `Qwen/Qwen2.5-0.5B-Instruct`, with `@` and a revision behind it if need be.

    Raises:
        CourseError: the Hub cannot be reached or does not give this model, or the model cannot be served.
    """
    folder = chat_models.files_of(name)
    if folder is None or not _whole(folder):
        folder = _download(name)
    chat_models.check_folder(folder, name)
    return folder


def _whole(folder: Path) -> bool:
    """Whether all parts are there: a download that broke off is taken up again."""
    try:
        chat_models.check_folder(folder)
    except CourseError:
        return False
    return True


def _download(name: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    if os.environ.get("COURSEKIT_PROGRESS") == "0":
        disable_progress_bars()
    repository, _, revision = name.partition("@")
    try:
        # Asked first, as a download tries for minutes where there is no network.
        HfApi().model_info(repository, revision=revision or None, timeout=SECONDS)
        # Weights as safetensors only, which run no code when they are loaded; what lies in folders is for other programs.
        folder = snapshot_download(repository, revision=revision or None, allow_patterns=WANTED, ignore_patterns="*/*")
    except Exception as error:  # its errors come from several libraries, which change with its version
        raise CourseError(_refusal(name, error)) from error
    return Path(folder)


def _refusal(name: str, error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in REFUSALS:
        return (
            f"The Hugging Face Hub has no model {name!r} that you may use: check its name, and log in if it is gated."
        )
    if isinstance(error, OSError) and error.strerror and "reach" not in str(error):
        return f"The model {name!r} could not be saved ({error.strerror}): free some disk space, or set HF_HOME to another folder."
    return f"The Hugging Face Hub cannot be reached, and {name!r} is not on this machine: check name and network."
