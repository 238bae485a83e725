"""Chairs, sofas and dining tables."""

from __future__ import annotations

import math

from looksay.storybook.figures.pen import PAPER, Pen, Points, arc_band, blob, box, ellipse, limb, panel, rounded, stroke
from looksay.storybook.spec import RGB

TABLE_TOP = 0.9
SOFA_SEAT = 0.5
CHAIR_SEAT = 0.46

BEECH: RGB = (178, 128, 82)
STEEL: RGB = (150, 152, 160)


def chair(action: str, variant: int, phase: int) -> Pen:
    """Seen from the side and a little from the front; the seat is at CHAIR_SEAT in all builds."""
    return (_ladder_chair, _kitchen_chair, _armchair, _swivel_chair, _stool_chair, _rocking_chair)[variant]()


def _ladder_chair() -> Pen:
    pen = Pen(0.011)
    pen.solid(stroke((0.32, 0.42), (0.33, 0.06), 0.055), stroke((-0.14, 0.46), (-0.17, 0.06), 0.055), shade=0.7)
    pen.solid(*[stroke((-0.3, y), (-0.12, y + 0.03), 0.07) for y in (0.62, 0.76, 0.9)], shade=0.86)
    pen.solid(stroke((-0.13, 0.5), (-0.16, 0.99), 0.05), shade=0.76)
    seat = rounded([(-0.32, 0.42), (0.28, 0.4), (0.38, 0.5), (-0.18, 0.52)], 0.03, 3)
    pen.solid(
        stroke((-0.28, 0.46), (-0.34, 0.0), 0.06),
        stroke((0.24, 0.44), (0.25, 0.0), 0.06),
        stroke((-0.28, 0.46), (-0.34, 0.98), 0.06),
        seat,
    )
    pen.fill(rounded([(-0.27, 0.445), (0.26, 0.425), (0.34, 0.49), (-0.16, 0.505)], 0.03, 3), (232, 208, 156))
    pen.solid(stroke((-0.32, 0.18), (0.25, 0.18), 0.035), shade=0.86)
    return pen


def _kitchen_chair() -> Pen:
    pen = Pen(0.011)
    pen.solid(stroke((0.3, 0.42), (0.36, 0.04), 0.05), stroke((-0.12, 0.42), (-0.16, 0.04), 0.05), shade=0.7)
    back = rounded([(-0.3, 0.56), (-0.1, 0.6), (-0.14, 1.0), (-0.36, 0.98)], 0.09, 4)
    seat = rounded([(-0.32, 0.4), (0.28, 0.4), (0.38, 0.48), (-0.18, 0.51)], 0.05, 4)
    pen.solid(
        stroke((-0.26, 0.42), (-0.36, 0.0), 0.052),
        stroke((0.24, 0.42), (0.28, 0.0), 0.052),
        stroke((-0.24, 0.44), (-0.26, 0.7), 0.06),
        seat,
        back,
    )
    pen.fill(rounded([(-0.27, 0.66), (-0.15, 0.68), (-0.18, 0.92), (-0.31, 0.91)], 0.06, 4), "main", 1.2)
    pen.fill(ellipse(-0.22, 0.84, 0.035, 0.045, count=10), "main", 0.55)
    return pen


def _armchair() -> Pen:
    pen = Pen(0.012)
    for x in (-0.34, 0.36):
        pen.fill(stroke((x, 0.14), (x * 1.06, 0.0), 0.06), BEECH)
    pen.solid(rounded([(-0.42, 0.1), (-0.1, 0.14), (-0.14, 1.0), (-0.5, 0.98)], [0.05, 0.05, 0.14, 0.18], 5))
    for x, y in ((-0.3, 0.86), (-0.24, 0.72), (-0.34, 0.62)):
        pen.fill(ellipse(x, y, 0.02, count=7), "main", 0.6)
    pen.solid(panel(-0.34, 0.12, 0.42, 0.4, 0.06, 4), shade=0.84)
    pen.solid(panel(-0.2, 0.36, 0.46, 0.5, 0.06, 4), shade=1.08)
    pen.solid(rounded([(-0.42, 0.12), (0.4, 0.12), (0.44, 0.6), (-0.36, 0.66)], [0.04, 0.04, 0.12, 0.1], 4))
    pen.fill(ellipse(0.37, 0.53, 0.055, count=12), "main", 0.76)
    return pen


