"""Fast R-CNN (Girshick 2015): the convolutions once for the whole picture, then each proposed region pooled from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou, roi_pool

from looksay.nn.backbone import Backbone, BackboneSize, Merge
from looksay.nn.blocks import initialise, scaled
from looksay.nn.detector import Detector, Found, clipped, things_of
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, Prep
from looksay.nn.recipe import VARIED, Augment, Recipe, Stage
from looksay.nn.system import Batch, Keep
from looksay.ops.boxcode import Weights, decode, encode
from looksay.ops.proposals import EDITION, propose
from looksay.ops.roi import align, max_pool
from looksay.registry import Card, system

WEIGHTS: Weights = (10.0, 10.0, 5.0, 5.0)  # moves are learnt in these units
THING = 0.5  # a region that overlaps a thing by so much shows it
SHARE = 0.25  # of the regions that a step learns from, at most so many show things
MAP = 4  # pixels of the picture to a pixel of the shared map


@dataclass(frozen=True)
class FastConfig:
    """`regions` of a picture that a training step learns from, `proposals` that are looked at; the shared map has `channels`,
    a region `pool` x `pool` cells of it, the head two layers of `hidden` units."""

    size: BackboneSize = "m"
    width: float = 1.0
    channels: int = 64
    pooling: Literal["max", "align"] = "max"
    pool: int = 5
    hidden: int = 128
    regions: int = 64
    proposals: int = 2000


@dataclass
class Judged:
    """R regions of each of N pictures: `boxes` (N, R, 4) in the network's pixels, `used` (N, R) those that are there, `logits`
    (N, R, 1 + K), background first, `moves` (N, R, K, 4). In training `labels` (N, R), 0 for background, `truth` (N, R, 4)."""

    boxes: Tensor
    used: Tensor
    logits: Tensor
    moves: Tensor
    labels: Tensor | None = None
    truth: Tensor | None = None


class RegionHead(nn.Module):
    """From the cells of a region to its class and, for each class, how its box should move."""

    def __init__(self, into: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.fc1, self.relu1 = nn.Linear(into, hidden), nn.ReLU()
        self.fc2, self.relu2 = nn.Linear(hidden, hidden), nn.ReLU()
        self.score, self.move = nn.Linear(hidden, 1 + classes), nn.Linear(hidden, 4 * classes)
        initialise(self, self.score, self.move)

    def forward(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(N, R, C, P, P) → (N, R, 1 + K), (N, R, K, 4)"""
        x = self.relu1(self.fc1(cells.flatten(2)))
        x = self.relu2(self.fc2(x))
        return self.score(x), self.move(x).unflatten(2, (-1, 4))


