"""Things on the page: their figures, the light on them and the shadows that they cast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import NOTHING, Bounds, Bytes, Canvas, Corners, Points, Stamp, bounds
from looksay.storybook.chance import Chance
from looksay.storybook.figures import figure
from looksay.storybook.figures.wheels import GLASS, LAMP
from looksay.storybook.land import STUFF, Land
from looksay.storybook.light import Light
from looksay.storybook.spec import COLOURS, KINDS, RGB, Shape, ThingSpec

REGION_NAMES: tuple[str, ...] = STUFF + KINDS
_REGIONS: dict[str, int] = {name: number for number, name in enumerate(REGION_NAMES)}
_SHIFT = 4
_WARM: RGB = (255, 214, 132)


@dataclass(frozen=True, eq=False)
class Body:
    """A figure made ready for drawing: its stamp; the shaded fixed colour of each polygon, 0 where it takes the thing's own
    colour; the shade `main` of that colour (n, 1), 0 where the polygon is fixed; which polygons shine by themselves at night (a
    lit window, a lamp, a screen), in which colours; how large each polygon is; where those start and end that matter for its
    shadow; its extent (left, low, right, high)."""

    stamp: Stamp
    fixed: npt.NDArray[np.float64]
    main: npt.NDArray[np.float64]
    width: float
    shines: npt.NDArray[np.intp]
    shine: npt.NDArray[np.float64]
    sizes: tuple[float, ...]
    bulk: tuple[tuple[int, int], ...]
    extent: tuple[float, float, float, float]


@dataclass(frozen=True)
class Placed:
    """Where a thing came to lie: the pixels it may touch, how many of them it covers on the page (before anything stands in
    front of it), and whether the page's edge cuts it."""

    reach: Bounds
    pixels: int
    cut: bool


def body_of(shapes: tuple[Shape, ...], width: float, lit: tuple[RGB, ...] = ()) -> Body:
    """`lit` are the fixed colours that shine at night: the windows' glass turns warm, all else keeps its colour."""
    paints = [shape.paint for shape in shapes]
    shades = np.array([shape.shade for shape in shapes], dtype=np.float64)[:, None]
    fixed = np.array([(0, 0, 0) if isinstance(paint, str) else paint for paint in paints], dtype=np.float64)
    shines = np.flatnonzero([paint in lit for paint in paints])
    shine = np.where([[paint == GLASS] for paint in paints], np.array(_WARM, dtype=np.float64), fixed) * shades
    stamp = Stamp.of([(shape.points, place) for place, shape in enumerate(shapes)])
    return Body(
        stamp,
        fixed * shades,
        np.where([[isinstance(paint, str)] for paint in paints], shades, 0.0),
        width,
        shines,
        np.minimum(shine[shines], 255.0),
        tuple(float(extent.max()) for extent in _extents(stamp)),
        _bulk(stamp),
        _extent(stamp.points),
    )


def _extent(points: Points) -> tuple[float, float, float, float]:
    """Left, low, right and high."""
    (left, low), (right, high) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return left, low, right, high


def _extents(stamp: Stamp) -> list[Points]:
    """Width and height of every polygon."""
    return [np.ptp(stamp.points[start:end], axis=0) for start, end in zip((0, *stamp.cuts), stamp.cuts, strict=False)]


def _bulk(stamp: Stamp) -> tuple[tuple[int, int], ...]:
    """The polygons that matter for the silhouette: where each starts and ends."""
    pieces = zip((0, *stamp.cuts), stamp.cuts, strict=False)
    return tuple(piece for piece, extent in zip(pieces, _extents(stamp), strict=True) if extent[0] * extent[1] > 0.012)


@cache
def _body(kind: str, action: str, variant: int, phase: int) -> Body:
    if kind == "ball":
        return body_of(_ball(phase), 1.0)
    found = figure(kind, action, variant, phase)
    lit: tuple[RGB, ...] = ()
    if kind in ("bus", "train", "aeroplane"):
        lit = (GLASS,)
    if action == "moving":
        lit += (LAMP,)
    if (kind, action) == ("tvmonitor", "on"):
        lit = tuple(shape.paint for shape in found.shapes if not isinstance(shape.paint, str) and max(shape.paint) > 150)
    return body_of(found.shapes, found.width, lit)


