"""Dogs: a retriever, a dachshund, a terrier, a spotted hound, a spitz and a beagle."""

from __future__ import annotations

from dataclasses import dataclass

from looksay.storybook.figures.legs import Frame, four_legs
from looksay.storybook.figures.pen import INK, LIPS, PAPER, Pen, Point, Points, blob, ellipse, limb, place, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.05, 0.7, 0.82, 1.08, 1.0, 0.8)

_COLLAR: RGB = (214, 62, 62)
_SPOT: RGB = (96, 82, 74)
_SADDLE: RGB = (92, 70, 58)
_TONGUE: RGB = (232, 118, 124)


@dataclass(frozen=True)
class Breed:
    """A dog's build: `leg` is the height of hip and shoulder, `half` half the distance between them,
    `deep` half the trunk's depth."""

    leg: float = 0.42
    half: float = 0.29
    deep: float = 0.135
    head: float = 0.225
    muzzle: float = 0.95
    ear: str = "flop"
    tail: str = "sabre"
    coat: str = "belly"


_BREEDS: tuple[Breed, ...] = (
    Breed(),
    Breed(leg=0.26, half=0.4, deep=0.125, head=0.205, muzzle=1.22, ear="long", coat="collar"),
    Breed(leg=0.34, half=0.23, deep=0.135, head=0.25, muzzle=0.8, ear="prick", tail="stump", coat="beard"),
    Breed(leg=0.46, half=0.27, deep=0.125, head=0.215, muzzle=1.0, coat="spots"),
    Breed(leg=0.4, half=0.27, deep=0.145, head=0.225, muzzle=0.85, ear="prick", tail="curl", coat="mask"),
    Breed(leg=0.32, half=0.27, deep=0.15, head=0.25, muzzle=0.75, ear="long", tail="stump", coat="saddle"),
)


def dog(action: str, variant: int, phase: int) -> Pen:
    breed, pen = _BREEDS[variant], Pen(0.013)
    if action == "sleeping":
        _sleeping(pen, breed, phase)
    elif action == "sitting":
        _sitting(pen, breed, phase)
    else:
        _upright(pen, breed, action, phase)
    return pen


def _upright(pen: Pen, breed: Breed, action: str, phase: int) -> None:
    run = action == "running"
    leg, half, deep = breed.leg, breed.half, breed.deep
    arch = 0.03 * swing(phase, 0.1) if run else 0.0
    legs = four_legs(
        Frame(half - 0.01, -half + 0.02, leg - 0.02, (0.15, 0.088, 0.078), 0.6 * leg, 0.4 * leg, 0.05), action, phase
    )
    for joint in legs[:2]:
        pen.solid(joint, shade=0.76)
    y = leg + 0.02
    body = [(-half - 0.09, y + 0.02), (-half + 0.02, y + deep), (0.0, y + deep * 0.88 + arch), (half - 0.02, y + deep * 1.1),
        (half + 0.13, y + deep * 0.6), (half + 0.1, y - deep * 0.7),
            (half * 0.5, y - deep * 1.05 + arch), (-half * 0.4, y - deep * 0.62 + arch),
                (-half - 0.04, y - deep * 0.8)]  # fmt: skip
    neck = limb([(half - 0.02, y + deep * 0.3), (half + 0.12, y + deep + 0.16)], [0.27, 0.19], 2, 2)
    pen.solid(_tail(breed, (-half - 0.04, y + deep * 0.6), phase), blob(body, 4), neck, *legs[2:])
    _coat(pen, breed, y)
    nod = 0.015 * swing(phase) if run else 0.0
    _head(pen, breed, (half + 0.16, y + deep + 0.21 + nod), 6.0 if run else 0.0, phase, run)


