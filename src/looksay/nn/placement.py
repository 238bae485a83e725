"""Where a picture lies in what a network sees, so that boxes go in with it and come back out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.nn.prep import Prep, inside
from looksay.scene import Size

Boxes = npt.NDArray[np.float64]


class Placement(NamedTuple):
    """x' = x * scale + shift on either axis, then mirrored to `size[0]` - x' where `flip` is set, then moved by `offset`.

    `size` (width, height) is the part of what the network sees that belongs to this picture: all of it, but for the padding of
    a batch to one size, and for one of the four pictures of a mosaic, which begins at `offset`.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    size: Size = (0, 0)
    flip: bool = False
    offset: tuple[float, float] = (0.0, 0.0)
    pad: tuple[int, int, int, int] = (
        0,
        0,
        0,
        0,
    )  # pixels of nothing on the left, above, on the right and below, before mirroring
    smear: tuple[int, int, int, int] = (0, 0, 0, 0)  # likewise, pixels that repeat the border: of things, but in no map

    def boxes(self, boxes: Boxes) -> Boxes:
        """(N, 4) xyxy in picture pixels → canvas pixels, not clipped."""
        scale, shift = np.array(self.scale * 2), np.array(self.shift * 2)
        moved = np.asarray(boxes, np.float64).reshape(-1, 4) * scale + shift
        if self.flip:
            moved[:, [0, 2]] = self.size[0] - moved[:, [2, 0]]
        return np.asarray(moved + np.array(self.offset * 2))

    def inside(self, boxes: Boxes) -> tuple[Boxes, npt.NDArray[np.float64]]:
        """(N, 4) picture pixels → canvas pixels, clipped to what belongs to this picture, and (N,) the share of each box's area
        that is left of it."""
        moved = self.boxes(boxes)
        left, above, right, below = self.pad if not self.flip else (self.pad[2], self.pad[1], self.pad[0], self.pad[3])
        low = np.array(self.offset) + np.array((left, above))
        high = np.array(self.offset) + self.size - np.array((right, below))
        kept = moved.clip(np.tile(low, 2), np.tile(high, 2))
        area = (moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1])
        rest = (kept[:, 2] - kept[:, 0]) * (kept[:, 3] - kept[:, 1])
        return kept, rest / np.maximum(area, 1e-9)

    def back(self, boxes: Boxes) -> Boxes:
        """(N, 4) canvas pixels → picture pixels, not clipped."""
        own = np.array(boxes, np.float64).reshape(-1, 4) - np.array(self.offset * 2)
        if self.flip:
            own[:, [0, 2]] = self.size[0] - own[:, [2, 0]]
        return np.asarray((own - np.array(self.shift * 2)) / np.array(self.scale * 2))

    def mirrored(self) -> Placement:
        return self._replace(flip=not self.flip)

    def then(self, scale: tuple[float, float], shift: tuple[float, float], size: Size) -> Placement:
        """Followed by another scaling and shift onto a canvas of `size`."""
        assert not self.flip
        assert self.offset == (0.0, 0.0)
        return Placement(
            (self.scale[0] * scale[0], self.scale[1] * scale[1]),
            (self.shift[0] * scale[0] + shift[0], self.shift[1] * scale[1] + shift[1]),
            size,
        )


def placed(size: Size, prep: Prep) -> Placement:
    """Where `fit` puts a picture of `size`."""
    (width, height), (wide, high) = size, prep.size
    if prep.mode == "stretch":
        return Placement((wide / width, high / height), (0.0, 0.0), prep.size)
    if prep.mode == "crop":
        short = min(width, height)
        new = (int(prep.resize * width / short), int(prep.resize * height / short))
        left, top = round((new[0] - wide) / 2.0), round((new[1] - high) / 2.0)
        return Placement((new[0] / width, new[1] / height), (-left, -top), prep.size)
    new = inside(size, prep)
    if prep.mode == "inside":
        return Placement((new[0] / width, new[1] / height), (0.0, 0.0), new)
    left, top = (wide - new[0]) // 2, (high - new[1]) // 2
    pad = (left, top, wide - new[0] - left, high - new[1] - top)
    return Placement((new[0] / width, new[1] / height), (left, top), prep.size, pad=pad)
