"""Persons: one jointed body, six looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from looksay.storybook.figures.faces import hair_behind, head
from looksay.storybook.figures.pen import PAPER, Pen, Point, Points, blob, ellipse, knee, limb, place, rounded, step, swing
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.03, 0.98, 0.76, 0.72, 1.0, 0.97)


@dataclass(frozen=True)
class Build:
    """Heights of hip and shoulder and the head's radius, in heights of a grown-up."""

    hip: float = 0.44
    shoulder: float = 0.735
    head: float = 0.118

    @property
    def child(self) -> bool:
        return self.head > 0.13


@dataclass(frozen=True)
class Clothes:
    """`sleeve` is the share of the arm that is clothed, `bare` the share of the leg that is not, from below."""

    dress: str
    legs: RGB
    shoes: RGB
    sleeve: float = 1.0
    bare: float = 0.0


@dataclass(frozen=True)
class Look:
    """How somebody looks."""

    skin: RGB
    hair: RGB
    cut: str
    wears: Clothes
    build: Build


LOOKS: tuple[Look, ...] = (
    Look((243, 203, 170), (104, 66, 40), "short", Clothes("shirt", (66, 84, 128), (84, 56, 42)), Build()),
    Look((204, 148, 108), (54, 38, 36), "long", Clothes("frock", (204, 148, 108), (124, 48, 62), 0.4, 1.0), Build()),
    Look(
        (252, 218, 188),
        (222, 158, 78),
        "cap",
        Clothes("stripes", (84, 106, 94), (222, 222, 218), 0.42, 0.6),
        Build(0.36, 0.625, 0.152),
    ),
    Look(
        (130, 86, 62),
        (40, 32, 34),
        "puffs",
        Clothes("frock", (130, 86, 62), (238, 238, 232), 0.4, 1.0),
        Build(0.355, 0.615, 0.152),
    ),
    Look((238, 194, 164), (226, 224, 220), "hat", Clothes("coat", (86, 78, 76), (56, 48, 46)), Build(0.435, 0.725, 0.116)),
    Look((172, 116, 80), (70, 44, 38), "bun", Clothes("scarf", (234, 226, 208), (88, 62, 88), 0.55), Build()),
)


@dataclass(frozen=True)
class Pose:
    """Where the joints are. Arms are (upper arm, elbow bend) in degrees ahead of hanging down."""

    hip: Point
    lean: float
    near_foot: Point
    far_foot: Point
    near_arm: tuple[float, float]
    far_arm: tuple[float, float]
    soles: tuple[float, float] = (0.0, 0.0)


def person(action: str, variant: int, phase: int) -> Pen:
    look, pen = LOOKS[variant], Pen(0.0105)
    pose = _pose(action, look, phase)
    legs = [_leg(look, pose, foot) for foot in (pose.far_foot, pose.near_foot)]
    up = look.build.shoulder - look.build.hip
    neck, near, far = place([(0.005, up), (-0.07, up - 0.05), (0.075, up - 0.055)], *pose.hip, pose.lean)
    top = (neck[0] + 0.2 * look.build.head - pose.lean * 0.0006, neck[1] + look.build.head * 1.0)
    _arm(pen, look, far, pose.far_arm, 0.8)
    hair_behind(pen, look.cut, look.hair, (*top, look.build.head), swing(2 * phase) if action in ("walking", "running") else 0.0)
    _draw_leg(pen, look, legs[0], pose.soles[1], 0.8)
    _draw_leg(pen, look, legs[1], pose.soles[0], 1.0)
    pen.solid(limb([neck, (top[0] - 0.2 * look.build.head, top[1])], [0.066, 0.062], 1, 0), paint=look.skin, shade=0.88)
    _clothes(pen, look, pose, legs, action)
    head(pen, look.cut, look.skin, look.hair, (*top, look.build.head))
    _arm(pen, look, near, pose.near_arm, 1.0)
    return pen


