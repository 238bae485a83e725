"""People's heads: faces that look ahead and a little at the reader, and what grows or sits on them."""

from __future__ import annotations

from collections.abc import Callable

from looksay.storybook.figures.pen import INK, PAPER, Pen, Points, arc_band, blob, ellipse, place, rounded
from looksay.storybook.spec import RGB

# Knots of the hair's outline in radii of the head.
_HAIR: dict[str, Points] = {
    "short": [(0.9, 0.62), (0.52, 0.5), (0.22, 0.7), (-0.16, 0.52), (-0.3, 0.2), (-0.5, 0.16), (-0.62, -0.32),
        (-0.86, -0.42), (-1.05, -0.02), (-1.02, 0.58), (-0.56, 1.1),
              (0.1, 1.2), (0.56, 1.28), (0.98, 0.98)],
    "long": [(0.9, 0.2), (0.84, 0.5), (0.5, 0.7), (0.08, 0.62), (-0.3, 0.2), (-0.36, -0.3), (-0.58, -0.72), (-0.96, -0.5),
        (-1.08, 0.3), (-0.7, 0.98), (0.1, 1.22), (0.74, 0.92)],
    "puffs": [(0.9, 0.36), (0.62, 0.62), (0.2, 0.66), (-0.2, 0.5), (-0.36, 0.18), (-0.56, 0.1), (-0.7, -0.42), (-0.98, -0.2),
        (-1.06, 0.32), (-0.7, 0.94), (0.06, 1.18), (0.7, 0.9)],
    "bun": [(0.92, 0.34), (0.74, 0.56), (0.36, 0.66), (-0.1, 0.46), (-0.36, 0.14), (-0.56, 0.1), (-0.7, -0.36),
        (-0.96, -0.3), (-1.08, 0.3), (-0.7, 0.96), (0.06, 1.2), (0.72, 0.9)],
    "cap": [(-0.9, 0.5), (-1.06, 0.0), (-0.9, -0.5), (-0.66, -0.42), (-0.54, 0.06), (-0.34, 0.16), (-0.2, 0.5)],
    "hat": [(-0.88, 0.5), (-1.0, 0.0), (-0.88, -0.36), (-0.64, -0.3), (-0.52, 0.1), (-0.3, 0.16), (-0.26, 0.5)],
}  # fmt: skip
_FELT: RGB = (98, 78, 66)


def hair_behind(pen: Pen, cut: str, hair: RGB, at: tuple[float, float, float], fly: float) -> None:
    """What hangs down the back or stands off the head, streaming a little with `fly`. `at` is (x, y, radius) of the head."""
    x, y, r = at
    if cut == "long":
        back = -1.1 - 0.16 * (1 + fly) * bool(fly)
        locks = [
            (0.2, 1.0),
            (-0.75, 0.85),
            (-1.12, 0.1),
            (back - 0.06, -1.0),
            (back - 0.02, -1.7),
            (-0.62, -1.72),
            (-0.2, -1.0),
            (0.3, 0.0),
        ]
        pen.solid(place(blob(locks, 2), x, y, 0, r), paint=hair)
    elif cut == "puffs":
        pen.solid(
            ellipse(x - 1.02 * r, y + (0.56 + 0.1 * fly) * r, 0.46 * r, count=12),
            ellipse(x + 0.5 * r, y + (1.02 + 0.05 * fly) * r, 0.42 * r, count=12),
            paint=hair,
        )
    elif cut == "bun":
        pen.solid(ellipse(x - 0.72 * r, y + 0.94 * r, 0.42 * r, count=12), paint=hair)


def head(pen: Pen, cut: str, skin: RGB, hair: RGB, at: tuple[float, float, float]) -> None:
    """`at` is (x, y, radius) of the head."""
    x, y, r = at

    def put(points: Points) -> Points:
        return place(points, x, y, 0, r)

    face = blob(
        [
            (0.0, 1.0),
            (-0.72, 0.7),
            (-0.96, 0.0),
            (-0.64, -0.7),
            (0.1, -1.0),
            (0.68, -0.74),
            (0.92, -0.2),
            (0.88, 0.4),
            (0.6, 0.8),
        ],
        2,
    )
    pen.solid(put(face), put(ellipse(0.97, -0.1, 0.14, 0.12, count=7)), paint=skin, line=0.68)
    blush = (min(255, skin[0] + 4), round(skin[1] * 0.8), round(skin[2] * 0.78))
    pen.fill(put(ellipse(0.26, -0.36, 0.21, 0.15, count=8)), blush)
    for u in (0.32, 0.76):
        pen.fill(put(ellipse(u, 0.06, 0.115, 0.165, count=9)), INK)
        pen.fill(put(ellipse(u + 0.045, 0.12, 0.04, count=5)), PAPER)
    if cut == "hat":
        beard = [
            (-0.5, -0.02),
            (-0.2, -0.4),
            (0.2, -0.34),
            (0.6, -0.28),
            (0.86, -0.36),
            (0.8, -0.86),
            (0.3, -1.28),
            (-0.4, -1.0),
            (-0.7, -0.5),
        ]
        pen.solid(put(blob(beard, 2)), paint=hair, line=0.72)
        pen.fill(put(arc_band(0.56, -0.46, 0.16, 0.14, 190, 350, 0.09, 5)), (168, 84, 80))
        pen.fill(put(ellipse(0.54, 0.32, 0.42, 0.05, tilt=4, count=6)), hair)
    else:
        pen.fill(put(arc_band(0.56, -0.38, 0.22, 0.2, 195, 345, 0.085, 6)), (158, 66, 62) if skin[0] > 160 else (96, 40, 40))
    pen.solid(put(blob(_HAIR[cut], 2)), paint=hair, line=0.7)
    if cut != "long":
        pen.solid(put(ellipse(-0.36, -0.1, 0.17, 0.22, count=9)), paint=skin, shade=0.95, line=0.72)
    _headwear(pen, cut, put)


def _headwear(pen: Pen, cut: str, put: Callable[[Points], Points]) -> None:
    if cut == "hat":
        crown = rounded([(-0.84, 0.44), (0.86, 0.44), (0.72, 1.42), (-0.7, 1.42)], 0.3, 4)
        pen.solid(put(crown), put(ellipse(0.02, 0.46, 1.34, 0.16, count=14)), paint=_FELT)
        pen.fill(put([(-0.83, 0.58), (0.84, 0.58), (0.81, 0.8), (-0.8, 0.8)]), _FELT, 0.62)
    elif cut == "cap":
        crown = blob([(-1.02, 0.36), (-0.86, 0.88), (-0.2, 1.2), (0.5, 1.02), (0.92, 0.46), (0.0, 0.42)], 3)
        peak = rounded([(0.36, 0.38), (1.5, 0.3), (1.48, 0.46), (0.7, 0.7)], 0.1, 3)
        pen.solid(put(crown), put(peak), shade=0.86)
        pen.fill(put(ellipse(-0.1, 1.2, 0.13, 0.1, count=8)), "main", 0.66)
    elif cut == "puffs":
        for u, v in ((-0.82, 0.62), (0.36, 0.92)):
            pen.fill(put(ellipse(u, v, 0.17, count=8)), "main", 1.1)
    elif cut == "bun":
        pen.fill(put(ellipse(-0.36, -0.36, 0.075, count=7)), (246, 206, 96))
