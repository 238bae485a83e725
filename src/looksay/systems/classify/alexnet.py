"""AlexNet (Krizhevsky et al. 2012), in the layers of its one-column successor of 2014, as torchvision has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import Named, at_least, initialise, scaled, slide
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system


@dataclass(frozen=True)
class AlexNetConfig:
    """`grid` is the side of the map that fc6 takes, `hidden` the size of fc6 and fc7; `norm` = 'batch' puts batch norm behind
    every convolution."""

    width: float = 1.0
    hidden: int = 4096
    grid: int = 6
    norm: Literal["none", "batch"] = "none"
    dropout: float = 0.5


@system(
    Card(
        name="alexnet",
        task="classify",
        title="AlexNet",
        paper="Krizhevsky, Sutskever, Hinton: ImageNet Classification with Deep Convolutional Neural Networks",
        year=2012,
        rows=("C1",),
        summary="Five convolutions, three fully connected layers; the network that began it.",
        deviations=(
            "one column of layers, without local response normalisation (Krizhevsky 2014), as torchvision's published weights",
            "weights start as in He et al. 2015",
            "colours are changed by brightness, contrast and saturation instead of along their principal components",
            "the storybook recipe has narrow layers, a 3x3 map before fc6, and batch norm",
        ),
        published={"alexnet": "alexnet"},
    )
)
class AlexNet(Classifier):
    Config = AlexNetConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=90, batch_size=128, img_size=224, lr=0.01, weight_decay=5e-4, schedule="step",
                    milestones=(0.33, 0.66, 0.9),
                    augment=Augment(flip=0.5, scale=(256, 256), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            expect=0.565,
            note="torchvision's published weights: 56.5 %; the paper of 2012 has 59.3 % with ten crops and its two columns",
        ),
        "storybook": Recipe(
            settings={"width": 0.25, "hidden": 512, "grid": 3, "norm": "batch", "dropout": 0.25},
            stages=(
                Stage(
                    epochs=20, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.79,
            minutes=2,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: AlexNetConfig | None = None, prep: Prep | None = None) -> None:
        config = config or AlexNetConfig()
        super().__init__(classes, config, prep or Prep())
        a, b, c, d, e = (scaled(channels, config.width) for channels in (64, 192, 384, 256, 256))

        def layer(place: int, conv: nn.Conv2d, *after: tuple[str, nn.Module]) -> list[tuple[str, nn.Module]]:
            norm = [(f"norm{place}", nn.BatchNorm2d(conv.out_channels))] if config.norm == "batch" else []
            return [(f"conv{place}", conv), *norm, (f"relu{place}", nn.ReLU()), *after]

        self.features = Named([
            *layer(1, nn.Conv2d(3, a, 11, 4, 2), ("pool1", nn.MaxPool2d(3, 2))),
            *layer(2, nn.Conv2d(a, b, 5, 1, 2), ("pool2", nn.MaxPool2d(3, 2))),
            *layer(3, nn.Conv2d(b, c, 3, 1, 1)),
            *layer(4, nn.Conv2d(c, d, 3, 1, 1)),
            *layer(5, nn.Conv2d(d, e, 3, 1, 1), ("pool5", nn.MaxPool2d(3, 2))),
        ])  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(config.grid)
        fc8 = nn.Linear(config.hidden, len(self.classes))
        self.classifier = Named([
            ("", Dropout(config.dropout)),
            ("fc6", nn.Linear(e * config.grid**2, config.hidden)),
            ("relu6", nn.ReLU()),
            ("", Dropout(config.dropout)),
            ("fc7", nn.Linear(config.hidden, config.hidden)),
            ("relu7", nn.ReLU()),
            ("fc8", fc8),
        ])  # fmt: skip
        initialise(self, fc8)

    def logits(self, x: Tensor) -> Logits:
        x = self.avgpool(self.features(x))  # 224: N 64 55 55, 27, N 192 13 13, N 256 13 13, N 256 6 6
        return Logits(self.classifier(torch.flatten(x, 1)))

    def dense(self, x: Tensor) -> Logits:
        maps = at_least(self.features(x), self.config.grid)  # N 256 about H/32 W/32
        return Logits(slide(self.classifier, maps, self.config.grid).mean(dim=(2, 3)))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.features.taps(), **self.classifier.taps()}