def _tail(breed: Breed, root: Point, phase: int) -> Points:
    wag, (x, y) = swing(2 * phase), root
    if breed.tail == "stump":
        return limb([root, (x - 0.07, y + 0.1), (x - 0.1 - 0.04 * wag, y + 0.21)], [0.08, 0.07, 0.05], 3, 3)
    if breed.tail == "curl":
        return limb(
            [root, (x - 0.14, y + 0.11), (x - 0.1, y + 0.26 + 0.02 * wag), (x + 0.04, y + 0.2 + 0.02 * wag)],
            [0.1, 0.13, 0.13, 0.07],
            3,
            3,
        )
    return limb(
        [root, (x - 0.13, y + 0.05), (x - 0.22, y + 0.17 + 0.03 * wag), (x - 0.23 - 0.06 * wag, y + 0.3)],
        [0.09, 0.08, 0.065, 0.045],
        3,
        3,
    )


def _coat(pen: Pen, breed: Breed, y: float) -> None:
    half, deep = breed.half, breed.deep
    if breed.coat == "spots":
        for u, v, r in (
            (-0.9, 0.3, 0.045),
            (-0.5, 0.45, 0.034),
            (-0.15, -0.15, 0.042),
            (0.2, 0.4, 0.038),
            (0.55, -0.2, 0.034),
            (0.9, 0.3, 0.042),
            (-0.6, -0.3, 0.028),
        ):
            pen.fill(ellipse(u * half, y + v * deep, r, r * 0.86, count=8), _SPOT)
    elif breed.coat == "saddle":
        pen.fill(
            blob(
                [
                    (-half * 1.0, y + deep * 0.86),
                    (half * 0.7, y + deep * 0.9),
                    (half * 0.5, y),
                    (-half * 0.2, y - deep * 0.25),
                    (-half * 0.9, y + deep * 0.1),
                ],
                3,
            ),
            _SADDLE,
        )
    elif breed.coat == "belly":
        pen.fill(
            blob(
                [
                    (-half * 0.5, y - deep * 0.6),
                    (half * 0.4, y - deep * 0.98),
                    (half + 0.02, y - deep * 0.8),
                    (half * 0.4, y - deep * 0.6),
                ],
                3,
            ),
            "main",
            1.2,
        )
    elif breed.coat == "mask":
        pen.fill(
            blob([(half + 0.12, y + deep * 0.7), (half + 0.1, y - deep * 0.6), (half - 0.06, y - deep * 0.85), (half, y)], 3),
            PAPER,
        )


def _head(pen: Pen, breed: Breed, centre: Point, tilt: float, phase: int, panting: bool, asleep: bool = False) -> None:
    size, m = breed.head, breed.muzzle

    def at(points: Points) -> Points:
        return place(points, *centre, tilt, size)

    if panting:
        pen.solid(
            at(blob([(0.3 + 0.3 * m, -0.3), (0.3 + 0.52 * m, -0.3), (0.36 + 0.5 * m, -0.68), (0.2 + 0.4 * m, -0.72)], 2)),
            paint=_TONGUE,
            line=0.7,
        )
    if breed.ear == "prick":
        pen.solid(at([(-0.16, 0.42), (0.14, 1.08), (0.34, 0.42)]), shade=0.72)
    skull = [(-0.62, -0.05), (-0.45, 0.42), (0.0, 0.58), (0.38, 0.43), (0.52, 0.17), (0.4 + 0.6 * m, 0.12),
        (0.5 + 0.66 * m, -0.13), (0.4 + 0.5 * m, -0.36), (0.42, -0.47), (-0.1, -0.58),
             (-0.52, -0.45)]  # fmt: skip
    pen.solid(at(blob(skull, 3)))
    if breed.coat in ("mask", "beard", "saddle"):
        drop = 0.26 if breed.coat == "beard" else 0.0
        muzzle = [
            (0.42, 0.1),
            (0.36 + 0.6 * m, 0.08),
            (0.48 + 0.64 * m, -0.14),
            (0.38 + 0.5 * m, -0.34 - drop / 2),
            (0.3, -0.44 - drop),
            (0.12, -0.16),
        ]
        pen.fill(at(blob(muzzle, 2)), "main" if breed.coat == "beard" else PAPER, 1.14 if breed.coat == "beard" else 1.0)
        if breed.coat == "saddle":
            pen.fill(at([(0.2, 0.54), (0.36, 0.46), (0.5, 0.16), (0.4, 0.06)]), PAPER)
    elif breed.coat == "spots":
        pen.fill(at(ellipse(-0.06, 0.4, 0.14, count=8)), _SPOT)
    x, y = at([(0.44 + 0.66 * m, 0.05)])[0]
    pen.fill(ellipse(x, y, size * 0.18, size * 0.15, count=10), INK)
    pen.fill(ellipse(x + size * 0.03, y + size * 0.06, size * 0.06, size * 0.035, count=6), (150, 146, 150))
    pen.fill(at(limb([(0.42 + 0.6 * m, -0.16), (0.42 + 0.3 * m, -0.28), (0.4, -0.18)], [0.06, 0.06, 0.06], 2, 0)), LIPS)
    x, y = at([(0.25, 0.17)])[0]
    if asleep:
        pen.lid(x, y, size * 0.16, LIPS)
    else:
        pen.eye(x, y, size * 0.165, (70, 44, 30))
    _ear(pen, breed, at([(0.0, 0.0)])[0], tilt, 0.14 * swing(phase) if panting else 0.0, -0.5 if asleep else -0.72)
    if breed.coat in ("collar", "spots", "beard") and not asleep:
        pen.fill(
            at(blob([(-0.62, -0.4), (-0.3, -0.56), (0.02, -0.56), (0.04, -0.72), (-0.3, -0.74), (-0.66, -0.56)], 2)),
            _COLLAR if breed.coat != "beard" else (70, 120, 200),
        )


