"""A picture with what is said of it: regions, masks, boxes and heat on it; labels, captions and answers beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from looksay.errors import BadValue
from looksay.scene import VOID, BoxXYXY, Heat, Regions, Scene, Thing
from looksay.show.palette import INK, MUTED, PAPER, RGB, heat_map, ink
from looksay.show.panel import Panel, heat_title, say, scene_colours
from looksay.show.text import Places, Span, fit, font, percent

LEGIBLE = 400  # pixels; a picture whose longer side has fewer is enlarged to at least this by a whole factor
_SMALLEST_FONT = 12


class Tag(NamedTuple):
    """A box to be outlined and named."""

    text: str
    box: BoxXYXY
    tint: RGB
    dashed: bool = False


class Chip(NamedTuple):
    """Where a name is written, and the line from there to its box where it had to go far."""

    text: str
    home: tuple[int, int, int, int]
    leader: tuple[int, int, int, int] | None


def draw(
    picture: npt.NDArray[np.uint8],
    scene: Scene,
    *,
    scale: float | None = None,
    top: int = 5,
    words: bool = True,
    tints: Sequence[RGB] = (),
) -> npt.NDArray[np.uint8]:
    """A new RGB picture, uint8 (height, width, 3); `picture` is the same and of the scene's size.

    `scale` is drawn pixels per pixel of the picture (by default 1, and more for small pictures). `top` labels are shown.
    Without `words` there is no panel, and the result is the picture's size times `scale`. Fonts and lines grow with the picture.
    `tints` are colours of the scene's things, one for each, where they are not those of their names.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise BadValue(f"the picture is {picture.dtype} of shape {picture.shape}", mend="give uint8 (height, width, 3)")
    if picture.shape[1::-1] != scene.size:
        raise BadValue(f"the picture is {picture.shape[1::-1]}, its scene {scene.size}", where=scene.id or None)
    image, factor = scaled(picture, scale)
    size, line = type_size(image.size), max(2, round(type_size(image.size) / 7))
    bare = image.copy() if len(scene.heats) > 1 else image
    if len(scene.heats) == 1:
        warm(image, scene.heats[0])
        if scene.regions:
            scene = replace(scene, regions=of_heat(scene.regions, scene.heats[0]))
    _paint_regions(image, scene, line)
    by_name = scene_colours(scene)
    own = list(tints) or [by_name[thing.name] for thing in scene.objects]
    _paint_masks(image, scene, line, own)
    left_out = paint_boxes(image, _tags(scene, factor, own), size, line)
    if len(scene.heats) == 1:
        _paint_cross(image, scene.heats[0], factor, size)
    return np.asarray(_with_panel(image, bare, scene, (top, left_out, size)) if words else image, np.uint8)


def of_heat(regions: Regions, heat: Heat) -> Regions:
    """Of a picture under heat only what the heat is of, so that one sees where it lies."""
    if heat.of not in regions.names:
        return Regions()
    ids = np.where(regions.ids == regions.names.index(heat.of), regions.ids, VOID)
    return Regions(regions.names, ids.astype(np.uint8))


def type_size(size: tuple[int, int]) -> int:
    """Pixels of the font for a picture of that size: about a fortieth of its side."""
    return max(_SMALLEST_FONT, round(0.024 * math.sqrt(size[0] * size[1])))


def warm(image: Image.Image, heat: Heat) -> None:
    """Lay the heat over the image: colour and opacity both follow it, so what is cold stays as it was."""
    values = heat.drawn
    most = float(values.max()) if values.size else 0.0
    if most == 0:
        return
    level = Image.fromarray(values / most).resize(image.size, Image.Resampling.BILINEAR)
    steps = Image.fromarray(np.asarray(np.clip(np.asarray(level) * 255 + 0.5, 0, 255), np.uint8))
    alpha = steps.point([round(215 * (value / 255) ** 0.6) for value in range(256)])
    tinted = steps.copy()
    tinted.putpalette(heat_map().tobytes())
    image.paste(tinted.convert("RGB"), (0, 0), alpha)


