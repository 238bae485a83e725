"""Inception-v4 (Szegedy et al. 2017): a uniform pile of Inception modules, as in figures 3 to 9 of the paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.inception import AVG, MAX, Branches, Conv, Fork, Mixed
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

ROW, COLUMN = (1, 7), (7, 1)
STEM: dict[str, Branches] = {
    "mixed_3a": {"pool": [MAX], "conv": [Conv(96, 3, 2)]},
    "mixed_4a": {
        "short": [Conv(64), Conv(96, 3, valid=True)],
        "long": [Conv(64), Conv(64, COLUMN), Conv(64, ROW), Conv(96, 3, valid=True)],
    },
    "mixed_5a": {"conv": [Conv(192, 3, 2)], "pool": [MAX]},
}
INCEPTION_A: Branches = {
    "one": [Conv(96)],
    "three": [Conv(64), Conv(96, 3)],
    "double": [Conv(64), Conv(96, 3), Conv(96, 3)],
    "pool": [AVG, Conv(96)],
}
REDUCTION_A: Branches = {"three": [Conv(384, 3, 2)], "double": [Conv(192), Conv(224, 3), Conv(256, 3, 2)], "pool": [MAX]}
INCEPTION_B: Branches = {
    "one": [Conv(384)],
    "seven": [Conv(192), Conv(224, ROW), Conv(256, COLUMN)],
    "double": [Conv(192), Conv(192, COLUMN), Conv(224, ROW), Conv(224, COLUMN), Conv(256, ROW)],
    "pool": [AVG, Conv(128)],
}
REDUCTION_B: Branches = {
    "three": [Conv(192), Conv(192, 3, 2)],
    "seven": [Conv(256), Conv(256, ROW), Conv(320, COLUMN), Conv(320, 3, 2)],
    "pool": [MAX],
}
INCEPTION_C: Branches = {
    "one": [Conv(256)],
    "three": [Conv(384), Fork(Conv(256, (1, 3)), Conv(256, (3, 1)))],
    "double": [Conv(384), Conv(448, (1, 3)), Conv(512, (3, 1)), Fork(Conv(256, (3, 1)), Conv(256, (1, 3)))],
    "pool": [AVG, Conv(256)],
}


@dataclass(frozen=True)
class Inception4Config:
    """`modules`: how many of A, B and C."""

    width: float = 1.0
    modules: tuple[int, int, int] = (4, 7, 3)
    dropout: float = 0.2


@system(
    Card(
        name="inception-v4",
        task="classify",
        title="Inception-v4",
        paper="Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of Residual Connections "
        "on Learning",
        year=2017,
        rows=("C4",),
        summary="4, 7 and 3 modules on three grids behind a deeper stem; 42,679,816 parameters with 1,000 classes.",
        deviations=(
            "weights start as in He et al. 2015",
            "the storybook recipe has 3/16 of the channels and 1, 2 and 1 modules",
        ),
    )
)
class Inception4(Classifier):
    Config = Inception4Config
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=160, batch_size=640, img_size=299, optimizer="rmsprop", lr=0.045, weight_decay=4e-5,
                    schedule="step", gamma=0.94,
                    milestones=tuple(place / 80 for place in range(1, 80)), ema=0.9999, smoothing=0.1,
                    augment=Augment(flip=0.5, crop=(0.08, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            expect=0.8,
            note="one crop: 20.0 % top-1 error; 20 replicas, each with 32 pictures; the rate falls by 6 % every two epochs",
        ),
        "storybook": Recipe(
            settings={"width": 0.1875, "modules": (1, 2, 1)},
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.82,
            minutes=6,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: Inception4Config | None = None, prep: Prep | None = None) -> None:
        config = config or Inception4Config()
        super().__init__(classes, config, prep or Prep((299, 299), "crop", 342))
        width = config.width
        first, second, third = config.modules
        conv1 = Conv(32, 3, 2).build(3, width)
        conv2 = Conv(32, 3, valid=True).build(conv1.out, width)
        conv3 = Conv(64, 3).build(conv2.out, width)
        parts: dict[str, nn.Module] = {"conv1": conv1, "conv2": conv2, "conv3": conv3}
        plan = {**STEM, **{f"inception_a{i + 1}": INCEPTION_A for i in range(first)}, "reduction_a": REDUCTION_A}
        plan |= {f"inception_b{i + 1}": INCEPTION_B for i in range(second)} | {"reduction_b": REDUCTION_B}
        plan |= {f"inception_c{i + 1}": INCEPTION_C for i in range(third)}
        into = conv3.out
        for name, branches in plan.items():
            module = Mixed(into, branches, width)
            parts[name], into = module, module.out
        self.features = nn.ModuleDict(parts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = Dropout(config.dropout)
        self.fc = nn.Linear(into, len(self.classes))
        initialise(self, self.fc)

    @classmethod
    def size_for(cls, config: Inception4Config) -> int:
        return 299

    def logits(self, x: Tensor) -> Logits:
        for part in self.features.values():
            x = part(x)  # of 299x299: stem N 384 35 35, A the same, B N 1024 17 17, C N 1536 8 8
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return Logits(self.fc(x))

    def taps(self) -> dict[str, nn.Module]:
        return {**dict(self.features.items()), "avgpool": self.avgpool, "fc": self.fc}
