"""Chairs, sofas and dining tables."""

from __future__ import annotations

from looksay.storybook.figures.pen import PAPER, Pen, Points, arc, arc_band, blob, curve, ellipse, limb, panel, rounded, stroke
from looksay.storybook.spec import RGB

TABLE_TOP = 0.9
SOFA_SEAT = 0.48
CHAIR_SEAT = 0.46

_BEECH: RGB = (178, 128, 82)
_STEEL: RGB = (150, 152, 160)
_RUSH: RGB = (234, 210, 160)


def chair(action: str, variant: int, phase: int) -> Pen:
    """Seen from the side and a little from the front; the seat is at CHAIR_SEAT in all builds."""
    pen = Pen(0.0115)
    (_ladder_chair, _kitchen_chair, _armchair, _swivel_chair, _cafe_chair, _rocking_chair)[variant](pen)
    return pen


def _ladder_chair(pen: Pen) -> None:
    pen.solid(stroke((0.32, 0.42), (0.33, 0.06), 0.055), stroke((-0.14, 0.46), (-0.17, 0.06), 0.055), shade=0.7)
    pen.solid(*[stroke((-0.31, y), (-0.13, y + 0.03), 0.075) for y in (0.61, 0.75, 0.89)], shade=0.86)
    pen.solid(stroke((-0.13, 0.5), (-0.16, 1.0), 0.05), shade=0.76)
    seat = rounded([(-0.32, 0.42), (0.28, 0.4), (0.38, 0.5), (-0.18, 0.52)], 0.03, 3)
    legs = stroke((-0.28, 0.46), (-0.34, 0.0), 0.06), stroke((0.24, 0.44), (0.25, 0.0), 0.06)
    pen.solid(stroke((-0.28, 0.46), (-0.34, 0.99), 0.06), *legs, seat)
    pen.fill(rounded([(-0.27, 0.445), (0.26, 0.425), (0.34, 0.49), (-0.16, 0.505)], 0.03, 3), _RUSH)
    pen.solid(stroke((-0.32, 0.18), (0.25, 0.18), 0.035), shade=0.86)


def _kitchen_chair(pen: Pen) -> None:
    """A peasant's chair: slanting legs, a board with a heart for its back."""
    pen.solid(stroke((0.28, 0.42), (0.36, 0.04), 0.05), stroke((-0.12, 0.42), (-0.16, 0.04), 0.05), shade=0.7)
    pen.solid(stroke((-0.14, 0.48), (-0.18, 0.66), 0.05), shade=0.72)
    seat = rounded([(-0.33, 0.4), (0.28, 0.4), (0.38, 0.48), (-0.18, 0.51)], 0.05, 4)
    legs = stroke((-0.24, 0.42), (-0.36, 0.0), 0.056), stroke((0.22, 0.42), (0.28, 0.0), 0.056)
    pen.solid(*legs, seat, stroke((-0.26, 0.44), (-0.32, 0.66), 0.06))
    pen.solid(
        blob([(-0.34, 0.6), (-0.14, 0.63), (-0.12, 0.8), (-0.18, 0.98), (-0.32, 1.0), (-0.44, 0.94), (-0.42, 0.76)], 4),
        shade=1.05,
    )
    heart = [
        (-0.27, 0.72),
        (-0.21, 0.8),
        (-0.22, 0.86),
        (-0.26, 0.87),
        (-0.285, 0.84),
        (-0.31, 0.865),
        (-0.35, 0.85),
        (-0.34, 0.78),
    ]
    pen.fill(blob(heart, 2), "main", 0.5)


