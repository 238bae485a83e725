"""Darknet's own networks (Redmon et al. 2016, 2017): any .cfg of YOLO, YOLOv2 and tiny YOLOv2, layer for layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.errors import BadConfig, BadValue
from looksay.nn.darknet_cfg import LONGEST, Detection, Region, parse, with_classes
from looksay.nn.darknet_layers import Layers, plan
from looksay.nn.detector import Detector, Found, clipped
from looksay.nn.prep import Prep
from looksay.nn.recipe import Augment, Recipe, Stage
from looksay.nn.system import Batch
from looksay.registry import Card, system
from looksay.scene import Size
from looksay.systems.detect.yolo import around, cells_of, corners, overlaps, truth_of, vague_of

GREY = 0.5  # of the border around a letterboxed picture
WIDEST = 20.0  # logarithm of a box's share of its anchor, beyond which no picture reaches
SMALL = files("looksay.systems.detect").joinpath("darknet_small.cfg").read_text("utf-8")


@dataclass(frozen=True)
class DarknetConfig:
    """`cfg` is the text of a .cfg file, or the path of one. Its last layers follow the classes that the system is made for."""

    cfg: str = SMALL


@dataclass
class Said:
    """What the head reads, as Darknet has it. v2: (N, anchors · (5 + K), rows, columns), in log odds but for width and height.
    v1: (N, S² · (K + 5 · B), 1, 1), the classes of all cells, how sure each box is, then x, y, width and height of each.
    `size` (width, height) is the network's picture's."""

    said: Tensor
    size: tuple[int, int]


class Cells:
    """The head of v1."""

    def __init__(self, head: Detection) -> None:
        self.head = head

    def parts(self, said: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, C, B, 4) xyxy in shares of the picture; the same as they are said; (N, C, B) how sure; (N, C, K) classes."""
        head, said = self.head, said.float().flatten(1)
        cells = head.side**2
        kinds, sure, own = torch.split(said, [cells * head.classes, cells * head.num, cells * head.num * 4], dim=1)
        kinds = kinds.view(-1, cells, head.classes)
        own = own.view(-1, cells, head.num, 4)
        centre = (own[..., :2] + corners(head.side, head.side, said.device)[:, None]) / head.side
        boxes = around(centre, own[..., 2:].square() if head.sqrt else own[..., 2:])
        return boxes, own, sure.view(-1, cells, head.num), kinds.softmax(dim=2) if head.softmax else kinds

    def scores(self, said: Tensor) -> tuple[Tensor, Tensor]:
        boxes, _, sure, kinds = self.parts(said)
        return boxes.flatten(1, 2), (sure[..., None] * kinds[:, :, None]).flatten(1, 2)

    strengths = scores

    def loss(self, said: Tensor, batch: Batch) -> dict[str, Tensor]:
        """YOLO's five parts: summed over cells, averaged over pictures. One box of a cell answers for its thing: the one that
        overlaps it most, or is least apart from it where none does."""
        head, count = self.head, len(batch)
        boxes, own, sure, kinds = self.parts(said)
        cells = cells_of(batch, head.side, head.side)
        centre = (cells.boxes[..., :2] + cells.boxes[..., 2:]) / 2 * head.side - corners(head.side, head.side, said.device)
        size = (cells.boxes[..., 2:] - cells.boxes[..., :2]).clamp(min=0)
        with torch.no_grad():
            truth = cells.boxes[:, :, None]
            fit = overlaps(boxes, truth)
            apart = (boxes - truth).square().sum(dim=3)
            chosen = torch.where(fit.amax(dim=2, keepdim=True) > 0, fit, -apart).argmax(dim=2)
            best = F.one_hot(chosen, head.num).bool() & cells.there[..., None]
        place, scale = (own[..., :2] - centre[:, :, None]).square(), (size.sqrt() if head.sqrt else size)[:, :, None]
        quiet = ~best & ~cells.vague[..., None]
        wanted = F.one_hot(cells.labels, head.classes).float()
        return {
            "place": head.coord_scale * (best[..., None] * place).sum() / count,
            "size": head.coord_scale * (best[..., None] * (own[..., 2:] - scale).square()).sum() / count,
            "object": head.object_scale * (best * (sure - (fit if head.rescore else 1.0)).square()).sum() / count,
            "nothing": head.noobject_scale * (quiet * sure.square()).sum() / count,
            "class": head.class_scale * (cells.there[..., None] * (kinds - wanted).square()).sum() / count,
        }

    def begin(self, bias: Tensor) -> None:
        """A fresh network says boxes in the middle of their cells, a third of the picture wide, and each class as likely."""
        head = self.head
        kinds, sure, own = torch.split(bias, [head.side**2 * each for each in (head.classes, head.num, 4 * head.num)])
        kinds.fill_(0.0 if head.softmax else 1 / head.classes)
        sure.fill_(0.1)
        own.view(-1, 4)[:, :2], own.view(-1, 4)[:, 2:] = 0.5, 0.58 if head.sqrt else 0.33


