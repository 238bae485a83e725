"""COCO's twelve numbers, bit for bit those of the official scorer, from flat arrays.

Whatever happens within one class of one picture (a group) is independent of all other groups, so the greedy matching runs over
all groups at once: in the first round each group's surest detection chooses, in the second the next one. Only pairs that overlap
by at least the lowest threshold take part, and those are few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.ops.overlap import corners, iou_of_pairs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
MOST = (1, 10, 100)  # detections of a class in a picture that count
SIZES = (32.0**2, 96.0**2)  # where small ends, where medium ends
NAMES = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
WRONG, RIGHT, IGNORED = 0, 1, 2
_AT_ONCE = 500_000  # pairs whose overlap is computed at a time


@dataclass(frozen=True, eq=False)
class Truths:
    """One row a thing: `picture` and `kind` are indices, `boxes` (n, 4) x, y, width, height. `area` decides whether it is small.

    A crowd may be found any number of times. `ignore` (which crowds are, too) is neither to be found nor wrong to find.
    `lost` marks what counts as not found whatever happens. `masks` are run lengths as the mask library has them.
    """

    picture: Ints
    kind: Ints
    boxes: Floats
    area: Floats
    crowd: Flags
    ignore: Flags
    lost: Flags | None = None
    masks: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.picture)


@dataclass(frozen=True, eq=False)
class Detections:
    """One row a detection, with its `score`; the rest as in Truths. Of equal scores the earlier row comes first."""

    picture: Ints
    kind: Ints
    boxes: Floats
    area: Floats
    score: Floats
    masks: Sequence[Any] | None = None

    def __len__(self) -> int:
        return len(self.picture)


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of the detections that count, by class and then by falling score.

    `rows` are their rows, `kind` and `rank` (within class and picture, 0 is the surest) stand beside. `state` (A, T, n) is RIGHT,
    WRONG or IGNORED for each range of sizes and threshold. `things` (A, K) is how many there were to be found.
    """

    rows: Ints
    kind: Ints
    rank: Ints
    state: npt.NDArray[np.int8]
    things: Ints

    @cached_property
    def starts(self) -> Ints:
        """(K + 1,) where each class begins."""
        return np.searchsorted(self.kind, np.arange(self.things.shape[1] + 1))


def ranges_of(sizes: Sequence[float] = SIZES) -> Floats:
    """(4, 2): all, small, medium and large areas, both ends included."""
    small, medium = sizes
    return np.array([[0, 1e10], [0, small], [small, medium], [medium, 1e10]])


def match(
    truths: Truths, found: Detections, kinds: int, ranges: Floats | None = None, thresholds: Floats = THRESHOLDS
) -> Matches:
    """The surest detection chooses first: the free truth that it overlaps most; one to be ignored only if no other is left."""
    spans = ranges_of() if ranges is None else ranges
    pictures = int(max(truths.picture.max(initial=0), found.picture.max(initial=0))) + 1
    key = found.kind * pictures + found.picture
    order = np.lexsort((-found.score, key))
    group = key[order]
    rank = np.arange(len(group)) - np.searchsorted(group, group)
    keep = rank < MOST[-1]
    order, group, rank = order[keep], group[keep], rank[keep]
    place, truth, overlap = candidates(truths, found, order, float(thresholds.min()))

    out = (truths.area < spans[:, :1]) | (truths.area > spans[:, 1:]) | truths.ignore
    things = np.stack([np.bincount(truths.kind[~row], minlength=kinds) for row in out]).astype(np.int64)
    area = found.area[order]
    outside = (area < spans[:, :1]) | (area > spans[:, 1:])
    state = np.repeat(np.where(outside, IGNORED, WRONG).astype(np.int8)[:, None], len(thresholds), axis=1)
    rounds = _Rounds(place, truth, overlap, group)
    for row, ignore in enumerate(out):
        rounds.play(state[row], ignore, truths, thresholds)
    final = np.lexsort((-found.score[order], found.kind[order]))
    return Matches(order[final], found.kind[order][final], rank[final], state[:, :, final], things)