def _armchair(pen: Pen) -> None:
    for x in (-0.34, 0.36):
        pen.fill(stroke((x, 0.14), (x * 1.06, 0.0), 0.06), _BEECH)
    pen.solid(rounded([(-0.42, 0.1), (-0.1, 0.14), (-0.14, 1.0), (-0.52, 0.98)], [0.05, 0.05, 0.14, 0.18], 5))
    for x, y in ((-0.32, 0.86), (-0.24, 0.72), (-0.36, 0.7)):
        pen.fill(ellipse(x, y, 0.02, count=7), "main", 0.6)
    pen.solid(panel(-0.34, 0.12, 0.42, 0.4, 0.06, 4), shade=0.84)
    pen.solid(panel(-0.2, 0.36, 0.47, 0.5, 0.06, 4), shade=1.1)
    pen.solid(rounded([(-0.42, 0.12), (0.38, 0.12), (0.42, 0.62), (-0.36, 0.68)], [0.04, 0.04, 0.14, 0.1], 5))
    pen.fill(rounded([(-0.32, 0.2), (0.3, 0.2), (0.32, 0.5), (-0.28, 0.55)], [0.06, 0.06, 0.1, 0.08], 4), "main", 0.9)
    pen.solid(ellipse(0.35, 0.57, 0.075, count=14), shade=1.06)
    pen.fill(ellipse(0.35, 0.57, 0.03, count=9), "main", 0.66)


def _swivel_chair(pen: Pen) -> None:
    pen.fill(stroke((0.02, 0.4), (0.02, 0.1), 0.06), _STEEL)
    for x in (-0.28, 0.3, 0.02):
        pen.fill(stroke((0.02, 0.13), (x, 0.07), 0.05), _STEEL, 0.8)
        pen.fill(ellipse(x, 0.04, 0.04, count=10), (50, 48, 54))
    pen.fill(limb([(-0.1, 0.42), (-0.32, 0.44), (-0.32, 0.66)], [0.05, 0.05, 0.05], 3, 2), _STEEL, 0.7)
    pen.solid(blob([(-0.34, 0.53), (-0.2, 0.55), (-0.17, 0.7), (-0.22, 0.97), (-0.33, 1.0), (-0.42, 0.95), (-0.36, 0.7)], 4))
    pen.solid(panel(-0.28, 0.38, 0.36, 0.5, 0.06, 4))
    pen.fill(panel(-0.24, 0.455, 0.32, 0.485, 0.015, 2), "main", 1.14)
    pen.fill(limb([(-0.12, 0.47), (-0.08, 0.64), (0.2, 0.65)], [0.04, 0.045, 0.05], 3, 2), (50, 48, 54))


def _cafe_chair(pen: Pen) -> None:
    """A bentwood chair seen from the front: round seat, hooped back."""
    pen.solid(stroke((-0.22, 0.44), (-0.25, 0.04), 0.045), stroke((0.22, 0.44), (0.25, 0.04), 0.045), shade=0.7)
    for wide, high, thick, shade in ((0.16, 0.3, 0.035, 0.82), (0.28, 0.46, 0.055, 1.0)):
        hoop = [(-wide * 0.9, 0.46), *arc(0.0, 0.48 + high * 0.5, wide, high * 0.5, 180, 0, 7), (wide * 0.9, 0.46)]
        pen.solid(limb(hoop, [thick] * len(hoop), 2, 0), shade=shade)
    pen.solid(stroke((-0.26, 0.42), (-0.33, 0.0), 0.055), stroke((0.26, 0.42), (0.33, 0.0), 0.055), shade=0.92)
    pen.solid(ellipse(0.0, 0.44, 0.36, 0.075, count=24), shade=0.8)
    pen.solid(ellipse(0.0, CHAIR_SEAT, 0.36, 0.075, count=24))
    pen.fill(ellipse(0.0, CHAIR_SEAT, 0.28, 0.05, count=18), _RUSH)


