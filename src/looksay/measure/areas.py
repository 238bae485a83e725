"""What people segment for: how much of a picture each class takes, how long its outline is, how many there are of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from looksay.scene import VOID, Objects, Regions, Scene

STRIP = 256  # rows
Ids = npt.NDArray[np.integer]


class Area(NamedTuple):
    """`pixels` and their `share` of the picture; `perimeter`: how many sides of pixels part it from what is not of it, within the
    picture; `pieces`: its things, or what hangs together (also over corners) where only pixels are named."""

    name: str
    pixels: int
    share: float
    perimeter: int
    pieces: int


def areas(scene: Scene) -> tuple[Area, ...]:
    """A row for each class that is there, the largest first: of its pixels where they are named, else of its things' masks."""
    found = of_regions(scene.regions) if scene.regions else of_objects(scene.objects)
    return tuple(sorted(found, key=lambda row: (-row.pixels, row.name)))


def of_regions(regions: Regions) -> list[Area]:
    ids = regions.ids
    pixels, sides = counted(ids), borders(ids, 256)
    rows = []
    for number in np.flatnonzero(pixels[:VOID]).tolist():
        share = pixels[number] / ids.size
        rows.append(Area(regions.names[number], int(pixels[number]), share, int(sides[number]), patches(ids, number)))
    return rows


def of_objects(objects: Objects) -> list[Area]:
    """Sums over the things of a name; where two overlap, both count."""
    rows: dict[str, Area] = {}
    for thing in objects:
        if thing.mask is None:
            continue
        own = thing.mask.array().view(np.uint8)
        old = rows.get(thing.name, Area(thing.name, 0, 0.0, 0, 0))
        share, edge = old.share + thing.mask.area / own.size, old.perimeter + int(borders(own, 2)[1])
        rows[thing.name] = Area(thing.name, old.pixels + thing.mask.area, share, edge, old.pieces + 1)
    return list(rows.values())


def counted(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """(256,): how often each number stands there; a strip at a time, since counting takes eight bytes a pixel."""
    strips = (ids[top : top + STRIP] for top in range(0, len(ids), STRIP))
    return sum((np.bincount(strip.reshape(-1), minlength=256) for strip in strips), np.zeros(256, np.int64))


def borders(ids: Ids, kinds: int) -> npt.NDArray[np.int64]:
    """(kinds,): for each number, the sides of pixels at which it meets another."""
    total = np.zeros(kinds, np.int64)
    for top in range(0, len(ids), STRIP):
        strip = ids[top : top + STRIP + 1]
        for a, b in ((strip[:STRIP, 1:], strip[:STRIP, :-1]), (strip[1:], strip[:-1])):
            apart = a != b
            total += np.bincount(a[apart], minlength=kinds)[:kinds] + np.bincount(b[apart], minlength=kinds)[:kinds]
    return total


def patches(ids: Ids, number: int) -> int:
    """How many patches that hang together, also over corners, have that number. Numbering them takes four bytes a pixel, so it
    is done a strip at a time; then patches that meet between two strips count as one."""
    count, heads = 0, [0]  # of each patch of a strip another one that it is part of, or itself
    above = np.zeros(ids.shape[1], np.int64)
    for top in range(0, len(ids), STRIP):
        strip = (ids[top : top + STRIP] == number).view(np.uint8)
        found, labels = cv2.connectedComponents(strip, connectivity=8)
        first, last = (np.where(row > 0, row + np.int64(len(heads) - 1), 0) for row in (labels[0], labels[-1]))
        heads += range(len(heads), len(heads) + found - 1)
        count += found - 1
        meeting = np.concatenate(
            [np.stack(each) for each in ((above, first), (above[1:], first[:-1]), (above[:-1], first[1:]))], 1
        )
        for a, b in np.unique(meeting[:, meeting.all(axis=0)], axis=1).T.tolist():
            one, two = _head(heads, a), _head(heads, b)
            heads[two] = one
            count -= one != two
        above = last
    return count


def _head(heads: list[int], patch: int) -> int:
    while heads[patch] != patch:
        heads[patch] = patch = heads[heads[patch]]
    return patch


class Piece(NamedTuple):
    """A superpixel: its corners (right and lower ones exclusive) and its mean colour besides."""

    number: int
    pixels: int
    perimeter: int
    x1: int
    y1: int
    x2: int
    y2: int
    red: float
    green: float
    blue: float


def measured(picture: npt.NDArray[np.uint8], labels: npt.NDArray[np.int32]) -> list[Piece]:
    """Of pieces numbered 0 … n - 1 without gaps."""
    many, flat = int(labels.max()) + 1, labels.reshape(-1)
    pixels, sides = np.bincount(flat, minlength=many), borders(labels, many)
    rows, columns = (grid.reshape(-1) for grid in np.indices(labels.shape))
    low, high = np.full((2, many), labels.size), np.zeros((2, many), np.int64)
    for axis, at in enumerate((columns, rows)):
        np.minimum.at(low[axis], flat, at)
        np.maximum.at(high[axis], flat, at + 1)
    mean = [np.bincount(flat, picture[..., channel].reshape(-1), many) / pixels for channel in range(3)]
    parts = (range(many), pixels, sides, low[0], low[1], high[0], high[1], *(np.round(each, 1) for each in mean))
    return [
        Piece(*row) for row in zip(*(list(map(float if at > 6 else int, part)) for at, part in enumerate(parts)), strict=True)
    ]


def lines(rows: Sequence[Area]) -> list[str]:
    """For the terminal."""
    if not rows:
        return ["  nothing"]
    wide = max(len("class"), *(len(row.name) for row in rows))
    head = f"  {'class':{wide}}  {'pixels':>11}  {'share':>7}  {'perimeter':>9}  {'count':>5}"
    return [head, *(f"  {r.name:{wide}}  {r.pixels:11,}  {100 * r.share:5.1f} %  {r.perimeter:9,}  {r.pieces:5}" for r in rows)]
