"""Bicycles and motorbikes: the background shows through their wheels."""

from __future__ import annotations

import math

from looksay.storybook.figures.pen import (
    Pen,
    Point,
    Points,
    arc_band,
    blob,
    box,
    ellipse,
    limb,
    panel,
    place,
    ring,
    star,
    stroke,
    swing,
)
from looksay.storybook.figures.wheels import LAMP, RIM, RUBY, SOOT, STEEL, TYRE
from looksay.storybook.spec import PHASES, RGB

LEATHER: RGB = (96, 62, 44)
WICKER: RGB = (206, 164, 108)


def _wheel(pen: Pen, x: float, radius: float, thick: float, turned: float, rays: int) -> None:
    pen.fill(ring(x, radius, radius, radius - thick, 24), TYRE)
    pen.fill(star(x, radius, radius - thick * 0.8, 0.012, rays, turned), RIM, 0.86)
    pen.fill(ellipse(x, radius, 0.032, count=10), STEEL, 0.8)


def bicycle(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.009), action == "moving"
    radius = {3: 0.24, 4: 0.3}.get(variant, 0.34)
    base = {3: 0.44, 4: 0.42}.get(variant, 0.5)
    back, front = (-base, radius), (base, radius)
    rays = 10
    turned = -phase * 360.0 / rays / PHASES if moving else 9.0
    thick = 0.062 if variant in (1, 4) else 0.045
    for x in (-base, base):
        _wheel(pen, x, radius, thick, turned, rays)
    tube = 0.058 if variant != 2 else 0.05
    crank: Point = (-0.06, radius - 0.02)
    saddle: Point = (-0.2, 0.72)
    steer: Point = (base - 0.15, 0.7 if variant != 3 else 0.66)
    bar: Point = (steer[0] - 0.05, steer[1] + 0.18)
    low = {1: 0.0, 3: 0.3}.get(variant, 0.0)
    bars = [
        (back, crank),
        (back, saddle),
        (crank, (saddle[0] - 0.03, saddle[1] + 0.08)),
        (crank, steer),
        (steer, front),
        (steer, bar),
    ]
    if variant in (1, 5):  # a step-through frame
        bars.append(((-0.1, 0.48), (steer[0] + 0.02, steer[1] - 0.1)))
    elif variant != 3:
        bars.append(((saddle[0] + 0.02, saddle[1] - 0.06), steer))
    forms = [stroke(a, b, tube) for a, b in bars]
    _pedal(pen, crank, phase * 360.0 / PHASES if moving else 30.0, 180.0)
    pen.solid(*forms)
    if low:
        pen.fill(panel(-0.62, 0.66, -0.32, 0.7, 0.015, 2), STEEL)
    if variant in (1, 5):
        for x in (-base, base):
            pen.solid(arc_band(x, radius, radius + 0.035, radius + 0.035, 20 if x < 0 else 40, 170 if x < 0 else 150, 0.03, 8))
    pen.fill(ring(crank[0], crank[1], 0.085, 0.055, 14), STEEL, 0.7)
    pen.fill(stroke((crank[0], crank[1] + 0.075), (back[0], back[1] + 0.03), 0.014), SOOT)
    pen.fill(stroke((crank[0], crank[1] - 0.075), (back[0], back[1] - 0.03), 0.014), SOOT)
    _pedal(pen, crank, phase * 360.0 / PHASES if moving else 30.0, 0.0)
    seat = [(-0.15, -0.01), (-0.13, 0.05), (0.02, 0.035), (0.15, 0.03), (0.16, 0.0), (0.0, -0.025)]
    pen.fill(place(blob(seat, 2), saddle[0] - 0.04, saddle[1] + 0.1), LEATHER)
    _handlebar(pen, variant, bar)
    return pen


def _pedal(pen: Pen, crank: Point, turned: float, offset: float) -> None:
    angle = math.radians(-turned + offset)
    x, y = crank[0] + 0.13 * math.cos(angle), crank[1] + 0.13 * math.sin(angle)
    pen.fill(stroke(crank, (x, y), 0.026), STEEL, 0.8)
    pen.fill(box(x - 0.06, y - 0.018, x + 0.06, y + 0.018), SOOT)