def candidates(truths: Truths, found: Detections, order: Ints, least: float) -> tuple[Ints, Ints, Floats]:
    """(place in `order`, row of the truth, overlap) of all pairs of a class and picture that overlap by `least` or more and at
    all, by place and then by row. `order` are rows of the detections."""
    pictures = int(max(truths.picture.max(initial=0), found.picture.max(initial=0))) + 1
    home = truths.kind * pictures + truths.picture
    shelf = np.argsort(home, kind="stable")
    group = (found.kind * pictures + found.picture)[order]
    first = np.searchsorted(home[shelf], group)
    count = np.searchsorted(home[shelf], group, side="right") - first
    look = _box_pairs if truths.masks is None or found.masks is None else _mask_pairs
    parts = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for place, there, overlap in look(truths, found, order, shelf, first, count):
        keep = (overlap >= least) & (overlap > 0)
        parts.append((place[keep], shelf[there[keep]], overlap[keep]))
    one, two, three = (np.concatenate(column) for column in zip(*parts, strict=True))
    return one, two, three


def _box_pairs(
    truths: Truths, found: Detections, order: Ints, shelf: Ints, first: Ints, count: Ints
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """(place, place on the shelf, overlap) of a good number of pairs at a time."""
    ours, theirs = corners(found.boxes)[order], corners(truths.boxes)[shelf]
    own, other = (boxes[rows, 2] * boxes[rows, 3] for boxes, rows in ((found.boxes, order), (truths.boxes, shelf)))
    crowd = truths.crowd[shelf]
    total = np.concatenate(([0], np.cumsum(count)))
    start = 0
    while start < len(order):
        stop = max(start + 1, int(np.searchsorted(total, total[start] + _AT_ONCE, side="right")) - 1)
        place = np.repeat(np.arange(start, stop), count[start:stop])
        there = np.arange(total[start], total[stop]) - total[place] + first[place]
        yield place, there, iou_of_pairs(ours[place], theirs[there], own[place], other[there], crowd[there])
        start = stop


def _mask_pairs(
    truths: Truths, found: Detections, order: Ints, shelf: Ints, first: Ints, count: Ints
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """The same for one group at a time. The detections of a group stand together."""
    from pycocotools import mask as coco

    assert truths.masks is not None
    assert found.masks is not None
    group = np.where(count > 0, first, -1)
    edges = np.flatnonzero(np.diff(group)) + 1
    for start, stop in zip(np.r_[0, edges].tolist(), np.r_[edges, len(group)].tolist(), strict=True):
        if start == stop or not count[start]:
            continue
        there = np.arange(first[start], first[start] + count[start])
        ours = [found.masks[row] for row in order[start:stop]]
        theirs = [truths.masks[row] for row in shelf[there]]
        overlap = coco.iou(ours, theirs, truths.crowd[shelf[there]].astype(np.uint8).tolist())
        yield np.repeat(np.arange(start, stop), len(there)), np.tile(there, stop - start), np.ravel(overlap)


class _Rounds:
    """Pairs in the order in which they are looked at: round by round, all groups of a round side by side."""

    def __init__(self, place: Ints, truth: Ints, overlap: Floats, group: Ints) -> None:
        new = np.diff(place, prepend=-1) != 0
        who = place[new]  # detections that have a pair
        of = group[who]
        turn = np.arange(len(who)) - np.searchsorted(of, of)  # how many of the group choose before
        of_pair = turn[np.cumsum(new) - 1]
        order = np.argsort(of_pair, kind="stable")
        self.place, self.truth, self.overlap = place[order], truth[order], overlap[order]
        self.begins = np.flatnonzero(np.diff(self.place, prepend=-1) != 0)
        self.bounds = np.searchsorted(of_pair[order], np.arange(int(turn.max(initial=-1)) + 2)).tolist()
        # The closer, and of equally close ones the later in the file.
        self.at_rank = np.lexsort((self.truth, self.overlap))
        self.rank = np.empty(len(order), np.int64)
        self.rank[self.at_rank] = np.arange(len(order))

    def play(self, state: npt.NDArray[np.int8], ignore: Flags, truths: Truths, thresholds: Floats) -> None:
        """Writes RIGHT and IGNORED into `state` (T, n)."""
        pairs = len(self.truth)
        worth = self.rank + pairs * ~ignore[self.truth]
        crowd = truths.crowd[self.truth][:, None]
        lost = np.zeros(len(truths), bool) if truths.lost is None else truths.lost
        taken = np.zeros((len(truths), len(thresholds)), bool)
        close = self.overlap[:, None] >= np.minimum(thresholds, 1 - 1e-10)
        for start, stop in zip(self.bounds, self.bounds[1:], strict=False):
            free = close[start:stop] & (crowd[start:stop] | ~taken[self.truth[start:stop]])
            edges = self.begins[np.searchsorted(self.begins, start) : np.searchsorted(self.begins, stop)]
            best = np.maximum.reduceat(np.where(free, worth[start:stop, None], -1), edges - start, axis=0)
            row, column = np.nonzero(best >= 0)
            truth = self.truth[self.at_rank[best[row, column] % pairs]]
            taken[truth, column] = True
            who = self.place[edges][row]
            kept = state[column, who]
            state[column, who] = np.where(ignore[truth], IGNORED, np.where(lost[truth], kept, RIGHT))


@dataclass(frozen=True, eq=False)
class CocoScore:
    """`precision` (A, T, 101, K) at the recalls 0, .01 … 1 and `recall` (A, M, T, K), what 1, 10 and 100 detections reach.
    A is all, small, medium, large; -1 stands where a class has nothing to be found."""

    precision: Floats
    recall: Floats

    def twelve(self) -> dict[str, float]:
        """In the official order; -1 where there was nothing to be found."""
        by_size = [_mean(self.precision[row]) for row in range(4)]
        fixed = [_mean(self.precision[0, at : at + 1]) for at in (0, 5)]
        reached = [_mean(self.recall[0, at]) for at in range(3)]
        values = [by_size[0], *fixed, *by_size[1:], *reached, *(_mean(self.recall[row, 2]) for row in range(1, 4))]
        return dict(zip(NAMES, values, strict=True))


def _mean(values: Floats) -> float:
    said = values[values > -1]
    return float(np.mean(said)) if said.size else -1.0


def score(matches: Matches) -> CocoScore:
    ranges, steps, _ = matches.state.shape
    kinds = matches.things.shape[1]
    precision = np.full((ranges, steps, len(RECALLS), kinds), -1.0)
    recall = np.full((ranges, len(MOST), steps, kinds), -1.0)
    for row, things in enumerate(matches.things):
        there = things > 0
        precision[row][:, :, there] = _precision(matches, row)[:, :, there]
        for column, most in enumerate(MOST):
            hits = (matches.state[row] == RIGHT) & (matches.rank < most)
            got = np.stack([np.bincount(matches.kind[hit], minlength=kinds) for hit in hits])
            recall[row, column][:, there] = got[:, there] / things[there]
    return CocoScore(precision, recall)


def _precision(matches: Matches, row: int) -> Floats:
    """(T, 101, K). Precision can be best only where something was found, so nothing else is looked at."""
    state, things = matches.state[row], matches.things[row]
    steps, kinds = len(state), len(things)
    wrong = np.zeros((steps, state.shape[1] + 1), np.int32)
    np.cumsum(state == WRONG, axis=1, out=wrong[:, 1:])
    step, place = np.nonzero(state == RIGHT)
    kind = matches.kind[place]
    segment = step * kinds + kind
    count = np.bincount(segment, minlength=steps * kinds)
    first = np.concatenate(([0], np.cumsum(count)))
    right = np.arange(len(place)) - first[segment] + 1.0
    false = wrong[step, place] - wrong[step, matches.starts[kind]]
    best = right / (false + right + np.spacing(1))
    for start, stop in zip(first[:-1][count > 1].tolist(), first[1:][count > 1].tolist(), strict=True):
        best[start:stop] = np.maximum.accumulate(best[start:stop][::-1])[::-1]

    need = np.maximum(needed(things), 1)  # K, 101
    reached = need.T[None] <= count.reshape(steps, 1, kinds)
    at = first[:-1].reshape(steps, 1, kinds) + need.T[None] - 1
    return np.where(reached, np.append(best, 0.0)[np.minimum(at, len(best))], 0.0)


def needed(things: Ints) -> Ints:
    """(K, 101): how many of so many things must be found before the recall, a double, is 0, .01 … 1."""
    total = np.maximum(things, 1)[:, None].astype(np.float64)
    need = np.ceil(RECALLS * total)
    need -= (need - 1) / total >= RECALLS
    need += need / total < RECALLS
    return need.astype(np.int64)
