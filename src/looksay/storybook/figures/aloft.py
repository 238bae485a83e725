"""Aeroplanes and boats: what goes with wings and what goes with sails."""

from __future__ import annotations

from looksay.storybook.figures.pen import INK, PAPER, Pen, Points, blob, box, ellipse, limb, panel, place, rounded, stroke, swing
from looksay.storybook.figures.road import GLASS, RIM, SOOT, STEEL, TAIL, TYRE
from looksay.storybook.spec import PHASES, RGB

WOOD: RGB = (150, 104, 66)
CANVAS: RGB = (250, 244, 228)


def aeroplane(action: str, variant: int, phase: int) -> Pen:
    pen, flying = Pen(0.016), action == "flying"
    if variant in (1, 4):
        _jet(pen, variant, flying, phase)
    else:
        _propeller(pen, variant, flying, phase)
    if flying:
        tilt = 3.5 + 1.2 * swing(phase)
        turned = Pen(pen.rim)
        for shape in pen.shapes:
            turned.fill(place([(float(x), float(y)) for x, y in shape.points], 0.0, 0.0, tilt), shape.paint, shape.shade)
        return turned
    return pen


def _gear(pen: Pen, x: float, top: float, radius: float, shade: float = 1.0) -> None:
    pen.fill(stroke((x, top), (x, radius), 0.04), STEEL, shade)
    pen.fill(ellipse(x, radius, radius, count=14), TYRE, shade)
    pen.fill(ellipse(x, radius, radius * 0.45, count=8), RIM, shade)


def _jet(pen: Pen, variant: int, flying: bool, phase: int) -> None:
    high = 0.1 if variant == 4 else 0.0
    if not flying:
        _gear(pen, 0.86, 0.3, 0.075)
        _gear(pen, -0.1, 0.3, 0.085)
    pen.solid([(-0.1, 0.42), (-0.5, 0.62), (-0.64, 0.62), (-0.4, 0.42)], shade=0.66)  # the far wing
    pen.solid([(-1.28, 0.5), (-1.5, 1.02), (-1.26, 1.02), (-0.86, 0.56)])
    body = blob(
        [
            (-1.46, 0.56),
            (-1.0, 0.62 + high),
            (0.0, 0.65 + high),
            (0.9, 0.63 + high),
            (1.22, 0.5),
            (1.34, 0.38),
            (1.18, 0.27),
            (0.6, 0.22),
            (-0.3, 0.22),
            (-0.9, 0.34),
        ],
        3,
    )
    pen.solid(body)
    pen.fill(
        blob([(1.32, 0.36), (1.18, 0.27), (0.6, 0.22), (-0.3, 0.22), (-0.9, 0.34), (-0.3, 0.32), (0.7, 0.31)], 3), "main", 0.74
    )
    pen.fill(rounded([(0.98, 0.46), (1.2, 0.46), (1.08, 0.56), (0.96, 0.58)], 0.02, 3), GLASS)
    for i in range(7):
        x = -0.72 + i * 0.22
        pen.fill(panel(x, 0.44, x + 0.11, 0.54, 0.035, 3), GLASS)
    if variant == 4:
        for i in range(5):
            x = -0.42 + i * 0.22
            pen.fill(panel(x, 0.61, x + 0.11, 0.69, 0.03, 3), GLASS)
    pen.solid([(-1.16, 0.52), (-1.5, 0.62), (-1.62, 0.62), (-1.36, 0.5)], shade=0.86)
    pen.solid(panel(0.04, 0.1, 0.42, 0.25, 0.07, 4), paint=RIM)
    pen.fill(ellipse(0.41, 0.175, 0.03, 0.065, count=10), SOOT)
    pen.solid(rounded([(0.36, 0.36), (-0.5, 0.12), (-0.72, 0.13), (-0.3, 0.38)], 0.03, 3), shade=0.88)


