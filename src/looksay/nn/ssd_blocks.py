"""What the published single-shot detectors look through: VGG-16 at 300 pixels, MobileNet v3 at 320, and heads on every map.

Parts stand where torchvision has them, so that its weights load unchanged.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation, SqueezeExcitation

from looksay.nn.blocks import scaled

VGG_LAYERS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))
VGG_EXTRAS = ((256, 512), (128, 256), (128, 256), (128, 256))  # conv8 … conv11: 1x1, then 3x3
# MobileNet v3 large with half a tail: kernel, expanded, out, squeezed, hard swish, stride
MOBILE_LAYERS = (
    (3, 16, 16, False, False, 1), (3, 64, 24, False, False, 2), (3, 72, 24, False, False, 1),
    (5, 72, 40, True, False, 2), (5, 120, 40, True, False, 1), (5, 120, 40, True, False, 1),
    (3, 240, 80, False, True, 2), (3, 200, 80, False, True, 1), (3, 184, 80, False, True, 1), (3, 184, 80, False, True, 1),
    (3, 480, 112, True, True, 1), (3, 672, 112, True, True, 1),
    (5, 672, 80, True, True, 2), (5, 480, 80, True, True, 1), (5, 480, 80, True, True, 1),
)  # fmt: skip
MOBILE_SPLIT = 12  # the block whose widened map is the first that is looked at
MOBILE_EXTRAS = (512, 256, 256, 128)


class Shrinking(nn.Sequential):
    """conv10 and conv11 have no padding. A map smaller than their kernel is filled up with zeros below and on the right."""

    def forward(self, x: Tensor) -> Tensor:
        high, wide = x.shape[-2:]
        if min(high, wide) < 3:
            x = F.pad(x, (0, max(3 - wide, 0), 0, max(3 - high, 0)))
        for part in self:
            x = part(x)
        return x


class VGGMaps(nn.Module):
    """Maps of 38, 19, 10, 5, 3 and 1 cells a side of 300 pixels: conv4_3 (places of one length), fc7, conv8 … conv11."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        parts: list[nn.Module] = []
        into = 3
        for stage, channels in enumerate(VGG_LAYERS):
            if stage:
                parts.append(nn.MaxPool2d(2, 2, ceil_mode=stage == 3))
            for count in channels:
                parts += [nn.Conv2d(into, scaled(count, width), 3, padding=1), nn.ReLU()]
                into = scaled(count, width)
        self.features = nn.Sequential(*parts)
        self.scale_weight = nn.Parameter(torch.full((into,), 20.0))
        fc = scaled(1024, width)
        last: list[nn.Module] = [nn.MaxPool2d(2, 2)]
        for _ in range(3):
            last += [nn.Conv2d(into, into, 3, padding=1), nn.ReLU()]
        atrous = nn.Conv2d(into, fc, 3, padding=6, dilation=6)
        last.append(nn.Sequential(nn.MaxPool2d(3, 1, 1), atrous, nn.ReLU(), nn.Conv2d(fc, fc, 1), nn.ReLU()))
        self.extra = nn.ModuleList([nn.Sequential(*last)])
        self.channels = [into, fc]
        for place, (few, many) in enumerate(VGG_EXTRAS):
            narrow, wide = scaled(few, width), scaled(many, width)
            how: dict[str, Any] = {"stride": 2, "padding": 1} if place < 2 else {}
            first = nn.Conv2d(self.channels[-1], narrow, 1)
            self.extra.append(Shrinking(first, nn.ReLU(), nn.Conv2d(narrow, wide, 3, **how), nn.ReLU()))
            self.channels.append(wide)

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.features(x)
        length = torch.linalg.vector_norm(x, dim=1, keepdim=True) + 1e-12
        maps = [self.scale_weight.view(1, -1, 1, 1) * (x / length)]
        for block in self.extra:
            x = block(x)
            maps.append(x)
        return maps

    def taps(self) -> dict[str, nn.Module]:
        found: dict[str, nn.Module] = {}
        stage, place = 1, 1
        fifth = self.extra[0]
        assert isinstance(fifth, nn.Sequential)
        for part in (*self.features, *fifth[:-1]):
            if isinstance(part, nn.MaxPool2d):
                found[f"pool{stage}"] = part
                stage, place = stage + 1, 1
            elif isinstance(part, nn.Conv2d):
                found[f"conv{stage}_{place}"] = part
            else:
                found[f"relu{stage}_{place}"] = part
                place += 1
        found |= dict(zip(("pool5", "fc6", "relu6", "fc7", "relu7"), fifth[-1].children(), strict=True))
        return found | {f"conv{number}": block for number, block in enumerate(list(self.extra)[1:], 8)}


def _mobile(into: int, out: int, kernel: int, act: type[nn.Module] | None, norm: Any, **how: Any) -> nn.Module:
    inplace = False if act else None
    made: nn.Module = Conv2dNormActivation(
        into, out, kernel, norm_layer=norm, activation_layer=act, inplace=inplace, **how
    )  # convolution, batch norm, activation
    return made


