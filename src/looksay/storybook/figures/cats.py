"""Cats: bibbed, tabby, patched, dark-pointed, long-haired and slender."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from looksay.storybook.figures.legs import Frame, feet, four_legs
from looksay.storybook.figures.pen import INK, LIPS, PAPER, Pen, Point, Points, blob, ellipse, limb, place, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.0, 1.03, 0.84, 1.0, 1.06, 1.02)

_STRIPE: RGB = (92, 76, 66)
_PATCH: RGB = (224, 140, 66)
_POINTS: RGB = (84, 64, 56)
_COLLAR: RGB = (214, 62, 62)
_EYES: tuple[RGB, ...] = ((116, 170, 82), (222, 174, 60), (110, 168, 104), (104, 168, 226), (228, 156, 52), (138, 178, 84))
# Of each cat: how much longer its legs are than usual, how long the trunk is, how full, how large the head.
_BUILDS: tuple[tuple[float, float, float, float], ...] = (
    (0.0, 1.0, 0.0, 0.2), (-0.03, 1.06, 0.02, 0.205), (-0.07, 0.9, 0.02, 0.225), (0.03, 1.0, -0.01, 0.19),
        (0.0, 1.02, 0.04, 0.2), (0.06, 0.94, -0.03, 0.18),
)  # fmt: skip
_FRAME = Frame(fore=0.27, hind=-0.25, top=0.37, thick=(0.13, 0.088, 0.076), reach=0.12, lift=0.075, toe=0.045)


def cat(action: str, variant: int, phase: int) -> Pen:
    pen = Pen(0.0125)
    if action == "sleeping":
        _sleeping(pen, variant, phase)
    elif action == "sitting":
        _sitting(pen, variant, phase)
    else:
        _upright(pen, action, variant, phase)
    return pen


def _tail(variant: int, spine: Points) -> Points:
    """The whole tail, or its end where the spine has fewer knots."""
    widths = [0.1, 0.17, 0.2, 0.12] if variant == 4 else [0.085, 0.09, 0.085, 0.075]
    return limb(spine, widths[-len(spine) :], 3, 3)


def _upright(pen: Pen, action: str, variant: int, phase: int) -> None:
    (leg, long, full, head), wag = _BUILDS[variant], swing(phase)
    frame = replace(_FRAME, fore=0.27 * long, hind=-0.25 * long, top=_FRAME.top + leg)

    def at(points: Points) -> Points:
        return [(x * long, y + leg) for x, y in points]

    tail = at([(-0.32, 0.46), (-0.5, 0.54 + 0.02 * wag), (-0.5 - 0.03 * wag, 0.75), (-0.4 - 0.1 * wag, 0.87 + 0.01 * wag)])
    legs = four_legs(frame, action, phase)
    for form in legs[:2]:
        pen.solid(form, shade=0.76)
    body = [(-0.37, 0.46), (-0.24, 0.53 + full / 2), (-0.04, 0.515 + full), (0.16, 0.52 + full / 2), (0.3, 0.58),
        (0.42, 0.56), (0.425, 0.44),
            (0.31, 0.31 - full / 2), (0.08, 0.28 - full), (-0.14, 0.3 - full), (-0.3, 0.28), (-0.385, 0.36)]  # fmt: skip
    pen.solid(_tail(variant, tail), blob(at(body), 3), *legs[2:])
    if variant == 1:
        for x in (-0.25, -0.12, 0.01, 0.13):
            pen.fill(limb(at([(x, 0.525), (x + 0.025, 0.45), (x + 0.01, 0.37)]), [0.05, 0.045, 0.006], 2, 0), _STRIPE)
        for a, b in (((-0.53, 0.62), (-0.46, 0.64)), ((-0.54, 0.74), (-0.46, 0.75))):
            pen.fill(limb(at([a, b]), [0.03, 0.03], 1, 0), _STRIPE)
    elif variant == 2:
        pen.fill(at(blob([(-0.26, 0.5), (-0.04, 0.5), (0.02, 0.41), (-0.12, 0.35), (-0.26, 0.4)], 3)), _PATCH)
        pen.fill(at(ellipse(0.2, 0.45, 0.07, 0.055, tilt=20, count=10)), _POINTS)
    elif variant == 3:
        pen.fill(_tail(variant, [(tail[2][0] - 0.005, tail[2][1] - 0.08), tail[2], tail[3]]), _POINTS)
        for x, y in feet(frame, action, phase)[2:]:
            pen.fill(ellipse(x + 0.02, y + 0.036, 0.06, 0.036, count=9), _POINTS)
    elif variant in (0, 4):
        pen.fill(at(blob([(0.33, 0.5), (0.415, 0.47), (0.38, 0.36), (0.28, 0.33)], 3)), PAPER)
    _head(pen, variant, at([(0.4, 0.68 + 0.008 * wag)])[0], head)


def _sitting(pen: Pen, variant: int, phase: int) -> None:
    wag, wide = swing(phase), {1: 1.1, 2: 0.98, 4: 1.16, 5: 0.88}.get(variant, 1.02)
    tail = [(-0.18, 0.06), (-0.37, 0.05), (-0.46, 0.16 + 0.03 * wag), (-0.41 - 0.05 * wag, 0.29 + 0.02 * wag)]
    pen.solid(_tail(variant, tail))
    if variant == 3:
        pen.fill(_tail(variant, tail[1:]), _POINTS)
    pen.solid(limb([(0.18, 0.36), (0.2, 0.12), (0.22, 0.035), (0.26, 0.032)], [0.1, 0.085, 0.075, 0.06], 2, 2), shade=0.78)
    body = [
        (0.13, 0.66),
        (0.21, 0.52),
        (0.225, 0.34),
        (0.17, 0.06),
        (0.0, 0.0),
        (-0.2, 0.01),
        (-0.285, 0.12),
        (-0.25, 0.3),
        (-0.15, 0.48),
        (-0.06, 0.64),
    ]
    pen.solid(blob([(x * wide if x < 0.1 else x, y) for x, y in body], 3))
    if variant == 1:
        for y, x in ((0.27, -0.24), (0.36, -0.2), (0.45, -0.155)):
            pen.fill(limb([(x * wide, y), (x + 0.07, y + 0.005), (x + 0.15, y - 0.03)], [0.04, 0.035, 0.005], 2, 0), _STRIPE)
    elif variant == 2:
        pen.fill(blob([(-0.23, 0.29), (-0.13, 0.45), (0.0, 0.44), (-0.01, 0.3), (-0.12, 0.25)], 3), _PATCH)
    elif variant in (0, 4):
        pen.fill(blob([(0.05, 0.58), (0.17, 0.55), (0.205, 0.4), (0.13, 0.28), (0.04, 0.4)], 3), PAPER)
    pen.fill(blob([(-0.24, 0.1), (-0.17, 0.26), (-0.02, 0.25), (0.04, 0.12), (0.02, 0.03), (-0.16, 0.02)], 3), "main", 0.86)
    pen.solid(limb([(0.12, 0.38), (0.12, 0.12), (0.135, 0.035), (0.175, 0.034)], [0.11, 0.088, 0.078, 0.062], 2, 3))
    socks: tuple[str | RGB, float] = (PAPER, 1.0) if variant in (0, 2, 4) else (_POINTS, 1.0) if variant == 3 else ("main", 1.14)
    pen.fill(ellipse(0.155, 0.034, 0.058, 0.034, count=10), *socks)
    pen.fill(ellipse(-0.015, 0.032, 0.08, 0.034, count=10), *socks)
    _head(pen, variant, (0.14, 0.6 + 0.82 * _BUILDS[variant][3]), _BUILDS[variant][3] * 1.07)


def _sleeping(pen: Pen, variant: int, phase: int) -> None:
    breath = 0.012 * swing(phase)
    fluff = _BUILDS[variant][2]
    body = [(-0.47, 0.16), (-0.4, 0.32 + breath), (-0.18, 0.42 + breath + fluff), (0.08, 0.39 + breath + fluff / 2),
        (0.3, 0.26), (0.36, 0.08), (0.2, 0.0), (-0.3, 0.0),
            (-0.45, 0.05)]  # fmt: skip
    pen.solid(blob(body, 3))
    if variant == 1:
        for x in (-0.32, -0.19, -0.06):
            pen.fill(limb([(x, 0.38 + breath), (x + 0.03, 0.31), (x + 0.01, 0.24)], [0.05, 0.045, 0.006], 2, 0), _STRIPE)
    elif variant == 2:
        pen.fill(blob([(-0.32, 0.33), (-0.12, 0.38), (-0.02, 0.3), (-0.14, 0.2), (-0.28, 0.22)], 3), _PATCH)
    pen.fill(blob([(-0.4, 0.12), (-0.3, 0.25), (-0.14, 0.23), (-0.08, 0.1), (-0.2, 0.03), (-0.35, 0.04)], 3), "main", 0.86)
    _head(pen, variant, (0.31, 0.195 + breath / 2), 0.95 * _BUILDS[variant][3], asleep=True)
    tail = [(-0.44, 0.1), (-0.3, 0.045), (-0.05, 0.042), (0.12 + breath, 0.055)]
    pen.solid(limb(tail, [0.1, 0.14, 0.15, 0.1] if variant == 4 else [0.08, 0.088, 0.085, 0.07], 3, 3), shade=1.05)
    if variant == 3:
        pen.fill(limb(tail[1:], [0.088, 0.085, 0.07], 3, 3), _POINTS)


def _head(pen: Pen, variant: int, centre: Point, size: float, asleep: bool = False) -> None:
    def at(points: Points) -> Points:
        return place(points, *centre, 0.0, size)

    cheek, tall = {4: (1.12, 1.06), 5: (0.92, 1.36)}.get(variant, (1.02, 1.2))
    skull = [(0.04, 0.74), (-0.6, 0.6), (-cheek, -0.04), (-0.64, -0.62), (0.1, -0.8), (0.76, -0.6), (cheek, -0.02), (0.68, 0.6)]
    if variant == 4:  # whiskered cheeks
        skull[2:6] = [(-0.98, 0.1), (-1.18, -0.42), (-0.6, -0.62), (0.1, -0.84), (0.76, -0.62), (1.18, -0.42)]
        skull[8] = (0.98, 0.1)
    ears = [[(-0.84, 0.3), (-0.74, tall), (-0.12, 0.68)], [(0.2, 0.7), (0.84, tall), (0.9, 0.28)]]
    pen.solid(at(blob(skull, 3 if variant != 4 else 2)), *map(at, ears))
    for ear in ears:
        x, y = sum(p[0] for p in ear) / 3, sum(p[1] for p in ear) / 3
        inner = [(x + (u - x) * 0.52, y + (v - y) * 0.52) for u, v in ear]
        pen.fill(at(inner if variant != 3 else ear), (238, 172, 166) if variant != 3 else _POINTS)
    if variant == 1:
        for u, low in ((-0.2, 0.42), (0.12, 0.34), (0.44, 0.42)):
            pen.fill(at([(u - 0.08, 0.7), (u + 0.08, 0.7), (u + 0.02, low)]), _STRIPE)
        for side in (-1, 1):
            pen.fill(at([(side * 0.98, -0.02), (side * 0.94, -0.2), (side * 0.62, -0.12)]), _STRIPE)
    elif variant == 2:
        pen.fill(at(blob([(-0.7, 0.5), (-0.2, 0.72), (0.0, 0.3), (-0.26, -0.12), (-0.82, 0.02)], 2)), _PATCH)
    elif variant == 3:
        pen.fill(at(ellipse(0.16, -0.22, 0.44, 0.46, count=14)), _POINTS)
    if variant != 3:
        white = variant in (0, 2, 4)
        pen.fill(at(ellipse(0.17, -0.38, 0.42, 0.3, count=12)), PAPER if white else "main", 1.0 if white else 1.18)
    _look(pen, variant, at, size, asleep)
    pen.fill(at([(0.06, -0.16), (0.29, -0.16), (0.175, -0.3)]), (222, 116, 118))
    pen.fill(
        at(limb([(-0.02, -0.4), (0.08, -0.46), (0.175, -0.34), (0.27, -0.46), (0.37, -0.4)], [0.06] * 5, 2, 0)),
        LIPS if variant != 3 else (214, 180, 170),
    )
    if variant == 5:
        pen.fill(
            at(blob([(-0.55, -0.7), (0.05, -0.88), (0.66, -0.68), (0.68, -0.84), (0.05, -1.06), (-0.58, -0.86)], 2)), _COLLAR
        )
        pen.fill(at(ellipse(0.22, -1.04, 0.14, count=9)), (246, 208, 88))


def _look(pen: Pen, variant: int, at: Callable[[Points], Points], size: float, asleep: bool) -> None:
    for u in (-0.27, 0.56):
        x, y = at([(u, 0.1)])[0]
        if asleep:
            pen.lid(x, y, size * 0.18)
        else:
            pen.fill(ellipse(x, y, size * 0.235, size * 0.25, count=16), INK)
            pen.fill(ellipse(x, y, size * 0.2, size * 0.215, count=14), _EYES[variant])
            pen.fill(ellipse(x + size * 0.04, y, size * 0.11, size * 0.185, count=9), INK)
            pen.fill(ellipse(x + size * 0.08, y + size * 0.09, size * 0.06, count=6), PAPER)
