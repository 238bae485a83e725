"""Birds: a robin, a duck, a parrot, a raven, a chick and a heron."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from looksay.storybook.figures.pen import INK, PAPER, Pen, Point, Points, blob, curve, ellipse, limb, place, stroke, swing
from looksay.storybook.spec import RGB


@dataclass(frozen=True)
class Bird:
    """A build. `leg` is bare leg, `beak` length, thickness and paint,
    `wing` the spread wing's length; the trunk is about 0.7 long."""

    mark: str
    leg: float
    neck: float
    head: float
    beak: tuple[float, float, RGB]
    tail: float
    wing: float
    plump: float = 1.0


_BIRDS: tuple[Bird, ...] = (
    Bird("breast", 0.17, 0.0, 0.18, (0.13, 0.1, (232, 160, 60)), 0.24, 0.6),
    Bird("duck", 0.1, 0.15, 0.165, (0.2, 0.13, (242, 152, 50)), 0.1, 0.62, 1.08),
    Bird("parrot", 0.12, 0.02, 0.195, (0.13, 0.22, (74, 66, 66)), 0.42, 0.66, 0.94),
    Bird("raven", 0.17, 0.05, 0.165, (0.22, 0.13, (92, 86, 84)), 0.3, 0.72, 0.96),
    Bird("chick", 0.12, -0.03, 0.22, (0.1, 0.11, (244, 150, 60)), 0.08, 0.42, 1.14),
    Bird("heron", 0.42, 0.36, 0.125, (0.34, 0.085, (238, 128, 70)), 0.12, 0.74, 0.88),
)


def bird(action: str, variant: int, phase: int) -> Pen:
    build, pen, flying = _BIRDS[variant], Pen(0.013), action == "flying"
    y = build.leg + 0.27
    nod = 0.0 if flying else 0.012 * swing(phase)
    beat = swing(phase, 0.25)

    def at(points: Points) -> Points:
        return place(points, 0.0, y, 4.0 if flying else 24.0)

    if flying:
        _wing(pen, at([(0.06, 0.06)])[0], beat, build.wing * 0.9, far=True)
    _tail(pen, build, at, flying)
    for x, shade in ((0.07, 0.8), (-0.03, 1.0)):
        _leg(pen, build, x, y - 0.17, flying, shade)
    plump = 0.215 * build.plump
    body = [
        (-0.36, 0.03),
        (-0.22, plump * 0.8),
        (0.05, plump),
        (0.28, plump * 0.85),
        (0.36, 0.02),
        (0.24, -plump * 0.85),
        (0.0, -plump),
        (-0.22, -plump * 0.6),
    ]
    hx, hy = at([(0.26, 0.14)])[0]
    reach = (0.85, 0.2) if flying else (0.3, 1.0)
    crown = (hx + 0.05 + build.neck * reach[0], hy + 0.07 + nod + build.neck * reach[1])
    _beak(pen, build, crown)
    bow = (
        hx + (0.03 if not flying else 0.0) + build.neck * reach[0] * (1.1 if not flying else 0.5),
        hy + 0.02 + build.neck * reach[1] * 0.4,
    )
    neck = limb([at([(0.2, 0.04)])[0], bow, crown], [0.24, 0.12 + 0.2 * (0.36 - build.neck), build.head * 1.3], 3, 2)
    pen.solid(at(blob(body, 3)), neck, ellipse(*crown, build.head, build.head * 0.96, count=20))
    _marks(pen, build, at, crown, plump)
    pen.eye(crown[0] + build.head * 0.38, crown[1] + build.head * 0.2, build.head * 0.3)
    if flying:
        _wing(pen, at([(-0.02, 0.06)])[0], beat, build.wing, far=False)
    else:
        fold = [(0.16, 0.1), (-0.06, 0.16), (-0.32, 0.04), (-0.5, -0.07 + 0.012 * beat), (-0.26, -0.12), (0.04, -0.11)]
        pen.solid(at(blob(fold, 4)), shade=0.8, line=0.66)
        pen.fill(at(limb([(0.14, 0.075), (-0.04, 0.13), (-0.28, 0.04)], [0.012, 0.03, 0.008], 3, 0)), "main", 1.12)
        for u, v in ((-0.02, -0.01), (-0.16, -0.035)):
            pen.fill(
                at(limb([(u + 0.12, v + 0.03), (u, v - 0.035), (u - 0.13, v - 0.02)], [0.01, 0.02, 0.01], 2, 0)), "main", 0.58
            )
    return pen


