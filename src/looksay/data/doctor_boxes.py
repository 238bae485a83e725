"""What can be wrong with boxes: one by one, two of them in a picture, or all of the set off by the same pixel."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from looksay.data.dataset import RawBox
from looksay.data.doctor_findings import Finding
from looksay.scene import BoxXYXY, Size

REACH = 0.5  # pixels that a box may reach out: written fractions are rounded
TINY, THIN = 2.0, 50.0
SAME = 0.95  # overlap (intersection over union) from which two boxes of a class are one
INCLUSIVE = ("voc",)  # formats whose files count pixels from 1 and include the last one

Shift: TypeAlias = tuple[float, float]  # what to add to the lower (x1, y1) and to the upper (x2, y2) edges


def numbers(box: Sequence[float]) -> str:
    return " ".join(f"{value:g}" for value in box)


def written(box: BoxXYXY, format: str) -> BoxXYXY:
    """The numbers as the file has them, for messages and to tell what was meant."""
    shift = 1.0 if format in INCLUSIVE else 0.0
    return box[0] + shift, box[1] + shift, box[2], box[3]


def defect(box: BoxXYXY, format: str) -> str:
    """The kind of fault of a box by itself, whatever its picture: "" for none."""
    if not all(math.isfinite(value) for value in box):
        return "box-not-finite"
    x1, y1, x2, y2 = written(box, format)
    if x2 < x1 or y2 < y1:
        return "box-inverted"
    return "box-empty" if x2 == x1 or y2 == y1 else ""


def uninverted(box: BoxXYXY, format: str) -> BoxXYXY:
    """The edges in their right order, as they were meant in the file."""
    x1, y1, x2, y2 = written(box, format)
    shift = x1 - box[0]
    return min(x1, x2) - shift, min(y1, y2) - shift, max(x1, x2), max(y1, y2)


def excess(box: BoxXYXY, size: Size) -> float:
    """By how many pixels the box reaches out of a picture of that size; below 0 if it stays within."""
    return max(-box[0], -box[1], box[2] - size[0], box[3] - size[1])


def is_outside(box: BoxXYXY, size: Size) -> bool:
    return box[2] <= 0 or box[3] <= 0 or box[0] >= size[0] or box[1] >= size[1]


def fit(boxes: Sequence[RawBox], size: Size, format: str) -> bool:
    """Whether all boxes that can be true lie in a picture of that size, but for a pixel and a half."""
    return all(excess(raw.box, size) <= 1.5 for raw in boxes if not defect(raw.box, format))


def single(raw: RawBox, size: Size | None, format: str) -> Finding | None:
    """The worst fault of one box."""
    kind, said = defect(raw.box, format), numbers(written(raw.box, format))
    if kind == "box-not-finite":
        return Finding(kind, raw.where, f"the box of {raw.name!r} is not finite: {said}", "draw it again or take it out")
    if kind == "box-inverted":
        return Finding(kind, raw.where, f"the box of {raw.name!r} is inverted: {said}", "swap its edges")
    if kind:
        return Finding(kind, raw.where, f"the box of {raw.name!r} has no extent: {said}", "draw it again or take it out")
    if size is not None and (found := _against(raw, size, said)):
        return found
    width, height = raw.box[2] - raw.box[0], raw.box[3] - raw.box[1]
    if min(width, height) < TINY:
        return Finding("tiny-box", raw.where, f"the box of {raw.name!r} is {width:g} × {height:g} pixels: {said}")
    if max(width, height) > THIN * min(width, height) and "crowd" not in raw.flags:
        return Finding("thin-box", raw.where, f"the box of {raw.name!r} is {width:g} × {height:g} pixels: {said}")
    return None


def _against(raw: RawBox, size: Size, said: str) -> Finding | None:
    picture = f"the picture of {size[0]} × {size[1]}"
    if is_outside(raw.box, size):
        return Finding("box-outside", raw.where, f"the box of {raw.name!r} lies outside {picture}: {said}", "take it out")
    if (over := excess(raw.box, size)) > REACH:
        what = f"the box of {raw.name!r} reaches {over:g} pixels out of {picture}: {said}"
        return Finding("box-partly-outside", raw.where, what, "clip it")
    return None


def copies(boxes: Sequence[RawBox], format: str) -> list[tuple[int, int]]:
    """(place of the first, place of the second) of boxes of one class that are all but the same; crowds do not count."""
    good = [(raw.box[0], at) for at, raw in enumerate(boxes) if not defect(raw.box, format) and "crowd" not in raw.flags]
    good.sort()
    found: dict[int, int] = {}
    for place, (start, a) in enumerate(good):
        one = boxes[a]
        # Of two boxes that overlap so much, the left edges are nearer than a twentieth of the larger width.
        limit = start + (one.box[2] - start) * (1 - SAME) / SAME
        for left, b in good[place + 1 :]:
            if left > limit:
                break
            if boxes[b].name == one.name and overlap(one.box, boxes[b].box) > SAME:
                found.setdefault(max(a, b), min(a, b))
    return sorted((first, second) for second, first in found.items())


def overlap(a: BoxXYXY, b: BoxXYXY) -> float:
    """Intersection over union."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


