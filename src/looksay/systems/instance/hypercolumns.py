"""Hypercolumns (Hariharan et al. 2015): what all layers say of a pixel, together, tells whether it belongs to the thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import HEAD_STD
from looksay.nn.recipe import Recipe
from looksay.ops.roi import align
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import padded
from looksay.systems.instance.mask_rcnn import MaskConfig, MaskRCNN

STRIDES = {"c2": 4, "c3": 8, "c4": 16, "c5": 32}


@dataclass(frozen=True)
class ColumnConfig(MaskConfig):
    """A pixel is what `layers` say there; it is judged by `grid` x `grid` classifiers spread over the box, by those near it."""

    mask: Literal[14, 28] = 28
    layers: tuple[str, ...] = ("c2", "c3", "c4", "c5")
    grid: int = 3


class Columns(nn.Module):
    """For each class a classifier of pixels at each of grid x grid places of a box; between places their answers are mixed."""

    near: Tensor

    def __init__(self, into: int, classes: int, grid: int, side: int) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.empty(classes, grid * grid, into))
        self.offsets = nn.Parameter(torch.zeros(classes, grid * grid))
        nn.init.normal_(self.slopes, 0.0, HEAD_STD)
        places = torch.eye(grid * grid).view(1, grid * grid, grid, grid)
        near = F.interpolate(places, size=(side, side), mode="bilinear", align_corners=True)
        self.register_buffer("near", near[0], persistent=False)

    def forward(self, columns: Tensor, labels: Tensor) -> Tensor:
        """(n, C, M, M), (n,) → (n, M, M) logits."""
        said = torch.bmm(self.slopes[labels], columns.flatten(2)) + self.offsets[labels][..., None]
        found: Tensor = (said * self.near.flatten(1).to(said.dtype)).sum(dim=1).view(-1, *self.near.shape[1:])
        return found


@system(
    Card(
        name="hypercolumns",
        task="instances",
        title="Hypercolumns",
        paper="Hariharan, Arbeláez, Girshick, Malik: Hypercolumns for Object Segmentation and Fine-grained Localization",
        year=2015,
        rows=("I2",),
        summary="Each pixel of a found box is judged by what all layers say of it, by classifiers that know where in the box it "
        "lies.",
        deviations=(
            "things are found by the house's Faster R-CNN, with whose shipped weights it begins, not by SDS; found things are "
            "not classified once more with their masks",
            "columns go through the four maps of the house's small-m, 28 x 28 of them to a box, with 3 x 3 classifiers, not "
            "50 x 50 and 5 x 5; masks are not joined to superpixels",
            "boxes, classes and masks are learnt together",
            "'hypercolumns-top' sees the last layer alone: what the paper compares with",
        ),
        variants={"hypercolumns": {}, "hypercolumns-top": {"layers": ("c5",)}},
    )
)
class Hypercolumns(MaskRCNN):
    Config: ClassVar[type[Any]] = ColumnConfig
    RECIPES: ClassVar[dict[str, Recipe]] = {
        "storybook": replace(MaskRCNN.RECIPES["storybook"], expect=0.90, minutes=35),
        "paper": Recipe(
            data="voc",
            stages=(replace(MaskRCNN.RECIPES["paper"].stages[0], epochs=10, batch_size=2, img_size=500),),
            settings={"scales": (128.0, 256.0, 512.0), "proposals": 300, "before": 6000, "anchors": 256, "grid": 5},
            metric="apr50",
            note="SBD train from an ImageNet VGG-16; APr 60.0 at .5 and 40.4 at .7 on its val",
        ),
    }

    def make(self) -> None:
        super().make()
        config = self.config
        into = sum(self.body.channels[name] for name in config.layers)
        self.mask: Any = Columns(into, len(self.classes), config.grid, config.mask)

    def maps(self, x: Tensor) -> tuple[Any, Any]:
        """The map that regions are pooled from comes with all those that columns go through."""
        found: Mapping[str, Tensor] = self.body(x)
        fine, coarse = self.merge(found)
        return (fine, [found[name] for name in self.config.layers]), coarse

    def pool(self, maps: Any, regions: Tensor, cells: int = 0) -> Tensor:
        return super().pool(maps[0], regions, cells)

    def cells(self, maps: Any, boxes: Sequence[Tensor]) -> Tensor:
        regions, used = padded(boxes)
        side = self.config.mask
        layers = zip(maps[1], self.config.layers, strict=True)
        return torch.cat([align(each, regions, side, 1 / STRIDES[name], 1)[used] for each, name in layers], dim=1)