class Inverted(nn.Module):
    """MobileNet's block: wider by a 1x1 convolution, 3x3 or 5x5 in each channel alone, narrow again; around it a shortcut."""

    def __init__(self, into: int, layer: tuple[int, int, int, bool, bool, int], width: float, norm: Any) -> None:
        super().__init__()
        kernel, wide, out, squeezed, swish, stride = layer
        wide, out = scaled(wide, width), scaled(out, width)
        act: type[nn.Module] = nn.Hardswish if swish else nn.ReLU
        parts = [_mobile(into, wide, 1, act, norm)] if wide != into else []
        parts.append(_mobile(wide, wide, kernel, act, norm, stride=stride, groups=wide))
        if squeezed:
            parts.append(SqueezeExcitation(wide, -(-wide // 32) * 8, scale_activation=nn.Hardsigmoid))
        parts.append(_mobile(wide, out, 1, None, norm))
        self.block = nn.Sequential(*parts)
        self.out, self.wide, self.adds = out, wide, stride == 1 and into == out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.block(x)
        return y + x if self.adds else y


class MobileMaps(nn.Module):
    """Maps of 20, 10, 5, 3, 2 and 1 cells a side of 320 pixels."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__()
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
        into = scaled(16, width)
        parts = [_mobile(3, into, 3, nn.Hardswish, norm, stride=2)]
        for layer in MOBILE_LAYERS:
            block = Inverted(into, layer, width, norm)
            parts.append(block)
            into = block.out
        parts.append(_mobile(into, 6 * into, 1, nn.Hardswish, norm))
        cut = parts[MOBILE_SPLIT + 1]
        assert isinstance(cut, Inverted)
        rest = OrderedDict(cut.block.named_children())
        first = rest.pop("0")  # the rest of the block keeps its numbers
        self.features = nn.Sequential(
            nn.Sequential(*parts[: MOBILE_SPLIT + 1], first),
            nn.Sequential(nn.Sequential(rest), *parts[MOBILE_SPLIT + 2 :]),
        )
        self.channels = [cut.wide, 6 * into]
        self.extra = nn.ModuleList()
        for count in MOBILE_EXTRAS:
            out = scaled(count, width)
            half = out // 2
            self.extra.append(
                nn.Sequential(
                    _mobile(self.channels[-1], half, 1, nn.ReLU6, norm),
                    _mobile(half, half, 3, nn.ReLU6, norm, stride=2, groups=half),
                    _mobile(half, out, 1, nn.ReLU6, norm),
                )
            )
            self.channels.append(out)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for block in (*self.features, *self.extra):
            x = block(x)
            maps.append(x)
        return maps

    def taps(self) -> dict[str, nn.Module]:
        start, rest = self.features
        assert isinstance(start, nn.Sequential)
        assert isinstance(rest, nn.Sequential)
        blocks = {f"block{number}": part for number, part in enumerate((*start, *rest))}
        return blocks | {f"extra{number}": part for number, part in enumerate(self.extra, 1)}


class Heads(nn.Module):
    """`module_list` has one head for each map: (N, C, H, W) → (N, H * W * boxes, columns), the boxes of a place side by side."""

    def __init__(self, channels: Sequence[int], boxes: Sequence[int], columns: int, *, light: bool) -> None:
        super().__init__()
        self.columns = columns
        norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03)
        self.module_list = nn.ModuleList()
        for into, count in zip(channels, boxes, strict=True):
            if light:
                each = _mobile(into, into, 3, nn.ReLU6, norm, groups=into)
                self.module_list.append(nn.Sequential(each, nn.Conv2d(into, count * columns, 1)))
            else:
                self.module_list.append(nn.Conv2d(into, count * columns, 3, padding=1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        found = []
        for head, each in zip(self.module_list, maps, strict=True):
            found.append(head(each).permute(0, 2, 3, 1).reshape(each.shape[0], -1, self.columns))
        return torch.cat(found, dim=1)

    def last(self) -> list[nn.Conv2d]:
        """The layers that give the answers."""
        lasts = [head[-1] if isinstance(head, nn.Sequential) else head for head in self.module_list]
        return [last for last in lasts if isinstance(last, nn.Conv2d)]


class Predictor(nn.Module):
    """What is in each default box, and how it differs from what is there."""

    def __init__(self, channels: Sequence[int], boxes: Sequence[int], classes: int, *, light: bool = False) -> None:
        super().__init__()
        self.classification_head = Heads(channels, boxes, classes, light=light)
        self.regression_head = Heads(channels, boxes, 4, light=light)

    def forward(self, maps: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        return self.classification_head(maps), self.regression_head(maps)

    def taps(self) -> dict[str, nn.Module]:
        kinds = {"class": self.classification_head, "box": self.regression_head}
        return {f"{kind}{number}": head for kind, heads in kinds.items() for number, head in enumerate(heads.module_list, 1)}
