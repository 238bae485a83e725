"""Cows, horses and sheep."""

from __future__ import annotations

import math

from looksay.storybook.figures.legs import Frame, feet, four_legs
from looksay.storybook.figures.pen import INK, PAPER, Pen, Point, Points, arc_band, blob, ellipse, limb, place, swing
from looksay.storybook.spec import RGB

COW_STATURES: tuple[float, ...] = (1.0, 1.05, 1.0, 0.95, 0.72, 1.0)
HORSE_STATURES: tuple[float, ...] = (1.03, 1.0, 1.06, 0.74, 0.98, 1.0)
SHEEP_STATURES: tuple[float, ...] = (1.0, 1.0, 1.06, 0.7, 0.98, 1.0)

HOOF: RGB = (70, 60, 58)
HORN: RGB = (232, 218, 186)
SNOUT: RGB = (238, 176, 170)
CREAM: RGB = (248, 240, 224)
COCOA: RGB = (92, 66, 54)


def _hoofs(pen: Pen, frame: Frame, action: str, phase: int, which: slice, size: float, shade: float) -> None:
    for x, y in feet(frame, action, phase)[which]:
        pen.fill(
            [
                (x - size, y - 0.002),
                (x + size * 1.25, y - 0.002),
                (x + size * 0.9, y + size * 1.5),
                (x - size * 0.8, y + size * 1.5),
            ],
            HOOF,
            shade,
        )


COW_FRAME = Frame(fore=0.34, hind=-0.4, top=0.46, thick=(0.16, 0.1, 0.085), gait="walk", reach=0.13, lift=0.07, apart=0.075)
CALF_FRAME = Frame(fore=0.27, hind=-0.3, top=0.48, thick=(0.14, 0.1, 0.085), gait="walk", reach=0.13, lift=0.07, apart=0.075)


def cow(action: str, variant: int, phase: int) -> Pen:
    pen, lying = Pen(0.0135), action == "lying"
    calf = variant == 4
    frame = CALF_FRAME if calf else COW_FRAME
    drop = 0.34 if lying else 0.0
    s, wag = (0.76 if calf else 1.0), swing(phase)
    hind, fore, base = frame.hind, frame.fore, (0.12 if calf else 0.0)
    legs = four_legs(frame, action, phase)
    if not lying:
        for leg in legs[:2]:
            pen.solid(leg, shade=0.76)
        _hoofs(pen, frame, action, phase, slice(0, 2), 0.045, 0.8)
    root = (hind - 0.15 * s, 0.86 - drop)
    tail = [root, (root[0] - 0.06, root[1] - 0.16), (root[0] - 0.05 - 0.05 * wag, max(root[1] - 0.4, 0.08))]
    body = [(hind - 0.16 * s, 0.84), (hind + 0.04, 0.9), (-0.02, 0.86 - 0.01 * s), (fore - 0.02, 0.92), (fore + 0.17 * s, 0.84), (fore + 0.2 * s, 0.64),
            (fore + 0.06, 0.42 + base), (0.0, 0.36 + base), (hind + 0.14, 0.42 + base), (hind - 0.13 * s, 0.52 + base)]  # fmt: skip
    body = [(x, max(y - drop, 0.0)) for x, y in body]
    low = action == "grazing"
    neck_end = (fore + 0.34 * s, 0.42 + 0.012 * wag) if low else (fore + 0.26 * s, 0.98 - drop + 0.008 * wag)
    neck = limb([(fore, 0.76 - drop), neck_end], [0.36 * s, 0.2 * s + 0.02], 2, 2)
    pen.solid(limb(tail, [0.05, 0.04, 0.035], 3, 1), shade=0.8)
    pen.fill(ellipse(*tail[-1], 0.035, 0.06, count=8), COCOA)
    if not lying and not calf:
        pen.solid(
            blob([(hind + 0.1, 0.46), (hind + 0.28, 0.42), (hind + 0.27, 0.34), (hind + 0.2, 0.31), (hind + 0.12, 0.35)], 2),
            paint=SNOUT,
        )
    pen.solid(blob(body, 3), neck, *([] if lying else legs[2:]))
    if lying:
        _folded(pen, fore, hind, s)
    else:
        _hoofs(pen, frame, action, phase, slice(2, 4), 0.045, 1.0)
    _cow_patches(pen, variant, hind, fore, drop)
    _cow_head(pen, variant, neck_end, -62.0 if low else -14.0, 0.2 if not calf else 0.19, phase)
    return pen


