"""The FCN that torchvision has: a residual network whose last two stages keep the grid of stride 8 by dilation, a small head on
its top, another on the stage below that only helps learning. Its published weights fit unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import counted, initialise
from looksay.nn.chance import Dropout
from looksay.nn.prep import Prep
from looksay.nn.recipe import GENTLE, Augment, Recipe, Stage
from looksay.nn.residual import Trunk
from looksay.nn.segmenter import Grid, Maps, SegmentConfig, Segmenter
from looksay.registry import Card, system

AUX = 0.5  # share of the helping head in the loss


@dataclass(frozen=True)
class DilatedConfig(SegmentConfig):
    """`depth` of the residual network."""

    depth: Literal[18, 34, 50, 101] = 50
    width: float = 1.0
    dropout: float = 0.1
    side: int = 520


class Head(nn.Sequential):
    """From a map to scores, by way of a quarter of its channels."""

    def __init__(self, into: int, classes: int, dropout: float) -> None:
        few = max(into // 4, 8)
        last = nn.Conv2d(few, classes, 1)
        super().__init__(nn.Conv2d(into, few, 3, padding=1, bias=False), nn.BatchNorm2d(few), nn.ReLU(), Dropout(dropout), last)
        initialise(self, last)


@system(
    Card(
        name="fcn-dilated",
        task="segment",
        title="FCN on a dilated residual network",
        paper="Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation (on a dilated ResNet)",
        year=2017,
        rows=("S2",),
        summary="torchvision's FCN, with its weights: dilation instead of skips keeps the grid of stride 8.",
        deviations=(
            "published weights know VOC's twenty classes and the background, learnt from COCO's pictures",
            "classes are read at the size of the picture itself, not at the size that the network sees",
            "the storybook recipe has three sixteenths of the channels, and 128 pixels",
        ),
        variants={"fcn-resnet50": {"depth": 50}, "fcn-resnet101": {"depth": 101}},
        published={"fcn-resnet50": "fcn_resnet50", "fcn-resnet101": "fcn_resnet101"},
    )
)
class DilatedFCN(Segmenter):
    Config = DilatedConfig
    RECIPES = {
        "storybook": Recipe(
            settings={"width": 0.1875, "side": 128, "grain": 2},
            stages=(
                Stage(
                    epochs=8, batch_size=16, img_size=128, optimizer="adamw", lr=2e-3, weight_decay=0.05, warmup=0.1, clip=5.0,
                    augment=GENTLE,
                ),
            ),
            metric="miou",
        ),
        "paper": Recipe(
            data="coco",
            stages=(
                Stage(
                    epochs=30, batch_size=32, img_size=480, lr=0.02, weight_decay=1e-4, schedule="linear",
                    augment=Augment(flip=0.5, scale=(260, 1040)),
                ),
            ),
            metric="miou",
            note="the published weights' training; on COCO's val pictures with VOC's classes mIoU 60.5, 63.7 with 101 layers",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: DilatedConfig | None = None, prep: Prep | None = None) -> None:
        config = config or DilatedConfig()
        super().__init__(classes, config, prep or Prep((config.side, config.side), "inside", config.side, size_step=8))
        self.backbone = Trunk(config.depth, config.width, dilate=(False, True, True))
        initialise(self.backbone)
        channels = self.backbone.channels
        self.classifier = Head(channels["c5"], len(self.classes), config.dropout)
        self.aux_classifier = Head(channels["c4"], len(self.classes), config.dropout)

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return counted(tensors)

    def maps(self, x: Tensor) -> Maps:
        levels = self.backbone(x)
        learning = not torch.is_inference_mode_enabled()  # what only helps learning has no say in the answer
        low = self.aux_classifier(levels["c4"]) if learning else None  # N K H/8 W/8
        top = self.classifier(levels["c5"])  # N K H/8 W/8
        size, cells = (x.shape[3], x.shape[2]), (top.shape[3], top.shape[2])
        grid = Grid.over(size, cells)
        return Maps(top, size, grid, () if low is None else ((AUX, Maps(low, size, grid)),))

    def taps(self) -> dict[str, nn.Module]:
        body = self.backbone
        parts = {"conv1": body.relu, "c2": body.layer1, "c3": body.layer2, "c4": body.layer3, "c5": body.layer4}
        return {**parts, "aux": self.aux_classifier, "score": self.classifier}
