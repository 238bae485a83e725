"""Boats: a dinghy, a rowing boat, a tug, a yacht, a longboat with a square sail and a motor boat."""

from __future__ import annotations

import math

from looksay.storybook.figures.pen import PAPER, Pen, Point, ellipse, limb, panel, rounded, stroke, swing
from looksay.storybook.figures.wheels import GLASS, RUBY, SOOT, STEEL, TYRE
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.0, 0.5, 0.85, 1.1, 0.9, 0.62)

_WOOD: RGB = (156, 110, 72)
_CANVAS: RGB = (250, 244, 228)
_DECK: RGB = (246, 238, 220)

# Of each hull: stern and stem of the deck's edge, the ends of the keel, how far the edge sags.
_HULLS: tuple[tuple[Point, Point, Point, Point, float], ...] = (
    ((-0.64, 0.34), (0.84, 0.4), (-0.5, 0.0), (0.42, 0.0), 0.05),
    ((-0.78, 0.4), (0.84, 0.44), (-0.5, 0.0), (0.46, 0.0), 0.1),
    ((-0.84, 0.4), (0.94, 0.54), (-0.7, 0.0), (0.62, 0.0), 0.08),
    ((-0.78, 0.36), (1.06, 0.42), (-0.5, 0.0), (0.46, 0.0), 0.07),
    ((-0.92, 0.62), (0.94, 0.68), (-0.56, 0.0), (0.52, 0.0), 0.26),
    ((-0.9, 0.38), (1.14, 0.5), (-0.84, 0.0), (0.4, 0.0), 0.04),
)


def boat(action: str, variant: int, phase: int) -> Pen:
    pen, sailing = Pen(0.013), action == "sailing"
    if variant in (2, 5):
        _motor(pen, variant, sailing, phase)
    else:
        _sails(pen, variant, sailing, phase)
    return pen.carried(1.6 * swing(phase) + ((5.0 if variant == 5 else 2.5) if sailing else 0.0))


def _edge(variant: int, share: float, below: float = 0.0) -> Point:
    """A point of the deck's edge from the stern (0) to the stem (1), or `below` it."""
    (ax, ay), (bx, by), (kx, _), (lx, _), sag = _HULLS[variant]
    y = ay + (by - ay) * share - 4 * sag * share * (1 - share) - below
    left, right = ax + (kx - ax) * below / ay, bx + (lx - bx) * below / by
    return (left + (right - left) * share, y)


def _hull(pen: Pen, variant: int) -> None:
    _, _, keel, fore, _ = _HULLS[variant]
    top = [_edge(variant, i / 8) for i in range(8, -1, -1)]
    bilge = rounded([top[-1], keel, fore, top[0]], [0.0, 0.14, 0.2, 0.0], 4)
    pen.solid([*bilge[1:-1], *top])
    low = 0.09 if variant != 4 else 0.06
    pen.fill(
        [*[_edge(variant, i / 6, low) for i in range(7)], *[_edge(variant, i / 6, low + 0.045) for i in range(6, -1, -1)]],
        PAPER,
        0.98,
    )
    if variant in (1, 4):
        for below in (0.19, 0.26):
            share = [0.14 + 0.12 * i for i in range(7)]
            pen.fill(
                [*[_edge(variant, t, below) for t in share], *[_edge(variant, t, below + 0.014) for t in share[::-1]]],
                "main",
                0.64,
            )
    else:
        x, y = keel
        pen.fill(rounded([(x + 0.02, 0.06), (x + 0.06, y), (fore[0] - 0.04, 0.0), (fore[0] + 0.06, 0.06)], 0.03, 2), "main", 0.7)


def _flag(pen: Pen, x: float, y: float, phase: int) -> None:
    wave = 0.03 * swing(phase)
    pen.fill([(x, y), (x - 0.12, y - 0.02 + wave), (x - 0.25, y - 0.06 - wave), (x - 0.12, y - 0.1 + wave), (x, y - 0.13)], RUBY)


