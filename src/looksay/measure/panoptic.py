"""Panoptic quality (Kirillov and others, 2019): every pixel has a class, every thing of a class is a segment of its own.

A segment of the answer meets one of the truth where they are of the same class and their IoU exceeds one half; then no other can.
Void pixels of the truth are taken out of the answer's segments; one that lies mostly in void, or in a crowd of its class, is not
held against the answer.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, UnknownName
from looksay.measure import bootstrap
from looksay.measure.order import places
from looksay.measure.results import Score
from looksay.scene import Scene

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
NONE = -1


@dataclass(frozen=True, eq=False)
class Segments:
    """`ids` (height, width): the segment of each pixel, -1 for none. `kinds` (n,) the class of each segment, `crowd` (n,)."""

    ids: npt.NDArray[np.int32]
    kinds: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]


def segments_of(scene: Scene, names: Sequence[str], things: Collection[str]) -> Segments:
    """The things that have masks, where masks overlap the surest or else the nearest on top; below them what the regions say, one
    segment for each class that is not among `things`. A pixel whose region is of `things`, but which no mask covers, has none."""
    ids = np.full(scene.size[::-1], NONE, np.int32)
    kinds: list[int] = []
    crowd: list[bool] = []
    number = {name: at for at, name in enumerate(names)}
    regions = scene.regions
    for code in np.unique(regions.ids).tolist() if regions else ():
        if code < len(regions.names) and regions.names[code] not in things:
            ids[regions.ids == code] = len(kinds)
            kinds.append(_number(regions.names[code], number, scene))
            crowd.append(False)
    for thing in sorted(scene.objects, key=lambda thing: (thing.score, -thing.depth)):
        if thing.mask is not None:
            ids[thing.mask.array()] = len(kinds)
            kinds.append(_number(thing.name, number, scene))
            crowd.append(thing.crowd)
    return Segments(ids, np.array(kinds, np.int64), np.array(crowd, np.bool_))


def _number(name: str, number: dict[str, int], scene: Scene) -> int:
    if name not in number:
        raise UnknownName.of("class", name, number, where=f"picture {scene.id}" if scene.id else None)
    return number[name]


class Quality(NamedTuple):
    """`pq` = `sq` × `rq`; sq is the mean IoU of the segments that met, rq their F1. NaN where there is nothing."""

    pq: float
    sq: float
    rq: float


class PanopticTally:
    """`names` are all classes; `things` those of them whose single things are told apart."""

    def __init__(self, names: Sequence[str], things: Collection[str]) -> None:
        unknown = [name for name in things if name not in names]
        if unknown:
            raise UnknownName.of("class", unknown[0], names)
        self.names, self.things = tuple(names), tuple(name for name in names if name in things)
        self._ids: list[str] = []
        self._counts: list[Floats] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, truth: Segments, found: Segments, id: str = "") -> None:
        """One picture. Ids are given to all pictures or to none."""
        self._counts.append(counted(truth, found, len(self.names)))
        self._ids.append(id)

    def merge(self, other: PanopticTally) -> None:
        """Take in what another process has counted."""
        if (self.names, self.things) != (other.names, other.things):
            raise BadValue("the tallies are of different classes", mend="make both with the same arguments")
        self._ids += other._ids
        self._counts += other._counts

    def result(self) -> Panoptic:
        """Everything so far; the order of batches and processes does not matter where pictures have ids."""
        order = np.argsort(places(self._ids))
        return Panoptic(self.names, self.things, np.stack(self._counts)[order])


def counted(truth: Segments, found: Segments, kinds: int) -> Floats:
    """(4, kinds) of one picture: the IoUs of segments that met, added up; how many met, were wrong, were missed."""
    if truth.ids.shape != found.ids.shape:
        what = f"the truth has the shape {truth.ids.shape}, the answer {found.ids.shape}"
        raise BadValue(what, mend="give both at the size of the picture, (height, width)")
    there, said = len(truth.kinds), len(found.kinds)
    codes = (truth.ids.astype(np.int64) + 1) * (said + 1) + (found.ids + 1)
    both = np.bincount(codes.reshape(-1), minlength=(there + 1) * (said + 1)).reshape(there + 1, said + 1)
    area, own = both[1:].sum(axis=1), both[:, 1:].sum(axis=0)
    void, shared = both[0, 1:], both[1:, 1:]
    union = area[:, None] + own[None] - shared - void[None]
    fits = (truth.kinds[:, None] == found.kinds[None]) & ~truth.crowd[:, None]
    iou = np.divide(shared, union, out=np.zeros(shared.shape), where=fits & (union > 0))
    row, column = np.nonzero(iou > 0.5)
    of_crowd = truth.crowd[:, None] & (truth.kinds[:, None] == found.kinds[None])
    unheld = void + np.where(of_crowd, shared, 0).sum(axis=0)
    wrong = (own > 0) & (unheld <= 0.5 * own)
    wrong[column] = False
    missed = (area > 0) & ~truth.crowd
    missed[row] = False
    met = truth.kinds[row]
    out = np.zeros((4, kinds))
    out[0] = np.bincount(met, weights=iou[row, column], minlength=kinds)
    out[1] = np.bincount(met, minlength=kinds)
    out[2] = np.bincount(found.kinds[wrong], minlength=kinds)
    out[3] = np.bincount(truth.kinds[missed], minlength=kinds)
    return out


@dataclass(frozen=True, eq=False)
class Panoptic:
    """`counts` (n, 4, k) as `counted` has them, for each picture."""

    names: tuple[str, ...]
    things: tuple[str, ...]
    counts: Floats

    def __len__(self) -> int:
        return len(self.counts)

    def per_class(self) -> dict[str, Quality]:
        rows = _qualities(self.counts.sum(axis=0)).T.tolist()
        return {name: Quality(*row) for name, row in zip(self.names, rows, strict=True)}

    def mean(self, names: Collection[str] | None = None) -> Quality:
        """Over those of the classes (all, unless named) that occur or are found."""
        chosen = [at for at, name in enumerate(self.names) if names is None or name in names]
        values = _qualities(self.counts.sum(axis=0)[:, chosen])
        values = values[:, ~np.isnan(values[0])]
        return Quality(*values.mean(axis=1).tolist()) if values.size else Quality(math.nan, math.nan, math.nan)

    @cached_property
    def _interval(self) -> tuple[float, float]:
        drawn = bootstrap.sums(self.counts.reshape(len(self), -1)).reshape(-1, 4, len(self.names))
        pq = _qualities(drawn.transpose(1, 0, 2))[0]
        said = ~np.isnan(pq)
        total = np.where(said, pq, 0).sum(axis=1)
        count = said.sum(axis=1)
        return bootstrap.middle(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))

    def numbers(self) -> dict[str, float]:
        """pq with its interval low … high, sq, rq, and each of things and of stuff; NaN where there is nothing."""
        every = self.mean()
        kinds = {"things": self.things, "stuff": [name for name in self.names if name not in self.things]}
        means = {kind: self.mean(names)._asdict() for kind, names in kinds.items()}
        apart = {f"{name}_{kind}": value for kind, mean in means.items() for name, value in mean.items()}
        low, high = self._interval
        return {"pq": every.pq, "sq": every.sq, "rq": every.rq, **apart, "low": low, "high": high}

    def scores(self) -> tuple[Score, ...]:
        numbers, n = self.numbers(), len(self)
        if math.isnan(numbers["pq"]):
            return ()
        how = "segments meet above IoU .5; 95 % bootstrap over pictures, 1000 rounds, seed 0"
        first = Score("PQ", numbers["pq"], n, numbers["low"], numbers["high"], how)
        plain = [("SQ", "sq"), ("RQ", "rq")]
        plain += [(f"{name.upper()} of {kind}", f"{name}_{kind}") for kind in ("things", "stuff") for name in ("pq", "sq", "rq")]
        return (first, *(Score(name, numbers[key], n) for name, key in plain if numbers[key] == numbers[key]))

    def lines(self) -> list[str]:
        return [str(found) for found in self.scores()] or [f"nothing is to be judged in these {len(self)} pictures"]


def _qualities(counts: Floats) -> Floats:
    """(3, …) pq, sq, rq of counts (4, …); NaN where a class neither occurs nor is found. sq is 0 where nothing met."""
    iou, met, wrong, missed = counts
    weight = met + wrong / 2 + missed / 2
    some = weight > 0
    sq = np.where(some, np.divide(iou, met, out=np.zeros_like(iou), where=met > 0), np.nan)
    pq, rq = (np.divide(part, weight, out=np.full_like(iou, np.nan), where=some) for part in (iou, met))
    return np.stack([pq, sq, rq])
