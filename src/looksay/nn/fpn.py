"""Pyramids of maps (Lin et al. 2017) and what the published detectors build them on: every level knows what, the fine where."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from looksay.nn.blocks import initialise, scaled
from looksay.nn.residual import Trunk
from looksay.nn.ssd_blocks import MOBILE_LAYERS, Inverted

MOBILE_TAIL = ((5, 672, 160, True, True, 2), (5, 960, 160, True, True, 1), (5, 960, 160, True, True, 1))


class ResNetLevels(Trunk):
    """Strides 4, 8, 16 and 32."""

    strides = (4, 8, 16, 32)

    def levels(self, x: Tensor) -> list[Tensor]:
        return list(self(x).values())

    def taps(self) -> dict[str, nn.Module]:
        found: dict[str, nn.Module] = {"conv1": self.conv1, "relu1": self.relu, "pool1": self.maxpool}
        for stage, blocks in enumerate((self.layer1, self.layer2, self.layer3, self.layer4), 2):
            found |= {f"conv{stage}_{place}": block for place, block in enumerate(blocks, 1)}
        return found


class MobileNetLevels(nn.Sequential):
    """MobileNet v3 large: two maps of stride 32, before and after its last convolution but two blocks."""

    strides = (32, 32)

    def __init__(self, width: float = 1.0) -> None:
        into = scaled(16, width)
        parts: list[nn.Module] = [_mobile(3, into, 3, stride=2)]
        for layer in (*MOBILE_LAYERS[:12], *MOBILE_TAIL):
            block = Inverted(into, layer, width, nn.BatchNorm2d)
            parts.append(block)
            into = block.out
        super().__init__(*parts, _mobile(into, 6 * into, 1))
        self.channels = {"c5": into, "c6": 6 * into}

    def levels(self, x: Tensor) -> list[Tensor]:
        found = []
        for place, block in enumerate(self):
            x = block(x)
            if place in (13, 16):
                found.append(x)
        return found

    def taps(self) -> dict[str, nn.Module]:
        return {f"block{place}": block for place, block in enumerate(self)}


def _mobile(into: int, out: int, kernel: int, stride: int = 1) -> nn.Module:
    made: nn.Module = Conv2dNormActivation(into, out, kernel, stride, activation_layer=nn.Hardswish, inplace=None)
    return made


class Pyramid(nn.Module):
    """Maps of one number of channels, finest first, and a last one of twice the stride: every second place of the coarsest."""

    def __init__(self, channels: Sequence[int], out: int, *, norm: bool) -> None:
        super().__init__()

        def layer(into: int, kernel: int) -> nn.Module:
            conv = nn.Conv2d(into, out, kernel, padding=kernel // 2, bias=not norm)
            return nn.Sequential(conv, nn.BatchNorm2d(out)) if norm else nn.Sequential(conv)

        self.sides = nn.ModuleList(layer(count, 1) for count in channels)
        self.smooths = nn.ModuleList(layer(out, 3) for _ in channels)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        sums = [side(each) for side, each in zip(self.sides, maps, strict=True)]
        for place in range(len(sums) - 2, -1, -1):
            sums[place] = sums[place] + F.interpolate(sums[place + 1], sums[place].shape[-2:])
        found = [smooth(each) for smooth, each in zip(self.smooths, sums, strict=True)]
        return [*found, found[-1][:, :, ::2, ::2]]


class PyramidProposer(nn.Module):
    """The same small network on every level; each has ReLUs of its own, so that explanations can tell them apart."""

    def __init__(self, channels: int, kinds: int, depth: int, levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.relus = nn.ModuleList(nn.ModuleList(nn.ReLU() for _ in range(depth)) for _ in range(levels))
        self.object, self.shift = nn.Conv2d(channels, kinds, 1), nn.Conv2d(channels, 4 * kinds, 1)
        initialise(self, self.object, self.shift)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """(N, A), (N, A, 4): level by level, row by row, place by place, kind by kind."""
        logits, shifts = [], []
        for x, relus in zip(maps, self.relus, strict=True):
            assert isinstance(relus, nn.ModuleList)
            for conv, relu in zip(self.convs, relus, strict=True):
                x = relu(conv(x))
            logits.append(self.object(x).permute(0, 2, 3, 1).flatten(1))
            shifts.append(self.shift(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4))
        return torch.cat(logits, dim=1), torch.cat(shifts, dim=1)


def level_of(regions: Tensor, strides: Sequence[int]) -> Tensor:
    """(R,) the level that each region (R, 4) is pooled from: stride 16 at 224 x 224 pixels, the next finer at half."""
    low, high = strides[0].bit_length() - 1, strides[-1].bit_length() - 1
    side = (regions[:, 2:] - regions[:, :2]).prod(dim=1).sqrt()
    return (4 + (side / 224).log2() + 1e-6).floor().clamp(low, high).long() - low