def _propeller(pen: Pen, variant: int, flying: bool, phase: int) -> None:
    biplane, high = variant in (0, 3), variant == 5
    wheels = 0.11
    if not flying or variant != 2:
        _gear(pen, 0.42, 0.4, wheels)
        if variant == 5:
            _gear(pen, 0.86, 0.36, wheels * 0.85)
        else:
            pen.fill(ellipse(-0.92, 0.28 if not flying else 0.3, 0.05, count=8), TYRE)
    pen.solid(rounded([(-0.98, 0.48), (-1.2, 0.92), (-0.98, 0.96), (-0.7, 0.54)], 0.08, 4))
    body = blob(
        [(-1.1, 0.5), (-0.5, 0.6), (0.1, 0.64), (0.7, 0.62), (0.94, 0.52), (0.94, 0.36), (0.7, 0.26), (0.1, 0.26), (-0.6, 0.36)],
        3,
    )
    if high:
        pen.fill(rounded([(0.02, 0.58), (0.62, 0.58), (0.44, 0.8), (0.0, 0.8)], 0.05, 3), GLASS)
        pen.fill(stroke((0.2, 0.58), (0.2, 0.8), 0.03), SOOT)
    elif variant == 2:
        pen.fill(blob([(-0.16, 0.58), (-0.06, 0.78), (0.2, 0.8), (0.44, 0.6)], 3), GLASS)
    pen.solid(body)
    pen.fill(blob([(0.94, 0.36), (0.7, 0.26), (0.1, 0.26), (-0.6, 0.36), (-0.1, 0.36), (0.6, 0.36)], 3), "main", 0.74)
    pen.solid(rounded([(0.8, 0.6), (0.94, 0.56), (0.94, 0.33), (0.8, 0.28)], 0.05, 3), paint=STEEL)
    if biplane:
        pen.fill(blob([(-0.14, 0.6), (0.0, 0.7), (0.12, 0.62)], 3), SOOT)
        pen.fill([(0.14, 0.62), (0.2, 0.62), (0.12, 0.76)], GLASS)
    pen.fill(ellipse(-0.46, 0.48, 0.09, count=14), PAPER)
    pen.fill(ellipse(-0.46, 0.48, 0.05, count=10), TAIL)
    pen.solid(rounded([(-0.8, 0.5), (-1.22, 0.54), (-1.22, 0.48), (-0.84, 0.44)], 0.03, 3), shade=0.86)
    wing = rounded([(0.5, 0.3), (0.4, 0.38), (-0.22, 0.34), (-0.3, 0.26), (0.2, 0.24)], 0.04, 3)
    if high:
        pen.fill(stroke((0.3, 0.8), (0.2, 0.38), 0.03), STEEL)
        wing = rounded([(0.62, 0.8), (0.56, 0.88), (-0.2, 0.88), (-0.28, 0.81)], 0.05, 3)
    pen.solid(wing, shade=0.9)
    if biplane:
        for x in (-0.06, 0.4):
            pen.fill(stroke((x, 0.34), (x + 0.1, 0.98), 0.026), WOOD)
        pen.solid(rounded([(0.64, 0.94), (0.6, 1.02), (-0.06, 1.02), (-0.14, 0.94)], 0.04, 3), shade=1.0)
    _blades(pen, 0.97, 0.45, flying, phase)


def _blades(pen: Pen, x: float, y: float, flying: bool, phase: int) -> None:
    """A propeller edge-on: its blades seem to grow and shrink as it turns."""
    reach = 0.3 if not flying else 0.3 * (0.25 + 0.75 * abs(swing(phase, 0.06)))
    pen.fill(ellipse(x, y + reach / 2, 0.028, reach / 2, count=10), WOOD)
    pen.fill(ellipse(x, y - reach / 2, 0.028, reach / 2, count=10), WOOD)
    pen.fill(ellipse(x + 0.02, y, 0.06, 0.055, count=10), TAIL)


def boat(action: str, variant: int, phase: int) -> Pen:
    pen, sailing = Pen(0.012), action == "sailing"
    if variant in (2, 5):
        _steamer(pen, variant, sailing, phase)
    else:
        _sailer(pen, variant, sailing, phase)
    tilt = 1.6 * swing(phase) + (2.5 if sailing else 0.0)
    rocked = Pen(pen.rim)
    for shape in pen.shapes:
        rocked.fill(place([(float(x), float(y)) for x, y in shape.points], 0.0, 0.0, tilt), shape.paint, shape.shade)
    return rocked


