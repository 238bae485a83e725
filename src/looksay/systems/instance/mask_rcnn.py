"""Mask R-CNN (He et al. 2017): beside the class and the box of a region, one small mask for each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.detector import Found
from looksay.nn.outlines import Outliner, Outlines, mask_loss, whole
from looksay.nn.placement import Placement
from looksay.nn.recipe import VARIED, Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import Judged, padded
from looksay.systems.detect.faster_rcnn import FasterConfig, FasterRCNN, Proposed

ROUND = Stage(
    epochs=6, batch_size=16, img_size=160, optimizer="adamw", lr=5e-4, weight_decay=0.05, warmup=0.1, clip=10.0, augment=VARIED
)  # fmt: skip


@dataclass(frozen=True)
class MaskConfig(FasterConfig):
    """Masks of `mask` x `mask` cells come from half as many cells of the map, through `depth` convolutions of `inks` channels."""

    mask: Literal[14, 28] = 14
    inks: int = 48
    depth: int = 2


@dataclass
class Masked(Proposed):
    """Besides, of each picture what is found, while training the regions that show things, and (n, M, M) the logits of the mask
    of its class."""

    found: list[Found] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)


class MaskHead(nn.Module):
    """From the cells of a region to a mask of twice as many, of the class that is asked for."""

    def __init__(self, into: int, channels: int, depth: int, classes: int, *, norm: bool = False) -> None:
        super().__init__()

        def layer(a: int, b: int) -> nn.Module:
            conv = nn.Conv2d(a, b, 3, padding=1, bias=not norm)
            return nn.Sequential(conv, nn.BatchNorm2d(b), nn.ReLU()) if norm else nn.Sequential(conv, nn.ReLU())

        self.convs = nn.Sequential(*(layer(a, b) for a, b in pairwise([into, *[channels] * depth])))
        up, ink = nn.ConvTranspose2d(channels, channels, 2, 2), nn.Conv2d(channels, classes, 1)
        nn.init.normal_(up.weight, 0.0, (2 / channels) ** 0.5)
        self.up: Any = up
        self.relu = nn.ReLU()
        self.ink: Any = ink
        initialise(self, ink)

    def forward(self, cells: Tensor, labels: Tensor) -> Tensor:
        """(n, C, P, P), (n,) → (n, 2P, 2P) logits. Masks of other classes do not compete, so they need not be there."""
        x = self.relu(self.up(self.convs(cells)))
        slopes, offsets = self.ink.weight[labels].flatten(1), self.ink.bias[labels]
        found: Tensor = torch.bmm(slopes[:, None], x.flatten(2)).view(len(x), *x.shape[2:]) + offsets[:, None, None]
        return found


@system(
    Card(
        name="mask-r-cnn",
        task="instances",
        title="Mask R-CNN",
        paper="He, Gkioxari, Dollár, Girshick: Mask R-CNN",
        year=2017,
        rows=("I4",),
        summary="Faster R-CNN with a third head: for each region one binary mask a class; the three tasks are learnt together.",
        deviations=(
            "'mask-r-cnn' stands on the house's Faster R-CNN at 160 pixels and begins with its shipped weights; two convolutions "
            "of 48 channels before the masks, not four of 256",
            "the mask's truth is the share of each cell that the thing covers, not its rounding",
        ),
        variants={"mask-r-cnn": {}, "mask-r-cnn-28": {"mask": 28}},
    )
)
class MaskRCNN(Outliner[Judged], FasterRCNN):
    Config: ClassVar[type[Any]] = MaskConfig
    Said = Masked
    views: tuple[int, ...] = ()  # sides of the picture, besides its usual one, that looking combines what it finds at
    RECIPES = {
        "storybook": Recipe(
            stages=(ROUND,),
            metric="map",
            enlarge=1.3,
            start="faster-r-cnn",
            expect=0.885,
            minutes=22,
        ),
        "paper": Recipe(
            data="coco",
            stages=(
                Stage(
                    epochs=22, batch_size=16, img_size=800, lr=0.02, weight_decay=1e-4, schedule="step", milestones=(0.67, 0.89),
                    augment=Augment(flip=0.5),
                ),
            ),
            settings={"scales": (32.0, 64.0, 128.0, 256.0, 512.0), "proposals": 300, "before": 6000, "anchors": 256, "inks": 256,
                      "depth": 4, "mask": 28},
            metric="map",
            note="160,000 steps on COCO trainval35k from an ImageNet network; mask AP 33.1 with ResNet-101 and one map",
        ),
    }  # fmt: skip

    def make(self) -> None:
        super().make()
        config = self.config
        inks, into = scaled(config.inks, config.width), scaled(config.channels, config.width)
        self.mask: Any = MaskHead(into, inks, config.depth, len(self.classes), norm=self.normed)

    @property
    def normed(self) -> bool:
        """Whether the mask's convolutions have batch norms."""
        return False

    def judge(self, maps: Any, boxes: Sequence[Tensor], batch: Batch) -> Masked:
        judged = super().judge(maps, boxes, batch)
        if not self.training and self.views and not batch.beside.get("proposals"):
            return self.compared(maps, judged, batch)
        with torch.no_grad():
            if self.training and judged.labels is not None:
                found = self.shown(judged)
                if not any(map(len, found)):  # something must pass the head, or it would have no gradient
                    found[0] = Found(whole(batch, 0), judged.logits.new_zeros(1), torch.zeros_like(judged.labels[0, :1]))
            else:
                found = [self.choose(each) for each in self.candidates(judged, batch)]
        return Masked(**vars(judged), found=found, masks=self.masked(maps, found, batch))

    def compared(self, maps: Any, judged: Judged, batch: Batch) -> Masked:
        """What the picture shows at other sizes, too, competes; masks are the mean of what is seen at each."""
        scenes = [(maps, 1.0, self.candidates(judged, batch))]
        for view in self.views:
            small, scale = at_size(batch, view / min(self.prep.size))
            other, boxes, _ = self.glance(small)
            seen = self.candidates(super().judge(other, boxes, small), small)
            scenes.append((other, scale, [Found(each.boxes / scale, each.scores, each.labels) for each in seen]))
        together = zip(*(seen for _, _, seen in scenes), strict=True)
        found = [self.choose(joined(each)) for each in together]
        masks = []
        for other, scale, _ in scenes:
            grown = [Found(each.boxes * scale, each.scores, each.labels) for each in found]
            masks.append(self.masked(other, grown, batch))
        mean = [torch.stack(each).mean(dim=0) for each in zip(*masks, strict=True)]
        return Masked(**vars(judged), found=found, masks=mean)

    def shown(self, judged: Judged) -> list[Found]:
        """The regions that show things, as what they show."""
        assert judged.labels is not None
        rows = zip(judged.boxes, judged.labels, strict=True)
        return [Found(boxes[labels > 0], torch.ones_like(boxes[labels > 0, 0]), labels[labels > 0] - 1) for boxes, labels in rows]

    def masked(self, maps: Any, found: Sequence[Found], batch: Batch) -> list[Tensor]:
        """(n, M, M) logits of the things found in each picture. At least one region passes the head, to be watched."""
        counts = [len(each) for each in found]
        boxes, labels = [each.boxes.float() for each in found], torch.cat([each.labels for each in found])
        if not sum(counts):
            boxes, labels = [whole(batch, 0), *boxes[1:]], labels.new_zeros(1)
        logits = self.mask(self.cells(maps, boxes), labels)
        return list(logits[: sum(counts)].split(counts))

    def cells(self, maps: Any, boxes: Sequence[Tensor]) -> Tensor:
        """(n, C, M / 2, M / 2) of the boxes of all pictures in turn."""
        regions, used = padded(boxes)
        return self.pool(maps, regions, self.config.mask // 2)[used]

    def loss(self, out: Judged, batch: Batch) -> dict[str, Tensor]:
        assert isinstance(out, Masked)
        return {**super().loss(out, batch), "mask": mask_loss(out.found, out.masks, batch)}

    def outlines(self, out: Judged, batch: Batch) -> list[Outlines]:
        assert isinstance(out, Masked)
        return [Outlines(found, masks.float().sigmoid()) for found, masks in zip(out.found, out.masks, strict=True)]

    def spots(self, out: Judged) -> Tensor:
        return out.boxes

    def taps(self) -> dict[str, nn.Module]:
        return {**super().taps(), "mask": self.mask}


def at_size(batch: Batch, scale: float) -> tuple[Batch, float]:
    """The same pictures `scale` times as large, and by how much exactly."""
    high, wide = batch.pictures.shape[-2:]
    size = (round(high * scale), round(wide * scale))
    pictures = F.interpolate(batch.pictures.contiguous(), size, mode="bilinear", antialias=True)
    pictures = pictures.contiguous(memory_format=torch.channels_last)
    exact = size[1] / wide
    places = [Placement(size=(round(w * exact), round(h * exact))) for w, h in (batch.extent(row) for row in range(len(batch)))]
    return Batch(pictures, places=tuple(places)), exact


def joined(some: Sequence[Found]) -> Found:
    """All of them in one."""
    return Found(*(torch.cat([getattr(each, name) for each in some]) for name in ("boxes", "scores", "labels")))
