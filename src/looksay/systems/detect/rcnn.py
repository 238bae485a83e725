"""R-CNN (Girshick et al. 2014): every proposed region is warped and sent through a classifier's network, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou, roi_align

from looksay.nn import region_store as store_of
from looksay.nn.backbone import Backbone
from looksay.nn.blocks import initialise
from looksay.nn.detector import Detector, Found, clipped, things_of
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.system import Batch, Keep
from looksay.ops.proposals import EDITION, Mode, propose
from looksay.ops.suppress import suppress
from looksay.registry import Card, system

CONTEXT = 16 / 227  # of the warped region's side, on each side: what lies around the box
POSITIVE = 0.5  # a region with so much IoU is the thing
SHARE = 0.25  # of the regions of a step are things, where there are so many
SMALLEST = 2.0  # pixels: narrower regions are not looked at
CHUNK = 256  # regions that go through the network at once
GLANCE = 64  # while the machines are not fitted, so many proposals of a picture are looked at: enough to compare epochs
WIDEST = 4.0  # a box is mended to at most e to this power of its size
GRID = 2  # cells of the pooled features


@dataclass(frozen=True)
class RCNNConfig:
    """`crop` is the side of a warped region, `hidden` the length of the feature that the machines see, `regions` of a picture are
    trained on in a step. `mode` and `proposals`: how, and at most how many. The machines are fitted to the first `pictures`, of
    each to its first `stored` proposals (0: all)."""

    width: float = 1.0
    crop: int = 128
    hidden: int = 128
    regions: int = 8
    mode: Mode = "fast"
    proposals: int = 2000
    pictures: int = 1000
    stored: int = 256


@dataclass
class Seen:
    """Of P regions of each picture, those beyond `counts` (N,) being padding: `boxes` (N, P, 4) in the network's pixels, `logits`
    (N, P, 1 + K), background first, `margins` (N, P, K) of the machines and `moves` (N, P, 4K) of boxes, zeros until fitted."""

    boxes: Tensor
    logits: Tensor
    margins: Tensor
    moves: Tensor
    counts: Tensor

    @property
    def real(self) -> Tensor:
        """(N, P)"""
        return torch.arange(self.boxes.shape[1], device=self.counts.device) < self.counts[:, None]


@system(
    Card(
        name="r-cnn",
        task="detect",
        title="R-CNN",
        paper="Girshick, Donahue, Darrell, Malik: "
        "Rich Feature Hierarchies for Accurate Object Detection and Semantic Segmentation",
        year=2014,
        rows=("D2",),
        summary="Selective search proposes regions; each is warped and classified alone: a network, machines and regressions.",
        deviations=(
            "stands on the house's small-m: regions are warped to its 128 pixels, not 227; the pooled feature is 2 x 2 x 128, "
            "the machines see 128 numbers, not 4096",
            "regions are warped from the picture as the network sees it, after its resizing",
            "the machines' loss is the squared hinge, solved exactly; their features are float16",
            "machines and regressions are fitted to 1,000 pictures with 256 proposals each, by default; margins become "
            "probabilities by a sigmoid for each class, fitted to the same regions",
        ),
    )
)
class RCNN(Detector[Seen]):
    Config = RCNNConfig
    least = 0.002  # most of 20 classes are unlikely in each of hundreds of regions
    overlap = 0.3
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    name="tune", epochs=6, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05,
                    warmup=0.1, clip=10.0, augment=Augment(flip=0.5, brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            metric="map50",
            start="small-m",
            expect=0.87,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    name="tune", epochs=20, batch_size=2, img_size=500, lr=1e-3, weight_decay=5e-4, schedule="step",
                    milestones=(0.4, 0.8), augment=Augment(flip=0.5),
                ),
            ),
            settings={"crop": 224, "regions": 64, "pictures": 0, "stored": 0},
            metric="map50",
            note="50,000 steps of 32 things and 96 backgrounds on VOC 2007 trainval, from an ImageNet AlexNet; mAP 58.5",
        ),
    }  # fmt: skip

    svm_slopes: Tensor
    svm_offsets: Tensor
    sigmoids: Tensor
    move_slopes: Tensor
    move_offsets: Tensor
    fitted: Tensor

    def __init__(self, classes: Sequence[str], config: RCNNConfig | None = None, prep: Prep | None = None) -> None:
        config = config or RCNNConfig()
        super().__init__(classes, config, prep or Prep((128, 128), "stretch", 128))
        kinds = len(self.classes)
        self.body = Backbone("m", config.width)
        pooled = GRID * GRID * self.body.channels["c5"]
        self.pool = nn.AdaptiveAvgPool2d(GRID)
        self.fc6 = nn.Linear(pooled, config.hidden)
        self.relu6 = nn.ReLU()
        self.cls = nn.Linear(config.hidden, 1 + kinds)
        initialise(self, self.cls)
        self.register_buffer("svm_slopes", torch.zeros(kinds, config.hidden))
        self.register_buffer("svm_offsets", torch.zeros(kinds))
        self.register_buffer("sigmoids", torch.zeros(kinds, 2))
        self.register_buffer("move_slopes", torch.zeros(4 * kinds, pooled))
        self.register_buffer("move_offsets", torch.zeros(4 * kinds))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    @classmethod
    def size_for(cls, config: RCNNConfig) -> int:
        return 128

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """'proposals': (n, 4) float32 in the network's pixels, best first."""
        mode, most = self.config.mode, self.config.proposals
        boxes = keep(f"selective-search-{EDITION}-{mode}-{most}", lambda: propose(picture, mode, most))
        inside, left = place.inside(boxes.astype(np.float64))
        seen = (left > POSITIVE) & ((inside[:, 2:] - inside[:, :2]).min(axis=1, initial=np.inf) >= SMALLEST)
        return {"proposals": torch.from_numpy(inside[seen].astype(np.float32))}

    def taps(self) -> dict[str, nn.Module]:
        return {**self.body.taps(), "pool": self.pool, "fc6": self.fc6, "relu6": self.relu6, "cls": self.cls}

    def forward(self, batch: Batch) -> Seen:
        regions = self.asked(batch)
        counts = [len(some) for some in regions]
        parts = self.features(batch.pictures, regions)
        columns = [list(torch.split(torch.cat(some), counts)) for some in zip(*map(self.answers, parts), strict=True)]
        logits, margins, moves = (pad_sequence(some, batch_first=True) for some in columns)
        boxes = pad_sequence(regions, batch_first=True)
        return Seen(boxes, logits, margins, moves, torch.tensor(counts, device=boxes.device))

    def asked(self, batch: Batch) -> list[Tensor]:
        """(n, 4) the regions to look at, of each picture. Training draws some; without proposals it is the whole picture."""
        wholes = [torch.tensor([[0.0, 0.0, *batch.extent(row)]], device=batch.pictures.device) for row in range(len(batch))]
        given = batch.beside.get("proposals")
        if given is None:
            return wholes
        if self.training and batch.targets:
            truths = [boxes[~ignore] for boxes, _, ignore in things_of(batch)]
            found = self.drawn([torch.cat(some) for some in zip(given, truths, strict=True)], batch)
        else:
            found = list(given) if bool(self.fitted) else [some[:GLANCE] for some in given]
        return found if sum(map(len, found)) else wholes

    def drawn(self, pool: Sequence[Tensor], batch: Batch) -> list[Tensor]:
        """A quarter things, the rest background, `regions` a picture on average; wherever in the batch they are. What is drawn
        follows from the step: the loop seeds torch's chance with it."""
        boxes = pad_sequence(list(pool), batch_first=True)
        counts = torch.tensor([[len(some)] for some in pool], device=boxes.device)
        real = torch.arange(boxes.shape[1], device=boxes.device) < counts
        target = targets_of(boxes, real, batch).flatten()
        chance = torch.rand(target.shape, device=boxes.device)
        total = self.config.regions * len(batch)
        things = min(int((target > 0).sum()), round(SHARE * total))
        chosen = torch.zeros_like(target, dtype=torch.bool)
        for kind, count in ((target > 0, things), (target == 0, total - things)):
            order = chance.masked_fill(~kind, 2.0).argsort()[:count]
            chosen[order] = kind[order]
        return [row[mask] for row, mask in zip(boxes, chosen.view(boxes.shape[:2]), strict=True)]

    def features(self, pictures: Tensor, regions: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Chunk by chunk, ((R, pooled), (R, hidden)) of the regions of all pictures in turn."""
        rows = torch.repeat_interleave(
            torch.arange(len(regions), device=pictures.device),
            torch.tensor([len(some) for some in regions], device=pictures.device),
            output_size=sum(map(len, regions)),
        )
        rois = torch.cat([rows[:, None].float(), torch.cat(list(regions)).float()], dim=1)
        found = []
        size = len(rois) if self.training else CHUNK  # batch norm looks at all regions of a step together
        for start in range(0, len(rois), size):
            warped = warp(pictures, rois[start : start + size], self.config.crop)
            pooled = torch.flatten(self.pool(self.body(warped)["c5"]), 1)
            found.append((pooled, self.relu6(self.fc6(pooled))))
        return found

    def answers(self, part: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, margins and moves of some regions; the last two in full precision."""
        pooled, feature = part
        with torch.autocast(pooled.device.type, enabled=False):
            margins = F.linear(feature.float(), self.svm_slopes.float(), self.svm_offsets.float())
            moves = F.linear(pooled.float(), self.move_slopes.float(), self.move_offsets.float())
        return self.cls(feature), margins, moves

    def loss(self, out: Seen, batch: Batch) -> dict[str, Tensor]:
        target = targets_of(out.boxes, out.real, batch)
        total = F.cross_entropy(out.logits.float().flatten(0, 1), target.flatten(), ignore_index=-1, reduction="sum")
        return {"class": total / (target >= 0).sum().clamp(min=1)}

    def strengths(self, out: Seen) -> Tensor:
        """The log odds of each class: the machines', or the network's own until those are fitted."""
        found = store_of.chances(bool(self.fitted), out.margins, out.logits, self.sigmoids)
        return found.masked_fill(~out.real[..., None], -torch.inf)

    def proposals(self, out: Seen, batch: Batch) -> list[Tensor]:
        return [boxes[:count] for boxes, count in zip(out.boxes, out.counts.tolist(), strict=True)]

    def candidates(self, out: Seen, batch: Batch) -> list[Found]:
        return [found for found, _ in self._said(out, batch)]

    def detect(self, out: Seen, batch: Batch) -> list[Found]:
        """Suppressed as they were proposed, and mended afterwards."""
        kept = []
        for found, proposed in self._said(out, batch):
            some = (found.scores >= self.least).nonzero(as_tuple=True)[0]
            if len(some) > self.before:
                some = some[found.scores[some].topk(self.before).indices]
            keep = suppress(proposed[some], found.scores[some], found.labels[some], self.overlap, self.most)
            kept.append(found[some[keep]])
        return kept

    def _said(self, out: Seen, batch: Batch) -> list[tuple[Found, Tensor]]:
        """Each region as each class, its box mended, with (n, 4) the box as it was proposed."""
        scores, kinds = self.strengths(out).sigmoid(), len(self.classes)
        labels = torch.arange(kinds, device=scores.device)
        said = []
        for row, count in enumerate(out.counts.tolist()):
            proposed = out.boxes[row, :count].repeat_interleave(kinds, dim=0)
            mended = moved(proposed, out.moves[row, :count].reshape(-1, 4))
            found = Found(clipped(mended, batch.extent(row)), scores[row, :count].flatten(), labels.repeat(count))
            said.append((found, proposed))
        return said

    @torch.inference_mode()
    def finish(self, feed: Iterable[Batch], folder: Path, say: Callable[[str], None]) -> bool:
        """Machines and box regressions, from features kept in `folder` while this lasts."""
        self.eval()
        store = store_of.RegionStore(folder, store_of.key_of(self, ("body.", "fc6."), EDITION))
        tables, count = store_of.gathered(store, feed, self.table, self.config.pictures, say)
        kinds = len(self.classes)
        rows = sum(map(len, tables))
        if not rows:
            return False
        say(f"fitting {kinds} machines and box regressions to {rows:,} regions of {count:,} pictures")
        slopes, offsets = store_of.machines(tables, kinds)
        menders, shifts = store_of.box_menders(tables, kinds)
        fits = {
            "svm_slopes": slopes, "svm_offsets": offsets, "sigmoids": store_of.sigmoids(tables, slopes, offsets),
            "move_slopes": menders.reshape(4 * kinds, -1), "move_offsets": shifts.reshape(-1),
        }  # fmt: skip
        for name, value in fits.items():
            getattr(self, name).copy_(torch.from_numpy(value))
        self.fitted.fill_(True)
        store.clear()
        return True

    def table(self, batch: Batch) -> store_of.Table:
        """What is kept of the regions of some pictures: their truths and first proposals, without those in areas not counted."""
        given = batch.beside.get("proposals", [batch.pictures.new_zeros(0, 4)] * len(batch))
        regions, rows = [], []
        for (boxes, labels, ignore), own in zip(things_of(batch), given, strict=True):
            truths = boxes[~ignore]
            pool = torch.cat([truths, own[: self.config.stored or None]])
            is_truth = torch.arange(len(pool), device=pool.device) < len(truths)
            some = is_truth | (share_within(pool[None], boxes[ignore][None])[0].amax(dim=1) < POSITIVE)
            regions.append(pool[some])
            rows.append(described(pool[some], truths, labels[~ignore], len(self.classes)) | {"is_truth": is_truth[some]})
        table = np.zeros(sum(map(len, regions)), store_of.columns(self.fc6.out_features, self.fc6.in_features, len(self.classes)))
        if len(table):
            pooled, feature = (torch.cat(some) for some in zip(*self.features(batch.pictures, regions), strict=True))
            columns = {name: torch.cat([row[name] for row in rows]) for name in rows[0]}
            for name, values in {**columns, "pooled": pooled, "feature": feature}.items():
                table[name] = values.cpu().numpy()
        return table


def warp(pictures: Tensor, rois: Tensor, side: int) -> Tensor:
    """(R, C, side, side) whatever the shape of each region (picture, x1, y1, x2, y2), with its surroundings; what lies outside of
    the picture is its mean."""
    middle, half = (rois[:, 1:3] + rois[:, 3:]) / 2, (rois[:, 3:] - rois[:, 1:3]) / 2 / (1 - 2 * CONTEXT)
    grown = torch.cat([rois[:, :1], middle - half, middle + half], dim=1)
    warped: Tensor = roi_align(pictures.float().contiguous(), grown, side, sampling_ratio=1, aligned=True)
    return warped.contiguous(memory_format=torch.channels_last)


def targets_of(boxes: Tensor, real: Tensor, batch: Batch) -> Tensor:
    """(N, P) of regions (N, P, 4): 1 + the class of the thing that it overlaps most, if by half; 0 background; -1 what is not
    counted: padding, and what lies by half in a crowd or a difficult thing."""
    things = things_of(batch)
    truths = pad_sequence([F.pad(each, (0, 0, 0, 1)) for each, _, _ in things], batch_first=True)  # N M 4
    marked = [F.pad(labels.masked_fill(ignore, -1), (0, 1), value=-2) for _, labels, ignore in things]
    kinds = pad_sequence(marked, batch_first=True, padding_value=-2)[:, None]  # N 1 M
    both = share_within(boxes, truths) * area(boxes)[..., None]
    overlap = both / (area(boxes)[..., None] + area(truths)[:, None] - both).clamp(min=1e-6)
    best, which = overlap.masked_fill(kinds < 0, -1.0).max(dim=2)
    target = torch.where(best >= POSITIVE, 1 + kinds[:, 0].gather(1, which), 0)
    vague = (share_within(boxes, truths).masked_fill(kinds != -1, 0.0) >= POSITIVE).any(dim=2)
    return target.masked_fill((vague & (target == 0)) | ~real, -1)


def area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(dim=-1)


def share_within(boxes: Tensor, regions: Tensor) -> Tensor:
    """(N, P, M) the share of each box (N, P, 4) that lies in each region (N, M, 4) of its picture; M is at least 1."""
    regions = F.pad(regions, (0, 0, 0, 1)) if not regions.shape[1] else regions
    low = torch.maximum(boxes[:, :, None, :2], regions[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], regions[:, None, :, 2:])
    return (high - low).clamp(min=0).prod(dim=3) / area(boxes)[..., None].clamp(min=1e-6)


def described(boxes: Tensor, truths: Tensor, labels: Tensor, kinds: int) -> dict[str, Tensor]:
    """Columns of a table (see `store_of.columns`): how regions lie to the truths of their picture, which come first."""
    overlaps = boxes.new_zeros(len(boxes), kinds)
    if not len(truths) or not len(boxes):
        none = torch.full((len(boxes),), -1, device=boxes.device)
        return {"box": boxes, "label": none, "best": boxes.new_zeros(len(boxes)), "goal": boxes, "overlaps": overlaps}
    shared = box_iou(boxes, truths)
    best, which = shared.max(dim=1)
    which[: len(truths)] = torch.arange(len(truths), device=which.device)  # also where two truths are one box
    overlaps = overlaps.scatter_reduce(1, labels.expand(len(boxes), -1), shared, "amax")
    return {"box": boxes, "label": labels[which], "best": best, "goal": truths[which], "overlaps": overlaps}


def moved(boxes: Tensor, moves: Tensor) -> Tensor:
    """Boxes (n, 4) whose centres go `moves` (n, 4) of their sizes, and whose sizes grow by e to the last two of them."""
    size = boxes[:, 2:] - boxes[:, :2]
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2 + moves[:, :2] * size
    half = size * moves[:, 2:].clamp(-WIDEST, WIDEST).exp() / 2
    return torch.cat([middle - half, middle + half], dim=1)
