"""What a page of the storybook is made of, before it is drawn: the words of its world and the plain records of one page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

KINDS: tuple[str, ...] = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip

SETTINGS: tuple[str, ...] = ("beach", "street", "farm", "room", "park", "lake", "station", "mountain")
TIMES: tuple[str, ...] = ("day", "sunset", "night")
SEASONS: tuple[str, ...] = ("spring", "summer", "autumn", "winter")

# What a thing can be seen doing; the first is its rest.
ACTIONS: dict[str, tuple[str, ...]] = {
    "aeroplane": ("parked", "flying"),
    "bicycle": ("parked", "moving"),
    "bird": ("standing", "flying"),
    "boat": ("floating", "sailing"),
    "bottle": ("standing", "lying"),
    "bus": ("parked", "moving"),
    "car": ("parked", "moving"),
    "cat": ("sitting", "standing", "walking", "sleeping"),
    "chair": ("standing",),
    "cow": ("standing", "grazing", "walking", "lying"),
    "diningtable": ("standing",),
    "dog": ("standing", "sitting", "running", "sleeping"),
    "horse": ("standing", "grazing", "running"),
    "motorbike": ("parked", "moving"),
    "person": ("standing", "walking", "running", "sitting", "waving"),
    "pottedplant": ("standing",),
    "sheep": ("standing", "grazing", "walking", "lying"),
    "sofa": ("standing",),
    "train": ("parked", "moving"),
    "tvmonitor": ("off", "on"),
}

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (206, 52, 46),
    "orange": (236, 138, 40),
    "yellow": (243, 205, 62),
    "green": (72, 150, 72),
    "blue": (58, 108, 196),
    "purple": (132, 82, 168),
    "pink": (234, 140, 170),
    "brown": (132, 88, 54),
    "black": (46, 46, 52),
    "white": (240, 238, 232),
    "grey": (140, 142, 148),
}

# The colours that a kind comes in (an animal is not purple).
_ANIMAL = ("brown", "black", "white", "grey", "orange")
_PAINTED = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "black", "white", "grey")
KIND_COLOURS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(KINDS, _PAINTED),
    "bird": ("red", "yellow", "blue", "black", "white", "brown"),
    "cat": _ANIMAL,
    "dog": ("brown", "black", "white", "grey", "yellow"),
    "cow": ("brown", "black", "white"),
    "horse": ("brown", "black", "white", "grey"),
    "sheep": ("white", "black", "grey", "brown"),
    "chair": ("red", "brown", "blue", "green", "white", "yellow"),
    "diningtable": ("brown", "white", "red", "green"),
    "bottle": ("green", "brown", "blue", "red", "white"),
    "pottedplant": ("orange", "red", "blue", "white", "brown"),
    "tvmonitor": ("black", "grey", "white", "red"),
}

# Height of the figure in metres of the picture-book world, where a small thing is drawn larger than life.
HEIGHTS: dict[str, float] = {
    "aeroplane": 2.6, "bicycle": 1.1, "bird": 0.5, "boat": 1.9, "bottle": 0.6, "bus": 2.6, "car": 1.4, "cat": 0.6,
    "chair": 1.0, "cow": 1.4, "diningtable": 0.9, "dog": 0.75, "horse": 1.7, "motorbike": 1.15, "person": 1.75,
    "pottedplant": 0.95, "sheep": 1.0, "sofa": 1.0, "train": 2.8, "tvmonitor": 0.85,
}  # fmt: skip

PHASES = 8  # moments of a movement (a stride, a wing beat) that a figure can be drawn at
VARIANTS = 6  # builds of a kind: proportions, breed, dress, details

RGB: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Shape:
    """A filled polygon of a figure. x runs to the right in the direction the figure faces, y runs up from the ground (y = 0),
    and the figure is about 1 high. `paint` is a role: 'main' is the thing's own colour, or a fixed colour.
    `shade` multiplies it (0.8 darker, 1.2 lighter)."""

    points: npt.NDArray[np.float64]
    paint: str | RGB = "main"
    shade: float = 1.0


@dataclass(frozen=True)
class ThingSpec:
    """One thing to be drawn. `x` is its middle and `ground` its foot line, both as shares of the page's width and height;
    `height` likewise, as a share of the page's height. A larger `ground` is nearer to the reader. A thing in the air has
    `lift` > 0, the share of the page's height between its lowest point and its shadow. A thing that stands on another (a bottle
    on a table) names it in `on`; its `ground` is then the height at which it stands. `tilt` turns the figure about its foot, in
    degrees anticlockwise."""

    id: str
    kind: str
    colour: str
    action: str
    x: float
    ground: float
    height: float
    size: str = "medium"
    facing: str = "right"
    variant: int = 0
    phase: int = 0
    lift: float = 0.0
    on: str = ""
    tilt: float = 0.0

    def but(self, **changed: Any) -> ThingSpec:
        """The same with other values (quicker than dataclasses.replace)."""
        return ThingSpec(**{**self.__dict__, **changed})


@dataclass(frozen=True)
class PageSpec:
    """One page. `things` are in drawing order, the farthest first. `view` is what it was composed for: scene, portrait, clip."""

    seed: int
    index: int
    setting: str
    time: str
    season: str
    things: tuple[ThingSpec, ...] = field(default_factory=tuple)
    view: str = "scene"

    @property
    def subject(self) -> ThingSpec | None:
        """What a portrait is of; other pages have no single subject."""
        return next((thing for thing in self.things if self.view == "portrait" and thing.id == "t0"), None)
