"""Scores of detection. Batches stream in, tallies of processes merge, every number comes from the same flat arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData, BadValue, UnknownName
from looksay.measure.bootstrap import Paired
from looksay.measure.coco_map import (
    RIGHT,
    SIZES,
    WRONG,
    CocoScore,
    Detections,
    Floats,
    Ints,
    Matches,
    Truths,
    match,
    ranges_of,
    score,
)  # fmt: skip
from looksay.measure.order import places
from looksay.measure.results import Score
from looksay.measure.voc_map import VocScore, voc
from looksay.scene import Scene, Thing

LEVEL = 0.95
_AT_ONCE = 4_000_000  # resampled weights held in memory


class PerClass(NamedTuple):
    """`truths` to be found; the best F1 at IoU .5 is had when detections below `threshold` are left out. NaN where nothing is."""

    name: str
    truths: int
    ap50: float
    ap: float
    f1: float
    threshold: float


class Curve(NamedTuple):
    """At IoU .5, one point for each score that occurs, falling: what is reached if detections below it are left out."""

    recall: Floats
    precision: Floats
    score: Floats


class DetectionTally:
    """Takes pictures in, keeps a row of numbers for each thing. `sizes` are the areas, in pixels, at which small and medium end.

    An area is the official one where the truth states it ('area' among the attributes), else the thing's. Crowds and difficult
    things are neither to be found nor wrong to find; a crowd may be found any number of times.
    """

    def __init__(self, classes: Sequence[str], sizes: tuple[float, float] = SIZES) -> None:
        if not classes or len(set(classes)) != len(classes):
            raise BadValue(
                f"{len(classes)} classes, {len(set(classes))} of them different", mend="give each class once, at least one"
            )
        if not 0 < sizes[0] < sizes[1] < math.inf:
            raise BadValue(f"the sizes are {sizes}", mend="give the areas at which small and medium end, such as 1024 and 9216")
        self.classes, self.sizes = tuple(classes), (float(sizes[0]), float(sizes[1]))
        self._number = {name: at for at, name in enumerate(self.classes)}
        self._ids: list[str] = []
        self._truths: list[Floats] = [np.zeros((0, 9))]
        self._found: list[Floats] = [np.zeros((0, 7))]

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, truths: Sequence[Scene], found: Sequence[Scene]) -> None:
        """What there is and what was seen, picture by picture. Ids are given to all pictures or to none."""
        if len(truths) != len(found):
            raise BadValue(f"{len(truths)} scenes of truth and {len(found)} of what was found", mend="give one of each a picture")
        for truth, said in zip(truths, found, strict=True):
            if truth.id and said.id and truth.id != said.id:
                raise BadValue(f"the truth of {truth.id!r} is set against {said.id!r}", mend="give both in the same order")
        start = len(self._ids)
        there = [
            (start + at, self._kind(thing, scene), *_xywh(thing), _area(thing), thing.crowd, thing.crowd or thing.difficult)
            for at, scene in enumerate(truths)
            for thing in scene.objects
        ]
        seen = [
            (start + at, self._kind(thing, scene), *_xywh(thing), thing.score)
            for at, scene in enumerate(found)
            for thing in scene.objects
        ]
        self._ids.extend(scene.id for scene in truths)
        self._truths.append(np.array(there, np.float64).reshape(-1, 9))
        self._found.append(np.array(seen, np.float64).reshape(-1, 7))

    def merge(self, other: DetectionTally) -> None:
        """Take in what another process has counted. Pictures that both have counted are found by result()."""
        if (self.classes, self.sizes) != (other.classes, other.sizes):
            raise BadValue("the tallies are of different classes or sizes", mend="make both with the same arguments")
        shift = len(self._ids)
        for ours, theirs in ((self._truths, other._truths), (self._found, other._found)):
            for part in theirs:
                moved = part.copy()
                moved[:, 0] += shift
                ours.append(moved)
        self._ids.extend(other._ids)

    def result(self) -> Detection:
        """Everything so far. With ids the pictures are sorted by them, so the order of batches and processes does not matter."""
        place = self.places()
        there, seen = (_sorted(np.concatenate(parts), place) for parts in (self._truths, self._found))
        ids = tuple(self._ids[at] for at in np.argsort(place)) if any(self._ids) else ()
        return Detection(self.classes, len(place), ids, self.sizes, _truths(there), _detections(seen))

    def places(self) -> Ints:
        """The place of each picture that was added."""
        return places(self._ids)

    def arrays(self) -> tuple[Truths, Detections]:
        """Everything so far, the rows as they were added, the pictures numbered by their places."""
        place = self.places()
        truths, found = _truths(np.concatenate(self._truths)), _detections(np.concatenate(self._found))
        return replace(truths, picture=place[truths.picture]), replace(found, picture=place[found.picture])

    def _kind(self, thing: Thing, scene: Scene) -> int:
        if thing.name not in self._number:
            raise UnknownName.of("class", thing.name, self.classes, where=f"picture {scene.id}" if scene.id else None)
        return self._number[thing.name]


def _xywh(thing: Thing) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = thing.box
    return x1, y1, x2 - x1, y2 - y1


def _area(thing: Thing) -> float:
    stated = thing.attributes.get("area")
    if stated is None:
        return thing.area
    try:
        return float(stated)
    except ValueError:
        raise BadData(f"the area of a {thing.name} is {stated!r:.40}", mend="a number of pixels") from None


def _sorted(table: Floats, place: Ints) -> Floats:
    """By the pictures' new places, which decide between equal scores."""
    table[:, 0] = place[table[:, 0].astype(np.int64)]
    return table[np.argsort(table[:, 0], kind="stable")]


