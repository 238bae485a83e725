"""Small parts that many networks are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
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
        self.conv = nn.Conv2d(into, out, kernel, bias=False, **how)
        self.bn = nn.BatchNorm2d(out, eps=0.001)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.bn(self.conv(x)))
        return out
