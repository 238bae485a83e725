"""SSD (Liu et al. 2016): what is in each of thousands of default boxes, on maps of several sizes, in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou

from looksay.errors import BadConfig
from looksay.nn.backbone import Backbone
from looksay.nn.blocks import ConvNorm, initialise, scaled
from looksay.nn.detector import Detector, Found, clipped, things_of
from looksay.nn.prep import IMAGENET_MEAN, IMAGENET_STD, Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.ssd_blocks import MobileMaps, Predictor, VGGMaps
from looksay.nn.system import Batch
from looksay.ops.suppress import suppress
from looksay.registry import Card, system

MATCH = 0.5  # a default box with so much IoU is the thing
POOR = 0.3  # a truth whose best default box has less is hard to learn
HARD = 3  # wrong places that count for each right one
VARIANCE = (10.0, 10.0, 5.0, 5.0)  # what centres and sizes are multiplied by, to be learned alike
AHEAD = 2  # times as many boxes as are wanted compete at first
WIDEST = math.log(1000 / 16)  # a box is at most so much larger than its default


@dataclass(frozen=True)
class Layout:
    """The default boxes of a network. Map k has boxes of scale s_k (share of the picture's side), one between s_k and s_k+1, and
    two for each of its `ratios`; their centres are `steps` pixels apart, 0: as far as the cells of the map.
    Reading-out: `least` score, `overlap` for suppression, `before` candidates of a class, `most` things."""

    side: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    scales: tuple[float, ...]
    ratios: tuple[tuple[float, ...], ...]
    steps: tuple[int, ...] = (0,) * 6
    least: float = 0.01
    overlap: float = 0.45
    before: int = 400
    most: int = 200

    @property
    def boxes(self) -> list[int]:
        """A place of each map."""
        return [2 + 2 * len(ratios) for ratios in self.ratios]


LAYOUTS = {
    "house": Layout(
        128, IMAGENET_MEAN, IMAGENET_STD, (0.094, 0.156, 0.281, 0.5, 0.703, 0.859), ((2,), (2,), (2, 3), (2, 3), (2, 3)),
        (0,) * 5, most=100,
    ),
    "vgg16": Layout(
        300, (0.48235, 0.45882, 0.40784), (1 / 255,) * 3, (0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05),
        ((2,), (2, 3), (2, 3), (2, 3), (2,), (2,)), (8, 16, 32, 64, 0, 0),
    ),
    "mobilenet-v3": Layout(
        320, (0.5,) * 3, (0.5,) * 3, (*(0.2 + (0.95 - 0.2) * k / 5.0 for k in range(6)), 1.0), ((2, 3),) * 6,
        least=0.001, overlap=0.55, before=300, most=300,
    ),
}  # fmt: skip


@dataclass(frozen=True)
class SSDConfig:
    """`scales` are the sides of default boxes in shares of the picture's, one for each map and one more, smallest first; empty:
    the network's own."""

    network: Literal["house", "vgg16", "mobilenet-v3"] = "house"
    width: float = 1.0
    scales: tuple[float, ...] = ()


@dataclass
class Boxed:
    """`logits` (N, A, 1 + K), background first, and `offsets` (N, A, 4) of A default boxes; `grids` are the (rows, columns) of
    the maps, `size` (width, height) is the network's picture's."""

    logits: Tensor
    offsets: Tensor
    grids: tuple[tuple[int, int], ...]
    size: tuple[int, int]


@system(
    Card(
        name="ssd",
        task="detect",
        title="SSD",
        paper="Liu, Anguelov, Erhan, Szegedy, Reed, Fu, Berg: SSD: Single Shot MultiBox Detector",
        year=2016,
        rows=("D7",),
        summary="Thousands of default boxes on maps from fine to coarse, classified and moved in one pass.",
        deviations=(
            "'ssd' stands on the house's small-m at 128 pixels: maps at strides 4, 8, 16, 32 and 64, default boxes of 12 to 110 "
            "pixels, batch norm, and therefore no scaling of the first map",
            "a picture without things counts its three hardest places, so that empty pictures teach something",
            "places mostly within crowds and difficult things are neither right nor wrong",
            "patches are drawn by area and aspect, not by their overlap with a thing; there is no zooming out",
            "'ssd300-vgg16' and 'ssdlite320-mobilenet-v3-large' are torchvision's; new ones start as in He et al. 2015",
        ),
        variants={
            "ssd": {"network": "house"},
            "ssd300-vgg16": {"network": "vgg16"},
            "ssdlite320-mobilenet-v3-large": {"network": "mobilenet-v3"},
        },
        published={"ssd300-vgg16": "ssd300_vgg16", "ssdlite320-mobilenet-v3-large": "ssdlite320_mobilenet_v3_large"},
    )
)
class SSD(Detector[Boxed]):
    Config = SSDConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=20, batch_size=32, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=Augment(flip=0.5, crop=(0.3, 1.0), ratio=(0.7, 1.4), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            metric="map50",
            start="small-m",
            expect=0.81,
            minutes=27,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=116, batch_size=32, img_size=300, lr=1e-3, weight_decay=5e-4, schedule="step",
                    milestones=(0.667, 0.833),
                    augment=Augment(flip=0.5, crop=(0.1, 1.0), ratio=(0.5, 2.0), brightness=0.125, contrast=0.5, saturation=0.5),
                ),
            ),
            metric="map50",
            note="ssd300-vgg16: 60,000 steps on VOC 2007 + 2012 trainval from an ImageNet VGG-16; mAP 74.3 on VOC 2007 test, "
            "77.2 with zooming out and twice the steps",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: SSDConfig | None = None, prep: Prep | None = None) -> None:
        config = config or SSDConfig()
        own = LAYOUTS[config.network]
        super().__init__(classes, config, prep or Prep((own.side,) * 2, "stretch", own.side, 3, own.mean, own.std))
        if config.scales and len(config.scales) != len(own.scales):
            raise BadConfig(f"{len(config.scales)} scales", where="ssd", mend=f"give {len(own.scales)}, smallest first")
        self.layout = replace(own, scales=config.scales or own.scales)
        self.least, self.overlap, self.before, self.most = own.least, own.overlap, own.before, own.most
        if config.network == "house":
            self.gaze = "c2"  # which all maps see through
            self.body = Backbone("m", config.width)
            c5, mid, c6 = self.body.channels["c5"], scaled(32, config.width), scaled(64, config.width)
            self.extra = nn.Sequential(ConvNorm(c5, mid, 1), ConvNorm(mid, c6, 3, stride=2, padding=1))
            channels = [*self.body.channels.values(), c6]
        else:
            self.backbone = VGGMaps(config.width) if config.network == "vgg16" else MobileMaps(config.width)
            channels = self.backbone.channels
        light = config.network == "mobilenet-v3"
        self.head = Predictor(channels, own.boxes, 1 + len(self.classes), light=light)
        initialise(self, *self.head.classification_head.last(), *self.head.regression_head.last())

    @classmethod
    def size_for(cls, config: SSDConfig) -> int:
        return LAYOUTS[config.network].side

    def maps(self, x: Tensor) -> list[Tensor]:
        """Finest first."""
        if self.config.network == "house":
            found = list(self.body(x).values())
            return [*found, self.extra(found[-1])]
        maps: list[Tensor] = self.backbone(x)
        return maps

    def forward(self, batch: Batch) -> Boxed:
        maps = self.maps(batch.pictures)
        logits, offsets = self.head(maps)
        high, wide = batch.pictures.shape[-2:]
        return Boxed(logits, offsets, tuple((each.shape[2], each.shape[3]) for each in maps), (wide, high))

    def taps(self) -> dict[str, nn.Module]:
        body = {**self.body.taps(), "c6": self.extra} if self.config.network == "house" else self.backbone.taps()
        return {**body, **self.head.taps()}

    def loss(self, out: Boxed, batch: Batch) -> dict[str, Tensor]:
        logits, offsets = out.logits.float(), out.offsets.float()
        with torch.no_grad():
            defaults = default_boxes(out, self.layout).to(logits.device)
            target, boxes = targets_of(defaults, things_of(batch))
            counts = counted(logits, target)
        right = target > 0
        # A quarter of what counts: as many as are right, and more only where pictures are empty.
        among = max(float(right.sum()), float(counts.sum()) / (1 + HARD), 1.0)
        moved = encode(boxes[right], defaults.expand_as(boxes)[right])
        return {
            "class": F.cross_entropy(logits[counts], target[counts], reduction="sum") / among,
            "box": F.smooth_l1_loss(offsets[right], moved, reduction="sum") / among,
        }

    def unmatched(self, batch: Batch) -> int:
        was = self.training
        with torch.no_grad():
            out = self.eval()(replace(batch, pictures=batch.pictures[:1]))
        self.train(was)
        defaults = default_boxes(out, self.layout)
        some = [box_iou(boxes[~ignore].cpu(), defaults).amax(dim=1) for boxes, _, ignore in things_of(batch)]
        return int((torch.cat(some) < POOR).sum())

    def places(self, out: Boxed, batch: Batch) -> list[tuple[Tensor, Tensor]]:
        """((A, 4) boxes inside the picture, (A, K) scores) of each."""
        defaults = default_boxes(out, self.layout).to(out.logits.device)
        scores = out.logits.detach().float().softmax(dim=2)[..., 1:]
        return [
            (clipped(decode(offsets.float(), defaults), batch.extent(row)), scores[row])
            for row, offsets in enumerate(out.offsets.detach())
        ]

    def candidates(self, out: Boxed, batch: Batch) -> list[Found]:
        kinds = torch.arange(len(self.classes), device=out.logits.device)
        return [
            Found(boxes.repeat_interleave(len(kinds), dim=0), scores.flatten(), kinds.repeat(len(boxes)))
            for boxes, scores in self.places(out, batch)
        ]

    def detect(self, out: Boxed, batch: Batch) -> list[Found]:
        return [self._few(boxes, scores) or self._all(boxes, scores) for boxes, scores in self.places(out, batch)]

    def _few(self, boxes: Tensor, scores: Tensor) -> Found | None:
        """Only what is likeliest of all competes, which is enough where most of it is kept: what is less likely takes nothing
        away. None where it is not enough."""
        best, which = scores.flatten().topk(min(AHEAD * self.most, scores.numel()))
        place, kind = which // scores.shape[1], which % scores.shape[1]
        keep = suppress(boxes[place], best, kind, self.overlap)[: self.most]
        if len(keep) < self.most or not bool(best[keep[-1]] > self.least):
            return None
        return Found(boxes[place[keep]], best[keep], kind[keep])

    def _all(self, boxes: Tensor, scores: Tensor) -> Found:
        place, kind = (scores > self.least).nonzero(as_tuple=True)
        return self.choose(Found(boxes[place], scores[place, kind], kind))

    def choose(self, found: Found) -> Found:
        """As many candidates of each class compete as of any other."""
        found = found[found.scores > self.least]
        order = found.scores.argsort(descending=True, stable=True)
        order = order[found.labels[order].argsort(stable=True)]
        counts = found.labels.bincount(minlength=len(self.classes))
        rank = torch.arange(len(order), device=order.device) - (counts.cumsum(0) - counts)[found.labels[order]]
        found = found[order[rank < self.before]]
        return found[suppress(found.boxes, found.scores, found.labels, self.overlap)[: self.most]]

    def strengths(self, out: Boxed) -> Tensor:
        """The log odds: they rank as the scores do, and have a slope where those are all but 1."""
        log = out.logits.float().log_softmax(dim=2)[..., 1:]
        return log - (-torch.expm1(log)).clamp(min=1e-12).log()