def _handlebar(pen: Pen, variant: int, bar: Point) -> None:
    x, y = bar
    if variant == 2:  # a racer's drops
        pen.fill(limb([(x - 0.02, y), (x + 0.14, y + 0.02), (x + 0.17, y - 0.08), (x + 0.06, y - 0.12)], [0.04] * 4, 3, 2), SOOT)
    elif variant == 3:
        pen.fill(limb([(x, y - 0.02), (x - 0.02, y + 0.12), (x - 0.12, y + 0.14)], [0.04] * 3, 3, 2), SOOT)
    else:
        pen.fill(
            limb(
                [(x + 0.06, y - 0.02), (x + 0.04, y + 0.05), (x - 0.08, y + 0.05), (x - 0.15, y + 0.03)],
                [0.032, 0.032, 0.036, 0.044],
                3,
                2,
            ),
            SOOT,
        )
    if variant in (0, 5):
        pen.fill(ellipse(x + 0.13, y - 0.06, 0.05, count=10), LAMP)
    if variant == 1:
        pen.solid([(x + 0.06, y + 0.01), (x + 0.34, y + 0.01), (x + 0.3, y - 0.18), (x + 0.1, y - 0.18)], paint=WICKER)
        pen.fill(stroke((x + 0.08, y - 0.06), (x + 0.325, y - 0.06), 0.02), WICKER, 0.75)


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
    steer = (base - (0.3 if variant == 2 else 0.2), top + 0.04)
    pen.fill(stroke(steer, (base, radius), 0.06), STEEL)
    pen.fill(stroke((-base, radius), (-0.1, 0.34 + bump), 0.07), SOOT)
    pen.fill(blob([(-0.24, 0.22), (0.2, 0.2), (0.26, 0.42), (0.1, 0.56), (-0.2, 0.54)], 3), SOOT)
    pen.fill(ellipse(0.02, 0.34 + bump, 0.12, count=14), STEEL)
    pen.fill(limb([(0.1, 0.26), (-0.2, 0.2), (-base - 0.1, 0.26)], [0.05, 0.06, 0.08], 3, 2), RIM, 0.86)
    guard = radius + 0.045
    high = 0.1 if variant == 3 else 0.0
    pen.solid(
        arc_band(base, radius + high, guard, guard, 40, 140, 0.05, 8),
        arc_band(-base, radius + high * 0.5, guard, guard, 30, 160, 0.06, 8),
    )
    tank: Points = blob(
        [(-0.06, top - 0.12), (-0.04, top), (0.16, top + 0.08), (0.34, top + 0.02), (0.3, top - 0.14), (0.1, top - 0.18)], 3
    )
    tail = [(-0.5, top + 0.03), (-0.1, top - 0.06), (0.12, top - 0.2), (0.0, top - 0.3), (-0.3, top - 0.16), (-0.56, top - 0.06)]
    parts = [tank, blob(tail, 3)]
    if variant in (0, 4):  # a fairing with a windscreen
        parts.append(
            blob(
                [
                    (0.28, top + 0.06),
                    (0.5, top + 0.06),
                    (0.62, top - 0.1),
                    (0.44, top - 0.22),
                    (0.3, top - 0.42),
                    (0.0, top - 0.46),
                    (0.1, top - 0.2),
                ],
                3,
            )
        )
        pen.fill([(0.34, top + 0.05), (0.52, top + 0.03), (0.36, top + 0.24)], (196, 222, 234))
    elif variant == 3:
        parts.append(blob([(-0.62, top + 0.1), (-0.4, top + 0.06), (-0.3, top - 0.04), (-0.5, top - 0.02)], 2))
    pen.solid(*parts)
    pen.fill(blob([(0.02, top - 0.02), (0.16, top + 0.04), (0.28, top), (0.16, top - 0.03)], 2), "main", 1.3)
    seat = [(-0.5, top + 0.05), (-0.3, top), (-0.06, top - 0.04), (0.02, top - 0.1), (-0.2, top - 0.11), (-0.48, top - 0.04)]
    pen.fill(blob(seat, 3), (62, 50, 48))
    hand = (steer[0] - (0.18 if variant == 2 else 0.1), steer[1] + (0.24 if variant == 2 else 0.14))
    pen.fill(limb([steer, (steer[0] - 0.02, hand[1]), (hand[0] - 0.06, hand[1] - 0.02)], [0.04, 0.04, 0.05], 3, 2), SOOT)
    pen.solid(ellipse(steer[0] + (0.2 if variant in (0, 4) else 0.1), steer[1] - 0.02, 0.07, count=12), paint=LAMP, line=0.6)
    pen.fill(ellipse(-0.56, top - 0.02, 0.04, count=8), RUBY)
    return pen


def _scooter(pen: Pen, base: float, radius: float, bump: float) -> None:
    y = bump
    body = blob(
        [
            (-0.72, 0.3 + y),
            (-0.62, 0.56 + y),
            (-0.36, 0.62 + y),
            (-0.16, 0.56 + y),
            (-0.12, 0.26 + y),
            (0.22, 0.22 + y),
            (0.28, 0.16 + y),
            (-0.3, 0.14 + y),
        ],
        3,
    )
    shield = limb([(0.24, 0.19 + y), (0.36, 0.5 + y), (0.28, 0.86 + y)], [0.1, 0.11, 0.1], 3, 3)
    pen.fill(stroke((0.32, 0.6 + y), (base, radius), 0.06), STEEL)
    pen.solid(body, shield, arc_band(base, radius, radius + 0.03, radius + 0.03, 20, 160, 0.07, 9))
    pen.fill(blob([(-0.68, 0.63 + y), (-0.4, 0.68 + y), (-0.1, 0.63 + y), (-0.14, 0.58 + y), (-0.6, 0.56 + y)], 3), LEATHER)
    pen.fill(ellipse(-0.4, 0.42 + y, 0.16, 0.09, count=14), "main", 1.25)
    pen.fill(limb([(0.28, 0.86 + y), (0.2, 0.93 + y), (0.08, 0.92 + y)], [0.05, 0.05, 0.05], 2, 2), SOOT)
    pen.solid(ellipse(0.36, 0.84 + y, 0.07, count=12), paint=LAMP, line=0.6)
    pen.fill(ellipse(-0.73, 0.44 + y, 0.04, 0.05, count=8), RUBY)