def _tail(pen: Pen, build: Bird, at: Callable[[Points], Points], flying: bool) -> None:
    end = -0.34 - build.tail
    if build.mark == "duck":
        pen.solid(at(blob([(-0.24, 0.08), (-0.4, 0.16), (-0.5, 0.2), (-0.44, 0.04), (-0.28, -0.08)], 2)), shade=0.82)
        return
    fan = 0.03 if flying else 0.0
    pen.solid(at([(-0.22, 0.08), (end, 0.07 + fan), (end - 0.03, 0.02), (end, -0.05 - fan), (-0.22, -0.1)]), shade=0.76)
    pen.fill(at(stroke((-0.3, 0.0), (end + 0.02, 0.01), 0.014)), "main", 0.52)


def _wing(pen: Pen, root: Point, beat: float, long: float, far: bool) -> None:
    """A spread wing with its feathers: raised for beat 1, lowered for beat -1; the hand lags behind the arm."""
    angle = math.radians(106 - 14 * abs(beat))
    lift = 1.0 if beat >= 0 else -1.0
    span = long * (0.5 + 0.55 * abs(beat))
    x, y = root
    ux, uy = math.cos(angle), math.sin(angle) * lift
    back = 0.27 + 0.1 * (1 - abs(beat))

    def along(t: float, behind: float) -> Point:
        return (x + ux * span * t - behind * (0.7 + 0.5 * t), y + uy * span * t - 0.06 * behind * lift)

    edge = [along(-0.16, 0.06), along(0.0, -0.14), along(0.45, -0.16), along(0.85, -0.02), along(1.0, 0.13)]
    feathers: Points = []
    for i in range(4):
        t = 0.86 - 0.24 * i
        feathers += [
            along(t + 0.06, back * (0.72 + 0.1 * i)),
            along(t - 0.06, back * (0.9 + 0.12 * i)),
            along(t - 0.1, back * (0.62 + 0.1 * i)),
        ]
    outline = [*curve(edge, 3), *feathers, (x - 0.2, y - 0.02)]
    pen.solid(outline, shade=0.66 if far else 0.82)
    if not far:
        inner = [along(0.04, -0.1), along(0.42, -0.11), along(0.76, 0.0), along(0.62, 0.08), along(0.3, 0.1), along(0.04, 0.1)]
        pen.fill(blob(inner, 2), "main", 1.06)


def _leg(pen: Pen, build: Bird, x: float, top: float, flying: bool, shade: float) -> None:
    paint = build.beak[2]
    if flying:
        if build.leg > 0.14:
            pen.fill(stroke((x - 0.1, top), (x - 0.2 - build.leg, top - 0.03), 0.03), paint, shade)
        else:
            pen.fill(ellipse(x - 0.12, top - 0.03, 0.07, 0.03, tilt=-10, count=8), paint, shade)
        return
    pen.fill(stroke((x, top + 0.05), (x, 0.02), 0.034 if build.leg < 0.4 else 0.026), paint, shade)
    if build.mark == "duck":
        pen.fill([(x - 0.05, 0.0), (x + 0.14, 0.0), (x + 0.12, 0.03), (x, 0.06)], paint, shade)
    else:
        pen.fill([(x - 0.06, 0.0), (x + 0.11, 0.0), (x + 0.1, 0.022), (x + 0.01, 0.045), (x - 0.05, 0.02)], paint, shade)


