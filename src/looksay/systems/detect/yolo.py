"""YOLO (Redmon et al. 2016): one look at the whole picture; each cell of a grid says what lies with its centre in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from looksay.errors import BadConfig
from looksay.nn.backbone import Backbone
from looksay.nn.blocks import initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.detector import Detector, Found, clipped, things_of
from looksay.nn.prep import Prep
from looksay.nn.recipe import VARIED, Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system

STRIDE = 16  # pixels to a cell, in the house's network
SLOPE = 0.1  # of leaky rectifiers, below zero
# The paper's figure 3: (channels, side) of convolutions, 'M' max pooling by two, and strides other than 1.
Layer = tuple[int, int] | tuple[int, int, int] | Literal["M"]
PAPER: tuple[Layer, ...] = (
    (64, 7, 2), "M", (192, 3), "M", (128, 1), (256, 3), (256, 1), (512, 3), "M",
    (256, 1), (512, 3), (256, 1), (512, 3), (256, 1), (512, 3), (256, 1), (512, 3), (512, 1), (1024, 3), "M",
    (512, 1), (1024, 3), (512, 1), (1024, 3), (1024, 3), (1024, 3, 2), (1024, 3), (1024, 3),
)  # fmt: skip


@dataclass(frozen=True)
class YoloConfig:
    """`boxes` of a cell; what an error of a box costs, `coord`, and a thing seen where there is none, `noobj`. The head sees the
    map through `hidden` units, in the house's network after a convolution of `squeeze` channels."""

    network: Literal["house", "paper"] = "house"
    width: float = 1.0
    boxes: int = 2
    coord: float = 5.0
    noobj: float = 0.5
    squeeze: int = 32
    hidden: int = 256
    dropout: float = 0.25


@dataclass
class Grid:
    """`said` (N, rows, columns, B · 5 + K): of each box of a cell x and y of its centre in the cell, roots of its width and
    height in shares of the picture, and how sure it is; then the classes. `size` (width, height) of the network's picture."""

    said: Tensor
    size: tuple[int, int]


class Cells(NamedTuple):
    """The truth, cell by cell, for N pictures of C cells: `there` (N, C), `boxes` (N, C, 4) xyxy in shares of the picture,
    `labels` (N, C), and `vague` (N, C), where what is said counts neither way. Of two things in a cell the larger one counts."""

    there: Tensor
    boxes: Tensor
    labels: Tensor
    vague: Tensor


def truth_of(batch: Batch, rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor]:
    """(N, M, 4) boxes in shares of the picture, (N, M) labels, (N, M) the cell of each, -1 where there is none: for the M things
    that a picture has at most, small ones first."""
    high, wide = batch.pictures.shape[-2:]
    scale = torch.tensor([wide, high, wide, high], device=batch.pictures.device, dtype=torch.float32)
    found = []
    for boxes, labels, ignore in things_of(batch):
        own, kinds = boxes[~ignore] / scale, labels[~ignore]
        order = (own[:, 2:] - own[:, :2]).prod(dim=1).argsort(stable=True)
        found.append((own[order], kinds[order]))
    boxes = pad_sequence([F.pad(each, (0, 0, 0, 1)) for each, _ in found], batch_first=True)
    labels = pad_sequence([F.pad(each, (0, 1), value=-1) for _, each in found], batch_first=True, padding_value=-1)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    column = (centre[..., 0] * columns).long().clamp(0, columns - 1)
    row = (centre[..., 1] * rows).long().clamp(0, rows - 1)
    return boxes, labels, (row * columns + column).masked_fill(labels < 0, -1)


def cells_of(batch: Batch, rows: int, columns: int) -> Cells:
    boxes, labels, cell = truth_of(batch, rows, columns)
    count, most = labels.shape
    rank = torch.arange(1, most + 1, device=labels.device).expand(count, -1) * (cell >= 0)
    owner = torch.zeros(count, rows * columns, dtype=torch.int64, device=labels.device)
    owner = owner.scatter_reduce(1, cell.clamp(min=0), rank, "amax")
    which = (owner - 1).clamp(min=0)
    there = owner > 0
    vague = vague_of(batch, rows, columns) & ~there
    return Cells(there, boxes.gather(1, which[..., None].expand(-1, -1, 4)), labels.gather(1, which).clamp(min=0), vague)


