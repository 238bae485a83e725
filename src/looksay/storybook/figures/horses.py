"""Horses: with blaze, saddle, feathered feet, patches, spots and stockings."""

from __future__ import annotations

import math

from looksay.storybook.figures.legs import Frame, feet, four_legs, hoofs
from looksay.storybook.figures.pen import INK, LIPS, Pen, Point, Points, blob, ellipse, limb, place, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.03, 1.0, 1.06, 0.76, 0.98, 1.0)

# Of each horse: how deep its belly, how thick its legs, how much longer these are than usual, how long it is.
_BUILDS: tuple[tuple[float, float, float, float], ...] = (
    (0.0, 0.0, 0.0, 1.0), (-0.01, -0.005, 0.04, 0.95), (0.045, 0.03, -0.03, 1.04), (0.05, 0.02, -0.08, 1.0),
        (-0.02, -0.008, 0.07, 0.98),
    (0.02, 0.01, -0.02, 1.08),
)  # fmt: skip
_MANES: tuple[RGB, ...] = ((60, 44, 40), (238, 218, 174), (66, 54, 52), (230, 218, 200), (44, 40, 44), (126, 86, 58))
_CREAM: RGB = (250, 243, 228)
_TAN: RGB = (232, 204, 166)
_CLOTH: RGB = (188, 62, 58)


def horse(action: str, variant: int, phase: int) -> Pen:
    pen, run, low, wag = Pen(0.0125), action == "running", action == "grazing", swing(phase)
    stout, thick, d, wide = _BUILDS[variant]
    frame = Frame(0.3, -0.36, 0.53 + d, (0.15 + thick, 0.085 + thick, 0.065 + thick), 0.32, 0.24, 0.0, 0.075)
    legs, mane = four_legs(frame, action, phase), _MANES[variant]
    for leg in legs[:2]:
        pen.solid(leg, shade=0.76)
    hoofs(pen, frame, action, phase, near=False)
    if run:
        tail = [(-0.46, 0.82 + d), (-0.62, 0.87 + d + 0.03 * wag), (-0.78, 0.8 + d - 0.03 * wag), (-0.94, 0.72 + d + 0.06 * wag)]
    else:
        tail = [(-0.46, 0.82 + d), (-0.58, 0.74 + d), (-0.59 - 0.02 * wag, 0.5 + d), (-0.6 - 0.06 * wag, 0.24 + d)]
    pen.solid(limb(tail, [0.09, 0.14, 0.16, 0.04], 3, 1), paint=mane)
    p = 0.025 * swing(phase, 0.15) if run else 0.0
    body = [(-0.53, 0.72), (-0.47, 0.84 - p), (-0.34, 0.89 - p), (-0.12, 0.85), (0.1, 0.84), (0.28, 0.89 + p),
        (0.42, 0.85 + p), (0.47, 0.7 + p), (0.36, 0.53), (0.1, 0.48 - stout),
            (-0.16, 0.51 - stout), (-0.34, 0.5), (-0.5, 0.58)]  # fmt: skip
    poll = (0.83, 0.46 + 0.012 * wag) if low else (0.73, 1.13 + 0.02 * wag) if run else (0.6, 1.22 + 0.008 * wag)
    poll = (poll[0], poll[1] + d)
    crest = [(0.27, 0.72 + d), (0.57, 0.68 + d) if low else ((0.29 + poll[0]) / 2 + 0.03, (0.8 + d + poll[1]) / 2 - 0.02), poll]
    pen.solid(blob([(x, y + d) for x, y in body], 3), limb(crest, [0.36, 0.3 if low else 0.27, 0.18], 3, 2), *legs[2:])
    hoofs(pen, frame, action, phase, near=True)
    _marks(pen, variant, frame, action, phase)
    _mane(pen, variant, crest, 0.04 * wag if run else 0.0, 0.12 if run else 0.03)
    _head(pen, variant, poll, -64.0 if low else -26.0 if run else -36.0, phase)
    return pen.carried(wide=wide)