def _sails(pen: Pen, variant: int, sailing: bool, phase: int) -> None:
    mast, tall = {0: (0.04, 1.25), 1: (0.1, 1.0), 3: (0.12, 1.42), 4: (0.0, 1.44)}[variant]
    belly, deck = 0.06 + 0.025 * swing(phase), _edge(variant, 0.5)[1]
    row = variant == 1 and not sailing
    if row:  # the far oar and the thwarts
        for share in (0.3, 0.62):
            x, y = _edge(variant, share)
            pen.fill(panel(x - 0.1, y - 0.02, x + 0.1, y + 0.035, 0.01, 2), _WOOD)
        _oar(pen, (0.26, deck + 0.1), 0.05 * swing(phase), 0.75)
    else:
        pen.fill(stroke((mast, deck - 0.1), (mast, tall), 0.036), _WOOD)
    foot, head = deck + 0.12, tall - (0.2 if variant == 4 else 0.06)
    if sailing and variant == 4:
        _square_sail(pen, mast, foot + 0.02, head, belly)
    elif sailing:
        _mainsail(pen, mast, foot, head, belly, 0.5 if variant == 1 else 0.62)
        if variant != 1:
            bulge = [
                (
                    mast + 0.03 + (_edge(variant, 0.92)[0] - mast) * t + 0.7 * belly * math.sin(math.pi * t),
                    head - 0.06 - (head - foot - 0.08) * t,
                )
                for t in (0.0, 0.25, 0.5, 0.75, 1.0)
            ]
            pen.solid([*bulge, (mast + 0.03, foot + 0.03)], paint=_CANVAS, shade=0.93, line=0.7)
    elif not row:
        y = foot + 0.04 if variant != 4 else head - 0.02
        span = (-0.58, -0.04) if variant != 4 else (-0.4, 0.4)
        pen.solid(
            limb([(mast + span[1], y), (mast + sum(span) / 2, y + 0.01), (mast + span[0], y)], [0.08, 0.11, 0.07], 3, 3),
            paint=_CANVAS,
            line=0.7,
        )
        for share in (0.25, 0.55, 0.8):
            x = mast + span[0] + (span[1] - span[0]) * share
            pen.fill(stroke((x, y - 0.06), (x, y + 0.065), 0.024), "main")
    if not row:
        _flag(pen, mast, tall, phase)
    if variant == 3:
        pen.solid(
            rounded([(-0.5, deck - 0.04), (0.34, deck - 0.04), (0.22, deck + 0.13), (-0.46, deck + 0.13)], 0.05, 3),
            paint=_DECK,
            line=0.7,
        )
        for x in (-0.36, -0.2, -0.04, 0.12):
            pen.fill(ellipse(x, deck + 0.06, 0.036, count=9), GLASS, 0.8)
    _hull(pen, variant)
    if variant == 4:
        for i in range(4):
            pen.solid(ellipse(-0.44 + 0.3 * i, deck + 0.01, 0.095, count=14), paint=(236, 196, 92) if i % 2 else RUBY, line=0.6)
            pen.fill(ellipse(-0.44 + 0.3 * i, deck + 0.01, 0.03, count=8), STEEL)
    if row:
        _oar(pen, (0.16, deck + 0.16), 0.05 * swing(phase, 0.1), 1.0)


def _oar(pen: Pen, grip: Point, dip: float, shade: float) -> None:
    x, y = grip
    pen.fill(limb([grip, (x - 0.3, y - 0.24 + dip / 2), (x - 0.5, y - 0.4 + dip)], [0.034, 0.034, 0.1], 1, 2), _WOOD, shade)


def _mainsail(pen: Pen, mast: float, foot: float, head: float, belly: float, wide: float) -> None:
    def leech(t: float) -> Point:
        return (mast - 0.03 - wide * (1 - t) - belly * math.sin(math.pi * t), foot + (head - foot) * t)

    luff = mast - 0.03
    pen.solid([*[leech(i / 6) for i in range(7)], (luff, head), (luff, foot)], paint=_CANVAS, line=0.7)
    for low, high in ((0.16, 0.34), (0.5, 0.62)):
        pen.fill(
            [
                leech(low),
                leech((low + high) / 2),
                leech(high),
                (luff, foot + (head - foot) * high),
                (luff, foot + (head - foot) * low),
            ],
            "main",
            1.04,
        )


