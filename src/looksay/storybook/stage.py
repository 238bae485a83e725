"""Things on the page: their figures, the light on them and the shadows that they cast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import Bounds, Bytes, Canvas, Points, Stamp, bounds
from looksay.storybook.figures import figure
from looksay.storybook.land import STUFF, Land
from looksay.storybook.light import Light
from looksay.storybook.spec import COLOURS, KINDS, RGB, Shape, ThingSpec

REGION_NAMES: tuple[str, ...] = STUFF + KINDS
_SHIFT = 4


@dataclass(frozen=True, eq=False)
class Body:
    """A figure made ready for drawing: its stamp, the fixed colour of each polygon where `main` is False, and its shade."""

    stamp: Stamp
    fixed: npt.NDArray[np.float64]
    main: npt.NDArray[np.bool_]
    shades: npt.NDArray[np.float64]
    width: float


@dataclass(frozen=True)
class Placed:
    """Where a thing came to lie: the pixels it may touch, how many of them it covers on the page (before anything stands in
    front of it), and whether the page's edge cuts it."""

    reach: Bounds
    pixels: int
    cut: bool


def body_of(shapes: tuple[Shape, ...], width: float) -> Body:
    paints = [shape.paint for shape in shapes]
    return Body(
        Stamp.of([(shape.points, place) for place, shape in enumerate(shapes)]),
        np.array([(0, 0, 0) if isinstance(paint, str) else paint for paint in paints], dtype=np.float64),
        np.array([isinstance(paint, str) for paint in paints]),
        np.array([shape.shade for shape in shapes], dtype=np.float64)[:, None],
        width,
    )


@cache
def _body(kind: str, action: str, variant: int, phase: int) -> Body:
    found = figure(kind, action, variant, phase)
    return body_of(found.shapes, found.width)


def body(thing: ThingSpec) -> Body:
    return _body(thing.kind, thing.action, thing.variant, thing.phase)


def inks(body: Body, colour: RGB, light: Light, haze: float) -> list[list[int]]:
    """The colour of every polygon in this light, with full cover."""
    paint = np.where(body.main[:, None], np.array(colour, dtype=np.float64), body.fixed) * body.shades
    paint = np.minimum(paint, 255.0) * light.tint + light.glow
    paint += (np.array(light.haze, dtype=np.float64) - paint) * haze
    full: list[list[int]] = np.hstack([np.clip(np.rint(paint), 0, 255), np.full((len(paint), 1), 255.0)]).tolist()
    return full


def outline(canvas: Canvas, thing: ThingSpec) -> npt.NDArray[np.int32]:
    """All corners of the thing's body in sixteenths of a pixel."""
    side = -1.0 if thing.facing == "left" else 1.0
    return canvas.place(
        body(thing).stamp.points, (thing.x, thing.ground - thing.lift), (side * thing.height, thing.height), _turn(thing.tilt)
    )


@cache
def _turn(degrees: float) -> tuple[float, float]:
    """Cosine and sine, rounded so that they are the same on every machine."""
    angle = math.radians(degrees)
    return round(math.cos(angle), 9), round(math.sin(angle), 9)


def draw_body(canvas: Canvas, thing: ThingSpec, place: int, light: Light, land: Land) -> Placed:
    """Paint the thing and claim its pixels as number `place`."""
    figure_body = body(thing)
    placed = outline(canvas, thing)
    haze = 0.0 if light.indoors else 0.22 * min(max((0.75 - thing.ground) / (0.75 - land.eye), 0.0), 1.0)
    reach = canvas.draw(placed, figure_body.stamp.cuts, inks(figure_body, COLOURS[thing.colour], light, haze))
    model(canvas, reach)
    covered = canvas.claim(reach, REGION_NAMES.index(thing.kind), place)
    return Placed(reach, int(np.count_nonzero(covered)), _cut(canvas, placed))


def _cut(canvas: Canvas, placed: npt.NDArray[np.int32]) -> bool:
    """Whether more than half a hundredth of the page lies between the edge and what is beyond it."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    spare = canvas.height * 16 // 200
    right, foot = canvas.width * 16 - 8, canvas.height * 16 - 8
    return bool(low[0] < -8 - spare or low[1] < -8 - spare or high[0] > right + spare or high[1] > foot + spare)


def model(canvas: Canvas, reach: Bounds) -> None:
    """Give the group just drawn some roundness: a little lighter towards its head, a little darker towards its foot."""
    rows, columns = canvas.within(reach)
    part = canvas.pixels[rows, columns]
    if not part.size:
        return
    ramp = _ramp(reach[3] - reach[1])[rows.start - reach[1] : rows.stop - reach[1]]
    shaded = cv2.multiply(part, np.ascontiguousarray(np.broadcast_to(ramp, part.shape)), scale=1 / 128)
    cv2.copyTo(shaded, cv2.threshold(cv2.extractChannel(part, 3), 127, 255, cv2.THRESH_BINARY)[1], part)


@lru_cache(maxsize=1024)
def _ramp(rows: int) -> Bytes:
    """(rows, 1, 4) factors out of 128: 1.06 at the top, 0.88 at the foot, the cover as it is."""
    ramp = np.full((rows, 1, 4), 128, np.uint8)
    ramp[:, 0, :3] = (136 - (np.arange(rows) * 24) // rows)[:, None]
    return ramp


def cast(canvas: Canvas, thing: ThingSpec, light: Light, land: Land) -> None:
    """The soft shadow on the ground: dark where the thing stands, and its leaning silhouette away from the light."""
    high = thing.lift > 0 and not thing.on
    if high and thing.lift > 0.3:
        return
    figure_body = body(thing)
    strength = light.shadow * (0.6 if high else 1.0)
    wide = figure_body.width * thing.height / 2
    lean = 0.0 if light.indoors or high else 0.5 if thing.x > land.sun else -0.5
    points = figure_body.stamp.points
    side = -1.0 if thing.facing == "left" else 1.0
    flat = np.empty_like(points)
    flat[:, 0] = points[:, 0] * side + points[:, 1] * lean
    flat[:, 1] = points[:, 1] * -0.16
    fallen = canvas.place(flat, (thing.x, thing.ground), (thing.height, thing.height))
    pool = canvas.place(_POOL, (thing.x, thing.ground), (wide, 0.055 * thing.height + 0.006))
    low = bounds(pool if lean == 0.0 else np.concatenate([fallen, pool]))
    blur = max(int(thing.height * canvas.height * 0.03), 1)
    reach = (low[0] - 2 * blur, low[1] - 2 * blur, low[2] + 2 * blur, low[3] + 2 * blur)
    rows, columns = canvas.within(reach)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    dark = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    offset = (-columns.start * 16, -rows.start * 16)
    value = round(128 * strength)
    if lean:
        start = 0
        for cut in figure_body.stamp.cuts:
            cv2.fillPoly(dark, [fallen[start:cut] + np.array(offset, np.int32)], value * 3 // 4, cv2.LINE_8, _SHIFT)
            start = cut
    cv2.fillPoly(dark, [pool + np.array(offset, np.int32)], value, cv2.LINE_8, _SHIFT)
    soft = cv2.blur(cv2.blur(dark, (2 * blur + 1, 2 * blur + 1)), (2 * blur + 1, blur | 1))
    canvas.darken(reach, cv2.subtract(np.full_like(soft, 128), soft))


def _circle(corners: int) -> Points:
    return np.array([_turn(360.0 * corner / corners) for corner in range(corners)])


_POOL = _circle(16)