def _pose(action: str, look: Look, phase: int) -> Pose:
    hip, breath = look.build.hip, 2.5 * swing(phase)
    if action == "walking":
        near, far = (step(phase, offset, 0.3 * hip, 0.12 * hip, 0.6) for offset in (0.0, 0.5))
        sway = -32 * near[0] / (0.3 * hip)
        feet = ((near[0], near[1] + 0.035), (far[0] + 0.01, far[1] + 0.035))
        return Pose((0.0, hip - 0.022), -3, *feet, (sway - 4, 16), (-sway + 4, 16), (_sole(near), _sole(far)))
    if action == "running":
        near, far = (step(phase, offset, 0.52 * hip, 0.42 * hip, 0.42) for offset in (0.0, 0.5))
        sway = -60 * near[0] / (0.52 * hip)
        feet = ((near[0] - 0.03, near[1] + 0.035), (far[0] - 0.03, far[1] + 0.035))
        return Pose((0.0, hip - 0.03), -13, *feet, (sway, 84), (-sway, 84), (1.6 * _sole(near), 1.6 * _sole(far)))
    if action == "sitting":
        feet = ((0.36 * hip + 0.1, 0.036), (0.36 * hip + 0.16, 0.036))
        return Pose((-0.16, 0.085), 4 + breath * 0.3, *feet, (34 + breath, 30), (50, 24))
    feet = ((-0.05, 0.035), (0.065, 0.035))
    if action == "waving":
        return Pose(
            (0.0, hip), 0, *feet, (-18, 14), ((104 if look.build.child else 120) + 5 * swing(phase), 30 + 24 * swing(phase))
        )
    return Pose((0.0, hip), 0, *feet, (-19 + breath, 16), (15 - breath, 10))


def _sole(shift: Point) -> float:
    """A lifted foot points its toes down."""
    return -260 * shift[1] if shift[1] > 0.001 else 0.0


def _leg(look: Look, pose: Pose, foot: Point) -> tuple[Point, Point, Point]:
    bone = (look.build.hip - 0.035) / 2 * 1.008
    hip = (pose.hip[0] + 0.28 * max(-0.1, min(0.1, foot[0] - pose.hip[0])), pose.hip[1] - 0.005)
    reach = math.hypot(foot[0] - hip[0], foot[1] - hip[1])
    if reach > 2 * bone:  # a foot cannot be farther off than the leg is long
        foot = (hip[0] + (foot[0] - hip[0]) * 2 * bone / reach, hip[1] + (foot[1] - hip[1]) * 2 * bone / reach)
    return hip, knee(hip, foot, bone, bone, 1), foot


def _draw_leg(pen: Pen, look: Look, joints: tuple[Point, Point, Point], sole: float, shade: float) -> None:
    hip, bend, foot = joints
    if look.wears.bare > 0.0:
        thick = 0.084 if look.wears.dress == "frock" else 0.09
        pen.solid(limb([bend, foot] if look.wears.bare < 1.0 else [hip, bend, foot], [thick + 0.016, thick,
            0.068][-3 + int(look.wears.bare < 1.0) :], 3, 2),
                  paint=look.skin, shade=shade)  # fmt: skip
    if look.wears.bare < 1.0:
        long = look.wears.bare == 0.0
        pen.solid(
            limb([hip, bend, foot], [0.128, 0.108, 0.1], 3, 2) if long else limb([hip, bend], [0.13, 0.122], 1, 1),
            paint=look.wears.legs,
            shade=shade,
        )
    shoe = [(-0.042, 0.02), (0.0, 0.036), (0.05, 0.014), (0.1, -0.022), (0.03, -0.036), (-0.044, -0.034)]
    pen.solid(place(blob(shoe, 2), foot[0], foot[1], sole), paint=look.wears.shoes, shade=shade)


