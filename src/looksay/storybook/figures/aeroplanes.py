"""Aeroplanes: a biplane, an airliner, a low-winged racer, a seaplane, a business jet and a high-winged tourer."""

from __future__ import annotations

from looksay.storybook.figures.pen import PAPER, Pen, Points, blob, ellipse, panel, rounded, stroke, swing
from looksay.storybook.figures.wheels import GLASS, RIM, RUBY, SOOT, STEEL, TYRE
from looksay.storybook.spec import RGB

_WOOD: RGB = (156, 110, 72)


def aeroplane(action: str, variant: int, phase: int) -> Pen:
    pen, flying = Pen(0.015), action == "flying"
    if variant == 1:
        _airliner(pen, flying)
    elif variant == 4:
        _business_jet(pen, flying)
    else:
        _propeller(pen, variant, flying, phase)
    return pen.carried(3.5 + 1.2 * swing(phase)) if flying else pen


def _gear(pen: Pen, x: float, top: float, radius: float, shade: float = 1.0) -> None:
    pen.fill(stroke((x, top), (x, radius), 0.04), STEEL, shade)
    pen.fill(ellipse(x, radius, radius, count=14), TYRE, shade)
    pen.fill(ellipse(x, radius, radius * 0.45, count=8), RIM, shade)


def _airliner(pen: Pen, flying: bool) -> None:
    if not flying:
        _gear(pen, 0.86, 0.3, 0.075)
        _gear(pen, -0.02, 0.3, 0.085)
        _gear(pen, -0.2, 0.3, 0.085)
    pen.solid(rounded([(0.02, 0.6), (-0.36, 0.86), (-0.5, 0.86), (-0.26, 0.6)], 0.03, 3), shade=0.66)  # the far wing
    pen.solid(rounded([(-1.3, 0.5), (-1.52, 1.04), (-1.3, 1.06), (-0.84, 0.56)], [0.0, 0.04, 0.1, 0.0], 4))
    body = [
        (-1.5, 0.57),
        (-1.0, 0.64),
        (0.0, 0.67),
        (0.86, 0.66),
        (1.16, 0.55),
        (1.34, 0.4),
        (1.2, 0.27),
        (0.6, 0.21),
        (-0.3, 0.21),
        (-0.9, 0.34),
    ]
    pen.solid(blob(body, 3))
    pen.fill(
        blob([(1.33, 0.38), (1.19, 0.275), (0.6, 0.215), (-0.3, 0.215), (-0.88, 0.34), (-0.3, 0.33), (0.7, 0.32)], 3), PAPER, 0.94
    )
    pen.fill(rounded([(0.96, 0.48), (1.21, 0.47), (1.1, 0.57), (0.94, 0.6)], 0.03, 3), GLASS)
    for i in range(8):
        x = -0.82 + i * 0.2
        pen.fill(panel(x, 0.46, x + 0.1, 0.56, 0.04, 3), GLASS)
    pen.fill(panel(0.8, 0.36, 0.9, 0.6, 0.03, 3), "main", 0.7)
    pen.fill(rounded([(-1.4, 0.78), (-1.16, 0.78), (-1.24, 0.9), (-1.46, 0.9)], 0.01, 2), PAPER)
    pen.solid(rounded([(-1.1, 0.53), (-1.56, 0.66), (-1.68, 0.66), (-1.38, 0.5)], 0.02, 3), shade=0.84)
    pen.solid(panel(0.06, 0.08, 0.46, 0.24, 0.08, 4), paint=RIM)
    pen.fill(ellipse(0.45, 0.16, 0.03, 0.07, count=10), SOOT)
    pen.solid(rounded([(0.42, 0.37), (-0.5, 0.07), (-0.76, 0.08), (-0.3, 0.39)], 0.04, 3), shade=0.86)


def _business_jet(pen: Pen, flying: bool) -> None:
    if not flying:
        _gear(pen, 0.84, 0.3, 0.07)
        _gear(pen, -0.06, 0.3, 0.08)
    pen.solid(rounded([(-1.14, 0.5), (-1.36, 0.98), (-1.1, 0.98), (-0.74, 0.56)], [0.0, 0.03, 0.03, 0.0], 3))
    pen.solid(rounded([(-1.56, 0.96), (-1.02, 0.96), (-0.94, 1.02), (-1.5, 1.04)], 0.03, 3), shade=0.86)
    body = [
        (-1.36, 0.52),
        (-0.9, 0.57),
        (0.1, 0.61),
        (0.66, 0.62),
        (0.94, 0.52),
        (1.3, 0.36),
        (1.1, 0.27),
        (0.6, 0.22),
        (-0.3, 0.22),
        (-0.9, 0.34),
    ]
    pen.solid(blob(body, 3))
    pen.fill(
        blob([(1.28, 0.355), (1.1, 0.275), (0.6, 0.225), (-0.3, 0.225), (-0.88, 0.34), (-0.2, 0.31), (0.7, 0.32)], 3),
        "main",
        0.72,
    )
    pen.fill([(-1.3, 0.5), (-0.2, 0.38), (1.24, 0.36), (1.26, 0.385), (-0.2, 0.42), (-1.2, 0.52)], PAPER)
    pen.fill(rounded([(0.66, 0.46), (1.0, 0.45), (0.86, 0.55), (0.68, 0.59)], 0.03, 3), GLASS)
    for i in range(5):
        pen.fill(ellipse(-0.3 + i * 0.19, 0.5, 0.058, 0.05, count=12), GLASS)
    pen.solid(panel(-0.94, 0.46, -0.5, 0.64, 0.08, 4), paint=RIM)
    pen.fill(ellipse(-0.51, 0.55, 0.03, 0.075, count=10), SOOT)
    pen.solid(
        rounded([(0.36, 0.33), (-0.46, 0.09), (-0.62, 0.2), (-0.66, 0.12), (-0.3, 0.34)], [0.03, 0.02, 0.01, 0.02, 0.03], 3),
        shade=0.86,
    )


