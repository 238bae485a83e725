"""The house's small classifiers: residual networks of 0.35, 0.9 and 1.9 million parameters for two CPU cores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from looksay.nn.backbone import Backbone, BackboneSize
from looksay.nn.blocks import initialise
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.registry import Card, system


@dataclass(frozen=True)
class SmallConfig:
    size: BackboneSize = "m"
    width: float = 1.0


@system(
    Card(
        name="small",
        task="classify",
        title="Small residual networks",
        paper="this house's own; blocks of He et al. 2016, averaging shortcuts of He T. et al. 2019 (Bag of Tricks)",
        year=2019,
        summary="Fast on two CPU cores at 128 pixels; detectors, segmenters and captioners of the storybook stand on them.",
        variants={"small-m": {"size": "m"}, "small-s": {"size": "s"}, "small-l": {"size": "l"}},
    )
)
class Small(Classifier):
    Config = SmallConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=16, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15,
                    clip=5.0, smoothing=0.05,
                    augment=GENTLE,
                ),
            ),
            expect=0.92,
            minutes=6,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: SmallConfig | None = None, prep: Prep | None = None) -> None:
        config = config or SmallConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "crop", 128))
        self.body = Backbone(config.size, config.width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.body.channels["c5"], len(self.classes))
        initialise(self, self.fc)

    @classmethod
    def size_for(cls, config: SmallConfig) -> int:
        return 128

    def logits(self, x: Tensor) -> Logits:
        c5 = self.body(x)["c5"]  # N 128 4 4
        return Logits(self.fc(torch.flatten(self.pool(c5), 1)))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.body.taps(), "pool": self.pool, "fc": self.fc}
