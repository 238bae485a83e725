"""Casting: which kinds suit a setting, how a thing is dressed, how large it is and what it hides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from looksay.storybook.canvas import Canvas, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.figures import figure
from looksay.storybook.spec import ACTIONS, HEIGHTS, KIND_COLOURS, KINDS, PHASES, VARIANTS, ThingSpec

SIZES: dict[str, float] = {"small": 0.78, "medium": 1.0, "large": 1.25}

# How readily a kind is met in a setting. Where a kind is not named it comes only as a surprise.
SUITS: dict[str, dict[str, float]] = {
    "beach": {"boat": 5, "bird": 2, "dog": 2, "person": 2, "bottle": 1.5, "chair": 1.5, "aeroplane": 2, "horse": 1, "bicycle": 1},
    "street": {"bus": 5, "car": 4, "motorbike": 4, "bicycle": 3, "person": 2, "dog": 1.5,
        "cat": 1.5, "pottedplant": 1, "bird": 1},
    "farm": {"cow": 4, "sheep": 4, "horse": 3, "dog": 1, "cat": 1.5, "bird": 1.5, "person": 1, "aeroplane": 1.5, "motorbike": 1},
    "room": {
        "sofa": 6, "chair": 4, "diningtable": 5.5, "tvmonitor": 6, "bottle": 3.5, "cat": 1.5, "dog": 1, "pottedplant": 3.5,
        "person": 1.2,
    },
    "park": {"bicycle": 3, "dog": 2, "bird": 3, "person": 2, "cat": 1.5, "horse": 1.5, "chair": 1,
        "diningtable": 1.5, "bottle": 1},
    "lake": {"boat": 6, "bird": 2.5, "sheep": 1.5, "cow": 1.5, "horse": 1.5, "person": 1, "aeroplane": 2, "dog": 1},
    "station": {"train": 7, "person": 2, "bicycle": 1.5, "dog": 1, "bird": 1.5, "bus": 1,
        "pottedplant": 1, "cat": 1, "bottle": 0.7},
    "mountain": {"sheep": 3, "cow": 3, "horse": 2.5, "train": 3, "aeroplane": 3, "motorbike": 1.5,
        "bus": 1.5, "car": 1.5, "bird": 1},
}  # fmt: skip


def draw_kind(chance: Chance, setting: str) -> str:
    """A kind that suits the setting; one time in twenty-five any kind at all."""
    if chance.coin(0.04):
        return chance.pick(KINDS)
    return chance.weighted(tuple(SUITS[setting]), tuple(SUITS[setting].values()))


def dressed(chance: Chance, kind: str, setting: str) -> ThingSpec:
    """A thing of that kind with its looks and its action, not placed yet."""
    action = chance.pick(ACTIONS[kind])
    if kind == "aeroplane":
        action = "flying" if setting != "room" and chance.coin(0.7) else "parked"
    if kind == "bird" and setting == "room" and chance.coin(0.6):
        action = "standing"
    return ThingSpec(
        id="",
        kind=kind,
        colour=chance.pick(KIND_COLOURS[kind]),
        action=action,
        x=0.5,
        ground=0.9,
        height=0.2,
        size=chance.weighted(tuple(SIZES), (0.2, 0.6, 0.2)),
        facing=chance.pick(("left", "right")),
        variant=chance.below(VARIANTS),
        phase=chance.below(PHASES),
    )


def tall(thing: ThingSpec, metre: float) -> float:
    """The height of the figure as it is posed, where one metre has that height."""
    pose = figure(thing.kind, thing.action, thing.variant, thing.phase)
    return HEIGHTS[thing.kind] * SIZES[thing.size] * pose.rise * metre


def half_width(thing: ThingSpec) -> float:
    """In shares of the page's height."""
    return figure(thing.kind, thing.action, thing.variant, thing.phase).width * thing.height / 2


Box = tuple[float, float, float, float]


def box(thing: ThingSpec) -> Box:
    """x1 y1 x2 y2 of the figure's extent in shares of a square page."""
    half, foot = half_width(thing), thing.ground - thing.lift
    return thing.x - half, foot - thing.height, thing.x + half, foot


def common(a: Box, b: Box) -> float:
    """The area that two boxes share."""
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)


def extent(a: Box) -> float:
    """The area of a box."""
    return (a[2] - a[0]) * (a[3] - a[1])


def arrange(things: Sequence[ThingSpec]) -> list[ThingSpec]:
    """Drawing order: the farthest first, and what stands on a thing right after it."""
    feet = {thing.id: thing.ground for thing in things}
    return sorted(things, key=lambda thing: (feet.get(thing.on, thing.ground), bool(thing.on)))


@cache
def cover(kind: str, action: str, variant: int, phase: int) -> float:
    """The area of the figure's silhouette when it is 1 high."""
    found = figure(kind, action, variant, phase)
    sheet = Canvas((int(64 * found.width) + 4, 64))
    stamp = Stamp.of([(shape.points, 0) for shape in found.shapes])
    reach = sheet.stamp(stamp, (0.5, 1.0), (1.0, 1.0), ((0, 0, 0),))
    return float(np.count_nonzero(sheet.claim(reach, 0))) / 64**2
