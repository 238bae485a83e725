"""Colours: one per class name, the same everywhere, told apart by people of every colour vision; ink on them; the heat map."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

RGB: TypeAlias = tuple[int, int, int]

# Found by search: any two are at least 0.12 apart in OKLab for normal colour vision, 0.06 for red- and green-blind people
# and 0.035 for the blue-blind (0.02 is just noticeable).
COLOURS: tuple[RGB, ...] = (
    (255, 85, 102), (0, 238, 255), (119, 68, 0), (153, 136, 255), (255, 102, 204), (170, 85, 85),
    (153, 238, 136), (170, 187, 255), (119, 34, 153), (102, 153, 102), (204, 136, 153), (136, 34, 68),
    (170, 85, 204), (51, 119, 153), (187, 17, 119), (0, 170, 204), (204, 119, 0), (102, 204, 170),
    (51, 119, 255), (68, 119, 0), (136, 187, 0), (34, 68, 204), (255, 204, 0), (238, 170, 119),
)  # fmt: skip
_SALT = (141152).to_bytes(8, "little")  # with it the twenty VOC kinds have twenty different colours

PAPER: RGB = (251, 250, 247)
INK: RGB = (31, 36, 45)
MUTED: RGB = (104, 112, 125)
LINE: RGB = (224, 222, 215)
RIGHT: RGB = (11, 87, 164)  # blue: the truth
WRONG: RGB = (190, 24, 34)  # red: the mistake


def colour(name: str) -> RGB:
    """The colour of a class, from its name alone."""
    return COLOURS[_home(name)]


def colours(names: Iterable[str]) -> dict[str, RGB]:
    """Colours for names that are shown together: each its own, but names that share one move to free ones, up to 24 names."""
    found: dict[str, RGB] = {}
    homeless = []
    for name in sorted(set(names)):
        if colour(name) in found.values():
            homeless.append(name)
        else:
            found[name] = colour(name)
    for name in homeless:
        cycle = [COLOURS[(_home(name) + step) % len(COLOURS)] for step in range(len(COLOURS))]
        found[name] = next((item for item in cycle if item not in found.values()), colour(name))
    return found


def _home(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8, salt=_SALT).digest(), "little") % len(COLOURS)


def luminance(of: RGB) -> float:
    """Relative luminance, 0 black to 1 white (WCAG 2)."""
    red, green, blue = _linear(np.array(of, np.float64) / 255)
    return float(0.2126 * red + 0.7152 * green + 0.0722 * blue)


def contrast(a: RGB, b: RGB) -> float:
    """1 (none) to 21; small text needs 4.5 (WCAG 2)."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def ink(background: RGB) -> RGB:
    """Black or white, whichever reads better on it; one of them always reaches a contrast of 4.5."""
    black, white = (0, 0, 0), (255, 255, 255)
    return black if contrast(background, black) >= contrast(background, white) else white


@cache
def heat_map() -> npt.NDArray[np.uint8]:
    """(256, 3): dark violet over red and orange to pale yellow, with lightness rising evenly."""
    #                 lightness, chroma, hue in degrees, at even steps
    stops = np.array(
        [[0.18, 0.08, 300], [0.34, 0.15, 318], [0.50, 0.19, 360], [0.65, 0.19, 398], [0.80, 0.15, 430], [0.96, 0.07, 464]]
    )
    at = np.linspace(0, 1, 256)
    light, chroma, hue = (np.interp(at, np.linspace(0, 1, len(stops)), column) for column in stops.T)
    a, b = chroma * np.cos(np.radians(hue)), chroma * np.sin(np.radians(hue))
    cones = np.stack((
        light + 0.3963377774 * a + 0.2158037573 * b,
        light - 0.1055613458 * a - 0.0638541728 * b,
        light - 0.0894841775 * a - 1.2914855480 * b,
    ), axis=1) ** 3  # fmt: skip
    to_rgb = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    linear = np.clip(cones @ to_rgb.T, 0, 1)
    shown = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(shown * 255), np.uint8)


def _linear(shown: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
