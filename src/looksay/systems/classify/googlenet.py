"""GoogLeNet (Szegedy et al. 2015): nine Inception modules, each four ways of looking at once, and two heads on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import ConvNorm, LocalNorm, counted, initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.inception import recentred
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

# Table 1 of the paper: 1x1; 1x1 before 3x3, 3x3; 1x1 before 5x5, 5x5; 1x1 behind the pooling.
TABLE: dict[str, tuple[int, int, int, int, int, int]] = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
AUX_SHARE = 0.3


@dataclass(frozen=True)
class GoogLeNetConfig:
    """`norm` = 'lrn' is the paper's network; 'batch' is torchvision's, with batch norm and, by an old mistake that its weights
    have learned, 3x3 where the paper has 5x5. `transform_input` is for torchvision's published weights."""

    norm: Literal["batch", "lrn"] = "batch"
    width: float = 1.0
    aux: bool = True
    dropout: float = 0.4
    aux_hidden: int = 1024
    transform_input: bool = False


class PlainConv(nn.Module):
    """Convolution with bias, ReLU: a layer of the time before batch norm."""

    def __init__(self, into: int, out: int, kernel: int, stride: int = 1, padding: int = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(into, out, kernel, stride, padding)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.conv(x))
        return out


def _conv(config: GoogLeNetConfig, into: int, out: int, kernel: int, stride: int = 1) -> nn.Module:
    kind = ConvNorm if config.norm == "batch" else PlainConv
    return kind(into, out, kernel, stride=stride, padding=kernel // 2)


class Inception(nn.Module):
    """1x1, 3x3 and 5x5 convolutions and a pooling of the same map, side by side; 1x1 convolutions keep them cheap."""

    def __init__(self, into: int, row: tuple[int, ...], config: GoogLeNetConfig) -> None:
        super().__init__()
        one, before3, three, before5, five, pooled = (scaled(channels, config.width) for channels in row)
        self.branch1 = _conv(config, into, one, 1)
        self.branch2 = nn.Sequential(_conv(config, into, before3, 1), _conv(config, before3, three, 3))
        large = 3 if config.norm == "batch" else 5
        self.branch3 = nn.Sequential(_conv(config, into, before5, 1), _conv(config, before5, five, large))
        self.branch4 = nn.Sequential(nn.MaxPool2d(3, 1, 1), _conv(config, into, pooled, 1))
        self.out = one + three + five + pooled

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.branch1(x), self.branch2(x), self.branch3(x), self.branch4(x)), 1)


class AuxHead(nn.Module):
    """A classifier on the way, so that the gradient reaches the early layers."""

    def __init__(self, into: int, classes: int, config: GoogLeNetConfig) -> None:
        super().__init__()
        few = scaled(128, config.width)
        self.pool = nn.AdaptiveAvgPool2d(4)
        self.conv = _conv(config, into, few, 1)
        self.fc1 = nn.Linear(few * 16, config.aux_hidden)
        self.relu = nn.ReLU()
        self.dropout = Dropout(0.7)
        self.fc2 = nn.Linear(config.aux_hidden, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.flatten(self.conv(self.pool(x)), 1)  # N 2048
        out: Tensor = self.fc2(self.dropout(self.relu(self.fc1(x))))
        return out


@system(
    Card(
        name="googlenet",
        task="classify",
        title="GoogLeNet",
        paper="Szegedy, Liu, Jia, Sermanet, Reed, Anguelov, Erhan, Vanhoucke, Rabinovich: Going Deeper with Convolutions",
        year=2015,
        rows=("C4",),
        summary="22 layers of Inception modules and two auxiliary heads; googlenet has batch norm, googlenet-lrn is the paper's.",
        deviations=(
            "googlenet is torchvision's network: batch norm instead of LRN, and 3x3 convolutions in place of 5x5",
            "weights start as in He et al. 2015",
            "auxiliary heads pool to 4x4 whatever the map's size",
            "the storybook recipe has a third of the channels and small auxiliary heads",
        ),
        variants={"googlenet": {"norm": "batch"}, "googlenet-lrn": {"norm": "lrn"}},
        published={"googlenet": "googlenet"},
    )
)
class GoogLeNet(Classifier):
    Config = GoogLeNetConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=240, batch_size=256, img_size=224, lr=0.01, weight_decay=2e-4, schedule="step", gamma=0.96,
                    milestones=tuple(place / 30 for place in range(1, 30)),
                    augment=Augment(flip=0.5, crop=(0.08, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            expect=0.698,
            note="the rate falls by 4 % every 8 epochs, from a start that the paper does not give; torchvision's weights: 69.8 %",
        ),
        "storybook": Recipe(
            settings={"width": 0.3125, "aux_hidden": 64, "dropout": 0.2},
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.86,
            minutes=6,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: GoogLeNetConfig | None = None, prep: Prep | None = None) -> None:
        config = config or GoogLeNetConfig()
        super().__init__(classes, config, prep or Prep())
        stem, wide = scaled(64, config.width), scaled(192, config.width)
        self.conv1 = _conv(config, 3, stem, 7, 2)
        self.maxpool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.conv2 = _conv(config, stem, stem, 1)
        self.conv3 = _conv(config, stem, wide, 3)
        self.maxpool2 = nn.MaxPool2d(3, 2, ceil_mode=True)
        early = config.norm == "lrn"
        self.norm1 = LocalNorm(stem) if early else nn.Identity()
        self.norm2 = LocalNorm(wide) if early else nn.Identity()
        into = wide
        for name, row in TABLE.items():
            module = Inception(into, row, config)
            self.add_module(f"inception{name}", module)
            into = module.out
            if config.aux and name in ("4a", "4d"):
                self.add_module("aux1" if name == "4a" else "aux2", AuxHead(into, len(self.classes), config))
        self.maxpool3 = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.maxpool4 = nn.MaxPool2d(2, 2, ceil_mode=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = Dropout(config.dropout)
        self.fc = nn.Linear(into, len(self.classes))
        initialise(self, self.fc, *(part.fc2 for part in self.modules() if isinstance(part, AuxHead)))

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return counted(tensors)

    def logits(self, x: Tensor) -> Logits:
        x = recentred(x) if self.config.transform_input else x
        x = self.norm1(self.maxpool1(self.conv1(x)))  # N 64 56 56 of 224x224
        x = self.maxpool2(self.norm2(self.conv3(self.conv2(x))))  # N 192 28 28
        aux: list[tuple[float, Tensor]] = []
        for name in TABLE:
            x = self.get_submodule(f"inception{name}")(x)  # 3a N 256 28 28; 4a N 512 14 14; 5b N 1024 7 7
            if name == "3b":
                x = self.maxpool3(x)
            elif name == "4e":
                x = self.maxpool4(x)
            elif self.config.aux and name in ("4a", "4d"):
                aux.append((AUX_SHARE, self.get_submodule("aux1" if name == "4a" else "aux2")(x)))
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return Logits(self.fc(x), tuple(aux))

    def taps(self) -> dict[str, nn.Module]:
        found: dict[str, nn.Module] = {"conv1": self.conv1, "pool1": self.maxpool1, "conv2": self.conv2, "conv3": self.conv3,
                                       "pool2": self.maxpool2}  # fmt: skip
        for name in TABLE:
            found[f"inception{name}"] = self.get_submodule(f"inception{name}")
            if name in ("3b", "4e"):
                found["pool3" if name == "3b" else "pool4"] = self.maxpool3 if name == "3b" else self.maxpool4
        return {**found, "pool5": self.avgpool, "fc": self.fc}