def _paint_cross(image: Image.Image, heat: Heat, factor: float, size: int) -> None:
    """The pixel that was asked about: a cross with its middle left free."""
    if heat.at is None:
        return
    pen, wide = ImageDraw.Draw(image), max(2, size // 6)
    x, y = ((value + 0.5) * factor for value in heat.at)
    near, far = max(factor, size * 0.4), max(factor, size * 0.4) + size * 0.9
    for tint, more in ((INK, 2), ((255, 255, 255), 0)):
        for way in (-1, 1):
            pen.line((x + way * (near - more), y, x + way * (far + more), y), tint, wide + 2 * more)
            pen.line((x, y + way * (near - more), x, y + way * (far + more)), tint, wide + 2 * more)


def scaled(picture: npt.NDArray[np.uint8], scale: float | None) -> tuple[Image.Image, float]:
    """A copy, and by how much it is enlarged."""
    image = Image.fromarray(picture)  # a copy: Pillow keeps RGB in four bytes
    longest = max(image.size)
    if scale is None:
        scale = max(1, -(-LEGIBLE // longest))
    if not scale > 0:
        raise BadValue(f"the scale is {scale}", mend="it must be positive")
    if scale == 1:
        return image, 1.0
    wanted = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    way = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC if scale < 4 else Image.Resampling.NEAREST
    return image.resize(wanted, way, reducing_gap=3.0 if scale < 1 else None), float(scale)


def _paint_regions(image: Image.Image, scene: Scene, line: int) -> None:
    if not scene.regions:
        return
    tints = scene_colours(scene)
    table = np.zeros((256, 3), np.uint8)
    for number, name in enumerate(scene.regions.names[:VOID]):
        table[number] = tints.get(name, (0, 0, 0))
    ids = Image.fromarray(scene.regions.ids).resize(image.size, Image.Resampling.NEAREST)
    tinted = ids.copy()
    tinted.putpalette(table.tobytes())
    known = ids.point([0 if len(scene.heats) == 1 else 140] * VOID + [0])
    image.paste(tinted.convert("RGB"), (0, 0), known)
    array = np.asarray(ids)
    edges = np.zeros(array.shape, np.uint8)
    edges[:, 1:] |= array[:, 1:] != array[:, :-1]
    edges[1:] |= array[1:] != array[:-1]
    thick = cv2.dilate(edges, np.ones((line, line), np.uint8)) * np.uint8(200)
    image.paste(Image.new("RGB", image.size, (255, 255, 255)), (0, 0), Image.fromarray(np.asarray(thick, np.uint8)))


def _paint_masks(image: Image.Image, scene: Scene, line: int, tints: Sequence[RGB]) -> None:
    """Far things first; each mask half transparent with a firm outline, over regions the outline alone."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * line + 1, 2 * line + 1))
    for thing, tint in sorted(zip(scene.objects, tints, strict=True), key=lambda pair: _from_afar(pair[0])):
        found = thing.mask.box() if thing.mask is not None else None
        if thing.mask is None or found is None:
            continue
        x1, y1, x2, y2 = (int(edge) for edge in found)
        across, down = image.width / scene.size[0], image.height / scene.size[1]
        home = (round(x1 * across), round(y1 * down))
        wide, high = max(1, round(x2 * across) - home[0]), max(1, round(y2 * down) - home[1])
        own = np.asarray(thing.mask.array()[y1:y2, x1:x2], np.uint8)
        shape = cv2.resize(own, (wide, high), interpolation=cv2.INTER_NEAREST)
        core = cv2.erode(np.pad(shape, 1), kernel)[1:-1, 1:-1]  # the rim is where the mask ends, also at the picture's edge
        alpha = np.where(core > 0, 0 if scene.regions or len(scene.heats) == 1 else 95, 235) * (shape > 0)
        image.paste(Image.new("RGB", (wide, high), tint), home, Image.fromarray(alpha.astype(np.uint8)))


def _from_afar(thing: Thing) -> tuple[float, float]:
    return -thing.depth, -thing.area


def _tags(scene: Scene, factor: float, own: Sequence[RGB]) -> list[Tag]:
    """The surest first: they get the best places for their names."""
    tints = scene_colours(scene)
    tags = []
    pairs = zip(scene.objects, own, strict=True)
    for thing, tint in sorted(pairs, key=lambda pair: (-pair[0].score, pair[0].area)):
        text = thing.name if thing.score == 1 else f"{thing.name} {percent(thing.score)}"
        tags.append(Tag(text, _times(thing.box, factor), tint, thing.crowd or thing.difficult))
    for said in scene.referrals:
        text = f"“{said.text}”" if said.score == 1 else f"“{said.text}” {percent(said.score)}"
        tags.append(Tag(text, _times(said.box, factor), tints[said.text]))
    return tags


def _times(box: BoxXYXY, factor: float) -> BoxXYXY:
    return box[0] * factor, box[1] * factor, box[2] * factor, box[3] * factor


def paint_boxes(image: Image.Image, tags: Sequence[Tag], size: int, line: int) -> list[str]:
    """Outlines, large ones first, then names on top of all of them, where they have one. Returns the names for which there was
    no room."""
    pen = ImageDraw.Draw(image)
    halo = max(1, line // 2)
    clipped = [_clip(tag.box, image.size) for tag in tags]
    for box, tag in sorted(zip(clipped, tags, strict=True), key=lambda pair: -_extent(pair[0])):
        _outline(pen, box, ink(tag.tint), line + 2 * halo, tag.dashed)
        inset = (box[0] + halo, box[1] + halo, box[2] - halo, box[3] - halo)
        _outline(pen, inset if _sound(inset, line) else box, tag.tint, line, tag.dashed)
    places = Places(*image.size)
    chips = [_chip(places, box, tag, size) if tag.text else None for box, tag in zip(clipped, tags, strict=True)]
    for chip, tag in zip(chips, tags, strict=True):
        if chip is not None and chip.leader is not None:
            pen.line(chip.leader, fill=tag.tint, width=max(1, size // 8))
    for chip, tag in zip(chips, tags, strict=True):
        if chip is not None:
            x1, y1, x2, y2 = chip.home
            pen.rectangle((x1, y1, x2 - 1, y2 - 1), fill=tag.tint)
            pen.text((x1 + _pad(size), (y1 + y2) / 2), chip.text, font=font(size), fill=ink(tag.tint), anchor="lm")
    return [tag.text for chip, tag in zip(chips, tags, strict=True) if chip is None and tag.text]


def _clip(box: BoxXYXY, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Whole pixels inside the picture, the last ones included, as PIL draws them."""
    x1, y1 = min(max(round(box[0]), 0), size[0] - 1), min(max(round(box[1]), 0), size[1] - 1)
    return x1, y1, max(x1, min(round(box[2]), size[0]) - 1), max(y1, min(round(box[3]), size[1]) - 1)


def _extent(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _sound(box: tuple[int, int, int, int], line: int) -> bool:
    return box[2] - box[0] >= line and box[3] - box[1] >= line


def _outline(pen: ImageDraw.ImageDraw, box: tuple[int, int, int, int], tint: RGB, width: int, dashed: bool) -> None:
    if not dashed:
        pen.rectangle(box, outline=tint, width=width)
        return
    x1, y1, x2, y2 = box
    dash = 4 * width
    for x in range(x1, x2, 2 * dash):
        for y in (y1, max(y1, y2 - width + 1)):
            pen.rectangle((x, y, min(x + dash, x2), min(y + width - 1, y2)), fill=tint)
    for y in range(y1, y2, 2 * dash):
        for x in (x1, max(x1, x2 - width + 1)):
            pen.rectangle((x, y, min(x + width - 1, x2), min(y + dash, y2)), fill=tint)


def _pad(size: int) -> int:
    return max(2, round(size * 0.28))


def _chip(places: Places, box: tuple[int, int, int, int], tag: Tag, size: int) -> Chip | None:
    """A place for the tag's name at its box, or elsewhere with a line to it. None where nothing is free."""
    text = fit(tag.text, places.width - 2 * _pad(size) - 1, font(size))
    if text == "…":
        return None
    wide, high = int(font(size).getlength(text)) + 1 + 2 * _pad(size), round(size * 1.2) + _pad(size)
    x1, y1, x2, y2 = box[0], box[1], box[2] + 1, box[3] + 1
    wishes = [
        (x1, y1 - high), (x1, y1), (x2 - wide, y1 - high), (x1, y2), (x2 - wide, y2), (x2 - wide, y1), (x1, y2 - high),
        (x2 - wide, y2 - high), (x2, y1), (x1 - wide, y1), ((x1 + x2 - wide) / 2, (y1 + y2 - high) / 2),
    ]  # fmt: skip
    found = places.take((wide, high), wishes)
    if found is None:
        return None
    x, y = int(found[0]), int(found[1])
    near = (min(max(x + wide // 2, x1), x2 - 1), min(max(y + high // 2, y1), y2 - 1))
    away = max(x - near[0], near[0] - x - wide, y - near[1], near[1] - y - high)
    leader = (x + wide // 2, y + high // 2, *near) if away > high // 2 else None
    return Chip(text, (x, y, x + wide, y + high), leader)


def _with_panel(image: Image.Image, bare: Image.Image, scene: Scene, how: tuple[int, list[str], int]) -> Image.Image:
    """The picture on paper with its panel beneath, or beside a tall one; the picture alone when nothing is to be said."""
    top, left_out, size = how
    beside = image.height > 1.4 * image.width
    panel = Panel(max(round(image.width * 0.9), 22 * size) if beside else max(image.width, 22 * size), size)
    if len(scene.heats) == 1:
        panel.ramp(heat_title(scene.heats[0]))
    elif scene.heats:
        panel.tiles(*_tiles(bare, scene.heats, panel.inner))
    say(panel, scene, top)
    if left_out:
        panel.text([Span("no room to name: ", MUTED), Span(", ".join(left_out), INK)])
    if not panel.blocks:
        return image
    words = panel.image(image.height if beside else 0)
    if beside:
        page = Image.new("RGB", (image.width + words.width, words.height), PAPER)
        page.paste(image, (0, 0))
        page.paste(words, (image.width, 0))
    else:
        page = Image.new("RGB", (words.width, image.height + words.height), PAPER)
        page.paste(image, ((words.width - image.width) // 2, 0))
        page.paste(words, (0, image.height))
    return page


def _tiles(bare: Image.Image, heats: Sequence[Heat], within: int) -> tuple[list[Image.Image], list[str]]:
    """Each heat on a small copy of the picture; its colours go to its own maximum."""
    across = min(len(heats), 5)
    wide = max(16, within // across - round(within * 0.02))
    small = bare.resize((wide, max(1, round(bare.height * wide / bare.width))), Image.Resampling.LANCZOS)
    tiles = []
    for heat in heats:
        tile = small.copy()
        warm(tile, heat)
        tiles.append(tile)
    return tiles, [heat.of for heat in heats]
