"""Simple outlines, y up, about one unit in size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from looksay.storybook.canvas import Points
from looksay.storybook.chance import Chance


@cache
def disc(corners: int) -> Points:
    """A circle of radius 1."""
    turns = [math.tau * corner / corners for corner in range(corners)]
    return np.array([(round(math.cos(turn), 6), round(math.sin(turn), 6)) for turn in turns])


def blob(chance: Chance, corners: int, wobble: float) -> Points:
    """A circle of radius 1 with an uneven, smooth rim."""
    knots = [chance.real(-wobble, wobble) for _ in range(6)]
    place = np.arange(corners) * (6 / corners)
    cell = place.astype(np.intp)
    part = place - cell
    part = part * part * (3 - 2 * part)
    rim = np.array([*knots, knots[0]])
    ring: Points = disc(corners) * (1 + rim[cell] * (1 - part) + rim[cell + 1] * part)[:, None]
    return ring


def stroke(spine: Sequence[tuple[float, float]] | Points, widths: Sequence[float]) -> Points:
    """A ribbon along a line, `widths` wide at its points."""
    points = np.asarray(spine, dtype=np.float64)
    ahead = np.empty_like(points)
    ahead[1:-1] = points[2:] - points[:-2]
    ahead[0], ahead[-1] = points[1] - points[0], points[-1] - points[-2]
    ahead /= np.maximum(np.sqrt((ahead**2).sum(axis=1, keepdims=True)), 1e-9)
    aside = np.stack([-ahead[:, 1], ahead[:, 0]], axis=1) * (np.asarray(widths, dtype=np.float64)[:, None] / 2)
    return np.concatenate([points + aside, (points - aside)[::-1]])


def moved(points: Points, x: float, y: float) -> Points:
    there: Points = points + np.array((x, y))
    return there


def box(x1: float, y1: float, x2: float, y2: float) -> Points:
    return np.array([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])
