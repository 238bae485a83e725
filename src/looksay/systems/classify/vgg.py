"""VGG (Simonyan and Zisserman 2015): nothing but 3x3 convolutions, deeper and deeper; the six columns of the paper's table 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import LocalNorm, Named, at_least, initialise, scaled, slide
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

Column = Literal["A", "A-LRN", "B", "C", "D", "E"]
CHANNELS = (64, 128, 256, 512, 512)
KERNELS: dict[str, tuple[tuple[int, ...], ...]] = {  # of the convolutions in each of the five stages
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "A-LRN": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}


@dataclass(frozen=True)
class VGGConfig:
    """`column` of table 1, its channels times `width`. `grid` is the side of the map that fc6 takes,
    `hidden` the size of fc6 and fc7; `norm` = 'batch' puts batch norm behind every convolution, which the paper did not know."""

    column: Column = "D"
    width: float = 1.0
    hidden: int = 4096
    grid: int = 7
    norm: Literal["none", "batch"] = "none"
    dropout: float = 0.5

    @property
    def channels(self) -> list[int]:
        """Of the five stages."""
        return [scaled(channels, self.width) for channels in CHANNELS]


@system(
    Card(
        name="vgg",
        task="classify",
        title="VGG",
        paper="Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition",
        year=2015,
        rows=("C2",),
        summary="11 to 19 layers of 3x3 convolutions; columns A, A-LRN, B, C, D and E of the paper's table.",
        deviations=(
            "weights start as in He et al. 2015; the paper trained A first and began the deeper ones with its layers",
            "colours are changed by brightness, contrast and saturation instead of along their principal components",
            "the storybook recipe has narrow layers, a 3x3 map before fc6, batch norm, and 96 pixels",
        ),
        variants={
            "vgg-16": {"column": "D"},
            "vgg-19": {"column": "E"},
            "vgg-a": {"column": "A"},
            "vgg-a-lrn": {"column": "A-LRN"},
            "vgg-b": {"column": "B"},
            "vgg-c": {"column": "C"},
            "vgg-d": {"column": "D"},
            "vgg-e": {"column": "E"},
        },
        published={"vgg-16": "vgg16", "vgg-19": "vgg19", "vgg-a": "vgg11", "vgg-b": "vgg13", "vgg-d": "vgg16", "vgg-e": "vgg19"},
    )
)
class VGG(Classifier):
    Config = VGGConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=74, batch_size=256, img_size=224, lr=0.01, weight_decay=5e-4, schedule="step",
                    milestones=(0.34, 0.67, 0.9),
                    augment=Augment(flip=0.5, scale=(256, 512), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            expect=0.744,
            note="D, trained at S in [256; 512], dense evaluation at Q = 384: 25.6 % top-1 error, likewise C 27.3 and E 25.5; "
            "at S = Q = 256: A 29.6, A-LRN 29.7, B 28.7",
        ),
        "storybook": Recipe(
            settings={"width": 0.1875, "hidden": 128, "grid": 3, "norm": "batch", "dropout": 0.25},
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=96, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.83,
            minutes=10,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: VGGConfig | None = None, prep: Prep | None = None) -> None:
        config = config or VGGConfig()
        super().__init__(classes, config, prep or Prep())
        self.features = Named(_features(config))
        self.avgpool = nn.AdaptiveAvgPool2d(config.grid)
        fc8 = nn.Linear(config.hidden, len(self.classes))
        self.classifier = Named([
            ("fc6", nn.Linear(config.channels[-1] * config.grid**2, config.hidden)),
            ("relu6", nn.ReLU()),
            ("", Dropout(config.dropout)),
            ("fc7", nn.Linear(config.hidden, config.hidden)),
            ("relu7", nn.ReLU()),
            ("", Dropout(config.dropout)),
            ("fc8", fc8),
        ])  # fmt: skip
        initialise(self, fc8)

    def logits(self, x: Tensor) -> Logits:
        x = self.avgpool(self.features(x))  # N 512 7 7
        return Logits(self.classifier(torch.flatten(x, 1)))

    def dense(self, x: Tensor) -> Logits:
        maps = at_least(self.features(x), self.config.grid)  # N 512 H/32 W/32
        scores = slide(self.classifier, maps, self.config.grid)  # N K H/32-6 W/32-6
        return Logits(scores.mean(dim=(2, 3)))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.features.taps(), **self.classifier.taps()}


def _features(config: VGGConfig) -> list[tuple[str, nn.Module]]:
    parts: list[tuple[str, nn.Module]] = []
    into = 3
    for stage, (out, kernels) in enumerate(zip(config.channels, KERNELS[config.column], strict=True), 1):
        for place, kernel in enumerate(kernels, 1):
            parts.append((f"conv{stage}_{place}", nn.Conv2d(into, out, kernel, padding=kernel // 2)))
            if config.norm == "batch":
                parts.append((f"norm{stage}_{place}", nn.BatchNorm2d(out)))
            parts.append((f"relu{stage}_{place}", nn.ReLU()))
            if config.column == "A-LRN" and stage == 1:
                parts.append(("lrn1", LocalNorm(out)))
            into = out
        parts.append((f"pool{stage}", nn.MaxPool2d(2, 2)))
    return parts