def _folded(pen: Pen, fore: float, hind: float, s: float) -> None:
    """The near legs of an animal that lies: hind leg tucked in, fore leg bent ahead."""
    pen.solid(
        blob([(hind - 0.1, 0.1), (hind + 0.02, 0.3), (hind + 0.2, 0.22), (hind + 0.3, 0.08), (hind + 0.3, 0.0), (hind, 0.0)], 3),
        shade=0.9,
        line=0.66,
    )
    pen.solid(limb([(fore, 0.14), (fore + 0.2 * s, 0.07), (fore + 0.04, 0.035)], [0.12, 0.1, 0.075], 3, 2), shade=0.94, line=0.66)
    pen.fill(ellipse(fore - 0.01, 0.035, 0.045, 0.035, count=8), HOOF)


def _cow_patches(pen: Pen, variant: int, hind: float, fore: float, drop: float) -> None:
    if variant in (0, 3):
        paint = COCOA if variant == 0 else CREAM
        back = [(hind - 0.06, 0.88), (hind + 0.16, 0.87), (hind + 0.2, 0.7), (hind + 0.06, 0.58), (hind - 0.08, 0.66)]
        side = [(-0.02, 0.72), (0.12, 0.8), (0.24, 0.7), (0.2, 0.54), (0.06, 0.5)]
        for patch in (back, side):
            pen.fill(blob([(x, y - drop) for x, y in patch], 3), paint)
        pen.fill(ellipse(fore + 0.14, 0.82 - drop, 0.06, 0.08, tilt=-30, count=10), paint)
    elif variant == 2:
        belt = [(-0.16, 0.865), (0.1, 0.872), (0.12, 0.39), (-0.14, 0.38)]
        pen.fill([(x, max(y - drop, 0.02)) for x, y in belt], CREAM)


def _cow_head(pen: Pen, variant: int, joint: Point, tilt: float, size: float, phase: int) -> None:
    def at(points: Points) -> Points:
        return place(points, *joint, tilt, size)

    flick = 0.12 * swing(phase, 0.2)
    if variant not in (2, 4):
        long = 1.5 if variant == 1 else 1.0
        horns = [limb([(-0.1, 0.45), (-0.34 * long, 0.8), (-0.2 * long, 0.62 + 0.58 * long)], [0.2, 0.16, 0.05], 3, 1),
                 limb([(0.25, 0.5), (0.4 + 0.16 * long, 0.78), (0.55 + 0.06 * long, 0.6 + 0.56 * long)], [0.2, 0.16, 0.05], 3, 1)]  # fmt: skip
        pen.solid(*map(at, horns), paint=HORN)
    pen.solid(at(blob([(0.35, 0.42), (0.7, 0.66 + flick), (0.85, 0.5 + flick), (0.55, 0.3)], 2)), shade=0.74)
    skull = blob(
        [
            (-0.45, 0.1),
            (-0.1, 0.54),
            (0.3, 0.52),
            (0.75, 0.22),
            (1.1, 0.0),
            (1.05, -0.42),
            (0.6, -0.5),
            (0.1, -0.48),
            (-0.35, -0.3),
        ],
        3,
    )
    pen.solid(at(skull))
    if variant in (0, 3, 4):
        pen.fill(
            at(blob([(0.2, 0.54), (0.36, 0.49), (0.86, 0.14), (0.74, 0.02), (0.42, 0.2)], 3)), CREAM if variant != 0 else COCOA
        )
    if variant == 1:
        pen.fill(
            at(blob([(-0.2, 0.4), (0.1, 0.66), (0.5, 0.5), (0.5, 0.1), (0.3, 0.26), (0.1, 0.12), (-0.05, 0.25)], 2)), "main", 1.25
        )
    snout = blob([(0.86, 0.2), (1.2, 0.06), (1.3, -0.25), (1.1, -0.52), (0.78, -0.5), (0.72, -0.1)], 3)
    pen.solid(at(snout), paint=SNOUT, line=0.7)
    pen.fill(at(ellipse(1.14, -0.04, 0.06, 0.09, tilt=-20, count=8)), INK)
    pen.fill(at(limb([(1.18, -0.34), (0.98, -0.36), (0.86, -0.28)], [0.05, 0.05, 0.05], 2, 0)), INK)
    pen.eye(*at([(0.42, 0.16)])[0], size * 0.15, (62, 40, 30))
    ear = [(-0.02, 0.36), (-0.3, 0.46 + flick), (-0.62, 0.3 + flick), (-0.5, 0.08), (-0.12, 0.14)]
    pen.solid(at(blob(ear, 2)), shade=0.88)
    if variant in (3, 5):
        x, y = at([(-0.3, -0.45)])[0]
        pen.fill(place([(-0.16, 0.02), (0.16, 0.06), (0.16, -0.02), (-0.16, -0.06)], x, y, tilt + 40), (190, 60, 50))
        pen.solid(place([(-0.035, 0.0), (0.035, 0.0), (0.05, -0.09), (-0.05, -0.09)], x + 0.02, y - 0.03), paint=(240, 196, 70))