def _beak(pen: Pen, build: Bird, crown: Point) -> None:
    (long, thick, _), r = build.beak, build.head
    x, y = crown[0] + r * 0.75, crown[1] - r * 0.05
    if build.mark == "parrot":
        pen.solid(
            blob(
                [
                    (x - 0.02, y - thick * 0.1),
                    (x + long * 0.7, y - thick * 0.3),
                    (x + long * 0.5, y - thick * 0.8),
                    (x - 0.02, y - thick * 0.6),
                ],
                2,
            ),
            paint=build.beak[2],
            shade=0.8,
        )
        hook = [
            (x - 0.02, y + thick * 0.55),
            (x + long, y + thick * 0.32),
            (x + long * 1.3, y - thick * 0.2),
            (x + long * 1.1, y - thick * 0.8),
            (x + long * 0.7, y - thick * 0.3),
            (x, y - thick * 0.25),
        ]
        pen.solid(blob(hook, 2), paint=build.beak[2])
    elif build.mark == "duck":
        bill = [
            (x - 0.03, y + thick * 0.5),
            (x + long * 0.5, y + thick * 0.06),
            (x + long, y + 0.02),
            (x + long * 1.04, y - thick * 0.34),
            (x - 0.03, y - thick * 0.6),
        ]
        pen.solid(blob(bill, 2), paint=build.beak[2])
        pen.fill(stroke((x + 0.04, y - thick * 0.22), (x + long, y - thick * 0.14), 0.012), build.beak[2], 0.6)
    else:
        pen.solid(
            [
                (x - 0.02, y + thick * 0.55),
                (x + long * 0.6, y + thick * 0.2),
                (x + long + 0.03, y - thick * 0.1),
                (x - 0.02, y - thick * 0.55),
            ],
            paint=build.beak[2],
        )
        pen.fill(stroke((x, y), (x + long, y - thick * 0.06), 0.012), build.beak[2], 0.6)


def _marks(pen: Pen, build: Bird, at: Callable[[Points], Points], crown: Point, plump: float) -> None:
    r, (x, y) = build.head, crown
    if build.mark == "breast":
        pen.fill(
            at(blob([(0.33, 0.06), (0.3, -0.08), (0.16, -0.165), (-0.04, -plump * 0.94), (0.0, -0.09), (0.16, 0.02)], 3)),
            (250, 226, 190),
        )
    elif build.mark == "duck":  # a ring about the middle of the neck
        (ax, ay), aside = at([(0.22, 0.04)])[0], 0.1
        dx, dy = x - ax, y - ay
        far = math.hypot(dx, dy)
        mx, my, ux, uy = ax + dx * 0.52, ay + dy * 0.52, -dy / far * aside, dx / far * aside
        pen.fill(stroke((mx - ux, my - uy), (mx + ux, my + uy), 0.05), PAPER)
        pen.fill(at(blob([(0.3, -0.05), (0.16, -0.18), (-0.1, -plump * 0.92), (0.0, -0.1)], 3)), "main", 1.16)
    elif build.mark == "parrot":
        pen.fill(ellipse(x + r * 0.46, y + r * 0.04, r * 0.52, r * 0.6, count=14), PAPER)
        pen.fill(at(blob([(0.3, -0.02), (0.18, -0.16), (-0.08, -plump * 0.92), (0.02, -0.08)], 3)), (246, 206, 84))
    elif build.mark == "chick":
        tuft = [
            (x - 0.09, y + r * 0.84),
            (x - 0.13, y + r * 1.4),
            (x - 0.02, y + r * 1.16),
            (x + 0.05, y + r * 1.5),
            (x + 0.07, y + r * 0.86),
        ]
        pen.solid(blob(tuft, 2))
        pen.fill(ellipse(x + r * 0.42, y - r * 0.36, r * 0.22, r * 0.15, count=8), (242, 150, 140))
    elif build.mark == "heron":
        pen.fill(
            limb([(x - r * 0.2, y + r * 0.7), (x - r * 1.3, y + r * 0.6), (x - r * 2.2, y + r * 0.1)], [0.05, 0.04, 0.005], 2, 0),
            INK,
        )
        pen.fill(at(blob([(0.3, -0.02), (0.16, -0.14), (-0.12, -0.15), (-0.02, -0.06)], 3)), "main", 1.2)
    else:
        pen.fill(
            blob(
                [
                    (x - r * 0.5, y + r * 0.5),
                    (x + r * 0.1, y + r * 0.78),
                    (x + r * 0.3, y + r * 0.56),
                    (x - r * 0.2, y + r * 0.5),
                ],
                2,
            ),
            "main",
            1.6,
        )
