"""Inception-ResNet-v2 (Szegedy et al. 2017): Inception modules that learn what to add to their input, in small doses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.inception import AVG, MAX, Branches, Conv, Mixed
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

GRID35: Branches = {
    "one": [Conv(96)],
    "five": [Conv(48), Conv(64, 5)],
    "double": [Conv(64), Conv(96, 3), Conv(96, 3)],
    "pool": [AVG, Conv(64)],
}
BLOCK_A: Branches = {"one": [Conv(32)], "three": [Conv(32), Conv(32, 3)], "double": [Conv(32), Conv(48, 3), Conv(64, 3)]}
REDUCTION_A: Branches = {"three": [Conv(384, 3, 2)], "double": [Conv(256), Conv(256, 3), Conv(384, 3, 2)], "pool": [MAX]}
BLOCK_B: Branches = {"one": [Conv(192)], "seven": [Conv(128), Conv(160, (1, 7)), Conv(192, (7, 1))]}
REDUCTION_B: Branches = {
    "three": [Conv(256), Conv(384, 3, 2)],
    "other": [Conv(256), Conv(288, 3, 2)],
    "double": [Conv(256), Conv(288, 3), Conv(320, 3, 2)],
    "pool": [MAX],
}
BLOCK_C: Branches = {"one": [Conv(192)], "three": [Conv(192), Conv(224, (1, 3)), Conv(256, (3, 1))]}
DOSES = (0.17, 0.10, 0.20)  # what is added is scaled down, or deep networks of many filters die in training


@dataclass(frozen=True)
class InceptionResNet2Config:
    """`modules`: how many of A, B and C. `residual` off leaves out the adding."""

    width: float = 1.0
    modules: tuple[int, int, int] = (10, 20, 10)
    residual: bool = True
    dropout: float = 0.2


class Residual(nn.Module):
    """x + dose · (branches, brought to x's channels by a 1x1 convolution without ReLU). The network's last module has no ReLU
    behind the sum. Without `residual`, the branches alone."""

    def __init__(self, into: int, branches: Branches, dose: float, config: InceptionResNet2Config, last: bool) -> None:
        super().__init__()
        self.mixed = Mixed(into, branches, config.width)
        self.up = nn.Conv2d(self.mixed.out, into, 1)
        self.relu = nn.Identity() if last else nn.ReLU()
        self.dose, self.residual, self.out = dose, config.residual, into

    def forward(self, x: Tensor) -> Tensor:
        y = self.up(self.mixed(x))
        out: Tensor = self.relu(x + self.dose * y if self.residual else y)
        return out


@system(
    Card(
        name="inception-resnet-v2",
        task="classify",
        title="Inception-ResNet-v2",
        paper="Szegedy, Ioffe, Vanhoucke, Alemi: Inception-v4, Inception-ResNet and the Impact of Residual Connections "
        "on Learning",
        year=2017,
        rows=("C4",),
        summary="Inception modules with scaled shortcuts; 55,843,464 parameters with 1,000 classes.",
        deviations=(
            "as the paper's authors released it, not as its figures draw it: the stem of Inception-v3, 10, 20 and 10 modules "
            "instead of 5, 10 and 5, and a last 1x1 convolution to 1,536 channels",
            "without the auxiliary head; weights start as in He et al. 2015",
            "the storybook recipe has 3/16 of the channels and 2, 3 and 2 modules",
        ),
    )
)
class InceptionResNet2(Classifier):
    Config = InceptionResNet2Config
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
            expect=0.801,
            note="one crop: 19.9 % top-1 error; 20 replicas, each with 32 pictures; the rate falls by 6 % every two epochs",
        ),
        "storybook": Recipe(
            settings={"width": 0.1875, "modules": (2, 3, 2)},
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.85,
            minutes=10,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: InceptionResNet2Config | None = None, prep: Prep | None = None) -> None:
        config = config or InceptionResNet2Config()
        super().__init__(classes, config, prep or Prep((299, 299), "crop", 342))
        parts: dict[str, nn.Module] = {}
        into = 3

        def conv(name: str, layer: Conv) -> None:
            nonlocal into
            built = layer.build(into, config.width)
            parts[name], into = built, built.out

        def mixed(name: str, branches: Branches) -> None:
            nonlocal into
            built = Mixed(into, branches, config.width)
            parts[name], into = built, built.out

        conv("conv1", Conv(32, 3, 2))
        conv("conv2", Conv(32, 3, valid=True))
        conv("conv3", Conv(64, 3))
        parts["pool1"] = nn.MaxPool2d(3, 2)
        conv("conv4", Conv(80))
        conv("conv5", Conv(192, 3, valid=True))
        parts["pool2"] = nn.MaxPool2d(3, 2)
        mixed("grid35", GRID35)
        plan = zip("abc", (BLOCK_A, BLOCK_B, BLOCK_C), config.modules, DOSES, strict=True)
        for letter, branches, count, dose in plan:
            if letter != "a":
                mixed(f"reduction_{'ab'['bc'.index(letter)]}", REDUCTION_A if letter == "b" else REDUCTION_B)
            for place in range(1, count + 1):
                last = letter == "c" and place == count
                parts[f"block_{letter}{place}"] = Residual(into, branches, 1.0 if last else dose, config, last)
        conv("conv6", Conv(1536))
        self.features = nn.ModuleDict(parts)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = Dropout(config.dropout)
        self.fc = nn.Linear(into, len(self.classes))
        initialise(self, self.fc)

    @classmethod
    def size_for(cls, config: InceptionResNet2Config) -> int:
        return 299

    def logits(self, x: Tensor) -> Logits:
        for part in self.features.values():
            x = part(x)  # of 299x299: A N 320 35 35, B N 1088 17 17, C N 2080 8 8, conv6 N 1536 8 8
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return Logits(self.fc(x))

    def taps(self) -> dict[str, nn.Module]:
        return {**dict(self.features.items()), "avgpool": self.avgpool, "fc": self.fc}
