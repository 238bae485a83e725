"""Motorbikes: a racer, a scooter, a chopper, a scrambler, a tourer with panniers and a roadster with a box."""

from __future__ import annotations

from looksay.storybook.figures.pen import Pen, Points, arc_band, blob, ellipse, limb, panel, ring, rounded, star, stroke, swing
from looksay.storybook.figures.wheels import LAMP, RIM, RUBY, SOOT, STEEL, TYRE
from looksay.storybook.spec import PHASES, RGB

_LEATHER: RGB = (84, 60, 50)
_SCREEN: RGB = (200, 226, 238)


def motorbike(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.012), action == "moving"
    radius = {1: 0.25, 3: 0.3}.get(variant, 0.29)
    base = {1: 0.52, 2: 0.68}.get(variant, 0.58)
    bump = 0.006 * swing(2 * phase) if moving else 0.0
    turned = -phase * 360.0 / 6 / PHASES if moving else 10.0
    for x in (-base, base):
        pen.fill(ring(x, radius, radius, radius * 0.64, 22), TYRE)
        pen.fill(star(x, radius, radius * 0.66, 0.05, 6, turned), RIM, 0.8)
        pen.fill(ellipse(x, radius, 0.06, count=10), STEEL, 0.7)
    if variant == 1:
        _scooter(pen, base, radius, bump)
        return pen
    top = 0.74 + bump
    _engine(pen, variant, base, radius, top)
    if variant in (0, 4):
        high = 0.24 if variant == 0 else 0.34
        pen.solid(
            rounded([(0.34, top + 0.02), (0.56, top + 0.0), (0.36, top + high), (0.3, top + high)], 0.03, 3),
            paint=_SCREEN,
            line=0.7,
        )
    pen.solid(*_bodywork(variant, top))
    pen.fill(blob([(0.02, top - 0.02), (0.16, top + 0.05), (0.3, top + 0.01), (0.16, top - 0.03)], 2), "main", 1.15)
    seat = [(-0.5, top + 0.05), (-0.3, top), (-0.06, top - 0.04), (0.02, top - 0.1), (-0.2, top - 0.11), (-0.48, top - 0.04)]
    pen.fill(blob(seat, 3), _LEATHER, 0.8)
    if variant == 4:
        pen.solid(panel(-0.74, 0.42 + bump, -0.36, top - 0.06, 0.06, 4), shade=0.94)
        pen.fill(panel(-0.72, top - 0.18, -0.38, top - 0.155, 0.01, 2), "main", 0.6)
    elif variant == 5:
        pen.solid(panel(-0.84, top - 0.03, -0.46, top + 0.27, 0.05, 4))
        pen.fill(panel(-0.84, top + 0.16, -0.46, top + 0.19, 0.01, 2), "main", 0.6)
    _steering(pen, variant, base, top)
    pen.fill(ellipse({4: -0.75, 5: -0.84}.get(variant, -0.58), top - (0.03 if variant != 5 else -0.04), 0.042, count=8), RUBY)
    return pen


def _engine(pen: Pen, variant: int, base: float, radius: float, top: float) -> None:
    steer = _fork(variant, base, top)
    pen.fill(stroke(steer, (base, radius), 0.06), STEEL)
    pen.fill(stroke((-base, radius), (-0.1, 0.34), 0.07), SOOT)
    pen.fill(blob([(-0.24, 0.22), (0.2, 0.2), (0.26, 0.42), (0.1, 0.56), (-0.2, 0.54)], 3), SOOT)
    pen.fill(ellipse(0.02, 0.34, 0.12, count=14), STEEL)
    for y in (0.46, 0.5, 0.54):
        pen.fill(stroke((-0.08, y), (0.16, y + 0.02), 0.016), STEEL)
    pipe = [(0.14, 0.3), (-0.2, 0.19), (-base - 0.1, 0.25)] if variant != 3 else [(0.16, 0.4), (-0.2, 0.46), (-base + 0.02, 0.58)]
    pen.fill(limb(pipe, [0.05, 0.06, 0.09], 3, 2), RIM, 0.86)
    guard, high = radius + 0.05, 0.1 if variant == 3 else 0.0
    front = arc_band(base, radius + high, guard, guard, 40, 140, 0.06, 8)
    pen.solid(front, arc_band(-base, radius + high * 0.5, guard, guard, 25 if variant != 2 else 10, 165, 0.075, 9))


