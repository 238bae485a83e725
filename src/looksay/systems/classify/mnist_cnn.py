"""The MNIST network: two 3x3 convolutions, one pooling, two dense layers; 600,810 parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.registry import Card, system


@dataclass(frozen=True)
class MnistConfig:
    width: int = 32
    hidden: int = 128


@system(
    Card(
        name="mnist-cnn",
        task="classify",
        title="The MNIST network",
        paper="Keras example network for MNIST, as in the lecture",
        year=2015,
        rows=("C3",),
        summary="Small convolutional network for 28x28 grey digits; 600,810 parameters with ten classes.",
        deviations=("AdamW with a one-cycle-like cosine schedule instead of Adadelta; shifts and small crops as augmentation",),
    )
)
class MnistCNN(Classifier):
    Config = MnistConfig
    RECIPES = {
        "paper": Recipe(
            data="mnist",
            stages=(
                Stage(
                    epochs=12, batch_size=128, img_size=28, optimizer="adadelta", lr=1.0, weight_decay=0.0, schedule="constant",
                ),
            ),
            expect=0.9907,
            minutes=6,
            note="the lecture's matrix: 9,907 of 10,000",
        ),
        "storybook": Recipe(
            data="storybook:digits",
            stages=(
                Stage(
                    epochs=10, batch_size=128, img_size=28, optimizer="adamw", lr=2e-3, weight_decay=1e-2, warmup=0.1,
                    augment=Augment(shift=0.08),
                ),
            ),
            expect=0.97,
            minutes=2,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: MnistConfig | None = None, prep: Prep | None = None) -> None:
        config = config or MnistConfig()
        prep = prep or Prep((28, 28), "stretch", 28, 1, (0.1307,), (0.3081,))
        super().__init__(classes, config, prep)
        wide, high = ((side - 4) // 2 for side in prep.size)
        self.conv1 = nn.Conv2d(1, config.width, 3)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(config.width, config.width, 3)
        self.relu2 = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.drop1 = Dropout(0.25)
        self.fc1 = nn.Linear(config.width * wide * high, config.hidden)
        self.relu3 = nn.ReLU()
        self.drop2 = Dropout(0.5)
        self.fc2 = nn.Linear(config.hidden, len(self.classes))

    @classmethod
    def size_for(cls, config: MnistConfig) -> int:
        return 28

    def logits(self, x: Tensor) -> Logits:
        x = self.relu1(self.conv1(x))  # N 32 26 26
        x = self.relu2(self.conv2(x))  # N 32 24 24
        x = self.drop1(self.pool(x))  # N 32 12 12
        x = self.relu3(self.fc1(torch.flatten(x, 1)))  # N 128
        return Logits(self.fc2(self.drop2(x)))

    def taps(self) -> dict[str, nn.Module]:
        return {"conv1": self.conv1, "relu1": self.relu1, "conv2": self.conv2, "relu2": self.relu2, "pool": self.pool,
                "relu3": self.relu3, "fc2": self.fc2}  # fmt: skip