def _ball(phase: int) -> tuple[Shape, ...]:
    """A ball with two white panels, turned by an eighth of a circle with every phase. It is a prop, not one of the kinds."""
    ring = _circle(20) / 2
    panels = [ring[[*range(start, start + 5)]] * 0.92 for start in (0, 10)]
    cosine, sine = _turn(-45.0 * phase)
    turned = [np.stack([p[:, 0] * cosine - p[:, 1] * sine, p[:, 0] * sine + p[:, 1] * cosine + 0.5], axis=1) for p in panels]
    rim = Shape(ring * 1.08 + np.array((0.0, 0.5)), "main", 0.6)
    return rim, Shape(ring + np.array((0.0, 0.5))), *(Shape(panel, (250, 246, 236)) for panel in turned)


def body(thing: ThingSpec) -> Body:
    return _body(thing.kind, thing.action, thing.variant, thing.phase)


def inks(body: Body, colour: RGB, light: Light, haze: float) -> list[list[int]]:
    """The colour of every polygon in this light, with full cover."""
    full = np.full((len(body.main), 4), 255.0)
    paint = full[:, :3]
    np.multiply(body.main, colour, out=paint)
    paint += body.fixed
    np.minimum(paint, 255.0, out=paint)
    paint *= light.tint
    paint += light.glow
    if light.time == "night" and len(body.shines):
        paint[body.shines] = body.shine
    if haze:
        paint += (np.array(light.haze, dtype=np.float64) - paint) * haze
    np.minimum(np.rint(paint, out=paint), 255.0, out=paint)
    rows: list[list[int]] = full.tolist()
    return rows


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
    touched = bounds(placed)
    speck, start, pixels = 0.5 / (thing.height * canvas.height), 0, canvas.pixels
    paints = inks(figure_body, COLOURS[thing.colour], light, haze)
    for cut, size, ink in zip(figure_body.stamp.cuts, figure_body.sizes, paints, strict=True):
        if size > speck:  # what is smaller than half a pixel only blurs the rest
            cv2.fillPoly(pixels, (placed[start:cut],), ink, cv2.LINE_AA, _SHIFT)
        start = cut
    covered = canvas.claim(touched, _REGIONS[thing.kind], NOTHING if thing.kind == "ball" else place)
    model(canvas, touched, covered)
    return Placed(touched, cv2.countNonZero(covered), _cut(canvas, thing))


def _cut(canvas: Canvas, thing: ThingSpec) -> bool:
    """Whether the page's edge cuts off more than half a hundredth of its height. Reckoned in shares of the page, so that it
    does not depend on the size of the picture."""
    left, low, right, high = body(thing).extent
    if thing.facing == "left":
        left, right = -right, -left
    if thing.tilt:
        points = body(thing).stamp.points * np.array((-1.0 if thing.facing == "left" else 1.0, 1.0))
        cosine, sine = _turn(thing.tilt)
        points = np.stack([points[:, 0] * cosine - points[:, 1] * sine, points[:, 0] * sine + points[:, 1] * cosine], axis=1)
        left, low, right, high = _extent(points)
    wide, size = canvas.width / canvas.height, thing.height
    x, foot = thing.x * wide, thing.ground - thing.lift
    across = x + left * size < -0.005 or x + right * size > wide + 0.005
    return bool(across or foot - high * size < -0.005 or foot - low * size > 1.005)


def model(canvas: Canvas, reach: Bounds, covered: Bytes) -> None:
    """Give the group just claimed some roundness: a little lighter towards its head, a little darker towards its foot.
    `covered` is its silhouette within `reach`."""
    rows, columns = canvas.within(reach)
    part = canvas.pixels[rows, columns]
    if not part.size:
        return
    ramp = _ramp(reach[3] - reach[1])[rows.start - reach[1] : rows.stop - reach[1]]
    cv2.copyTo(cv2.multiply(part, cv2.repeat(ramp, 1, part.shape[1]), scale=1 / 128), covered, part)