HORSE_FRAME = Frame(fore=0.3, hind=-0.36, top=0.53, thick=(0.15, 0.08, 0.06), gait="run", reach=0.3, lift=0.22, apart=0.07)
MANES: tuple[RGB, ...] = ((54, 40, 38), (236, 214, 170), (62, 50, 48), (228, 214, 196), (38, 34, 38), (122, 82, 56))


def horse(action: str, variant: int, phase: int) -> Pen:
    pen, run, low = Pen(0.0125), action == "running", action == "grazing"
    stout = {2: 0.05, 3: 0.05, 4: -0.02}.get(variant, 0.0)
    thick = 0.025 if variant == 2 else 0.0
    frame = Frame(
        0.3,
        -0.36,
        0.53 - (0.06 if variant == 3 else 0.0),
        (0.15 + thick, 0.08 + thick, 0.06 + thick),
        "run",
        0.32,
        0.24,
        0.0,
        0.07,
    )
    d = -0.06 if variant == 3 else 0.0
    legs, wag, mane = four_legs(frame, action, phase), swing(phase), MANES[variant]
    for leg in legs[:2]:
        pen.solid(leg, shade=0.76)
    _hoofs(pen, frame, action, phase, slice(0, 2), 0.036 + thick / 2, 0.8)
    if run:
        tail = [(-0.48, 0.82 + d), (-0.62, 0.86 + d + 0.03 * wag), (-0.78, 0.78 + d - 0.03 * wag), (-0.92, 0.72 + d + 0.06 * wag)]
    else:
        tail = [(-0.48, 0.82 + d), (-0.58, 0.74 + d), (-0.58 - 0.02 * wag, 0.5 + d), (-0.6 - 0.05 * wag, 0.28 + d)]
    pen.solid(limb(tail, [0.09, 0.14, 0.15, 0.05], 3, 1), paint=mane)
    pitch = 0.025 * swing(phase, 0.15) if run else 0.0
    body = [(-0.53, 0.74), (-0.42, 0.88 - pitch), (-0.18, 0.86), (0.06, 0.84), (0.26, 0.9 + pitch), (0.42, 0.86 + pitch), (0.47, 0.7 + pitch), (0.36, 0.54),
            (0.1, 0.48 - stout), (-0.15, 0.51 - stout), (-0.34, 0.5), (-0.5, 0.58)]  # fmt: skip
    poll = (0.8, 0.42 + 0.012 * wag) if low else (0.72, 1.14 + 0.02 * wag) if run else (0.62, 1.24 + 0.008 * wag)
    poll = (poll[0], poll[1] + d)
    crest = [
        (0.3, 0.82 + d),
        ((0.3 + poll[0]) / 2 + (0.06 if low else 0.03), (0.82 + d + poll[1]) / 2 + (0.08 if low else -0.03)),
        poll,
    ]
    neck = limb(crest, [0.36, 0.25, 0.17], 3, 2)
    pen.solid(blob([(x, y + d) for x, y in body], 3), neck, *legs[2:])
    _hoofs(pen, frame, action, phase, slice(2, 4), 0.036 + thick / 2, 1.0)
    _horse_marks(pen, variant, frame, action, phase, d)
    _mane(pen, crest, mane, 0.04 * wag if run else 0.0, run, variant)
    _horse_head(pen, variant, poll, -66.0 if low else -34.0 if not run else -26.0, mane)
    return pen


def _horse_marks(pen: Pen, variant: int, frame: Frame, action: str, phase: int, d: float) -> None:
    if variant in (2, 5):  # feathered or white-stockinged feet
        for x, y in feet(frame, action, phase)[2:]:
            w = 0.05 if variant == 2 else 0.035
            pen.fill([(x - w, y + 0.05), (x + w, y + 0.05), (x + w * 0.8, y + 0.17), (x - w * 0.8, y + 0.17)], CREAM)
    if variant == 1:
        pen.solid(
            blob([(-0.16, 0.87), (0.02, 0.85), (0.14, 0.88), (0.12, 0.66), (0.0, 0.6), (-0.12, 0.66)], 3), paint=(186, 62, 58)
        )
        pen.solid(blob([(-0.12, 0.9), (0.0, 0.86), (0.12, 0.92), (0.08, 0.78), (-0.06, 0.78)], 3), paint=(110, 68, 46))
    elif variant == 3:
        for patch in (
            [(-0.46, 0.86), (-0.28, 0.87), (-0.24, 0.7), (-0.4, 0.62), (-0.5, 0.72)],
            [(0.0, 0.76), (0.14, 0.82), (0.24, 0.66), (0.1, 0.56)],
        ):
            pen.fill(blob([(x, y + d) for x, y in patch], 3), CREAM)
    elif variant == 4:
        for x, y, r in (
            (-0.42, 0.78, 0.025),
            (-0.32, 0.7, 0.02),
            (-0.34, 0.82, 0.018),
            (-0.24, 0.78, 0.022),
            (-0.44, 0.67, 0.02),
            (-0.22, 0.66, 0.018),
        ):
            pen.fill(ellipse(x, y, r, count=7), "main", 0.62)