def _fork(variant: int, base: float, top: float) -> tuple[float, float]:
    return (base - (0.3 if variant == 2 else 0.2), top + 0.04)


def _bodywork(variant: int, top: float) -> list[Points]:
    tank = [(-0.1, top - 0.12), (-0.06, top + 0.01), (0.16, top + 0.1), (0.36, top + 0.03), (0.32, top - 0.15), (0.1, top - 0.2)]
    tail = [
        (-0.54, top + 0.03),
        (-0.1, top - 0.06),
        (0.12, top - 0.2),
        (0.0, top - 0.32),
        (-0.28, top - 0.2),
        (-0.58, top - 0.08),
    ]
    forms = [blob(tank, 3), blob(tail, 3)]
    if variant in (0, 4):  # a fairing
        forms.append(blob([(0.28, top + 0.06), (0.5, top + 0.06), (0.62, top - 0.1), (0.44, top - 0.22), (0.3, top - 0.42),
            (0.0, top - 0.46),
                           (0.1, top - 0.2)], 3))  # fmt: skip
    elif variant == 3:
        forms.append(blob([(-0.66, top + 0.12), (-0.42, top + 0.07), (-0.3, top - 0.04), (-0.5, top - 0.03)], 2))
    return forms


def _steering(pen: Pen, variant: int, base: float, top: float) -> None:
    steer = _fork(variant, base, top)
    hand = (steer[0] - (0.18 if variant == 2 else 0.1), steer[1] + {2: 0.26, 0: 0.08}.get(variant, 0.15))
    pen.fill(limb([steer, (steer[0] - 0.02, hand[1]), (hand[0] - 0.06, hand[1] - 0.02)], [0.04, 0.04, 0.05], 3, 2), SOOT)
    if variant in (2, 5):
        pen.fill(stroke((steer[0], hand[1] - 0.02), (steer[0] + 0.06, hand[1] + 0.1), 0.016), SOOT)
        pen.fill(ellipse(steer[0] + 0.07, hand[1] + 0.12, 0.05, 0.04, count=10), SOOT)
    pen.solid(ellipse(steer[0] + (0.2 if variant in (0, 4) else 0.1), steer[1] - 0.02, 0.075, count=12), paint=LAMP, line=0.6)


def _scooter(pen: Pen, base: float, radius: float, y: float) -> None:
    body = [(-0.72, 0.3 + y), (-0.62, 0.56 + y), (-0.36, 0.62 + y), (-0.16, 0.56 + y), (-0.12, 0.26 + y), (0.22, 0.22 + y),
        (0.28, 0.16 + y),
            (-0.3, 0.14 + y)]  # fmt: skip
    shield = limb([(0.24, 0.19 + y), (0.36, 0.5 + y), (0.28, 0.86 + y)], [0.1, 0.12, 0.1], 3, 3)
    pen.fill(stroke((0.32, 0.6 + y), (base, radius), 0.06), STEEL)
    pen.solid(blob(body, 4), shield, arc_band(base, radius, radius + 0.03, radius + 0.03, 20, 160, 0.08, 9))
    pen.fill(blob([(-0.68, 0.63 + y), (-0.4, 0.68 + y), (-0.1, 0.63 + y), (-0.14, 0.58 + y), (-0.6, 0.56 + y)], 3), _LEATHER)
    pen.fill(ellipse(-0.4, 0.42 + y, 0.17, 0.09, count=14), "main", 1.12)
    pen.fill(stroke((-0.48, 0.42 + y), (-0.32, 0.42 + y), 0.02), "main", 0.6)
    pen.fill(limb([(0.28, 0.86 + y), (0.2, 0.93 + y), (0.08, 0.92 + y)], [0.05, 0.05, 0.05], 2, 2), SOOT)
    pen.fill(stroke((0.26, 0.92 + y), (0.32, 1.02 + y), 0.016), SOOT)
    pen.fill(ellipse(0.33, 1.05 + y, 0.05, 0.04, count=10), SOOT)
    pen.solid(ellipse(0.36, 0.84 + y, 0.075, count=12), paint=LAMP, line=0.6)
    pen.fill(ellipse(-0.73, 0.44 + y, 0.04, 0.05, count=8), RUBY)