@lru_cache(maxsize=1024)
def _ramp(rows: int) -> Bytes:
    """(rows, 1, 4) factors out of 128: 1.06 at the top, 0.88 at the foot, the cover as it is."""
    ramp = np.full((rows, 1, 4), 128, np.uint8)
    ramp[:, 0, :3] = (136 - (np.arange(rows) * 24) // rows)[:, None]
    return ramp


def cast(canvas: Canvas, thing: ThingSpec, light: Light, land: Land) -> None:
    """The soft shadow on the ground: dark where the thing stands, and its leaning silhouette away from the light."""
    if afloat(thing, land):
        _mirror(canvas, thing, light)
        return
    high = thing.lift > 0 and not thing.on
    if high and thing.lift > 0.3:
        return
    figure_body = body(thing)
    strength = light.shadow * (0.6 if high else 1.0)
    wide = figure_body.width * thing.height / 2
    lean = 0.0 if light.indoors or high else 0.5 if thing.x > land.sun else -0.5
    pool = canvas.place(_POOL, (thing.x, thing.ground), (wide, 0.055 * thing.height + 0.006))
    fallen = _fallen(canvas, thing, lean) if lean else pool
    low, far = bounds(pool), bounds(fallen)
    low = (min(low[0], far[0]), min(low[1], far[1]), max(low[2], far[2]), max(low[3], far[3]))
    blur = max(int(thing.height * canvas.height * 0.03), 1)
    reach = (low[0] - 2 * blur, low[1] - 2 * blur, low[2] + 2 * blur, low[3] + 2 * blur)
    rows, columns = canvas.within(reach)
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return
    dark = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    offset = np.array((columns.start * 16, rows.start * 16), np.int32)
    value = round(128 * strength)
    if lean:
        fallen = fallen - offset
        for start, end in figure_body.bulk:
            cv2.fillPoly(dark, (fallen[start:end],), value * 3 // 4, cv2.LINE_8, _SHIFT)
    cv2.fillConvexPoly(dark, pool - offset, value, cv2.LINE_8, _SHIFT)
    soft = cv2.blur(cv2.blur(dark, (2 * blur + 1, 2 * blur + 1)), (2 * blur + 1, blur | 1))
    canvas.tone(reach, 128 - soft)


def _fallen(canvas: Canvas, thing: ThingSpec, lean: float) -> Corners:
    """The corners of the body as they lie on the ground, `lean` times its height to the right."""
    points = body(thing).stamp.points
    flat = np.empty_like(points)
    flat[:, 0] = points[:, 0] * (-1.0 if thing.facing == "left" else 1.0) + points[:, 1] * lean
    flat[:, 1] = points[:, 1] * -0.16
    return canvas.place(flat, (thing.x, thing.ground), (thing.height, thing.height))


def afloat(thing: ThingSpec, land: Land) -> bool:
    """Whether it lies on water."""
    return thing.kind == "boat" and "water" in land.bands and thing.ground <= land.bands["water"][1] + 0.03


def _mirror(canvas: Canvas, thing: ThingSpec, light: Light) -> None:
    """The thing's image in the water below it, half as high and half as clear."""
    figure_body = body(thing)
    side = -1.0 if thing.facing == "left" else 1.0
    placed = canvas.place(figure_body.stamp.points, (thing.x, thing.ground), (side * thing.height, -0.5 * thing.height))
    reach = bounds(placed)
    rows, columns = canvas.within(reach)
    part = canvas.pixels[rows, columns]
    if not part.size:
        return
    before = part.copy()
    canvas.draw(placed, figure_body.stamp.cuts, inks(figure_body, COLOURS[thing.colour], light, 0.0))
    seen = cv2.addWeighted(before, 0.625, cv2.blur(part, (3, 1)), 0.375, 0)
    part[...] = before
    cv2.copyTo(seen, cv2.compare(canvas.regions[rows, columns], _REGIONS["water"], cv2.CMP_EQ), part)
    part[..., 3] = 0


def lap(canvas: Canvas, thing: ThingSpec, light: Light) -> None:
    """Small waves that wash over the foot of a thing in the water."""
    wide = body(thing).width * thing.height
    chance = Chance("lap", thing.id, thing.variant)
    reach: list[Bounds] = []
    for number in range(9):
        spot = (thing.x + (number / 8 - 0.5) * wide * 1.04 * canvas.height / canvas.width, thing.ground + 0.005)
        size = (0.1 * wide * chance.real(0.7, 1.2), 0.012 * wide)
        ink = light.on((120, 180, 204) if number % 2 else (206, 232, 236))
        reach.append(canvas.draw(canvas.place(_RIPPLE, spot, size), (len(_RIPPLE),), [(*ink, 255)]))
    low = (min(r[0] for r in reach), min(r[1] for r in reach), max(r[2] for r in reach), max(r[3] for r in reach))
    canvas.claim(low, _REGIONS["water"])


def _circle(corners: int) -> Points:
    return np.array([_turn(360.0 * corner / corners) for corner in range(corners)])


_POOL = _circle(16)
_RIPPLE: Points = np.array([(-1, 0), (-0.4, 0.8), (0.3, 0.8), (1, 0), (0.3, -0.6), (-0.4, -0.6)])