def _mane(pen: Pen, crest: list[Point], mane: RGB, fly: float, run: bool, variant: int) -> None:
    (ax, ay), (bx, by), (cx, cy) = crest
    length = math.hypot(cx - ax, cy - ay)
    nx, ny = -(cy - ay) / length, (cx - ax) / length
    back = 0.13 if run else 0.03
    lock = [(cx + nx * 0.05, cy + ny * 0.1 + 0.02), (bx + nx * (0.14 + back) + fly * nx, by + ny * 0.14 + back * 0.5), (ax + nx * (0.2 + back / 2) - fly * nx, ay + ny * 0.14),
            (ax + nx * 0.08, ay + ny * 0.06 - 0.03), (bx - nx * (0.02 if variant != 3 else 0.07), by - ny * 0.02), (cx - nx * 0.05, cy - ny * 0.05)]  # fmt: skip
    pen.solid(blob(lock, 3), paint=mane)


def _horse_head(pen: Pen, variant: int, poll: Point, tilt: float, mane: RGB) -> None:
    def at(points: Points) -> Points:
        return place(points, *poll, tilt, 0.25)

    pen.solid(at([(0.02, 0.3), (0.16, 0.72), (0.34, 0.3)]), shade=0.74)
    skull = blob(
        [
            (-0.34, 0.0),
            (-0.1, 0.36),
            (0.3, 0.36),
            (0.75, 0.2),
            (1.2, 0.1),
            (1.36, -0.1),
            (1.26, -0.32),
            (0.95, -0.3),
            (0.62, -0.34),
            (0.28, -0.52),
            (-0.15, -0.45),
        ],
        3,
    )
    pen.solid(at(skull))
    pen.fill(at(blob([(1.12, 0.1), (1.36, -0.08), (1.27, -0.32), (1.0, -0.3), (1.0, -0.08)], 2)), "main", 0.72)
    if variant in (0, 2, 5):
        pen.fill(at(blob([(0.28, 0.34), (0.7, 0.2), (1.14, 0.1), (1.08, 0.02), (0.6, 0.08), (0.3, 0.2)], 2)), CREAM)
    pen.solid(at([(-0.2, 0.22), (-0.1, 0.74), (0.14, 0.34)]))
    pen.fill(at(blob([(-0.16, 0.36), (0.1, 0.48), (0.48, 0.36), (0.52, 0.1), (0.3, 0.18), (0.16, 0.12), (-0.02, 0.14)], 2)), mane)
    pen.eye(*at([(0.36, 0.06)])[0], 0.034, (58, 38, 28))
    pen.fill(at(ellipse(1.24, -0.06, 0.05, 0.07, count=7)), INK)
    pen.fill(at(limb([(1.24, -0.25), (1.06, -0.22), (0.95, -0.16)], [0.04, 0.04, 0.04], 2, 0)), INK)
    if variant == 1:
        pen.fill(at([(0.72, 0.22), (0.84, 0.19), (0.78, -0.33), (0.66, -0.35)]), (186, 62, 58))
        pen.fill(at([(0.68, -0.06), (0.7, -0.14), (-0.2, -0.12), (-0.2, -0.02)]), (186, 62, 58))


SHEEP_FRAME = Frame(fore=0.24, hind=-0.26, top=0.34, thick=(0.1, 0.07, 0.06), gait="walk", reach=0.1, lift=0.06, apart=0.07)
FACES: tuple[RGB, ...] = ((62, 54, 56), (244, 222, 200), (214, 190, 164), (246, 226, 208), (52, 46, 48), (150, 118, 96))


