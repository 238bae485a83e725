"""Convolutions whose weights several calls of one forward pass share, at several scales or pass after pass. Norms and ReLUs are
each call's own: statistics differ from scale to scale, and explanations want every ReLU to be called once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 4  # of what WindowNet gives


class SharedConv(nn.Module):
    """Not nn.Conv2d: norms that follow it cannot be folded into it, since each call has another."""

    def __init__(self, into: int, out: int, kernel: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out, into, kernel, kernel))
        nn.init.kaiming_normal_(self.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight)


class WindowNet(nn.Module):
    """What sees a window of `window` pixels around every fourth one: three convolutions, a pooling by 2 after the first two.
    `calls`: how often it is used. (N, C, H, W) → (N, C3, ⌈H/4⌉, ⌈W/4⌉)"""

    def __init__(self, into: int, channels: tuple[int, int, int], kernel: int, calls: int) -> None:
        super().__init__()
        pairs = zip((into, *channels), channels, strict=False)
        self.convs = nn.ModuleList(SharedConv(a, b, kernel) for a, b in pairs)
        self.norms = nn.ModuleList(nn.ModuleList(nn.BatchNorm2d(wide) for wide in channels) for _ in range(calls))
        self.relus = nn.ModuleList(nn.ModuleList(nn.ReLU() for _ in channels) for _ in range(calls))
        self.window = window_of(kernel)

    def forward(self, x: Tensor, call: int) -> Tensor:
        x = around(x, self.window)
        norms, relus = self.norms[call], self.relus[call]
        assert isinstance(norms, nn.ModuleList)
        assert isinstance(relus, nn.ModuleList)
        for place, (conv, norm, relu) in enumerate(zip(self.convs, norms, relus, strict=True)):
            x = relu(norm(conv(x)))
            if place < len(self.convs) - 1:
                x = F.max_pool2d(x, 2)
        return x

    def taps(self, call: int) -> dict[str, nn.Module]:
        relus = self.relus[call]
        assert isinstance(relus, nn.ModuleList)
        return {f"relu{call + 1}_{place}": relu for place, relu in enumerate(relus, 1)}


def window_of(kernel: int) -> int:
    """Pixels that three convolutions of `kernel` with poolings by 2 between them see: 46 for 7."""
    return kernel + 1 + 2 * (kernel - 1) + 2 + 4 * (kernel - 1)


def around(x: Tensor, window: int) -> Tensor:
    """With zeros around, so that there is a window for each pixel, in whose upper left half it lies next to the middle."""
    before = (window - 1) // 2
    after = window - 1 - before
    return F.pad(x, (before, after, before, after))
