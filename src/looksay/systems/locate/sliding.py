"""The sliding window: a classifier asked at every place, size and shape, one crop after the other. It shows what that costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.ops import box_iou

from looksay.nn.backbone import Backbone, BackboneSize
from looksay.nn.blocks import initialise
from looksay.nn.detector import clipped
from looksay.nn.locator import GUESSES, Cost, Guess, Locator, resized
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system

RIGHT, WRONG = 0.5, 0.3  # IoU with the subject from which a window shows it, and below which it does not
NEAR = 0.5  # share of the best window's score, and IoU with it, that lets a window speak too
AT_ONCE = 512  # crops in memory


@dataclass(frozen=True)
class SlidingConfig:
    """Windows have these `sizes` (root of the area) in shares of the picture's side and `ratios` of width to height, and stand a
    `step` of their own side apart or less. The classifier sees each at `input` x `input` pixels."""

    sizes: tuple[float, ...] = (0.9, 0.65, 0.45)
    ratios: tuple[float, ...] = (1.0, 1.6)
    step: float = 0.35
    input: int = 96
    size: BackboneSize = "m"
    width: float = 1.0


@dataclass
class Crops:
    """`logits` (N, W, K + 1) of W windows, the last for 'nothing of the kind'; `windows` are their (x1, y1, x2, y2) in the
    network's pixels."""

    logits: Tensor
    windows: tuple[tuple[int, int, int, int], ...]


@system(
    Card(
        name="sliding-window",
        task="locate",
        title="Sliding window",
        paper="the lectures' first idea: classify every crop",
        year=2012,
        rows=("L3",),
        summary="Classifies every crop of the picture; the cost that motivates all that follows.",
        deviations=(
            "the classifier is the house's small-m with one more answer, 'nothing', without which every crop would be something",
            "of windows as likely and as near as half, the average counts",
        ),
    )
)
class Sliding(Locator[Crops]):
    Config = SlidingConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=1, batch_size=8, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.01, warmup=0.05,
                    freeze=("body.",), augment=Augment(flip=0.5),
                ),
            ),
            metric="loc1",
            start="small-m",
            expect=0.64,
            minutes=9,
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: SlidingConfig | None = None, prep: Prep | None = None) -> None:
        config = config or SlidingConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "crop", 128))
        self.body = Backbone(config.size, config.width)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(self.body.channels["c5"], len(self.classes))
        self.nothing = nn.Linear(self.body.channels["c5"], 1)
        initialise(self, self.fc, self.nothing)

    @classmethod
    def size_for(cls, config: SlidingConfig) -> int:
        return 128

    def cost(self) -> Cost:
        side = self.prep.size[0]
        return Cost(len(windows_of((side, side), self.config)), self.multiply_adds(side))

    def forward(self, batch: Batch) -> Crops:
        high, wide = batch.pictures.shape[-2:]
        windows = windows_of((wide, high), self.config)
        parts = []
        for some in torch.split(batch.pictures, max(1, AT_ONCE // len(windows))):
            crops = torch.cat([self._crop(some, window) for window in windows])  # W * n, window by window
            shown = torch.flatten(self.pool(self.body(crops)["c5"]), 1)
            logits = torch.cat([self.fc(shown), self.nothing(shown)], dim=1)
            parts.append(logits.view(len(windows), len(some), -1).transpose(0, 1))
        return Crops(torch.cat(parts), windows)

    def _crop(self, pictures: Tensor, window: tuple[int, int, int, int]) -> Tensor:
        x1, y1, x2, y2 = window
        return resized(pictures[:, :, y1:y2, x1:x2], (self.config.input, self.config.input))

    def loss(self, out: Crops, batch: Batch) -> dict[str, Tensor]:
        """Windows on the subject and windows elsewhere count half each; the one that fits best is always on it."""
        logits = out.logits.float()
        overlap = box_iou(batch.targets["box"], self._places(out))  # N W
        best = F.one_hot(overlap.argmax(dim=1), overlap.shape[1]).bool()
        right, wrong = (overlap >= RIGHT) | best, (overlap < WRONG) & ~best
        label = batch.targets["label"][:, None].expand_as(right)
        nothing = torch.full_like(label, len(self.classes))
        return {
            "class": F.cross_entropy(logits[right], label[right]) / 2,
            "nothing": F.cross_entropy(logits[wrong], nothing[wrong], reduction="sum") / wrong.sum().clamp(min=1) / 2,
        }

    def _places(self, out: Crops) -> Tensor:
        return torch.tensor(out.windows, dtype=torch.float32, device=out.logits.device)

    def guesses(self, out: Crops, batch: Batch) -> list[Guess]:
        windows = self._places(out)
        near = box_iou(windows, windows) >= NEAR
        chances = out.logits.float().softmax(dim=2)[..., :-1]  # N W K
        best, where = chances.max(dim=1)
        found = []
        for row, chance in enumerate(chances):
            scores, kinds = best[row].topk(min(GUESSES, len(self.classes)))
            own = chance[:, kinds]  # W 5
            share = own * (own >= NEAR * scores) * near[:, where[row, kinds]]
            boxes = (share.T @ windows) / share.sum(dim=0)[:, None]
            found.append(Guess(kinds, scores, clipped(boxes, batch.extent(row))))
        return found

    def aim(self, out: Crops, what: str) -> Tensor:
        """The logit of a class in the window where it stands out most against 'nothing'; '' of any class."""
        logits = out.logits[..., :-1] - out.logits[..., -1:]
        return (logits[..., self.index(what)] if what else logits.amax(dim=2)).amax(dim=1)

    def taps(self) -> dict[str, nn.Module]:
        return {**self.body.taps(), "pool": self.pool, "fc": self.fc, "nothing": self.nothing}


def windows_of(size: tuple[int, int], config: SlidingConfig) -> tuple[tuple[int, int, int, int], ...]:
    """In a picture of `size` (width, height), largest first; those of a kind stand evenly from border to border."""
    found = []
    for share in config.sizes:
        for ratio in config.ratios:
            sides = (share * math.sqrt(ratio), share / math.sqrt(ratio))
            wide, high = (max(1, round(min(side, 1.0) * whole)) for side, whole in zip(sides, size, strict=True))
            found += [(x, y, x + wide, y + high) for y in _starts(high, size[1], config) for x in _starts(wide, size[0], config)]
    return tuple(dict.fromkeys(found))


def _starts(side: int, whole: int, config: SlidingConfig) -> list[int]:
    count = 1 + math.ceil((whole - side) / (config.step * side))
    return [round(place * (whole - side) / max(count - 1, 1)) for place in range(count)]
