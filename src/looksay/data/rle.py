"""Masks in COCO's words: run lengths as plain numbers, the same packed into text, and polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data.masks import MaskSize
from looksay.errors import BadData
from looksay.scene import Mask, Size

MOST = 1 << 32  # runs are kept in 32 bits


def packed(mask: Mask) -> str:
    """Runs as text: from the fourth on the difference to the run before the last; five bits in a character from '0' on, the
    lowest first, the sixth bit set where more follow."""
    runs = mask.runs.astype(np.int64)
    runs[3:] -= mask.runs[1:-2]
    out: list[int] = []
    for value in runs.tolist():
        while True:
            low, value = value & 31, value >> 5
            more = not ((value == 0 and not low & 16) or (value == -1 and low & 16))
            out.append((low | 32 if more else low) + 48)
            if not more:
                break
    return bytes(out).decode("ascii")


def unpacked(text: str | bytes) -> npt.NDArray[np.int64]:
    """The runs in such a text. Raises ValueError where it is none."""
    data = text if isinstance(text, bytes) else text.encode("ascii")
    codes = np.frombuffer(data, np.uint8).astype(np.int64) - 48
    if not len(codes):
        return np.zeros(0, np.int64)
    last = codes & 32 == 0
    if codes.min() < 0 or codes.max() > 63 or not last[-1]:
        raise ValueError("its counts are not of COCO's text")
    starts = np.concatenate(([0], np.flatnonzero(last)[:-1] + 1))
    place = np.arange(len(codes)) - np.repeat(starts, np.diff(np.concatenate((starts, [len(codes)]))))
    if place.max() > 7:
        raise ValueError("one of its counts is too large")
    values = np.add.reduceat((codes & 31) << 5 * place, starts)
    ends = np.flatnonzero(last)
    values -= np.where(codes[ends] & 16, np.int64(1) << 5 * (place[ends] + 1), 0)
    runs = values
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs


def mask_of(found: Any, size: Size, where: str) -> Mask | None:
    """A COCO 'segmentation': polygons, or run lengths in either form. None where it is empty."""
    if found is None or found in ([], {}):
        return None
    if isinstance(found, dict):
        return _from_runs(found, size, where)
    if isinstance(found, list) and all(isinstance(polygon, list) for polygon in found):
        return from_polygons(found, size, where)
    raise BadData("its segmentation is neither polygons nor run lengths", where=where)


def _from_runs(found: dict[str, Any], size: Size, where: str) -> Mask:
    counts = found.get("counts")
    if found.get("size") != [size[1], size[0]]:
        stated = f"states the size {found.get('size')!r:.40}, the picture has {[size[1], size[0]]} (rows, columns)"
        raise MaskSize(f"its mask {stated}", where=where)
    try:
        if isinstance(counts, str):
            runs = unpacked(counts)
        elif isinstance(counts, list) and all(type(count) is int for count in counts):
            runs = np.array(counts, np.int64)
        else:
            raise ValueError("its counts are neither text nor whole numbers")
        if len(runs) and (int(runs.min()) < 0 or int(runs.max()) >= MOST):
            raise ValueError("one of its counts is negative or too large")
        if int(runs.sum()) != size[0] * size[1]:
            raise ValueError(f"its counts cover {int(runs.sum())} pixels, the picture has {size[0] * size[1]}")
    except (ValueError, OverflowError) as error:
        raise BadData(f"its mask is damaged: {error}", where=where) from None
    return Mask(size, runs.astype(np.uint32))


def from_polygons(polygons: Sequence[Sequence[Any]], size: Size, where: str) -> Mask:
    """The union of the polygons [x1, y1, x2, y2 …], in pixels, filled as COCO's own tools fill them."""
    from pycocotools import mask as coco

    width, height = size
    for polygon in polygons:
        if len(polygon) < 6 or len(polygon) % 2:
            raise BadData(
                f"a polygon of it has {len(polygon)} numbers", where=where, mend="three points or more, x and y of each"
            )
        if not all(type(value) in (int, float) for value in polygon):
            raise BadData("a polygon of it holds something else than numbers", where=where)
        far = max(width, height)
        # Also keeps the filling from walking along an edge without end.
        if not all(-far <= value <= 2 * far for value in polygon):
            raise BadData(f"a polygon of it leaves the picture of {width} × {height} by far", where=where)
    merged = coco.merge(coco.frPyObjects([[float(value) for value in polygon] for polygon in polygons], height, width))
    return Mask(size, unpacked(merged["counts"]).astype(np.uint32))


def box_of(found: Any) -> tuple[float, float, float, float] | None:
    """Around the points of polygons; None for run lengths, which know their box only when they are drawn."""
    if not isinstance(found, list) or not found or not all(isinstance(polygon, list) and polygon for polygon in found):
        return None
    values = [value for polygon in found for value in polygon]
    if not all(type(value) in (int, float) for value in values):
        return None
    xs = [value for polygon in found for value in polygon[0::2]]
    ys = [value for polygon in found for value in polygon[1::2]]
    return (min(xs), min(ys), max(xs), max(ys)) if xs and ys else None
