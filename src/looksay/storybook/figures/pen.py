"""The draughtsman's tools: outlines of simple forms as closed polygons, and the pen that lays them on paper in painter's order.

The drawing engine knows no curves, so every curve is sampled here, with just enough points to look smooth at 256 pixels.
Angles are in degrees, counter-clockwise from the facing direction; lengths are in the paper's units (a figure is about 1 high).
Only the standard library's arithmetic is used, so that a figure is the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from looksay.storybook.spec import PHASES, RGB, Shape

Point: TypeAlias = tuple[float, float]
Points: TypeAlias = list[Point]

SLACK = 0.002  # how far an outline may be off, in heights of a figure: less than half a pixel at 256

INK: RGB = (44, 38, 42)
PAPER: RGB = (252, 250, 244)
LIPS: RGB = (128, 74, 72)


class Pen:
    """Collects the shapes of one figure. `rim` is the width of the outline that `solid` draws behind a form."""

    def __init__(self, rim: float = 0.013) -> None:
        self.shapes: list[Shape] = []
        self.rim = rim

    def fill(self, points: Sequence[Point], paint: str | RGB = "main", shade: float = 1.0) -> None:
        """One polygon without an outline."""
        self._lay(thinned(points, SLACK), paint, shade)

    def solid(self, *parts: Sequence[Point], paint: str | RGB = "main", shade: float = 1.0, line: float = 0.56) -> None:
        """Forms that melt into one: first all outlines, `line` times darker, then all fillings."""
        forms = [thinned(part, SLACK) for part in parts]
        for form in forms:
            self._lay(swell(form, self.rim), paint, shade * line)
        for form in forms:
            self._lay(form, paint, shade)

    def _lay(self, points: Points, paint: str | RGB, shade: float) -> None:
        self.shapes.append(Shape(np.array(points, dtype=np.float64), paint, shade))

    def carried(self, degrees: float = 0.0, *, wide: float = 1.0, x: float = 0.0) -> Pen:
        """A copy that is made `wide` times as wide, then turned about the origin and moved along the ground."""
        copy = Pen(self.rim)
        for shape in self.shapes:
            points = [(u * wide, v) for u, v in shape.points.tolist()]
            copy._lay(place(points, x, 0.0, degrees), shape.paint, shape.shade)
        return copy

    def eye(self, x: float, y: float, size: float, iris: RGB = INK) -> None:
        """An open eye that looks ahead and can be seen on a black and on a white coat."""
        self.fill(ellipse(x, y, size * 0.92, size * 1.12, count=16), PAPER, 0.97)
        self.fill(ellipse(x + size * 0.2, y, size * 0.66, size * 0.86, count=14), iris)
        self.fill(ellipse(x + size * 0.4, y + size * 0.36, size * 0.26, count=8), PAPER)

    def lid(self, x: float, y: float, size: float, paint: str | RGB = INK, shade: float = 1.0) -> None:
        """A closed, contented eye: an arc."""
        self.fill(arc_band(x, y, size, size * 0.62, 200, 340, size * 0.4), paint, shade)


def ellipse(x: float, y: float, rx: float, ry: float | None = None, *, tilt: float = 0.0, count: int = 18) -> Points:
    """An ellipse about (x, y); a circle when `ry` is left out."""
    ry = rx if ry is None else ry
    cos, sin = math.cos(math.radians(tilt)), math.sin(math.radians(tilt))
    points = []
    for step in range(count):
        angle = math.tau * (step + 0.5) / count
        u, v = rx * math.cos(angle), ry * math.sin(angle)
        points.append((x + u * cos - v * sin, y + u * sin + v * cos))
    return points


def arc(x: float, y: float, rx: float, ry: float, start: float, stop: float, count: int = 8) -> Points:
    """`count` points along an ellipse from `start` to `stop` degrees, both ends included; open."""
    angles = [math.radians(start + (stop - start) * step / (count - 1)) for step in range(count)]
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def arc_band(x: float, y: float, rx: float, ry: float, start: float, stop: float, width: float, count: int = 7) -> Points:
    """A curved stroke along an ellipse's arc, thickest in the middle."""
    outer = arc(x, y, rx + width / 2, ry + width / 2, start, stop, count)
    inner = arc(x, y, rx - width / 2, ry - width / 2, stop, start, count)
    ends = arc(x, y, rx, ry, start, stop, 2)
    return [ends[0], *outer[1:-1], ends[1], *inner[1:-1]]