def _ear(pen: Pen, breed: Breed, centre: Point, tilt: float, flap: float, lowest: float) -> None:
    def at(points: Points) -> Points:
        return place(points, *centre, tilt, breed.head)

    if breed.ear == "prick":
        pen.solid(at([(-0.54, 0.24), (-0.36, 1.1), (0.04, 0.5)]))
        pen.fill(at([(-0.42, 0.4), (-0.31, 0.88), (-0.1, 0.52)]), (232, 170, 164))
        return
    drop = -0.4 if breed.ear == "flop" else lowest
    ear = [
        (-0.12, 0.5),
        (-0.42, 0.46),
        (-0.68 - flap, 0.04),
        (-0.6 - 1.6 * flap, drop),
        (-0.3 - flap, drop - 0.06),
        (-0.12, 0.08),
    ]
    pen.solid(at(blob(ear, 3)), shade=0.74)


def _sitting(pen: Pen, breed: Breed, phase: int) -> None:
    high, wag = breed.leg + 0.17, swing(2 * phase)
    w = 0.9 + (breed.deep - 0.125) * 8
    if breed.tail == "curl":
        pen.solid(_tail(breed, (-0.22, 0.1), phase))
    else:
        long = 0.5 if breed.tail == "stump" else 1.0
        pen.solid(
            limb(
                [
                    (-0.16, 0.06),
                    (-0.2 - 0.14 * long, 0.05),
                    (-0.22 - 0.22 * long, 0.1 + 0.04 * wag),
                    (-0.22 - 0.26 * long, 0.18 + 0.08 * wag),
                ],
                [0.1, 0.08, 0.065, 0.045],
                2,
                3,
            )
        )
    pen.solid(limb([(0.22, high * 0.6), (0.23, 0.1), (0.24, 0.036), (0.29, 0.032)], [0.11, 0.088, 0.08, 0.06], 2, 2), shade=0.76)
    body = [
        (0.1, high + 0.17),
        (0.25, high + 0.02),
        (0.27, high * 0.66),
        (0.18, 0.2),
        (0.04, 0.0),
        (-0.22 * w, 0.0),
        (-0.32 * w, 0.12),
        (-0.27 * w, high * 0.5),
        (-0.12 * w, high * 0.94),
    ]
    pen.solid(blob(body, 4))
    if breed.coat == "spots":
        for u, v, r in (
            (-0.16, 0.62, 0.036),
            (0.0, 0.78, 0.04),
            (0.12, 0.62, 0.032),
            (0.02, 0.5, 0.03),
            (0.18, 0.86, 0.036),
            (-0.2, 0.44, 0.03),
        ):
            pen.fill(ellipse(u, v * high, r, r * 0.9, count=8), _SPOT)
    elif breed.coat == "saddle":
        pen.fill(
            blob(
                [(-0.26 * w, high * 0.5), (-0.1 * w, high * 0.92), (0.04, high * 0.86), (0.02, high * 0.6), (-0.1, high * 0.4)], 3
            ),
            _SADDLE,
        )
    elif breed.coat in ("mask", "belly"):
        pen.fill(
            blob([(0.2, high + 0.04), (0.255, high * 0.76), (0.2, high * 0.5), (0.13, high * 0.76)], 3),
            PAPER if breed.coat == "mask" else "main",
            1.0 if breed.coat == "mask" else 1.2,
        )
    pen.solid(limb([(0.13, high * 0.62), (0.13, 0.12), (0.145, 0.037), (0.2, 0.034)], [0.13, 0.094, 0.084, 0.064], 2, 3))
    haunch = [(-0.29 * w, 0.1), (-0.22 * w, 0.26), (-0.04, 0.27), (0.05, 0.13), (0.09, 0.03), (0.02, 0.0), (-0.2 * w, 0.0)]
    pen.solid(blob(haunch, 3), shade=0.93, line=0.66)
    _head(pen, breed, (0.19, high + 0.25), 4.0, phase, False)


