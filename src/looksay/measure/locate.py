"""Scores of localization, by ImageNet's rule: up to five guesses, one of them of the right class with an IoU of .5 or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData, BadValue, UnknownName
from looksay.measure import bootstrap
from looksay.measure.results import Score
from looksay.ops.overlap import iou
from looksay.scene import Scene

GUESSES = 5
ENOUGH = 0.5  # IoU
NEVER = GUESSES  # the rank of what is not among the guesses
Ints = npt.NDArray[np.int32]


class PerPlace(NamedTuple):
    """A class with so many `pictures`; the shares of them where the first guess is right, where one of five is, and where the
    first guess names it; `iou` is the mean of the first guess's box."""

    name: str
    pictures: int
    loc1: float
    loc5: float
    top1: float
    iou: float


class Causes(NamedTuple):
    """So many pictures where the first guess is right, or has the class or the box or both of them wrong."""

    right: int
    wrong_class: int
    wrong_place: int
    both: int


class LocateTally:
    """Takes scenes in, keeps five small numbers and the id of each picture."""

    def __init__(self, classes: Sequence[str]) -> None:
        if not classes or len(set(classes)) != len(classes):
            raise BadValue(
                f"{len(classes)} classes, {len(set(classes))} of them different", mend="give each class once, at least one"
            )
        self.classes = tuple(classes)
        self._number = {name: number for number, name in enumerate(self.classes)}
        self._ids: list[str] = []
        self._rows: list[tuple[int, int, int, int, float]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, truths: Sequence[Scene], founds: Sequence[Scene]) -> None:
        """The truth's subject is its first label, or its first thing where it has none; every thing of that name counts as it.
        What was found are things, best first; from the sixth on they do not count."""
        if len(truths) != len(founds):
            raise BadValue(f"{len(founds)} answers for {len(truths)} pictures", mend="give one answer for each picture")
        rows = [self._row(truth, found) for truth, found in zip(truths, founds, strict=True)]
        self._rows += rows
        self._ids += [truth.id for truth in truths]

    def merge(self, other: LocateTally) -> None:
        """Take in what another process has counted. Pictures that both have counted are found by result()."""
        if self.classes != other.classes:
            raise BadValue("the tallies are of different classes", mend="make both with the same classes")
        self._rows += other._rows
        self._ids += other._ids

    def result(self) -> Localization:
        """Everything so far, sorted by id, so that the order of batches and processes does not matter."""
        if not self._rows:
            raise BadData("no picture was scored", mend="the split is empty, or its loader gave nothing")
        ids = np.array(self._ids, dtype=object)
        order = np.argsort(ids, kind="stable")
        ids = ids[order]
        twice = np.flatnonzero(ids[1:] == ids[:-1])
        if len(twice):
            raise BadData(
                f"{len(twice)} pictures were scored more than once", where=f"picture {ids[twice[0]]}", mend="score once"
            )
        target, said, named, placed, overlap = (np.array(column)[order] for column in zip(*self._rows, strict=True))
        target, said, named, placed = (column.astype(np.int32) for column in (target, said, named, placed))
        return Localization(self.classes, tuple(ids), target, said, named, placed, overlap)

    def _row(self, truth: Scene, found: Scene) -> tuple[int, int, int, int, float]:
        """(target, said, rank of the right class, rank of the right class and place, IoU of the first guess)"""
        where = f"picture {truth.id}"
        if truth.id != found.id:
            raise BadValue(f"the answer is about picture {found.id}", where=where, mend="give both in the same order")
        names = [label.name for label in truth.labels[:1]] or [thing.name for thing in truth.objects[:1]]
        own = [thing.box for thing in truth.objects if names and thing.name == names[0]]
        if not own:
            mend = "localization needs a label and its box in each picture"
            raise BadData(f"has no box of its label {names[0]!r}" if names else "has no box", where=where, mend=mend)
        guesses = found.objects[:GUESSES]
        first = [label.name for label in found.labels[:1]] or [thing.name for thing in guesses[:1]]
        for name in (*names, *first, *(thing.name for thing in guesses)):
            if name not in self._number:
                raise UnknownName.of("class", name, self.classes, where=where)
        overlap = iou([thing.box for thing in guesses], own).max(axis=1, initial=0.0)
        right = np.array([thing.name == names[0] for thing in guesses], bool)
        said = self._number[first[0]] if first else -1
        best = float(overlap[0]) if len(guesses) else 0.0
        return self._number[names[0]], said, _first(right), _first(right & (overlap >= ENOUGH)), best


def _first(hits: npt.NDArray[np.bool_]) -> int:
    return int(hits.argmax()) if hits.any() else NEVER


@dataclass(frozen=True, eq=False)
class Localization:
    """One entry for each picture: `target` and `said` (class indices, -1 for no answer), `named` (which guess, from 0, has the
    right class; 5 is none), `placed` (which has the right class and place) and `overlap` (IoU of the first guess's box)."""

    classes: tuple[str, ...]
    ids: tuple[str, ...]
    target: Ints
    said: Ints
    named: Ints
    placed: Ints
    overlap: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.target)

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        """Where the first guess is right."""
        return np.asarray(self.placed == 0)

    def numbers(self) -> dict[str, float]:
        """`loc1` with its interval; `iou` is the first guess's, whatever its class."""
        low, high = bootstrap.interval(self.hits.astype(np.float64))
        return {
            "loc1": float(self.hits.mean()),
            "loc5": float((self.placed < NEVER).mean()),
            "top1": float((self.said == self.target).mean()),
            "iou": float(self.overlap.mean()),
            "low": low,
            "high": high,
        }

    def scores(self, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> tuple[Score, ...]:
        how = f"{100 * level:g} % bootstrap over pictures, {rounds} rounds, seed {seed}"
        rule = f"right class and IoU {ENOUGH:g} or more; "
        columns = (
            ("loc-1", self.hits, rule),
            ("loc-5", self.placed < NEVER, f"one of {GUESSES} guesses: {rule}"),
            ("top-1", self.said == self.target, ""),
            ("mean IoU", self.overlap, "first guess, whatever its class; "),
        )
        found = []
        for name, values, said in columns:
            low, high = bootstrap.interval(values, seed=seed, rounds=rounds, level=level)
            found.append(Score(name, float(np.mean(values, dtype=np.float64)), len(self), low, high, f"{said}{how}"))
        return tuple(found)

    def lines(self) -> list[str]:
        return [str(score) for score in self.scores()]

    def causes(self) -> Causes:
        """Why the first guess fails, where it does."""
        named, near = self.said == self.target, self.overlap >= ENOUGH
        right, place = int((named & near).sum()), int((named & ~near).sum())
        return Causes(right, int((~named & near).sum()), place, int((~named & ~near).sum()))

    def per_class(self) -> tuple[PerPlace, ...]:
        """The classes that occur."""
        found = []
        for number, name in enumerate(self.classes):
            own = self.target == number
            if own.any():
                shares = (self.hits[own], self.placed[own] < NEVER, self.said[own] == number, self.overlap[own])
                found.append(PerPlace(name, int(own.sum()), *(float(np.mean(share)) for share in shares)))
        return tuple(found)

    def mistakes(self) -> npt.NDArray[np.intp]:
        """Where the first guess fails: those of the right class first, the worst box first."""
        wrong = np.flatnonzero(~self.hits)
        return wrong[np.lexsort((self.overlap[wrong], self.said[wrong] != self.target[wrong]))]