def _spline(p0: Point, p1: Point, p2: Point, p3: Point, t: float) -> Point:
    """Catmull-Rom between p1 and p2."""
    a, b, c, d = (
        -0.5 * t + t * t - 0.5 * t**3,
        1 - 2.5 * t * t + 1.5 * t**3,
        0.5 * t + 2 * t * t - 1.5 * t**3,
        0.5 * (t**3 - t * t),
    )
    return (a * p0[0] + b * p1[0] + c * p2[0] + d * p3[0], a * p0[1] + b * p1[1] + c * p2[1] + d * p3[1])


def blob(knots: Sequence[Point], per: int = 4) -> Points:
    """A closed smooth curve through the knots, `per` points from one knot to the next."""
    count, per = len(knots), 2 * per
    return [
        _spline(knots[i - 1], knots[i], knots[(i + 1) % count], knots[(i + 2) % count], step / per)
        for i in range(count)
        for step in range(per)
    ]


def curve(knots: Sequence[Point], per: int = 4) -> Points:
    """An open smooth curve from the first knot to the last."""
    per = 2 * per
    padded = [knots[0], *knots, knots[-1]]
    pieces = [padded[i : i + 4] for i in range(len(knots) - 1)]
    points = [_spline(p0, p1, p2, p3, step / per) for p0, p1, p2, p3 in pieces for step in range(per)]
    return [*points, knots[-1]]


def limb(knots: Sequence[Point], widths: Sequence[float], per: int = 3, cap: int = 3) -> Points:
    """A bending limb through the knots with the given full widths there; `cap` points round off each end,
    0 cuts it straight."""
    spine = curve(knots, per)
    wide = [w[0] / 2 for w in curve([(w, 0.0) for w in widths], per)]
    last = len(spine) - 1
    left, right = [], []
    for i, (x, y) in enumerate(spine):
        (ax, ay), (bx, by) = spine[max(i - 1, 0)], spine[min(i + 1, last)]
        length = math.hypot(bx - ax, by - ay) or 1.0
        nx, ny = -(by - ay) / length * wide[i], (bx - ax) / length * wide[i]
        left.append((x + nx, y + ny))
        right.append((x - nx, y - ny))
    left, right = _unlooped(left, spine, wide), _unlooped(right, spine, wide)
    return [*left, *_cap(left[-1], right[-1], cap), *right[::-1], *_cap(right[0], left[0], cap)]


def _unlooped(side: Points, spine: Points, wide: list[float]) -> Points:
    """One side of a limb without the points that a tight bend throws inside the limb: they would leave holes."""
    inner = [
        all((x - u) ** 2 + (y - v) ** 2 >= (0.96 * w) ** 2 for (u, v), w in zip(spine, wide, strict=True)) for x, y in side[1:-1]
    ]
    return [side[0], *[point for point, keep in zip(side[1:-1], inner, strict=True) if keep], side[-1]]


def _cap(start: Point, stop: Point, count: int) -> Points:
    """Half a circle clockwise from start to stop, without its ends."""
    count = count + 2 if count else 0
    x, y = (start[0] + stop[0]) / 2, (start[1] + stop[1]) / 2
    dx, dy = start[0] - x, start[1] - y
    angles = [-math.pi * step / (count + 1) for step in range(1, count + 1)]
    return [(x + dx * math.cos(a) - dy * math.sin(a), y + dx * math.sin(a) + dy * math.cos(a)) for a in angles]