def _sleeping(pen: Pen, breed: Breed, phase: int) -> None:
    breath, half, d = 0.012 * swing(phase), breed.half * 0.85 + 0.08, breed.deep
    tall = 2.3 * d
    pen.solid(limb([(-half + 0.04, 0.07), (-half - 0.14, 0.05), (-half - 0.2, 0.06 + 0.5 * breath)], [0.1, 0.08, 0.055], 3, 3))
    pen.solid(limb([(half - 0.12, 0.05), (half + 0.1, 0.04), (half + 0.34, 0.036)], [0.1, 0.088, 0.074], 2, 3), shade=0.76)
    body = [(-half - 0.05, 0.1), (-half + 0.01, tall * 0.86), (-half + 0.2, tall + breath),
        (half * 0.1, tall * 0.86 + breath), (half - 0.1, tall * 0.92), (half + 0.08, tall * 0.6), (half + 0.08, 0.06),
            (half - 0.06, 0.0), (-half + 0.04, 0.0)]  # fmt: skip
    pen.solid(blob(body, 4))
    if breed.coat == "spots":
        for u, v, r in ((-0.5, 0.84, 0.036), (-0.05, 0.62, 0.042), (0.35, 0.74, 0.036), (0.55, 0.4, 0.03), (0.15, 0.36, 0.032)):
            pen.fill(ellipse(u * half, v * tall, r, r * 0.86, count=8), _SPOT)
    elif breed.coat == "saddle":
        pen.fill(
            blob(
                [(-half * 0.6, tall * 0.94), (half * 0.6, tall * 0.86), (half * 0.4, tall * 0.5), (-half * 0.2, tall * 0.46)], 3
            ),
            _SADDLE,
        )
    pen.solid(
        blob(
            [
                (-half - 0.02, 0.08),
                (-half + 0.05, tall * 0.62),
                (-half + 0.22, tall * 0.66),
                (-half + 0.32, 0.12),
                (-half + 0.36, 0.03),
                (-half + 0.26, 0.0),
                (-half + 0.06, 0.0),
            ],
            3,
        ),
        shade=0.93,
        line=0.66,
    )
    _head(pen, breed, (half + 0.12, breed.head * 0.62), -4.0, phase, False, asleep=True)
    pen.solid(limb([(half - 0.22, 0.045), (half - 0.05, 0.037), (half + 0.1, 0.037)], [0.085, 0.08, 0.074], 2, 3))