def _rocking_chair(pen: Pen) -> None:
    runner = arc_band(0.0, 0.62, 0.66, 0.6, 232, 308, 0.05, 12)
    pen.solid(*[stroke((-0.24 + i * 0.05, 0.5), (-0.42 + i * 0.052, 0.93), 0.026) for i in range(4)], shade=0.86)
    posts = (
        stroke((-0.22, 0.44), (-0.26, 0.08), 0.05),
        stroke((0.26, 0.44), (0.28, 0.08), 0.05),
        stroke((-0.28, 0.46), (-0.48, 0.99), 0.055),
    )
    rail = rounded([(-0.5, 0.9), (-0.2, 0.9), (-0.22, 1.0), (-0.5, 1.02)], 0.04, 3)
    seat = rounded([(-0.3, 0.4), (0.36, 0.42), (0.36, 0.5), (-0.28, 0.48)], 0.035, 3)
    arm = limb([(-0.34, 0.68), (0.1, 0.69), (0.34, 0.68)], [0.05, 0.05, 0.06], 2, 2)
    pen.solid(runner, *posts, rail, seat, stroke((0.24, 0.48), (0.26, 0.68), 0.045), arm)
    pen.solid(rounded([(-0.24, 0.48), (0.3, 0.49), (0.3, 0.55), (-0.22, 0.55)], 0.03, 3), paint=(222, 96, 86), line=0.66)


# Of each sofa: half its width, its top, how many seat cushions.
_SOFAS: tuple[tuple[float, float, int], ...] = (
    (0.98, 1.0, 2),
    (0.88, 1.0, 1),
    (1.1, 1.0, 1),
    (1.1, 0.92, 3),
    (1.16, 0.84, 3),
    (0.84, 1.0, 2),
)


def sofa(action: str, variant: int, phase: int) -> Pen:
    """Seen from the front; the seat is at SOFA_SEAT in all builds."""
    pen = Pen(0.013)
    half, top, cushions = _SOFAS[variant]
    low = 0.12 if variant not in (3, 4) else 0.2
    right = half - 0.12 if variant != 2 else half - 0.24
    for x in (-half + 0.12, right):
        pen.fill(
            [(x - 0.045, low + 0.02), (x + 0.045, low + 0.02), (x + 0.03, 0.0), (x - 0.03, 0.0)],
            _BEECH if variant != 3 else _STEEL,
        )
    pen.solid(_sofa_back(variant, half, top), shade=0.9)
    inner = half - 0.2
    wide = 2 * inner / cushions
    if variant in (0, 3, 5):
        for i in range(cushions):
            left = -inner + i * wide
            pen.solid(panel(left + 0.012, 0.44, left + wide - 0.012, top - 0.08, 0.1 if variant != 3 else 0.05, 4), line=0.66)
    elif variant in (1, 4):
        for i in range(5):
            for row in range(2):
                pen.fill(
                    ellipse(-inner + (i + 0.5 + 0.5 * row) * (2 * inner / 5.5), 0.62 + 0.14 * row, 0.02, count=7), "main", 0.58
                )
    pen.solid(panel(-half + 0.1, low, right + 0.06, 0.34, 0.04, 3), shade=0.8)
    for i in range(cushions):
        left = -inner + i * wide
        stop = left + wide - 0.008 if variant != 2 else half - 0.08
        pen.solid(panel(left + 0.008, 0.32, stop, SOFA_SEAT + 0.02, 0.06, 4), shade=1.08, line=0.52)
    _sofa_arms(pen, variant, half, low - 0.02)
    if variant in (0, 2, 5):
        x = {0: 0.48, 2: -0.56, 5: -0.36}[variant]
        paint: RGB = {0: (246, 216, 124), 2: (250, 244, 228), 5: (236, 226, 204)}[variant]
        pen.solid(
            rounded([(x - 0.16, 0.5), (x + 0.14, 0.47), (x + 0.18, 0.74), (x - 0.13, 0.77)], 0.06, 4), paint=paint, line=0.7
        )
        pen.fill(rounded([(x - 0.07, 0.57), (x + 0.07, 0.56), (x + 0.09, 0.67), (x - 0.05, 0.69)], 0.03, 3), paint, 0.84)
    return pen


