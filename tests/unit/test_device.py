"""Where a model trains and in which numbers, by what the machine says of itself."""

import os
import subprocess
import sys

import pytest
import torch

from coursekit.device import Hardware, hardware


@pytest.mark.parametrize(
    ("capability", "wanted"),
    [
        ((7, 5), Hardware("cuda", bf16=False, fp16=True, at_once=4)),  # T4
        ((8, 0), Hardware("cuda", bf16=True, fp16=False, at_once=16)),  # A100
        ((8, 9), Hardware("cuda", bf16=True, fp16=False, at_once=16)),  # L4
    ],
)
def test_a_cuda_card_by_its_capability(monkeypatch, capability, wanted):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert hardware() == wanted


@pytest.mark.parametrize("bf16", [True, False])
def test_a_processor_by_its_instructions(monkeypatch, bf16):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)
    assert hardware() == Hardware("cpu", bf16=bf16, fp16=False, at_once=16)


def test_apples_gpu_keeps_32_bits(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert hardware() == Hardware("mps", bf16=False, fp16=False, at_once=4)


@pytest.mark.parametrize(("batch", "part"), [(1, 1), (4, 4), (8, 4), (10, 2), (6, 3), (7, 1)])
def test_a_batch_is_read_in_parts_of_one_size(batch, part):
    assert Hardware("cuda", bf16=False, fp16=True, at_once=4).part_of(batch) == part


def test_faiss_does_not_slow_pytorch_down():
    """In a process of its own: FAISS is held to one thread as the kit loads it, and training and embedding still use all."""
    code = (
        "import torch; began = torch.get_num_threads()\n"
        "import coursekit.index, faiss\n"
        "from coursekit.device import all_threads\n"
        "assert faiss.omp_get_max_threads() == 1\n"
        "held = torch.get_num_threads()\n"
        "with all_threads():\n    assert torch.get_num_threads() == began, torch.get_num_threads()\n"
        "assert torch.get_num_threads() == held and faiss.omp_get_max_threads() == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "OMP_NUM_THREADS": "3"})