def sheep(action: str, variant: int, phase: int) -> Pen:
    pen, face, lying = Pen(0.014), FACES[variant], action == "lying"
    lamb, wag = variant == 3, swing(phase)
    s = 0.8 if lamb else 1.0
    drop = 0.24 if lying else 0.0
    frame = Frame(0.24 * s, -0.26 * s, 0.36, (0.1, 0.07, 0.062), "walk", 0.1, 0.06, 0.0, 0.07)
    if not lying:
        for i, leg in enumerate(four_legs(frame, action, phase)):
            pen.solid(leg, paint=face, shade=0.74 if i < 2 else 0.95)
        _hoofs(pen, frame, action, phase, slice(0, 4), 0.032, 0.75)
    else:
        pen.solid(limb([(0.1, 0.06), (0.34 * s, 0.06), (0.26 * s, 0.03)], [0.08, 0.08, 0.06], 3, 2), paint=face)
    middle = (0.0, 0.6 - drop)
    pen.solid(ellipse(-0.44 * s, 0.62 - drop, 0.09, 0.075 + 0.012 * wag, tilt=30, count=12))
    pen.solid(
        _fleece(middle, 0.42 * s, 0.28 * (0.92 if lamb else 1.06 if variant == 5 else 1.0), 13 if variant != 4 else 17, 0.17)
    )
    for x, y in ((-0.2, 0.62), (0.02, 0.5), (-0.02, 0.72), (0.2, 0.62)):
        pen.fill(arc_band(x * s, y - drop, 0.07, 0.055, 200, 350, 0.02, 5), "main", 0.74)
    low = action == "grazing"
    head = (0.5 * s, 0.3 + 0.01 * wag) if low else (0.47 * s, 0.8 - drop + 0.008 * wag)
    _sheep_head(pen, variant, head, -48.0 if low else -10.0, face, phase)
    return pen


def _fleece(centre: Point, rx: float, ry: float, count: int, bulge: float) -> Points:
    """A cloud: as many round lobes as told along an ellipse."""
    points = []
    for i in range(count):
        for part in range(4):
            angle = math.tau * (i + part / 4) / count
            reach = 1 + bulge * math.sin(math.pi * part / 4) * (0.9 if i % 2 else 1.1)
            points.append((centre[0] + rx * reach * math.cos(angle), centre[1] + ry * reach * math.sin(angle)))
    return points


def _sheep_head(pen: Pen, variant: int, joint: Point, tilt: float, face: RGB, phase: int) -> None:
    size = 0.205 if variant == 3 else 0.19

    def at(points: Points) -> Points:
        return place(points, *joint, tilt, size)

    flick = 0.1 * swing(phase, 0.3)
    skull = blob(
        [
            (-0.5, 0.1),
            (-0.25, 0.55),
            (0.2, 0.56),
            (0.6, 0.2),
            (0.95, -0.1),
            (0.9, -0.42),
            (0.5, -0.52),
            (-0.1, -0.5),
            (-0.45, -0.3),
        ],
        3,
    )
    pen.solid(at(skull), paint=face)
    pen.fill(
        at(ellipse(0.84, -0.14, 0.09, 0.07, count=8)),
        (226, 150, 146) if variant in (1, 3) else INK,
        1.0 if variant in (1, 3) else 0.7,
    )
    pen.fill(at(limb([(0.84, -0.32), (0.68, -0.34), (0.58, -0.27)], [0.05, 0.05, 0.05], 2, 0)), INK, 0.7)
    pen.eye(*at([(0.3, 0.12)])[0], size * 0.16)
    ear = blob([(-0.1, 0.3), (-0.4, 0.36 + flick), (-0.74, 0.12 + flick), (-0.6, -0.06), (-0.2, 0.08)], 2)
    pen.solid(at(ear), paint=face, shade=0.9)
    tuft = at([(0.0, 0.0)])[0]
    crown = place([(0.0, 0.52)], *joint, tilt, size)[0]
    if variant != 1:
        pen.solid(_fleece(crown, 0.09, 0.06, 7, 0.25))
    if variant == 2:
        horn = limb(
            [(-0.05, 0.42), (-0.5, 0.62), (-0.86, 0.2), (-0.6, -0.24), (-0.22, -0.1), (-0.3, 0.12)],
            [0.26, 0.28, 0.24, 0.18, 0.12, 0.05],
            3,
            1,
        )
        pen.solid(at(horn), paint=(206, 178, 130))
    if variant == 5:
        pen.fill(ellipse(tuft[0] + 0.0, tuft[1] - size * 0.62, 0.035, 0.04, count=8), (240, 196, 70))
    if variant == 3:
        pen.fill(at([(-0.4, -0.34), (0.2, -0.62), (0.26, -0.5), (-0.36, -0.2)]), PAPER if face[0] < 200 else (110, 160, 214))
