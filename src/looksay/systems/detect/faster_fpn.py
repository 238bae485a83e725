"""Faster R-CNN on a pyramid of maps (Lin et al. 2017), as torchvision publishes it: regions are proposed on every level and
pooled from the one that suits their size."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from looksay.nn.blocks import counted, initialise, scaled
from looksay.nn.detector import Found
from looksay.nn.fpn import MobileNetLevels, Pyramid, PyramidProposer, ResNetLevels, level_of
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.ops.roi import align_levels
from looksay.ops.suppress import suppress
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import RegionHead
from looksay.systems.detect.faster_rcnn import FasterConfig, FasterRCNN

NARROW = 0.01  # pixels; a thing that is narrower is none
# torchvision's names, and ours; of its moves, those of the background come first and are never used
NAMES = (
    (r"backbone\.body\.", "body."),
    (r"backbone\.fpn\.inner_blocks\.(\d)\.(weight|bias)", r"pyramid.sides.\1.0.\2"),
    (r"backbone\.fpn\.layer_blocks\.(\d)\.(weight|bias)", r"pyramid.smooths.\1.0.\2"),
    (r"backbone\.fpn\.inner_blocks\.", "pyramid.sides."),
    (r"backbone\.fpn\.layer_blocks\.", "pyramid.smooths."),
    (r"rpn\.head\.conv\.(weight|bias)", r"proposer.convs.0.\1"),
    (r"rpn\.head\.conv\.(\d)\.0\.", r"proposer.convs.\1."),
    (r"rpn\.head\.cls_logits\.", "proposer.object."),
    (r"rpn\.head\.bbox_pred\.", "proposer.shift."),
    (r"roi_heads\.box_head\.(?:fc6|5)\.", "head.fc1."),
    (r"roi_heads\.box_head\.fc7\.", "head.fc2."),
    (r"roi_heads\.box_head\.(\d)\.", r"head.convs.\1."),
    (r"roi_heads\.box_predictor\.cls_score\.", "head.score."),
    (r"roi_heads\.box_predictor\.bbox_pred\.", "head.move."),
)


@dataclass(frozen=True)
class PyramidConfig(FasterConfig):
    """Of the three or five levels, all have anchors of all `scales`, or, where there are as many, each its own. Pictures are
    shown with their short side `side` pixels long, or their long one `longest`. `frozen` keeps the published statistics and
    factors of batch norm, which such small batches would spoil."""

    network: Literal["resnet-50", "resnet-50-v2", "mobilenet-v3-large"] = "resnet-50"
    frozen: bool = False
    side: int = 800
    longest: int = 1333
    channels: int = 256
    hidden: int = 1024
    regions: int = 512
    scales: tuple[float, ...] = (32.0, 64.0, 128.0, 256.0, 512.0)
    proposals: int = 1000
    before: int = 1000
    narrowest: float = 1e-3
    anchors: int = 256


class ConvHead(nn.Module):
    """Four convolutions and one layer of units, from the cells of a region to its class and moves."""

    def __init__(self, channels: int, pool: int, hidden: int, classes: int) -> None:
        super().__init__()

        def layer() -> nn.Module:
            return nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU())

        self.convs = nn.Sequential(*(layer() for _ in range(4)))
        self.fc1, self.relu1 = nn.Linear(channels * pool**2, hidden), nn.ReLU()
        self.score, self.move = nn.Linear(hidden, 1 + classes), nn.Linear(hidden, 4 * classes)
        initialise(self, self.score, self.move)

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(N, R, C, P, P) → (N, R, 1 + K), (N, R, K, 4)"""
        x = self.relu1(self.fc1(self.convs(cells.flatten(0, 1)).flatten(1))).unflatten(0, cells.shape[:2])
        return self.score(x), self.move(x).unflatten(2, (-1, 4))


