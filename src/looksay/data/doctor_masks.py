"""What can be wrong with masks: of another size than the picture, numbers that mean nothing, holes, pixels outside of the box."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from looksay.data.doctor_findings import Finding
from looksay.data.masks import MaskCode, MaskSize
from looksay.scene import VOID, Scene, Thing

REACH = 1.0  # pixels that a mask may reach out of its box: boxes are drawn by hand, masks too
SHARE = 0.02  # of a mask's pixels, from which it counts as reaching out
HOLE = 0.005  # of a mask's area, below which a hole is a slip of the pen; larger ones may be meant (a wheel, a ring)
SPECK = 9  # pixels of void, all within one class, up to which they count as forgotten


def kind_of(error: Exception) -> str:
    """The finding that an error of a reader is, if it is about a mask; else ""."""
    return "mask-size" if isinstance(error, MaskSize) else "mask-code" if isinstance(error, MaskCode) else ""


def findings(scene: Scene, where: str) -> Iterator[Finding]:
    """What is wrong with the masks of one picture that can be read."""
    for number, thing in enumerate(scene.objects, 1):
        if thing.mask is None or thing.crowd:
            continue
        place = f"{where}, {thing.name} {thing.id or number}"
        if not thing.mask.area:
            yield Finding("mask-empty", place, f"the mask of {thing.name!r} has not one pixel", "draw it, or take it out")
            continue
        array = thing.mask.array()
        yield from _outside(thing, array, place)
        holes = small_holes(array, max(int(HOLE * thing.mask.area), 1))
        if len(holes):
            what = f"the mask of {thing.name!r} has {len(holes)} small hole{'s' * (len(holes) > 1)} of {_sum(holes)} in all"
            yield Finding("mask-holes", place, what, "fill them")
    if scene.regions:
        specks = forgotten(scene.regions.ids)
        if len(specks):
            what = f"{len(specks)} speck{'s' * (len(specks) > 1)} of void within a single class, {_sum(specks)} in all"
            yield Finding("mask-holes", where, what, "fill them")


def _sum(sizes: npt.NDArray[np.int64]) -> str:
    total = int(sizes.sum())
    return f"{total} pixel{'s' * (total > 1)}"


def _outside(thing: Thing, array: npt.NDArray[np.bool_], place: str) -> Iterator[Finding]:
    x1, y1, x2, y2 = thing.box
    row, column = np.nonzero(array)
    beyond = (column < x1 - REACH) | (column + 1 > x2 + REACH) | (row < y1 - REACH) | (row + 1 > y2 + REACH)
    share = float(beyond.mean())
    if share > SHARE:
        box = " ".join(f"{value:g}" for value in thing.box)
        what = f"{100 * share:.0f} % of the mask of {thing.name!r} lie outside of its box {box}"
        yield Finding("mask-outside-box", place, what, "correct one of the two: the mask may be another thing's")


def small_holes(array: npt.NDArray[np.bool_], most: int) -> npt.NDArray[np.int64]:
    """Sizes of the holes of at most so many pixels: background that the mask encloses."""
    rows, columns = np.flatnonzero(array.any(axis=1)), np.flatnonzero(array.any(axis=0))
    window = array[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    around = np.pad(~window, 1, constant_values=True).view(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(around, connectivity=4)
    sizes: npt.NDArray[np.int64] = np.array([stats[at, cv2.CC_STAT_AREA] for at in range(1, count)], np.int64)
    outer = np.array([stats[at, cv2.CC_STAT_LEFT] == 0 for at in range(1, count)], np.bool_)
    return sizes[~outer & (sizes <= most)]


def forgotten(ids: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Sizes of the specks of void, of at most SPECK pixels, all around which there is one class; not at the picture's border."""
    void = (ids == VOID).view(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(void, connectivity=8)
    small = np.flatnonzero(stats[:, cv2.CC_STAT_AREA] <= SPECK)
    out = []
    for at in small[small > 0].tolist():
        left, top, wide, high, area = stats[at].tolist()
        if left == 0 or top == 0 or left + wide == ids.shape[1] or top + high == ids.shape[0]:
            continue
        window = slice(top - 1, top + high + 1), slice(left - 1, left + wide + 1)
        own = (labels[window] == at).view(np.uint8)
        rim = (cv2.dilate(own, np.ones((3, 3), np.uint8)) > own) & (void[window] == 0)
        if len(np.unique(ids[window][rim])) == 1:
            out.append(area)
    return np.array(out, np.int64)