def _hull(pen: Pen, corners: Points, trim: RGB) -> None:
    pen.solid(rounded(corners, 0.1, 4))
    left, right = corners[-1], corners[-2]
    pen.fill(
        [
            (left[0] + 0.02, left[1] - 0.07),
            (right[0] - 0.03, right[1] - 0.07),
            (right[0] - 0.06, right[1] - 0.11),
            (left[0] + 0.04, left[1] - 0.11),
        ],
        trim,
    )


def _flag(pen: Pen, x: float, y: float, phase: int, paint: RGB | str = TAIL) -> None:
    wave = 0.03 * swing(phase)
    pen.fill([(x, y), (x - 0.12, y - 0.03 + wave), (x - 0.24, y - 0.06 - wave), (x - 0.12, y - 0.1 + wave), (x, y - 0.13)], paint)


def _sailer(pen: Pen, variant: int, sailing: bool, phase: int) -> None:
    belly = 0.05 + 0.025 * swing(phase)
    tall = {0: 1.2, 1: 0.95, 3: 1.25, 4: 1.0}[variant]
    mast = {0: 0.02, 1: 0.1, 3: 0.12, 4: -0.04}[variant]
    deck = 0.3
    if variant == 1 and not sailing:  # a rowing boat with its oars out
        dip = 0.05 * swing(phase)
        pen.fill(limb([(0.14, deck + 0.08), (-0.2, 0.16), (-0.34, 0.02 + dip)], [0.03, 0.03, 0.08], 1, 2), WOOD, 0.8)
    else:
        pen.fill(stroke((mast, deck - 0.1), (mast, tall), 0.035), WOOD)
    if sailing:
        back = [(mast - 0.03, tall - 0.06), (mast - 0.03, deck + 0.1), (-0.56, deck + 0.12)]
        curve = [
            (mast - 0.03, tall - 0.06),
            (mast - 0.3 - belly, (tall + deck) / 2 + 0.1),
            (-0.58, deck + 0.1),
            (mast - 0.03, deck + 0.08),
        ]
        if variant == 4:  # a square sail
            curve = [
                (mast + 0.34, tall - 0.1),
                (mast + 0.36 + belly * 1.5, deck + 0.42),
                (mast + 0.3, deck + 0.12),
                (mast - 0.36, deck + 0.12),
                (mast - 0.3 + belly, deck + 0.4),
                (mast - 0.34, tall - 0.1),
            ]
            pen.solid(rounded(curve, 0.06, 4), paint=CANVAS, line=0.7)
            for y in (deck + 0.24, deck + 0.46):
                pen.fill(
                    [
                        (mast - 0.31 + belly * 0.7, y),
                        (mast + 0.33 + belly, y),
                        (mast + 0.34 + belly, y + 0.1),
                        (mast - 0.3 + belly * 0.8, y + 0.1),
                    ],
                    "main",
                    1.05,
                )
        else:
            pen.solid(rounded(curve, [0.02, 0.3, 0.04, 0.02], 5), paint=CANVAS, line=0.7)
            low, high = deck + 0.2, deck + 0.34
            share = [(y - back[1][1]) / (back[0][1] - back[1][1]) for y in (low, high)]
            pen.fill(
                [(mast - 0.03, low), (-0.53 + share[0] * 0.5, low), (-0.55 + share[1] * 0.5, high), (mast - 0.03, high)],
                "main",
                1.05,
            )
            if variant != 1:
                jib = [
                    (mast + 0.03, tall - 0.14),
                    (mast + 0.3 + belly, deck + 0.34),
                    (0.62, deck + 0.1),
                    (mast + 0.03, deck + 0.1),
                ]
                pen.solid(rounded(jib, [0.02, 0.3, 0.03, 0.02], 5), paint=CANVAS, shade=0.93, line=0.7)
    elif variant != 1:
        roll = [(mast - 0.04, deck + 0.14), (-0.3, deck + 0.15), (-0.56, deck + 0.13)]
        pen.solid(limb(roll, [0.07, 0.1, 0.06], 3, 3), paint=CANVAS, line=0.7)
    if variant != 1 or sailing:
        _flag(pen, mast, tall, phase)
    hulls: dict[int, Points] = {
        0: [(-0.5, 0.0), (0.46, 0.0), (0.82, deck + 0.06), (-0.66, deck + 0.03)],
        1: [(-0.52, 0.0), (0.5, 0.0), (0.8, deck + 0.08), (-0.72, deck + 0.04)],
        3: [(-0.58, 0.0), (0.5, 0.0), (0.98, deck + 0.04), (-0.74, deck + 0.06)],
        4: [(-0.56, 0.0), (0.54, 0.0), (0.84, deck + 0.16), (-0.82, deck + 0.14)],
    }
    if variant == 3:
        pen.solid(panel(-0.5, deck - 0.04, 0.0, deck + 0.14, 0.05, 3), paint=(244, 238, 222))
        for x in (-0.38, -0.24, -0.1):
            pen.fill(ellipse(x, deck + 0.08, 0.035, count=8), GLASS, 0.8)
    _hull(pen, hulls[variant], (252, 248, 236))
    if variant in (1, 4):
        for y in (0.1, 0.17):
            pen.fill([(-0.62, y), (0.6, y), (0.6, y + 0.014), (-0.62, y + 0.014)], "main", 0.66)
    if variant == 1 and not sailing:
        dip = 0.05 * swing(phase, 0.1)
        pen.fill(limb([(0.2, deck + 0.12), (-0.08, 0.2), (-0.26, 0.02 + dip)], [0.03, 0.03, 0.09], 1, 2), WOOD)


