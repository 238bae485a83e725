"""Multi-task network cascades (Dai et al. 2016): boxes, masks in them, classes of what is masked; each sees the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.nn.blocks import initialise, scaled
from looksay.nn.detector import Found, clipped
from looksay.nn.outlines import Outliner, Outlines, Traced, mask_loss
from looksay.nn.recipe import VARIED, Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.ops.boxcode import decode
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import WEIGHTS, FastRCNN, Judged, matched
from looksay.systems.detect.faster_rcnn import FasterConfig, FasterRCNN, Proposed

NARROW = 1.0  # pixels; boxes do not become narrower


@dataclass(frozen=True)
class CascadeConfig(FasterConfig):
    """Masks of twice `pool` cells come through `depth` convolutions of `inks` channels."""

    inks: int = 48
    depth: int = 2


@dataclass
class Cascaded(Proposed):
    """Besides `masks` (N, R, M, M), logits of what belongs to the thing in each region, whatever it is; and `again`, the same
    regions where their moves took them, with masks `inked`."""

    masks: Tensor | None = None
    again: Judged | None = None
    inked: Tensor | None = None


class CascadeHead(nn.Module):
    """The second and the third stage. They run twice, with the same weights, but each time with ReLUs of their own, so that
    explanations can tell them apart."""

    def __init__(self, channels: int, pool: int, hidden: int, classes: int, inks: Sequence[int]) -> None:
        super().__init__()
        into = channels * pool**2
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise([channels, *inks]))
        self.up, self.ink = nn.ConvTranspose2d(inks[-1], inks[-1], 2, 2), nn.Conv2d(inks[-1], 1, 1)
        self.fc1, self.fc2 = nn.Linear(into, hidden), nn.Linear(hidden, hidden)
        self.score, self.move = nn.Linear(hidden, 1 + classes), nn.Linear(hidden, 4 * classes)
        self.masked = nn.Linear(hidden, 1 + classes, bias=False)
        self.relus = nn.ModuleList(nn.ModuleList(nn.ReLU() for _ in range(len(inks) + 3)) for _ in range(2))
        initialise(self, self.score, self.move, self.masked, self.ink)
        nn.init.normal_(self.up.weight, 0.0, (2 / inks[-1]) ** 0.5)

    def forward(self, cells: Tensor, turn: int) -> tuple[Tensor, Tensor, Tensor]:
        """(N, R, C, P, P) → (N, R, 2P, 2P), (N, R, 1 + K), (N, R, K, 4)"""
        relus: Any = self.relus[turn]
        count, flat = cells.shape[:2], cells.flatten(0, 1)
        x = flat
        for conv, relu in zip(self.convs, relus[:-3], strict=True):
            x = relu(conv(x))
        masks = self.ink(relus[-3](self.up(x)))
        share = F.avg_pool2d(masks.sigmoid(), 2)  # of each cell of the region
        both = torch.cat([flat, flat * share]).flatten(1)  # the box, and what of it the mask lets through
        box, thing = relus[-1](self.fc2(relus[-2](self.fc1(both)))).chunk(2)
        scores = self.score(box) + self.masked(thing)
        found = masks[:, 0], scores, self.move(box).unflatten(1, (-1, 4))
        one, two, three = (each.unflatten(0, count) for each in found)
        return one, two, three


@system(
    Card(
        name="cascades",
        task="instances",
        title="Multi-task network cascades",
        paper="Dai, He, Sun: Instance-Aware Semantic Segmentation via Multi-Task Network Cascades",
        year=2016,
        rows=("I3",),
        summary="Boxes are proposed, each gets a mask of whatever it holds, what the mask lets through is classified; then the "
        "last two stages once more, where the boxes have moved.",
        deviations=(
            "stands on the house's Faster R-CNN at 160 pixels and begins with its shipped weights; masks of 14 x 14 come from "
            "convolutions, not from layers of units",
            "regions are pooled by RoI Align; the layers that see a box and those that see what is masked share their weights",
            "all regions are refined, each once; masks of neighbours do not vote",
        ),
    )
)
class Cascades(Outliner[Judged], FasterRCNN):
    Config: ClassVar[type[Any]] = CascadeConfig
    Said = Cascaded
    RECIPES: ClassVar[dict[str, Recipe]] = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=6, batch_size=16, img_size=160, optimizer="adamw", lr=5e-4, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=VARIED,
                ),
            ),
            metric="map",
            enlarge=1.3,
            start="faster-r-cnn",
            expect=0.885,
            minutes=32,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=5, batch_size=8, img_size=600, lr=1e-3, weight_decay=5e-4, schedule="step", milestones=(0.8,),
                    augment=Augment(flip=0.5),
                ),
            ),
            settings={"scales": (128.0, 256.0, 512.0), "proposals": 300, "before": 6000, "anchors": 256, "pool": 14},
            metric="apr50",
            note="25,000 steps on SBD train from an ImageNet VGG-16; APr 63.5 at .5 and 41.5 at .7 on its val",
        ),
    }  # fmt: skip

    def make(self) -> None:
        super().make()
        config = self.config
        inks = [scaled(config.inks, config.width)] * config.depth
        self.head = CascadeHead(self.channels, config.pool, config.hidden, len(self.classes), inks)

    def judge(self, maps: Any, boxes: Sequence[Tensor], batch: Batch) -> Cascaded:
        regions, used, label, truth = self.looked_at(boxes, batch)
        masks, logits, moves = self.head(self.pool(maps, regions), 0)
        with torch.no_grad():
            number = logits[..., 1:].argmax(dim=2)
            if label is not None:
                number = torch.where(label > 0, label - 1, number)
            moved = moves.float().gather(2, number[..., None, None].expand(-1, -1, 1, 4)).squeeze(2)
            there = [clipped(each, batch.extent(row)) for row, each in enumerate(decode(moved, regions.float(), WEIGHTS))]
            again = wide_enough(torch.stack(there), batch)
        inked, scores, shifts = self.head(self.pool(maps, again), 1)
        refined = Judged(again, used, scores, shifts)
        return Cascaded(regions, used, logits, moves, label, truth, masks=masks, again=refined, inked=inked)

    def loss(self, out: Judged, batch: Batch) -> dict[str, Tensor]:
        assert isinstance(out, Cascaded)
        assert out.again is not None
        assert out.masks is not None
        assert out.inked is not None
        parts = {**super().loss(out, batch), "mask": _masks_of(out, out.masks, batch)}
        more = {**FastRCNN.loss(self, out.again, batch), "mask": _masks_of(out.again, out.inked, batch)}
        return {**parts, **{f"{name}_again": part for name, part in more.items()}}

    def candidates(self, out: Judged, batch: Batch) -> list[Found]:
        """Of the second turn."""
        assert isinstance(out, Cascaded)
        assert out.again is not None
        share = torch.softmax(out.again.logits.float(), dim=2)[..., 1:] * out.used[..., None]  # N R K
        places = decode(out.again.moves.float(), out.again.boxes.float()[:, :, None], WEIGHTS)  # N R K 4
        found: list[Found] = []
        for row, (scores, boxes) in enumerate(zip(share, places, strict=True)):
            region, label = (scores >= self.least).nonzero(as_tuple=True)
            found.append(Traced(clipped(boxes[region, label], batch.extent(row)), scores[region, label], label, region))
        return found

    def outlines(self, out: Judged, batch: Batch) -> list[Outlines]:
        assert isinstance(out, Cascaded)
        assert out.again is not None
        assert out.inked is not None
        said = []
        for row, candidates in enumerate(self.candidates(out, batch)):
            found = self.choose(candidates)
            assert isinstance(found, Traced)
            said.append(Outlines(found, out.inked[row, found.origin].float().sigmoid(), out.again.boxes[row, found.origin]))
        return said

    def strengths(self, out: Judged) -> Tensor:
        assert isinstance(out, Cascaded)
        assert out.again is not None
        return super().strengths(out.again)

    def spots(self, out: Judged) -> Tensor:
        assert isinstance(out, Cascaded)
        assert out.again is not None
        return out.again.boxes

    def taps(self) -> dict[str, nn.Module]:
        relus: Any = self.head.relus
        last = {f"{name}{turn + 1}": relus[turn][place] for turn in range(2) for name, place in (("mask", -3), ("class", -1))}
        return {**self.body.taps(), "map": self.merge.relu, "rpn": self.proposer.relu, **last}


def _masks_of(judged: Judged, logits: Tensor, batch: Batch) -> Tensor:
    """The loss of the masks of regions that show things."""
    label = judged.labels if judged.labels is not None else matched(judged.boxes, judged.used, batch)[0]
    own = label > 0
    rows = zip(judged.boxes, label, own, strict=True)
    found = [Found(boxes[some], boxes[some, 0], kinds[some] - 1) for boxes, kinds, some in rows]
    return mask_loss(found, [each[some] for each, some in zip(logits, own, strict=True)], batch)


def wide_enough(boxes: Tensor, batch: Batch) -> Tensor:
    """(N, R, 4) none narrower than NARROW, and inside their pictures."""
    sizes = boxes.new_tensor([batch.extent(row) for row in range(len(batch))])[:, None]  # N 1 2
    low = torch.minimum(boxes[..., :2], sizes - NARROW)
    return torch.cat([low, torch.maximum(boxes[..., 2:], low + NARROW)], dim=-1)
