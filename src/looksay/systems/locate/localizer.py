"""Classification and localization: a regression head for the box on the last map of a trained classifier, trained alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.backbone import Backbone, BackboneSize
from looksay.nn.blocks import initialise, scaled
from looksay.nn.detector import clipped
from looksay.nn.locator import GUESSES, Guess, Locator, Pooled, centred, cornered
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system

GRID = 4  # side of the map that the head takes


@dataclass(frozen=True)
class LocalizerConfig:
    """`agnostic`: one box whatever the class, else one for each class. `squeeze` channels of the last map reach the head."""

    agnostic: bool = False
    size: BackboneSize = "m"
    width: float = 1.0
    squeeze: int = 32
    hidden: int = 96


@dataclass
class Located:
    """`logits` (N, K). `boxes` (N, K or 1, 4): centre and size in shares of the network's picture."""

    logits: Tensor
    boxes: Tensor


@system(
    Card(
        name="localizer",
        task="locate",
        title="Classifier with a box",
        paper="Simonyan, Zisserman: Very Deep Convolutional Networks for Large-Scale Image Recognition (its localization)",
        year=2014,
        rows=("L1",),
        summary="A trained classifier and, on its last map, a head of fully connected layers for the subject's box.",
        deviations=(
            "the classifier is the house's small-m; a 1x1 convolution to 32 channels before the head keeps it small",
            "the head never changes the classifier, also where both are trained at once",
        ),
        variants={"localizer": {"agnostic": False}, "localizer-agnostic": {"agnostic": True}},
    )
)
class Localizer(Locator[Located]):
    Config = LocalizerConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    name="box", epochs=12, batch_size=64, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.01, warmup=0.1,
                    freeze=("body.", "fc."), augment=GENTLE,
                ),
            ),
            metric="loc1",
            start="small-m",
            expect=0.87,
            minutes=5,
            note="the classifier stays as it is, so this is for its own classes; 'whole' is for others",
        ),
        "whole": Recipe(
            stages=(
                Stage(
                    epochs=16, batch_size=64, img_size=128, optimizer="adamw", lr=3e-3, weight_decay=0.05, warmup=0.15, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="loc1",
            note="the classifier is trained too, by the classes alone",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: LocalizerConfig | None = None, prep: Prep | None = None) -> None:
        config = config or LocalizerConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "crop", 128))
        self.body = Backbone(config.size, config.width)
        c5 = self.body.channels["c5"]
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(c5, len(self.classes))
        few = scaled(config.squeeze, config.width)
        last = nn.Linear(config.hidden, 4 if config.agnostic else 4 * len(self.classes))
        self.box = nn.Sequential(
            nn.Conv2d(c5, few, 1), nn.ReLU(), Pooled(GRID), nn.Flatten(),
            nn.Linear(few * GRID**2, config.hidden), nn.ReLU(), last,
        )  # fmt: skip
        initialise(self, self.fc, last)
        nn.init.constant_(last.bias, 0.5)  # it starts with the middle half of the picture

    @classmethod
    def size_for(cls, config: LocalizerConfig) -> int:
        return 128

    def forward(self, batch: Batch) -> Located:
        c5 = self.body(batch.pictures)["c5"]  # N 128 4 4
        logits = self.fc(torch.flatten(self.pool(c5), 1))
        boxes = self.box(c5.detach())  # N 4K
        return Located(logits, torch.unflatten(boxes, 1, (-1, 4)))

    def loss(self, out: Located, batch: Batch) -> dict[str, Tensor]:
        label, own = batch.targets["label"], share_of(batch)
        boxes = out.boxes.float()
        said = boxes[:, 0] if self.config.agnostic else boxes[torch.arange(len(label), device=label.device), label]
        truth = centred(batch.targets["box"] / own)
        return {"class": F.cross_entropy(out.logits.float(), label), "box": (said - truth).square().sum(dim=1).mean()}

    def guesses(self, out: Located, batch: Batch) -> list[Guess]:
        scores, labels = out.logits.float().softmax(dim=1).topk(min(GUESSES, len(self.classes)), dim=1)
        boxes = cornered(out.boxes.float()) * share_of(batch)
        found = []
        for row, (some, kinds) in enumerate(zip(scores, labels, strict=True)):
            own = boxes[row].expand(len(kinds), 4) if self.config.agnostic else boxes[row, kinds]
            found.append(Guess(kinds, some, clipped(own, batch.extent(row))))
        return found

    def aim(self, out: Located, what: str) -> Tensor:
        """The logit of a class."""
        return out.logits[:, self.index(what)] if what else out.logits.max(dim=1).values

    def taps(self) -> dict[str, nn.Module]:
        head = {"squeeze": self.box[0], "fc6": self.box[4], "box": self.box[6]}
        return {**self.body.taps(), "pool": self.pool, "fc": self.fc, **head}


def share_of(batch: Batch) -> Tensor:
    """(1, 4) what shares of the network's picture are multiplied by."""
    high, wide = batch.pictures.shape[-2:]
    return torch.tensor([[wide, high, wide, high]], dtype=torch.float32, device=batch.pictures.device)
