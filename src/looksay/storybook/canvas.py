"""The sheet that is painted on. Everything is filled polygons whose corners are rounded to 1/16 pixel before they are drawn.

The fourth channel of the sheet collects how much of a pixel the group of polygons now being drawn covers. When the group is
complete, `claim` turns what it covers by half or more into truth: the region that the pixels belong to and the thing seen there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.spec import RGB

Points = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Bounds = tuple[int, int, int, int]  # x1 y1 x2 y2 in whole pixels, may reach beyond the sheet
NOTHING = 255
_SHIFT = 4
_UNIT = 1 << _SHIFT
_FAR = 1 << 18  # sixteenths of a pixel; keeps OpenCV's line walker within its range


@dataclass(frozen=True, eq=False)
class Stamp:
    """Polygons that are drawn together: all their corners in one array, x to the right, y up from the foot, unit height.
    `cuts[i]` is where polygon i ends; `paints[i]` says which colour of the palette it takes."""

    points: Points
    cuts: tuple[int, ...]
    paints: tuple[int, ...]

    @classmethod
    def of(cls, shapes: Sequence[tuple[Sequence[tuple[float, float]] | Points, int]]) -> Stamp:
        """Corners on a grid of 1/4096, so that the last bit of a sine does not reach the picture."""
        arrays = [np.asarray(points, dtype=np.float64).reshape(-1, 2) for points, _ in shapes]
        cuts = np.cumsum([len(array) for array in arrays])
        points = np.rint(np.concatenate(arrays) * 4096) / 4096
        return cls(points, tuple(int(cut) for cut in cuts), tuple(paint for _, paint in shapes))


class Canvas:
    """`pixels` (h, w, 4) RGB and cover, `ids` (h, w) the thing seen in a pixel or NOTHING, `regions` (h, w) region numbers."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.pixels: Bytes = np.zeros((self.height, self.width, 4), np.uint8)
        self.ids: Bytes = np.full((self.height, self.width), NOTHING, np.uint8)
        self.regions: Bytes = np.zeros((self.height, self.width), np.uint8)

    def copy(self) -> Canvas:
        other = Canvas.__new__(Canvas)
        other.width, other.height = self.width, self.height
        other.pixels, other.ids, other.regions = self.pixels.copy(), self.ids.copy(), self.regions.copy()
        return other

    def place(
        self, points: Points, foot: tuple[float, float], scale: tuple[float, float], turn: tuple[float, float] = (1, 0)
    ) -> npt.NDArray[np.int32]:
        """Corners of a stamp in sixteenths of a pixel. `foot` is in shares of the page, `scale` in shares of the page's
        height (x may be negative: facing left), `turn` the cosine and sine of its tilt."""
        wide, high = scale[0] * self.height * _UNIT, scale[1] * self.height * _UNIT
        x, y = points[:, 0] * wide, points[:, 1] * high
        if turn[1]:
            x, y = x * turn[0] - y * turn[1], x * turn[1] + y * turn[0]
        placed = np.empty((len(points), 2))
        placed[:, 0] = foot[0] * self.width * _UNIT - _UNIT / 2 + x
        placed[:, 1] = foot[1] * self.height * _UNIT - _UNIT / 2 - y
        return np.clip(np.rint(placed), -_FAR, _FAR).astype(np.int32)

    def share(self, points: Sequence[tuple[float, float]] | Points) -> npt.NDArray[np.int32]:
        """Corners given in shares of the page's width and height (y down), in sixteenths of a pixel."""
        placed = np.asarray(points, dtype=np.float64) * (self.width * _UNIT, self.height * _UNIT) - _UNIT / 2
        return np.clip(np.rint(placed), -_FAR, _FAR).astype(np.int32)

    def draw(self, placed: npt.NDArray[np.int32], cuts: Sequence[int], colours: Sequence[Sequence[int]]) -> Bounds:
        """Fill the polygons one over the other; colours are R, G, B, 255. Answers the pixels that they reach."""
        pixels, start = self.pixels, 0
        for cut, colour in zip(cuts, colours, strict=True):
            cv2.fillPoly(pixels, [placed[start:cut]], colour, cv2.LINE_AA, _SHIFT)
            start = cut
        return bounds(placed)

    def stamp(self, stamp: Stamp, foot: tuple[float, float], scale: tuple[float, float], palette: Sequence[RGB]) -> Bounds:
        placed = self.place(stamp.points, foot, scale)
        inks = [(*colour, 255) for colour in palette]
        return self.draw(placed, stamp.cuts, [inks[paint] for paint in stamp.paints])

    def area(self, points: Sequence[tuple[float, float]] | Points, colour: RGB) -> Bounds:
        """One polygon in shares of the page."""
        placed = self.share(points)
        cv2.fillPoly(self.pixels, [placed], (*colour, 255), cv2.LINE_AA, _SHIFT)
        return bounds(placed)

    def many(self, polygons: npt.NDArray[np.int32], colour: RGB) -> None:
        """Small polygons (n, corners, 2) that hardly overlap, of one colour, in one go (where two overlap, neither is drawn)."""
        if len(polygons):
            cv2.fillPoly(self.pixels, list(polygons), (*colour, 255), cv2.LINE_AA, _SHIFT)

    def within(self, reach: Bounds) -> tuple[slice, slice]:
        """The part of the sheet that lies in the bounds, as row and column slices."""
        x1, y1, x2, y2 = reach
        return slice(min(max(y1, 0), self.height), max(min(y2, self.height), 0)), slice(
            min(max(x1, 0), self.width), max(min(x2, self.width), 0)
        )

    def claim(self, reach: Bounds, region: int, thing: int = NOTHING) -> npt.NDArray[np.bool_]:
        """What was drawn since the last claim, within `reach`, is that region and thing. Answers its silhouette there."""
        rows, columns = self.within(reach)
        cover = self.pixels[rows, columns, 3]
        covered: npt.NDArray[np.bool_] = cover > 127
        np.copyto(self.ids[rows, columns], np.uint8(thing), where=covered)
        np.copyto(self.regions[rows, columns], np.uint8(region), where=covered)
        cover[...] = 0
        return covered

    def forget(self) -> None:
        """What was drawn since the last claim is ornament: it changes no truth."""
        self.pixels[..., 3] = 0

    def darken(self, reach: Bounds, factor: Bytes) -> None:
        """Multiply the pixels within `reach` by factor / 128 (the factor covers the part of `reach` on the sheet)."""
        rows, columns = self.within(reach)
        part = self.pixels[rows, columns]
        if part.size:
            cv2.multiply(part, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGBA), dst=part, scale=1 / 128)


def bounds(placed: npt.NDArray[np.int32]) -> Bounds:
    """Whole pixels that corners in sixteenths reach, with a margin for the softened edge."""
    low, high = placed.min(axis=0), placed.max(axis=0)
    return int(low[0] >> _SHIFT) - 1, int(low[1] >> _SHIFT) - 1, int(high[0] >> _SHIFT) + 3, int(high[1] >> _SHIFT) + 3
