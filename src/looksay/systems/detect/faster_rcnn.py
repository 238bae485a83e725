"""Faster R-CNN (Ren et al. 2015): the network proposes its regions itself, from the map that it classifies them on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou

from looksay.nn.blocks import initialise
from looksay.nn.detector import clipped, things_of
from looksay.nn.recipe import VARIED, Augment, Recipe, Stage
from looksay.nn.system import Batch, System
from looksay.ops.boxcode import decode, encode
from looksay.ops.suppress import greedy
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import FastConfig, FastRCNN, Judged

STRIDE = 8  # pixels between the places of anchors
FITS, MISSES = 0.7, 0.3  # an anchor that overlaps a thing by so much shows it; by less, it shows background
POOR = 0.3  # a truth whose best anchor overlaps it by less is hard to learn


@dataclass(frozen=True)
class FasterConfig(FastConfig):
    """Anchors have the areas of `scales` squared, in pixels, with each of the `ratios` of height to width. `proposals` are what
    is left of the best `before` of each map after suppression at `apart`, none narrower than `narrowest` pixels or less likely
    than `doubtful`; a training step of the proposing part learns from `anchors`."""

    pooling: Literal["max", "align"] = "align"
    pool: int = 7
    hidden: int = 256
    scales: tuple[float, ...] = (16.0, 36.0, 80.0)
    ratios: tuple[float, ...] = (0.5, 1.0, 2.0)
    proposals: int = 100
    before: int = 400
    apart: float = 0.7
    narrowest: float = 1.0
    doubtful: float = 0.0
    anchors: int = 128


@dataclass
class Proposed(Judged):
    """Besides, `objectness` (N, A) and `shifts` (N, A, 4) of the anchors `places` (A, 4)."""

    objectness: Tensor | None = None
    shifts: Tensor | None = None
    places: Tensor | None = None


class Proposer(nn.Module):
    """The region proposal network: at each place, for each anchor, is there a thing, and how should the box move?"""

    def __init__(self, channels: int, kinds: int) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU()
        self.object, self.shift = nn.Conv2d(channels, kinds, 1), nn.Conv2d(channels, 4 * kinds, 1)
        initialise(self, self.object, self.shift)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, A), (N, A, 4): row by row, place by place, kind by kind."""
        x = self.relu(self.conv(x))
        return self.object(x).permute(0, 2, 3, 1).flatten(1), self.shift(x).permute(0, 2, 3, 1).reshape(len(x), -1, 4)


def anchors(scales: Sequence[float], ratios: Sequence[float], rows: int, columns: int) -> Tensor:
    """(rows · columns · kinds, 4) xyxy, centred on the places of a map of stride STRIDE."""
    roots = [math.sqrt(ratio) for ratio in ratios]
    shapes = torch.tensor([(scale / root, scale * root) for scale in scales for root in roots])
    x, y = (torch.arange(columns) + 0.5) * STRIDE, (torch.arange(rows) + 0.5) * STRIDE
    centre = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(-1, 1, 2)
    return torch.cat([centre - shapes / 2, centre + shapes / 2], dim=-1).view(-1, 4)