def vague_of(batch: Batch, rows: int, columns: int) -> Tensor:
    """(N, C) the cells whose centre lies in a crowd or in something difficult, and those that its own centre lies in."""
    high, wide = batch.pictures.shape[-2:]
    x = (torch.arange(columns, device=batch.pictures.device) + 0.5) * (wide / columns)
    y = (torch.arange(rows, device=batch.pictures.device) + 0.5) * (high / rows)
    centre = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(-1, 1, 2)
    scale = torch.tensor([columns / wide, rows / high], device=batch.pictures.device)
    found = []
    for boxes, _, ignore in things_of(batch):
        vague = boxes[ignore]
        within = ((centre >= vague[None, :, :2]) & (centre <= vague[None, :, 2:])).all(dim=2).any(dim=1)
        column, row = ((vague[:, :2] + vague[:, 2:]) / 2 * scale).long().unbind(dim=1)
        within[row.clamp(0, rows - 1) * columns + column.clamp(0, columns - 1)] = True
        found.append(within)
    return torch.stack(found)


def overlaps(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes xyxy, place by place, with broadcasting: (…, 4), (…, 4) → (…)"""
    shared = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(dim=-1)
    whole = (a[..., 2:] - a[..., :2]).clamp(min=0).prod(dim=-1) + (b[..., 2:] - b[..., :2]).clamp(min=0).prod(dim=-1) - shared
    return shared / whole.clamp(min=1e-9)


def corners(rows: int, columns: int, device: torch.device) -> Tensor:
    """(C, 2) x and y of each cell's upper left corner, in cells."""
    x, y = torch.arange(columns, device=device), torch.arange(rows, device=device)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1).view(-1, 2).float()


def around(centre: Tensor, size: Tensor) -> Tensor:
    """(…, 2), (…, 2) → (…, 4) xyxy"""
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def leaky() -> nn.Module:
    return nn.LeakyReLU(SLOPE)


def bent(x: Tensor) -> Tensor:
    """What a chance is clamped to, with a slope that is left where it is clamped."""
    inside = x.clamp(0, 1)
    return inside + 0.01 * (x - inside)


