"""Cows: spotted, long-horned, belted, flecked, and a calf."""

from __future__ import annotations

import math
from dataclasses import replace

from looksay.storybook.figures.legs import HOOF, Frame, four_legs, hoofs
from looksay.storybook.figures.pen import INK, LIPS, Pen, Point, Points, blob, ellipse, limb, place, stroke, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.0, 1.05, 1.0, 0.97, 0.74, 1.0)

_HORN: RGB = (234, 220, 188)
_SNOUT: RGB = (240, 178, 172)
_CREAM: RGB = (236, 210, 174)
_COCOA: RGB = (88, 64, 54)
_GROWN = Frame(fore=0.36, hind=-0.42, top=0.42, thick=(0.17, 0.11, 0.095), reach=0.13, lift=0.07, apart=0.08)
_LEGS: tuple[float, ...] = (0.0, -0.04, -0.06, 0.02, 0.0, 0.08)  # how much longer than usual
_LENGTHS: tuple[float, ...] = (1.0, 1.06, 1.0, 0.93, 1.0, 0.98)
_CALF = Frame(fore=0.25, hind=-0.27, top=0.46, thick=(0.14, 0.1, 0.09), reach=0.13, lift=0.07, apart=0.08)


def cow(action: str, variant: int, phase: int) -> Pen:
    pen, lying, calf = Pen(0.0135), action == "lying", variant == 4
    s, wag = 0.72 if calf else 1.0, swing(phase)
    leg = _LEGS[variant]
    frame = _CALF if calf else replace(_GROWN, top=_GROWN.top + leg)
    drop = (0.36 if calf else 0.31) if lying else -leg
    hind, fore, floor = frame.hind, frame.fore, 0.4 if calf else 0.33
    legs = [] if lying else four_legs(frame, action, phase)
    for form in legs[:2]:
        pen.solid(form, shade=0.76)
    if legs:
        hoofs(pen, frame, action, phase, near=False)
    root = (hind - 0.13 * s, 0.84 - drop)
    tail = [root, (root[0] - 0.075, root[1] - 0.16), (root[0] - 0.05 - 0.06 * wag, max(root[1] - 0.42, 0.08))]
    pen.solid(limb(tail, [0.06, 0.045, 0.04], 3, 1), shade=0.8)
    pen.fill(ellipse(*tail[-1], 0.042, 0.07, count=9), _COCOA)
    if not lying and not calf:
        udder = [
            (hind + 0.12, 0.42),
            (hind + 0.32, 0.4),
            (hind + 0.3, 0.3),
            (hind + 0.24, 0.25),
            (hind + 0.19, 0.28),
            (hind + 0.13, 0.26),
        ]
        pen.solid(blob([(x, y + leg) for x, y in udder], 2), paint=_SNOUT)
    body = [(hind - 0.17 * s, 0.82), (hind - 0.02, 0.885), (-0.05, 0.87), (fore - 0.04, 0.89), (fore + 0.15 * s, 0.84),
        (fore + 0.21 * s, 0.64), (fore + 0.12 * s, floor + 0.1), (0.02, floor),
            (hind + 0.16, floor + 0.05), (hind - 0.14 * s, floor + 0.14), (hind - 0.19 * s, 0.66)]  # fmt: skip
    low = action == "grazing"
    poll = (fore + 0.42 * s, 0.42 + 0.012 * wag) if low else (fore + 0.31 * s, 0.97 - drop + 0.008 * wag)
    neck = limb(
        [(fore - 0.04, 0.68 - drop), (fore + 0.16 * s, 0.64 if low else 0.82 - drop), poll],
        [0.44 * s, 0.36 * s, 0.25 * s + 0.02],
        2,
        2,
    )
    pen.solid(blob([(x, max(y - drop, 0.0)) for x, y in body], 2), neck, *legs[2:])
    if lying:
        _folded(pen, fore, hind, s)
    else:
        hoofs(pen, frame, action, phase, near=True)
    _patches(pen, variant, hind, fore, drop)
    if variant in (3, 5):
        _bell(pen, (fore + 0.16, 0.64 if low else 0.82 - drop), poll)
    _head(pen, variant, poll, -58.0 if low else -12.0, 0.25 if calf else 0.255, phase)
    return pen.carried(wide=_LENGTHS[variant])


def _bell(pen: Pen, withers: Point, poll: Point) -> None:
    """A collar across the neck and the bell on it."""
    dx, dy = poll[0] - withers[0], poll[1] - withers[1]
    far = math.hypot(dx, dy)
    x, y = withers[0] + dx * 0.34, withers[1] + dy * 0.34
    ux, uy = -dy / far * 0.155, dx / far * 0.155
    pen.fill(stroke((x + ux, y + uy), (x - ux, y - uy), 0.05), (190, 60, 50))
    x, y = x - ux * 0.8, y - uy * 0.8 - 0.02
    pen.solid([(x - 0.03, y), (x + 0.03, y), (x + 0.055, y - 0.105), (x - 0.055, y - 0.105)], paint=(242, 198, 74))
    pen.fill(ellipse(x, y - 0.11, 0.018, count=7), INK)