def stroke(start: Point, stop: Point, width: float) -> Points:
    """A straight line with a width: four corners."""
    dx, dy = stop[0] - start[0], stop[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    nx, ny = -dy / length * width / 2, dx / length * width / 2
    return [
        (start[0] + nx, start[1] + ny),
        (stop[0] + nx, stop[1] + ny),
        (stop[0] - nx, stop[1] - ny),
        (start[0] - nx, start[1] - ny),
    ]


def box(left: float, bottom: float, right: float, top: float) -> Points:
    """An upright rectangle."""
    return [(left, bottom), (right, bottom), (right, top), (left, top)]


def rounded(corners: Sequence[Point], radius: float | Sequence[float], per: int = 4) -> Points:
    """A polygon with rounded corners; one radius for all or one for each (0 keeps the corner)."""
    radii = [radius] * len(corners) if isinstance(radius, (int, float)) else radius
    points: Points = []
    for i, (x, y) in enumerate(corners):
        (ax, ay), (bx, by) = corners[i - 1], corners[(i + 1) % len(corners)]
        before, after = math.hypot(ax - x, ay - y), math.hypot(bx - x, by - y)
        cut = min(radii[i], before / 2, after / 2)
        if cut <= 0:
            points.append((x, y))
            continue
        p, q = (
            (x + (ax - x) * cut / before, y + (ay - y) * cut / before),
            (x + (bx - x) * cut / after, y + (by - y) * cut / after),
        )
        for step in range(per):
            t = step / (per - 1)
            s = 1 - t
            points.append((s * s * p[0] + 2 * s * t * x + t * t * q[0], s * s * p[1] + 2 * s * t * y + t * t * q[1]))
    return points


def panel(left: float, bottom: float, right: float, top: float, radius: float, per: int = 4) -> Points:
    """An upright rectangle with rounded corners."""
    return rounded(box(left, bottom, right, top), radius, per)


def ring(x: float, y: float, outer: float, inner: float, count: int = 22) -> Points:
    """A band with a real hole: out along one circle, back along the other, joined at a seam."""
    out, back = arc(x, y, outer, outer, 0, 360, count), arc(x, y, inner, inner, 360, 0, count)
    return [*out, *back]


def star(x: float, y: float, radius: float, inner: float, count: int, turned: float = 0.0) -> Points:
    """A star with thin rays: the spokes of a wheel in one polygon when `inner` is small."""
    points = []
    for step in range(2 * count):
        angle, reach = math.radians(turned) + math.pi * step / count, radius if step % 2 == 0 else inner
        points.append((x + reach * math.cos(angle), y + reach * math.sin(angle)))
    return points


def swell(points: Sequence[Point], by: float) -> Points:
    """The polygon grown outward by `by` (shrunk when negative), its corners kept."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))
    by = by if area > 0 else -by
    grown, count = [], len(points)
    for i, (x, y) in enumerate(points):
        (ax, ay), (bx, by_) = points[i - 1], points[(i + 1) % count]
        la, lb = math.hypot(x - ax, y - ay) or 1e-9, math.hypot(bx - x, by_ - y) or 1e-9
        ux, uy, vx, vy = (y - ay) / la, (ax - x) / la, (by_ - y) / lb, (x - bx) / lb
        scale = by / max(1 + ux * vx + uy * vy, 0.55)
        grown.append((x + (ux + vx) * scale, y + (uy + vy) * scale))
    return grown


def thinned(points: Sequence[Point], slack: float) -> Points:
    """The polygon without the points that lie within `slack` of the outline that is left."""
    (left, low), kept, skipped = points[0], [points[0]], []
    for here, ahead in pairwise([*points[1:], points[0]]):
        skipped.append(here)
        dx, dy = ahead[0] - left, ahead[1] - low
        limit = slack * math.hypot(dx, dy)
        for x, y in skipped:
            if not -limit < dx * (y - low) - dy * (x - left) < limit:
                kept.append(here)
                (left, low), skipped = here, []
                break
    return kept


def place(points: Sequence[Point], x: float, y: float, degrees: float = 0.0, scale: float = 1.0) -> Points:
    """Local points turned, enlarged and carried to (x, y)."""
    cos, sin = math.cos(math.radians(degrees)) * scale, math.sin(math.radians(degrees)) * scale
    return [(x + u * cos - v * sin, y + u * sin + v * cos) for u, v in points]


def swing(phase: int, offset: float = 0.0) -> float:
    """A soft to and fro in [-1, 1] over the phases of a movement; `offset` in whole movements."""
    return math.sin(math.tau * (phase / PHASES + offset))


def knee(hip: Point, foot: Point, upper: float, lower: float, bend: float) -> Point:
    """Where two bones from hip to foot meet; it juts out ahead for bend > 0, behind for bend < 0."""
    dx, dy = foot[0] - hip[0], foot[1] - hip[1]
    far = max(math.hypot(dx, dy), 1e-6)
    along = (far * far + upper * upper - lower * lower) / (2 * far)
    out = math.sqrt(max(upper * upper - along * along, 0.0))
    out = math.copysign(out, bend)
    along = min(along, upper)
    return (hip[0] + (dx * along - dy * out) / far, hip[1] + (dy * along + dx * out) / far)


def step(phase: int, offset: float, reach: float, lift: float, duty: float) -> Point:
    """A foot's shift from its rest in a gait: on the ground it slides back for `duty` of the time, then it swings ahead,
    lifted."""
    t = (phase / PHASES + offset) % 1.0
    if t < duty:
        return (reach * (1 - 2 * t / duty), 0.0)
    t = (t - duty) / (1 - duty)
    return (-reach * math.cos(math.pi * t), lift * math.sin(math.pi * t))