def _propeller(pen: Pen, variant: int, flying: bool, phase: int) -> None:
    biplane = variant in (0, 3)
    if variant == 3:  # floats
        for x in (-0.02, 0.5):
            pen.fill(stroke((x, 0.34), (x + 0.06, 0.14), 0.035), STEEL)
        pen.solid(
            blob([(-0.5, 0.14), (0.1, 0.17), (0.72, 0.17), (0.98, 0.14), (0.8, 0.03), (0.2, 0.0), (-0.3, 0.04)], 3), shade=0.86
        )
    elif variant != 2 or not flying:
        _gear(pen, 0.46, 0.4, 0.115)
        if variant == 5:
            _gear(pen, 0.86, 0.36, 0.095)
        else:
            pen.fill(stroke((-0.86, 0.42), (-0.94, 0.27), 0.03), STEEL)
            pen.fill(ellipse(-0.94, 0.27, 0.055, count=9), TYRE)
    if variant == 2:
        pen.solid(rounded([(0.42, 0.56), (0.1, 0.78), (-0.16, 0.78), (-0.02, 0.56)], 0.05, 3), shade=0.66)  # the far wing
    pen.solid(rounded([(-0.98, 0.48), (-1.22, 0.92), (-0.98, 0.97), (-0.68, 0.54)], [0.0, 0.08, 0.12, 0.0], 4))
    body: Points = [
        (-1.1, 0.5),
        (-0.5, 0.6),
        (0.1, 0.645),
        (0.7, 0.62),
        (0.94, 0.52),
        (0.94, 0.36),
        (0.7, 0.26),
        (0.1, 0.26),
        (-0.6, 0.36),
    ]
    if variant == 5:
        pen.fill(rounded([(0.0, 0.58), (0.66, 0.58), (0.44, 0.82), (-0.02, 0.82)], 0.05, 3), GLASS)
        pen.fill(stroke((0.2, 0.58), (0.2, 0.8), 0.03), SOOT)
    elif variant == 2:
        pen.solid(blob([(-0.24, 0.58), (-0.08, 0.77), (0.18, 0.8), (0.44, 0.6)], 3), paint=GLASS, line=0.6)
        pen.fill(stroke((0.1, 0.6), (0.07, 0.8), 0.022), "main", 0.7)
    pen.solid(blob(body, 3))
    pen.fill(blob([(0.94, 0.36), (0.7, 0.265), (0.1, 0.265), (-0.58, 0.36), (-0.1, 0.37), (0.6, 0.37)], 3), "main", 0.74)
    pen.solid(rounded([(0.8, 0.61), (0.95, 0.57), (0.95, 0.32), (0.8, 0.27)], 0.05, 3), paint=STEEL)
    if biplane:
        pen.fill(blob([(-0.16, 0.6), (-0.02, 0.71), (0.12, 0.62)], 3), SOOT)
        pen.fill([(0.14, 0.62), (0.21, 0.62), (0.1, 0.78)], GLASS)
    pen.fill(ellipse(-0.46, 0.49, 0.095, count=14), PAPER)
    pen.fill(ellipse(-0.46, 0.49, 0.05, count=10), RUBY)
    pen.solid(rounded([(-0.76, 0.51), (-1.24, 0.55), (-1.26, 0.48), (-0.8, 0.44)], 0.03, 3), shade=0.86)
    _wings(pen, variant)
    _blades(pen, 0.98, 0.45, flying, phase)


def _wings(pen: Pen, variant: int) -> None:
    if variant == 5:
        pen.fill(stroke((0.36, 0.82), (0.2, 0.38), 0.032), STEEL)
        pen.solid(rounded([(0.72, 0.8), (0.64, 0.9), (-0.26, 0.9), (-0.36, 0.81)], 0.05, 3), shade=0.92)
    elif variant == 2:
        pen.solid(rounded([(0.5, 0.38), (0.2, 0.06), (-0.16, 0.05), (-0.06, 0.38)], [0.03, 0.12, 0.1, 0.03], 4), shade=0.88)
        pen.fill(ellipse(0.12, 0.17, 0.1, 0.055, count=12), PAPER)
        pen.fill(ellipse(0.12, 0.17, 0.05, 0.028, count=9), RUBY)
    else:
        pen.solid(rounded([(0.62, 0.31), (0.54, 0.4), (-0.26, 0.36), (-0.36, 0.27), (0.2, 0.25)], 0.04, 3), shade=0.9)
        for x in (-0.14, 0.42):
            pen.fill(stroke((x, 0.36), (x + 0.12, 0.98), 0.03), _WOOD)
        pen.solid(rounded([(0.78, 0.94), (0.7, 1.04), (-0.12, 1.04), (-0.24, 0.95)], 0.04, 3))


def _blades(pen: Pen, x: float, y: float, flying: bool, phase: int) -> None:
    """A propeller edge-on: its blades seem to grow and shrink as it turns."""
    reach = 0.31 if not flying else 0.31 * (0.25 + 0.75 * abs(swing(phase, 0.06)))
    pen.fill(ellipse(x, y + reach / 2, 0.03, reach / 2, count=10), _WOOD)
    pen.fill(ellipse(x, y - reach / 2, 0.03, reach / 2, count=10), _WOOD)
    pen.fill(ellipse(x + 0.02, y, 0.065, 0.06, count=10), RUBY)
