"""SqueezeNet (Iandola et al. 2016): AlexNet's score with fifty times fewer parameters; it squeezes before every 3x3 layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import Named, initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.classifier import Classifier, Logits
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.registry import Card, system

# Fire modules by the channels that they squeeze to (each expands to eight times as many), with the poolings between them.
PLANS: dict[str, tuple[int, ...]] = {
    "1.0": (16, 16, 32, 0, 32, 48, 48, 64, 0, 64),
    "1.1": (16, 16, 0, 32, 32, 0, 48, 48, 64, 64),
}


@dataclass(frozen=True)
class SqueezeNetConfig:
    version: Literal["1.0", "1.1"] = "1.0"
    width: float = 1.0
    dropout: float = 0.5


class Fire(nn.Module):
    """1x1 to few channels, then 1x1 and 3x3 side by side to many."""

    def __init__(self, into: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(into, squeeze, 1)
        self.squeeze_relu = nn.ReLU()
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand1x1_relu = nn.ReLU()
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.expand3x3_relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        few = self.squeeze_relu(self.squeeze(x))
        return torch.cat((self.expand1x1_relu(self.expand1x1(few)), self.expand3x3_relu(self.expand3x3(few))), 1)


@system(
    Card(
        name="squeezenet",
        task="classify",
        title="SqueezeNet",
        paper="Iandola, Han, Moskewicz, Ashraf, Dally, Keutzer: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters",
        year=2016,
        rows=("C4",),
        summary="Fire modules and no fully connected layer; 1.1 needs 2.4 times less computing than 1.0 for the same score.",
        deviations=("the last convolution's bias starts at 1, so that the ReLU behind it silences no class",),
        variants={"squeezenet-1.0": {"version": "1.0"}, "squeezenet-1.1": {"version": "1.1"}},
        published={"squeezenet-1.0": "squeezenet1_0", "squeezenet-1.1": "squeezenet1_1"},
    )
)
class SqueezeNet(Classifier):
    Config = SqueezeNetConfig
    RECIPES = {
        "paper": Recipe(
            data="imagenet",
            stages=(
                Stage(
                    epochs=68, batch_size=512, img_size=224, lr=0.04, weight_decay=2e-4, schedule="linear",
                    augment=Augment(flip=0.5, scale=(256, 256)),
                ),
            ),
            expect=0.575,
            note="170,000 steps; torchvision's published weights reach 58.1 and 58.2 %",
        ),
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.02, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            expect=0.64,
            minutes=9,
            settings={"dropout": 0.2},
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: SqueezeNetConfig | None = None, prep: Prep | None = None) -> None:
        config = config or SqueezeNetConfig()
        super().__init__(classes, config, prep or Prep())
        first = config.version == "1.0"
        into = scaled(96 if first else 64, config.width)
        stem = nn.Conv2d(3, into, 7 if first else 3, 2)
        pool1 = nn.MaxPool2d(3, 2, ceil_mode=True)
        parts: list[tuple[str, nn.Module]] = [("conv1", stem), ("relu1", nn.ReLU()), ("pool1", pool1)]
        place = 1
        for squeeze in PLANS[config.version]:
            if not squeeze:
                parts.append((f"pool{place}", nn.MaxPool2d(3, 2, ceil_mode=True)))
                continue
            place += 1
            expand = scaled(4 * squeeze, config.width)
            parts.append((f"fire{place}", Fire(into, scaled(squeeze, config.width), expand)))
            into = 2 * expand
        self.features = Named(parts)
        conv10 = nn.Conv2d(into, len(self.classes), 1)
        self.classifier = Named([
            ("", Dropout(config.dropout)), ("conv10", conv10), ("relu10", nn.ReLU()), ("pool10", nn.AdaptiveAvgPool2d(1)),
        ])  # fmt: skip
        initialise(self, conv10)
        assert conv10.bias is not None
        nn.init.ones_(conv10.bias)  # or the ReLU behind it silences half of the classes for ever

    def logits(self, x: Tensor) -> Logits:
        x = self.features(x)  # N 512 13 13 of 224x224
        return Logits(torch.flatten(self.classifier(x), 1))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.features.taps(), **self.classifier.taps()}
