"""Trains: steam engines, an express, a tram, an electric engine and a diesel engine, with their carriages."""

from __future__ import annotations

from looksay.storybook.figures.pen import PAPER, Pen, Points, blob, box, ellipse, panel, place, rounded, star, stroke, swing
from looksay.storybook.figures.wheels import GLASS, LAMP, RIM, RUBY, SOOT, STEEL, spin, wheel
from looksay.storybook.spec import RGB

_BRASS: RGB = (234, 194, 90)


def train(action: str, variant: int, phase: int) -> Pen:
    pen, moving = Pen(0.013), action == "moving"
    bump = 0.006 * swing(2 * phase) if moving else 0.0
    turned = spin(phase, moving, 6)
    if variant == 2:
        _tram(pen, bump, turned)
        return pen
    steam = variant in (0, 3)
    _carriage(pen, variant, (-1.78, -1.0) if variant == 3 else (-1.5, -0.52) if steam else (-1.6, -0.44), bump, turned)
    if steam:
        _steam(pen, variant, bump, turned, spin(phase, moving, 1))
    elif variant == 1:
        _express(pen, bump, turned)
    elif variant == 4:
        _electric(pen, bump, turned)
    else:
        _diesel(pen, bump, turned)
    return pen


def _carriage(pen: Pen, variant: int, span: tuple[float, float], bump: float, turned: float) -> None:
    (left, right), low, top = span, 0.17 + bump, (0.72 if variant != 5 else 0.7) + bump
    pen.fill(box(right - 0.04, 0.2, right + 0.16, 0.26), SOOT)
    pen.solid(panel(left, low, right, top, 0.05, 3))
    roof = [(left - 0.02, top - 0.05), (right + 0.02, top - 0.05), (right - 0.04, top + 0.05), (left + 0.04, top + 0.05)]
    pen.solid(rounded(roof, 0.05, 3), paint=SOOT if variant in (0, 3) else STEEL)
    pen.fill(box(left, low + 0.03, right, low + 0.09), "main", 0.72)
    if variant in (1, 4):
        pen.fill(box(left, low + 0.18, right, low + 0.22), PAPER, 0.98)
    count = {0: 4, 3: 3}.get(variant, 5)
    pitch = (right - left - 0.08) / count
    for i in range(count):
        x = left + 0.08 + i * pitch
        pen.fill(panel(x, low + 0.27, x + pitch - 0.08, top - 0.1, 0.03, 3), GLASS)
    for x in (left + 0.16, left + 0.36, right - 0.36, right - 0.16) if variant not in (0, 3) else (left + 0.22, right - 0.24):
        wheel(pen, x, 0.11, turned, 6)


def _steam(pen: Pen, variant: int, bump: float, turned: float, crank: float) -> None:
    low = 0.24 + bump
    if variant == 3:  # a tender with coal
        pen.fill(blob([(-0.84, 0.5), (-0.74, 0.62), (-0.62, 0.58), (-0.5, 0.64), (-0.44, 0.5)], 2), SOOT, 0.8)
        pen.solid(panel(-0.86, 0.19 + bump, -0.42, 0.54 + bump, 0.03, 3))
        pen.fill(box(-0.46, 0.2, -0.34, 0.25), SOOT)
        for x in (-0.76, -0.52):
            wheel(pen, x, 0.11, turned, 6)
    pen.fill(box(-0.36, low - 0.04, 1.12, low + 0.04), SOOT)
    pen.solid([(1.02, low + 0.02), (1.3, 0.03), (0.98, 0.03), (0.94, low)], paint=RUBY, shade=0.9)  # the cowcatcher
    for x in (1.05, 1.13):
        pen.fill(stroke((x - 0.05, low - 0.02), (x + 0.05, 0.04), 0.016), RUBY, 0.6)
    pen.solid(panel(0.02, low, 1.06, low + 0.38, 0.13, 4))
    pen.fill(panel(0.1, low + 0.27, 0.98, low + 0.33, 0.03, 3), "main", 1.14)
    for x in (0.3, 0.66):
        pen.fill(box(x, low + 0.005, x + 0.036, low + 0.375), _BRASS)
    pen.solid(panel(-0.36, low, 0.08, 0.86 + bump, 0.03, 3))
    pen.solid(rounded([(-0.44, 0.84 + bump), (0.16, 0.84 + bump), (0.1, 0.94 + bump), (-0.38, 0.94 + bump)], 0.05, 3), paint=SOOT)
    pen.fill(panel(-0.27, 0.55 + bump, -0.01, 0.78 + bump, 0.04, 3), GLASS)
    flare = 0.13 if variant == 0 else 0.066
    funnel = [(0.8, low + 0.36), (0.93, low + 0.36), (0.865 + flare, 0.94 + bump), (0.865 - flare, 0.94 + bump)]
    pen.solid(funnel, paint=SOOT)
    pen.fill(box(0.865 - flare - 0.02, 0.9 + bump, 0.865 + flare + 0.02, 0.945 + bump), _BRASS if variant == 3 else RUBY)
    pen.solid(panel(0.44, low + 0.34, 0.62, low + 0.48, 0.07, 4), paint=_BRASS)
    pen.solid(ellipse(1.07, low + 0.28, 0.065, count=12), paint=LAMP, line=0.6)
    big = 0.2 if variant == 0 else 0.165
    drivers = (-0.12, 0.36) if variant == 0 else (-0.14, 0.22, 0.58)
    for x in drivers:
        pen.fill(ellipse(x, big, big, count=20), RUBY, 0.72)
        pen.fill(ellipse(x, big, big * 0.74, count=16), SOOT)
        pen.fill(star(x, big, big * 0.76, big * 0.14, 6, turned), RUBY, 0.95)
    wheel(pen, 0.84, 0.12, turned, 6)
    ends = [place([(big * 0.5, 0.0)], x, big, crank)[0] for x in (drivers[0], drivers[-1])]
    pen.fill(stroke(ends[0], ends[1], 0.045), RIM)


