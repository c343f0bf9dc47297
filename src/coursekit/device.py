"""Where a model computes on this machine, in which numbers, and with how many threads."""

import contextlib
import dataclasses
from collections.abc import Iterator

import torch

# As PyTorch begins. The course holds FAISS to one thread, for fair timings, and where both use one OpenMP, PyTorch with it.
THREADS = torch.get_num_threads()


@dataclasses.dataclass(frozen=True)
class Hardware:
    """Where a model trains, in which numbers, and how many records at once.

    `bf16` and `fp16` say what the arithmetic is cut to; the weights stay in 32 bits. A batch of more than `at_once` records is read in
    parts, whose gradients add up to the same step.
    """

    device: str
    bf16: bool
    fp16: bool
    at_once: int

    def part_of(self, batch: int) -> int:
        """The most records of a batch that are read at once: a divisor of it, so that all parts are of one size."""
        return max(size for size in range(1, min(batch, self.at_once) + 1) if batch % size == 0)


def hardware() -> Hardware:
    """The best there is: a CUDA GPU, Apple's, or the CPU.

    CUDA cards from compute capability 8 on have bf16. An older one, such as a T4, has not; it takes fp16, and has less memory, too.
    """
    if torch.cuda.is_available():
        modern = torch.cuda.get_device_capability()[0] >= 8
        return Hardware("cuda", bf16=modern, fp16=not modern, at_once=16 if modern else 4)
    if torch.backends.mps.is_available():
        return Hardware("mps", bf16=False, fp16=False, at_once=4)
    return Hardware("cpu", bf16=torch.cpu._is_avx512_bf16_supported(), fp16=False, at_once=16)


@contextlib.contextmanager
def all_threads() -> Iterator[None]:
    """While it lasts, PyTorch computes with as many threads as it began with, whatever FAISS was held to."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(before, THREADS))
    try:
        yield
    finally:
        torch.set_num_threads(before)
