"""The baseline of all tables: a picture's colours on a coarse grid, and one linear layer. What a network must beat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from looksay.nn.blocks import initialise
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.registry import Card, system


@dataclass(frozen=True)
class LinearConfig:
    """The picture is averaged to `grid` x `grid` cells."""

    grid: int = 16


@system(
    Card(
        name="linear",
        task="classify",
        title="Linear baseline",
        paper="softmax regression on averaged pixels",
        year=1958,
        summary="One linear layer on a 16x16 picture: how far colour and place go without any feature.",
    )
)
class Linear(Classifier):
    Config = LinearConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=10, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1,
                    precision="fp32", augment=Augment(flip=0.5),
                ),
            ),
            expect=0.32,
            minutes=0.5,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: LinearConfig | None = None, prep: Prep | None = None) -> None:
        config = config or LinearConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        self.pool = nn.AdaptiveAvgPool2d(config.grid)
        self.fc = nn.Linear(self.prep.channels * config.grid**2, len(self.classes))
        initialise(self, self.fc)

    @classmethod
    def size_for(cls, config: LinearConfig) -> int:
        return 128

    def logits(self, x: Tensor) -> Logits:
        return Logits(self.fc(torch.flatten(self.pool(x), 1)))  # N 3 16 16 → N K

    def taps(self) -> dict[str, nn.Module]:
        return {"pool": self.pool, "fc": self.fc}