def _chassis(pen: Pen, left: float, right: float, axles: tuple[float, ...], turned: float) -> None:
    pen.fill(box(left + 0.04, 0.12, right - 0.12, 0.2), SOOT)
    for x in axles:
        wheel(pen, x, 0.11, turned, 6)


def _express(pen: Pen, bump: float, turned: float) -> None:
    low, top = 0.17 + bump, 0.78 + bump
    pen.fill(box(-0.46, 0.22, -0.34, 0.62), SOOT)
    nose: Points = [(-0.38, low), (1.32, low), (1.34, low + 0.16), (0.78, top), (-0.38, top)]
    pen.solid(rounded(nose, [0.03, 0.06, 0.16, 0.44, 0.04], 6))
    pen.fill(rounded([(-0.38, low + 0.21), (1.31, low + 0.18), (1.22, low + 0.25), (-0.38, low + 0.28)], 0.02, 2), PAPER, 0.98)
    pen.fill(rounded([(0.8, low + 0.33), (1.14, low + 0.33), (0.88, top - 0.08), (0.76, top - 0.07)], 0.03, 3), GLASS)
    for i in range(3):
        pen.fill(panel(-0.3 + i * 0.34, low + 0.32, -0.04 + i * 0.34, top - 0.1, 0.03, 3), GLASS)
    pen.fill(box(-0.38, low + 0.03, 1.26, low + 0.09), "main", 0.7)
    pen.fill(ellipse(1.24, low + 0.13, 0.07, 0.035, tilt=-10, count=10), LAMP)
    _chassis(pen, -0.38, 1.28, (-0.14, 0.1, 0.72, 0.96), turned)


def _pantograph(pen: Pen, x: float, top: float) -> None:
    pen.fill(stroke((x - 0.16, top), (x + 0.06, top + 0.09), 0.026), SOOT)
    pen.fill(stroke((x + 0.06, top + 0.09), (x - 0.08, top + 0.18), 0.026), SOOT)
    pen.fill(box(x - 0.22, top + 0.165, x + 0.06, top + 0.195), SOOT)


def _electric(pen: Pen, bump: float, turned: float) -> None:
    low, top = 0.17 + bump, 0.74 + bump
    _pantograph(pen, -0.02, top + 0.04)
    _pantograph(pen, 0.72, top + 0.04)
    pen.fill(box(-0.26, top - 0.01, 0.92, top + 0.05), STEEL, 0.8)
    pen.solid(
        rounded(
            [(-0.38, low), (1.08, low), (1.1, low + 0.24), (0.94, top), (-0.28, top), (-0.42, low + 0.24)],
            [0.03, 0.05, 0.06, 0.06, 0.06, 0.06],
            4,
        )
    )
    pen.fill(box(-0.4, low + 0.18, 1.09, low + 0.22), PAPER, 0.98)
    pen.fill(rounded([(0.86, low + 0.29), (1.03, low + 0.29), (0.92, top - 0.07), (0.8, top - 0.07)], 0.02, 3), GLASS)
    pen.fill(rounded([(-0.33, low + 0.29), (-0.18, low + 0.29), (-0.14, top - 0.07), (-0.25, top - 0.07)], 0.02, 3), GLASS)
    for i in range(4):
        x = 0.04 + i * 0.17
        pen.fill(panel(x, low + 0.3, x + 0.11, top - 0.12, 0.01, 2), "main", 0.62)
    pen.fill(box(-0.38, low + 0.03, 1.06, low + 0.09), "main", 0.7)
    for x in (1.04, -0.35):
        pen.fill(ellipse(x, low + 0.13, 0.04, count=10), LAMP if x > 0 else RUBY)
    _chassis(pen, -0.38, 1.12, (-0.12, 0.14, 0.6, 0.86), turned)


