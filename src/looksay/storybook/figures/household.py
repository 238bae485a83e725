"""Bottles, potted plants and television sets."""

from __future__ import annotations

import math

from looksay.storybook.figures.pen import (
    INK,
    PAPER,
    Pen,
    Point,
    Points,
    arc_band,
    blob,
    box,
    curve,
    ellipse,
    limb,
    panel,
    place,
    rounded,
    star,
    stroke,
    swing,
)
from looksay.storybook.spec import PHASES, RGB

LEAF: RGB = (74, 146, 70)
CORK: RGB = (196, 152, 104)
LABEL: RGB = (250, 242, 220)

# Half outlines from the foot to the mouth as (half width, height), height 1.
PROFILES: tuple[Points, ...] = (
    [(0.15, 0.0), (0.17, 0.02), (0.17, 0.56), (0.14, 0.66), (0.06, 0.74), (0.055, 0.92)],
    [(0.17, 0.0), (0.19, 0.02), (0.19, 0.5), (0.16, 0.62), (0.1, 0.7), (0.095, 0.84), (0.12, 0.9)],
    [(0.14, 0.0), (0.165, 0.04), (0.14, 0.3), (0.16, 0.5), (0.12, 0.66), (0.07, 0.78), (0.065, 0.92)],
    [(0.23, 0.0), (0.25, 0.02), (0.25, 0.6), (0.22, 0.66), (0.1, 0.7), (0.1, 0.8)],
    [(0.15, 0.0), (0.17, 0.02), (0.17, 0.46), (0.14, 0.6), (0.075, 0.68), (0.065, 0.94)],
    [(0.13, 0.0), (0.17, 0.03), (0.2, 0.2), (0.17, 0.42), (0.12, 0.6), (0.11, 0.74)],
)


def bottle(action: str, variant: int, phase: int) -> Pen:
    pen = Pen(0.013)
    profile = PROFILES[variant]
    glass = [*[(x, y) for x, y in profile], *[(-x, y) for x, y in profile[::-1]]]
    mouth, top = profile[-1]
    if variant in (0, 5):
        cap = (
            panel(-mouth * 0.8, top - 0.02, mouth * 0.8, 1.0, 0.02, 3)
            if variant == 0
            else rounded([(-mouth, top), (mouth, top), (0.05, 1.0), (-0.05, 1.0)], 0.04, 3)
        )
        pen.solid(cap, paint=CORK if variant == 0 else (206, 52, 46))
    else:
        wide = mouth * (1.15 if variant != 3 else 1.35)
        pen.solid(
            panel(-wide, top - 0.01, wide, 1.0 if variant == 3 else top + 0.075, 0.025, 3),
            paint=(238, 200, 90) if variant in (2, 4) else PAPER if variant == 3 else (92, 140, 200),
        )
    pen.solid(rounded(glass, [0.03, *[0.05] * (len(glass) - 2), 0.03], 3))
    body = profile[1][0]
    _label(pen, variant, body)
    pen.fill(
        rounded([(-body * 0.78, 0.07), (-body * 0.6, 0.07), (-body * 0.6, 0.5), (-body * 0.78, 0.5)], 0.015, 3),
        (238, 246, 242),
        0.94,
    )
    return pen.carried(-90.0, x=-0.5) if action == "lying" else pen