def _swivel_chair() -> Pen:
    pen = Pen(0.011)
    pen.fill(stroke((0.02, 0.4), (0.02, 0.1), 0.06), STEEL)
    for x in (-0.28, 0.3, 0.02):
        pen.fill(stroke((0.02, 0.13), (x, 0.07), 0.05), STEEL, 0.8)
        pen.fill(ellipse(x, 0.04, 0.04, count=10), (50, 48, 54))
    pen.fill(limb([(-0.1, 0.42), (-0.34, 0.46), (-0.34, 0.66)], [0.05, 0.05, 0.05], 3, 2), STEEL, 0.7)
    pen.solid(rounded([(-0.36, 0.54), (-0.2, 0.54), (-0.22, 1.0), (-0.42, 1.0)], 0.08, 4))
    pen.solid(panel(-0.28, 0.38, 0.36, 0.5, 0.06, 4))
    pen.fill(panel(-0.24, 0.455, 0.32, 0.485, 0.015, 2), "main", 1.25)
    pen.fill(limb([(-0.16, 0.48), (0.1, 0.66), (0.22, 0.66)], [0.04, 0.045, 0.05], 3, 2), (50, 48, 54))
    return pen


def _stool_chair() -> Pen:
    """A bentwood café chair: round seat, hooped back."""
    pen = Pen(0.011)
    pen.solid(stroke((0.26, 0.44), (0.32, 0.03), 0.045), stroke((-0.14, 0.44), (-0.2, 0.03), 0.045), shade=0.7)
    pen.solid(arc_band(-0.24, 0.66, 0.16, 0.31, -30, 210, 0.055, 14))
    pen.solid(arc_band(-0.24, 0.62, 0.085, 0.22, 0, 180, 0.035, 10), shade=0.84)
    pen.solid(stroke((-0.26, 0.46), (-0.34, 0.0), 0.05), stroke((0.2, 0.46), (0.24, 0.0), 0.05), stroke((-0.34, 0.44), (-0.385, 0.56), 0.055),
              stroke((-0.06, 0.46), (-0.1, 0.58), 0.05), ellipse(0.0, 0.46, 0.36, 0.06, count=20))  # fmt: skip
    pen.fill(ellipse(0.01, 0.472, 0.28, 0.036, count=16), (236, 210, 160))
    return pen


def _rocking_chair() -> Pen:
    pen = Pen(0.011)
    runner = arc_band(0.0, 0.62, 0.66, 0.6, 232, 308, 0.05, 10)
    pen.solid(*[stroke((-0.24 + i * 0.05, 0.5), (-0.42 + i * 0.052, 0.93), 0.026) for i in range(4)], shade=0.86)
    pen.solid(runner, stroke((-0.22, 0.44), (-0.26, 0.08), 0.05), stroke((0.26, 0.44), (0.28, 0.08), 0.05), stroke((-0.28, 0.46), (-0.48, 0.99), 0.055),
              rounded([(-0.5, 0.9), (-0.2, 0.9), (-0.22, 1.0), (-0.5, 1.02)], 0.04, 3), rounded([(-0.3, 0.4), (0.36, 0.42), (0.36, 0.5), (-0.28, 0.48)], 0.035, 3),
              stroke((0.24, 0.48), (0.26, 0.68), 0.045), limb([(-0.34, 0.68), (0.1, 0.69), (0.34, 0.68)], [0.05, 0.05, 0.06], 2, 2))  # fmt: skip
    pen.fill(rounded([(-0.24, 0.48), (0.3, 0.49), (0.3, 0.54), (-0.22, 0.54)], 0.03, 3), (222, 96, 86))
    return pen