def padded(boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Lists of (n, 4) as (N, R, 4) and (N, R), which of them are there."""
    there = pad_sequence([torch.ones(len(each), dtype=torch.bool, device=each.device) for each in boxes], batch_first=True)
    return pad_sequence(list(boxes), batch_first=True), there


def matched(boxes: Tensor, used: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
    """For each region (N, R): 1 + the class of the thing that it shows, 0 for background, -1 for what does not count; (N, R, 4)
    that thing's box; (N, R) their overlap."""
    things = things_of(batch)
    truth = pad_sequence([F.pad(each, (0, 0, 0, 1)) for each, _, _ in things], batch_first=True)  # N M 4, one empty at least
    labels = pad_sequence([F.pad(each, (0, 1), value=-1) for _, each, _ in things], batch_first=True, padding_value=-1)
    ignore = pad_sequence([F.pad(each, (0, 1), value=False) for _, _, each in things], batch_first=True)
    overlap = torch.stack([box_iou(a, b) for a, b in zip(boxes, truth, strict=True)])  # N R M
    overlap = overlap.masked_fill((labels < 0)[:, None], 0.0)
    real = overlap.masked_fill(ignore[:, None], 0.0)
    best, which = real.max(dim=2)
    label = torch.where(best >= THING, 1 + labels.gather(1, which), 0)
    vague = (overlap.max(dim=2).values >= THING) & (label == 0)
    label = label.masked_fill(vague | ~used, -1)
    return label, truth.gather(1, which[..., None].expand(-1, -1, 4)), best


def sampled(label: Tensor, count: int) -> Tensor:
    """(N, count) places of regions to learn from: at most SHARE of them things, drawn anew at each step."""
    dice = torch.rand(label.shape, device=label.device)
    thing = label > 0
    most = min(round(SHARE * count), label.shape[1])
    near, place = dice.masked_fill(~thing, 2.0).topk(most, dim=1, largest=False)
    chosen = torch.zeros_like(thing).scatter(1, place, near < 2.0)
    order = dice + 2.0 * chosen + 1.0 * (label == 0) - 2.0 * (label < 0)
    return order.topk(min(count, label.shape[1]), dim=1).indices


@system(
    Card(
        name="fast-r-cnn",
        task="detect",
        title="Fast R-CNN",
        paper="Girshick: Fast R-CNN",
        year=2015,
        rows=("D3",),
        summary="Regions of selective search, pooled from one map of the whole picture; classes and boxes learnt together.",
        deviations=(
            "'fast-r-cnn' stands on the house's small-m at 128 pixels; the four maps are merged into one of stride 4, since "
            "things are as small as ten pixels; a region is 5 x 5 cells of it, not 7 x 7",
            "64 regions of each picture of a batch, not of two pictures; background is all that overlaps things by less",
            "regions on crowds and difficult things are neither things nor background",
        ),
    )
)
class FastRCNN(Detector[Judged]):
    Config: ClassVar[type[Any]] = FastConfig
    gaze = "map"
    bend: float = 1.0  # where the smooth L1 of a region's moves turns from square to straight
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
                *(
                    Stage(
                        name=name, epochs=8, batch_size=16, img_size=160, optimizer="adamw", lr=6e-4, weight_decay=0.05,
                        warmup=0.05, clip=10.0, augment=VARIED,
                    )
                    for name in ("again", "last")
                ),
            ),
            metric="map50",
            enlarge=1.2,
            start="small-m",
            expect=0.93,
            minutes=59,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=16, batch_size=2, img_size=600, lr=1e-3, weight_decay=5e-4, schedule="step", milestones=(0.75,),
                    augment=Augment(flip=0.5),
                ),
            ),
            settings={"pool": 7, "hidden": 4096},
            metric="map50",
            note="40,000 steps of two pictures on VOC 2007 trainval from an ImageNet VGG-16; mAP 66.9 on its test",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: Any = None, prep: Prep | None = None) -> None:
        config = config or self.Config()
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        self.make()

    def make(self) -> None:
        """The network."""
        config = self.config
        self.body: Any = Backbone(config.size, config.width)
        self.channels = scaled(config.channels, config.width)
        self.merge = Merge(self.body.channels, self.channels)
        initialise(self.merge)
        self.head: Any = RegionHead(self.channels * config.pool**2, config.hidden, len(self.classes))

    @classmethod
    def size_for(cls, config: Any) -> int:
        return 128

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """Selective search on the picture as it is."""
        most = self.config.proposals
        found = keep(f"selective-search-{EDITION}-fast-{most}", lambda: propose(picture, "fast", most))
        boxes, left = place.inside(found.astype("float64"))
        return {"proposals": torch.from_numpy(boxes[left > 0.5]).float()}

    def forward(self, batch: Batch) -> Judged:
        fine, _ = self.merge(self.body(batch.pictures))  # N 64 32 32
        whole = [torch.tensor([[0.0, 0.0, *batch.extent(row)]]) for row in range(len(batch))]
        given = batch.beside.get("proposals") or whole
        boxes = [torch.cat([each.to(fine.device), all_.to(fine.device)]) for each, all_ in zip(given, whole, strict=True)]
        return self.judge(fine, boxes, batch)

    def judge(self, maps: Any, boxes: Sequence[Tensor], batch: Batch) -> Judged:
        """Regions, pooled from `maps`, or while training a sample of them and of the truth itself."""
        regions, used, label, truth = self.looked_at(boxes, batch)
        logits, moves = self.head(self.pool(maps, regions))
        return Judged(regions, used, logits, moves, label, truth)

    def looked_at(self, boxes: Sequence[Tensor], batch: Batch) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        """(N, R, 4) regions, (N, R) which are there, and what they show: see Judged."""
        if not (self.training and batch.targets):
            return *padded(boxes), None, None
        regions, used = padded([torch.cat([some, own]) for some, (own, _, _) in zip(boxes, things_of(batch), strict=True)])
        label, truth, _ = matched(regions, used, batch)
        chosen = sampled(label, self.config.regions)
        regions, truth = (each.gather(1, chosen[..., None].expand(-1, -1, 4)) for each in (regions, truth))
        return regions, used.gather(1, chosen), label.gather(1, chosen), truth

    def pool(self, maps: Any, regions: Tensor, cells: int = 0) -> Tensor:
        """(N, R, C, P, P); P is `cells`, or the config's."""
        fine: Tensor = maps  # N 64 32 32
        cells = cells or self.config.pool
        if self.config.pooling == "align":
            return align(fine, regions, cells, 1 / MAP)
        if not fine.requires_grad:
            return max_pool(fine, regions, cells, 1 / MAP)
        found = roi_pool(fine.float(), list(regions), cells, 1 / MAP)
        return torch.unflatten(found.to(fine.dtype), 0, regions.shape[:2])

    def loss(self, out: Judged, batch: Batch) -> dict[str, Tensor]:
        """Classes over all regions that count, boxes over those that show things."""
        label, truth = out.labels, out.truth
        if label is None or truth is None:
            label, truth, _ = matched(out.boxes, out.used, batch)
        counts = label >= 0
        logits = out.logits.float()
        cost = F.cross_entropy(logits.flatten(0, 1), label.clamp_min(0).flatten(), reduction="none").view_as(label)
        classes = (cost * counts).sum() / counts.sum().clamp_min(1)
        thing = label > 0
        number = (label - 1).clamp_min(0)[..., None, None].expand(-1, -1, 1, 4)
        moves = out.moves.float().gather(2, number).squeeze(2)
        wanted = encode(truth[thing], out.boxes[thing], WEIGHTS)
        boxes = F.smooth_l1_loss(moves[thing], wanted, beta=self.bend, reduction="sum") / counts.sum().clamp_min(1)
        return {"class": classes, "box": boxes + 0.0 * moves.sum()}

    def candidates(self, out: Judged, batch: Batch) -> list[Found]:
        share = torch.softmax(out.logits.float(), dim=2)[..., 1:] * out.used[..., None]  # N R K
        places = decode(out.moves.float(), out.boxes.float()[:, :, None], WEIGHTS)  # N R K 4
        found = []
        for row, (scores, boxes) in enumerate(zip(share, places, strict=True)):
            region, label = (scores >= self.least).nonzero(as_tuple=True)
            inside = clipped(boxes[region, label], batch.extent(row))
            found.append(Found(inside, scores[region, label], label))
        return found

    def proposals(self, out: Judged, batch: Batch) -> list[Tensor]:
        return [boxes[used] for boxes, used in zip(out.boxes, out.used, strict=True)]

    def strengths(self, out: Judged) -> Tensor:
        """A class's logit over the background's."""
        logits = out.logits.float()
        return (logits[..., 1:] - logits[..., :1]).masked_fill(~out.used[..., None], float("-inf"))

    def taps(self) -> dict[str, nn.Module]:
        return {**self.body.taps(), "map": self.merge.relu, "fc1": self.head.fc1, "fc2": self.head.fc2}