class Anchored:
    """The head of v2."""

    def __init__(self, head: Region) -> None:
        self.head = head

    def priors(self, said: Tensor) -> Tensor:
        """(A, 2) in shares of the picture."""
        return said.new_tensor(self.head.anchors, dtype=torch.float32).view(-1, 2) / said.new_tensor(said.shape[:1:-1])

    def parts(self, said: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(N, C, A, 4) xyxy in shares of the picture; (N, C, A, 4) x and y in their cell, logarithms of sizes in anchors;
        (N, C, A) and (N, C, A, K) log odds."""
        rows, columns = said.shape[2:]
        every = said.float().reshape(len(said), self.head.num, -1, rows, columns).permute(0, 3, 4, 1, 2).flatten(1, 2)
        own = torch.cat([every[..., :2].sigmoid(), every[..., 2:4]], dim=3)
        cells = own.new_tensor([columns, rows])
        centre = (own[..., :2] + corners(rows, columns, said.device)[:, None]) / cells
        boxes = around(centre, self.priors(said) * own[..., 2:].clamp(max=WIDEST).exp())
        return boxes, own, every[..., 4], every[..., 5:]

    def scores(self, said: Tensor) -> tuple[Tensor, Tensor]:
        boxes, _, sure, kinds = self.parts(said)
        likely = kinds.softmax(dim=3) if self.head.softmax else kinds.sigmoid()
        return boxes.flatten(1, 2), (sure.sigmoid()[..., None] * likely).flatten(1, 2)

    def strengths(self, said: Tensor) -> tuple[Tensor, Tensor]:
        boxes, _, sure, kinds = self.parts(said)
        likely = kinds.log_softmax(dim=3) if self.head.softmax else F.logsigmoid(kinds)
        return boxes.flatten(1, 2), (F.logsigmoid(sure)[..., None] + likely).flatten(1, 2)

    def owners(self, boxes: Tensor, truth: tuple[Tensor, Tensor, Tensor], priors: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C · A) which places answer for a thing, and for which: in the thing's cell, the box most alike it in shape."""
        things, labels, cell = truth
        count, cells, shapes = boxes.shape[:3]
        where = cell.clamp(min=0)
        size = things[..., 2:] - things[..., :2]
        if self.head.bias_match:
            own = priors.expand(*labels.shape, -1, -1)
        else:
            own = (boxes[..., 2:] - boxes[..., :2]).gather(1, where[..., None, None].expand(-1, -1, shapes, 2))
        alike = overlaps(around(torch.zeros_like(size), size)[:, :, None], around(torch.zeros_like(own), own))  # N M A
        rank = torch.arange(1, labels.shape[1] + 1, device=labels.device).expand(count, -1) * (labels >= 0)
        owner = torch.zeros(count, cells * shapes, dtype=torch.int64, device=labels.device)
        owner = owner.scatter_reduce(1, where * shapes + alike.argmax(dim=2), rank, "amax")
        return owner > 0, (owner - 1).clamp(min=0)

    def loss(self, said: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Squares of what is said of place, size and certainty, and the classes' entropy, as yolo2 has them; small boxes count up
        to twice. Boxes that overlap a thing by more than `thresh` need not say that nothing is there."""
        head, (rows, columns) = self.head, said.shape[2:]
        boxes, own, sure, kinds = self.parts(said)
        truth = truth_of(batch, rows, columns)
        things, labels, _ = truth
        priors = self.priors(said)
        with torch.no_grad():
            there, which = self.owners(boxes, truth, priors)
            near = overlaps(boxes.flatten(1, 2)[:, :, None], things[:, None]).masked_fill((labels < 0)[:, None], 0.0).amax(dim=2)
            vague = vague_of(batch, rows, columns).repeat_interleave(head.num, dim=1)
            row, spot = there.nonzero(as_tuple=True)
            target, label = things[row, which[row, spot]], labels[row, which[row, spot]]
            size = target[:, 2:] - target[:, :2]
            corner = corners(rows, columns, said.device)[spot // head.num]
            centre = (target[:, :2] + size / 2) * size.new_tensor([columns, rows]) - corner
            wanted = torch.cat([centre, (size.clamp(min=1e-6) / priors[spot % head.num]).log()], dim=1)
            fit = overlaps(boxes.flatten(1, 2)[row, spot], target) if head.rescore else torch.ones_like(size[:, 0])
        far = (own.flatten(1, 2)[row, spot] - wanted).square() * (2 - size.prod(dim=1, keepdim=True))
        odds, classes = sure.flatten(1).sigmoid(), kinds.flatten(1, 2)[row, spot]
        if head.softmax:
            wrong = F.cross_entropy(classes, label, reduction="sum")
        else:
            wrong = F.binary_cross_entropy_with_logits(classes, F.one_hot(label, head.classes).float(), reduction="sum")
        return {
            "place": head.coord_scale * far[:, :2].sum() / len(batch),
            "size": head.coord_scale * far[:, 2:].sum() / len(batch),
            "object": head.object_scale * (odds[row, spot] - fit).square().sum() / len(batch),
            "nothing": head.noobject_scale * ((~there & (near <= head.thresh) & ~vague) * odds.square()).sum() / len(batch),
            "class": head.class_scale * wrong / len(batch),
        }

    def begin(self, bias: Tensor) -> None:
        """A fresh network says that most boxes hold nothing."""
        bias.view(self.head.num, -1)[:, 4] = -2.0


@system(
    Card(
        name="darknet",
        task="detect",
        title="Darknet's YOLO files",
        paper="Redmon, Farhadi: YOLO9000: Better, Faster, Stronger",
        year=2017,
        rows=("D5", "D6"),
        summary="Networks of YOLO, YOLOv2 and tiny YOLOv2 as Darknet's .cfg files have them, with their .weights.",
        deviations=(
            "without a .cfg of its own it is a small YOLOv2 for 128 pixels",
            "it learns by the house's losses: without Darknet's first pictures, which pull all boxes to their anchors, and its "
            "forced and random choices of boxes; of two things that want the same box the larger one is learnt",
            "training pictures are cropped and coloured by the recipe, not by what [net] and [crop] say",
            "pictures are shrunk with averaging, where Darknet picks four pixels",
        ),
    )
)
class Darknet(Detector[Said]):
    Config = DarknetConfig
    RECIPES = {
        "storybook": Recipe(
            stages=(
                Stage(
                    epochs=20, batch_size=16, img_size=128, optimizer="adamw", lr=1e-3, weight_decay=0.05, warmup=0.1, clip=10.0,
                    augment=Augment(flip=0.5, crop=(0.4, 1.0), ratio=(0.75, 1.33), brightness=0.2, contrast=0.2, saturation=0.2),
                ),
            ),
            metric="map50",
        )
    }  # fmt: skip
    overlap = 0.45

    def __init__(self, classes: Sequence[str], config: DarknetConfig | None = None, prep: Prep | None = None) -> None:
        text, where = text_of((config or DarknetConfig()).cfg)
        text = with_classes(text, len(classes), where)
        net = self.net = parse(text, where)
        own: Any = net.input.channels
        if own == 2:
            raise BadConfig("channels=2 is no picture", where=f"{where}:{net.input.line}", mend="colour has 3, grey 1")
        size = (net.input.width, net.input.height)
        # v2 keeps a picture's aspect and fills up with grey, v1 stretches it.
        mode: Literal["letterbox", "stretch"] = "letterbox" if isinstance(net.head, Region) else "stretch"
        usual = Prep(size, mode, min(size), own, (0.0,) * own, (1.0,) * own)
        super().__init__(classes, DarknetConfig(text), prep or usual)
        self.layers = Layers(net, self.prep.size)
        self.sizes = {self.prep.size}
        self.head = Anchored(net.head) if isinstance(net.head, Region) else Cells(net.head)
        if self.layers.last is not None and self.layers.last.bias is not None:
            self.head.begin(self.layers.last.bias.data)

    @classmethod
    def size_for(cls, config: DarknetConfig) -> int:
        return parse(*text_of(config.cfg)).input.width

    def forward(self, batch: Batch) -> Said:
        high, wide = batch.pictures.shape[-2:]
        if isinstance(wide, int):  # while a graph is drawn, sizes are tensors
            self._check((wide, high))
        return Said(self.layers(greyed(batch)), (wide, high))

    def _check(self, size: Size) -> None:
        """Whether the network takes pictures of this size at all; networks with connected layers take one size only."""
        if size not in self.sizes:
            steps = plan(self.net, size)
            if [step.weights for step in steps] != self.layers.weights:
                what = f"this network has connected layers, and takes no pictures of {size[0]} x {size[1]}"
                raise BadValue(what, where=self.net.where, mend="give them at the size that it was made for")
            self.sizes.add(size)

    def loss(self, out: Said, batch: Batch) -> dict[str, Tensor]:
        return self.head.loss(out.said, batch)

    def unmatched(self, batch: Batch) -> int:
        """Things of cells that hold more of them than they have boxes."""
        high, wide = batch.pictures.shape[-2:]
        rows, columns = plan(self.net, (wide, high))[-1].into[1:]
        if isinstance(self.head, Cells):
            rows = columns = self.head.head.side
        labels, cell = truth_of(batch, rows, columns)[1:]
        places = 1 if isinstance(self.head, Cells) else self.head.head.num
        taken = sum(int(own[own >= 0].bincount().clamp(max=places).sum()) for own in cell)
        return int((labels >= 0).sum()) - taken

    def candidates(self, out: Said, batch: Batch) -> list[Found]:
        boxes, scores = self.head.scores(out.said.detach())
        boxes = boxes * boxes.new_tensor([*out.size, *out.size])
        found = []
        for row, (own, likely) in enumerate(zip(boxes, scores, strict=True)):
            place, kind = (likely >= self.least).nonzero(as_tuple=True)
            found.append(Found(clipped(own, batch.extent(row))[place], likely[place, kind].clamp(0, 1), kind))
        return found

    def strengths(self, out: Said) -> Tensor:
        return self.head.strengths(out.said)[1]

    def taps(self) -> dict[str, nn.Module]:
        return self.layers.taps()


def text_of(cfg: str) -> tuple[str, str]:
    """The text of a .cfg and its name for messages, of the text itself or its path."""
    if "\n" in cfg or not cfg.endswith(".cfg"):
        return cfg, "cfg"
    path = Path(cfg)
    try:
        if path.stat().st_size > LONGEST:
            raise BadConfig("is too long for a .cfg of Darknet", where=cfg, mend="a .weights file goes elsewhere")
        return path.read_text("utf-8", errors="replace"), path.name
    except OSError as error:
        raise BadConfig(f"cannot be read: {error.strerror}", where=cfg, mend="name a .cfg file of Darknet") from None


def greyed(batch: Batch) -> Tensor:
    """The pictures, with the border of letterboxed ones as grey as Darknet's."""
    high, wide = batch.pictures.shape[-2:]
    border = torch.zeros(len(batch), 1, high, wide, dtype=torch.bool)
    for row, place in enumerate(batch.places):
        if place.size == (wide, high) and any(place.pad):
            left, above, right, below = place.pad if not place.flip else (place.pad[2], place.pad[1], place.pad[0], place.pad[3])
            border[row] = True
            border[row, 0, above : high - below, left : wide - right] = False
    return batch.pictures.masked_fill(border.to(batch.pictures.device), GREY) if bool(border.any()) else batch.pictures
