"""Casting: which kinds suit a setting, how a thing is dressed, how large it is and what it hides."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import Canvas, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.figures import figure
from looksay.storybook.spec import ACTIONS, HEIGHTS, KIND_COLOURS, KINDS, PHASES, VARIANTS, ThingSpec

SIZES: dict[str, float] = {"small": 0.78, "medium": 1.0, "large": 1.25}

# How readily a kind is met in a setting. Where a kind is not named it comes only as a surprise.
SUITS: dict[str, dict[str, float]] = {
    "beach": {
        "boat": 4.6, "bird": 2.0, "dog": 3.2, "person": 5.4, "bottle": 2.0, "chair": 4.8, "aeroplane": 2.3, "horse": 2.7,
        "bicycle": 3.1,
    },
    "street": {
        "bus": 6.9, "car": 10.7, "motorbike": 6.0, "bicycle": 2.5, "person": 2.0, "dog": 1.0, "cat": 0.8, "pottedplant": 1.0,
        "bird": 0.5,
    },
    "farm": {
        "cow": 7.3, "sheep": 6.4, "horse": 5.5, "dog": 1.1, "cat": 1.6, "bird": 1.0, "person": 1.9, "aeroplane": 1.2,
        "motorbike": 3.8,
    },
    "room": {
        "sofa": 9.2, "chair": 3.2, "diningtable": 6.1, "tvmonitor": 5.8, "bottle": 1.1, "cat": 0.6, "dog": 0.5,
        "pottedplant": 2.8, "person": 1.0,
    },
    "park": {
        "bicycle": 7.2, "dog": 2.5, "bird": 2.3, "person": 4.2, "cat": 1.8, "horse": 3.1, "chair": 2.5, "diningtable": 5.3,
        "bottle": 1.0,
    },
    "lake": {
        "boat": 6.3, "bird": 2.9, "sheep": 4.0, "cow": 4.6, "horse": 4.6, "person": 3.1, "aeroplane": 2.6, "dog": 1.8,
    },
    "station": {
        "train": 12.9, "person": 3.9, "bicycle": 3.3, "dog": 1.1, "bird": 1.1, "bus": 3.6, "pottedplant": 2.4, "cat": 1.1,
        "bottle": 0.7,
    },
    "mountain": {
        "sheep": 3.3, "cow": 3.7, "horse": 3.1, "train": 3.6, "aeroplane": 1.6, "motorbike": 3.9, "bus": 3.5, "car": 6.9,
        "bird": 0.7, "person": 1.0,
    },
}  # fmt: skip
_SUITED = {setting: (tuple(kinds), tuple(kinds.values())) for setting, kinds in SUITS.items()}
_SIZE_NAMES, _FACINGS = tuple(SIZES), ("left", "right")


def draw_kind(chance: Chance, setting: str) -> str:
    """A kind that suits the setting; one time in twenty-five any kind at all."""
    if chance.coin(0.04):
        return chance.pick(KINDS)
    return chance.weighted(*_SUITED[setting])


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
        size=chance.weighted(_SIZE_NAMES, (0.2, 0.6, 0.2)),
        facing=chance.pick(_FACINGS),
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
def silhouette(kind: str, action: str, variant: int, phase: int) -> npt.NDArray[np.uint8]:
    """The figure, facing right, 64 rows high: 1 where it is."""
    found = figure(kind, action, variant, phase)
    sheet = Canvas((max(round(64 * found.width), 1), 64))
    stamp = Stamp.of([(shape.points, 0) for shape in found.shapes])
    sheet.stamp(stamp, (0.5, 1.0), (1.0, 1.0), ((0, 0, 0),))
    return sheet.claim((0, 0, sheet.width, sheet.height), 0)


def shown(thing: ThingSpec) -> float:
    """The area that the thing covers on a square page, as a share of it, before anything stands in front."""
    form = silhouette(thing.kind, thing.action, thing.variant, thing.phase)
    if thing.facing == "left":
        form = form[:, ::-1]
    left, top, right, foot = box(thing)
    rows, columns = form.shape
    first, last = (round((edge - left) / (right - left) * columns) for edge in (0.0, 1.0))
    upper, lower = (round((edge - top) / (foot - top) * rows) for edge in (0.0, 1.0))
    seen = int(np.count_nonzero(form[max(upper, 0) : max(lower, 0), max(first, 0) : max(last, 0)]))
    return float(seen * (thing.height / rows) ** 2)
