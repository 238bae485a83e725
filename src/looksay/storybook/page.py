"""One page: composed, drawn, and everything about it told."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, UnknownName
from looksay.scene import Answer, Caption, Label, Labels, Mask, Objects, Referral, Regions, Scene, Thing
from looksay.storybook.backdrop import backdrop
from looksay.storybook.canvas import Bytes, Canvas
from looksay.storybook.compose import compose
from looksay.storybook.foreground import foreground
from looksay.storybook.land import land_of
from looksay.storybook.lens import through_lens
from looksay.storybook.light import light
from looksay.storybook.spec import PageSpec
from looksay.storybook.stage import REGION_NAMES, Placed, afloat, cast, draw_body, lap

__all__ = ["REGION_NAMES", "Drawing", "Page", "draw", "page", "sheet", "truth"]

FEWEST = 6  # a thing of which fewer pixels are seen is not in the truth


@dataclass(frozen=True, eq=False)
class Drawing:
    """`picture` (h, w, 3) RGB; `ids` (h, w) the place in spec.things of the thing seen in a pixel, 255 for none; `regions`
    (h, w) numbers into REGION_NAMES; `placed` tells where each thing came to lie, by its place in spec.things."""

    picture: npt.NDArray[np.uint8]
    ids: npt.NDArray[np.uint8]
    regions: npt.NDArray[np.uint8]
    placed: tuple[Placed | None, ...]


@dataclass(frozen=True, eq=False)
class Page:
    """A page with the truth about it."""

    spec: PageSpec
    picture: npt.NDArray[np.uint8]
    scene: Scene


def draw(spec: PageSpec, size: tuple[int, int], *, hide: str | None = None, lens: bool = True) -> Drawing:
    """Draw the page at (width, height). `hide` leaves out the body of the thing with that id and nothing else: its shadow and
    every other choice stay. Without the lens there is no weather, grain or blur."""
    check_size(size)
    ids = [thing.id for thing in spec.things]
    if hide is not None and hide not in ids:
        raise UnknownName.of("thing", hide, ids, where=f"page {spec.seed}-{spec.index}")
    canvas = backdrop(spec, size)
    placed = act(canvas, spec, hide)
    picture = through_lens(canvas, spec) if lens else cv2.cvtColor(canvas.pixels, cv2.COLOR_RGBA2RGB)
    return Drawing(picture, canvas.ids, canvas.regions, placed)


def check_size(size: tuple[int, int]) -> None:
    if min(size) < 16 or max(size) > 2048:
        raise BadValue(f"a page cannot be drawn at {size[0]} x {size[1]}", mend="each side is 16 to 2048 pixels long")


def act(canvas: Canvas, spec: PageSpec, hide: str | None = None) -> tuple[Placed | None, ...]:
    """Put the things, their shadows and what stands in front of them on the empty world."""
    lie, shine = land_of(spec), light(spec)
    for thing in spec.things:
        if not thing.on:
            cast(canvas, thing, shine, lie)
    placed: list[Placed | None] = []
    for place, thing in enumerate(spec.things):
        if thing.on:
            cast(canvas, thing, shine, lie)
        placed.append(None if thing.id == hide else draw_body(canvas, thing, place, shine, lie))
        here = placed[-1]
        if afloat(thing, lie):
            lap(canvas, thing, shine)
            if here is not None:  # the waves at its own foot hide nothing of it
                placed[-1] = replace(here, pixels=cv2.countNonZero(cv2.compare(canvas.ids, place, cv2.CMP_EQ)))
    foreground(canvas, spec)
    return tuple(placed)


def page(seed: int, index: int, size: tuple[int, int] = (128, 128), view: str = "scene", words: bool = True) -> Page:
    """The page that (seed, index) means, drawn at (width, height), with its truth; captions, answers and referrals only where
    `words` are wanted."""
    spec = compose(seed, index, view)
    drawing = draw(spec, size)
    return Page(spec, drawing.picture, truth(spec, size, drawing, words))


def truth(spec: PageSpec, size: tuple[int, int], drawing: Drawing, words: bool = True) -> Scene:
    """Everything that is true of the drawing. Objects come nearest first; a thing of which fewer than FEWEST pixels are seen
    is left out."""
    objects = _objects(spec, size, drawing)
    ranked = sorted(objects, key=lambda thing: -thing.area)
    captions, answers, referrals = _words(spec, size, objects) if words else ((), (), ())
    return Scene(
        size=size,
        id=f"{spec.view}-{spec.seed}-{spec.index}",
        labels=Labels(tuple(Label(name) for name in dict.fromkeys(thing.name for thing in ranked))),
        objects=objects,
        regions=Regions(REGION_NAMES, drawing.regions),
        captions=captions,
        answers=answers,
        referrals=referrals,
        notes={"setting": spec.setting, "time": spec.time, "season": spec.season},
    )


def _objects(spec: PageSpec, size: tuple[int, int], drawing: Drawing) -> Objects:
    things: list[Thing] = []
    for place in reversed(range(len(spec.things))):
        own, placed = spec.things[place], drawing.placed[place]
        seen = cv2.compare(drawing.ids, place, cv2.CMP_EQ)
        pixels = cv2.countNonZero(seen)
        if placed is None or pixels < FEWEST:
            continue
        x, y, width, height = cv2.boundingRect(seen)
        things.append(
            Thing(
                name=own.kind,
                box=(x, y, x + width, y + height),
                mask=_mask(seen, x, x + width),
                id=own.id,
                depth=len(things),
                truncated=placed.cut,
                occluded=pixels < 0.9 * placed.pixels,
                attributes={"colour": own.colour, "action": own.action, "size": own.size, "facing": own.facing},
            )
        )
    return Objects(tuple(things))


def _mask(seen: Bytes, left: int, right: int) -> Mask:
    """Of what is seen between two columns, which holds all that is seen: the runs are counted there alone."""
    height, width = seen.shape
    flat = np.zeros((right - left) * height + 2, np.uint8)  # with background before and behind
    flat[1:-1] = cv2.transpose(seen[:, left:right]).reshape(-1)
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.empty(len(edges) + 1, np.uint32)
    runs[0] = edges[0] + left * height
    runs[1:-1] = edges[1:] - edges[:-1]
    runs[-1] = (width - left) * height - edges[-1]
    return Mask((width, height), runs if runs[-1] else runs[:-1])


Words = tuple[tuple[Caption, ...], tuple[Answer, ...], tuple[Referral, ...]]


def _words(spec: PageSpec, size: tuple[int, int], objects: Objects) -> Words:
    from looksay.storybook.ask import questions_of
    from looksay.storybook.refer import referrals_of
    from looksay.storybook.view import View
    from looksay.storybook.words import captions_of

    view = View(spec, size, objects)
    return captions_of(view), questions_of(view), referrals_of(view)


def sheet(seed: int, count: int, size: tuple[int, int] = (128, 128), view: str = "scene") -> npt.NDArray[np.uint8]:
    """The first `count` pages of a seed side by side, in as square a grid as can be."""
    columns = max(round((count * size[1] / size[0]) ** 0.5), 1)
    rows = -(-count // columns)
    whole = np.full((rows * size[1], columns * size[0], 3), 255, np.uint8)
    for index in range(count):
        top, left = index // columns * size[1], index % columns * size[0]
        whole[top : top + size[1], left : left + size[0]] = draw(compose(seed, index, view), size).picture
    return whole