def _square_sail(pen: Pen, mast: float, foot: float, head: float, belly: float) -> None:
    def row(t: float, side: int) -> Point:
        return (mast + side * (0.46 - 0.06 * t) + 1.6 * belly * math.sin(math.pi * t), foot + (head - foot) * t)

    shares = [i / 6 for i in range(7)]
    pen.solid([*[row(t, 1) for t in shares], *[row(t, -1) for t in shares[::-1]]], paint=_CANVAS, line=0.7)
    for low, high in ((0.12, 0.3), (0.46, 0.64), (0.8, 0.94)):
        rows = [low, (low + high) / 2, high]
        pen.fill([*[row(t, 1) for t in rows], *[row(t, -1) for t in rows[::-1]]], "main", 1.04)
    pen.fill(stroke((mast - 0.46, head + 0.01), (mast + 0.46, head + 0.01), 0.036), _WOOD)


def _motor(pen: Pen, variant: int, sailing: bool, phase: int) -> None:
    deck = _edge(variant, 0.45)[1]
    pen.fill(stroke((-0.34, deck), (-0.34, 1.12 if variant == 2 else 0.92), 0.03), _WOOD)
    if sailing:
        _flag(pen, -0.34, 1.12 if variant == 2 else 0.92, phase)
    if variant == 2:  # a tug with a funnel
        pen.solid([(-0.24, deck + 0.2), (0.0, deck + 0.2), (-0.03, 0.98), (-0.21, 0.98)], paint=SOOT)
        pen.fill([(-0.222, 0.78), (-0.018, 0.78), (-0.026, 0.88), (-0.214, 0.88)], RUBY)
        pen.solid(panel(-0.5, deck - 0.05, 0.38, deck + 0.24, 0.04, 3), paint=_DECK, line=0.7)
        pen.solid(panel(0.06, deck + 0.2, 0.42, deck + 0.48, 0.04, 3), paint=_DECK, line=0.7)
        pen.solid(rounded([(0.02, deck + 0.47), (0.48, deck + 0.47), (0.44, deck + 0.53), (0.06, deck + 0.53)], 0.02, 2))
        pen.fill(panel(0.12, deck + 0.29, 0.37, deck + 0.42, 0.02, 3), GLASS)
        for x in (-0.34, -0.14, 0.06):
            pen.fill(ellipse(x, deck + 0.12, 0.052, count=10), GLASS, 0.8)
    else:  # a motor boat with a cabin
        pen.solid(
            rounded([(-0.5, deck - 0.06), (0.5, deck - 0.06), (0.16, deck + 0.32), (-0.44, deck + 0.32)], 0.07, 3),
            paint=_DECK,
            line=0.7,
        )
        pen.fill(rounded([(-0.04, deck + 0.07), (0.34, deck + 0.07), (0.14, deck + 0.25), (-0.04, deck + 0.25)], 0.02, 3), GLASS)
        pen.fill(panel(-0.4, deck + 0.07, -0.12, deck + 0.25, 0.03, 3), GLASS)
        pen.fill(limb([(0.6, deck + 0.16), (0.9, deck + 0.24), (1.1, deck + 0.26)], [0.02, 0.02, 0.02], 2, 0), STEEL)
        for x in (0.62, 0.86, 1.08):
            pen.fill(stroke((x, deck), (x, deck + 0.2 + 0.12 * (x - 0.5)), 0.02), STEEL)
    _hull(pen, variant)
    if variant == 2:
        for x in (-0.52, -0.1, 0.32):
            pen.fill(ellipse(x, 0.17, 0.08, count=12), TYRE)
            pen.fill(ellipse(x, 0.17, 0.036, count=8), "main", 0.8)
