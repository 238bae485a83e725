"""True motion: where every visible pixel of a moving thing goes in the next frame."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import Bytes, Canvas, Corners
from looksay.storybook.spec import ThingSpec
from looksay.storybook.stage import body, outline

Flow = npt.NDArray[np.float32]
Real = npt.NDArray[np.float64]


def paint_flow(flow: Flow, canvas: Canvas, now: ThingSpec, then: ThingSpec, seen: Bytes) -> None:
    """Write into `flow` (h, w, 2; x right, y down, pixels) the motion of the pixels `seen` (h, w; not 0) of a thing that is
    `now` here and `then` there. Every polygon of the figure moves for itself, as the affine map of its corners that fits best;
    where the two poses have no polygons in common the whole figure is stretched from one frame to the other."""
    here, there = outline(canvas, now), outline(canvas, then)
    if here.shape == there.shape and np.array_equal(here, there):
        return
    cuts, later = body(now).stamp.cuts, body(then).stamp.cuts
    maps = [_affine(_frame(here), _frame(there))]
    labels = np.zeros(seen.shape, np.uint8)
    if len(cuts) == len(later) and now.action == then.action:
        start, begin = 0, 0
        for place, (cut, end) in enumerate(zip(cuts, later, strict=True), start=1):
            maps.append(_affine(*_matched(here[start:cut], there[begin:end])))
            cv2.fillPoly(labels, (here[start:cut],), place, cv2.LINE_8, 4)
            start, begin = cut, end
    rows, columns = np.nonzero(seen)
    chosen = np.array(maps)[labels[rows, columns]]
    moved = np.einsum("nij,nj->ni", chosen, np.stack([columns, rows, np.ones(len(rows))], axis=1))
    flow[rows, columns] = np.rint(moved * 256) / 256


def _frame(corners: Corners) -> Real:
    """The four corners of the extent."""
    x, y, width, height = cv2.boundingRect(corners)
    return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], dtype=np.float64)


def _matched(here: Corners, there: Corners) -> tuple[Real, Real]:
    """Corresponding points of two outlines: their corners, or as many points at equal distances along both."""
    if len(here) == len(there):
        return here.astype(np.float64), there.astype(np.float64)
    return _even(here), _even(there)


def _even(corners: Corners, count: int = 24) -> Real:
    ring = np.concatenate([corners, corners[:1]]).astype(np.float64)
    length = np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(ring, axis=0) ** 2).sum(axis=1)))])
    at = np.arange(count) * (length[-1] / count)
    return np.stack([np.interp(at, length, ring[:, 0]), np.interp(at, length, ring[:, 1])], axis=1)


def _affine(here: Real, there: Real) -> Real:
    """The 2 x 3 matrix that takes a pixel's (x, y, 1) to its motion in pixels, fitted to corners in sixteenths of one."""
    middle, goal = here.mean(axis=0) / 16, there.mean(axis=0) / 16
    before, after = here / 16 - middle, there / 16 - goal
    spread = before.T @ before
    flat = spread[0, 0] * spread[1, 1] - spread[0, 1] ** 2
    turn = np.eye(2)
    if flat > 0.02 * (spread[0, 0] + spread[1, 1]) ** 2 / 4 and flat > 1e-3:
        inverse = np.array([(spread[1, 1], -spread[0, 1]), (-spread[0, 1], spread[0, 0])]) / flat
        turn = (after.T @ before) @ inverse
    step = turn - np.eye(2)
    return np.hstack([step, (goal - middle - step @ middle)[:, None]])
