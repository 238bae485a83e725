"""Chance in bulk: streams and soft textures that are the same on every machine, because only whole numbers make them."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from looksay.storybook.chance import mix

Bytes = npt.NDArray[np.uint8]
Real = npt.NDArray[np.float64]
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
TILE = 256


def stream(count: int, *words: int | str) -> Real:
    """`count` numbers uniform in [0, 1) that depend on the words alone (SplitMix64, counted rather than stepped)."""
    state = np.arange(1, count + 1, dtype=np.uint64)
    state *= _GOLDEN
    state += np.uint64(mix(*words))
    state ^= state >> np.uint64(30)
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    state >>= np.uint64(11)
    numbers: Real = state.astype(np.float64)
    numbers *= 2.0**-53
    return numbers


class Pool:
    """Uniform numbers in [0, 1), taken one after the other; after many it begins anew."""

    def __init__(self, *words: int | str) -> None:
        self._numbers = stream(1024, *words)
        self._next = 0

    def take(self, count: int) -> Real:
        if self._next + count > len(self._numbers):
            self._next = 0
            if count > len(self._numbers):
                self._numbers = np.resize(self._numbers, count)
        self._next += count
        return self._numbers[self._next - count : self._next]


@lru_cache(maxsize=2048)
def ridge(count: int, rough: float, kind: int) -> Real:
    """A skyline of `count` heights in 0 … 1. `rough` in 0 … 1 is how much small bumps count against large ones. There is no
    end of kinds."""
    line = np.zeros(count)
    share, total = 1.0, 0.0
    for octave, knots in enumerate((4, 8, 16)):
        values = stream(knots + 1, "ridge", kind, octave)
        place = np.arange(count) * (knots / count)
        cell = place.astype(np.intp)
        part = place - cell
        part = part * part * (3 - 2 * part)
        line += share * (values[cell] * (1 - part) + values[cell + 1] * part)
        total += share
        share *= rough
    return line / total


@lru_cache(maxsize=8)
def tile(name: str, coarse: int) -> Bytes:
    """A texture around 128 that repeats every TILE pixels without a seam, four times over; its blotches are about TILE / coarse
    pixels wide."""
    total = np.zeros((TILE, TILE), np.int32)
    for octave, weight in ((1, 4), (2, 2), (4, 1)):
        knots = min(coarse * octave, TILE)
        values = (stream(knots * knots, "tile", name, octave) * 256).astype(np.uint8).reshape(knots, knots)
        wrapped = np.pad(values, 2, mode="wrap")
        scale = TILE // knots
        grown = cv2.resize(wrapped, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR_EXACT)
        total += weight * grown[2 * scale : 2 * scale + TILE, 2 * scale : 2 * scale + TILE].astype(np.int32)
    return np.tile((total // 7).astype(np.uint8), (2, 2))


def patch(texture: Bytes, size: tuple[int, int], window: tuple[int, int, int, int]) -> Bytes:
    """The window (x, y, width, height; each at most TILE) of a texture, drawn at `size` (width, height)."""
    x, y, width, height = window
    x, y = x % TILE, y % TILE
    grown: Bytes = cv2.resize(texture[y : y + height, x : x + width], size, interpolation=cv2.INTER_LINEAR_EXACT)
    return grown
