"""YOLOv2 (Redmon and Farhadi 2017): YOLO with ten changes, each of which can be switched on or off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from looksay.errors import BadConfig
from looksay.nn.backbone import Backbone
from looksay.nn.blocks import initialise, scaled
from looksay.nn.chance import Dropout
from looksay.nn.darknet import Conv, Darknet19
from looksay.nn.detector import things_of
from looksay.nn.prep import Prep
from looksay.nn.recipe import VARIED, Recipe, Stage
from looksay.nn.system import Batch
from looksay.ops.cluster import typical_shapes
from looksay.registry import Card, system
from looksay.systems.detect.yolo import Grid, Yolo, around, corners, leaky, overlaps, truth_of, vague_of

# Boxes that somebody would choose by hand, in shares of the picture: squares and boxes twice as long, of two sizes.
BY_HAND = ((0.2, 0.2), (0.28, 0.14), (0.14, 0.28), (0.5, 0.5), (0.7, 0.35))
GOOD = 0.6  # a box that overlaps a thing by so much need not say that nothing is there
PATH = (  # the lectures' table, switch by switch
    "batch_norm", "hires_classifier", "convolutional", "anchor_boxes", "new_network", "dimension_priors", "location_prediction",
    "passthrough", "multi_scale", "hires_detector",
)  # fmt: skip
SIZES = (96, 112, 128, 144, 160)


@dataclass(frozen=True)
class Yolo2Config:
    """The ten switches; with all of them off it is YOLO. Three are also a matter of the training, which the recipes path-0 …
    path-10 set together: the stage that tunes the classifier, the sizes, and how large pictures are. `priors` are the widths and
    heights, in shares of a picture of `side` x `side` pixels, that boxes are said relative to; empty, with `dimension_priors`:
    chosen from the truth that it learns from, `kinds` of them. In a picture of another size they stay as many pixels."""

    network: Literal["house", "darknet"] = "house"
    batch_norm: bool = True
    hires_classifier: bool = True
    convolutional: bool = True
    anchor_boxes: bool = True
    new_network: bool = True
    dimension_priors: bool = True
    location_prediction: bool = True
    passthrough: bool = True
    multi_scale: bool = True
    hires_detector: bool = True
    width: float = 1.0
    kinds: int = 5
    priors: tuple[tuple[float, float], ...] = ()
    side: int = 0
    boxes: int = 2
    coord: float = 5.0
    noobj: float = 0.5
    squeeze: int = 32
    hidden: int = 256
    dropout: float = 0.25
    channels: int = 128
    fine: int = 16


def stages(steps: int, epochs: int) -> tuple[Stage, ...]:
    """The trainings of the path after so many switches."""
    on = PATH[:steps]
    side = 160 if "hires_detector" in on else 128
    varied = replace(VARIED, sizes=tuple(each + side - 128 for each in SIZES) if "multi_scale" in on else ())
    main = Stage(
        epochs=epochs, batch_size=16, img_size=side, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
        augment=varied,
    )  # fmt: skip
    first = replace(main, name="classify", epochs=2, lr=5e-4, augment=replace(VARIED, sizes=()))
    return (first, main) if "hires_classifier" in on else (main,)


def path_recipe(steps: int, epochs: int = 6) -> Recipe:
    settings = {name: place < steps for place, name in enumerate(PATH)}
    start = "small-m" if "new_network" in PATH[:steps] else "small-s"
    return Recipe(settings=settings, stages=stages(steps, epochs), metric="map50", start=start)


@system(
    Card(
        name="yolo2",
        task="detect",
        title="YOLOv2",
        paper="Redmon, Farhadi: YOLO9000: Better, Faster, Stronger",
        year=2017,
        rows=("D6",),
        summary="YOLO without its fully connected layers, with boxes relative to typical ones, at any size: ten switches.",
        deviations=(
            "'yolo2' stands on the house's networks with cells of 16 pixels: the old network is small-s, the new one small-m; "
            "'yolo2-darknet19' is the paper's",
            "without batch norm, the body begins with the classifier's norms merged into its convolutions, and has none",
            "the classifier is tuned at the detector's size to say which classes are on a page (hires_classifier): two epochs",
            "convolutional is a switch of its own here: cells still say boxes as YOLO does, from convolutions; the paper's table "
            "has it together with anchor boxes, and dimension priors together with location prediction",
            "the high-resolution detector sees 160 pixels, not 128; several sizes are 96 to 160 pixels, or 128 to 192",
            "of two things that want the same box of the same cell the larger one is learnt",
            "classes cost cross-entropy, and beside squares that are not halved count half of what they do in the authors' code",
            "boxes are not drawn to the typical ones at first, as that code does",
        ),
        variants={"yolo2": {"network": "house"}, "yolo2-darknet19": {"network": "darknet", "channels": 1024, "fine": 64}},
    )
)
class Yolo2(Yolo):
    Config = Yolo2Config
    RECIPES = {
        "storybook": replace(path_recipe(10, 12), expect=0.0),
        "paper": Recipe(
            data="voc",
            stages=(
                Stage(
                    epochs=160, batch_size=64, img_size=416, lr=1e-3, weight_decay=5e-4, schedule="step",
                    milestones=(0.375, 0.56), augment=replace(VARIED, sizes=tuple(range(320, 609, 32))),
                ),
            ),
            metric="map50",
            note="yolo2-darknet19 on VOC 2007 + 2012 from ImageNet layers: mAP 76.8 at 416 and 78.6 at 544 on VOC 2007 test",
        ),
        **{f"path-{steps}": path_recipe(steps) for steps in range(len(PATH) + 1)},
    }  # fmt: skip

    @classmethod
    def size_for(cls, config: Yolo2Config) -> int:
        if config.network == "darknet":
            return 544 if config.hires_detector else 416
        return 160 if config.hires_detector else 128

    @classmethod
    def settled(cls, config: Yolo2Config, shapes: npt.NDArray[np.float64], side: int) -> Yolo2Config:
        real = shapes[(shapes > 0).all(axis=1)]
        config = replace(config, side=config.side or side)
        if config.priors or not config.dimension_priors or not len(real):
            return config
        found = typical_shapes(real, config.kinds)[0]
        return replace(config, priors=tuple((float(f"{w:.4g}"), float(f"{h:.4g}")) for w, h in found.tolist()))

    def __init__(self, classes: Sequence[str], config: Yolo2Config | None = None, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep)

    def make(self) -> None:
        config, (wide, high) = self.config, self.prep.size
        self.any_size = config.convolutional
        self.gaze = "c4" if config.network == "house" else "stage5"
        if config.network == "darknet":
            self.body: nn.Module = Darknet19(config.width, norm=config.batch_norm)
        else:
            self.body = Backbone("m" if config.new_network else "s", config.width)
            if not config.batch_norm:
                unnormed(self.body)
        self.shapes = config.priors if config.dimension_priors and config.priors else BY_HAND[: config.kinds]
        channels = self.body.channels
        self.stride = 16 if config.network == "house" else 32
        depth = channels["c4"] + channels["c5"] if self.stride == 16 else channels["c5"]
        norm = config.batch_norm
        if config.passthrough:
            fine = scaled(config.fine, config.width)
            self.fine = Conv(channels["c3" if self.stride == 16 else "c4"], fine, 1, norm=norm)
        self.deep: nn.Module = nn.Identity()
        seen = depth
        if config.network == "darknet" and config.convolutional:  # with the head's, three of the paper's
            seen = scaled(config.channels, config.width)
            self.deep = nn.Sequential(Conv(depth, seen, norm=norm), Conv(seen, seen, norm=norm))
        into = seen + (4 * fine if config.passthrough else 0)
        self.page = nn.Linear(depth, len(self.classes))  # which classes there are, for tuning the classifier
        initialise(self.page, self.page)
        if config.convolutional:
            out = scaled(config.channels, config.width)
            last: nn.Conv2d | nn.Linear = nn.Conv2d(out, self.depth, 1)
            self.head = nn.Sequential(Conv(into, out, norm=norm), last)
        else:
            self.grid = (-(-high // self.stride), -(-wide // self.stride))
            squeeze, hidden = scaled(config.squeeze, config.width), scaled(config.hidden, config.width)
            cells = self.grid[0] * self.grid[1]
            last = nn.Linear(hidden, cells * self.depth)
            self.head = nn.Sequential(
                nn.Conv2d(into, squeeze, 1), leaky(), nn.Flatten(), nn.Linear(squeeze * cells, hidden), leaky(),
                Dropout(config.dropout), last,
            )  # fmt: skip
        initialise(self.head, last)
        assert last.bias is not None
        bias = last.bias.data.view(-1, self.depth)
        if config.anchor_boxes:
            bias.view(len(bias), len(self.shapes), -1)[..., 4] = -2.0  # most boxes hold nothing
        else:
            self._begin(bias)

    @property
    def depth(self) -> int:
        config = self.config
        return len(self.shapes) * (5 + len(self.classes)) if config.anchor_boxes else 5 * config.boxes + len(self.classes)

    def adopt(self, tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
        """Without batch norm, the classifier's norms are merged into its convolutions."""
        return tensors if self.config.batch_norm else merged(tensors)

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor | None]:
        """What the cells see, and what a finer map knows of the four places of each."""
        found = self.body(x)
        if self.stride == 16:
            coarse = torch.cat([found["c4"], F.interpolate(found["c5"], found["c4"].shape[-2:])], dim=1)
        else:
            coarse = found["c5"]
        if not self.config.passthrough:
            return coarse, None
        fine = self.fine(found["c3" if self.stride == 16 else "c4"])
        return coarse, F.pixel_unshuffle(F.pad(fine, (0, fine.shape[3] % 2, 0, fine.shape[2] % 2)), 2)

    def fits(self, pictures: Tensor) -> None:
        high, wide = pictures.shape[-2:]
        if not self.config.convolutional:
            super().fits(pictures)
        elif self.training and not self.config.multi_scale and (wide, high) != self.prep.size:
            mend = "switch it on, or train without augment.sizes"
            raise BadConfig(f"multi_scale is off, but pictures of {wide} x {high} come", where=self.card.name, mend=mend)

    def forward(self, batch: Batch) -> Grid:
        self.fits(batch.pictures)
        coarse, fine = self.maps(batch.pictures)
        deep = self.deep(coarse)
        seen = deep if fine is None else torch.cat([deep, fine], dim=1)
        said = self.head(seen)
        said = said.permute(0, 2, 3, 1) if self.config.convolutional else said.unflatten(1, (*self.grid, self.depth))
        high, wide = batch.pictures.shape[-2:]
        return Paged(said, (wide, high), self.page(coarse.mean(dim=(2, 3))))

    def loss(self, out: Grid, batch: Batch) -> dict[str, Tensor]:
        assert isinstance(out, Paged)
        if self.stage == "classify" and self.config.hires_classifier:
            return {"page": self._on_the_page(out, batch), "rest": 0.0 * out.said.float().sum()}
        unused = {"page": 0.0 * out.page.float().sum()}
        if not self.config.anchor_boxes:
            return {**super().loss(out, batch), **unused}
        return {**self._anchored(out, batch), **unused}

    def _on_the_page(self, out: Paged, batch: Batch) -> Tensor:
        there = torch.zeros_like(out.page, dtype=torch.float32)
        for row, (_, labels, _) in zip(there, things_of(batch), strict=True):
            row[labels] = 1.0
        return F.binary_cross_entropy_with_logits(out.page.float(), there, reduction="sum") / len(batch)

    def typical(self, rows: int, columns: int, like: Tensor) -> Tensor:
        """(A, 2): `shapes` in shares of a picture of so many cells. What looks alike is as many pixels large in each."""
        usual = -(-self.config.side // self.stride)
        shapes = like.new_tensor(self.shapes)
        return shapes * usual / like.new_tensor([columns, rows]) if usual else shapes

    def said(self, out: Grid) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, C, A, 4) xyxy in shares of the picture, (N, C, A, 4) as they are said, (N, C, A) and (N, C, A, K) log odds."""
        rows, columns = out.said.shape[1:3]
        said = out.said.float().flatten(1, 2)
        own = said.view(*said.shape[:2], len(self.shapes), -1)
        cells = own.new_tensor([columns, rows])
        shapes = self.typical(rows, columns, own)
        corner = corners(rows, columns, own.device)[:, None]
        if self.config.location_prediction:
            place = own[..., :2].sigmoid()
            centre = (corner + place) / cells
        else:  # as region proposals: any place, in sizes of the typical box
            place = own[..., :2]
            centre = (corner + 0.5) / cells + place * shapes
        size = shapes * own[..., 2:4].clamp(max=4).exp()
        return around(centre, size), torch.cat([place, own[..., 2:4]], dim=-1), own[..., 4], own[..., 5:]

    def _anchored(self, out: Grid, batch: Batch) -> dict[str, Tensor]:
        boxes, own, sure, kinds = self.said(out)
        rows, columns = out.said.shape[1:3]
        count, cells, shapes = sure.shape
        truth, labels, cell = truth_of(batch, rows, columns)
        with torch.no_grad():
            real = (labels >= 0)[:, None, :]
            best = overlaps(boxes.flatten(1, 2)[:, :, None], truth[:, None]).masked_fill(~real, 0.0).amax(dim=2)  # N CA
            size = truth[..., 2:] - truth[..., :2]  # N M 2
            priors = self.typical(rows, columns, sure)
            alike = overlaps(around(torch.zeros_like(size), size)[:, :, None], around(torch.zeros_like(priors), priors))
            place = cell.clamp(min=0) * shapes + alike.argmax(dim=2)  # N M
            rank = torch.arange(1, labels.shape[1] + 1, device=place.device).expand(count, -1) * (labels >= 0)
            owner = torch.zeros(count, cells * shapes, dtype=torch.int64, device=place.device)
            owner = owner.scatter_reduce(1, place, rank, "amax")
            there, which = owner > 0, (owner - 1).clamp(min=0)
            vague = vague_of(batch, rows, columns).repeat_interleave(shapes, dim=1)
            quiet = ~there & (best < GOOD) & ~vague
        target = truth.gather(1, which[..., None].expand(-1, -1, 4))
        label = labels.gather(1, which).clamp(min=0)
        row, spot = there.nonzero(as_tuple=True)
        wanted = self._wanted(target[row, spot], spot, (rows, columns))
        said, box, odds = own.flatten(1, 2)[row, spot], boxes.flatten(1, 2)[row, spot], sure.flatten(1).sigmoid()
        small = 2 - size_of(target[row, spot])[:, None]  # small boxes count up to twice
        fit = overlaps(box.detach(), target[row, spot])
        return {
            "place": (small * (said[:, :2] - wanted[:, :2]).square()).sum() / count,
            "size": (small * (said[:, 2:] - wanted[:, 2:]).square()).sum() / count,
            "object": 5.0 * (odds[row, spot] - fit).square().sum() / count,
            "nothing": (quiet * odds.square()).sum() / count,
            "class": F.cross_entropy(kinds.flatten(1, 2)[row, spot], label[row, spot], reduction="sum") / count,
        }

    def _wanted(self, boxes: Tensor, spot: Tensor, grid: tuple[int, int]) -> Tensor:
        """(P, 4) what should be said of these boxes at these places."""
        rows, columns = grid
        shapes = self.typical(rows, columns, boxes)[spot % len(self.shapes)]
        corner = corners(rows, columns, boxes.device)[spot // len(self.shapes)]
        cells = boxes.new_tensor([columns, rows])
        centre = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = self.config.location_prediction
        place = centre * cells - corner if inside else (centre - (corner + 0.5) / cells) / shapes
        return torch.cat([place, ((boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-6) / shapes).log()], dim=1)

    def unmatched(self, batch: Batch) -> int:
        high, wide = batch.pictures.shape[-2:]
        rows, columns = -(-high // self.stride), -(-wide // self.stride)
        truth, labels, cell = truth_of(batch, rows, columns)
        if self.config.anchor_boxes:
            size = truth[..., 2:] - truth[..., :2]
            priors = self.typical(rows, columns, size)
            alike = overlaps(around(torch.zeros_like(size), size)[:, :, None], around(torch.zeros_like(priors), priors))
            cell = cell * len(self.shapes) + alike.argmax(dim=2)
        taken = sum(len(own[kinds >= 0].unique()) for own, kinds in zip(cell, labels, strict=True))
        return int((labels >= 0).sum()) - taken

    def scores(self, out: Grid) -> tuple[Tensor, Tensor]:
        if not self.config.anchor_boxes:
            return super().scores(out)
        boxes, _, sure, kinds = self.said(out)
        scale = boxes.new_tensor([*out.size, *out.size])
        return (boxes * scale).flatten(1, 2), (sure.sigmoid()[..., None] * kinds.softmax(dim=3)).flatten(1, 2)

    def strengths(self, out: Grid) -> Tensor:
        if not self.config.anchor_boxes:
            return super().strengths(out)
        _, _, sure, kinds = self.said(out)
        return (F.logsigmoid(sure)[..., None] + kinds.log_softmax(dim=3)).flatten(1, 2)

    def taps(self) -> dict[str, nn.Module]:
        body: Any = self.body
        deep = {} if isinstance(self.deep, nn.Identity) else {"deep": self.deep}
        return {**body.taps(), **deep, "head": self.head}


@dataclass
class Paged(Grid):
    """`page` (N, K): log odds that a class is on the page at all."""

    page: Tensor


def size_of(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)


def norm_of(conv: str) -> str:
    """The name of the batch norm behind a convolution of the house's backbone: conv1 → bn1, stem.3 → stem.4."""
    parent, _, last = conv.rpartition(".")
    return f"{parent}.{int(last) + 1}" if last.isdigit() else f"{parent}.{last.replace('conv', 'bn')}"


def unnormed(body: nn.Module) -> None:
    """Convolutions with a bias in place of convolutions with a norm."""
    for name, conv in list(body.named_modules()):
        if isinstance(conv, nn.Conv2d):
            conv.bias = nn.Parameter(torch.zeros(conv.out_channels))
            parent, _, last = norm_of(name).rpartition(".")
            setattr(body.get_submodule(parent), last, nn.Identity())


def merged(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A house backbone's tensors with each norm, where there is one, merged into the convolution before it."""
    found = dict(tensors)
    for name, tensor in tensors.items():
        conv = name.removesuffix(".weight")
        if not (name.startswith("body.") and tensor.ndim == 4 and f"{norm_of(conv)}.running_var" in tensors):
            continue
        kinds = ("running_mean", "running_var", "weight", "bias")
        mean, var, scale, shift = (tensors[f"{norm_of(conv)}.{kind}"] for kind in kinds)
        weight, bias = fuse_conv_bn_weights(tensor, None, mean, var, 1e-5, scale, shift)
        found[name], found[f"{conv}.bias"] = weight.data, bias.data
    return found