def _label(pen: Pen, variant: int, body: float) -> None:
    low, high = {0: (0.16, 0.42), 1: (0.2, 0.4), 2: (0.34, 0.48), 3: (0.14, 0.5), 4: (0.14, 0.38), 5: (0.12, 0.34)}[variant]
    wide = body * (1.0 if variant in (2,) else 0.98)
    pen.fill(panel(-wide * 0.5, low, wide, high, 0.012, 3), LABEL)
    x, y = wide * 0.25, (low + high) / 2
    if variant == 0:
        for u, v in ((0.0, 0.03), (-0.035, 0.03), (0.035, 0.03), (-0.018, -0.005), (0.018, -0.005), (0.0, -0.04)):
            pen.fill(ellipse(x + u, y + v, 0.02, count=8), (122, 60, 130))
    elif variant == 1:
        pen.fill(ellipse(x, y, 0.06, 0.05, count=12), (150, 200, 236))
    elif variant == 2:
        pen.fill(limb([(x - 0.08, y - 0.02), (x, y + 0.03), (x + 0.09, y)], [0.02, 0.03, 0.02], 3, 2), (206, 52, 46))
    elif variant == 3:
        pen.fill(box(x - 0.025, y - 0.09, x + 0.025, y + 0.09), (206, 52, 46))
        pen.fill(box(x - 0.09, y - 0.025, x + 0.09, y + 0.025), (206, 52, 46))
    elif variant == 4:
        pen.fill(star(x, y, 0.07, 0.032, 5, 90), (214, 150, 40))
    else:
        pen.fill(ellipse(x, y - 0.01, 0.065, 0.06, count=14), (206, 52, 46))
        pen.fill(star(x, y + 0.05, 0.04, 0.012, 5, 90), LEAF)


def pottedplant(action: str, variant: int, phase: int) -> Pen:
    pen, sway = Pen(0.012), swing(phase)
    leaves = (_cactus, _flower, _palm, _bush, _tulips, _fern)[variant]
    leaves(pen, sway)
    wide, high = ((0.25, 0.36), (0.23, 0.36), (0.26, 0.34), (0.27, 0.38), (0.3, 0.3), (0.25, 0.36))[variant]
    foot = wide * (0.72 if variant not in (3, 4) else 0.92)
    if variant == 2:
        pen.solid(
            blob(
                [
                    (-foot, 0.0),
                    (foot, 0.0),
                    (wide * 1.08, high * 0.5),
                    (wide * 0.86, high),
                    (-wide * 0.86, high),
                    (-wide * 1.08, high * 0.5),
                ],
                4,
            )
        )
    else:
        pen.solid(rounded([(-foot, 0.0), (foot, 0.0), (wide * 0.96, high), (-wide * 0.96, high)], [0.04, 0.04, 0.01, 0.01], 3))
    pen.fill([(foot * 0.5, 0.01), (foot * 0.95, 0.01), (wide * 0.92, high), (wide * 0.5, high)], "main", 0.82)
    if variant in (0, 1, 5):
        pen.solid(panel(-wide * 1.1, high - 0.09, wide * 1.1, high + 0.01, 0.02, 3), shade=1.04)
    if variant in (3, 4):
        pen.fill(box(-wide * 0.96, high * 0.4, wide * 0.96, high * 0.58), PAPER, 0.97)
    if variant == 1:
        for x in (-0.1, 0.0, 0.1):
            pen.fill(ellipse(x, 0.13, 0.03, count=8), PAPER, 0.97)
    return pen


def _leaf(root: tuple[float, float], tip: tuple[float, float], wide: float, bend: float) -> Points:
    """A pointed leaf that arches sideways by `bend`."""
    (ax, ay), (bx, by) = root, tip
    dx, dy = bx - ax, by - ay
    mx, my = ax + dx * 0.5 - dy * bend, ay + dy * 0.5 + dx * bend
    return limb([root, (mx, my), tip], [wide * 0.35, wide, 0.006], 4, 0)


def _cactus(pen: Pen, sway: float) -> None:
    pen.solid(limb([(0.1, 0.52), (0.27, 0.54), (0.28, 0.74 + 0.004 * sway)], [0.11, 0.12, 0.12], 3, 3), limb([(-0.1, 0.6),
        (-0.26, 0.63), (-0.27, 0.8)], [0.1, 0.11, 0.11], 3, 3),
              limb([(0.0, 0.3), (0.0, 0.6), (0.0, 0.88)], [0.26, 0.28, 0.24], 3, 4), paint=LEAF)  # fmt: skip
    for x in (-0.06, 0.0, 0.06):
        pen.fill(stroke((x, 0.38), (x, 0.9), 0.012), LEAF, 0.7)
    pen.fill(star(0.02, 0.99, 0.08, 0.035, 6, 20 + 4 * sway), (236, 100, 150))
    pen.fill(ellipse(0.02, 0.99, 0.03, count=8), (250, 220, 110))