@dataclass
class Edges:
    """How many edges lie how near to the borders of their pictures, and the findings that wait for what this says.

    `low[d]` counts left and upper edges at d, `high[d]` right and lower ones at d beyond the size, for d = -1, 0, 1.
    """

    format: str
    low: Counter[int] = field(default_factory=Counter)
    high: Counter[int] = field(default_factory=Counter)
    waiting: list[tuple[float, float, Finding]] = field(default_factory=list)

    def count(self, box: BoxXYXY, size: Size) -> None:
        for axis in (0, 1):
            for counter, distance in ((self.low, box[axis]), (self.high, box[axis + 2] - size[axis])):
                near = round(distance) if abs(distance) < 1.5 else 2
                if near < 2 and abs(distance - near) < 0.1:
                    counter[near] += 1

    def wait(self, box: BoxXYXY, size: Size, finding: Finding) -> None:
        """A box that reaches out by a pixel is no fault of its own if all are off by one."""
        self.waiting.append((max(-box[0], -box[1]), max(box[2] - size[0], box[3] - size[1]), finding))

    def shift(self) -> Shift | None:
        """What would put the boxes right, if they are all off by the same pixel. Enough of them must touch a border to tell."""
        low, high = self.low, self.high
        if low[-1] >= 3 and low[-1] > low[0]:
            return (1.0, 0.0) if high[0] > high[-1] else (1.0, 1.0)
        if high[1] >= 3 and high[1] > high[0] and low[1] > low[0]:
            return (-1.0, -1.0)
        if low[1] >= 10 and low[0] == 0 and low[-1] == 0 and high[0] >= 10:
            return (-1.0, 0.0)
        if high[-1] >= 10 and high[0] == 0 and high[1] == 0 and low[0] >= 10:
            return (0.0, 1.0)
        return None

    def findings(self, where: str) -> Iterator[Finding]:
        shift = self.shift()
        for low, high, finding in self.waiting:
            explained = shift is not None and low <= max(shift[0], 0) + REACH and high <= max(-shift[1], 0) + REACH
            if not explained:
                yield finding
        if shift is not None:
            yield Finding("counts-from", where, f"{self._evidence(shift)}; {_moved(shift)}", "convert them once more, rightly")

    def _evidence(self, shift: Shift) -> str:
        first = 1 if self.format in INCLUSIVE else 0
        starts = ", ".join(f"{self.low[d]:,} at {d + first}" for d in (-1, 0, 1))
        ends = ", ".join(f"{self.high[d]:,} at {('the size', 'the size + 1', 'the size - 1')[d]}" for d in (-1, 0, 1))
        rule = f"{self.format or 'this format'} counts from {first}"
        return f"{rule}, but edges begin so: {starts}; and end so: {ends}"


def _moved(shift: Shift) -> str:
    low, high = shift
    if low and high:
        return f"all boxes look moved by {-low:+g} pixel"
    return "their left and upper edges look " + f"moved by {-low:+g} pixel" if low else "they look one pixel too small"
