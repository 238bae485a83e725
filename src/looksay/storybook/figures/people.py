"""Persons: one jointed body, six looks."""

from __future__ import annotations

import math
from dataclasses import dataclass

from looksay.storybook.figures.pen import (
    BLUSH,
    INK,
    PAPER,
    Pen,
    Point,
    Points,
    arc_band,
    blob,
    ellipse,
    knee,
    limb,
    place,
    rounded,
    step,
    swing,
)
from looksay.storybook.spec import RGB

STATURES: tuple[float, ...] = (1.03, 0.98, 0.74, 0.7, 1.0, 0.97)


@dataclass(frozen=True)
class Look:
    """How somebody looks. Lengths are in body heights."""

    skin: RGB
    hair: RGB
    cut: str  # short, long, cap, plaits, hat, bun
    dress: str  # shirt, frock, coat
    legs: RGB
    shoes: RGB
    hip: float = 0.45
    shoulder: float = 0.75
    head: float = 0.108
    sleeve: float = 1.0  # share of the arm that is clothed
    bare: float = 0.0  # share of the leg that is bare, from below


LOOKS: tuple[Look, ...] = (
    Look((241, 201, 168), (98, 62, 38), "short", "shirt", (66, 82, 122), (74, 50, 40)),
    Look((198, 142, 104), (50, 36, 34), "long", "frock", (198, 142, 104), (120, 46, 60), sleeve=0.42, bare=1.0),
    Look((250, 214, 184), (214, 150, 74), "cap", "shirt", (88, 108, 92), (210, 210, 206), 0.37, 0.635, 0.15, 0.45, 0.55),
    Look((124, 82, 60), (38, 30, 32), "plaits", "frock", (124, 82, 60), (236, 236, 230), 0.36, 0.625, 0.152, 0.4, 1.0),
    Look((236, 190, 160), (222, 220, 216), "hat", "coat", (86, 78, 74), (52, 44, 44), 0.44, 0.73, 0.108),
    Look((166, 112, 78), (66, 42, 36), "bun", "shirt", (232, 224, 206), (84, 60, 84), 0.455, 0.745, 0.106, sleeve=0.55),
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
    neck = place([(0.0, look.shoulder - look.hip)], *pose.hip, pose.lean)[0]
    shoulder = place([(0.0, look.shoulder - look.hip - 0.045)], *pose.hip, pose.lean)[0]
    top = (neck[0] + 0.3 * look.head - pose.lean * 0.0004, neck[1] + look.head * 1.02)
    _arm(pen, look, (shoulder[0] + 0.035, shoulder[1]), pose.far_arm, 0.78)
    _hair_behind(pen, look, top, phase if action in ("walking", "running") else 0)
    _draw_leg(pen, look, legs[0], pose.soles[1], 0.78)
    _draw_leg(pen, look, legs[1], pose.soles[0], 1.0)
    pen.solid(limb([neck, (top[0] - 0.2 * look.head, top[1])], [0.062, 0.06], 1, 0), paint=look.skin, shade=0.9)
    _clothes(pen, look, pose, legs, action)
    _head(pen, look, top)
    _arm(pen, look, (shoulder[0] - 0.03, shoulder[1]), pose.near_arm, 1.0)
    return pen


def _pose(action: str, look: Look, phase: int) -> Pose:
    hip, breath = look.hip, 2.5 * swing(phase)
    if action == "walking":
        near, far = (step(phase, offset, 0.3 * hip, 0.1 * hip, 0.6) for offset in (0.0, 0.5))
        sway = -34 * near[0] / (0.3 * hip) * 0.9
        bob = 0.012 * abs(swing(phase, 0.125))
        feet = ((near[0], near[1] + 0.035), (far[0], far[1] + 0.035))
        return Pose((0.0, hip - 0.02 + bob), -3, *feet, (sway, 14), (-sway, 14), (_sole(near), _sole(far)))
    if action == "running":
        near, far = (step(phase, offset, 0.5 * hip, 0.42 * hip, 0.42) for offset in (0.0, 0.5))
        sway = -62 * near[0] / (0.5 * hip)
        feet = ((near[0] - 0.03, near[1] + 0.035), (far[0] - 0.03, far[1] + 0.035))
        return Pose((0.0, hip - 0.03), -13, *feet, (sway, 84), (-sway, 84), (1.6 * _sole(near), 1.6 * _sole(far)))
    if action == "sitting":
        seat = (-0.16, 0.085)
        return Pose(seat, 5 + breath * 0.3, (0.3 * hip + 0.1, 0.035), (0.3 * hip + 0.16, 0.035), (38 + breath, 26), (52, 20))
    feet = ((-0.035, 0.035), (0.055, 0.035))
    if action == "waving":
        return Pose((0.0, hip), 0, *feet, (140 + 6 * swing(phase), 28 + 26 * swing(phase)), (-8, 10))
    return Pose((0.0, hip), 0, *feet, (-9 + breath, 14), (9 - breath, 10))


def _sole(shift: Point) -> float:
    """A lifted foot points its toes down."""
    return -260 * shift[1] if shift[1] > 0.001 else 0.0


def _leg(look: Look, pose: Pose, foot: Point) -> tuple[Point, Point, Point]:
    bone = (look.hip - 0.035) / 2 * 1.015
    hip = (pose.hip[0], pose.hip[1] - 0.005)
    reach = math.hypot(foot[0] - hip[0], foot[1] - hip[1])
    if reach > 2 * bone:  # a foot cannot be farther off than the leg is long
        foot = (hip[0] + (foot[0] - hip[0]) * 2 * bone / reach, hip[1] + (foot[1] - hip[1]) * 2 * bone / reach)
    return hip, knee(hip, foot, bone, bone, 1), foot


def _draw_leg(pen: Pen, look: Look, joints: tuple[Point, Point, Point], sole: float, shade: float) -> None:
    hip, bend, foot = joints
    thick = 1.0 if look.dress != "frock" else 0.72
    shoe = [(-0.04, 0.022), (0.0, 0.035), (0.045, 0.012), (0.085, -0.008), (0.088, -0.034), (0.0, -0.035), (-0.042, -0.034)]
    if look.bare < 1.0:
        pen.solid(limb([hip, bend, foot], [0.125, 0.1, 0.082], 3, 2), paint=look.legs, shade=shade)
    if look.bare > 0.0:
        knot = (bend[0] * 0.9 + foot[0] * 0.1, bend[1] * 0.9 + foot[1] * 0.1)
        skin = [hip, bend, foot] if look.bare == 1.0 else [knot, foot]
        pen.solid(limb(skin, [0.11 * thick, 0.095 * thick, 0.07 * thick][-len(skin) :], 3, 2), paint=look.skin, shade=shade)
    pen.solid(place(blob(shoe, 2), foot[0], foot[1], sole), paint=look.shoes, shade=shade)


def _clothes(pen: Pen, look: Look, pose: Pose, legs: list[tuple[Point, Point, Point]], action: str) -> None:
    up, wide = look.shoulder - look.hip, 0.1 if look.head < 0.13 else 0.108
    trunk = [(-wide, -0.03), (-0.094, up * 0.45), (-wide, up * 0.86), (-0.035, up + 0.006), (0.04, up + 0.004), (wide, up * 0.84),
             (wide + 0.004, up * 0.45), (wide, -0.03)]  # fmt: skip
    parts = [place(rounded(trunk, 0.035, 3), *pose.hip, pose.lean)]
    knees = sorted(bend[0] for _, bend, _ in legs)
    x, y = pose.hip
    if look.dress != "shirt":
        length = {"frock": 0.6, "coat": 0.36}[look.dress] * look.hip
        spread = 0.155 if look.dress == "frock" else 0.125
        if action == "sitting":
            (_, near, foot) = legs[1]
            skirt = [(x - 0.1, y + 0.12), (x + 0.08, y + 0.16), (near[0] + 0.04, near[1] + 0.06), (foot[0] - 0.02, 0.1),
                     (foot[0] - 0.09, 0.04), (x + 0.05, 0.0), (x - 0.11, 0.0)]  # fmt: skip
        else:
            right, left = max(spread, knees[1] + 0.07), min(-spread, knees[0] - 0.06)
            skirt = [
                (x - 0.09, y + 0.1),
                (x + 0.095, y + 0.1),
                (x + right, y - length),
                (x, y - length - 0.025),
                (x + left, y - length),
            ]
        parts.append(rounded(skirt, 0.04, 3))
    pen.solid(*parts)
    if look.dress == "coat":
        middle = place([(0.055, up * 0.95), (0.075, up * 0.5), (0.075, -0.1)], *pose.hip, pose.lean)
        if action != "sitting":
            pen.fill(limb(middle, [0.008, 0.008, 0.008], 1, 0), "main", 0.6)
        pen.fill(ellipse(*place([(0.05, up * 0.62)], *pose.hip, pose.lean)[0], 0.011, count=8), PAPER, 0.9)
        pen.fill(ellipse(*place([(0.05, up * 0.36)], *pose.hip, pose.lean)[0], 0.011, count=8), PAPER, 0.9)
    elif look.dress == "frock":
        collar = [(-0.03, up + 0.004), (0.075, up + 0.002), (0.06, up - 0.04), (0.02, up - 0.028), (-0.02, up - 0.045)]
        pen.fill(place(collar, *pose.hip, pose.lean), PAPER, 0.96)
        belt = [(-0.099, up * 0.4), (-0.099, up * 0.3), (0.106, up * 0.3), (0.106, up * 0.4)]
        pen.fill(place(belt, *pose.hip, pose.lean), "main", 0.66)
    elif look.head > 0.13:
        for high in (0.62, 0.34):
            stripe = [
                (-wide - 0.002, up * high),
                (wide + 0.004, up * high),
                (wide + 0.004, up * (high + 0.14)),
                (-wide, up * (high + 0.14)),
            ]
            pen.fill(place(stripe, *pose.hip, pose.lean), PAPER, 0.95)
    else:
        collar = [(-0.025, up + 0.012), (0.07, up + 0.008), (0.075, up - 0.03), (0.045, up - 0.012), (0.03, up - 0.04)]
        pen.fill(place(collar, *pose.hip, pose.lean), "main", 0.7)


def _arm(pen: Pen, look: Look, shoulder: Point, bends: tuple[float, float], shade: float) -> None:
    bone = (look.shoulder - 0.3) * 0.32 if look.head < 0.13 else 0.12
    upper, lower = math.radians(bends[0]), math.radians(bends[0] + bends[1])
    elbow = (shoulder[0] + bone * math.sin(upper), shoulder[1] - bone * math.cos(upper))
    hand = (elbow[0] + bone * math.sin(lower), elbow[1] - bone * math.cos(lower))
    palm = (hand[0] + 0.022 * math.sin(lower), hand[1] - 0.022 * math.cos(lower))
    if look.sleeve < 1.0:
        pen.solid(
            limb([shoulder, elbow, hand], [0.06, 0.054, 0.044], 3, 1),
            ellipse(*palm, 0.031, count=10),
            paint=look.skin,
            shade=shade,
        )
        share = min(look.sleeve * 2, 1.1)
        cuff = (shoulder[0] + (elbow[0] - shoulder[0]) * share, shoulder[1] + (elbow[1] - shoulder[1]) * share)
        pen.solid(limb([shoulder, cuff], [0.088, 0.09], 2, 3), shade=shade * 0.94)
    else:
        pen.solid(ellipse(*palm, 0.034, count=10), paint=look.skin, shade=shade)
        pen.solid(limb([shoulder, elbow, hand], [0.088, 0.076, 0.07], 3, 3), shade=shade * 0.94)


def _hair_behind(pen: Pen, look: Look, top: Point, phase: int) -> None:
    """What hangs down the back or stands off the head."""
    x, y, r = *top, look.head
    fly = 0.25 * r * (1 + swing(2 * phase)) if phase else 0.0
    if look.cut == "long":
        locks = [
            (0.2, 1.0),
            (-0.75, 0.85),
            (-1.15, 0.1),
            (-1.2 - fly / r, -1.0),
            (-1.05 - fly / r, -1.75),
            (-0.5, -1.7),
            (-0.1, -0.9),
            (0.3, 0.0),
        ]
        pen.solid(place(blob(locks, 3), x, y, 0, r), paint=look.hair)
    elif look.cut == "plaits":
        pen.solid(ellipse(x - 1.05 * r - fly, y + 0.42 * r, 0.46 * r, 0.5 * r, count=12), ellipse(x + 0.6 * r, y + 0.95 * r, 0.4 * r, count=12),
                  paint=look.hair)  # fmt: skip
        pen.fill(ellipse(x - 0.78 * r, y + 0.42 * r, 0.14 * r, 0.24 * r, count=8), "main", 1.1)
    elif look.cut == "bun":
        pen.solid(ellipse(x - 0.85 * r, y + 0.75 * r, 0.42 * r, count=12), paint=look.hair)


def _head(pen: Pen, look: Look, top: Point) -> None:
    x, y, r = *top, look.head

    def at(points: Points) -> Points:
        return place(points, x, y, 0, r)

    face = blob(
        [
            (0.0, 1.0),
            (-0.75, 0.7),
            (-0.97, 0.0),
            (-0.66, -0.72),
            (0.05, -1.0),
            (0.7, -0.74),
            (0.93, -0.2),
            (0.88, 0.4),
            (0.62, 0.8),
        ],
        3,
    )
    nose = ellipse(0.98, -0.08, 0.15, 0.13, count=8)
    pen.solid(at(face), at(nose), paint=look.skin, line=0.66)
    pen.fill(at(ellipse(0.38, -0.38, 0.2, 0.14, count=8)), BLUSH if look.skin[0] > 180 else (190, 100, 84), 0.97)
    for u in (0.3, 0.76):
        pen.fill(at(ellipse(u, 0.08, 0.095, 0.145, count=8)), INK)
    pen.fill(at(arc_band(0.58, -0.34, 0.26, 0.22, 200, 345, 0.09, 6)), (150, 62, 58))
    if look.cut == "hat":
        pen.fill(
            at(blob([(-0.85, -0.1), (-0.5, -0.35), (0.1, -0.5), (0.75, -0.42), (0.7, -0.85), (0.1, -1.2), (-0.55, -0.9)], 2)),
            look.hair,
        )
        pen.fill(at(arc_band(0.55, -0.55, 0.2, 0.14, 200, 345, 0.08, 5)), (150, 62, 58))
        pen.solid(at(rounded([(-0.85, 0.45), (0.85, 0.45), (0.72, 1.45), (-0.7, 1.45)], 0.25, 3)), at(ellipse(0.0, 0.46, 1.35, 0.17, count=12)),
                  paint=(92, 74, 62))  # fmt: skip
        return
    if look.cut == "cap":
        fringe = [(-1.0, 0.5), (-1.06, -0.1), (-0.8, -0.55), (-0.6, -0.1), (-0.5, 0.3), (0.9, 0.42), (0.9, 0.7), (0.0, 1.0)]
        pen.fill(at(blob(fringe, 2)), look.hair)
        crown = blob([(-1.02, 0.36), (-0.86, 0.88), (-0.2, 1.22), (0.5, 1.04), (0.9, 0.46), (0.0, 0.42)], 3)
        peak = rounded([(0.4, 0.36), (1.45, 0.3), (1.42, 0.44), (0.7, 0.7)], 0.08, 3)
        pen.solid(at(crown), at(peak), shade=0.86)
        return
    if look.cut == "short":
        mop = [
            (0.95, 0.55),
            (0.72, 0.42),
            (0.3, 0.56),
            (-0.25, 0.4),
            (-0.42, -0.1),
            (-0.7, -0.5),
            (-1.02, -0.1),
            (-1.06, 0.5),
            (-0.6, 1.05),
            (0.2, 1.22),
            (0.85, 0.95),
        ]
    else:
        mop = [
            (0.92, 0.3),
            (0.8, 0.5),
            (0.45, 0.66),
            (0.0, 0.5),
            (-0.42, 0.05),
            (-0.62, -0.45),
            (-0.98, -0.4),
            (-1.08, 0.3),
            (-0.7, 0.95),
            (0.1, 1.2),
            (0.75, 0.85),
        ]
    pen.solid(at(blob(mop, 2)), paint=look.hair)
