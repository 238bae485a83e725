"""Where a picture lies in what a network sees, so that boxes go in with it and come back out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from looksay.nn.prep import Prep, inside
from looksay.scene import Size

Boxes = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Placement:
    """x' = x * scale + shift on either axis, then mirrored to `size[0]` - x' where `flip` is set.

    `size` (width, height) is that of the canvas the network sees; `extent` the part of it, from the upper left corner, that
    holds picture where a batch is padded to one size.
    """

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)
    size: Size = (0, 0)
    flip: bool = False

    def boxes(self, boxes: Boxes) -> Boxes:
        """(N, 4) xyxy in picture pixels → canvas pixels, not clipped."""
        scale, shift = np.array(self.scale * 2), np.array(self.shift * 2)
        moved = np.asarray(boxes, np.float64).reshape(-1, 4) * scale + shift
        if self.flip:
            moved[:, [0, 2]] = self.size[0] - moved[:, [2, 0]]
        return np.asarray(moved)

    def back(self, boxes: Boxes) -> Boxes:
        """(N, 4) canvas pixels → picture pixels, not clipped."""
        own = np.array(boxes, np.float64).reshape(-1, 4)
        if self.flip:
            own[:, [0, 2]] = self.size[0] - own[:, [2, 0]]
        return np.asarray((own - np.array(self.shift * 2)) / np.array(self.scale * 2))

    def mirrored(self) -> Placement:
        return replace(self, flip=not self.flip)

    def then(self, scale: tuple[float, float], shift: tuple[float, float], size: Size) -> Placement:
        """Followed by another scaling and shift onto a canvas of `size`."""
        assert not self.flip
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
    return Placement((new[0] / width, new[1] / height), (left, top), prep.size)
