"""Fully convolutional networks (Long, Shelhamer, Darrell 2015): a classifier slid over the picture as one convolution, its coarse
scores enlarged by transposed convolutions, and finer maps asked on the way, one skip after the other: 32s, 16s, 8s."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.backbone import Backbone
from looksay.nn.blocks import initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.nn.residual import Trunk
from looksay.nn.segmenter import PIXELS, Grid, Maps, SegmentConfig, Segmenter
from looksay.ops.upsample import bilinear_kernel
from looksay.registry import Card, system
from looksay.systems.classify.vgg import VGG, VGGConfig

Network = Literal["vgg-16", "small-s", "small-m", "small-l", "resnet-18", "resnet-34", "resnet-50"]
Stride = Literal[32, 16, 8, 4, 2]
HOUSE: dict[str, Literal["s", "m", "l"]] = {"small-s": "s", "small-m": "m", "small-l": "l"}


@dataclass(frozen=True)
class FCNConfig(SegmentConfig):
    """`stride` is that of the finest map that is asked. `hidden` channels in the two layers that were fully connected, the first
    of `window` x `window`. `fixed`: which enlargements stay bilinear for ever, the 'last' one (as published), 'all' or 'none'."""

    network: Network = "vgg-16"
    stride: Stride = 8
    width: float = 1.0
    hidden: int = 4096
    window: int = 7
    dropout: float = 0.5
    fixed: Literal["last", "all", "none"] = "last"
    side: int = 500


class Enlarge(nn.Module):
    """A transposed convolution by `factor` that begins as the bilinear enlargement of each channel by itself. `corners`: cells
    stand on the first pixel of their squares, not in the middle. (N, C, h, w) → (N, C, h · factor, w · factor)"""

    weight: Tensor

    def __init__(self, channels: int, factor: int, *, corners: bool, learnt: bool) -> None:
        super().__init__()
        self.factor, self.corners = factor, corners
        kernel = _corner_kernel(channels, factor) if corners else bilinear_kernel(channels, factor)
        if learnt:
            self.weight = nn.Parameter(kernel)
        else:
            self.register_buffer("weight", kernel, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        beyond = self.weight.shape[-1] - self.factor
        pad, more = (self.factor - 1, self.factor - 1) if self.corners else (beyond // 2, 0)
        return F.conv_transpose2d(x, self.weight, None, self.factor, pad, more)


def _corner_kernel(channels: int, factor: int) -> Tensor:
    ramp = 1 - (torch.arange(2 * factor - 1) - (factor - 1)).abs() / factor
    return torch.eye(channels)[:, :, None, None] * torch.outer(ramp, ramp)


@system(
    Card(
        name="fcn",
        task="segment",
        title="Fully convolutional network",
        paper="Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation",
        year=2015,
        rows=("S2", "S3"),
        summary="A classifier as one convolution, its scores enlarged by learnt upsampling; skips to finer maps sharpen edges.",
        deviations=(
            "all strides are learnt at once instead of 32s first, then 16s, then 8s from its weights",
            "the picture is padded to whole cells, not by 100 pixels, so that nothing need be cropped",
            "the last enlargement is computed as bilinear interpolation: the same numbers, but at the border",
            "4s and 2s carry the skips on where pictures are small; a step of the storybook recipe learns from a quarter of the "
            "pixels, another one each time",
            "the storybook recipe begins with faster-r-cnn's layers, which have seen whole pages, not with a classifier's",
        ),
        variants={
            "fcn-8s": {"stride": 8}, "fcn-16s": {"stride": 16}, "fcn-32s": {"stride": 32},
            "fcn-4s": {"stride": 4}, "fcn-2s": {"stride": 2},
        },
    )
)  # fmt: skip
class FCN(Segmenter):
    Config = FCNConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"network": "small-m", "hidden": 128, "window": 3, "dropout": 0.1, "side": 128, "grain": 2},
            stages=(
                Stage(
                    epochs=8, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="miou",
            enlarge=1.25,
            start="faster-r-cnn",
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=175, batch_size=20, img_size=500, lr=1e-4, momentum=0.9, weight_decay=5e-4, schedule="constant",
                    precision="fp32", augment=Augment(flip=0.5),
                ),
            ),
            metric="miou",
            note="from VGG-16's ImageNet weights; VOC 2011: mIoU 59.4 (32s), 62.4 (16s), 62.7 (8s)",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: FCNConfig | None = None, prep: Prep | None = None) -> None:
        config = config or FCNConfig()
        super().__init__(classes, config, prep)
        kinds, corners = len(self.classes), config.network != "vgg-16"
        self.strides = tuple(s for s in (16, 8, 4, 2) if s >= config.stride)
        channels = self._body(config)
        self.fc6 = nn.Conv2d(channels[32], config.hidden, config.window, padding=config.window // 2)
        self.relu6, self.drop6 = nn.ReLU(), Dropout(config.dropout, planes=True)
        self.fc7 = nn.Conv2d(config.hidden, config.hidden, 1)
        self.relu7, self.drop7 = nn.ReLU(), Dropout(config.dropout, planes=True)
        self.score = nn.Conv2d(config.hidden, kinds, 1)
        self.skips = nn.ModuleDict({str(s): nn.Conv2d(channels[s], kinds, 1) for s in self.strides})
        learnt = config.fixed != "all"
        self.ups = nn.ModuleDict({str(s): Enlarge(kinds, 2, corners=corners, learnt=learnt) for s in self.strides})
        free = config.fixed == "none"
        self.last = Enlarge(kinds, config.stride, corners=corners, learnt=True) if free else None
        self.grid = PIXELS if free else Grid.corners(config.stride) if corners else Grid.squares(config.stride)
        heads = [self.score, *(skip for skip in self.skips.values() if isinstance(skip, nn.Conv2d))]
        for part in (self.fc6, self.fc7):
            initialise(part)
        for head in heads:
            initialise(head, head)

    def _body(self, config: FCNConfig) -> Mapping[int, int]:
        """Makes `body`; the channels of its maps by stride."""
        self.body: nn.Module
        if config.network == "vgg-16":
            self.body = VGG(("a",), VGGConfig(width=config.width, hidden=1)).features
            wide = [scaled(channels, config.width) for channels in (64, 128, 256, 512, 512)]
            return dict(zip((2, 4, 8, 16, 32), wide, strict=True))
        made: Backbone | Trunk
        if config.network in HOUSE:
            made = Backbone(HOUSE[config.network], config.width)
            first = made.stem[0]
        else:
            made = Trunk(int(config.network.rpartition("-")[2]), config.width)
            first = made.conv1
            initialise(made)
        assert isinstance(first, nn.Conv2d)
        self.body = made
        return {2: first.out_channels} | {2 ** (level + 2): made.channels[f"c{level + 2}"] for level in range(4)}

    def levels(self, x: Tensor) -> dict[int, Tensor]:
        """Maps by stride, sides rounded up."""
        if isinstance(self.body, Backbone):
            c1, maps = self.body.levels(x)
            return {2: c1, 4: maps["c2"], 8: maps["c3"], 16: maps["c4"], 32: maps["c5"]}
        if isinstance(self.body, Trunk):
            body = self.body
            c1 = body.relu(body.bn1(body.conv1(x)))
            c2 = body.layer1(body.maxpool(c1))
            c3 = body.layer2(c2)
            c4 = body.layer3(c3)
            return {2: c1, 4: c2, 8: c3, 16: c4, 32: body.layer4(c4)}
        found, stride = {}, 1
        x = F.pad(x, (0, -x.shape[3] % 32, 0, -x.shape[2] % 32))
        for part in self.body.children():
            x = part(x)
            if isinstance(part, nn.MaxPool2d):
                stride *= 2
                found[stride] = x
        return found

    def maps(self, x: Tensor) -> Maps:
        levels = self.levels(x)
        top = self.drop6(self.relu6(self.fc6(levels[32])))  # N 128 H/32 W/32
        out: Tensor = self.score(self.drop7(self.relu7(self.fc7(top))))  # N K H/32 W/32
        for stride in self.strides:
            skip = self.skips[str(stride)](levels[stride])  # N K H/stride W/stride
            out = self.ups[str(stride)](out)[:, :, : skip.shape[2], : skip.shape[3]] + skip
        if self.last is not None:
            out = self.last(out)[:, :, : x.shape[2], : x.shape[3]]
        return Maps(out, (x.shape[3], x.shape[2]), self.grid)

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """A classifier's layers, the fully connected ones as the convolutions that they are."""
        found = dict(tensors)
        for name, tensor in tensors.items():
            first, _, rest = name.partition(".")
            if first == "features":
                found[f"body.{rest}"] = tensor
            elif first == "classifier" and rest[0] in "03":
                own = self.fc6 if rest[0] == "0" else self.fc7
                fits = tensor.numel() == own.weight.numel()
                found[f"fc{6 if own is self.fc6 else 7}{rest[1:]}"] = tensor.view(own.weight.shape) if fits else tensor
            else:
                found.setdefault(f"body.{name}", tensor)
        return found

    def taps(self) -> dict[str, nn.Module]:
        body = self.body
        if isinstance(body, Backbone):
            parts = {"c1": body.stem[2], "c2": body.c2, "c3": body.c3, "c4": body.c4, "c5": body.c5}
        elif isinstance(body, Trunk):
            parts = {"c1": body.relu, "c2": body.layer1, "c3": body.layer2, "c4": body.layer3, "c5": body.layer4}
        else:
            pools = [part for part in body.children() if isinstance(part, nn.MaxPool2d)]
            parts = {f"pool{number}": part for number, part in enumerate(pools, 1)}
        found = {**parts, "fc6": self.relu6, "fc7": self.relu7, "score": self.score}
        for stride in self.strides:
            found[f"score{stride}"] = self.skips[str(stride)]
            found[f"up{stride}"] = self.ups[str(stride)]
        return found
