"""Mask R-CNN whose masks see every second pixel: the map of stride 4, which tells what is there, meets the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from torch import Tensor, nn

from looksay.nn.backbone import Join
from looksay.nn.blocks import scaled
from looksay.nn.recipe import Recipe
from looksay.ops.roi import align
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import padded
from looksay.systems.instance.mask_rcnn import ROUND, MaskConfig, MaskHead, MaskRCNN

FINE = 2  # pixels of the picture to one of the map that masks are cut from


@dataclass(frozen=True)
class FineMaskConfig(MaskConfig):
    """`half` channels at stride 2."""

    mask: Literal[14, 28] = 28
    half: int = 24


@system(
    Card(
        name="mask-r-cnn-fine",
        task="instances",
        title="Mask R-CNN with a finer map for its masks",
        paper="He, Gkioxari, Dollár, Girshick: Mask R-CNN",
        year=2017,
        rows=("I4",),
        summary="Mask R-CNN that classifies regions on a map of stride 4, and cuts their masks from one of stride 2.",
        deviations=(
            "a transposed convolution carries the map of stride 4 on to stride 2 and adds the network's first layer; masks of "
            "28 x 28 are cut from there alone",
            "it begins with the shipped weights of mask-r-cnn; only what leads to the masks is new",
        ),
    )
)
class FineMaskRCNN(MaskRCNN):
    Config: ClassVar[type[Any]] = FineMaskConfig
    RECIPES: ClassVar[dict[str, Recipe]] = {
        "storybook": Recipe(stages=(ROUND,), metric="map", enlarge=1.3, start="mask-r-cnn", expect=0.90, minutes=32),
    }

    def make(self) -> None:
        super().make()
        config = self.config
        first: Any = self.body.stem[0]
        half, inks = scaled(config.half, config.width), scaled(config.inks, config.width)
        self.join = Join(self.channels, first.out_channels, half)
        self.mask: Any = MaskHead(half, inks, config.depth, len(self.classes))

    def maps(self, x: Tensor) -> tuple[Any, Any]:
        """The map that regions are pooled from comes with the finer one."""
        c1, found = self.body.levels(x)  # N 32 80 80
        near, coarse = self.merge(found)  # N 64 40 40, N 64 20 20
        return (near, self.join(near, c1)), coarse

    def pool(self, maps: Any, regions: Tensor, cells: int = 0) -> Tensor:
        return super().pool(maps[0], regions, cells)

    def cells(self, maps: Any, boxes: Sequence[Tensor]) -> Tensor:
        regions, used = padded(boxes)
        return align(maps[1], regions, self.config.mask // 2, 1 / FINE)[used]

    def taps(self) -> dict[str, nn.Module]:
        found = {name: part for name, part in super().taps().items() if name != "stem"}
        early = {"c1": self.body.stem[2], **{name: found.pop(name) for name in (*self.body.channels, "map")}}
        return {**early, "join": self.join, **found}