def _clothes(pen: Pen, look: Look, pose: Pose, legs: list[tuple[Point, Point, Point]], action: str) -> None:
    up, wide = look.build.shoulder - look.build.hip, 0.106
    trunk = [
        (-wide, -0.028),
        (-0.098, up * 0.45),
        (-0.118, up * 0.84),
        (-0.05, up + 0.004),
        (0.055, up + 0.003),
        (0.122, up * 0.82),
        (0.104, up * 0.42),
        (wide + 0.004, -0.028),
    ]
    parts = [place(rounded(trunk, 0.04, 3), *pose.hip, pose.lean)]
    if look.wears.dress in ("frock", "coat"):
        parts.append(_skirt(look, pose, legs, action))
    pen.solid(*parts)

    def at(points: Points) -> Points:
        return place(points, *pose.hip, pose.lean)

    if look.wears.dress == "coat":
        if action != "sitting":
            pen.fill(at(limb([(0.055, up * 0.95), (0.075, up * 0.5), (0.08, -0.12)], [0.009, 0.009, 0.009], 1, 0)), "main", 0.56)
        for high in (0.64, 0.38, 0.12):
            pen.fill(at(ellipse(0.05, up * high, 0.0115, count=7)), PAPER, 0.92)
        pen.fill(at([(-0.02, up + 0.008), (0.08, up + 0.004), (0.07, up - 0.06), (0.04, up - 0.02)]), "main", 0.7)
    elif look.wears.dress == "frock":
        pen.fill(at([(-0.045, up + 0.002), (0.08, up), (0.07, up - 0.04), (0.03, up - 0.026), (-0.02, up - 0.046)]), PAPER, 0.97)
        pen.fill(at([(-0.1, up * 0.36), (-0.1, up * 0.26), (0.106, up * 0.26), (0.106, up * 0.36)]), "main", 0.66)
    elif look.wears.dress == "stripes":
        for high in (0.58, 0.26):
            pen.fill(
                at([(-0.104, up * high), (0.11, up * high), (0.114, up * (high + 0.15)), (-0.108, up * (high + 0.15))]),
                PAPER,
                0.97,
            )
    elif look.wears.dress == "scarf":
        pen.solid(at(blob([(-0.075, up + 0.012), (0.02, up + 0.03), (0.105, up + 0.008), (0.1, up - 0.035), (0.0, up - 0.04),
            (-0.08, up - 0.03)], 2)),
                  at([(0.03, up - 0.02), (0.085, up - 0.02), (0.095, up - 0.14), (0.045, up - 0.14)]), paint=(244, 200, 92),
                      line=0.66)  # fmt: skip
    else:
        pen.fill(
            at(
                [
                    (-0.045, up + 0.008),
                    (0.03, up - 0.004),
                    (0.085, up + 0.006),
                    (0.09, up - 0.038),
                    (0.04, up - 0.016),
                    (-0.01, up - 0.05),
                ]
            ),
            "main",
            0.68,
        )
        pen.fill(at([(-0.105, 0.002), (0.109, 0.002), (0.109, -0.03), (-0.105, -0.03)]), (74, 56, 48))


def _skirt(look: Look, pose: Pose, legs: list[tuple[Point, Point, Point]], action: str) -> Points:
    x, y = pose.hip
    if action == "sitting":
        _, bend, foot = legs[1]
        return rounded([(x - 0.1, y + 0.12), (x + 0.08, y + 0.16), (bend[0] + 0.05, bend[1] + 0.07), (foot[0] - 0.02, 0.1),
            (foot[0] - 0.09, 0.03), (x + 0.05, 0.0),
                        (x - 0.11, 0.0)], 0.04, 3)  # fmt: skip
    length, spread = (0.58 * look.build.hip, 0.165) if look.wears.dress == "frock" else (0.4 * look.build.hip, 0.13)
    knees = sorted(bend[0] for _, bend, _ in legs)
    right, left = max(spread, knees[1] + 0.07), min(-spread, knees[0] - 0.06)
    return rounded(
        [(x - 0.09, y + 0.1), (x + 0.095, y + 0.1), (x + right, y - length), (x, y - length - 0.025), (x + left, y - length)],
        0.045,
        3,
    )


def _arm(pen: Pen, look: Look, shoulder: Point, bends: tuple[float, float], shade: float) -> None:
    bone = 0.124 if look.build.child else 0.15
    upper, lower = math.radians(bends[0]), math.radians(bends[0] + bends[1])
    elbow = (shoulder[0] + bone * math.sin(upper), shoulder[1] - bone * math.cos(upper))
    hand = (elbow[0] + bone * math.sin(lower), elbow[1] - bone * math.cos(lower))
    palm = ellipse(hand[0] + 0.024 * math.sin(lower), hand[1] - 0.024 * math.cos(lower), 0.04, count=10)
    if look.wears.sleeve < 1.0:
        pen.solid(limb([shoulder, elbow, hand], [0.066, 0.06, 0.05], 3, 0), palm, paint=look.skin, shade=shade)
        share = look.wears.sleeve * 2
        cuff = (shoulder[0] + (elbow[0] - shoulder[0]) * share, shoulder[1] + (elbow[1] - shoulder[1]) * share)
        pen.solid(limb([shoulder, cuff], [0.094, 0.1], 2, 3), shade=shade * 0.93)
    else:
        pen.solid(palm, paint=look.skin, shade=shade)
        hand = (hand[0] - 0.018 * math.sin(lower), hand[1] + 0.018 * math.cos(lower))
        pen.solid(limb([shoulder, elbow, hand], [0.096, 0.086, 0.078], 3, 3), shade=shade * 0.93)
