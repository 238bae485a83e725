"""Bicycles: a tourer, one with a basket, a racer, a folding one, a mountain bicycle and one with a step-through frame."""

from __future__ import annotations

import math

from looksay.storybook.figures.pen import (
    Pen,
    Point,
    arc_band,
    blob,
    box,
    ellipse,
    limb,
    place,
    ring,
    star,
    stroke,
)
from looksay.storybook.figures.wheels import LAMP, RIM, SOOT, STEEL, TYRE
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
    saddle: Point = (-0.2, 0.72 if variant != 2 else 0.77)
    steer: Point = (base - 0.15, 0.7 if variant != 3 else 0.66)
    bar: Point = (steer[0] - 0.05, steer[1] + (0.18 if variant != 2 else 0.12))
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
    if variant == 3:  # a luggage rack
        pen.fill(stroke((-0.56, 0.6), back, 0.026), STEEL)
        pen.fill(stroke((-0.64, 0.6), (-0.2, 0.6), 0.04), STEEL)
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
        pen.solid(ellipse(x + 0.1, y - 0.1, 0.055, count=10), paint=LAMP, line=0.6)
    if variant == 1:
        pen.solid([(x + 0.06, y + 0.01), (x + 0.34, y + 0.01), (x + 0.3, y - 0.18), (x + 0.1, y - 0.18)], paint=WICKER)
        pen.fill(stroke((x + 0.08, y - 0.06), (x + 0.325, y - 0.06), 0.02), WICKER, 0.75)
