"""Birds: songbird, duck, parrot, raven, chick and wader."""

from __future__ import annotations

from dataclasses import dataclass

from looksay.storybook.figures.pen import INK, PAPER, Pen, Points, blob, ellipse, limb, place, stroke, swing
from looksay.storybook.spec import RGB


@dataclass(frozen=True)
class Bird:
    """A build. `leg` is bare leg, `neck` the neck's length, `beak` length and thickness, all in body lengths of about 0.7."""

    leg: float
    neck: float
    head: float
    beak: tuple[float, float]
    beak_paint: RGB
    tail: float
    mark: str
    plump: float = 1.0


BIRDS: tuple[Bird, ...] = (
    Bird(0.2, 0.0, 0.17, (0.14, 0.1), (232, 160, 60), 0.26, "breast"),
    Bird(0.12, 0.16, 0.16, (0.22, 0.13), (240, 150, 50), 0.12, "ring", 1.06),
    Bird(0.14, 0.02, 0.19, (0.13, 0.22), (70, 62, 62), 0.42, "cheek", 0.94),
    Bird(0.2, 0.05, 0.16, (0.24, 0.13), (90, 84, 80), 0.3, "plain", 0.94),
    Bird(0.15, -0.03, 0.21, (0.11, 0.11), (244, 150, 60), 0.1, "crest", 1.12),
    Bird(0.46, 0.36, 0.12, (0.34, 0.09), (236, 120, 70), 0.14, "wader", 0.88),
)


def bird(action: str, variant: int, phase: int) -> Pen:
    build, pen = BIRDS[variant], Pen(0.013)
    flying = action == "flying"
    beat = swing(phase, 0.25)
    base = build.leg + 0.02
    y = base + 0.24
    tilt = 0.0 if flying else 24.0
    reach = 0.36

    def at(points: Points) -> Points:
        return place(points, 0.0, y, tilt)

    if flying:
        pen.solid(_wing(at([(0.02, 0.08)])[0], beat, 0.86, build), shade=0.78)
    tail = [(-0.24, 0.06), (-0.34 - build.tail, 0.1), (-0.36 - build.tail, -0.02), (-0.24, -0.1)]
    pen.solid(at(tail), shade=0.78)
    for x, shade in ((0.06, 0.8), (-0.04, 1.0)):
        _leg(pen, build, x, y - 0.16, flying, shade)
    plump = 0.21 * build.plump
    body = blob(
        [
            (-reach, 0.03),
            (-0.22, plump * 0.8),
            (0.05, plump),
            (0.28, plump * 0.85),
            (reach, 0.02),
            (0.24, -plump * 0.85),
            (0.0, -plump),
            (-0.22, -plump * 0.6),
        ],
        3,
    )
    hx, hy = at([(0.26, 0.14)])[0]
    crown = (hx + 0.05 + build.neck * (0.75 if flying else 0.3), hy + 0.07 + build.neck * (0.35 if flying else 1.0))
    _beak(pen, build, crown)
    head = ellipse(*crown, build.head, build.head * 0.95, count=18)
    neck = limb(
        [at([(0.2, 0.05)])[0], (hx + 0.03 + build.neck * 0.25, hy + build.neck * 0.3), crown],
        [0.22, 0.13 + 0.03 * build.plump, build.head * 1.3],
        3,
        2,
    )
    pen.solid(at(body), neck, head)
    _marks(pen, build, at, crown, plump)
    eye = build.head * 0.3
    pen.eye(crown[0] + build.head * 0.38, crown[1] + build.head * 0.2, eye)
    if flying:
        pen.solid(_wing(at([(-0.02, 0.06)])[0], beat, 1.0, build), shade=0.88)
    else:
        fold = blob([(0.14, 0.1), (-0.08, 0.15), (-0.34, 0.02), (-0.48, -0.08 + 0.01 * beat), (-0.22, -0.13), (0.06, -0.1)], 3)
        pen.solid(at(fold), shade=0.8, line=0.7)
        pen.fill(at(limb([(-0.38, -0.045), (-0.2, -0.05), (-0.02, -0.02)], [0.012, 0.02, 0.012], 2, 0)), "main", 0.58)
    return pen


