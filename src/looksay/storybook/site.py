"""Where a page is painted: the sheet with its land and light, and the strokes that all settings share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.canvas import Bounds, Canvas, Points, Stamp
from looksay.storybook.chance import Chance, mix
from looksay.storybook.land import STUFF, Land, land_of
from looksay.storybook.light import Light, light
from looksay.storybook.noise import Pool, patch, ridge, tile
from looksay.storybook.spec import RGB, PageSpec

NUMBER: dict[str, int] = {name: place for place, name in enumerate(STUFF)}
Real = npt.NDArray[np.float64]
_UPRIGHT = np.array((1.0, -1.0))
_CORNERS = np.array([0, 1, 2, 1, 2, 3, 0, 3])


@dataclass(frozen=True, eq=False)
class Site:
    """Everything that a stroke needs to know. Places are shares of the page, y down; sizes are shares of its height."""

    canvas: Canvas
    spec: PageSpec
    land: Land
    light: Light
    chance: Chance
    pool: Pool

    @classmethod
    def of(cls, spec: PageSpec, size: tuple[int, int]) -> Site:
        return cls.over(Canvas(size), spec, "backdrop")

    @classmethod
    def over(cls, canvas: Canvas, spec: PageSpec, purpose: str) -> Site:
        """A sheet that is painted on already."""
        words = (spec.seed, spec.index, purpose)
        return cls(canvas, spec, land_of(spec), light(spec), Chance(*words), Pool(*words))

    @property
    def winter(self) -> bool:
        return self.spec.season == "winter"

    @property
    def night(self) -> bool:
        return self.spec.time == "night"

    @property
    def aspect(self) -> float:
        """The page's height as a share of its width: turns a size into a share of the width."""
        return self.canvas.height / self.canvas.width

    def ink(self, colour: RGB, shade: float = 1.0, haze: float = 0.0) -> RGB:
        return self.light.on(colour, shade, haze)

    def lamp(self, colour: RGB) -> RGB:
        """A colour that shines by itself: at night it is as it is."""
        return colour if self.night else self.ink(colour)

    def skyline(self, count: int, rough: float, name: str) -> Real:
        """One of 256 skylines, the same for a name throughout the page."""
        return ridge(count, rough, mix(self.spec.seed, self.spec.index, name) & 255)

    def claim(self, region: str, top: float = -0.01, foot: float = 1.01) -> None:
        """What was drawn between these lines since the last claim is that region."""
        height = self.canvas.height
        self.canvas.claim((0, int(top * height) - 1, self.canvas.width, int(foot * height) + 2), NUMBER[region])

    def mark(self, reach: Bounds, region: str) -> None:
        self.canvas.claim(reach, NUMBER[region])

    def band(self, top: float, foot: float, stops: Sequence[RGB], region: str) -> None:
        """A strip from edge to edge whose colour runs through the stops (finished inks) from its top to its foot."""
        height = self.canvas.height
        first, last = min(max(round(top * height), 0), height), min(max(round(foot * height), 0), height)
        if last <= first:
            return
        whole = max(round(foot * height) - round(top * height), 1)
        inks = np.array([[(*stop, 0)] for stop in stops], np.uint8)
        column = cv2.resize(inks, (1, whole), interpolation=cv2.INTER_LINEAR_EXACT).view(np.uint32)[:, :, 0]
        skipped = first - round(top * height)
        self.canvas.words[first:last] = column[skipped : skipped + last - first]
        self.canvas.regions[first:last] = NUMBER[region]

    def texture(self, top: float, foot: float, name: str, strength: int, *, coarse: int = 16, squash: int = 3) -> None:
        """Blotches over a strip: `strength` in 1 … 64 out of 128; `squash` times wider than high, as on the ground."""
        width, height = self.canvas.width, self.canvas.height
        first, last = min(max(round(top * height), 0), height), min(max(round(foot * height), 0), height)
        if last - first < 2:
            return
        start = (self.chance.below(256), self.chance.below(256))
        rows = min(max(round((foot - top) * 128 * squash), 2), 256)
        blotches = patch(tile(name, coarse), (width, last - first), (*start, 160, rows))
        factor = cv2.addWeighted(blotches, strength / 128, blotches, 0, 128 - strength)
        self.canvas.tone((0, first, width, last), factor)

    def hill(self, name: str, base: float, rise: float, colour: RGB, *, rough: float = 0.5, foot: float = 1.0) -> None:
        """A skyline from edge to edge, `rise` above `base` at its highest, filled down to `foot` with a finished ink."""
        heights = self.skyline(28, rough, name)
        x = np.arange(28) * (1.08 / 27) - 0.04
        line = np.stack([x, base - heights * rise], axis=1)
        self.canvas.area(np.concatenate([line, [(1.04, foot), (-0.04, foot)]]), colour)

    def boxes(self, corners: Real | Sequence[tuple[float, float, float, float]], colour: RGB) -> None:
        """Upright rectangles x1 y1 x2 y2 in shares of the page, of one finished ink, that do not overlap."""
        if isinstance(corners, np.ndarray):
            if len(corners):
                four = corners[:, _CORNERS].reshape(-1, 2)
                self.canvas.many(self.canvas.share(four).reshape(-1, 4, 2), colour)
            return
        for x1, y1, x2, y2 in corners:
            self.canvas.box(x1, y1, x2, y2, colour)

    def strew(self, form: Points, spots: Real, sizes: Real, colour: RGB) -> None:
        """The same small form (n, 2), y up, at many spots (x, y) in shares of the page, each of its own size."""
        canvas = self.canvas
        places = (form * _UPRIGHT) * (sizes * canvas.height)[:, None, None]
        places += (spots * np.array((canvas.width, canvas.height)))[:, None]
        places -= 0.5
        places *= 16
        canvas.many(np.rint(places, out=places).astype(np.int32), colour)

    def stamp(
        self, stamp: Stamp, spot: tuple[float, float], size: float, palette: Sequence[RGB], *, flip: bool = False
    ) -> Bounds:
        return self.canvas.stamp(stamp, spot, (-size if flip else size, size), palette)

    def glow(self, spot: tuple[float, float], radius: float, colour: RGB, strength: float) -> None:
        """Add a round light that fades out at `radius`."""
        canvas = self.canvas
        half = max(int(radius * canvas.height), 2)
        x, y = int(spot[0] * canvas.width), int(spot[1] * canvas.height)
        rows, columns = canvas.within((x - half, y - half, x + half, y + half))
        part = canvas.pixels[rows, columns]
        if not part.size:
            return
        disc = cv2.resize(_disc(), (2 * half, 2 * half), interpolation=cv2.INTER_LINEAR_EXACT)
        disc = disc[rows.start - y + half : rows.stop - y + half, columns.start - x + half : columns.stop - x + half]
        layers = [((disc * int(strength * value)) >> 8).astype(np.uint8) for value in colour]
        cv2.add(part, cv2.merge([*layers, np.zeros_like(layers[0])]), dst=part)


@cache
def _disc() -> npt.NDArray[np.uint16]:
    """A soft round spot of 64 pixels, as whole numbers."""
    place = np.arange(64) * 2 - 63
    far = (place[:, None] ** 2 + place[None, :] ** 2) // 16
    near = np.clip(256 - far, 0, 255)
    spot: npt.NDArray[np.uint16] = (near * near // 256).astype(np.uint16)
    return spot


def vary(chance: Chance, colour: RGB, amount: float = 0.07) -> RGB:
    """The colour with its brightness and warmth a little off."""
    bright, warm = 1 + chance.real(-amount, amount), chance.real(-amount, amount)
    red, green, blue = colour
    return round(red * bright * (1 + warm)), round(green * bright), round(blue * bright * (1 - warm))


def blend(a: RGB, b: RGB, share: float) -> RGB:
    """`share` of b, the rest of a."""
    return (
        round(a[0] + (b[0] - a[0]) * share),
        round(a[1] + (b[1] - a[1]) * share),
        round(a[2] + (b[2] - a[2]) * share),
    )
