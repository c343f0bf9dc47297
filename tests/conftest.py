"""Settings for every test: no progress bars, a cache and results of their own, and no skipping where CI forbids it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
os.environ["COURSEKIT_PROGRESS"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory):
    """A test never reads or writes the learner's cache and results."""
    folder = tmp_path_factory.mktemp("course")
    os.environ["COURSEKIT_CACHE"] = str(folder / "cache")
    os.environ["COURSEKIT_RESULTS"] = str(folder / "results")


@pytest.fixture(scope="session")
def embedder(_own_folders):
    """The course's embedding model, loaded once."""
    from coursekit.embedding import Embedder

    return Embedder()


@pytest.fixture(scope="session")
def handbook():
    """The handbook's documents."""
    from coursekit.corpus import load_handbook

    return load_handbook()


def pytest_sessionfinish(session, exitstatus):
    """With COURSE_NO_SKIP a skipped test is a failure: a check that did not run has shown nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("COURSE_NO_SKIP") and reporter and reporter.stats.get("skipped") and session.exitstatus == 0:
        reporter.write_line("A test was skipped, which COURSE_NO_SKIP forbids.", red=True)
        session.exitstatus = 1
