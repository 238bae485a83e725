"""Simultaneous detection and segmentation (Hariharan et al. 2014): like R-CNN, but segments are proposed and classified."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torchvision.ops import box_iou

from looksay.nn import region_store as store_of
from looksay.nn.blocks import initialise
from looksay.nn.detector import Found, things_of
from looksay.nn.outlines import Outliner, Outlines, Traced, cut, mask_loss, whole
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.system import Batch, Keep
from looksay.ops.proposals import EDITION, propose
from looksay.ops.segments import segments
from looksay.registry import Card, system
from looksay.systems.detect.fast_rcnn import FastConfig, FastRCNN, Judged, padded, sampled

CELLS = 28  # of a segment's mask
COARSE = 10  # of the mask that is guessed from the features
SHOWS = 0.5  # a segment that overlaps a thing's mask by so much shows it
KEPT = 0.99  # of a region's area must lie within the network's picture
COLOURS = Augment(flip=0.5, brightness=0.2, contrast=0.2, saturation=0.2)


@dataclass(frozen=True)
class SDSConfig(FastConfig):
    """Each of the two ways to see a region ends in `hidden` units; of both, `narrow` numbers guess the mask. The machines are
    fitted to the first `pictures`, of each to its first `stored` segments (0: all); without `machines` the network's own classes
    tell what a segment is."""

    pooling: Literal["max", "align"] = "align"
    pool: int = 7
    hidden: int = 128
    narrow: int = 32
    proposals: int = 200
    machines: bool = True
    pictures: int = 2000
    stored: int = 100


@dataclass
class Segmented(Judged):
    """Besides `features` (N, R, F) and `margins` (N, R, K) of the machines, zeros until fitted; of each picture what is found,
    while training the segments that show things, and (n, 28, 28) logits of their masks."""

    features: Tensor | None = None
    margins: Tensor | None = None
    found: list[Found] = field(default_factory=list)
    masks: list[Tensor] = field(default_factory=list)


class TwoWays(nn.Module):
    """From a region's cells, as they are and with what is not of the segment blotted out, to one feature and its classes."""

    def __init__(self, into: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.box, self.relu1 = nn.Linear(into, hidden), nn.ReLU()
        self.region, self.relu2 = nn.Linear(into, hidden), nn.ReLU()
        self.score = nn.Linear(2 * hidden, 1 + classes)
        initialise(self, self.score)

    def forward(self, cells: Tensor, shares: Tensor) -> tuple[Tensor, Tensor]:
        """(N, R, C, P, P), (N, R, P, P) → (N, R, F), (N, R, 1 + K)"""
        box = self.relu1(self.box(cells.flatten(2)))
        region = self.relu2(self.region((cells * shares[:, :, None].to(cells.dtype)).flatten(2)))
        features = torch.cat([box, region], dim=2)
        return features, self.score(features)


class Refine(nn.Module):
    """A coarse mask for each class, guessed from the feature, mixed with the segment that was proposed."""

    def __init__(self, into: int, narrow: int, classes: int) -> None:
        super().__init__()
        self.narrow, self.relu = nn.Linear(into, narrow), nn.ReLU()
        self.coarse = nn.Linear(narrow, classes * COARSE**2)
        self.mix = nn.Parameter(torch.tensor([1.0, 4.0, 0.0]).repeat(classes, 1))
        initialise(self, self.coarse)

    def forward(self, features: Tensor, labels: Tensor, shares: Tensor) -> Tensor:
        """(n, F), (n,), (n, M, M) → (n, M, M) logits."""
        guess = self.coarse(self.relu(self.narrow(features))).unflatten(1, (-1, COARSE, COARSE))
        own = guess[torch.arange(len(labels), device=labels.device), labels]
        fine = F.interpolate(own[:, None], shares.shape[1:], mode="bilinear", align_corners=False)[:, 0]
        mix: Tensor = self.mix[labels][:, :, None, None]
        return mix[:, 0] * fine + mix[:, 1] * (shares.to(fine.dtype) - 0.5) + mix[:, 2]


@system(
    Card(
        name="sds",
        task="instances",
        title="SDS",
        paper="Hariharan, Arbeláez, Girshick, Malik: Simultaneous Detection and Segmentation",
        year=2014,
        rows=("I1",),
        summary="Segments are proposed; each is seen as a box and with its background blotted out, told by a machine for each "
        "class, and its mask is mended.",
        deviations=(
            "segments are the pieces of a graph of colours that lie in a box of selective search, not those of MCG",
            "both ways see the house's small-m at 128 pixels, once for the whole picture, as Fast R-CNN does; what is not of the "
            "segment is blotted out on the map, not in the picture",
            "a segment's coarse mask is guessed through 32 numbers, and mixed with the segment cell by cell, not by superpixels",
            "the machines' loss is the squared hinge, solved exactly, on 2,000 pictures with 100 segments each; the storybook "
            "recipe has none, since the network, which learns from all pages, tells segments better by itself",
            "of segments that mean the same thing one stays, by their boxes",
        ),
    )
)
class SDS(Outliner[Judged], FastRCNN):
    Config: ClassVar[type[Any]] = SDSConfig
    least = 0.002  # most of 20 classes are unlikely in each of hundreds of segments
    overlap = 0.3
    RECIPES: ClassVar[dict[str, Recipe]] = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=6, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=COLOURS,
                ),
            ),
            settings={"machines": False},
            metric="map",
            start="fast-r-cnn",
            expect=0.76,
            minutes=36,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=16, batch_size=2, img_size=500, lr=1e-3, weight_decay=5e-4, schedule="step", milestones=(0.75,),
                    augment=Augment(flip=0.5),
                ),
            ),
            settings={"proposals": 2000, "pictures": 0, "stored": 0},
            metric="apr50",
            note="SBD train from an ImageNet AlexNet; APr 49.7 at .5 on its val with refined regions",
        ),
    }  # fmt: skip

    svm_slopes: Tensor
    svm_offsets: Tensor
    sigmoids: Tensor
    fitted: Tensor

    def make(self) -> None:
        super().make()
        config, kinds = self.config, len(self.classes)
        self.head = TwoWays(self.channels * config.pool**2, config.hidden, kinds)
        self.refine = Refine(2 * config.hidden, config.narrow, kinds)
        self.register_buffer("svm_slopes", torch.zeros(kinds, 2 * config.hidden))
        self.register_buffer("svm_offsets", torch.zeros(kinds))
        self.register_buffer("sigmoids", torch.zeros(kinds, 2))
        self.register_buffer("fitted", torch.zeros((), dtype=torch.bool))

    def beside(self, picture: Picture, place: Placement, keep: Keep) -> dict[str, Any]:
        """'proposals' (n, 4) in the network's pixels and 'segments' (n, 28, 28) uint8, what each covers of its cells."""
        most = self.config.proposals
        boxes = keep(f"selective-search-{EDITION}-fast-{most}", lambda: propose(picture, "fast", most))
        found, shares = segments(picture, boxes, CELLS)
        inside, left = place.inside(found.astype("float64"))
        there = left > KEPT
        shares = shares[there][:, :, ::-1] if place.flip else shares[there]
        return {"proposals": torch.from_numpy(inside[there]).float(), "segments": torch.from_numpy(shares.copy())}

    def forward(self, batch: Batch) -> Segmented:
        fine, _ = self.merge(self.body(batch.pictures))  # N 64 32 32
        boxes, shares = self.asked(batch)
        label = None
        if self.training and batch.targets:
            boxes, shares, labels = self.with_truth(boxes, shares, batch)
            (regions, used), label = padded(boxes), pad_sequence(labels, batch_first=True, padding_value=-1)
            chosen = sampled(label, self.config.regions)
            regions, used = regions.gather(1, chosen[..., None].expand(-1, -1, 4)), used.gather(1, chosen)
            own = chosen[..., None, None].expand(-1, -1, CELLS, CELLS)
            covered, label = pad_sequence(shares, batch_first=True).gather(1, own), label.gather(1, chosen)
        else:
            (regions, used), covered = padded(boxes), pad_sequence(shares, batch_first=True)
        small = F.adaptive_avg_pool2d(covered, self.config.pool)
        features, logits = self.head(self.pool(fine, regions), small)
        with torch.autocast(features.device.type, enabled=False):
            margins = F.linear(features.float(), self.svm_slopes.float(), self.svm_offsets.float())
        moves = logits.new_zeros(*regions.shape[:2], len(self.classes), 4)
        out = Segmented(regions, used, logits, moves, label, None, features, margins)
        with torch.no_grad():
            out.found = self.shown(out) if label is not None else [self.choose(each) for each in self.candidates(out, batch)]
        out.masks = self.refined(out, covered)
        return out

    def asked(self, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Boxes and shares of the segments of each picture; a box alone is its own segment, a picture alone its own box."""
        device = batch.pictures.device
        given = batch.beside.get("proposals") or [whole(batch, row) for row in range(len(batch))]
        boxes = [each if len(each) else whole(batch, row) for row, each in enumerate(given)]
        known = batch.beside.get("segments") or [()] * len(batch)
        ones = [torch.ones(len(each), CELLS, CELLS, device=device) for each in boxes]
        shares = [one if len(own) != len(one) else own.float() / 255 for one, own in zip(ones, known, strict=True)]
        return boxes, shares

    def with_truth(
        self, boxes: Sequence[Tensor], shares: Sequence[Tensor], batch: Batch
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """The segments and those of the truth, and (n,) what each shows: 1 + a class, 0 background, -1 what does not count."""
        more, covered, labels = [], [], []
        for row, (own, _, _) in enumerate(things_of(batch)):
            more.append(torch.cat([boxes[row], own]))
            covered.append(torch.cat([shares[row], cut(batch, row, own, torch.arange(len(own)), CELLS)]))
            labels.append(self.labelled(more[-1], covered[-1], batch, row)[0])
        return more, covered, labels

    def labelled(self, boxes: Tensor, shares: Tensor, batch: Batch, row: int) -> tuple[Tensor, Tensor]:
        """(n,) what segments show, and (n, m) their overlaps with the things of picture `row`."""
        truth, kinds, ignore = things_of(batch)[row]
        overlap = overlaps(boxes, shares, batch, row)
        if not len(truth):
            return torch.zeros(len(boxes), dtype=torch.int64, device=boxes.device), overlap
        best, which = overlap.masked_fill(ignore, 0.0).max(dim=1)
        label = torch.where(best >= SHOWS, 1 + kinds[which], 0)
        known = torch.tensor([bool(mask.any()) for mask in batch.targets["masks"][row]], device=boxes.device)
        vague = box_iou(boxes, truth).masked_fill(known & ~ignore, 0.0).amax(dim=1) >= SHOWS
        return label.masked_fill(vague & (label == 0), -1), overlap

    def shown(self, out: Segmented) -> list[Found]:
        """Segments that show things; of a batch without such, one that shows nothing."""
        assert out.labels is not None
        found: list[Found] = []
        for boxes, label in zip(out.boxes, out.labels, strict=True):
            origin = (label > 0).nonzero()[:, 0]
            found.append(Traced(boxes[origin], torch.ones_like(boxes[origin, 0]), label[origin] - 1, origin))
        if not any(map(len, found)):
            none = torch.zeros_like(out.labels[0, :1])
            found[0] = Traced(out.boxes[0, :1], torch.zeros_like(out.boxes[0, :1, 0]), none, none)
        return found

    def refined(self, out: Segmented, shares: Tensor) -> list[Tensor]:
        assert out.features is not None
        rows = [torch.full_like(each.labels, row) for row, each in enumerate(out.found)]
        counts = [len(each) for each in rows]
        row, origin = torch.cat(rows), torch.cat([each.origin for each in out.found if isinstance(each, Traced)])
        labels = torch.cat([each.labels for each in out.found])
        if not sum(counts):  # at least one passes, so that it can be watched
            row = origin = labels = labels.new_zeros(1)
        logits = self.refine(out.features[row, origin], labels, shares[row, origin])
        return list(logits[: sum(counts)].split(counts))

    def loss(self, out: Judged, batch: Batch) -> dict[str, Tensor]:
        assert isinstance(out, Segmented)
        label = out.labels
        if label is None:  # while looking, segments are not kept
            rows = range(len(batch))
            own = [self.labelled(out.boxes[row], torch.ones(out.boxes.shape[1], CELLS, CELLS), batch, row)[0] for row in rows]
            label = torch.stack(own).masked_fill(~out.used, -1)
        total = F.cross_entropy(out.logits.float().flatten(0, 1), label.flatten(), ignore_index=-1, reduction="sum")
        return {"class": total / (label >= 0).sum().clamp(min=1), "mask": mask_loss(out.found, out.masks, batch)}

    def strengths(self, out: Judged) -> Tensor:
        """The log odds of each class: the machines', or the network's own until those are fitted."""
        assert isinstance(out, Segmented)
        found = store_of.chances(bool(self.fitted), out.margins, out.logits, self.sigmoids)
        return found.masked_fill(~out.used[..., None], -torch.inf)

    def candidates(self, out: Judged, batch: Batch) -> list[Found]:
        found: list[Found] = []
        for boxes, scores in zip(out.boxes, self.strengths(out).sigmoid(), strict=True):
            region, label = (scores >= self.least).nonzero(as_tuple=True)
            found.append(Traced(boxes[region], scores[region, label], label, region))
        return found

    def outlines(self, out: Judged, batch: Batch) -> list[Outlines]:
        assert isinstance(out, Segmented)
        return [Outlines(found, masks.float().sigmoid()) for found, masks in zip(out.found, out.masks, strict=True)]

    def spots(self, out: Judged) -> Tensor:
        return out.boxes

    def taps(self) -> dict[str, nn.Module]:
        ways = {"box": self.head.box, "region": self.head.region, "score": self.head.score}
        return {**self.body.taps(), "map": self.merge.relu, **ways, "refine": self.refine.relu}

    @torch.inference_mode()
    def finish(self, feed: Iterable[Batch], folder: Path, say: Callable[[str], None]) -> bool:
        """The machines, from features kept in `folder` while this lasts."""
        if not self.config.machines:
            return False
        self.eval()
        store = store_of.RegionStore(folder, store_of.key_of(self, ("body.", "merge.", "head."), EDITION))
        tables, count = store_of.gathered(store, feed, self.table, self.config.pictures, say)
        if not sum(map(len, tables)):
            return False
        say(f"fitting {len(self.classes)} machines to {sum(map(len, tables)):,} segments of {count:,} pictures")
        slopes, offsets = store_of.machines(tables, len(self.classes))
        fits = {"svm_slopes": slopes, "svm_offsets": offsets, "sigmoids": store_of.sigmoids(tables, slopes, offsets)}
        for name, value in fits.items():
            getattr(self, name).copy_(torch.from_numpy(value))
        self.fitted.fill_(True)
        store.clear()
        return True

    def table(self, batch: Batch) -> store_of.Table:
        """What is kept of the segments of some pictures and of their truth."""
        some = self.config.stored or None
        boxes, shares = self.asked(batch)
        boxes, shares, labels = self.with_truth([each[:some] for each in boxes], [each[:some] for each in shares], batch)
        fine, _ = self.merge(self.body(batch.pictures))
        rows = []
        for row, (own, covered, label) in enumerate(zip(boxes, shares, labels, strict=True)):
            small = F.adaptive_avg_pool2d(covered, self.config.pool)
            features, _ = self.head(self.pool(fine[row : row + 1], own[None]), small[None])
            truth, kinds, ignore = things_of(batch)[row]
            overlap = overlaps(own, covered, batch, row)
            by_kind = own.new_zeros(len(own), len(self.classes)).scatter_reduce(1, kinds.expand(len(own), -1), overlap, "amax")
            known = F.pad(~ignore, (len(own) - len(truth), 0))
            table = np.zeros(len(own), store_of.columns(features.shape[2], 1, len(self.classes)))
            values = {
                "feature": features[0],
                "box": own,
                "label": label - 1,
                "overlaps": by_kind,
                "is_truth": known & (label > 0),
            }
            for name, value in values.items():
                table[name] = value.cpu().numpy()
            rows.append(table[(label >= 0).cpu().numpy()])
        return np.concatenate(rows)


@torch.no_grad()
def overlaps(boxes: Tensor, shares: Tensor, batch: Batch, row: int) -> Tensor:
    """(n, m) the IoU of segments, given as boxes and shares (n, M, M) of their cells, with the masks of a picture's things."""
    truth = things_of(batch)[row][0]
    found = boxes.new_zeros(len(boxes), len(truth))
    size = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    near = box_iou(boxes, truth) > 0
    own = shares.float().mean(dim=(1, 2)) * size
    for number, (mask, frame) in enumerate(zip(batch.targets["masks"][row], batch.targets["frames"][row], strict=True)):
        some = near[:, number].nonzero()[:, 0]
        if not len(some) or not mask.any():
            continue
        pixel = (frame[2:] - frame[:2]).prod() / mask.numel()
        area = (mask[1:-1, 1:-1].sum() * pixel).to(boxes)
        covered = cut(batch, row, boxes[some], torch.full_like(some, number), shares.shape[-1])
        both = (covered * shares[some]).mean(dim=(1, 2)) * size[some]
        found[some, number] = both / (own[some] + area - both).clamp(min=1e-6)
    return found
