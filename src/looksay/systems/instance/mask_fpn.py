"""Mask R-CNN on a pyramid of maps, as torchvision publishes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from looksay.registry import Card, system
from looksay.systems.detect.faster_fpn import FasterFPN, PyramidConfig
from looksay.systems.instance.mask_rcnn import MaskRCNN

# torchvision's names, and ours; the first mask of theirs is the background's, which is never asked for
NAMES = (
    (r"roi_heads\.mask_head\.mask_fcn(\d)\.", lambda found: f"mask.convs.{int(found[1]) - 1}.0."),
    (r"roi_heads\.mask_head\.", "mask.convs."),
    (r"roi_heads\.mask_predictor\.conv5_mask\.", "mask.up."),
    (r"roi_heads\.mask_predictor\.mask_fcn_logits\.", "mask.ink."),
)


@dataclass(frozen=True)
class MaskPyramidConfig(PyramidConfig):
    """See MaskConfig."""

    mask: Literal[14, 28] = 28
    inks: int = 256
    depth: int = 4


@system(
    Card(
        name="mask-r-cnn-fpn",
        task="instances",
        title="Mask R-CNN with a feature pyramid",
        paper="He, Gkioxari, Dollár, Girshick: Mask R-CNN",
        year=2017,
        rows=("I4",),
        summary="Mask R-CNN on maps of several strides that all know what the coarsest knows; torchvision's, with its weights.",
        deviations=(
            "five losses are learnt at once; both box losses are smooth L1, bent at 1/9",
            "'-v2' has two layers in the proposing part, batch norm in the pyramid and in both heads (Li et al. 2021)",
            "published weights know COCO's 90 numbers, of which ten are of no class and never found",
            "the storybook recipe has a quarter of the channels, and anchors of a quarter of the size",
            "the mask's truth is the share of each cell that the thing covers, not its rounding",
        ),
        variants={
            "mask-r-cnn-resnet50-fpn": {"network": "resnet-50"},
            "mask-r-cnn-resnet50-fpn-v2": {"network": "resnet-50-v2"},
        },
        published={
            "mask-r-cnn-resnet50-fpn": "maskrcnn_resnet50_fpn",
            "mask-r-cnn-resnet50-fpn-v2": "maskrcnn_resnet50_fpn_v2",
        },
    )
)
class MaskFPN(MaskRCNN, FasterFPN):
    Config: ClassVar[type[Any]] = MaskPyramidConfig
    RECIPES = {
        "storybook": replace(
            FasterFPN.RECIPES["storybook"],
            settings={**FasterFPN.RECIPES["storybook"].settings, "inks": 128, "depth": 2},
            metric="map",
        ),
        "paper": replace(
            FasterFPN.RECIPES["paper"],
            note="the published weights' training, from an ImageNet network; COCO mask AP 34.6 and 41.8 (v2)",
        ),
    }

    @property
    def normed(self) -> bool:
        return bool(self.config.network == "resnet-50-v2")

    @classmethod
    def rename(cls, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        found = {}
        for name, tensor in super().rename(tensors).items():
            own = next((new for old, to in NAMES if (new := re.sub(f"^{old}", to, name)) != name), name)
            found[own] = tensor[1:] if own.startswith("mask.ink.") else tensor
        return found

    def cells(self, maps: Any, boxes: Sequence[Tensor]) -> Tensor:
        counts = torch.tensor([len(each) for each in boxes], device=boxes[0].device)
        owner = torch.arange(len(boxes), device=counts.device).repeat_interleave(counts)
        return self.fetch(maps, torch.cat(list(boxes)), owner, self.config.mask // 2)
