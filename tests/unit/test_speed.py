"""What takes minutes or wants a quiet machine: runs in `make test-full` only."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.full
def test_embedding_is_at_least_as_fast_as_sentence_transformers():
    command = [sys.executable, "tools/bench_embedding.py"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(re.search(r"the kit is ([\d.]+) times", result.stdout)[1]) >= 1.0, result.stdout
