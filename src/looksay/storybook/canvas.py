"""The sheet that is painted on. Everything is filled polygons whose corners are rounded to 1/16 pixel before they are drawn.

The fourth channel of the sheet collects how much of a pixel the group of polygons now being drawn covers. When the group is
complete, `claim` turns what it covers by half or more into truth: the region that the pixels belong to and the thing seen there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.spec import RGB

Points = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Corners = npt.NDArray[np.int32]
Bounds = tuple[int, int, int, int]  # x1 y1 x2 y2 in whole pixels, may reach beyond the sheet
NOTHING = 255
_SHIFT = 4
_UNIT = 1 << _SHIFT
_COLOUR = np.frombuffer(bytes((255, 255, 255, 0)), np.uint32)[0]  # keeps a pixel's colour and drops its cover


@dataclass(frozen=True, eq=False)
class Stamp:
    """Polygons that are drawn together: all their corners in one array, x to the right, y up from the foot, unit height.
    `cuts[i]` is where polygon i ends; `paints[i]` says which colour of the palette it takes."""

    points: Points
    cuts: tuple[int, ...]
    paints: tuple[int, ...]
    apart: bool = False  # neighbours of one colour do not overlap

    @classmethod
    def of(cls, shapes: Sequence[tuple[Sequence[tuple[float, float]] | Points, int]]) -> Stamp:
        """Corners on a grid of 1/4096, so that the last bit of a sine does not reach the picture."""
        arrays = [np.asarray(points, dtype=np.float64).reshape(-1, 2) for points, _ in shapes]
        cuts = np.cumsum([len(array) for array in arrays])
        points = np.rint(np.concatenate(arrays) * 4096) / 4096
        return cls(points, tuple(int(cut) for cut in cuts), tuple(paint for _, paint in shapes))

    def merged(self) -> Stamp:
        """The same to look at, with neighbours in the list that have one colour melted into their outlines (holes are filled):
        fewer polygons to draw, and those of one colour in one go."""
        shapes: list[tuple[Points, int]] = []
        start, group, last = 0, [np.empty((0, 2))], -1
        for cut, paint in zip((*self.cuts, 0), (*self.paints, -1), strict=True):
            if paint != last and last >= 0:
                shapes += [(outline, last) for outline in _union(group)]
                group = []
            group.append(self.points[start:cut])
            start, last = cut, paint
        return replace(Stamp.of(shapes), apart=True)

    @cached_property
    def runs(self) -> tuple[tuple[int, tuple[tuple[int, int], ...]], ...]:
        """What is drawn in one go: the paint, and where each of its polygons starts and ends."""
        found: list[tuple[int, tuple[tuple[int, int], ...]]] = []
        start = 0
        for cut, paint in zip(self.cuts, self.paints, strict=True):
            if self.apart and found and found[-1][0] == paint:
                found[-1] = (paint, (*found[-1][1], (start, cut)))
            else:
                found.append((paint, ((start, cut),)))
            start = cut
        return tuple(found)


def _union(polygons: list[Points]) -> list[Points]:
    """Outlines of what overlapping polygons cover together, to 1/512 of a unit."""
    fine = [np.rint(polygon * _FINE).astype(np.int32) for polygon in polygons if len(polygon)]
    low = np.concatenate(fine).min(axis=0) - 2
    size = np.concatenate(fine).max(axis=0) + 3 - low
    sheet = np.zeros((size[1], size[0]), np.uint8)
    for polygon in fine:
        cv2.fillPoly(sheet, [polygon - low], 1)
    found, _ = cv2.findContours(sheet, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    rings = [cv2.approxPolyDP(ring, 1.2, True).reshape(-1, 2) for ring in found]
    return [(ring + low) / _FINE for ring in sorted(rings, key=lambda ring: ring.tolist()) if len(ring) > 2]


_FINE = 512


class Canvas:
    """`pixels` (h, w, 4) RGB and cover, `words` (h, w) the same four bytes of a pixel as one number, `ids` (h, w) the thing seen
    in a pixel or NOTHING, `regions` (h, w) region numbers."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.width, self.height = size
        self.pixels: Bytes = np.zeros((self.height, self.width, 4), np.uint8)
        self.words: npt.NDArray[np.uint32] = self.pixels.view(np.uint32)[:, :, 0]
        self.ids: Bytes = np.full((self.height, self.width), NOTHING, np.uint8)
        self.regions: Bytes = np.zeros((self.height, self.width), np.uint8)

    def copy(self) -> Canvas:
        other = Canvas.__new__(Canvas)
        other.width, other.height = self.width, self.height
        other.pixels, other.ids, other.regions = self.pixels.copy(), self.ids.copy(), self.regions.copy()
        other.words = other.pixels.view(np.uint32)[:, :, 0]
        return other

    def place(
        self, points: Points, foot: tuple[float, float], scale: tuple[float, float], turn: tuple[float, float] = (1, 0)
    ) -> Corners:
        """Corners of a stamp in sixteenths of a pixel. `foot` is in shares of the page, `scale` in shares of the page's
        height (x may be negative: facing left), `turn` the cosine and sine of its tilt."""
        wide, high = scale[0] * self.height * _UNIT, scale[1] * self.height * _UNIT
        at = np.array((foot[0] * self.width * _UNIT - _UNIT / 2, foot[1] * self.height * _UNIT - _UNIT / 2))
        if turn[1]:
            x, y = points[:, 0] * wide, points[:, 1] * high
            placed = np.stack([x * turn[0] - y * turn[1], -(x * turn[1] + y * turn[0])], axis=1) + at
        else:
            placed = points * np.array((wide, -high)) + at
        corners: Corners = np.rint(placed).astype(np.int32)
        return corners

    def share(self, points: Sequence[tuple[float, float]] | Points) -> Corners:
        """Corners given in shares of the page's width and height (y down), in sixteenths of a pixel."""
        placed = np.asarray(points, dtype=np.float64) * np.array((self.width * _UNIT, self.height * _UNIT))
        corners: Corners = np.rint(placed - _UNIT / 2).astype(np.int32)
        return corners

    def draw(self, placed: Corners, cuts: Sequence[int], colours: Sequence[Sequence[int]]) -> Bounds:
        """Fill the polygons one over the other; colours are R, G, B, 255. Answers the pixels that they reach."""
        pixels, start = self.pixels, 0
        for cut, colour in zip(cuts, colours, strict=True):
            cv2.fillPoly(pixels, (placed[start:cut],), colour, cv2.LINE_AA, _SHIFT)
            start = cut
        return bounds(placed)

    def stamp(self, stamp: Stamp, foot: tuple[float, float], scale: tuple[float, float], palette: Sequence[RGB]) -> Bounds:
        placed = self.place(stamp.points, foot, scale)
        inks = [(*colour, 255) for colour in palette]
        pixels = self.pixels
        for paint, pieces in stamp.runs:
            cv2.fillPoly(pixels, [placed[start:end] for start, end in pieces], inks[paint], cv2.LINE_AA, _SHIFT)
        return bounds(placed)

    def area(self, points: Sequence[tuple[float, float]] | Points, colour: RGB) -> Bounds:
        """One polygon in shares of the page."""
        placed = self.share(points)
        cv2.fillPoly(self.pixels, (placed,), (*colour, 255), cv2.LINE_AA, _SHIFT)
        return bounds(placed)

    def box(self, x1: float, y1: float, x2: float, y2: float, colour: RGB) -> None:
        """One upright rectangle in shares of the page; a large one has its edges moved to whole pixels."""
        left, right = x1 * self.width, x2 * self.width
        top, foot = y1 * self.height, y2 * self.height
        if right - left > 3 and foot - top > 3:
            rows = slice(max(round(top), 0), max(round(foot), 0))
            self.words[rows, max(round(left), 0) : max(round(right), 0)] = _word(colour)
            return
        corners = ((left, top), (right, top), (right, foot), (left, foot))
        four = np.array([(round(x * _UNIT - _UNIT / 2), round(y * _UNIT - _UNIT / 2)) for x, y in corners], np.int32)
        cv2.fillConvexPoly(self.pixels, four, (*colour, 255), cv2.LINE_AA, _SHIFT)

    def tiles(self, edges: Points, colour: RGB) -> None:
        """Upright rectangles (n, 4: x1 y1 x2 y2) in shares of the page, their edges moved to whole pixels."""
        words, word = self.words, _word(colour)
        whole = np.rint(edges * np.array((self.width, self.height, self.width, self.height))).astype(np.int32)
        for x1, y1, x2, y2 in np.maximum(whole, 0).tolist():
            words[y1:y2, x1:x2] = word

    def many(self, polygons: Corners, colour: RGB) -> None:
        """Small polygons (n, corners, 2) that hardly overlap, of one colour, in one go (where two overlap, neither is drawn)."""
        if len(polygons):
            cv2.fillPoly(self.pixels, list(polygons), (*colour, 255), cv2.LINE_AA, _SHIFT)

    def within(self, reach: Bounds) -> tuple[slice, slice]:
        """The part of the sheet that lies in the bounds, as row and column slices."""
        x1, y1, x2, y2 = reach
        top, left = min(max(y1, 0), self.height), min(max(x1, 0), self.width)
        return slice(top, max(min(y2, self.height), top)), slice(left, max(min(x2, self.width), left))

    def claim(self, reach: Bounds, region: int, thing: int = NOTHING) -> Bytes:
        """What was drawn since the last claim, within `reach`, is that region and thing. Answers its silhouette there (0, 1)."""
        rows, columns = self.within(reach)
        part = self.pixels[rows, columns]
        if not part.size:
            return np.zeros(part.shape[:2], np.uint8)
        silhouette: Bytes = cv2.threshold(cv2.extractChannel(part, 3), 127, 1, cv2.THRESH_BINARY)[1]
        flat = np.empty_like(silhouette)
        for truth, number in ((self.ids, thing), (self.regions, region)):
            flat.fill(number)
            cv2.copyTo(flat, silhouette, truth[rows, columns])
        self.words[rows, columns] &= _COLOUR
        return silhouette

    def forget(self) -> None:
        """What was drawn since the last claim is ornament: it changes no truth."""
        self.words[...] &= _COLOUR

    def tone(self, reach: Bounds, factor: Bytes) -> None:
        """Multiply the pixels within `reach` by factor / 128 (the factor covers the part of `reach` on the sheet)."""
        rows, columns = self.within(reach)
        part = self.pixels[rows, columns]
        if part.size:
            cv2.multiply(part, cv2.cvtColor(factor, cv2.COLOR_GRAY2RGBA), dst=part, scale=1 / 128)


def _word(colour: RGB) -> np.uint32:
    """The colour with full cover as one number."""
    word: np.uint32 = np.frombuffer(bytes((*colour, 255)), np.uint32)[0]
    return word


def bounds(placed: Corners) -> Bounds:
    """Whole pixels that corners in sixteenths reach, with a margin for the softened edge."""
    x, y, width, height = cv2.boundingRect(placed)
    return (x >> _SHIFT) - 1, (y >> _SHIFT) - 1, ((x + width) >> _SHIFT) + 3, ((y + height) >> _SHIFT) + 3
