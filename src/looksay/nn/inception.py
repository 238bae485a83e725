"""What the Inception networks share: modules of parallel branches, written down as tables, whose outputs are stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import ConvNorm, scaled
from looksay.nn.prep import IMAGENET_MEAN, IMAGENET_STD

Kernel = int | tuple[int, int]


@dataclass(frozen=True)
class Conv:
    """A convolution with its norm and ReLU. With stride 1 it keeps the map's size unless it is `valid`; with stride 2 it never
    pads."""

    channels: int
    kernel: Kernel = 1
    stride: int = 1
    valid: bool = False

    def build(self, into: int, width: float = 1.0) -> ConvNorm:
        high, wide = (self.kernel, self.kernel) if isinstance(self.kernel, int) else self.kernel
        padding = (0, 0) if self.valid or self.stride == 2 else (high // 2, wide // 2)
        return ConvNorm(into, scaled(self.channels, width), (high, wide), stride=self.stride, padding=padding)

    def parts(self, name: str, into: int, width: float) -> dict[str, nn.Module]:
        return {name: self.build(into, width)}

    def out(self, into: int, width: float) -> int:
        return scaled(self.channels, width)


@dataclass(frozen=True)
class Fork:
    """The end of a branch: two convolutions side by side on the same input."""

    first: Conv
    second: Conv

    def parts(self, name: str, into: int, width: float) -> dict[str, nn.Module]:
        return {f"{name}a": self.first.build(into, width), f"{name}b": self.second.build(into, width)}

    def out(self, into: int, width: float) -> int:
        return self.first.out(into, width) + self.second.out(into, width)


@dataclass(frozen=True)
class Pool:
    """3x3: 'avg' with stride 1, 'max' with stride 2."""

    kind: Literal["avg", "max"]

    def parts(self, name: str, into: int, width: float) -> dict[str, nn.Module]:
        return {f"{name}_{self.kind}": nn.AvgPool2d(3, 1, 1) if self.kind == "avg" else nn.MaxPool2d(3, 2)}

    def out(self, into: int, width: float) -> int:
        return into


AVG, MAX = Pool("avg"), Pool("max")
Branches = Mapping[str, Sequence[Conv | Fork | Pool]]


class Mixed(nn.Module):
    """The layers of a branch are named after it: `branch` where it has one convolution, else branch_1, branch_2, …"""

    def __init__(self, into: int, branches: Branches, width: float = 1.0) -> None:
        super().__init__()
        self.out = 0
        self._branches: list[list[list[str]]] = []  # the names of the layers in turn; a turn of two names is a fork
        for name, layers in branches.items():
            numbered = sum(not isinstance(layer, Pool) for layer in layers) > 1
            channels, number, turns = into, 0, []
            for layer in layers:
                number += not isinstance(layer, Pool)
                parts = layer.parts(f"{name}_{number}" if numbered else name, channels, width)
                for part, module in parts.items():
                    self.add_module(part, module)
                turns.append(list(parts))
                channels = layer.out(channels, width)
            self.out += channels
            self._branches.append(turns)

    def forward(self, x: Tensor) -> Tensor:
        ends = []
        for turns in self._branches:
            y = [x]
            for names in turns:
                y = [self.get_submodule(name)(y[0]) for name in names]
            ends += y
        return torch.cat(ends, 1)


def recentred(x: Tensor) -> Tensor:
    """From ImageNet's mean and deviation to the range -1 … 1, for which the published Inception weights were made."""
    std = torch.tensor(IMAGENET_STD, dtype=x.dtype, device=x.device)[:, None, None]
    mean = torch.tensor(IMAGENET_MEAN, dtype=x.dtype, device=x.device)[:, None, None]
    return x * (std / 0.5) + (mean - 0.5) / 0.5
