"""Pictures that look the same: a 64-bit code of what a picture shows, a search for near codes, and a comparison that confirms.

The code is the sign of the 64 lowest frequencies (without the mean) of the picture shrunk to 32 × 32 grey pixels. It hardly
changes when the picture is scaled, compressed again or made a little brighter. Codes only find candidates; thumbs decide.

Measured on photographs, micrographs and street scenes, and on copies of 100 of them (JPEG of quality 75 to 20, scaled to 0.37 to
1 by several filters, brightness ± 15 %, contrast + 20 %). Bits that differ: in copies 5 at most, in different photographs 14 or
more. Largest difference of a pixel between thumbs: in copies 32 at most, 24 for one slide photographed twice, once out of focus,
and 44 or more with an eighth of the side painted over.
Small drawings in few colours come much closer to each other than photographs do (handwritten digits: 5.9 million pairs of 70,000
within 8 bits, none of them the same), hence the thumbs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE, SMALL = 32, 16
NEAR = 8  # bits
FLAT = 4.0  # grey levels of deviation; below it there is nothing to recognise a picture by
APART, APART_MEAN, APART_SHARE, GAIN = 36.0, 8.0, 0.25, 1.45  # grey levels, also as a share of the deviation; contrast

Thumb: TypeAlias = npt.NDArray[np.uint8]
Codes: TypeAlias = npt.NDArray[np.uint64]
Indices: TypeAlias = npt.NDArray[np.int64]

_BANDS, _WIDTH = 5, 13  # the last band has 12 bits
_MASKS = tuple(np.uint64(((1 << 64) - 1) & (((1 << _WIDTH) - 1) << (band * _WIDTH))) for band in range(_BANDS))
_CHUNK = 1 << 20  # pairs held at a time


def thumb(picture: Thumb, size: tuple[int, int] | None = None) -> Thumb:
    """The picture (height, width, 3) as SIDE × SIDE × 3.

    `size` is the true (width, height) where the picture was decoded at a half, a quarter or an eighth of it: the last row and
    column then stand partly for nothing, and count only as far as they are filled.
    """
    image, box = Image.fromarray(picture), None
    if size is not None and image.size != size:
        scale = max(1, round(max(size[0] / image.width, size[1] / image.height)))
        box = (0.0, 0.0, min(image.width, size[0] / scale), min(image.height, size[1] / scale))
    return np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box))


def grey(thumbs: Thumb) -> npt.NDArray[np.float32]:
    """Brightness of thumbs (..., 3)."""
    shades: npt.NDArray[np.float32] = thumbs.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return shades


def small(thumbs: Thumb) -> Thumb:
    """(..., SIDE, SIDE, 3) to (..., SMALL, SMALL) grey: what is kept of each picture while a set is searched."""
    shades = grey(thumbs)
    blocks = shades.reshape(*shades.shape[:-2], SMALL, SIDE // SMALL, SMALL, SIDE // SMALL)
    means: Thumb = np.rint(blocks.mean((-3, -1))).astype(np.uint8)
    return means


def is_flat(thumbs: Thumb) -> npt.NDArray[np.bool_]:
    """Whether thumbs (..., SIDE, SIDE, 3) show next to nothing; those look like every other flat picture."""
    return np.asarray(grey(thumbs).std((-2, -1)) < FLAT)


def _waves() -> npt.NDArray[np.float64]:
    steps = np.arange(SIDE)
    return np.cos(np.pi * (2 * steps[None] + 1) * steps[:11, None] / (2 * SIDE))


_WAVES = _waves()
# By their sum, then by row; the mean, 0 + 0, is left out.
_LOWEST = sorted(((u, v) for u in range(11) for v in range(11) if 0 < u + v < 11), key=lambda at: (at[0] + at[1], at))[:64]
# Dealt out to the bands like cards: low frequencies say most, and a band without any would be the same for many pictures.
_ROWS, _COLUMNS = (np.array(axis) for axis in zip(*(at for band in range(_BANDS) for at in _LOWEST[band::_BANDS]), strict=True))


def code(thumbs: Thumb) -> Codes:
    """Of thumbs (..., SIDE, SIDE, 3), one code each."""
    waves = _WAVES @ grey(thumbs).astype(np.float64) @ _WAVES.T
    # What is nothing but rounding counts as 0, so that symmetric drawings have a code and not noise.
    bits = waves[..., _ROWS, _COLUMNS] > 1e-3
    return np.ascontiguousarray(np.packbits(bits, axis=-1)).view(">u8")[..., 0].astype(np.uint64)


def distance(a: Codes, b: Codes) -> npt.NDArray[np.uint8]:
    """In how many bits the codes differ."""
    bits: npt.NDArray[np.uint8] = np.bitwise_count(a ^ b)
    return bits


def near(codes: Codes, within: int = NEAR) -> Indices:
    """All pairs (i, j), i < j, of codes that differ in at most `within` bits, in order; shape (pairs, 2)."""
    # A pair as one number sorts many times faster than as a row.
    numbers = np.sort(np.concatenate([np.zeros(0, np.int64), *(i * len(codes) + j for i, j in candidates(codes, within))]))
    return np.stack(np.divmod(numbers, max(len(codes), 1)), axis=1)


def candidates(codes: Codes, within: int = NEAR) -> Iterator[tuple[Indices, Indices]]:
    """The pairs i < j of `near`, each once, in portions of bounded size.

    Not all pairs are looked at: codes that differ in few bits differ in at most one bit of some band of bits, so each band is
    sorted, and looked up as it is and with each of its bits turned. A pair is taken in the first band where it can be found.
    """
    for band, order, first, last in _lookups(codes, within):
        for i, j in _matches(codes, order, first, last, within):
            fresh = np.ones(len(i), np.bool_)
            for before in range(band):
                fresh &= distance(codes[i] & _MASKS[before], codes[j] & _MASKS[before]) > 1
            if fresh.any():
                yield i[fresh], j[fresh]


def effort(codes: Codes, within: int = NEAR) -> int:
    """How many pairs `candidates` would look at: some 20 million a second."""
    return sum(int((last - first).sum()) for _, _, first, last in _lookups(codes, within))


def _lookups(codes: Codes, within: int) -> Iterator[tuple[int, Indices, Indices, Indices]]:
    """(band, order, first, last): code i may be near the codes order[first[i]:last[i]]."""
    if not 0 <= within < 2 * _BANDS:
        raise ValueError(f"the search finds up to {2 * _BANDS - 1} bits of difference, not {within}")
    for number, mask in enumerate(_MASKS):
        width = int(mask).bit_count()
        band = ((codes & mask) >> np.uint64(number * _WIDTH)).astype(np.int64)
        order = np.argsort(band, kind="stable")
        ends = np.concatenate(([0], np.cumsum(np.bincount(band, minlength=1 << width))))
        for turned in (0, *(1 << bit for bit in range(width))):
            wanted = band ^ turned
            yield number, order, ends[wanted], ends[wanted + 1]


def _matches(codes: Codes, order: Indices, first: Indices, last: Indices, within: int) -> Iterator[tuple[Indices, Indices]]:
    counts = last - first
    ends = np.cumsum(counts)
    start = 0
    while start < len(codes):
        base = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, base + _CHUNK, "right")))
        many = counts[start:stop]
        i = np.repeat(np.arange(start, stop), many)
        j = order[np.arange(len(i)) + np.repeat(first[start:stop] - (ends[start:stop] - many - base), many)]
        close = (i < j) & (distance(codes[i], codes[j]) <= within)
        yield i[close], j[close]
        start = stop


def same(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Whether thumbs (n, …) show the same, pair by pair, but for one factor and one offset of brightness.

    All their pixels must agree, not most: pages drawn on one background, or two frames of one street, differ in few places.
    """
    a, b = (_centred(values) for values in (a, b))
    power_a, power_b, shared = (np.einsum("ij,ij->i", x, y) / max(a.shape[1], 1) for x, y in ((a, a), (b, b), (a, b)))
    # Fitted from the flatter one: the other way would shrink every difference.
    most_power, least_power = np.maximum(power_a, power_b), np.maximum(np.minimum(power_a, power_b), 1e-6)
    gain, deviation = shared / least_power, np.sqrt(most_power)
    mean = np.sqrt(np.maximum(most_power - shared * gain, 0))
    agree: npt.NDArray[np.bool_] = (
        (gain > 1 / GAIN) & (gain < GAIN) & (mean <= np.minimum(APART_MEAN, 0.5 + APART_SHARE * deviation))
    )
    left = np.flatnonzero(agree)  # few: only they are looked at pixel by pixel
    swap = (power_b > power_a)[left, None]
    strong, weak = np.where(swap, b[left], a[left]), np.where(swap, a[left], b[left])
    rest = np.abs(strong - gain[left, None] * weak).max(1, initial=0.0)
    agree[left] = rest <= np.minimum(APART, 4.0 + deviation[left])
    return agree


def _centred(thumbs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    flat = thumbs.reshape(len(thumbs), math.prod(thumbs.shape[1:])).astype(np.float32)
    flat -= flat.mean(1, keepdims=True)
    return flat