def _truths(table: Floats) -> Truths:
    return Truths(*_columns(table), table[:, 6], table[:, 7] > 0, table[:, 8] > 0)


def _detections(table: Floats) -> Detections:
    return Detections(*_columns(table), table[:, 4] * table[:, 5], table[:, 6])


def _columns(table: Floats) -> tuple[Ints, Ints, Floats]:
    return table[:, 0].astype(np.int64), table[:, 1].astype(np.int64), table[:, 2:6]


@dataclass(frozen=True, eq=False)
class Detection:
    """What was there and what was found in `pictures` pictures; `ids` is empty when none were given."""

    classes: tuple[str, ...]
    pictures: int
    ids: tuple[str, ...]
    sizes: tuple[float, float]
    truths: Truths
    found: Detections

    def __len__(self) -> int:
        return self.pictures

    @cached_property
    def matches(self) -> Matches:
        return match(self.truths, self.found, len(self.classes), ranges_of(self.sizes))

    @cached_property
    def coco(self) -> CocoScore:
        return score(self.matches)

    @cached_property
    def voc(self) -> VocScore:
        return voc(self.truths, self.found, len(self.classes))

    @cached_property
    def _numbers(self) -> dict[str, float]:
        official = {name: value if value > -1 else math.nan for name, value in self.coco.twelve().items()}
        low, high = self.interval()
        area, eleven = self.voc.mean()
        names = ("map", "map50", "map75", "maps", "mapm", "mapl", "ar1", "ar10", "ar100")
        found = dict(zip(names, official.values(), strict=False))
        first = {"map50": found.pop("map50"), **found}
        return {**first, "voc50": area, "voc50_11": eleven, "low": low, "high": high}

    def numbers(self) -> dict[str, float]:
        """map50 with its interval low … high, map (.5:.95), map75, by size, recall at 1, 10 and 100 detections, VOC's two. NaN
        where there is nothing to be found."""
        return dict(self._numbers)

    def per_class(self) -> tuple[PerClass, ...]:
        precision = self.coco.precision[0]
        things = self.matches.things[0]
        ap50 = np.where(things > 0, precision[0].mean(axis=0), np.nan).tolist()
        ap = np.where(things > 0, precision.mean(axis=(0, 1)), np.nan).tolist()
        rows = zip(self.classes, things.tolist(), ap50, ap, map(self._best, self.classes), strict=True)
        return tuple(PerClass(name, count, a, b, *best) for name, count, a, b, best in rows)

    def _best(self, name: str) -> tuple[float, float]:
        """(F1, score) where F1 = 2 / (1 / precision + 1 / recall) is largest, the highest such score."""
        curve, things = self.curve(name), int(self.matches.things[0, self.classes.index(name)])
        if not things:
            return math.nan, math.nan
        total = curve.precision + curve.recall
        f1 = np.divide(2 * curve.precision * curve.recall, total, out=np.zeros_like(total), where=total > 0)
        if not f1.any():
            return 0.0, math.nan
        return float(f1.max()), float(curve.score[f1.argmax()])

    def curve(self, name: str) -> Curve:
        """Precision against recall, as measured (not the envelope that average precision is taken of)."""
        if name not in self.classes:
            raise UnknownName.of("class", name, self.classes)
        kind, matches = self.classes.index(name), self.matches
        here = slice(*matches.starts[kind : kind + 2].tolist())
        state, scores = matches.state[0, 0, here], self.found.score[matches.rows[here]]
        right, wrong = np.cumsum(state == RIGHT), np.cumsum(state == WRONG)
        last = (np.diff(scores, append=-np.inf) != 0) & (right + wrong > 0)
        right, wrong = right[last], wrong[last]
        recall = right / max(int(matches.things[0, kind]), 1)
        return Curve(recall, right / (right + wrong), scores[last])

    def resampled(self, *, seed: int = 0, rounds: int = 1000) -> Floats:
        """(rounds,) map50 of as many pictures drawn with replacement. The same seed draws the same pictures, whatever was found.

        The detections are matched once: to draw a picture twice is to count its hits and errors twice.
        """
        plan = _Plan(self)
        rng = np.random.default_rng(seed)
        step = max(1, _AT_ONCE // max(len(self), plan.widest))
        return np.concatenate([plan.score(_drawn(rng, len(self), min(step, rounds - at))) for at in range(0, rounds, step)])

    def interval(self, *, seed: int = 0, rounds: int = 1000, level: float = LEVEL) -> tuple[float, float]:
        """(low, high) of map50: quantiles of resampled(); NaN where there is nothing to be found."""
        return _quantiles(self.resampled(seed=seed, rounds=rounds), level)

    def behind(self, best: Detection, *, seed: int = 0, rounds: int = 1000, level: float = LEVEL) -> Paired:
        """How much map50 the other has more on the same pictures, with its interval and the share of resamples that it wins."""
        if len(best) != len(self) or best.ids != self.ids:
            raise BadValue(f"{len(best)} and {len(self)} pictures are to be paired", mend="score both on the same pictures")
        a, b = (found.resampled(seed=seed, rounds=rounds) for found in (best, self))
        apart = a - b
        wins = np.where(np.isnan(apart), 0.5, (apart > 0) + (apart == 0) / 2).mean()
        return Paired(best.numbers()["map50"] - self.numbers()["map50"], *_quantiles(apart, level), float(wins))

    def scores(self) -> tuple[Score, ...]:
        """The table of scores, mAP@.5 first; those of sizes that do not occur are left out."""
        n, numbers, things = len(self), self._numbers, self.matches.things.sum(axis=1).tolist()
        small, medium = (f"{math.sqrt(area):g}²" for area in self.sizes)
        coco = "COCO's rules, 101 recalls, 100 detections of a class in a picture"
        how = f"{coco}; {100 * LEVEL:g} % bootstrap over pictures, 1000 rounds, seed 0"
        plain = (
            ("mAP@.5:.95", "map", f"{coco}, mean of ten thresholds"),
            ("mAP@.75", "map75", coco),
            ("mAP small", "maps", f"{things[1]} things up to {small} px"),
            ("mAP medium", "mapm", f"{things[2]} things from {small} to {medium} px"),
            ("mAP large", "mapl", f"{things[3]} things from {medium} px"),
            ("recall@1", "ar1", "mean of ten thresholds, 1 detection of a class in a picture"),
            ("recall@10", "ar10", "10 detections"),
            ("recall@100", "ar100", "100 detections"),
            ("VOC mAP@.5", "voc50", "area under the curve, difficult ones ignored"),
            ("VOC mAP@.5, 11 points", "voc50_11", "as in 2007"),
        )
        if math.isnan(numbers["map50"]):
            return ()
        first = Score("mAP@.5", numbers["map50"], n, numbers["low"], numbers["high"], how)
        rest = (Score(name, numbers[key], n, settings=text) for name, key, text in plain if not math.isnan(numbers[key]))
        return (first, *rest)

    def lines(self) -> list[str]:
        return [str(found) for found in self.scores()] or [f"nothing is to be found in these {len(self)} pictures"]


def _quantiles(values: Floats, level: float) -> tuple[float, float]:
    """Of the resamples that have something to be found; NaN where none has."""
    there = values[~np.isnan(values)]
    if not len(there):
        return math.nan, math.nan
    low, high = np.quantile(there, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def _drawn(rng: np.random.Generator, pictures: int, rounds: int) -> npt.NDArray[np.float32]:
    """(pictures, rounds): how often each picture was drawn."""
    chosen = rng.integers(0, pictures, (rounds, pictures)) + np.arange(rounds)[:, None] * pictures
    counts = np.bincount(chosen.ravel(), minlength=rounds * pictures)
    return np.ascontiguousarray(counts.reshape(rounds, pictures).T.astype(np.float32))


class _Plan:
    """What map50 of resampled pictures needs: the pictures of the hits, of the errors between them, and of the things."""

    def __init__(self, found: Detection) -> None:
        matches, kinds = found.matches, len(found.classes)
        state = matches.state[0, 0]
        picture = found.found.picture[matches.rows]
        hit = np.flatnonzero(state == RIGHT)
        after = np.append(hit, len(state))[np.searchsorted(hit, np.arange(len(state)))]  # the next hit, this one counted
        same = np.append(matches.kind, -1)[after] == matches.kind
        # An error that no hit of its class follows costs nothing.
        error = np.flatnonzero((state == WRONG) & same)
        before = np.searchsorted(hit, error)
        self.hits, self.errors = picture[hit], picture[error]
        self.blamed, self.first = np.unique(before, return_index=True)
        self.bounds = np.searchsorted(matches.kind[hit], np.arange(kinds + 1)).tolist()
        there = ~found.truths.ignore
        self.things = [found.truths.picture[there & (found.truths.kind == kind)] for kind in range(kinds)]
        self.widest = max(len(self.hits), len(self.errors), *(len(rows) for rows in self.things))

    def score(self, weight: npt.NDArray[np.float32]) -> Floats:
        """(rounds,) the mean over the classes that occur; NaN where none does."""
        hits, errors = weight[self.hits], np.zeros((len(self.hits), weight.shape[1]), np.float32)
        if len(self.errors):
            errors[self.blamed] = np.add.reduceat(weight[self.errors], self.first, axis=0)
        total, occurring = np.zeros(weight.shape[1]), np.zeros(weight.shape[1])
        for rows, start, stop in zip(self.things, self.bounds, self.bounds[1:], strict=False):
            things = weight[rows].sum(axis=0, dtype=np.float64)
            occurring += things > 0
            if start == stop:
                continue
            right = np.cumsum(hits[start:stop], axis=0)
            seen = right + np.cumsum(errors[start:stop], axis=0)
            best = np.maximum.accumulate((right / np.maximum(seen, 1))[::-1], axis=0)[::-1]
            # How many of the 101 recalls each hit reaches first; the first hit's place also stands for the recall 0.
            level = np.floor(100 * right / np.maximum(things, 1) + 1e-4) + 1
            total += np.where(things > 0, (best * np.diff(level, axis=0, prepend=0)).sum(axis=0), 0) / 101
        return np.divide(total, occurring, out=np.full_like(total, np.nan), where=occurring > 0)