def sofa(action: str, variant: int, phase: int) -> Pen:
    """Seen from the front and a little from the right-hand side; the seat is at SOFA_SEAT in all builds."""
    pen = Pen(0.013)
    half = (0.98, 0.86, 1.1, 0.95, 1.0, 0.9)[variant]
    top = 1.0 if variant != 4 else 0.9
    legs: RGB = BEECH if variant != 3 else STEEL
    for x in (-half + 0.12, half - 0.12):
        pen.fill([(x - 0.045, 0.14), (x + 0.045, 0.14), (x + 0.03, 0.0), (x - 0.03, 0.0)], legs)
    if variant == 1:  # a curved back
        back = blob(
            [
                (-half + 0.06, 0.3),
                (-half + 0.08, 0.82),
                (-half * 0.4, 0.94),
                (0.0, 1.06),
                (half * 0.4, 0.94),
                (half - 0.08, 0.82),
                (half - 0.06, 0.3),
            ],
            4,
        )
    elif variant == 2:  # a chaise longue: the back slopes away
        back = rounded(
            [(-half + 0.06, 0.2), (half - 0.3, 0.2), (half - 0.3, 0.6), (-0.1, 0.72), (-half + 0.3, 1.0), (-half + 0.06, 1.0)],
            [0.05, 0.05, 0.12, 0.3, 0.1, 0.1],
            4,
        )
    else:
        back = panel(-half + 0.06, 0.2, half - 0.06, top, 0.16 if variant != 3 else 0.06, 5)
    pen.solid(back, shade=0.9)
    cushions = {0: 2, 1: 1, 2: 1, 3: 3, 4: 3, 5: 2}[variant]
    inner = half - 0.2
    wide = 2 * inner / cushions
    if variant in (0, 3, 5):
        for i in range(cushions):
            left = -inner + i * wide
            pen.solid(panel(left + 0.012, 0.46, left + wide - 0.012, top - 0.08, 0.1 if variant != 3 else 0.05, 4), line=0.66)
    elif variant in (1, 4):
        for i in range(5):
            for row in range(2):
                x = -inner + (i + 0.5 + 0.5 * row) * (2 * inner / 5.5)
                pen.fill(ellipse(x, 0.64 + 0.14 * row, 0.02, count=7), "main", 0.58)
    pen.solid(panel(-half + 0.1, 0.12, half - 0.1, 0.36, 0.04, 3), shade=0.8)
    for i in range(cushions):
        left = -inner + i * wide
        pen.solid(panel(left + 0.008, 0.34, left + wide - 0.008, SOFA_SEAT, 0.06, 4), shade=1.08, line=0.52)
    _sofa_arms(pen, variant, half)
    if variant in (0, 5):
        x = 0.48 if variant == 0 else -0.42
        pen.solid(
            rounded([(x - 0.16, 0.5), (x + 0.14, 0.47), (x + 0.18, 0.74), (x - 0.13, 0.77)], 0.06, 4),
            paint=(244, 214, 120) if variant == 0 else (240, 232, 214),
            line=0.7,
        )
    return pen


def _sofa_arms(pen: Pen, variant: int, half: float) -> None:
    for side in (-1, 1):
        if variant == 2 and side > 0:
            continue
        outer, inner = side * half, side * (half - 0.22)
        left, right = min(outer, inner), max(outer, inner)
        if variant in (1, 4):  # rolled arms
            x = (left + right) / 2
            pen.solid(panel(left + 0.02, 0.1, right - 0.02, 0.58, 0.03, 3), ellipse(x, 0.62, 0.14, count=18))
            pen.fill(arc_band(x, 0.62, 0.07, 0.07, -60, 250, 0.022, 10), "main", 0.66)
        elif variant == 3:
            pen.solid(panel(left + 0.04, 0.1, right - 0.02, 0.62, 0.03, 3))
        else:
            pen.solid(panel(left, 0.1, right, 0.68, 0.1, 5))
            pen.fill(panel(left + 0.05, 0.2, right - 0.05, 0.6, 0.06, 4), "main", 0.9)


