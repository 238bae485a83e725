"""Small parts that many networks are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_STD = 0.01  # of the last layer's weights: its logits start near zero, and the first loss near ln(classes)


def scaled(channels: int, width: float, step: int = 8) -> int:
    """`channels` times `width`, a multiple of `step`, which vector units like; unchanged at width 1."""
    return channels if width == 1 else max(step, round(channels * width / step) * step)


def initialise(network: nn.Module, *heads: nn.Conv2d | nn.Linear) -> None:
    """He et al. 2015: the variance of what ReLU layers pass on stays the same. `heads` give the answers and start small."""
    for part in network.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(part.weight, mode="fan_in", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for head in heads:
        nn.init.normal_(head.weight, 0.0, HEAD_STD)


def counted(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights published before batch norm counted its batches, with those counters added."""
    norms = [name.removesuffix("running_var") for name in tensors if name.endswith("running_var")]
    added = {f"{name}num_batches_tracked": torch.tensor(0) for name in norms}
    return {**added, **tensors}


class ConvNorm(nn.Module):
    """Convolution without bias, batch norm, ReLU: what the Inception networks are built of."""

    def __init__(self, into: int, out: int, kernel: int | tuple[int, int], **how: Any) -> None:
        super().__init__()
        self.out = out
        self.conv = nn.Conv2d(into, out, kernel, bias=False, **how)
        self.bn = nn.BatchNorm2d(out, eps=0.001)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.bn(self.conv(x)))
        return out


class LocalNorm(nn.Module):
    """Local response normalisation of Krizhevsky et al. 2012: x / (2 + 1e-4 · the squares of five neighbouring channels)^0.75.
    The sum is a 1x1 convolution with a band of ones, many times faster than torch's pooling over channels."""

    band: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        near = torch.ones(channels, channels).tril(2).triu(-2)
        self.register_buffer("band", near[:, :, None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        root = torch.rsqrt(2.0 + 1e-4 * F.conv2d(x * x, self.band))
        return x * root * root.sqrt()


class Named(nn.Sequential):
    """A sequence whose parts are numbered in its state dict, as published weights have them, and named for people.
    Parts without a name (dropout) are no taps."""

    def __init__(self, parts: Sequence[tuple[str, nn.Module]]) -> None:
        super().__init__(*(part for _, part in parts))
        self.names = tuple(name for name, _ in parts)

    def taps(self) -> dict[str, nn.Module]:
        return {name: part for name, part in zip(self.names, self, strict=True) if name}


def slide(head: nn.Sequential, maps: Tensor, grid: int) -> Tensor:
    """A head of fully connected layers, made for maps of `grid` x `grid`, at every place of larger ones at once: (N, C, H, W) →
    scores (N, K, H - grid + 1, W - grid + 1). Each linear layer is the convolution that it always was."""
    kernel = grid
    for part in head:
        if isinstance(part, nn.Linear):
            weight = part.weight.view(part.out_features, -1, kernel, kernel)
            maps, kernel = F.conv2d(maps, weight, part.bias), 1
        else:
            maps = part(maps)
    return maps


def at_least(maps: Tensor, grid: int) -> Tensor:
    """Maps smaller than `grid` are stretched to it (each value again in the cells that it covers); others stay as they are."""
    high, wide = maps.shape[-2:]
    return F.adaptive_avg_pool2d(maps, (max(high, grid), max(wide, grid))) if min(high, wide) < grid else maps
