"""Scores of semantic segmentation, from one confusion matrix that pictures stream into.

Void pixels of the truth (255) count nowhere. A pixel of which nothing was said (255 in the answer) is wrong for its class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.measure import bootstrap
from looksay.measure.bootstrap import Paired
from looksay.measure.boundary import TOLERANCE, boundary_f
from looksay.measure.order import places
from looksay.measure.results import Score
from looksay.scene import VOID

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[np.uint8]
LEVEL = 0.95
ROUNDS = 1000


class PerClass(NamedTuple):
    """`share` of the pixels that count; NaN where the class neither occurs nor is found."""

    name: str
    share: float
    iou: float
    accuracy: float
    boundary: float


class SemanticTally:
    """Takes label maps in; keeps one confusion matrix, and for each picture three counts and an F a class.

    `boundaries` False saves the time of boundary F: a few milliseconds a picture.
    """

    def __init__(self, names: Sequence[str], *, boundaries: bool = True, tolerance: float = TOLERANCE) -> None:
        if not 0 < len(names) <= VOID or len(set(names)) != len(names):
            what = f"{len(names)} classes, {len(set(names))} of them different"
            raise BadValue(what, mend=f"give each class once, one to {VOID}")
        self.names, self.boundaries, self.tolerance = tuple(names), boundaries, tolerance
        k = len(self.names)
        self._confusion = np.zeros((k, k + 1), np.int64)
        self._ids: list[str] = []
        self._counts: list[npt.NDArray[np.uint32]] = []
        self._f: list[npt.NDArray[np.float32]] = []

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, truth: Labels, found: Labels, id: str = "") -> None:
        """One picture: both (height, width), numbers of classes. Ids are given to all pictures or to none."""
        confusion = confusion_of(truth, found, len(self.names), where=f"picture {id}" if id else None)
        self._confusion += confusion
        rows = (np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)[:-1])
        self._counts.append(np.stack(rows).astype(np.uint32))
        k = len(self.names)
        f = boundary_f(truth, found, k, self.tolerance) if self.boundaries else np.full(k, np.nan)
        self._f.append(f.astype(np.float32))
        self._ids.append(id)

    def merge(self, other: SemanticTally) -> None:
        """Take in what another process has counted."""
        if (self.names, self.boundaries, self.tolerance) != (other.names, other.boundaries, other.tolerance):
            raise BadValue("the tallies are of different classes or settings", mend="make both with the same arguments")
        self._confusion += other._confusion
        self._ids += other._ids
        self._counts += other._counts
        self._f += other._f

    def result(self) -> Semantic:
        """Everything so far; the order of batches and processes does not matter where pictures have ids."""
        order = np.argsort(places(self._ids))
        ids = tuple(self._ids[at] for at in order) if any(self._ids) else ()
        counts, f = np.stack(self._counts)[order].astype(np.float64), np.stack(self._f)[order].astype(np.float64)
        return Semantic(self.names, ids, self._confusion.copy(), counts, f, self.tolerance)


def confusion_of(truth: Labels, found: Labels, kinds: int, where: str | None = None) -> Ints:
    """(kinds, kinds + 1): pixels by what they are and what was said of them; the last column is 'nothing'."""
    if truth.shape != found.shape or truth.ndim != 2:
        what = f"the truth has the shape {truth.shape}, the answer {found.shape}"
        raise BadValue(what, where=where, mend="give both at the size of the picture, (height, width)")
    wide = kinds + 1
    row, column = np.full(256, kinds, np.uint16), np.arange(256, dtype=np.uint16)
    row[:kinds] = np.arange(kinds)
    column[kinds:] = kinds
    codes = (row * np.uint16(wide))[truth] + column[found]
    both = np.bincount(codes.reshape(-1), minlength=wide * wide).reshape(wide, wide)
    known = np.arange(256) < kinds
    known[VOID] = True
    for what, ids in (("truth", truth), ("answer", found)):
        if not known[ids].all():
            unknown = int(ids[~known[ids]].min())
            raise BadValue(f"the {what} has the number {unknown}", where=where, mend=f"there are {kinds} classes; 255 is void")
    return both[:kinds]


@dataclass(frozen=True, eq=False)
class Semantic:
    """`confusion` (k, k + 1) of all pictures, truth by answer, the last column unanswered. `counts` (n, 3, k): for each picture
    the pixels of each class that are right, are of it, are said to be of it. `f` (n, k) is the boundary F, NaN without edges."""

    names: tuple[str, ...]
    ids: tuple[str, ...]
    confusion: Ints
    counts: Floats
    f: Floats
    tolerance: float

    def __len__(self) -> int:
        return len(self.counts)

    def per_class(self) -> tuple[PerClass, ...]:
        right, there, _ = total = self.counts.sum(axis=0)
        rows = (there / max(float(there.sum()), 1.0), _iou(total), _share(right, there), _columns_mean(self.f))
        return tuple(PerClass(name, *values) for name, *values in zip(self.names, *(row.tolist() for row in rows), strict=True))

    @cached_property
    def _numbers(self) -> dict[str, float]:
        right, there, _ = total = self.counts.sum(axis=0)
        iou, pixels = _iou(total), float(there.sum())
        low, high = self.interval()
        return {
            "miou": _mean(iou),
            "pixel_accuracy": float(right.sum()) / pixels if pixels else math.nan,
            "mean_accuracy": _mean(_share(right, there)),
            "fw_iou": float(np.where(there > 0, there * np.nan_to_num(iou), 0).sum()) / pixels if pixels else math.nan,
            "boundary_f": _mean(_columns_mean(self.f)),
            "low": low,
            "high": high,
        }

    def numbers(self) -> dict[str, float]:
        """miou with its interval low … high, the other means, boundary_f; NaN where there is nothing to be judged."""
        return dict(self._numbers)

    def resampled(self, *, seed: int = 0, rounds: int = ROUNDS) -> Floats:
        """(rounds,) mIoU of as many pictures drawn with replacement. The same seed draws the same pictures, whatever was said."""
        drawn = bootstrap.sums(self.counts.reshape(len(self), -1), seed=seed, rounds=rounds)
        return _rows_mean(_iou(drawn.reshape(rounds, 3, -1).transpose(1, 0, 2)))

    def interval(self, *, seed: int = 0, rounds: int = ROUNDS, level: float = LEVEL) -> tuple[float, float]:
        """(low, high) of mIoU."""
        return bootstrap.middle(self.resampled(seed=seed, rounds=rounds), level)

    def behind(self, best: Semantic, *, seed: int = 0, rounds: int = ROUNDS, level: float = LEVEL) -> Paired:
        """How much mIoU the other has more on the same pictures, with its interval and the share of resamples that it wins."""
        if len(best) != len(self) or best.ids != self.ids:
            raise BadValue(f"{len(best)} and {len(self)} pictures are to be paired", mend="score both on the same pictures")
        a, b = (each.resampled(seed=seed, rounds=rounds) for each in (best, self))
        apart = a - b
        wins = np.where(np.isnan(apart), 0.5, (apart > 0) + (apart == 0) / 2).mean()
        return Paired(best.numbers()["miou"] - self.numbers()["miou"], *bootstrap.middle(apart, level), float(wins))

    def confused(self, most: int = 10) -> list[tuple[str, str, float]]:
        """(is, was called, share of the pixels of the first): the worst mistakes, by pixels."""
        wrong = self.confusion[:, :-1].copy()
        np.fill_diagonal(wrong, 0)
        places = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = zip(*(at.tolist() for at in np.unravel_index(places, wrong.shape)), strict=True)
        of = self.confusion.sum(axis=1)
        return [(self.names[a], self.names[b], float(wrong[a, b] / of[a])) for a, b in pairs if wrong[a, b]]

    def scores(self) -> tuple[Score, ...]:
        """The table of scores, mIoU first."""
        n, numbers = len(self), self._numbers
        if math.isnan(numbers["miou"]):
            return ()
        how = f"classes that occur or are found; {100 * LEVEL:g} % bootstrap over pictures, {ROUNDS} rounds, seed 0"
        edge = f"within {100 * self.tolerance:g} % of the diagonal, mean over pictures, then over classes"
        plain = (
            ("pixel accuracy", "pixel_accuracy", "void left out"),
            ("mean accuracy", "mean_accuracy", "classes that occur"),
            ("frequency-weighted IoU", "fw_iou", ""),
            ("boundary F", "boundary_f", edge),
        )
        first = Score("mIoU", numbers["miou"], n, numbers["low"], numbers["high"], how)
        return (
            first,
            *(Score(name, numbers[key], n, settings=text) for name, key, text in plain if numbers[key] == numbers[key]),
        )

    def lines(self) -> list[str]:
        return [str(found) for found in self.scores()] or [f"nothing is to be judged in these {len(self)} pictures"]


def _iou(counts: Floats) -> Floats:
    """Of (right, there, said), each (…, k)."""
    right, there, said = counts
    return _share(right, there + said - right)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _mean(values: Floats) -> float:
    """Of those that are numbers."""
    return float(_rows_mean(values[None])[0])


def _rows_mean(values: Floats) -> Floats:
    said = ~np.isnan(values)
    return _share(np.where(said, values, 0).sum(axis=-1), said.sum(axis=-1).astype(np.float64))


def _columns_mean(values: Floats) -> Floats:
    return _rows_mean(values.T)
