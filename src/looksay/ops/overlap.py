"""How far boxes cover each other. numpy, double precision: the same bits as the official scorers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def iou(first: npt.ArrayLike, second: npt.ArrayLike, crowd: npt.ArrayLike | None = None) -> Floats:
    """(n, m): intersection over union of every box (n, 4) xyxy with every other (m, 4).

    `crowd` (m,) marks areas that hold many things: there the intersection is divided by the first box alone (COCO's rule).
    """
    a, b = np.asarray(first, np.float64).reshape(-1, 4), np.asarray(second, np.float64).reshape(-1, 4)
    many = np.zeros(len(b), bool) if crowd is None else np.asarray(crowd, bool)
    return iou_of_pairs(a[:, None], b[None], areas(a)[:, None], areas(b)[None], many[None])


def areas(boxes: Floats) -> Floats:
    """Of boxes (..., 4) xyxy."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def iou_of_pairs(first: Floats, second: Floats, area: Floats, other: Floats, crowd: Flags) -> Floats:
    """The same for boxes (..., 4) xyxy that stand side by side. The areas are given: x + width - x is not always width."""
    width = np.minimum(first[..., 2], second[..., 2]) - np.maximum(first[..., 0], second[..., 0])
    height = np.minimum(first[..., 3], second[..., 3]) - np.maximum(first[..., 1], second[..., 1])
    both = np.where((width > 0) & (height > 0), width * height, 0.0)
    whole = np.where(crowd, area, area + other - both)
    return np.divide(both, whole, out=np.zeros_like(both), where=both > 0)


def corners(boxes: npt.ArrayLike) -> Floats:
    """xyxy of boxes (n, 4) given as x, y, width, height."""
    found = np.array(boxes, np.float64).reshape(-1, 4)
    found[:, 2:] += found[:, :2]
    return found