def _wing(root: tuple[float, float], beat: float, size: float, build: Bird) -> Points:
    """A spread wing, raised for beat 1, lowered for beat -1, the tip lagging behind."""
    long = size * (0.56 if build.plump < 1.1 else 0.46)
    up = beat
    x, y = root
    tip = (x - 0.2 - 0.16 * (1 - abs(up)), y + long * up)
    mid = (x + 0.14, y + long * 0.62 * up + 0.06)
    trail = (x - 0.26, y + long * 0.5 * up)
    return blob([(x + 0.16, y), mid, tip, (tip[0] - 0.08, tip[1] - 0.1 * up - 0.02), trail, (x - 0.2, y - 0.02)], 3)


def _leg(pen: Pen, build: Bird, x: float, top: float, flying: bool, shade: float) -> None:
    paint = build.beak_paint if build.mark != "plain" else INK
    if flying:
        back = build.leg * 0.9
        pen.fill(stroke((x - 0.1, top - 0.0), (x - 0.18 - back, top - 0.03), 0.032), paint, shade)
        return
    pen.fill(stroke((x, top + 0.04), (x, 0.02), 0.032 if build.leg < 0.4 else 0.026), paint, shade)
    pen.fill([(x - 0.06, 0.0), (x + 0.11, 0.0), (x + 0.1, 0.02), (x + 0.01, 0.045), (x - 0.05, 0.02)], paint, shade)


def _beak(pen: Pen, build: Bird, crown: tuple[float, float]) -> None:
    (long, thick), r = build.beak, build.head
    x, y = crown[0] + r * 0.75, crown[1] - r * 0.05
    if build.mark == "cheek":  # a parrot's hook
        upper = [
            (x - 0.02, y + thick * 0.55),
            (x + long, y + thick * 0.3),
            (x + long * 1.25, y - thick * 0.2),
            (x + long * 0.9, y - thick * 0.75),
            (x + 0.04, y - thick * 0.3),
        ]
        pen.solid(blob(upper, 2), paint=build.beak_paint)
        return
    if build.mark == "ring":  # a duck's bill
        bill = [
            (x - 0.03, y + thick * 0.5),
            (x + long * 0.5, y + thick * 0.06),
            (x + long, y + 0.01),
            (x + long * 1.02, y - thick * 0.36),
            (x - 0.03, y - thick * 0.6),
        ]
        pen.solid(blob(bill, 2), paint=build.beak_paint)
        return
    pen.solid([(x - 0.02, y + thick * 0.55), (x + long + 0.03, y), (x - 0.02, y - thick * 0.55)], paint=build.beak_paint)
    pen.fill(stroke((x, y), (x + long, y), 0.012), build.beak_paint, 0.6)


def _marks(pen: Pen, build: Bird, at: object, crown: tuple[float, float], plump: float) -> None:
    assert callable(at)
    r = build.head
    if build.mark == "breast":
        pen.fill(
            at(blob([(0.33, 0.06), (0.3, -0.08), (0.16, -0.16), (-0.04, -plump * 0.94), (0.0, -0.09), (0.16, 0.02)], 3)),
            (250, 226, 190),
        )
    elif build.mark == "ring":
        pen.fill(
            place([(-0.09, 0.03), (0.1, -0.03), (0.09, -0.07), (-0.1, -0.01)], crown[0] - 0.03, crown[1] - r * 0.95, 10), PAPER
        )
    elif build.mark == "cheek":
        pen.fill(ellipse(crown[0] + r * 0.5, crown[1] - r * 0.02, r * 0.5, r * 0.62, count=14), PAPER)
    elif build.mark == "crest":
        pen.solid(
            blob(
                [
                    (crown[0] - 0.1, crown[1] + r * 0.8),
                    (crown[0] - 0.12, crown[1] + r * 1.5),
                    (crown[0] - 0.01, crown[1] + r * 1.2),
                    (crown[0] + 0.05, crown[1] + r * 1.6),
                    (crown[0] + 0.09, crown[1] + r * 0.8),
                ],
                2,
            )
        )
        pen.fill(ellipse(crown[0] + r * 0.45, crown[1] - r * 0.4, r * 0.22, r * 0.16, count=8), (242, 150, 140))
    elif build.mark == "wader":
        pen.fill(at(blob([(0.2, -0.02), (0.1, -0.13), (-0.14, -0.14), (-0.05, -0.05)], 2)), "main", 1.2)
