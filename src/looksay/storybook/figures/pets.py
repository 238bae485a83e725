"""Cats and dogs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from looksay.storybook.figures.legs import Frame, four_legs
from looksay.storybook.figures.pen import BLUSH, INK, PAPER, Pen, Point, Points, blob, ellipse, limb, place, stroke, swing
from looksay.storybook.spec import RGB

DOG_STATURES: tuple[float, ...] = (1.05, 0.68, 0.8, 1.08, 1.0, 0.78)

TABBY: RGB = (84, 70, 62)
COLLAR: RGB = (214, 62, 62)

CAT_EYES: tuple[RGB, ...] = ((96, 148, 72), (206, 158, 48), (92, 150, 90), (86, 150, 210), (216, 140, 40), (120, 160, 70))
CAT_FRAME = Frame(fore=0.27, hind=-0.25, top=0.36, thick=(0.135, 0.085, 0.075), gait="walk", reach=0.12, lift=0.07, toe=0.045)


def cat(action: str, variant: int, phase: int) -> Pen:
    pen = Pen(0.0125)
    if action == "sleeping":
        return _sleeping_cat(pen, variant, phase)
    if action == "sitting":
        return _sitting_cat(pen, variant, phase)
    slim = -0.03 if variant == 5 else 0.03 if variant == 4 else 0.0
    wag = swing(phase)
    tail = [(-0.34, 0.47), (-0.5, 0.52 + 0.02 * wag), (-0.54 - 0.03 * wag, 0.72), (-0.46 - 0.1 * wag, 0.88)]
    widths = [0.09, 0.1, 0.09, 0.07] if variant != 4 else [0.1, 0.16, 0.19, 0.12]
    legs = four_legs(CAT_FRAME, action, phase)
    for leg in legs[:2]:
        pen.solid(leg, shade=0.76)
    body = blob([(-0.37, 0.46), (-0.22, 0.53 + slim / 2), (0.02, 0.5 + slim / 2), (0.22, 0.53), (0.37, 0.56), (0.41, 0.42), (0.27, 0.29 - slim),
                 (0.0, 0.27 - slim), (-0.26, 0.27), (-0.38, 0.35)], 3)  # fmt: skip
    pen.solid(limb(tail, widths, 3, 3), body, *legs[2:])
    if variant == 1:
        for x in (-0.24, -0.11, 0.02):
            pen.fill([(x - 0.022, 0.52), (x + 0.022, 0.515), (x + 0.006, 0.36)], TABBY, 0.9)
    elif variant == 2:
        pen.fill(blob([(-0.2, 0.5), (0.02, 0.48), (0.06, 0.38), (-0.1, 0.33), (-0.22, 0.4)], 3), (226, 140, 62))
    elif variant in (0, 4):
        pen.fill(blob([(0.33, 0.5), (0.405, 0.46), (0.36, 0.36), (0.28, 0.34)], 3), PAPER)
    _cat_head(pen, variant, (0.39, 0.66 + 0.008 * wag), 0.185)
    return pen


def _sitting_cat(pen: Pen, variant: int, phase: int) -> Pen:
    wag = swing(phase)
    wide = 1.12 if variant == 4 else 0.88 if variant == 5 else 1.0
    tail = [(-0.2, 0.07), (-0.38, 0.06), (-0.47, 0.16 + 0.03 * wag), (-0.42 - 0.05 * wag, 0.3 + 0.02 * wag)]
    pen.solid(limb(tail, [0.1, 0.11, 0.1, 0.08] if variant != 4 else [0.12, 0.17, 0.18, 0.12], 3, 3))
    body = [
        (0.1, 0.66),
        (0.2, 0.5),
        (0.215, 0.3),
        (0.2, 0.02),
        (-0.1, 0.0),
        (-0.27, 0.06),
        (-0.285, 0.22),
        (-0.17, 0.44),
        (-0.06, 0.62),
    ]
    pen.solid(blob([(x * wide + (0.0 if x > 0 else 0.03), y) for x, y in body], 3))
    if variant == 1:
        for y in (0.2, 0.3, 0.4):
            pen.fill(
                [(-0.27 + (y - 0.2) * 0.55, y), (-0.25 + (y - 0.2) * 0.55, y + 0.04), (-0.08 + (y - 0.2) * 0.3, y + 0.035)],
                TABBY,
                0.9,
            )
    elif variant == 2:
        pen.fill(blob([(-0.24, 0.24), (-0.13, 0.43), (0.0, 0.4), (-0.03, 0.22), (-0.15, 0.14)], 3), (226, 140, 62))
    elif variant in (0, 4):
        pen.fill(blob([(0.06, 0.56), (0.17, 0.5), (0.185, 0.33), (0.1, 0.26), (0.03, 0.38)], 3), PAPER)
    pen.fill(blob([(-0.22, 0.1), (-0.15, 0.25), (0.0, 0.24), (0.05, 0.1), (0.0, 0.02), (-0.16, 0.02)], 3), "main", 0.86)
    pen.solid(limb([(0.15, 0.34), (0.15, 0.12), (0.17, 0.035), (0.21, 0.035)], [0.1, 0.085, 0.075, 0.06], 2, 3))
    pen.fill(
        ellipse(-0.01, 0.035, 0.085, 0.038, count=10), PAPER if variant in (0, 2) else "main", 0.97 if variant in (0, 2) else 1.12
    )
    _cat_head(pen, variant, (0.12, 0.765), 0.2)
    return pen


def _sleeping_cat(pen: Pen, variant: int, phase: int) -> Pen:
    breath = 0.012 * swing(phase)
    fluff = 0.03 if variant == 4 else 0.0
    body = [(-0.47, 0.16), (-0.4, 0.32 + breath), (-0.18, 0.42 + breath + fluff), (0.08, 0.39 + breath), (0.3, 0.26), (0.36, 0.08), (0.2, 0.0),
            (-0.3, 0.0), (-0.45, 0.05)]  # fmt: skip
    pen.solid(blob(body, 3))
    if variant == 1:
        for x in (-0.3, -0.17, -0.04):
            pen.fill([(x - 0.025, 0.385 + breath), (x + 0.025, 0.39 + breath), (x + 0.01, 0.24)], TABBY, 0.9)
    elif variant == 2:
        pen.fill(blob([(-0.32, 0.33), (-0.12, 0.38), (-0.02, 0.3), (-0.14, 0.2), (-0.28, 0.22)], 3), (226, 140, 62))
    pen.fill(blob([(-0.4, 0.12), (-0.3, 0.25), (-0.14, 0.23), (-0.08, 0.1), (-0.2, 0.03), (-0.35, 0.04)], 3), "main", 0.86)
    _cat_head(pen, variant, (0.31, 0.185 + breath / 2), 0.175, asleep=True)
    tail = [(-0.44, 0.1), (-0.3, 0.045), (-0.05, 0.04), (0.14 + breath, 0.05)]
    pen.solid(limb(tail, [0.08, 0.09, 0.085, 0.07] if variant != 4 else [0.1, 0.14, 0.15, 0.11], 3, 3), shade=1.06)
    return pen


def _cat_head(pen: Pen, variant: int, centre: Point, size: float, asleep: bool = False) -> None:
    def at(points: Points) -> Points:
        return place(points, *centre, 0.0, size)

    cheek = 1.14 if variant == 4 else 0.94 if variant == 5 else 1.02
    skull = blob(
        [(0.0, 0.74), (-0.62, 0.6), (-cheek, -0.06), (-0.6, -0.66), (0.08, -0.8), (0.7, -0.62), (cheek, -0.04), (0.66, 0.6)], 3
    )
    tall = 1.3 if variant == 5 else 1.06 if variant == 4 else 1.18
    ears = [[(-0.84, 0.3), (-0.72, tall), (-0.14, 0.68)], [(0.2, 0.7), (0.78, tall), (0.88, 0.28)]]
    pen.solid(at(skull), *map(at, ears))
    for ear in ears:
        x, y = sum(p[0] for p in ear) / 3, sum(p[1] for p in ear) / 3
        pen.fill(at([(x + (u - x) * 0.5, y + (v - y) * 0.5) for u, v in ear]), (236, 168, 164), 0.96)
    if variant == 1:
        for u in (-0.16, 0.12, 0.4):
            pen.fill(at([(u - 0.07, 0.74), (u + 0.07, 0.74), (u, 0.4)]), TABBY, 0.9)
    elif variant == 2:
        pen.fill(at(blob([(-0.7, 0.5), (-0.2, 0.7), (-0.02, 0.3), (-0.3, -0.1), (-0.8, 0.05)], 2)), (226, 140, 62))
    elif variant == 3:
        pen.fill(
            at(blob([(-0.3, 0.35), (0.12, 0.42), (0.55, 0.35), (0.62, -0.3), (0.14, -0.72), (-0.38, -0.3)], 3)),
            (88, 64, 54),
            0.95,
        )
    pen.fill(
        at(ellipse(0.16, -0.34, 0.4, 0.28, count=12)),
        PAPER if variant in (0, 2, 4) else "main",
        0.98 if variant in (0, 2, 4) else 1.16,
    )
    for u in (-0.26, 0.5):
        x, y = at([(u, 0.08)])[0]
        if asleep:
            pen.lid(x, y, size * 0.17)
        else:
            pen.fill(ellipse(x, y, size * 0.19, size * 0.21, count=10), CAT_EYES[variant])
            pen.fill(ellipse(x + size * 0.03, y, size * 0.085, size * 0.17, count=8), INK)
            pen.fill(ellipse(x + size * 0.07, y + size * 0.08, size * 0.05, count=5), PAPER)
    pen.fill(at([(0.06, -0.17), (0.27, -0.17), (0.165, -0.3)]), (214, 110, 112))
    pen.fill(at([(0.15, -0.28), (0.18, -0.28), (0.36, -0.46), (0.165, -0.36), (-0.03, -0.46)]), INK)
    if variant == 5:
        pen.fill(at(blob([(-0.55, -0.72), (0.0, -0.92), (0.6, -0.7), (0.62, -0.84), (0.0, -1.08), (-0.58, -0.86)], 2)), COLLAR)
        pen.fill(at(ellipse(0.2, -1.06, 0.13, count=8)), (244, 206, 84))


@dataclass(frozen=True)
class Breed:
    """A dog's build: `leg` is the height of hip and shoulder, `half` half the distance between them, `deep` half the trunk's depth."""

    leg: float = 0.42
    half: float = 0.29
    deep: float = 0.125
    head: float = 0.2
    muzzle: float = 1.0
    ear: str = "flop"
    tail: str = "sabre"
    coat: str = "plain"


BREEDS: tuple[Breed, ...] = (
    Breed(coat="belly"),
    Breed(leg=0.27, half=0.4, deep=0.12, head=0.185, muzzle=1.25, ear="long", coat="collar"),
    Breed(leg=0.36, half=0.24, deep=0.13, head=0.22, muzzle=0.85, ear="prick", tail="stump", coat="beard"),
    Breed(leg=0.47, half=0.28, deep=0.115, head=0.185, ear="flop", coat="spots"),
    Breed(leg=0.41, half=0.28, deep=0.14, head=0.2, ear="prick", tail="curl", coat="mask"),
    Breed(leg=0.33, half=0.27, deep=0.155, head=0.235, muzzle=0.66, ear="fold", tail="stump", coat="saddle"),
)


def dog(action: str, variant: int, phase: int) -> Pen:
    breed, pen = BREEDS[variant], Pen(0.013)
    if action == "sleeping":
        return _sleeping_dog(pen, breed, phase)
    if action == "sitting":
        return _sitting_dog(pen, breed, phase)
    run = action == "running"
    leg, half, deep = breed.leg, breed.half, breed.deep
    arch = 0.03 * swing(phase, 0.1) if run else 0.0
    frame = Frame(half - 0.01, -half + 0.02, leg - 0.02, (0.15, 0.085, 0.075), "run", 0.6 * leg, 0.4 * leg, 0.05)
    legs = four_legs(frame, action, phase)
    for joint in legs[:2]:
        pen.solid(joint, shade=0.76)
    y = leg + 0.02
    body = blob([(-half - 0.09, y), (-half, y + deep), (0.0, y + deep * 0.86 + arch), (half, y + deep * 1.12), (half + 0.12, y + deep * 0.5),
                 (half + 0.08, y - deep * 0.9), (half * 0.4, y - deep * 1.05 + arch), (-half * 0.4, y - deep * 0.66 + arch), (-half - 0.04, y - deep * 0.8)], 3)  # fmt: skip
    neck = limb([(half, y + deep * 0.35), (half + 0.13, y + deep + 0.15)], [0.25, 0.17], 2, 2)
    pen.solid(_tail(breed, (-half - 0.05, y + deep * 0.55), phase), body, neck, *legs[2:])
    _coat(pen, breed, (0.0, y), half, deep)
    _dog_head(
        pen, breed, (half + 0.17, y + deep + 0.19 + (0.015 * swing(phase) if run else 0.0)), 6.0 if run else 0.0, phase, run
    )
    return pen


def _tail(breed: Breed, root: Point, phase: int) -> Points:
    wag, (x, y) = swing(2 * phase), root
    if breed.tail == "stump":
        return limb([root, (x - 0.09, y + 0.1 + 0.02 * wag), (x - 0.1 - 0.03 * wag, y + 0.17)], [0.07, 0.065, 0.05], 3, 3)
    if breed.tail == "curl":
        return limb(
            [root, (x - 0.13, y + 0.13), (x - 0.06, y + 0.25 + 0.02 * wag), (x + 0.04, y + 0.17 + 0.02 * wag)],
            [0.1, 0.13, 0.13, 0.08],
            3,
            3,
        )
    return limb(
        [root, (x - 0.12, y + 0.05), (x - 0.21, y + 0.17 + 0.03 * wag), (x - 0.23 - 0.05 * wag, y + 0.29)],
        [0.08, 0.07, 0.06, 0.045],
        3,
        3,
    )


def _coat(pen: Pen, breed: Breed, middle: Point, half: float, deep: float) -> None:
    x, y = middle
    if breed.coat == "spots":
        for u, v, r in (
            (-0.85, 0.3, 0.05),
            (-0.45, 0.45, 0.034),
            (-0.15, -0.1, 0.045),
            (0.2, 0.45, 0.04),
            (0.5, -0.1, 0.034),
            (0.9, 0.35, 0.042),
            (-0.5, -0.25, 0.03),
        ):
            pen.fill(ellipse(x + u * half, y + v * deep, r, r * 0.86, count=8), (92, 78, 70))
    elif breed.coat == "saddle":
        pen.fill(
            blob(
                [
                    (x - half * 0.9, y + deep * 0.94),
                    (x + half * 0.4, y + deep * 0.96),
                    (x + half * 0.2, y),
                    (x - half * 0.5, y - deep * 0.1),
                ],
                3,
            ),
            (110, 80, 62),
        )
    elif breed.coat == "belly":
        pen.fill(
            blob(
                [
                    (x - half * 0.5, y - deep * 0.62),
                    (x + half * 0.6, y - deep * 0.9),
                    (x + half * 0.9, y - deep * 0.5),
                    (x, y - deep * 0.45),
                ],
                3,
            ),
            "main",
            1.2,
        )
    elif breed.coat == "mask":
        pen.fill(
            blob(
                [
                    (x + half + 0.1, y + deep * 0.6),
                    (x + half + 0.1, y - deep * 0.6),
                    (x + half - 0.06, y - deep * 0.85),
                    (x + half - 0.02, y),
                ],
                3,
            ),
            PAPER,
            0.97,
        )


def _dog_head(pen: Pen, breed: Breed, centre: Point, tilt: float, phase: int, panting: bool, asleep: bool = False) -> None:
    size, m = breed.head, breed.muzzle

    def at(points: Points) -> Points:
        return place(points, *centre, tilt, size)

    skull = blob([(-0.62, -0.05), (-0.45, 0.42), (0.0, 0.58), (0.38, 0.42), (0.5, 0.16), (0.4 + 0.6 * m, 0.1), (0.5 + 0.66 * m, -0.14),
                  (0.4 + 0.5 * m, -0.36), (0.42, -0.46), (-0.1, -0.58), (-0.52, -0.45)], 3)  # fmt: skip
    if panting:
        pen.fill(
            at(blob([(0.3 + 0.3 * m, -0.34), (0.3 + 0.5 * m, -0.34), (0.34 + 0.5 * m, -0.66), (0.2 + 0.4 * m, -0.7)], 2)),
            (228, 112, 118),
        )
    if breed.ear == "prick":
        pen.solid(at([(-0.2, 0.4), (0.06, 1.05), (0.3, 0.42)]), shade=0.72)
    pen.solid(at(skull))
    if breed.coat in ("mask", "beard"):
        muzzle = blob(
            [
                (0.42, 0.08),
                (0.36 + 0.6 * m, 0.06),
                (0.46 + 0.64 * m, -0.16),
                (0.36 + 0.5 * m, -0.34),
                (0.3, -0.44 - (0.22 if breed.coat == "beard" else 0)),
                (0.16, -0.16),
            ],
            2,
        )
        pen.fill(at(muzzle), PAPER if breed.coat == "mask" else "main", 0.96 if breed.coat == "mask" else 1.25)
    if breed.coat == "spots":
        pen.fill(at(ellipse(-0.1, 0.36, 0.14, count=8)), (92, 78, 70))
    pen.fill(at(ellipse(0.44 + 0.66 * m, 0.03, 0.17, 0.14, count=10)), INK)
    pen.fill(at(limb([(0.42 + 0.58 * m, -0.18), (0.42 + 0.3 * m, -0.27), (0.4, -0.2)], [0.05, 0.05, 0.05], 2, 0)), INK)
    x, y = at([(0.24, 0.16)])[0]
    if asleep:
        pen.lid(x, y, size * 0.15)
    else:
        pen.eye(x, y, size * 0.16, (70, 44, 30))
    flap = 0.14 * swing(phase) if panting else 0.0
    if breed.ear == "prick":
        pen.solid(at([(-0.52, 0.26), (-0.34, 1.08), (0.02, 0.48)]))
        pen.fill(at([(-0.42, 0.4), (-0.3, 0.86), (-0.12, 0.5)]), (232, 170, 164), 0.92)
    else:
        drop = {"flop": -0.42, "long": -0.72, "fold": 0.06}[breed.ear]
        ear = [
            (-0.14, 0.5),
            (-0.42, 0.46),
            (-0.66 - flap, 0.06),
            (-0.6 - 1.6 * flap, drop),
            (-0.3 - flap, drop - 0.04),
            (-0.14, 0.1),
        ]
        pen.solid(at(blob(ear, 3)), shade=0.74)
    if breed.coat in ("collar", "spots"):
        pen.fill(at([(-0.62, -0.42), (-0.1, -0.66), (-0.02, -0.52), (-0.58, -0.26)]), COLLAR)


def _sitting_dog(pen: Pen, breed: Breed, phase: int) -> Pen:
    high = breed.leg + 0.2
    wide = breed.deep / 0.125
    wag = swing(2 * phase)
    pen.solid(
        limb(
            [(-0.2, 0.06), (-0.34, 0.06), (-0.42, 0.12 + 0.03 * wag), (-0.46, 0.2 + 0.06 * wag)], [0.08, 0.07, 0.06, 0.045], 2, 3
        )
    )
    pen.solid(limb([(0.2, high * 0.55), (0.2, 0.1), (0.21, 0.035), (0.26, 0.03)], [0.1, 0.08, 0.07, 0.055], 2, 2), shade=0.76)
    body = [
        (0.05, high + 0.16),
        (0.2, high),
        (0.22, high * 0.6),
        (0.12, 0.2),
        (0.02, 0.0),
        (-0.22, 0.0),
        (-0.29, 0.12),
        (-0.21, high * 0.55),
        (-0.06, high * 0.95),
    ]
    pen.solid(
        blob([(x * (wide if x < 0 else 1), y) for x, y in body], 3),
        limb([(0.12, high * 0.7), (0.12, 0.12), (0.13, 0.035), (0.18, 0.03)], [0.14, 0.085, 0.075, 0.06], 2, 2),
    )
    if breed.coat == "spots":
        _coat(pen, replace(breed), (-0.03, high * 0.55), 0.17, 0.2)
    elif breed.coat == "saddle":
        pen.fill(blob([(-0.2, high * 0.5), (-0.06, high * 0.88), (0.06, high * 0.7), (-0.04, high * 0.4)], 3), (110, 80, 62))
    pen.solid(blob([(-0.26, 0.1), (-0.18, 0.27), (0.0, 0.25), (0.05, 0.1), (0.1, 0.02), (-0.2, 0.0)], 3), shade=0.92, line=0.7)
    _dog_head(pen, breed, (0.13, high + 0.22), 4.0, phase, False)
    return pen


def _sleeping_dog(pen: Pen, breed: Breed, phase: int) -> Pen:
    breath, half = 0.012 * swing(phase), breed.half + 0.08
    tall = breed.deep * 2 + 0.02
    pen.solid(limb([(-half, 0.08), (-half - 0.16, 0.05), (-half - 0.26, 0.04 + breath)], [0.08, 0.07, 0.05], 3, 3))
    pen.solid(limb([(half - 0.12, 0.05), (half + 0.1, 0.04), (half + 0.34, 0.035)], [0.1, 0.085, 0.07], 2, 3), shade=0.76)
    body = [
        (-half - 0.06, 0.12),
        (-half + 0.06, tall + breath),
        (0.0, tall * 0.96 + breath),
        (half - 0.04, tall * 0.94),
        (half + 0.08, 0.12),
        (half - 0.05, 0.0),
        (-half + 0.05, 0.0),
    ]
    pen.solid(blob(body, 3))
    _coat(pen, breed, (-0.04, tall * 0.55), half * 0.8, breed.deep * 0.8)
    pen.solid(
        blob([(-half, 0.08), (-half + 0.08, 0.2), (-half + 0.24, 0.18), (-half + 0.3, 0.05), (-half + 0.1, 0.0)], 3),
        shade=0.92,
        line=0.7,
    )
    _dog_head(pen, breed, (half + 0.13, breed.head * 0.62), -4.0, phase, False, asleep=True)
    pen.solid(limb([(half - 0.2, 0.04), (half - 0.05, 0.035), (half + 0.12, 0.035)], [0.08, 0.075, 0.065], 2, 3))
    return pen


__all__ = ["BLUSH", "DOG_STATURES", "cat", "dog", "stroke"]