@system(
    Card(
        name="faster-r-cnn-fpn",
        task="detect",
        title="Faster R-CNN with a feature pyramid",
        paper="Lin, Dollár, Girshick, He, Hariharan, Belongie: Feature Pyramid Networks for Object Detection",
        year=2017,
        rows=("D4",),
        summary="Faster R-CNN on maps of several strides that all know what the coarsest knows; torchvision's, with its weights.",
        deviations=(
            "four losses are learnt at once; both box losses are smooth L1, bent at 1/9",
            "'-v2' has two layers in the proposing part, batch norm in the pyramid and four convolutions in the head (Li et al. "
            "2021); MobileNet's two maps are both of stride 32, with fifteen anchors a place (Howard et al. 2019)",
            "published weights know COCO's 90 numbers, of which ten are of no class and never found",
            "the storybook recipe has a quarter of the channels, and anchors of a quarter of the size",
        ),
        variants={
            "faster-r-cnn-resnet50-fpn": {"network": "resnet-50"},
            "faster-r-cnn-resnet50-fpn-v2": {"network": "resnet-50-v2"},
            "faster-r-cnn-mobilenet-v3-large-fpn": {"network": "mobilenet-v3-large", "doubtful": 0.05},
            "faster-r-cnn-mobilenet-v3-large-320-fpn": {
                "network": "mobilenet-v3-large", "doubtful": 0.05, "side": 320, "longest": 640, "before": 150, "proposals": 150,
            },
        },
        published={
            "faster-r-cnn-resnet50-fpn": "fasterrcnn_resnet50_fpn",
            "faster-r-cnn-resnet50-fpn-v2": "fasterrcnn_resnet50_fpn_v2",
            "faster-r-cnn-mobilenet-v3-large-fpn": "fasterrcnn_mobilenet_v3_large_fpn",
            "faster-r-cnn-mobilenet-v3-large-320-fpn": "fasterrcnn_mobilenet_v3_large_320_fpn",
        },
    )
)  # fmt: skip
class FasterFPN(FasterRCNN):
    Config: ClassVar[type[Any]] = PyramidConfig
    RECIPES = {
        "storybook": Recipe(
            settings={
                "width": 0.25, "channels": 192, "hidden": 128, "side": 128, "longest": 128, "regions": 64, "anchors": 128,
                "scales": (8.0, 16.0, 32.0, 64.0, 128.0), "proposals": 100, "before": 100,
            },
            stages=(
                Stage(
                    epochs=24, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=Augment(flip=0.5, crop=(0.4, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            metric="map50",
        ),
        "paper": Recipe(
            data="coco",
            stages=(
                Stage(
                    epochs=26, batch_size=16, img_size=800, lr=0.02, weight_decay=1e-4, schedule="step",
                    milestones=(0.615, 0.846), warmup=0.005, augment=Augment(flip=0.5),
                ),
            ),
            metric="map",
            note="the published weights' training, from an ImageNet network; COCO mAP 37.0, 46.7 (v2), 32.8 and 22.8 (MobileNet)",
        ),
    }  # fmt: skip
    least = 0.05
    bend = 1 / 9

    def __init__(self, classes: Sequence[str], config: PyramidConfig | None = None, prep: Prep | None = None) -> None:
        config = config or self.Config()
        super().__init__(classes, config, prep or Prep((config.longest, config.longest), "inside", config.side))

    def make(self) -> None:
        config = self.config
        mobile = config.network == "mobilenet-v3-large"
        modern = config.network == "resnet-50-v2"
        self.body = MobileNetLevels(config.width) if mobile else ResNetLevels(50, config.width)
        channels = scaled(config.channels, config.width)
        initialise(self.body)
        self.pyramid = Pyramid(list(self.body.channels.values()), channels, norm=modern)
        initialise(self.pyramid)
        self.strides: tuple[int, ...] = (*self.body.strides, 2 * self.body.strides[-1])
        self.levels: tuple[int, ...] = tuple(self.body.strides)
        self.own = len(config.scales) == len(self.strides)  # a scale for each level
        kinds = len(config.ratios) * (1 if self.own else len(config.scales))
        self.proposer = PyramidProposer(channels, kinds, 2 if modern else 1, len(self.strides))
        classes = len(self.classes)
        if modern:
            self.head = ConvHead(channels, config.pool, config.hidden, classes)
        else:
            self.head = RegionHead(channels * config.pool**2, config.hidden, classes)
        self.still = config.frozen and not modern  # '-v2' was published with statistics that learn
        if self.still:
            for norm in self._norms():
                norm.requires_grad_(False)
                norm.eps = 1e-5 if mobile else 0.0  # as torchvision does

    def _norms(self) -> list[nn.BatchNorm2d]:
        return [part for part in self.body.modules() if isinstance(part, nn.BatchNorm2d)]

    def train(self, mode: bool = True) -> FasterFPN:
        super().train(mode)
        if self.still:
            for norm in self._norms():
                norm.eval()
        return self

    @classmethod
    def size_for(cls, config: PyramidConfig) -> int:
        return config.longest

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for name, tensor in tensors.items():
            own = next((new for old, to in NAMES if (new := re.sub(f"^{old}", to, name)) != name), name)
            found[own] = tensor[4:] if "bbox_pred" in name and own.startswith("head.") else tensor
        return counted(found)

    def maps(self, x: Tensor) -> tuple[Any, Any]:
        """What regions are pooled from, and what they are proposed on: P2 … P5, and P6 besides."""
        found = self.pyramid(self.body.levels(x))
        return found[:-1], found

    def places(self, high: int, wide: int) -> list[Tensor]:
        found = []
        for level, stride in enumerate(self.strides):
            rows, columns = -(-high // stride), -(-wide // stride)
            scales = torch.tensor(self.config.scales[level : level + 1] if self.own else self.config.scales)
            ratio = torch.tensor(self.config.ratios).sqrt()[:, None]
            half = torch.stack([scales / ratio, scales * ratio], dim=-1).view(-1, 2) / 2
            shapes = torch.cat([-half, half], dim=1).round()
            # Whole pixels apart, from the picture's corner.
            x, y = torch.arange(columns) * (wide // columns), torch.arange(rows) * (high // rows)
            corner = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(-1, 1, 2)
            found.append((corner.repeat(1, 1, 2) + shapes).view(-1, 4))
        return found

    def pool(self, maps: Any, regions: Tensor, cells: int = 0) -> Tensor:
        count, many = regions.shape[:2]
        owner = torch.arange(count, device=regions.device).repeat_interleave(many)
        found = self.fetch(maps, regions.flatten(0, 1), owner, cells or self.config.pool)
        return found.view(count, many, *found.shape[1:])

    def fetch(self, maps: Any, boxes: Tensor, owner: Tensor, cells: int) -> Tensor:
        """(n, C, P, P) of boxes (n, 4), each of the picture `owner` (n,)."""
        where = torch.stack([owner, level_of(boxes, self.levels)], dim=1)
        return align_levels(maps, boxes, where, cells, [1 / stride for stride in self.levels])

    def contenders(self, found: Found) -> Found:
        """All that are likely enough: torchvision has no limit."""
        size = found.boxes[:, 2:] - found.boxes[:, :2]
        return found[(found.scores > self.least) & (size >= NARROW).all(dim=1)]

    def choose(self, found: Found) -> Found:
        found = self.contenders(found)
        # Suppression class by class moves each class as far away as its number says; torchvision's numbers begin with 1.
        return found[suppress(found.boxes, found.scores, 1 + found.labels, self.overlap, self.most)]

    def taps(self) -> dict[str, nn.Module]:
        last = {"fc1": self.head.fc1} | ({"fc2": self.head.fc2} if isinstance(self.head, RegionHead) else {})
        return {**self.body.taps(), "pyramid": self.pyramid, "rpn": self.proposer, **last}
