"""The cast of the storybook: every kind, in every action, build and moment of its movement, as painted polygons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from looksay.errors import BadValue, UnknownName
from looksay.storybook.figures import (
    aeroplanes,
    bicycles,
    birds,
    boats,
    cats,
    cattle,
    dogs,
    furniture,
    horses,
    household,
    motorbikes,
    people,
    rails,
    road,
    sheep,
)
from looksay.storybook.figures.pen import Pen
from looksay.storybook.spec import ACTIONS, PHASES, VARIANTS, Shape

# Draws one moment: (action, variant, phase) to shapes in units of its own, in which all poses of a variant have one scale.
Builder = Callable[[str, int, int], Pen]

BUILDERS: dict[str, Builder] = {
    "aeroplane": aeroplanes.aeroplane,
    "bicycle": bicycles.bicycle,
    "bird": birds.bird,
    "boat": boats.boat,
    "bottle": household.bottle,
    "bus": road.bus,
    "car": road.car,
    "cat": cats.cat,
    "chair": furniture.chair,
    "cow": cattle.cow,
    "diningtable": furniture.diningtable,
    "dog": dogs.dog,
    "horse": horses.horse,
    "motorbike": motorbikes.motorbike,
    "person": people.person,
    "pottedplant": household.pottedplant,
    "sheep": sheep.sheep,
    "sofa": furniture.sofa,
    "train": rails.train,
    "tvmonitor": household.tvmonitor,
}

# Height shares at which other things can stand, sit or lie on a kind: the middle of a table's top, the seats of the others.
TOPS: dict[str, float] = {"diningtable": furniture.TABLE_TOP, "sofa": furniture.SOFA_SEAT, "chair": furniture.CHAIR_SEAT}

# Builds that are smaller or taller than their kind usually is: a child, a calf, a pony, a dachshund.
STATURES: dict[str, tuple[float, ...]] = {
    "boat": boats.STATURES,
    "cat": cats.STATURES,
    "person": people.STATURES,
    "dog": dogs.STATURES,
    "horse": horses.STATURES,
    "cow": cattle.STATURES,
    "sheep": sheep.STATURES,
}


@dataclass(frozen=True, eq=False)
class Figure:
    """Shapes in painter's order. The figure is exactly 1 high, stands on y = 0 and faces right. All moments of a movement lie
    within `width`, centred about x = 0, so that a figure that moves does not jitter. `rise` is this pose's height as a share of
    the kind's usual standing height: draw the figure `rise` times as high as the kind."""

    shapes: tuple[Shape, ...]
    width: float
    rise: float


@cache
def figure(kind: str, action: str, variant: int, phase: int) -> Figure:
    """One moment of one kind; the same object for the same words."""
    if kind not in ACTIONS:
        raise UnknownName.of("kind", kind, ACTIONS)
    if action not in ACTIONS[kind]:
        raise UnknownName.of("action", action, ACTIONS[kind], where=kind)
    for name, value, count in (("variant", variant, VARIANTS), ("phase", phase, PHASES)):
        if not 0 <= value < count:
            raise BadValue(f"{name} {value} is not there", where=kind, mend=f"take 0 to {count - 1}")
    return _strip(kind, action, variant)[phase]


@cache
def _strip(kind: str, action: str, variant: int) -> tuple[Figure, ...]:
    """All moments of a movement, in one frame."""
    drawings = [BUILDERS[kind](action, variant, phase).shapes for phase in range(PHASES)]
    extents = [_extent(shapes) for shapes in drawings]
    left, right = min(extent[0] for extent in extents), max(extent[2] for extent in extents)
    stature = STATURES[kind][variant] if kind in STATURES else 1.0
    usual = _standing_height(kind, variant) / stature
    figures = []
    for shapes, (_, bottom, _, top) in zip(drawings, extents, strict=True):
        height = top - bottom
        shift = np.array([(left + right) / 2, bottom])
        moved = tuple(Shape((shape.points - shift) / height, shape.paint, shape.shade) for shape in shapes)
        figures.append(Figure(moved, (right - left) / height, height / usual))
    return tuple(figures)


@cache
def _standing_height(kind: str, variant: int) -> float:
    action = "standing" if "standing" in ACTIONS[kind] else ACTIONS[kind][0]
    _, bottom, _, top = _extent(BUILDERS[kind](action, variant, 0).shapes)
    return top - bottom


def _extent(shapes: list[Shape]) -> tuple[float, float, float, float]:
    points = np.concatenate([shape.points for shape in shapes])
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return float(left), float(bottom), float(right), float(top)
