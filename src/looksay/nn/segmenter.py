"""What all segmenters share: scores on a grid over the picture, the class of every pixel out. A paper's file adds its network."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from looksay.errors import BadConfig, BadValue
from looksay.nn.placement import Placement
from looksay.nn.prep import Prep
from looksay.nn.spot import spot
from looksay.nn.system import Batch, System
from looksay.scene import VOID, Regions, Scene, Size

AT_ONCE = 24_000_000  # scores held in memory while pixels get their classes


@dataclass(frozen=True)
class SegmentConfig:
    """What every segmenter can be told. `side`: of the picture that it is shown. `grain`: a step learns from every so manieth
    pixel in either direction, other ones each time; neighbours say much the same. `weights`: how much each class counts, empty
    for all alike; a training with balance=weights finds them, from 0 (alike) to 1 (by median frequency) as `evening` says."""

    side: int = 128
    grain: int = 1
    evening: float = 0.5
    weights: tuple[float, ...] = ()


class Grid(NamedTuple):
    """How cells lie over a picture: the middle of cell i is at first + i · step pixels from its edge, (across, down)."""

    step: tuple[float, float] = (1.0, 1.0)
    first: tuple[float, float] = (0.5, 0.5)

    @classmethod
    def corners(cls, stride: float) -> Grid:
        """Of convolutions that step from the middle of the first pixel on (3x3, stride 2, padding 1)."""
        return cls((stride, stride))

    @classmethod
    def squares(cls, stride: float) -> Grid:
        """Of pooling: each cell stands for a square of its own."""
        return cls((stride, stride), (stride / 2, stride / 2))

    @classmethod
    def over(cls, size: Size, cells: Size) -> Grid:
        """Cells that divide the picture evenly."""
        across, down = size[0] / cells[0], size[1] / cells[1]
        return cls((across, down), (across / 2, down / 2))


PIXELS = Grid()  # a cell is a pixel


class Goal(NamedTuple):
    """What can be explained of a picture: the score of a class, by its number, at a `place` (x, y) of the network's picture, or
    its mean over a `region` (H, W) of it."""

    number: int
    region: Tensor | None = None
    place: tuple[float, float] | None = None


@dataclass
class Maps:
    """`scores` (N, K, h, w) of cells that lie as `grid` says over the network's picture of `size` (width, height); in between
    they are bilinear. `aux`: further answers, each with its share of the loss. `places`: of the pictures, as in the batch."""

    scores: Tensor
    size: Size
    grid: Grid = PIXELS
    aux: tuple[tuple[float, Maps], ...] = ()
    places: tuple[Placement, ...] = ()

    @property
    def logits(self) -> Tensor:
        """(N, K, H, W): of every pixel of the network's picture."""
        if self.grid == PIXELS and self.scores.shape[-2:] == self.size[::-1]:
            return self.scores
        wide, high = self.size
        return self.at(torch.arange(wide) + 0.5, torch.arange(high) + 0.5)

    def at(self, x: Tensor, y: Tensor) -> Tensor:
        """(N, K, len(y), len(x)): scores at columns x and rows y, in pixels from the picture's upper left corner. Beyond the
        outermost cells nothing changes."""
        if self.grid == PIXELS:
            rows, columns = steps(y, self.scores.shape[-2]), steps(x, self.scores.shape[-1])
            if rows and columns:
                return self.scores[:, :, rows, columns]
        across = between(x, self.scores.shape[-1], self.grid.step[0], self.grid.first[0]).to(self.scores)
        down = between(y, self.scores.shape[-2], self.grid.step[1], self.grid.first[1]).to(self.scores)
        return down @ (self.scores @ across.T)


def between(at: Tensor, cells: int, step: float, first: float) -> Tensor:
    """(len(at), cells): how much each cell gives to each place; one or two of a row are not 0, its sum is 1."""
    where = ((at.double() - first) / step).clamp(0, cells - 1)
    low = where.floor().clamp(max=max(cells - 2, 0))
    share = (where - low)[:, None].float()
    number = torch.arange(cells, device=at.device)
    return (number == low[:, None]) * (1 - share) + (number == low[:, None] + 1) * share


