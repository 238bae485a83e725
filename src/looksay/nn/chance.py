"""Chance inside a network, as a function of (seed, step) and never of history, whatever the number of processes.

The loop says where it is by `at(...)` before each step. A dropout draws the mask of the whole batch, of all processes together,
and keeps its own rows, so that two processes drop what one would have dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class _Place:
    seed: int = -1  # below 0: outside of the loop, torch's own generator is used
    step: int = 0
    rank: int = 0
    world: int = 1
    calls: int = 0


_place = _Place()


@contextmanager
def at(seed: int, step: int, rank: int = 0, world: int = 1) -> Iterator[None]:
    """Within it, every draw follows from (seed, step) and the order of the calls."""
    global _place  # noqa: PLW0603 - one loop a process; a network is not told where it is in each call
    before, _place = _place, _Place(seed, step, rank, world)
    torch.manual_seed(hash_of(seed, step))
    try:
        yield
    finally:
        _place = before


def hash_of(*words: int) -> int:
    """63 mixed bits."""
    state = 0x243F6A8885A308D3
    for word in words:
        state = (state ^ (word & (2**64 - 1))) * 0x9E3779B97F4A7C15 & (2**64 - 1)
        state = (state ^ (state >> 29)) * 0xBF58476D1CE4E5B9 & (2**64 - 1)
        state ^= state >> 32
    return state >> 1


def dice() -> torch.Generator:
    """On the CPU, for draws that are no rows of a batch: it follows from (seed, step), process and order of the calls."""
    if _place.seed < 0:
        return torch.Generator().manual_seed(int(torch.randint(2**62, ())))
    _place.calls += 1
    return torch.Generator().manual_seed(hash_of(_place.seed, _place.step, _place.calls, _place.rank))


class Dropout(nn.Module):
    """Zeroes a share of the values of each sample while training and scales up the rest; `planes` drops whole channels."""

    def __init__(self, share: float = 0.5, *, planes: bool = False) -> None:
        super().__init__()
        self.share, self.planes = share, planes

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.share == 0:
            return x
        shape = x.shape[:2] + (1,) * (x.ndim - 2) if self.planes else x.shape
        keep = 1 - self.share
        if _place.seed < 0:
            return x * (torch.rand(shape, device=x.device) < keep).to(x.dtype) / keep
        _place.calls += 1
        generator = torch.Generator(device=x.device).manual_seed(hash_of(_place.seed, _place.step, _place.calls))
        whole = (shape[0] * _place.world, *shape[1:])
        drawn = torch.rand(whole, device=x.device, generator=generator)
        mine = drawn[_place.rank * shape[0] : (_place.rank + 1) * shape[0]]
        return x * (mine < keep).to(x.dtype) / keep

    def extra_repr(self) -> str:
        return f"{self.share}{', planes' if self.planes else ''}"
