"""Inception-v3 (Szegedy et al. 2016): large convolutions taken apart into smaller and one-sided ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.errors import BadConfig
from looksay.nn.blocks import ConvNorm, counted, initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.inception import AVG, MAX, Branches, Conv, Fork, Mixed, recentred
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

AUX_SHARE = 0.4
MODULES = (3, 4, 2)
POOLED = (32, 64, 64)  # channels behind the pooling of each module of the 35x35 grid
SEVENS = (128, 160, 160, 192)  # channels inside the one-sided sevens of each module of the 17x17 grid


@dataclass(frozen=True)
class Inception3Config:
    """`modules` of the 35x35, 17x17 and 8x8 grids, the paper's at most. `transform_input` is for torchvision's weights."""

    width: float = 1.0
    modules: tuple[int, int, int] = MODULES
    aux: bool = True
    dropout: float = 0.5
    transform_input: bool = False


def grid35(pooled: int) -> Branches:
    return {
        "branch1x1": [Conv(64)],
        "branch5x5": [Conv(48), Conv(64, 5)],
        "branch3x3dbl": [Conv(64), Conv(96, 3), Conv(96, 3)],
        "branch_pool": [AVG, Conv(pooled)],
    }


def grid17(few: int) -> Branches:
    row, column = (1, 7), (7, 1)
    return {
        "branch1x1": [Conv(192)],
        "branch7x7": [Conv(few), Conv(few, row), Conv(192, column)],
        "branch7x7dbl": [Conv(few), Conv(few, column), Conv(few, row), Conv(few, column), Conv(192, row)],
        "branch_pool": [AVG, Conv(192)],
    }


GRID8: Branches = {
    "branch1x1": [Conv(320)],
    "branch3x3": [Conv(384), Fork(Conv(384, (1, 3)), Conv(384, (3, 1)))],
    "branch3x3dbl": [Conv(448), Conv(384, 3), Fork(Conv(384, (1, 3)), Conv(384, (3, 1)))],
    "branch_pool": [AVG, Conv(192)],
}
TO17: Branches = {
    "branch3x3": [Conv(384, 3, 2)],
    "branch3x3dbl": [Conv(64), Conv(96, 3), Conv(96, 3, 2)],
    "branch_pool": [MAX],
}
TO8: Branches = {
    "branch3x3": [Conv(192), Conv(320, 3, 2)],
    "branch7x7x3": [Conv(192), Conv(192, (1, 7)), Conv(192, (7, 1)), Conv(192, 3, 2)],
    "branch_pool": [MAX],
}


class AuxHead(nn.Module):
    """A classifier on the 17x17 grid. Smaller grids, of smaller pictures, are pooled to the same 5x5."""

    def __init__(self, into: int, classes: int, width: float) -> None:
        super().__init__()
        few, many = scaled(128, width), scaled(768, width)
        self.conv0 = ConvNorm(into, few, 1)
        self.conv1 = ConvNorm(few, many, 5)
        self.fc = nn.Linear(many, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.avg_pool2d(x, 5, 3) if min(x.shape[-2:]) >= 17 else F.adaptive_avg_pool2d(x, 5)  # N 768 5 5
        x = self.conv1(self.conv0(x)).mean(dim=(2, 3))  # N 768
        out: Tensor = self.fc(x)
        return out


@system(
    Card(
        name="inception-v3",
        task="classify",
        title="Inception-v3",
        paper="Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception Architecture for Computer Vision",
        year=2016,
        rows=("C4",),
        summary="48 layers for 299x299 pictures; factorised convolutions, batch norm in the auxiliary head, label smoothing.",
        deviations=(
            "layers as in the published weights of the paper's authors, which torchvision took over",
            "weights start as in He et al. 2015",
            "the storybook recipe has 3/16 of the channels and 1, 2 and 1 modules on the three grids",
        ),
        published={"inception-v3": "inception_v3"},
    )
)
class Inception3(Classifier):
    Config = Inception3Config
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=100, batch_size=1600, img_size=299, optimizer="rmsprop", lr=0.045, weight_decay=4e-5, clip=2.0,
                    schedule="step", gamma=0.94,
                    milestones=tuple(place / 50 for place in range(1, 50)), ema=0.9999, smoothing=0.1,
                    augment=Augment(flip=0.5, crop=(0.08, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            expect=0.788,
            note="one crop: 21.2 % top-1 error; the rate falls by 6 % every two epochs",
        ),
        "storybook": Recipe(
            settings={"width": 0.1875, "modules": (1, 2, 1), "dropout": 0.2},
            stages=(
                Stage(
                    epochs=16, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.88,
            minutes=15,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: Inception3Config | None = None, prep: Prep | None = None) -> None:
        config = config or Inception3Config()
        super().__init__(classes, config, prep or Prep((299, 299), "crop", 342))
        width = config.width
        a, b, c, d = (scaled(channels, width) for channels in (32, 64, 80, 192))
        self.Conv2d_1a_3x3 = Conv(32, 3, 2).build(3, width)
        self.Conv2d_2a_3x3 = Conv(32, 3, valid=True).build(a, width)
        self.Conv2d_2b_3x3 = Conv(64, 3).build(a, width)
        self.maxpool1 = nn.MaxPool2d(3, 2)
        self.Conv2d_3b_1x1 = Conv(80).build(b, width)
        self.Conv2d_4a_3x3 = Conv(192, 3, valid=True).build(c, width)
        self.maxpool2 = nn.MaxPool2d(3, 2)
        if any(asked > most for asked, most in zip(config.modules, MODULES, strict=True)):
            raise BadConfig(f"modules {config.modules} are more than the paper has", mend=f"at most {MODULES}")
        first, second, third = config.modules
        plan = {f"Mixed_5{letter}": grid35(POOLED[place]) for place, letter in enumerate("bcd"[:first])}
        plan |= {"Mixed_6a": TO17}
        plan |= {f"Mixed_6{letter}": grid17(SEVENS[place]) for place, letter in enumerate("bcde"[:second])}
        plan |= {"Mixed_7a": TO8} | {f"Mixed_7{letter}": GRID8 for letter in "bc"[:third]}
        self.grids = tuple(plan)
        self.before_aux = self.grids[self.grids.index("Mixed_7a") - 1]
        into = d
        for name, branches in plan.items():
            module = Mixed(into, branches, width)
            self.add_module(name, module)
            into = module.out
            if config.aux and name == self.before_aux:
                self.AuxLogits = AuxHead(into, len(self.classes), width)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = Dropout(config.dropout)
        self.fc = nn.Linear(into, len(self.classes))
        initialise(self, self.fc, *([self.AuxLogits.fc] if config.aux else []))

    @classmethod
    def size_for(cls, config: Inception3Config) -> int:
        return 299

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return counted(tensors)

    def logits(self, x: Tensor) -> Logits:
        x = recentred(x) if self.config.transform_input else x
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x)))  # N 64 147 147 of 299x299
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(self.maxpool1(x)))  # N 192 71 71
        x = self.maxpool2(x)  # N 192 35 35
        aux: tuple[tuple[float, Tensor], ...] = ()
        for name in self.grids:
            x = self.get_submodule(name)(x)  # 5b N 256 35 35; 6a N 768 17 17; 7a N 1280 8 8; 7c N 2048 8 8
            if self.config.aux and name == self.before_aux:
                aux = ((AUX_SHARE, self.AuxLogits(x)),)
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return Logits(self.fc(x), aux)

    def taps(self) -> dict[str, nn.Module]:
        stem = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool2")
        return {name: self.get_submodule(name) for name in (*stem, *self.grids, "avgpool", "fc")}
