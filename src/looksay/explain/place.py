"""From the network's input back to the original picture: the inverse of `nn.prep.fit`, for anything that lies over the input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from looksay.nn.placement import placed
from looksay.nn.prep import Prep
from looksay.scene import Size


@dataclass(frozen=True)
class Axis:
    """Along one axis, with positions counted from pixel edges: input = original * scale + shift.
    The picture fills start:stop of the input; beyond is padding."""

    scale: float
    shift: int
    start: int
    stop: int


def axes(prep: Prep, size: Size, canvas: Size | None = None) -> tuple[Axis, Axis]:
    """Horizontal and vertical, for an original of `size` (width, height) on a `canvas`, which is the prep's where it is fixed."""
    place, sides = placed(size, prep), canvas or prep.size

    def axis(way: int) -> Axis:
        scale, shift = place.scale[way], int(place.shift[way])
        return Axis(scale, shift, max(0, shift), min(sides[way], shift + round(size[way] * scale)))

    return axis(0), axis(1)


def over(grid: npt.NDArray[np.floating], prep: Prep, size: Size, canvas: Size | None = None) -> npt.NDArray[np.float32]:
    """`grid` (h, w) covers the network's input evenly, at any resolution: a saliency map, an attention over 14 x 14 cells.
    Returns (height, width) of the original picture: bilinear, averaged where it shrinks, zero where the network did not look.
    """
    across, down = axes(prep, size, canvas)
    wide, high = canvas or prep.size
    left = _weights(down, size[1], grid.shape[0], high)
    right = _weights(across, size[0], grid.shape[1], wide)
    return left @ np.asarray(grid, np.float32) @ right.T


def _weights(axis: Axis, pixels: int, cells: int, side: int) -> npt.NDArray[np.float32]:
    """(pixels, cells): how much each cell gives to each pixel of the original; a row's sum is 1, or 0 outside."""
    unit = cells / side
    middle = ((np.arange(pixels) + 0.5) * axis.scale + axis.shift)[:, None] * unit
    cell = np.arange(cells) + 0.5
    weights = np.clip(1 - np.abs(cell - middle) / max(1.0, axis.scale * unit), 0, None)
    start, stop = axis.start * unit, axis.stop * unit
    weights[:, (cell + 0.5 <= start) | (cell - 0.5 >= stop)] = 0  # what lies wholly on padding says nothing about the picture
    inside = (middle > start) & (middle < stop)
    total = np.where(inside, weights.sum(1, keepdims=True), 1.0)
    return np.where(inside, weights / total, 0.0).astype(np.float32)
