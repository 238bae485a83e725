"""Sheep: black-faced, bare-headed, a ram, a lamb, a fine-wooled ewe and a bell-wether."""

from __future__ import annotations

import math

from looksay.storybook.figures.legs import HOOF, Frame, four_legs, hoofs
from looksay.storybook.figures.pen import INK, LIPS, Pen, Point, Points, arc_band, blob, ellipse, limb, place, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.0, 1.0, 1.06, 0.7, 0.98, 1.0)

_FACES: tuple[RGB, ...] = ((66, 58, 60), (246, 226, 206), (216, 194, 168), (247, 230, 214), (56, 50, 52), (158, 126, 104))


def sheep(action: str, variant: int, phase: int) -> Pen:
    pen, face, lying, wag = Pen(0.014), _FACES[variant], action == "lying", swing(phase)
    s = 0.78 if variant == 3 else 1.0
    leg = (0.0, 0.05, -0.03, 0.02, -0.05, 0.03)[variant]  # how much longer than usual
    drop = 0.24 if lying else -leg
    frame = Frame(0.22 * s, -0.25 * s, 0.36 + leg, (0.1, 0.078, 0.07), 0.1, 0.06, 0.0, 0.075)
    if lying:
        pen.solid(
            limb([(0.12 * s, 0.05), (0.42 * s, 0.045)], [0.08, 0.075], 2, 3),
            limb([(-0.3 * s, 0.05), (-0.06, 0.04)], [0.08, 0.075], 2, 3),
            paint=face,
        )
        pen.fill(ellipse(0.43 * s, 0.042, 0.04, 0.036, count=8), HOOF, 0.8)
    else:
        legs = four_legs(frame, action, phase)
        for form in legs[:2]:
            pen.solid(form, paint=face, shade=0.72)
        hoofs(pen, frame, action, phase, near=False)
        for form in legs[2:]:
            pen.solid(form, paint=face, shade=0.96)
        hoofs(pen, frame, action, phase, near=True)
    y = 0.57 - drop
    pen.solid(ellipse(-0.45 * s, y + 0.04, 0.1, 0.08 + 0.012 * wag, tilt=30, count=12))
    lobes, high = {3: (11, 0.25), 4: (18, 0.285), 5: (13, 0.3)}.get(variant, (13, 0.285))
    pen.solid(_fleece((0.0, y), 0.43 * s, high, lobes))
    for u, v in ((-0.22, 0.03), (0.0, -0.09), (-0.03, 0.13), (0.19, 0.02)):
        pen.fill(arc_band(u * s, y + v, 0.075, 0.055, 200, 350, 0.02, 5), "main", 0.74)
    low = action == "grazing"
    joint = (0.5 * s, 0.34 + 0.01 * wag) if low else (0.46 * s, 0.78 - drop + 0.008 * wag)
    _head(pen, variant, joint, -46.0 if low else -8.0, phase)
    return pen.carried(wide=(1.0, 0.94, 1.04, 1.0, 1.06, 0.96)[variant])


def _fleece(centre: Point, rx: float, ry: float, count: int) -> Points:
    """A cloud: round lobes along an ellipse, every other one a little fuller."""
    points = []
    for i in range(count):
        for part in range(5):
            angle = math.tau * (i + part / 5) / count
            reach = 1 + (2.0 / count) * math.sqrt(math.sin(math.pi * part / 5)) * (0.85 if i % 2 else 1.1)
            points.append((centre[0] + rx * reach * math.cos(angle), centre[1] + ry * reach * math.sin(angle)))
    return points


def _head(pen: Pen, variant: int, joint: Point, tilt: float, phase: int) -> None:
    size, face = 0.215, _FACES[variant]

    def at(points: Points) -> Points:
        return place(points, *joint, tilt, size)

    flick = 0.1 * swing(phase, 0.3)
    ear = [(0.3, 0.34), (0.56, 0.56 + flick), (0.78, 0.44 + flick), (0.5, 0.22)]
    pen.solid(at(blob(ear, 2)), paint=face, shade=0.76)
    skull = [
        (-0.5, 0.1),
        (-0.25, 0.5),
        (0.2, 0.52),
        (0.56, 0.24),
        (0.94, -0.06),
        (0.92, -0.4),
        (0.5, -0.56),
        (-0.1, -0.56),
        (-0.45, -0.3),
    ]
    pen.solid(at(blob(skull, 3)), paint=face)
    dark = face[0] < 100
    pen.fill(at(ellipse(0.86, -0.12, 0.1, 0.075, count=8)), (214, 150, 146) if not dark else INK, 1.0 if not dark else 0.6)
    pen.fill(at(limb([(0.86, -0.33), (0.68, -0.37), (0.56, -0.28)], [0.055, 0.06, 0.05], 2, 0)), LIPS)
    pen.eye(*at([(0.32, 0.08)])[0], size * 0.155)
    ear = [(-0.06, 0.28), (-0.4, 0.34 + flick), (-0.8, 0.08 + flick), (-0.64, -0.12 + flick), (-0.2, 0.04)]
    pen.solid(at(blob(ear, 2)), paint=face, shade=0.92)
    if variant != 1:
        pen.solid(_fleece(at([(-0.06, 0.52)])[0], 0.085, 0.05, 7))
    if variant == 2:
        horn = limb(
            [(-0.02, 0.44), (-0.46, 0.62), (-0.82, 0.2), (-0.56, -0.26), (-0.16, -0.14), (-0.24, 0.1)],
            [0.28, 0.3, 0.26, 0.2, 0.13, 0.05],
            3,
            1,
        )
        pen.solid(at(horn), paint=(208, 182, 136))
        for a, b in (((-0.38, 0.48), (-0.52, 0.72)), ((-0.66, 0.3), (-0.96, 0.36)), ((-0.62, -0.02), (-0.88, -0.12))):
            pen.fill(at(limb([a, b], [0.05, 0.05], 1, 0)), (208, 182, 136), 0.7)
    elif variant == 5:
        x, y = at([(-0.06, -0.66)])[0]
        pen.solid(
            [(x - 0.02, y + 0.03), (x + 0.02, y + 0.03), (x + 0.045, y - 0.05), (x - 0.045, y - 0.05)], paint=(242, 198, 74)
        )
    elif variant == 3:
        bow = [(-0.3, -0.5), (-0.62, -0.36), (-0.6, -0.72)], [(-0.26, -0.5), (0.04, -0.42), (0.0, -0.78)]
        for half in bow:
            pen.solid(at(half), paint=(100, 156, 214), line=0.7)