def _sofa_back(variant: int, half: float, top: float) -> Points:
    if variant == 1:  # a curved back
        return blob(
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
    if variant == 2:  # a chaise longue: the back slopes away
        return [
            (-half + 0.06, 0.2),
            (half - 0.24, 0.2),
            *curve(
                [(half - 0.24, 0.5), (0.3, 0.62), (-0.3, 0.82), (-half + 0.36, 1.0), (-half + 0.1, 0.98), (-half + 0.06, 0.84)], 4
            ),
        ]
    return panel(-half + 0.06, 0.2, half - 0.06, top, 0.16 if variant != 3 else 0.06, 5)


def _sofa_arms(pen: Pen, variant: int, half: float, low: float) -> None:
    for side in (-1, 1) if variant != 2 else (-1,):
        left, right = sorted((side * half, side * (half - 0.22)))
        if variant in (1, 4):  # rolled arms
            x = (left + right) / 2
            pen.solid(panel(left + 0.02, low, right - 0.02, 0.58, 0.03, 3), ellipse(x, 0.62, 0.14, count=18))
            pen.fill(arc_band(x, 0.62, 0.07, 0.07, -60, 250, 0.022, 10), "main", 0.66)
        elif variant == 3:
            pen.solid(panel(left + 0.03, low, right - 0.03, 0.62, 0.04, 3))
        else:
            pen.solid(panel(left, low, right, 0.68, 0.1, 5))
            pen.fill(panel(left + 0.05, 0.2, right - 0.05, 0.6, 0.06, 4), "main", 0.9)


def diningtable(action: str, variant: int, phase: int) -> Pen:
    """Seen from the front and a little from above: things stand on the middle of the top, at TABLE_TOP."""
    pen = Pen(0.012)
    half = (1.0, 0.78, 1.1, 0.84, 0.95, 1.05)[variant]
    if variant == 1:  # a pedestal
        post = [(-0.07, 0.8), (0.07, 0.8), (0.06, 0.5), (0.12, 0.3), (0.07, 0.14), (-0.07, 0.14), (-0.12, 0.3), (-0.06, 0.5)]
        pen.solid(
            blob(post, 3),
            *[limb([(0.0, 0.2), (side * 0.2, 0.14), (side * 0.36, 0.03)], [0.09, 0.08, 0.06], 3, 2) for side in (-1, 1)],
            shade=0.84,
        )
    else:
        _table_legs(pen, variant, half)
    if variant in (1, 3):
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
    elif variant == 2:  # planks
        for x in (-0.72, -0.36, 0.0, 0.36, 0.72):
            pen.fill(stroke((x, 0.822), (x * 0.87, 0.978), 0.014), "main", 0.72)
    elif variant in (4, 5):
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
            half_leg = [(0.06, 0.78), (0.035, 0.6), (0.07, 0.44), (0.03, 0.24), (0.045, 0.0)]
            pen.solid(blob([*[(x + u, v) for u, v in half_leg], *[(x - u, v) for u, v in half_leg[::-1]]], 2), shade=0.9)
        else:
            foot, splay = (0.035, 0.02) if variant != 3 else (0.028, 0.06)
            pen.solid(
                [(x - 0.055, 0.8), (x + 0.055, 0.8), (x + foot + side * splay, 0.0), (x - foot + side * splay, 0.0)], shade=0.9
            )


def _cloth(pen: Pen, variant: int, half: float) -> None:
    if variant == 5:  # a runner across the middle
        pen.fill(
            [(-0.24, 0.62), (0.0, 0.58), (0.24, 0.62), (0.24, 0.82), (0.21, 0.98), (-0.21, 0.98), (-0.24, 0.82)], PAPER, 0.97
        )
        for y in (0.68, 0.74):
            pen.fill([(-0.24, y), (0.24, y), (0.24, y + 0.025), (-0.24, y + 0.025)], (206, 92, 84))
        return
    count = 9
    hem = [(-half - 0.03 + i * (2 * half + 0.06) / (2 * count), 0.5 + (0.025 if i % 2 else -0.01)) for i in range(2 * count + 1)]
    pen.solid([(-half - 0.01, 0.83), *hem, (half + 0.01, 0.83)], shade=0.9)
    for i in range(1, count):
        x = -half + i * 2 * half / count
        pen.fill([(x - 0.008, 0.8), (x + 0.008, 0.8), (x + 0.016, 0.51), (x - 0.016, 0.51)], "main", 0.76)
    pen.fill([(-half - 0.015, 0.595), (half + 0.015, 0.595), (half + 0.02, 0.55), (-half - 0.02, 0.55)], PAPER, 0.97)