def steps(at: Tensor, cells: int) -> slice | None:
    """The cells in whose middles the places lie, where they do and are evenly apart."""
    apart = at.diff()
    step = int(apart[0]) if len(apart) else 1
    if not len(at) or bool((at % 1 != 0.5).any()) or step < 1 or bool((apart != step).any()) or at[0] < 0 or at[-1] > cells:
        return None
    return slice(int(at[0]), int(at[-1]) + 1, step)


class Segmenter(System[Maps]):
    """Subclasses define `maps`. Truth arrives as `batch.targets`: 'regions' (N, H, W) uint8, numbers of classes, 255 where it is
    not to be counted; what lies beyond it is padding."""

    pixels = True
    class_weights: Tensor | None

    def __init__(self, classes: Sequence[str], config: Any, prep: Prep | None = None) -> None:
        super().__init__(classes, config, prep or Prep((config.side, config.side), "inside", config.side))
        if len(self.classes) > VOID:
            raise BadConfig(f"{len(self.classes)} classes are too many", mend=f"a label map holds {VOID}")
        if config.weights and len(config.weights) != len(self.classes):
            raise BadConfig(f"{len(config.weights)} weights for {len(self.classes)} classes", where="weights")
        weights = torch.tensor(config.weights) if config.weights else None
        self.register_buffer("class_weights", weights, persistent=False)

    @classmethod
    def size_for(cls, config: Any) -> int:
        side: int = config.side
        return side

    @abstractmethod
    def maps(self, x: Tensor) -> Maps:
        """x: (N, C, H, W), of any size."""

    def forward(self, batch: Batch) -> Maps:
        found = self.maps(batch.pictures)
        found.places = batch.places
        return found

    def loss(self, out: Maps, batch: Batch) -> dict[str, Tensor]:
        truth = batch.targets["regions"]
        grain = self.config.grain if self.training else 1
        x, y = (torch.arange(int(torch.randint(grain, ())), extent, grain) for extent in (truth.shape[2], truth.shape[1]))
        some = truth[:, y][:, :, x].long()
        parts = {"class": self._entropy(out, some, x, y)}
        for place, (share, other) in enumerate(out.aux, 1):
            parts[f"aux{place}"] = share * self._entropy(other, some, x, y)
        return parts

    def _entropy(self, out: Maps, truth: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Of the pixels in columns x and rows y; 0 where none of them counts."""
        logits = out.at(x + 0.5, y + 0.5).float()  # N K h w
        flat, kinds = logits.permute(0, 2, 3, 1).flatten(0, 2), truth.flatten()
        total = F.cross_entropy(flat, kinds, self.class_weights, ignore_index=VOID, reduction="sum")
        known = kinds[kinds != VOID]
        many = known.numel() if self.class_weights is None else self.class_weights[known].sum()
        return total / max(float(many), 1e-6)

    def read(self, out: Maps, batch: Batch) -> list[Scene]:
        return [batch.scene(row, regions=Regions(self.classes, self.labels(out, batch, row))) for row in range(len(batch))]

    def labels(self, out: Maps, batch: Batch, row: int) -> npt.NDArray[np.uint8]:
        """(height, width) of the original picture: scores are enlarged or shrunk to it, and each pixel is of the class with the
        highest; 255 where the network did not look."""
        place, size = batch.place(row), batch.sizes[row] if batch.sizes else batch.extent(row)
        x, y = (_seen(place, axis, size[axis]) for axis in (0, 1))
        one = self.single(out, batch, row)
        found = np.empty(size[::-1], np.uint8)
        step = max(1, AT_ONCE // (size[0] * len(self.classes)))
        for top in range(0, size[1], step):
            logits = one.at(x.to(one.scores.device), y[top : top + step].to(one.scores.device))
            found[top : top + step] = logits[0].max(dim=0).indices.to(torch.uint8).cpu().numpy()
        for axis, at in ((1, x), (0, y)):
            left, right = (place.pad[1 - axis], place.pad[3 - axis])
            beyond = ((at < left) | (at > place.size[1 - axis] - right)).numpy()
            if beyond.any():
                found[(slice(None), beyond) if axis else beyond] = VOID
        return found

    def single(self, out: Maps, batch: Batch, row: int) -> Maps:
        """The scores of one picture that its pixels are read by."""
        return Maps(out.scores[row : row + 1].detach().float(), out.size, out.grid)

    def aim(self, out: Maps, what: str) -> Tensor:
        """The mean score of a class where it is seen (the highest where it is seen nowhere); '' is the class of most pixels.
        'x,y' is the best score of that pixel of the original picture, 'cow@x,y' the one of a class there."""
        return self.reached(out, [goal for _, goal in self._meant(out, what)])

    def goals(self, out: Maps, batch: Batch, what: str) -> Sequence[tuple[str, Goal]]:
        """The class, '' where it was the best, with its pixels as they are seen now, or the one pixel."""
        wanted = spot(what, self.classes)
        if wanted.pixel:
            for row, id in enumerate(batch.ids or [""] * len(batch)):
                wanted.within(batch.sizes[row] if batch.sizes else batch.extent(row), id)
        return self._meant(out, what)

    def _meant(self, out: Maps, what: str) -> list[tuple[str, Goal]]:
        wanted = spot(what, self.classes)
        if wanted.turn:
            raise BadValue(f"{what!r} names no region", where=self.card.name, mend=f"a class is one region: say {wanted.name}")
        number = self.index(wanted.name) if wanted.name else None
        logits = out.logits.detach() if wanted.pixel is None else None
        found = []
        for row in range(len(out.scores)):
            place = out.places[row] if out.places else Placement(size=out.size)
            if logits is None:
                x, y = (float(value) + 0.5 for value in wanted.pixel or ())
                at = (float(place.boxes(np.array([[x, y, x, y]]))[0, axis]) for axis in (0, 1))
                goal = Goal(-1, place=(next(at), next(at)))
                own = self._score(out, row, goal).detach()
                goal = goal._replace(number=int(own.argmax()) if number is None else number)
            else:
                best = _within(logits[row].argmax(dim=0), place)
                most = int(best[best >= 0].bincount(minlength=1).argmax()) if number is None else number
                goal = Goal(most, best == most)
            found.append((str(wanted._replace(name=self.classes[goal.number])), goal))
        return found

    def reached(self, out: Maps, goals: Sequence[Any]) -> Tensor:
        logits = out.logits if any(goal.region is not None for goal in goals) else None
        found = []
        for row, goal in enumerate(goals):
            if logits is None or goal.region is None:
                found.append(self._score(out, row, goal)[goal.number])
            else:
                own = logits[row, goal.number]
                found.append(own[goal.region].mean() if bool(goal.region.any()) else own.amax())
        return torch.stack(found)

    @staticmethod
    def _score(out: Maps, row: int, goal: Goal) -> Tensor:
        """(K,) of each class at the goal's place."""
        assert goal.place is not None
        one = Maps(out.scores[row : row + 1], out.size, out.grid)
        x, y = (torch.tensor([value], device=out.scores.device) for value in goal.place)
        return one.at(x, y).flatten()


def _within(best: Tensor, place: Placement) -> Tensor:
    """(H, W) with -1 where the network's picture shows nothing of the original."""
    left, above, right, below = place.pad
    if place.flip:
        left, right = right, left
    beyond = torch.ones_like(best, dtype=torch.bool)
    beyond[above : place.size[1] - below, left : place.size[0] - right] = False
    return best.masked_fill(beyond, -1)


def _seen(place: Placement, axis: int, extent: int) -> Tensor:
    """Where the middles of the original's pixels lie in the network's picture, along an axis."""
    at = (torch.arange(extent, dtype=torch.float64) + 0.5) * place.scale[axis] + place.shift[axis]
    return (place.size[0] - at if axis == 0 and place.flip else at) + place.offset[axis]
