"""Residual blocks and the trunk of stages made of them (He et al. 2016), for classifiers and what stands on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from looksay.nn.blocks import scaled

Norm = Callable[[int], nn.Module]
Features = dict[str, Tensor]


@dataclass(frozen=True)
class Residue:
    """How blocks are made. Without `shortcut` they are the plain layers that the paper compares with."""

    norm: Norm = nn.BatchNorm2d
    shortcut: bool = True


class Block(nn.Module):
    """What both kinds of block share: x is added to what its layers make of it. Subclasses define `layers`."""

    expansion = 1

    def __init__(self, into: int, out: int, stride: int, how: Residue) -> None:
        super().__init__()
        self.shortcut = how.shortcut
        self.downsample: nn.Module | None = None
        if how.shortcut and (stride != 1 or into != out):
            self.downsample = nn.Sequential(nn.Conv2d(into, out, 1, stride, bias=False), how.norm(out))

    def layers(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def residual(self, x: Tensor) -> Tensor:
        y = self.layers(x)
        if not self.shortcut:
            return y
        return y + (x if self.downsample is None else self.downsample(x))


class BasicBlock(Block):
    """Two 3x3 convolutions."""

    def __init__(self, into: int, wide: int, stride: int, dilation: tuple[int, int], how: Residue) -> None:
        super().__init__(into, wide, stride, how)
        before, after = dilation
        self.conv1 = nn.Conv2d(into, wide, 3, stride, before, before, bias=False)
        self.bn1 = how.norm(wide)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(wide, wide, 3, 1, after, after, bias=False)
        self.bn2 = how.norm(wide)
        self.relu2 = nn.ReLU()

    def layers(self, x: Tensor) -> Tensor:
        y: Tensor = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return y

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu2(self.residual(x))
        return y


class Bottleneck(Block):
    """1x1 to a quarter of the channels, 3x3 there, 1x1 back. The stride is in the 3x3 convolution, as in torchvision."""

    expansion = 4

    def __init__(self, into: int, wide: int, stride: int, dilation: tuple[int, int], how: Residue) -> None:
        super().__init__(into, wide * 4, stride, how)
        before = dilation[0]
        self.conv1 = nn.Conv2d(into, wide, 1, bias=False)
        self.bn1 = how.norm(wide)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(wide, wide, 3, stride, before, before, bias=False)
        self.bn2 = how.norm(wide)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(wide, wide * 4, 1, bias=False)
        self.bn3 = how.norm(wide * 4)
        self.relu3 = nn.ReLU()

    def layers(self, x: Tensor) -> Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        out: Tensor = self.bn3(self.conv3(y))
        return out

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.relu3(self.residual(x))
        return y


DEPTHS: dict[int, tuple[type[BasicBlock | Bottleneck], tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


class Trunk(nn.Module):
    """The residual network of a depth up to its last stage, with torchvision's names; features c2 … c5 at strides 4, 8, 16, 32.
    `dilate` (c3, c4, c5) turns a stage's stride into dilation, so that what follows keeps the finer grid."""

    def __init__(
        self,
        depth: int = 50,
        width: float = 1.0,
        how: Residue | None = None,
        dilate: Sequence[bool] = (False, False, False),
    ) -> None:
        super().__init__()
        how = how or Residue()
        kind, blocks = DEPTHS[depth]
        stem = scaled(64, width)
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.bn1 = how.norm(stem)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.channels: dict[str, int] = {}
        into, dilation, stages = stem, 1, []
        for level, (count, wider) in enumerate(zip(blocks, (False, *dilate), strict=True)):
            wide, stride, before = scaled(64 * 2**level, width), 1 if level == 0 else 2, dilation
            if wider:
                dilation, stride = dilation * stride, 1
            first = kind(into, wide, stride, (before, dilation), how)
            into = wide * kind.expansion
            rest = [kind(into, wide, 1, (dilation, dilation), how) for _ in range(count - 1)]
            stages.append(nn.Sequential(first, *rest))
            self.channels[f"c{level + 2}"] = into
        self.layer1, self.layer2, self.layer3, self.layer4 = stages

    def forward(self, x: Tensor) -> Features:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # N 64 H/4 W/4
        found = {}
        for name, stage in zip(self.channels, (self.layer1, self.layer2, self.layer3, self.layer4), strict=True):
            found[name] = x = stage(x)
        return found
