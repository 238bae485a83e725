"""The house's own small networks: features at strides 4, 8, 16 and 32 for classifying, detecting, segmenting, captioning.

Made for two CPU cores at 128 pixels: plain 3x3 convolutions (depthwise ones starve vector units), channels in multiples of 32
(what a vector unit takes of bfloat16 at once), few of them where the map is large, most blocks at stride 16, where a thing is
a few cells wide.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.residual import Features

BackboneSize: TypeAlias = Literal["s", "m", "l"]
STEM = 32
SIZES: dict[str, tuple[tuple[int, int, int, int], tuple[int, int, int, int]]] = {  # channels and blocks of c2 … c5
    "s": ((32, 32, 64, 96), (1, 2, 2, 1)),
    "m": ((32, 64, 96, 128), (2, 2, 3, 1)),
    "l": ((32, 64, 128, 256), (2, 2, 3, 1)),
}
STRIDES = {"c2": 4, "c3": 8, "c4": 16, "c5": 32}


class Step(nn.Module):
    """Two 3x3 convolutions around a shortcut. A coarser map is averaged first on the shortcut, so that no pixel is skipped."""

    def __init__(self, into: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(into, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu2 = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or into != out:
            pool = nn.AvgPool2d(stride, ceil_mode=True) if stride != 1 else nn.Identity()
            self.shortcut = nn.Sequential(pool, nn.Conv2d(into, out, 1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        out: Tensor = self.relu2(self.bn2(self.conv2(y)) + self.shortcut(x))
        return out


class Backbone(nn.Module):
    """`forward` gives {'c2': (N, C2, H/4, W/4), … 'c5': (N, C5, H/32, W/32)}, sides rounded up; `channels` says C2 … C5."""

    def __init__(self, size: BackboneSize = "m", width: float = 1.0) -> None:
        super().__init__()
        channels, blocks = SIZES[size]
        stem, widths = scaled(STEM, width), [scaled(count, width) for count in channels]
        self.channels = dict(zip(STRIDES, widths, strict=True))
        self.stem = nn.Sequential(
            nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(),
            nn.Conv2d(stem, widths[0], 3, 2, 1, bias=False), nn.BatchNorm2d(widths[0]), nn.ReLU(),
        )  # fmt: skip
        into, stages = widths[0], []
        for level, (out, count) in enumerate(zip(widths, blocks, strict=True)):
            first = Step(into, out, 1 if level == 0 else 2)
            stages.append(nn.Sequential(first, *(Step(out, out, 1) for _ in range(count - 1))))
            into = out
        self.c2, self.c3, self.c4, self.c5 = stages
        initialise(self)

    def forward(self, x: Tensor) -> Features:
        return self._from_stem(self.stem(x))

    def levels(self, x: Tensor) -> tuple[Tensor, Features]:
        """Besides, and first, the map of stride 2."""
        c1 = self.stem[:3](x)
        return c1, self._from_stem(self.stem[3:](c1))

    def _from_stem(self, x: Tensor) -> Features:
        c2 = self.c2(x)  # N 32 32 32 of 128x128
        c3 = self.c3(c2)  # N 64 16 16
        c4 = self.c4(c3)  # N 96 8 8
        return {"c2": c2, "c3": c3, "c4": c4, "c5": self.c5(c4)}  # N 128 4 4

    def taps(self) -> dict[str, nn.Module]:
        return {"stem": self.stem, "c2": self.c2, "c3": self.c3, "c4": self.c4, "c5": self.c5}


class Merge(nn.Module):
    """The four maps of a backbone as one of stride 4: the coarse ones know what, the fine ones where (Lin et al. 2017)."""

    def __init__(self, channels: dict[str, int], out: int) -> None:
        super().__init__()
        self.sides = nn.ModuleDict({name: nn.Conv2d(count, out, 1) for name, count in channels.items()})
        self.smooth, self.relu = nn.Conv2d(out, out, 3, padding=1), nn.ReLU()

    def forward(self, maps: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Stride 4, and the sum on the way there of stride 8."""
        x = self.sides["c5"](maps["c5"])
        x = self.sides["c4"](maps["c4"]) + F.interpolate(x, maps["c4"].shape[-2:])
        p3 = self.sides["c3"](maps["c3"]) + F.interpolate(x, maps["c3"].shape[-2:])
        p2 = self.sides["c2"](maps["c2"]) + F.interpolate(p3, maps["c2"].shape[-2:])
        return self.relu(self.smooth(p2)), p3


class Join(nn.Module):
    """A map, and a finer one that came before it, as one of `out` channels.

    (N, into, h, w), (N, skip, H, W) with H of 2h or 2h - 1 → (N, out, H, W)"""

    def __init__(self, into: int, skip: int, out: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(into, out, 3, 2, 1, 1, bias=False)
        self.side = nn.Conv2d(skip, out, 3, padding=1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(out), nn.ReLU()
        self.conv = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(out), nn.ReLU()
        initialise(self)
        nn.init.kaiming_normal_(self.up.weight.transpose(0, 1), mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor, finer: Tensor) -> Tensor:
        x = self.up(x)[:, :, : finer.shape[2], : finer.shape[3]]  # one name for all, so that no map outlives its use
        x += self.side(finer)
        x = self.relu1(self.bn1(x))
        x = self.conv(x)
        out: Tensor = self.relu2(self.bn2(x))
        return out