def _diesel(pen: Pen, bump: float, turned: float) -> None:
    """A cab behind a long bonnet."""
    low, top = 0.17 + bump, 0.8 + bump
    pen.solid(
        rounded(
            [(0.02, low), (1.1, low), (1.12, low + 0.38), (0.96, low + 0.46), (0.02, low + 0.46)],
            [0.02, 0.04, 0.1, 0.06, 0.02],
            4,
        )
    )
    pen.solid(panel(-0.36, low, 0.1, top, 0.05, 4))
    pen.solid(rounded([(-0.42, top - 0.03), (0.17, top - 0.03), (0.12, top + 0.05), (-0.37, top + 0.05)], 0.04, 3), paint=STEEL)
    pen.fill(panel(-0.28, low + 0.32, -0.12, top - 0.07, 0.03, 3), GLASS)
    pen.fill(panel(-0.06, low + 0.32, 0.05, top - 0.07, 0.03, 3), GLASS)
    for i in range(6):
        x = 0.2 + i * 0.1
        pen.fill(panel(x, low + 0.2, x + 0.055, low + 0.38, 0.01, 2), "main", 0.62)
    pen.fill([(-0.36, low + 0.03), (1.1, low + 0.03), (1.1, low + 0.1), (-0.36, low + 0.1)], (246, 206, 84))
    for i in range(7):
        x = -0.3 + i * 0.2
        pen.fill([(x, low + 0.03), (x + 0.07, low + 0.03), (x + 0.12, low + 0.1), (x + 0.05, low + 0.1)], SOOT)
    pen.fill(box(0.4, low + 0.46, 0.52, low + 0.56), SOOT)
    pen.solid(ellipse(1.08, low + 0.3, 0.05, count=10), paint=LAMP, line=0.6)
    _chassis(pen, -0.36, 1.14, (-0.16, 0.1, 0.66, 0.92), turned)


def _tram(pen: Pen, bump: float, turned: float) -> None:
    low, top = 0.17 + bump, 0.8 + bump
    _pantograph(pen, 0.1, top + 0.03)
    pen.solid(
        rounded(
            [(-0.95, low), (0.95, low), (0.97, low + 0.2), (0.88, top), (-0.88, top), (-0.97, low + 0.2)],
            [0.05, 0.06, 0.06, 0.12, 0.12, 0.06],
            4,
        )
    )
    pen.fill(rounded([(-0.82, top - 0.02), (0.82, top - 0.02), (0.76, top + 0.045), (-0.76, top + 0.045)], 0.03, 3), STEEL, 0.8)
    pen.fill(box(-0.95, low + 0.19, 0.96, low + 0.23), PAPER, 0.98)
    pen.fill(box(-0.93, low + 0.03, 0.93, low + 0.09), "main", 0.7)
    for left, door in ((-0.84, False), (-0.52, True), (-0.2, False), (0.12, False), (0.38, True)):
        if door:
            pen.fill(panel(left, low + 0.05, left + 0.26, top - 0.08, 0.03, 3), "main", 0.6)
            pen.fill(panel(left + 0.03, low + 0.12, left + 0.12, top - 0.11, 0.02, 2), GLASS)
            pen.fill(panel(left + 0.14, low + 0.12, left + 0.23, top - 0.11, 0.02, 2), GLASS)
        else:
            pen.fill(panel(left, low + 0.29, left + 0.26, top - 0.1, 0.03, 3), GLASS)
    pen.fill(rounded([(0.7, low + 0.28), (0.91, low + 0.28), (0.84, top - 0.09), (0.7, top - 0.09)], 0.03, 3), GLASS)
    pen.fill(panel(0.56, top - 0.07, 0.84, top - 0.015, 0.01, 2), SOOT)
    pen.fill(ellipse(0.91, low + 0.13, 0.042, count=10), LAMP)
    pen.fill(ellipse(-0.92, low + 0.13, 0.034, count=8), RUBY)
    pen.solid([(0.9, 0.17), (1.06, 0.08), (1.02, 0.06), (0.86, 0.12)], paint=SOOT)
    _chassis(pen, -0.86, 0.98, (-0.62, -0.36, 0.36, 0.62), turned)