def _marks(pen: Pen, variant: int, frame: Frame, action: str, phase: int) -> None:
    d = frame.top - 0.53
    if variant in (2, 5):  # feathered or white-stockinged feet
        for x, y in feet(frame, action, phase)[2:]:
            w = 0.062 if variant == 2 else 0.035
            pen.fill([(x - w, y + 0.05), (x + w * 0.8, y + 0.045), (x + w * 0.7, y + 0.17), (x - w * 0.7, y + 0.17)], _CREAM)
    if variant == 1:
        cloth = [(-0.14, 0.85), (0.02, 0.84), (0.18, 0.86), (0.16, 0.66), (0.02, 0.6), (-0.12, 0.66)]
        saddle = [(-0.12, 0.92), (-0.02, 0.86), (0.1, 0.86), (0.17, 0.94), (0.13, 0.78), (-0.04, 0.77)]
        pen.solid(blob([(x, y + d) for x, y in cloth], 3), paint=_CLOTH)
        pen.solid(blob([(x, y + d) for x, y in saddle], 3), paint=(116, 74, 50))
    elif variant == 3:
        for patch in (
            [(-0.48, 0.82), (-0.3, 0.87), (-0.2, 0.72), (-0.36, 0.6), (-0.5, 0.68)],
            [(-0.02, 0.74), (0.14, 0.82), (0.26, 0.68), (0.12, 0.54), (0.0, 0.6)],
        ):
            pen.fill(blob([(x, y + d) for x, y in patch], 3), _TAN)
    elif variant == 4:
        for x, y, r in (
            (-0.44, 0.78, 0.025),
            (-0.32, 0.71, 0.02),
            (-0.35, 0.83, 0.02),
            (-0.24, 0.79, 0.023),
            (-0.44, 0.67, 0.02),
            (-0.22, 0.67, 0.018),
            (-0.13, 0.76, 0.018),
        ):
            pen.fill(ellipse(x, y + d, r, count=7), "main", 0.6)


def _mane(pen: Pen, variant: int, crest: list[Point], fly: float, back: float) -> None:
    """It follows the upper edge of the neck and streams `back`."""
    (ax, ay), (bx, by), (cx, cy) = crest
    length = math.hypot(cx - ax, cy - ay)
    nx, ny = -(cy - ay) / length, (cx - ax) / length
    hang = 0.1 if variant == 3 else 0.045
    lock = [(cx + nx * 0.07, cy + ny * 0.1 + 0.03), (bx + nx * (0.15 + back + fly), by + ny * 0.15 + back * 0.4),
        (ax + nx * (0.22 + back / 2 - fly), ay + ny * 0.2),
            (ax + nx * 0.1, ay + ny * 0.12), (bx + nx * (0.1 - hang), by + ny * (0.1 - hang)),
                (cx - nx * 0.02, cy - ny * 0.02)]  # fmt: skip
    pen.solid(blob(lock, 3), paint=_MANES[variant])


def _head(pen: Pen, variant: int, poll: Point, tilt: float, phase: int) -> None:
    def at(points: Points) -> Points:
        return place(points, *poll, tilt, 0.28)

    flick = 0.06 * swing(phase, 0.2)
    pen.solid(at([(0.04, 0.28), (0.2 + flick, 0.66), (0.34, 0.28)]), shade=0.74)
    skull = [
        (-0.34, 0.0),
        (-0.12, 0.34),
        (0.26, 0.36),
        (0.72, 0.22),
        (1.14, 0.14),
        (1.34, -0.06),
        (1.26, -0.3),
        (0.96, -0.32),
        (0.62, -0.34),
        (0.28, -0.5),
        (-0.15, -0.42),
    ]
    pen.solid(at(blob(skull, 3)))
    pen.fill(at(blob([(1.08, 0.13), (1.33, -0.06), (1.25, -0.3), (0.98, -0.31), (0.98, -0.06)], 2)), "main", 0.74)
    if variant in (0, 2, 5):
        pen.fill(at(blob([(0.3, 0.35), (0.7, 0.22), (1.1, 0.14), (1.06, 0.04), (0.66, 0.12), (0.4, 0.26)], 2)), _CREAM)
    pen.solid(at([(-0.2, 0.2), (-0.06 + flick, 0.7), (0.14, 0.32)]))
    pen.fill(at(blob([(-0.1, 0.36), (0.08, 0.46), (0.36, 0.4), (0.52, 0.22), (0.3, 0.27), (0.1, 0.22)], 2)), _MANES[variant])
    if variant == 1:
        pen.fill(at([(0.78, 0.22), (0.88, 0.2), (0.82, -0.34), (0.72, -0.34)]), _CLOTH)
        pen.fill(at([(0.74, -0.14), (0.76, -0.22), (-0.1, -0.42), (-0.16, -0.34)]), _CLOTH)
    pen.eye(*at([(0.4, 0.06)])[0], 0.038, (58, 38, 28))
    pen.fill(at(ellipse(1.2, -0.02, 0.05, 0.065, count=7)), INK)
    pen.fill(at(limb([(1.24, -0.22), (1.08, -0.22), (0.98, -0.16)], [0.045, 0.045, 0.045], 2, 0)), LIPS)
