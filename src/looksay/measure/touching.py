"""Where things of a kind touch, who separates them: pairs of true things whose masks are neighbours, and what became of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.measure import bootstrap
from looksay.measure.results import Score
from looksay.scene import Scene, Thing

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
FITS = 0.5  # the IoU from which on a thing is found, and the share of it that lies in a mask that merges it with another
OUTCOMES = ("apart", "merged", "one missed", "both missed")


class Rival(NamedTuple):
    """A found thing of the pair's kind: its score, its IoU with either, the share of either that it covers."""

    score: float
    iou: tuple[float, float]
    cover: tuple[float, float]


@dataclass(frozen=True)
class Pair:
    """Two true things of a kind that touch, and what was found of that kind where they are."""

    name: str
    rivals: tuple[Rival, ...]

    def outcome(self, least: float) -> int:
        """The place in OUTCOMES, when nothing counts that is less sure than `least`. Apart: each is found by a mask of its own.
        Else merged, if one mask covers half of both."""
        rivals = [rival for rival in self.rivals if rival.score >= least]
        first, second = ([at for at, rival in enumerate(rivals) if rival.iou[side] >= FITS] for side in (0, 1))
        if any(one != other for one in first for other in second):
            return 0
        if any(min(rival.cover) >= FITS for rival in rivals):
            return 1
        return 2 if first or second else 3


def touching(scene: Scene) -> list[tuple[Thing, Thing]]:
    """Pairs of single things of a kind of which a pixel of one is beside, above or below a pixel of the other."""
    things = [thing for thing in scene.objects if thing.mask is not None and not thing.crowd]
    masks: dict[int, Bools] = {}
    found = []
    for a, b in combinations(range(len(things)), 2):
        one, other = things[a], things[b]
        if one.name != other.name or not _near(one, other):
            continue
        for at in (a, b):
            mask = things[at].mask
            if at not in masks and mask is not None:
                masks[at] = mask.array()
        if (_grown(masks[a]) & masks[b]).any():
            found.append((one, other))
    return found


def _near(one: Thing, other: Thing) -> bool:
    """Whether boxes are within two pixels; edges of boxes may lie a fraction of a pixel within their masks."""
    (a, b, c, d), (e, f, g, h) = one.box, other.box
    return a <= g + 2 and e <= c + 2 and b <= h + 2 and f <= d + 2


def _grown(mask: Bools) -> Bools:
    """With the four neighbours of each pixel."""
    out = mask.copy()
    out[1:] |= mask[:-1]
    out[:-1] |= mask[1:]
    out[:, 1:] |= mask[:, :-1]
    out[:, :-1] |= mask[:, 1:]
    return out


def pairs_of(truth: Scene, found: Scene) -> list[Pair]:
    pairs = []
    for two in touching(truth):
        theirs = [thing.mask.array() for thing in two if thing.mask is not None]
        rivals = []
        for thing in found.objects:
            if thing.name != two[0].name or thing.mask is None:
                continue
            own = thing.mask.array()
            both = [int((own & mask).sum()) for mask in theirs]
            if any(both):
                sizes = [int(mask.sum()) for mask in theirs]
                iou = [part / (int(own.sum()) + size - part) for part, size in zip(both, sizes, strict=True)]
                cover = [part / size for part, size in zip(both, sizes, strict=True)]
                rivals.append(Rival(thing.score, (iou[0], iou[1]), (cover[0], cover[1])))
        pairs.append(Pair(two[0].name, tuple(rivals)))
    return pairs


class TouchingTally:
    """Takes pictures in."""

    def __init__(self) -> None:
        self._pairs: list[list[Pair]] = []

    def add(self, truths: Sequence[Scene], found: Sequence[Scene]) -> None:
        for truth, said in zip(truths, found, strict=True):
            self._pairs.append(pairs_of(truth, said))

    def merge(self, other: TouchingTally) -> None:
        """Take in what another process has counted."""
        self._pairs += other._pairs

    def result(self, least: float, places: Sequence[int] | npt.NDArray[np.int64] = ()) -> Touching:
        """Everything so far, when nothing counts that is less sure than `least`; `places` say where each picture belongs."""
        order = np.argsort(places).tolist() if len(places) else range(len(self._pairs))
        return Touching(tuple(self._pairs[at] for at in order), least)


@dataclass(frozen=True, eq=False)
class Touching:
    """The pairs of each picture; things less sure than `least` do not count."""

    pairs: tuple[list[Pair], ...]
    least: float

    def __len__(self) -> int:
        """Pairs."""
        return sum(map(len, self.pairs))

    @cached_property
    def counts(self) -> Floats:
        """(pictures, outcomes)"""
        out = np.zeros((len(self.pairs), len(OUTCOMES)))
        for row, pairs in zip(out, self.pairs, strict=True):
            for pair in pairs:
                row[pair.outcome(self.least)] += 1
        return out

    def shares(self) -> dict[str, float]:
        """Of all pairs, of each outcome; NaN where nothing touches."""
        total = self.counts.sum(axis=0)
        return {name: float(count) / len(self) if len(self) else math.nan for name, count in zip(OUTCOMES, total, strict=True)}

    def interval(self) -> tuple[float, float]:
        """Of the share of pairs that are kept apart."""
        drawn = bootstrap.sums(self.counts)
        total = drawn.sum(axis=1)
        return bootstrap.middle(np.divide(drawn[:, 0], total, out=np.full(len(total), np.nan), where=total > 0))

    def per_class(self) -> list[tuple[str, int, float, float, float, float]]:
        """(class, pairs, shares of the outcomes) of each class that touches itself."""
        rows: dict[str, list[int]] = {}
        for pair in (pair for pairs in self.pairs for pair in pairs):
            rows.setdefault(pair.name, [0] * len(OUTCOMES))[pair.outcome(self.least)] += 1
        return [
            (name, sum(row), row[0] / sum(row), row[1] / sum(row), row[2] / sum(row), row[3] / sum(row))
            for name, row in sorted(rows.items())
        ]

    def scores(self) -> tuple[Score, ...]:
        if not len(self):
            return ()
        shares, how = self.shares(), f"of {len(self)} touching pairs of a kind, with things from a score of {self.least:.2f} on"
        first = Score("touching, kept apart", shares["apart"], len(self.pairs), *self.interval(), how)
        return (first, *(Score(f"touching, {name}", shares[name], len(self.pairs)) for name in OUTCOMES[1:]))