def diningtable(action: str, variant: int, phase: int) -> Pen:
    """Seen from the front and a little from above: things stand on the middle of the top, at TABLE_TOP."""
    pen = Pen(0.012)
    half = (1.0, 0.78, 1.1, 0.84, 0.95, 1.05)[variant]
    round_top = variant in (1, 3)
    if variant == 1:  # a pedestal
        pen.solid(
            blob(
                [(-0.07, 0.8), (0.07, 0.8), (0.06, 0.5), (0.12, 0.3), (0.07, 0.14), (-0.07, 0.14), (-0.12, 0.3), (-0.06, 0.5)], 3
            ),
            shade=0.84,
        )
        pen.solid(
            *[limb([(0.0, 0.2), (side * 0.2, 0.14), (side * 0.36, 0.03)], [0.09, 0.08, 0.06], 3, 2) for side in (-1, 1)],
            shade=0.84,
        )
    else:
        _table_legs(pen, variant, half)
    if round_top:
        pen.solid(ellipse(0.0, 0.87, half, 0.1, count=32), shade=0.7)
        pen.solid(ellipse(0.0, TABLE_TOP, half, 0.1, count=32))
        top = ellipse(0.0, TABLE_TOP, half * 0.86, 0.08, count=24)
    else:
        corners: Points = [(-half, 0.82), (half, 0.82), (half - 0.14, 0.98), (-half + 0.14, 0.98)]
        pen.solid(rounded([(-half, 0.75), (half, 0.75), (half, 0.83), (-half, 0.83)], 0.02, 3), shade=0.76)
        pen.solid(rounded(corners, 0.03, 3))
        top = [(x * 0.92, TABLE_TOP + (y - TABLE_TOP) * 0.72) for x, y in corners]
    if variant in (0, 3):
        pen.fill(top, "main", 1.14)
    if variant == 2:  # planks
        for x in (-0.6, 0.0, 0.6):
            pen.fill(stroke((x, 0.822), (x * 0.87, 0.978), 0.014), "main", 0.72)
    if variant in (4, 5):
        _cloth(pen, variant, half)
    return pen


def _table_legs(pen: Pen, variant: int, half: float) -> None:
    if variant == 2:  # trestles
        for x in (-half + 0.26, half - 0.26):
            pen.solid(
                stroke((x - 0.14, 0.0), (x + 0.02, 0.78), 0.06), stroke((x + 0.14, 0.0), (x - 0.02, 0.78), 0.06), shade=0.86
            )
        pen.solid(stroke((-half + 0.26, 0.36), (half - 0.26, 0.36), 0.06), shade=0.8)
        return
    near, far = half - (0.1 if variant != 3 else 0.34), half - (0.26 if variant != 3 else 0.46)
    for side in (-1, 1):
        pen.solid(stroke((side * far, 0.78), (side * far, 0.1), 0.07), shade=0.64)
    for side in (-1, 1):
        x = side * near
        if variant == 5:  # turned legs
            pen.solid(blob([(x - 0.06, 0.78), (x + 0.06, 0.78), (x + 0.035, 0.56), (x + 0.065, 0.4), (x + 0.03, 0.2), (x + 0.04, 0.0), (x - 0.04, 0.0), (x - 0.03, 0.2),
                            (x - 0.065, 0.4), (x - 0.035, 0.56)], 2), shade=0.9)  # fmt: skip
        else:
            foot = 0.035 if variant != 3 else 0.025
            pen.solid(
                [(x - 0.055, 0.8), (x + 0.055, 0.8), (x + foot + side * 0.02, 0.0), (x - foot + side * 0.02, 0.0)], shade=0.9
            )


def _cloth(pen: Pen, variant: int, half: float) -> None:
    if variant == 5:  # a runner across the middle
        pen.fill([(-0.24, 0.66), (0.24, 0.66), (0.24, 0.82), (0.21, 0.98), (-0.21, 0.98), (-0.24, 0.82)], PAPER, 0.97)
        pen.fill([(-0.24, 0.7), (0.24, 0.7), (0.24, 0.735), (-0.24, 0.735)], "main", 0.8)
        return
    count = 8
    hem: Points = []
    for i in range(count * 2 + 1):
        x = half + 0.03 - i * (2 * half + 0.06) / (count * 2)
        hem.append((x, 0.5 + (0.025 if i % 2 else -0.01)))
    pen.solid([(-half - 0.01, 0.83), *hem[::-1], (half + 0.01, 0.83)], shade=0.9)
    for i in range(1, count):
        x = -half + i * 2 * half / count
        pen.fill([(x - 0.008, 0.8), (x + 0.008, 0.8), (x + 0.016, 0.51), (x - 0.016, 0.51)], "main", 0.76)
    pen.fill(
        [(p, q) for p, q in [(-half - 0.015, 0.585), (half + 0.015, 0.585), (half + 0.02, 0.545), (-half - 0.02, 0.545)]],
        PAPER,
        0.97,
    )


__all__ = ["CHAIR_SEAT", "SOFA_SEAT", "TABLE_TOP", "box", "chair", "diningtable", "math", "sofa"]