def _flower(pen: Pen, sway: float) -> None:
    x = 0.02 * sway
    pen.solid(
        limb([(0.0, 0.3), (0.02, 0.5), (x, 0.74)], [0.035, 0.03, 0.03], 3, 1),
        _leaf((0.0, 0.36), (0.3, 0.52), 0.13, -0.25),
        _leaf((0.0, 0.34), (-0.3, 0.48), 0.13, 0.25),
        paint=LEAF,
    )
    for i in range(8):
        angle = math.tau * i / 8 + 0.1 * sway
        pen.fill(
            ellipse(x + 0.125 * math.cos(angle), 0.8 + 0.125 * math.sin(angle), 0.085, 0.056, tilt=math.degrees(angle), count=10),
            (250, 206, 70),
            1.0 if i % 2 else 0.9,
        )
    pen.fill(ellipse(x, 0.8, 0.085, count=14), (120, 76, 44))


def _palm(pen: Pen, sway: float) -> None:
    pen.solid(limb([(0.0, 0.3), (0.03, 0.5), (0.0, 0.68)], [0.08, 0.06, 0.06], 3, 1), paint=(150, 108, 72))
    tips = (
        (-0.42, 0.46, -0.5),
        (0.42, 0.44, 0.5),
        (-0.46, 0.7, -0.4),
        (0.46, 0.68, 0.4),
        (-0.28, 0.92, -0.26),
        (0.3, 0.92, 0.26),
        (0.02, 1.0, 0.05),
    )
    for i, (x, y, bend) in enumerate(tips):
        tip = (x + 0.02 * sway, y + 0.012 * sway * (-1) ** i)
        pen.solid(_leaf((0.0, 0.66), tip, 0.12, bend), paint=LEAF, shade=0.82 + 0.08 * (i // 2), line=0.7)


def _bush(pen: Pen, sway: float) -> None:
    pen.fill(stroke((0.0, 0.34), (0.0, 0.56), 0.06), (130, 92, 62))
    points: Points = []
    for i in range(11):
        for part in range(4):
            angle = math.tau * (i + part / 4) / 11
            reach = 1 + 0.13 * math.sin(math.pi * part / 4)
            points.append((0.3 * reach * math.cos(angle) + 0.01 * sway * math.sin(angle), 0.72 + 0.25 * reach * math.sin(angle)))
    pen.solid(points, paint=LEAF)
    for x, y in ((-0.14, 0.8), (0.06, 0.86), (0.16, 0.7), (-0.04, 0.68), (-0.18, 0.62)):
        pen.fill(arc_band(x, y, 0.055, 0.045, 20, 160, 0.02, 5), LEAF, 1.35)


def _tulips(pen: Pen, sway: float) -> None:
    for x, y in ((-0.17, 0.7), (0.0, 0.82), (0.18, 0.72)):
        tip = x * 1.25 + 0.015 * sway
        pen.fill(limb([(x * 0.5, 0.26), (x, 0.5), (tip, y)], [0.03, 0.026, 0.026], 3, 1), LEAF, 0.85)
        pen.solid(
            place(
                blob(
                    [
                        (-0.07, 0.02),
                        (-0.08, 0.15),
                        (-0.035, 0.11),
                        (0.0, 0.17),
                        (0.035, 0.11),
                        (0.08, 0.15),
                        (0.07, 0.02),
                        (0.0, -0.03),
                    ],
                    2,
                ),
                tip,
                y - 0.02,
                -x * 50,
            ),
            paint=(232, 84, 110) if x else (246, 186, 70),
        )
    for x in (-0.28, -0.1, 0.12, 0.3):
        pen.solid(_leaf((x * 0.4, 0.26), (x + 0.01 * sway, 0.56), 0.08, 0.1 if x < 0 else -0.1), paint=LEAF, line=0.7)


def _fern(pen: Pen, sway: float) -> None:
    tips = (
        (-0.5, 0.36, -0.5),
        (0.5, 0.36, 0.5),
        (-0.47, 0.56, -0.4),
        (0.47, 0.56, 0.4),
        (-0.3, 0.82, -0.22),
        (0.3, 0.82, 0.22),
        (0.02, 0.95, 0.06),
    )
    for i, (x, y, bend) in enumerate(tips):
        tip = (x + 0.014 * sway, y + 0.01 * sway * (-1) ** i)
        pen.fill(_frond((0.0, 0.32), tip, 0.17, bend), LEAF, 0.74 + 0.1 * (i // 2))


def _frond(root: Point, tip: Point, wide: float, bend: float) -> Points:
    """An arching leaf cut into leaflets."""
    (ax, ay), (bx, by) = root, tip
    dx, dy = bx - ax, by - ay
    spine = curve([root, (ax + dx * 0.5 - dy * bend, ay + dy * 0.5 + dx * bend), tip], 6)
    left: Points = []
    right: Points = []
    for i in range(1, len(spine) - 1):
        (px, py), (x, y), (qx, qy) = spine[i - 1], spine[i], spine[i + 1]
        length = math.hypot(qx - px, qy - py)
        ux, uy, reach = (qx - px) / length, (qy - py) / length, wide / 2 * math.sin(math.pi * (0.14 + 0.8 * i / len(spine)))
        for side, form in ((1, left), (-1, right)):
            form.append((x - side * uy * 0.016, y + side * ux * 0.016))
            form.append((x - side * uy * reach + ux * 0.035, y + side * ux * reach + uy * 0.035))
    return [root, *left, tip, *right[::-1]]


SCREEN_OFF: RGB = (58, 64, 74)
SCREEN_ON: RGB = (110, 186, 226)


def tvmonitor(action: str, variant: int, phase: int) -> Pen:
    pen = Pen(0.012)
    # outer half width, bottom and top of the frame, width of the frame
    half, low, top, frame = (
        (0.78, 0.2, 1.0, 0.09),
        (0.56, 0.1, 0.8, 0.1),
        (0.6, 0.26, 1.0, 0.075),
        (0.62, 0.12, 0.84, 0.11),
        (0.86, 0.2, 1.0, 0.085),
        (0.54, 0.16, 1.0, 0.12),
    )[variant]
    tube = variant in (1, 3)
    if tube:
        _antenna(pen, variant, top)
        for side in (-1, 1):
            pen.solid(stroke((side * half * 0.7, low + 0.02), (side * half * 0.8, 0.0), 0.06), shade=0.72)
    elif variant == 4:  # two feet
        for side in (-1, 1):
            foot = [
                (side * half * 0.5, 0.0),
                (side * half * 0.72, 0.0),
                (side * half * 0.66, low + 0.02),
                (side * half * 0.6, low + 0.02),
            ]
            pen.solid(foot, shade=0.8)
    else:
        pen.solid(stroke((0.0, 0.05), (0.0, low + 0.05), 0.1 if variant != 2 else 0.13), shade=0.72)
        pen.solid(rounded([(-half * 0.42, 0.0), (half * 0.42, 0.0), (half * 0.3, 0.06), (-half * 0.3, 0.06)], 0.02, 3))
    pen.solid(panel(-half, low, half, top, 0.1 if tube else 0.045 if variant != 5 else 0.09, 5))
    right = half - frame - (0.2 if tube else 0.0)
    bottom = low + frame + (0.05 if variant in (2, 5) else 0.0)
    glass = panel(-half + frame, bottom, right, top - frame, 0.12 if tube else 0.025, 5 if tube else 3)
    flicker = 1.0 if action == "off" else 1.0 + 0.05 * swing(3 * phase)
    pen.solid(glass, paint=SCREEN_OFF if action == "off" else SCREEN_ON, shade=flicker, line=0.5)
    left, high = -half + frame, top - frame
    if action == "on":
        _programme(pen, variant, (left, bottom, right, high), phase)
    else:
        w = right - left
        pen.fill(
            [
                (left + w * 0.12, high - 0.04),
                (left + w * 0.3, high - 0.04),
                (left + w * 0.18, bottom + 0.1),
                (left + w * 0.06, bottom + 0.1),
            ],
            SCREEN_OFF,
            1.35,
        )
    if tube:
        for y in (0.68, 0.46):
            pen.solid(ellipse(half - 0.15, low + (top - low) * y, 0.055, count=12), paint=(222, 204, 168))
        for i in range(3):
            pen.fill(box(half - 0.21, low + 0.08 + i * 0.045, half - 0.09, low + 0.1 + i * 0.045), "main", 0.56)
    else:
        pen.fill(ellipse(half - 0.08, low + frame * 0.5, 0.018, count=8), (120, 220, 110) if action == "on" else (220, 70, 60))
    return pen


def _antenna(pen: Pen, variant: int, top: float) -> None:
    for x in (-0.26, 0.24):
        pen.fill(stroke((0.0, top), (x, 1.0 - 0.02), 0.022), (150, 152, 160), 0.8)
        pen.fill(ellipse(x, 1.0 - 0.02, 0.024, count=8), (150, 152, 160))
    pen.fill(ellipse(0.0, top, 0.09, 0.06, count=12), (90, 88, 94))


def _programme(pen: Pen, variant: int, frame: tuple[float, float, float, float], phase: int) -> None:
    """What is on: hills under a wandering sun, a cartoon face, columns, a ball game, stars, letters."""
    left, bottom, right, high = frame
    w, h = right - left, high - bottom
    t = phase / PHASES
    x = left + w * (0.5 + 0.34 * swing(phase))
    inset = 0.02
    if variant in (0, 3):
        pen.fill(ellipse(x, bottom + h * (0.68 + 0.1 * swing(phase, 0.25)), h * 0.13, count=14), (252, 226, 110))
        hills = [
            (left + inset, bottom + h * 0.3),
            (left + w * 0.28, bottom + h * 0.5),
            (left + w * 0.55, bottom + h * 0.26),
            (left + w * 0.8, bottom + h * 0.42),
            (right - inset, bottom + h * 0.3),
        ]
        pen.fill([*hills, (right - inset, bottom + 0.03), (left + inset, bottom + 0.03)], (104, 178, 90))
    elif variant == 1:
        pen.fill(ellipse(left + w / 2, bottom + h * 0.5, h * 0.32, h * (0.3 + 0.02 * swing(phase)), count=16), (252, 214, 120))
        for side in (-1, 1):
            pen.fill(ellipse(left + w / 2 + side * h * 0.12, bottom + h * 0.56, 0.025, 0.035, count=8), INK)
        pen.fill(
            arc_band(left + w / 2, bottom + h * 0.46, h * 0.16, h * (0.08 + 0.06 * abs(swing(phase, 0.1))), 190, 350, 0.025, 7),
            INK,
        )
    elif variant == 2:
        for i in range(5):
            tall = h * (0.2 + 0.55 * abs(math.sin(1.7 * i + math.pi * t + 0.1)))
            pen.fill(
                box(left + w * (0.1 + 0.17 * i), bottom + h * 0.1, left + w * (0.21 + 0.17 * i), bottom + h * 0.1 + tall),
                ((232, 96, 84), (250, 200, 80), (250, 250, 244), (120, 200, 110), (160, 110, 200))[i],
            )
    elif variant == 4:
        pen.fill(box(left + inset, bottom + 0.01, right - inset, bottom + h * 0.4), (92, 172, 84))
        pen.fill(ellipse(x, bottom + h * (0.3 + 0.45 * abs(math.sin(2 * math.pi * t))), h * 0.11, count=14), PAPER)
    else:
        for i in range(4):
            share = (0.8, 0.55, 0.7, 0.35)[i] * min(1.0, max(0.08, (phase - i + 1) / 4))
            y = high - h * (0.18 + 0.2 * i)
            pen.fill(box(left + w * 0.1, y - h * 0.05, left + w * (0.1 + share), y + h * 0.03), PAPER if i else (252, 226, 110))