def _folded(pen: Pen, fore: float, hind: float, s: float) -> None:
    """The near legs of an animal that lies: hind leg tucked in, fore leg bent ahead."""
    haunch = [
        (hind - 0.12 * s, 0.08),
        (hind - 0.06 * s, 0.26),
        (hind + 0.12, 0.3),
        (hind + 0.25, 0.16),
        (hind + 0.36 * s, 0.06),
        (hind + 0.36 * s, 0.0),
        (hind, 0.0),
    ]
    pen.solid(blob(haunch, 2), shade=0.93, line=0.66)
    pen.fill(ellipse(hind + 0.36 * s, 0.03, 0.05, 0.034, count=9), HOOF)
    pen.solid(
        blob(
            [
                (fore - 0.1, 0.06),
                (fore - 0.02, 0.17),
                (fore + 0.2 * s, 0.15),
                (fore + 0.26 * s, 0.06),
                (fore + 0.16, 0.0),
                (fore - 0.06, 0.0),
            ],
            3,
        ),
        shade=0.93,
        line=0.66,
    )
    pen.fill(ellipse(fore - 0.08, 0.03, 0.05, 0.034, count=9), HOOF)


def _patches(pen: Pen, variant: int, hind: float, fore: float, drop: float) -> None:
    if variant in (0, 3):
        paint = _COCOA if variant == 0 else _CREAM
        back = [
            (hind - 0.1, 0.85),
            (hind + 0.16, 0.865),
            (hind + 0.22, 0.7),
            (hind + 0.08, 0.56),
            (hind - 0.1, 0.62),
            (hind - 0.15, 0.74),
        ]
        side = [(-0.06, 0.74), (0.06, 0.82), (0.22, 0.76), (0.2, 0.56), (0.06, 0.48), (-0.06, 0.58)]
        for patch in (back, side):
            pen.fill(blob([(x, y - drop) for x, y in patch], 2), paint)
        pen.fill(ellipse(fore + 0.08, 0.8 - drop, 0.07, 0.06, tilt=-30, count=10), paint)
    elif variant == 2:
        belt = [(-0.18, 0.868), (0.08, 0.872), (0.13, 0.6), (0.1, 0.345), (-0.14, 0.35), (-0.19, 0.6)]
        pen.fill([(x, max(y - drop, 0.02)) for x, y in belt], _CREAM)


def _head(pen: Pen, variant: int, joint: Point, tilt: float, size: float, phase: int) -> None:
    def at(points: Points) -> Points:
        return place(points, *joint, tilt, size)

    flick = 0.14 * swing(phase, 0.2)
    if variant not in (2, 4):
        long = {1: 1.55, 5: 0.8}.get(variant, 1.0)
        horns = [limb([(-0.08, 0.4), (-0.3 * long, 0.72), (-0.18 * long, 0.56 + 0.46 * long)], [0.2, 0.17, 0.05], 2, 1),
                 limb([(0.25, 0.46), (0.4 + 0.12 * long, 0.72),
                     (0.52 + 0.04 * long, 0.54 + 0.46 * long)], [0.2, 0.17, 0.05], 2, 1)]  # fmt: skip
        pen.solid(*map(at, horns), paint=_HORN)
    pen.solid(at(blob([(0.36, 0.4), (0.7, 0.62 + flick), (0.88, 0.46 + flick), (0.56, 0.26)], 2)), shade=0.74)
    skull = [
        (-0.45, 0.1),
        (-0.14, 0.52),
        (0.26, 0.52),
        (0.66, 0.26),
        (1.0, 0.06),
        (1.05, -0.36),
        (0.6, -0.52),
        (0.1, -0.52),
        (-0.35, -0.34),
    ]
    pen.solid(at(blob(skull, 3)))
    if variant in (0, 3, 4):
        blaze = [(0.14, 0.54), (0.34, 0.49), (0.84, 0.16), (0.74, 0.02), (0.5, 0.24), (0.24, 0.36)]
        pen.fill(at(blob(blaze, 2)), _CREAM if variant != 0 else _COCOA)
    elif variant == 1:  # a shaggy forelock
        pen.solid(
            at(blob([(-0.24, 0.38), (0.04, 0.66), (0.4, 0.58), (0.56, 0.3), (0.3, 0.36), (0.14, 0.26), (-0.02, 0.34)], 2)),
            shade=0.8,
            line=0.7,
        )
    snout = [(0.82, 0.16), (1.12, 0.08), (1.28, -0.2), (1.12, -0.5), (0.78, -0.53), (0.68, -0.16)]
    pen.solid(at(blob(snout, 2)), paint=_SNOUT, line=0.7)
    pen.fill(at(ellipse(1.1, -0.06, 0.055, 0.085, tilt=-20, count=8)), LIPS)
    pen.fill(at(limb([(1.14, -0.34), (0.96, -0.38), (0.84, -0.3)], [0.055, 0.06, 0.05], 2, 0)), LIPS)
    pen.eye(*at([(0.42, 0.12)])[0], size * 0.145, (62, 40, 30))
    ear = [(0.0, 0.34), (-0.3, 0.44 + flick), (-0.66, 0.26 + flick), (-0.52, 0.02 + 0.5 * flick), (-0.12, 0.1)]
    pen.solid(at(blob(ear, 2)), shade=0.9)
    pen.fill(at([(-0.12, 0.24), (-0.34, 0.32 + flick), (-0.52, 0.2 + flick), (-0.34, 0.14 + 0.5 * flick)]), _SNOUT, 0.94)
