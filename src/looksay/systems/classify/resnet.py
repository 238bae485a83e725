"""ResNet (He et al. 2016): layers learn what to add to their input. Beside it the plain network, the same without the adding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import counted, initialise
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.nn.residual import Residue, Trunk
from looksay.registry import Card, system

Depth = Literal[18, 34, 50, 101, 152]


@dataclass(frozen=True)
class ResNetConfig:
    """`residual` off leaves out every shortcut: the paper's plain network of the same depth. `width` multiplies all channels."""

    depth: Depth = 18
    residual: bool = True
    width: float = 1.0


@system(
    Card(
        name="resnet",
        task="classify",
        title="ResNet",
        paper="He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition",
        year=2016,
        rows=("C4",),
        summary="18 to 152 layers with shortcuts around every two or three; plain-18 and plain-34 are the same without them.",
        deviations=(
            "the stride of a bottleneck is in its 3x3 convolution, as in torchvision's published weights",
            "the storybook recipe has a quarter of the channels",
        ),
        variants={
            "resnet-18": {"depth": 18},
            "resnet-34": {"depth": 34},
            "resnet-50": {"depth": 50},
            "resnet-101": {"depth": 101},
            "resnet-152": {"depth": 152},
            "plain-18": {"depth": 18, "residual": False},
            "plain-34": {"depth": 34, "residual": False},
        },
        published={f"resnet-{depth}": f"resnet{depth}" for depth in (18, 34, 50, 101, 152)},
    )
)
class ResNet(Classifier):
    Config = ResNetConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=120, batch_size=256, img_size=224, lr=0.1, weight_decay=1e-4, schedule="step", milestones=(0.5, 0.75),
                    augment=Augment(flip=0.5, scale=(256, 480), brightness=0.4, contrast=0.4, saturation=0.4),
                ),
            ),
            note="600,000 steps; ten crops: 72.1 % with 18 layers, 75.0 with 34, 77.2 with 50, 78.3 with 101, 78.6 with 152",
        ),
        "storybook": Recipe(
            settings={"width": 0.25},
            stages=(
                Stage(
                    epochs=20, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.90,
            minutes=6,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: ResNetConfig | None = None, prep: Prep | None = None) -> None:
        config = config or ResNetConfig()
        super().__init__(classes, config, prep or Prep())
        trunk = Trunk(config.depth, config.width, Residue(shortcut=config.residual))
        self.conv1, self.bn1, self.relu, self.maxpool = trunk.conv1, trunk.bn1, trunk.relu, trunk.maxpool
        self.layer1, self.layer2, self.layer3, self.layer4 = trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(trunk.channels["c5"], len(self.classes))
        initialise(self, self.fc)

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return counted(tensors)

    def logits(self, x: Tensor) -> Logits:
        x = self.relu(self.bn1(self.conv1(x)))  # N 64 112 112
        x = self.layer1(self.maxpool(x))  # N 64 56 56, with bottlenecks four times the channels from here
        x = self.layer2(x)  # N 128 28 28
        x = self.layer3(x)  # N 256 14 14
        x = self.layer4(x)  # N 512 7 7
        return Logits(self.fc(torch.flatten(self.avgpool(x), 1)))

    def taps(self) -> dict[str, nn.Module]:
        """Blocks are named as in the paper: conv2_1 is the first of the stage conv2_x."""
        found: dict[str, nn.Module] = {"conv1": self.conv1, "relu1": self.relu, "pool1": self.maxpool}
        for stage, blocks in enumerate((self.layer1, self.layer2, self.layer3, self.layer4), 2):
            found |= {f"conv{stage}_{place}": block for place, block in enumerate(blocks, 1)}
        return {**found, "pool5": self.avgpool, "fc": self.fc}
