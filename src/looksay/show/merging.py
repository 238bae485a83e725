"""How many boxes become one: a greedy merge drawn step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from looksay.show.draw import Tag, paint_boxes, scaled, type_size
from looksay.show.palette import INK, MUTED, RGB, RIGHT, WRONG
from looksay.show.sheet import Cell, grid
from looksay.show.text import Span

Picture = npt.NDArray[np.uint8]
QUIET: RGB = (84, 112, 140)
PANELS = 8


class Step(Protocol):
    """`boxes` (n, 4) xyxy with their scores; `merged`: the places, in the step before, of the two that became the last."""

    @property
    def boxes(self) -> npt.NDArray[np.float64]: ...
    @property
    def scores(self) -> npt.NDArray[np.float64]: ...
    @property
    def merged(self) -> tuple[int, int] | None: ...
    @property
    def distance(self) -> float: ...


def merging_sheet(picture: Picture, steps: Sequence[Step], name: str, *, panels: int = PANELS, side: int = 300) -> Picture:
    """The start, some steps evenly chosen, and the end. Of each step the two boxes that are about to merge are red; at the end
    the box with the highest score is blue. Boxes are in the pixels of `picture`."""
    last = len(steps) - 1
    chosen = sorted({round(last * place / max(panels - 1, 1)) for place in range(panels)})
    cells = [Cell(_drawn(picture, steps, place), _lines(steps, place)) for place in chosen]
    count = len(steps[0].boxes)
    title = f"{name}: of {count} windows' boxes the closest two become one, their coordinates averaged, again and again"
    return grid(cells, columns=min(4, len(cells)), side=side, title=title)


def _drawn(picture: Picture, steps: Sequence[Step], place: int) -> Picture:
    now = steps[place]
    image, factor = scaled(picture, None)
    size = type_size(image.size)
    pair = steps[place + 1].merged if place + 1 < len(steps) else None
    best = int(now.scores.argmax()) if pair is None else -1
    tags = []
    for number, box in enumerate((now.boxes * factor).tolist()):
        tint = RIGHT if number == best else WRONG if pair and number in pair else QUIET
        tags.append((number == best or bool(pair and number in pair), Tag("", (box[0], box[1], box[2], box[3]), tint)))
    for told in (False, True):  # what matters lies on top
        paint_boxes(image, [tag for matters, tag in tags if matters is told], size, max(1, round(size / 9)) + told)
    return np.asarray(image, np.uint8)


def _lines(steps: Sequence[Step], place: int) -> tuple[Span, ...]:
    count = len(steps[place].boxes)
    first = Span(f"{count} {'box' if count == 1 else 'boxes'}", INK)
    if place + 1 == len(steps):
        best = float(steps[place].scores.max())
        return first, Span(f"the end: scores added up to {best:.2f}", RIGHT)
    return first, Span(f"the closest two are {steps[place + 1].distance:.1f} px apart", MUTED if place else WRONG)