@system(
    Card(
        name="yolo",
        task="detect",
        title="YOLO",
        paper="Redmon, Divvala, Girshick, Farhadi: You Only Look Once: Unified, Real-Time Object Detection",
        year=2016,
        rows=("D5",),
        summary="One network from the whole picture to a grid; each cell says what has its centre there, and in which box.",
        deviations=(
            "'yolo' stands on the house's small-m at 128 pixels, with a grid of 8 x 8 cells and 256 hidden units; 'yolo-448' is "
            "the paper's network, with 7 x 7 cells",
            "of two things whose centres share a cell the larger one is learnt, which the paper leaves open",
            "cells that a crowd or a difficult thing covers, or has its centre in, cost nothing where nothing else is",
            "the paper's layers begin with 20 convolutions learnt on ImageNet, which cannot be had; 'yolo-448' begins at random",
        ),
        variants={"yolo": {"network": "house"}, "yolo-448": {"network": "paper", "hidden": 4096, "dropout": 0.5}},
    )
)
class Yolo(Detector[Grid]):
    any_size = False
    Config: ClassVar[type[Any]] = YoloConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=16, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=VARIED,
                ),
            ),
            metric="map50",
            start="small-m",
            expect=0.36,
        ),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=135, batch_size=64, img_size=448, lr=1e-2, weight_decay=5e-4, schedule="step",
                    milestones=(0.555, 0.778), warmup=0.01,
                    augment=Augment(flip=0.5, crop=(0.64, 1.0), ratio=(0.8, 1.25), brightness=0.5, saturation=0.5),
                ),
            ),
            metric="map50",
            note="yolo-448 on VOC 2007 + 2012 from ImageNet layers: mAP 63.4 on VOC 2007 test, 45 pictures a second",
        ),
    }  # fmt: skip

    def __init__(self, classes: Sequence[str], config: Any = None, prep: Prep | None = None) -> None:
        config = config or self.Config()
        side = self.size_for(config)
        super().__init__(classes, config, prep or Prep((side, side), "stretch", side))
        self.make()

    def make(self) -> None:
        """The network."""
        config, (wide, high) = self.config, self.prep.size
        if config.network == "house":
            self.body: nn.Module = Backbone("m", config.width)
            self.grid = (-(-high // STRIDE), -(-wide // STRIDE))
            depth = self.body.channels["c4"] + self.body.channels["c5"]
            squeeze = scaled(config.squeeze, config.width)
            self.squeeze: nn.Module = nn.Sequential(nn.Conv2d(depth, squeeze, 1), leaky())
        else:
            self.body, squeeze = paper_layers(config.width)
            self.grid = (-(-high // 64), -(-wide // 64))
            self.squeeze = nn.Identity()
        hidden = scaled(config.hidden, config.width)
        self.fc1 = nn.Linear(squeeze * self.grid[0] * self.grid[1], hidden)
        self.relu1, self.drop = leaky(), Dropout(config.dropout)
        self.fc2 = nn.Linear(hidden, self.grid[0] * self.grid[1] * self.depth)
        initialise(self.squeeze)
        initialise(self.fc1)
        initialise(self.fc2, self.fc2)
        self._begin(self.fc2.bias.data.view(*self.grid, -1))

    def _begin(self, bias: Tensor) -> None:
        """At first a box lies in the middle of its cell and is a third of the picture wide; each class is as likely."""
        own = bias[..., : 5 * self.config.boxes].view(*bias.shape[:-1], -1, 5)
        own[..., :2], own[..., 2:4], own[..., 4] = 0.5, 0.58, 0.1
        bias[..., 5 * self.config.boxes :] = 1 / len(self.classes)

    @property
    def depth(self) -> int:
        """Numbers that a cell says."""
        return int(5 * self.config.boxes + len(self.classes))

    @classmethod
    def size_for(cls, config: Any) -> int:
        return 128 if config.network == "house" else 448

    def map_of(self, x: Tensor) -> Tensor:
        """(N, D, rows, columns): what the house's two coarsest maps know of each cell, or the paper's last map."""
        if self.config.network != "house":
            found: Tensor = self.body(x)
            return found
        maps = self.body(x)
        return torch.cat([maps["c4"], F.interpolate(maps["c5"], maps["c4"].shape[-2:])], dim=1)

    def fits(self, pictures: Tensor) -> None:
        """Fully connected layers know every place of the picture, so that it must be of the size that they were made for."""
        high, wide = pictures.shape[-2:]
        if (wide, high) != self.prep.size:
            own = "{} x {}".format(*self.prep.size)
            mend = "train without augment.sizes, and look at that size; a convolutional yolo2 takes any"
            raise BadConfig(
                f"its fully connected layers take pictures of {own}, not {wide} x {high}", where=self.card.name, mend=mend
            )

    def forward(self, batch: Batch) -> Grid:
        self.fits(batch.pictures)
        x = self.squeeze(self.map_of(batch.pictures)).flatten(1)
        said = self.fc2(self.drop(self.relu1(self.fc1(x)))).unflatten(1, (*self.grid, self.depth))
        high, wide = batch.pictures.shape[-2:]
        return Grid(said, (wide, high))

    def parts(self, out: Grid) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, B, 4) x, y, root w, root h; (N, C, B) how sure; (N, C, K) classes."""
        said = out.said.float().flatten(1, 2)
        own = said[..., : 5 * self.config.boxes].reshape(*said.shape[:2], -1, 5)
        return own[..., :4], own[..., 4], said[..., 5 * self.config.boxes :]

    def boxes(self, out: Grid, own: Tensor) -> Tensor:
        """(N, C, B, 4) xyxy in shares of the picture."""
        rows, columns = out.said.shape[1:3]
        cells = torch.tensor([columns, rows], device=own.device)
        centre = (own[..., :2] + corners(rows, columns, own.device)[:, None]) / cells
        return around(centre, own[..., 2:].square())

    def loss(self, out: Grid, batch: Batch) -> dict[str, Tensor]:
        """The five parts, each summed over cells and averaged over pictures."""
        own, sure, kinds = self.parts(out)
        rows, columns = out.said.shape[1:3]
        cells = cells_of(batch, rows, columns)
        with torch.no_grad():
            fit = overlaps(self.boxes(out, own), cells.boxes[:, :, None])  # N C B
            best = F.one_hot(fit.argmax(dim=2), self.config.boxes).bool() & cells.there[..., None]
        centre = (cells.boxes[..., :2] + cells.boxes[..., 2:]) / 2
        scale = torch.tensor([columns, rows], device=own.device)
        place = centre * scale - corners(rows, columns, own.device)
        root = (cells.boxes[..., 2:] - cells.boxes[..., :2]).clamp(min=0).sqrt()
        count = len(batch)
        class_truth = F.one_hot(cells.labels, len(self.classes)).float()
        quiet = ~best & ~cells.vague[..., None]
        return {
            "place": self.config.coord * (best[..., None] * (own[..., :2] - place[:, :, None]).square()).sum() / count,
            "size": self.config.coord * (best[..., None] * (own[..., 2:] - root[:, :, None]).square()).sum() / count,
            "object": (best * (sure - fit).square()).sum() / count,
            "nothing": self.config.noobj * (quiet * sure.square()).sum() / count,
            "class": (cells.there[..., None] * (kinds - class_truth).square()).sum() / count,
        }

    def unmatched(self, batch: Batch) -> int:
        """Things that share a cell with a larger one."""
        rows, columns = self.grid
        _, labels, _ = truth_of(batch, rows, columns)
        return int((labels >= 0).sum() - cells_of(batch, rows, columns).there.sum())

    def scores(self, out: Grid) -> tuple[Tensor, Tensor]:
        """(N, P, 4) boxes in the network's pixels, and (N, P, K) Pr(class) · Pr(object) · IoU."""
        own, sure, kinds = self.parts(out)
        scale = own.new_tensor([*out.size, *out.size])
        boxes = (self.boxes(out, own) * scale).flatten(1, 2)
        return boxes, (sure.clamp(0, 1)[..., None] * kinds.clamp(0, 1)[:, :, None]).flatten(1, 2)

    def candidates(self, out: Grid, batch: Batch) -> list[Found]:
        found = []
        for row, (boxes, scores) in enumerate(zip(*self.scores(out), strict=True)):
            inside = clipped(boxes, batch.extent(row))
            place, kind = (scores >= self.least).nonzero(as_tuple=True)
            found.append(Found(inside[place], scores[place, kind], kind))
        return found

    def strengths(self, out: Grid) -> Tensor:
        """They rank as scores do. Two numbers below zero are no chance either, though their product is positive."""
        _, sure, kinds = self.parts(out)
        a, b = bent(sure)[..., None], bent(kinds)[:, :, None]
        return torch.where((a < 0) & (b < 0), -a * b, a * b).flatten(1, 2)

    def taps(self) -> dict[str, nn.Module]:
        own = self.body.taps() if isinstance(self.body, Backbone) else dict(self.body.named_children())
        return {**own, "squeeze": self.squeeze, "fc1": self.fc1, "fc2": self.fc2}


def paper_layers(width: float) -> tuple[nn.Sequential, int]:
    """The 24 convolutions, and the channels of the last."""
    parts: list[nn.Module] = []
    into = 3
    for layer in PAPER:
        if layer == "M":
            parts.append(nn.MaxPool2d(2, ceil_mode=True))
            continue
        out, side, stride = (*layer, 1)[:3]
        conv = nn.Conv2d(into, scaled(out, width), side, stride, side // 2)
        initialise(conv)
        parts += [conv, leaky()]
        into = conv.out_channels
    return nn.Sequential(*parts), into