def _steamer(pen: Pen, variant: int, sailing: bool, phase: int) -> None:
    deck = 0.34
    pen.fill(stroke((-0.3, deck), (-0.3, 1.0), 0.03), WOOD)
    if sailing:
        _flag(pen, -0.3, 1.0, phase)
    if variant == 2:  # a tug with a funnel
        pen.solid([(-0.24, deck + 0.2), (-0.02, deck + 0.2), (-0.05, 0.9), (-0.21, 0.9)], paint=SOOT)
        pen.fill([(-0.222, 0.72), (-0.038, 0.72), (-0.046, 0.8), (-0.214, 0.8)], TAIL)
        pen.solid(panel(-0.44, deck - 0.05, 0.34, deck + 0.26, 0.04, 3), paint=(244, 236, 216))
        pen.solid(panel(0.04, deck + 0.2, 0.36, deck + 0.46, 0.04, 3), paint=(244, 236, 216))
        pen.fill(panel(0.12, deck + 0.28, 0.32, deck + 0.41, 0.02, 3), GLASS)
        for x in (-0.28, -0.08, 0.12):
            pen.fill(ellipse(x, deck + 0.14, 0.05, count=10), GLASS, 0.8)
        hull: Points = [(-0.7, 0.0), (0.62, 0.0), (0.92, deck + 0.16), (-0.84, deck + 0.02)]
    else:  # a motor boat with a cabin
        pen.solid(
            rounded([(-0.5, deck), (0.36, deck), (0.12, deck + 0.34), (-0.42, deck + 0.34)], 0.06, 3), paint=(244, 240, 232)
        )
        pen.fill(rounded([(-0.06, deck + 0.1), (0.24, deck + 0.1), (0.08, deck + 0.27), (-0.06, deck + 0.27)], 0.02, 3), GLASS)
        pen.fill(panel(-0.38, deck + 0.1, -0.14, deck + 0.27, 0.02, 3), GLASS)
        hull = [(-0.84, 0.0), (0.44, 0.0), (1.1, deck + 0.14), (-0.9, deck + 0.06)]
    _hull(pen, hull, (252, 248, 236))
    if variant == 2:
        for x in (-0.5, -0.1, 0.3):
            pen.fill(ellipse(x, 0.14, 0.07, count=12), TYRE)
            pen.fill(ellipse(x, 0.14, 0.03, count=8), "main", 0.8)


__all__ = ["INK", "PHASES", "aeroplane", "boat", "box"]