def default_boxes(out: Boxed, layout: Layout) -> Tensor:
    """(A, 4) xyxy in the network's pixels, in the order of the heads: map, row, column, shape."""
    wide, high = out.size
    found = []
    for level, (rows, columns) in enumerate(out.grids):
        step = layout.steps[level]
        x = (torch.arange(columns) + 0.5) / (wide / step if step else columns)
        y = (torch.arange(rows) + 0.5) / (high / step if step else rows)
        scale, between = layout.scales[level], math.sqrt(layout.scales[level] * layout.scales[level + 1])
        shapes = [(scale, scale), (between, between)]
        for ratio in layout.ratios[level]:
            root = math.sqrt(ratio)
            shapes += [(scale * root, scale / root), (scale / root, scale * root)]
        centre = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(rows, columns, 1, 2)
        half = 0.5 * torch.tensor(shapes).clamp(max=1)
        found.append(torch.cat([centre - half, centre + half], dim=-1).view(-1, 4))
    return torch.cat(found) * torch.tensor([wide, high, wide, high])


def targets_of(defaults: Tensor, truths: Sequence[tuple[Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """For N pictures and A default boxes: (N, A) 1 + the class that each stands for, 0 for background, -1 for neither, and the
    (N, A, 4) truth's box. A default box is the truth that it overlaps most, if by half; each truth's best one is it anyhow."""
    real = [(boxes[~ignore], labels[~ignore]) for boxes, labels, ignore in truths]
    boxes = pad_sequence([F.pad(each, (0, 0, 0, 1)) for each, _ in real], batch_first=True)  # N M 4
    labels = pad_sequence([F.pad(each, (0, 1), value=-1) for _, each in real], batch_first=True, padding_value=-1)  # N M
    count, most = labels.shape
    overlap = box_iou(boxes.view(-1, 4), defaults).view(count, most, -1)  # N M A
    overlap = overlap.masked_fill((labels < 0)[..., None], -1.0)
    best, which = overlap.max(dim=1)
    number = torch.arange(1, most + 1, device=labels.device).expand(count, -1) * (labels >= 0)
    forced = torch.zeros_like(which).scatter_reduce(1, overlap.argmax(dim=2), number, "amax")
    which = torch.where(forced > 0, forced - 1, which)
    target = torch.where((best >= MATCH) | (forced > 0), 1 + labels.gather(1, which), 0)
    if any(bool(ignore.any()) for _, _, ignore in truths):
        vague = torch.stack([within(defaults, boxes[ignore]) for boxes, _, ignore in truths])
        target = target.masked_fill(vague & (target == 0), -1)
    return target, boxes.gather(1, which[..., None].expand(-1, -1, 4))


def within(boxes: Tensor, regions: Tensor) -> Tensor:
    """(A,) which of `boxes` lie in one of `regions` by at least half of their area."""
    low = torch.maximum(boxes[:, None, :2], regions[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], regions[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(dim=2)
    return (shared >= 0.5 * (boxes[:, 2:] - boxes[:, :2]).prod(dim=1, keepdim=True)).any(dim=1)


def counted(logits: Tensor, target: Tensor) -> Tensor:
    """(N, A) the places whose class counts: those that are right, and three times as many of the others, the worst first."""
    right = target > 0
    worst = (logits.logsumexp(dim=2) - logits[..., 0]).masked_fill(target != 0, -math.inf)
    wanted = HARD * right.sum(dim=1, keepdim=True).clamp(min=1)
    loss, places = worst.topk(min(int(wanted.max()), worst.shape[1]), dim=1)
    hard = (torch.arange(loss.shape[1], device=loss.device) < wanted) & loss.isfinite()
    return right | torch.zeros_like(right).scatter(1, places, hard)


def encode(boxes: Tensor, defaults: Tensor) -> Tensor:
    """(n, 4) how boxes differ from their default boxes: centres in shares of its size, logarithms of sizes."""
    size, own = boxes[:, 2:] - boxes[:, :2], defaults[:, 2:] - defaults[:, :2]
    move = (boxes[:, :2] + boxes[:, 2:] - defaults[:, :2] - defaults[:, 2:]) / (2 * own)
    return torch.cat([move, (size / own).log()], dim=1) * boxes.new_tensor(VARIANCE)


def decode(offsets: Tensor, defaults: Tensor) -> Tensor:
    """The inverse: (n, 4) boxes."""
    own = defaults[:, 2:] - defaults[:, :2]
    move = offsets / offsets.new_tensor(VARIANCE)
    centre = move[:, :2] * own + (defaults[:, :2] + 0.5 * own)
    half = 0.5 * move[:, 2:].clamp(max=WIDEST).exp() * own
    return torch.cat([centre - half, centre + half], dim=1)