@system(
    Card(
        name="faster-r-cnn",
        task="detect",
        title="Faster R-CNN",
        paper="Ren, He, Girshick, Sun: Faster R-CNN: Towards Real-Time Object Detection with Region Proposal Networks",
        year=2015,
        rows=("D4",),
        summary="Proposes regions itself from nine anchors a place; proposing and classifying share the map and learn together.",
        deviations=(
            "'faster-r-cnn' stands on the house's small-m at 128 pixels: anchors of 16, 36 and 80 pixels at stride 8, regions "
            "pooled by RoI Align (He et al. 2017) from a merged map of stride 4",
            "all four losses are learnt at once, as the authors' later code does, not in four turns",
            "anchors that reach over the border are used",
        ),
    )
)
class FasterRCNN(FastRCNN):
    Config = FasterConfig
    Said: ClassVar[type[Proposed]] = Proposed
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=16, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=VARIED,
                ),
                Stage(
                    name="finer", epochs=4, batch_size=16, img_size=160, optimizer="adamw", lr=2e-4, weight_decay=0.05,
                    warmup=0.1, clip=10.0, augment=VARIED,
                ),
            ),
            metric="map50",
            enlarge=1.2,
            start="small-m",
            expect=0.935,
            minutes=38,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=16, batch_size=1, img_size=600, lr=1e-3, weight_decay=5e-4, schedule="step", milestones=(0.75,),
                    augment=Augment(flip=0.5),
                ),
            ),
            settings={"scales": (128.0, 256.0, 512.0), "proposals": 300, "before": 6000, "anchors": 256, "pooling": "max"},
            metric="map50",
            note="80,000 steps in four turns on VOC 2007 trainval from an ImageNet VGG-16; mAP 69.9 on its test",
        ),
    }  # fmt: skip

    def make(self) -> None:
        super().make()
        kinds = len(self.config.scales) * len(self.config.ratios)
        self.proposer: Any = Proposer(self.channels, kinds)

    beside = System.beside  # its regions are its own

    def maps(self, x: Tensor) -> tuple[Any, Any]:
        """What regions are pooled from, and what they are proposed on."""
        fine, coarse = self.merge(self.body(x))  # N 64 32 32, N 64 16 16
        return fine, coarse

    def places(self, high: int, wide: int) -> list[Tensor]:
        """(A, 4) the anchors of each map of a picture of this size."""
        return [anchors(self.config.scales, self.config.ratios, -(-high // STRIDE), -(-wide // STRIDE))]

    def forward(self, batch: Batch) -> Proposed:
        """Where `batch.beside` has proposals, those are judged instead of its own."""
        pooled, boxes, own = self.glance(batch)
        return self.Said(**{**vars(self.judge(pooled, boxes, batch)), **own})

    def glance(self, batch: Batch) -> tuple[Any, list[Tensor], dict[str, Tensor]]:
        """The map to pool from, the regions of each picture, and what the proposing part said."""
        pooled, seen = self.maps(batch.pictures)
        objectness, shifts = self.proposer(seen)
        high, wide = batch.pictures.shape[-2:]
        places = [each.to(objectness.device) for each in self.places(high, wide)]
        boxes = batch.beside.get("proposals")
        if not boxes:
            boxes = self.regions(objectness.detach().float(), shifts.detach().float(), places, batch)
        return pooled, boxes, {"objectness": objectness, "shifts": shifts, "places": torch.cat(places)}

    def regions(self, objectness: Tensor, shifts: Tensor, places: Sequence[Tensor], batch: Batch) -> list[Tensor]:
        """Of each picture the best boxes of each map, without those that mean the same. One suppression for each: it takes
        the square of the boxes that compete."""
        config, sides = self.config, [len(each) for each in places]
        found: list[list[tuple[Tensor, Tensor]]] = [[] for _ in range(len(batch))]
        for logits, moves, origins in zip(torch.split(objectness, sides, 1), torch.split(shifts, sides, 1), places, strict=True):
            best, which = logits.topk(min(config.before, logits.shape[1]), dim=1)
            boxes = decode(moves.gather(1, which[..., None].expand(-1, -1, 4)), origins[which])  # N B 4
            scores = best.sigmoid()
            for row, mine in enumerate(found):
                inside = clipped(boxes[row], batch.extent(row))
                real = (inside[:, 2:] - inside[:, :2]).amin(dim=1) >= config.narrowest
                real &= scores[row] >= config.doubtful
                inside, score = inside[real], scores[row][real]
                keep = greedy(inside, score, config.apart, config.proposals)
                mine.append((inside[keep], score[keep]))
        merged = [tuple(torch.cat(each) for each in zip(*mine, strict=True)) for mine in found]
        return [boxes[scores.sort(descending=True, stable=True).indices[: config.proposals]] for boxes, scores in merged]

    def loss(self, out: Judged, batch: Batch) -> dict[str, Tensor]:
        assert isinstance(out, Proposed)
        assert out.objectness is not None
        assert out.shifts is not None
        assert out.places is not None
        parts = super().loss(out, batch)
        with torch.no_grad():
            target, boxes = self._anchored(out.places, batch)
        chosen = self._chosen(target)
        logits = out.objectness.float()
        cost = F.binary_cross_entropy_with_logits(logits, (target > 0).float(), reduction="none")
        total = chosen.sum().clamp_min(1)
        thing = chosen & (target > 0)
        shifts = out.shifts.float()
        moves = encode(boxes[thing], out.places.expand_as(boxes)[thing])
        box = F.smooth_l1_loss(shifts[thing], moves, beta=1 / 9, reduction="sum") / total
        return {"rpn_object": (cost * chosen).sum() / total, "rpn_box": box + 0.0 * shifts.sum(), **parts}

    def _anchored(self, places: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """(N, A) 1 for a thing, 0 for background, -1 for neither, and the (N, A, 4) boxes of the things that are nearest."""
        things = things_of(batch)
        truth = pad_sequence(
            [F.pad(boxes, (0, 0, 0, 1)) for boxes, _, _ in things], batch_first=True
        )  # N M 4, one empty at least
        kinds = pad_sequence([F.pad(1 + ignore.long(), (0, 1)) for _, _, ignore in things], batch_first=True)  # N M
        overlap = box_iou(truth.view(-1, 4), places).view(*kinds.shape, -1)  # N M A
        real = overlap.masked_fill((kinds != 1)[..., None], 0.0)
        best, which = real.max(dim=1)
        target = torch.where(best >= FITS, 1.0, torch.where(best < MISSES, 0.0, -1.0))
        top = real.amax(dim=2, keepdim=True)
        target[((real == top) & (top > 0.1)).any(dim=1)] = 1.0  # the best anchor of each thing
        if bool((kinds == 2).any()):
            vague = overlap.masked_fill((kinds != 2)[..., None], 0.0).amax(dim=1) >= MISSES
            target[vague & (target == 0)] = -1.0
        return target, truth.gather(1, which[..., None].expand(-1, -1, 4))

    def _chosen(self, target: Tensor) -> Tensor:
        """(N, A) at most half things, the rest background, drawn anew at each step."""
        count = min(self.config.anchors, target.shape[1])
        dice = torch.rand(target.shape, device=target.device)
        near, place = dice.masked_fill(target <= 0, 2.0).topk(count // 2, largest=False)
        chosen = torch.zeros_like(target, dtype=torch.bool).scatter(1, place, near < 2.0)
        left = count - chosen.sum(dim=1, keepdim=True)
        near, place = dice.masked_fill(target != 0, 2.0).topk(count, largest=False)
        rest = (near < 2.0) & (torch.arange(count, device=near.device) < left)
        return chosen | torch.zeros_like(chosen).scatter(1, place, rest)

    def unmatched(self, batch: Batch) -> int:
        high, wide = batch.pictures.shape[-2:]
        places = torch.cat(self.places(high, wide))
        best = [box_iou(boxes, places).max(dim=1).values for boxes, _, _ in things_of(batch) if len(boxes)]
        return int(sum((each < POOR).sum() for each in best))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.body.taps(), "map": self.merge.relu, "rpn": self.proposer.relu, "fc1": self.head.fc1, "fc2": self.head.fc2}
