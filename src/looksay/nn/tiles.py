"""Pictures too large for the network at once, seen at their own size in tiles that overlap: memory follows the tile, not the
picture, and each pixel is read where its tile shows enough around it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from looksay.errors import BadConfig
from looksay.nn.packed import Packed
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, grey
from looksay.nn.segmenter import Maps, Segmenter
from looksay.nn.system import Batch, normalise

STEP = 32  # tiles begin at multiples of it, so that all cells lie as in the whole picture
STRIP = (64, 1024)  # pixels: what a network is shown so as to learn how far it sees, at first
FARTHEST = 8192
Window = tuple[int, int, int, int]
Ask = Callable[[Batch], Maps]


def windows(extent: int, side: int, overlap: int) -> Iterator[Window]:
    """(from, to, read from, read to) of tiles along an axis; what is read follows without gaps."""
    step = side - 2 * overlap
    for start in range(0, extent, step) if extent > side else (0,):
        stop = min(start + step, extent) if extent > side else extent
        yield max(0, start - overlap), min(extent, stop + overlap), start, stop


def in_tiles(
    system: Segmenter,
    picture: Picture,
    ask: Ask,
    *,
    side: int = 512,
    overlap: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.uint8]:
    """(height, width) numbers of classes, read-only. `ask` is the network as it looks; tiles are at most `side` pixels long, of
    which `overlap` on either edge are only seen. With the network's `reach` or more the labels are those of the whole picture.
    None is that reach, but a quarter of the tile at most: the outermost pixels that a network sees hardly count, and half of each
    tile is then read."""
    if overlap is None:
        overlap = min(reach(system, ask), max(side // 4 // STEP, 1) * STEP)
    if overlap % STEP or side % STEP or overlap < 0 or side < 2 * overlap + STEP:
        mend = f"multiples of {STEP}, the tile longer than twice the overlap"
        raise BadConfig(f"tiles of {side} pixels that overlap by {overlap}", where="--tile", mend=mend)
    high, wide = picture.shape[:2]
    rows, columns = list(windows(high, side, overlap)), list(windows(wide, side, overlap))
    found = np.empty((high, wide), np.uint8)
    for done, (row, column) in enumerate(((row, column) for row in rows for column in columns), 1):
        part = np.ascontiguousarray(picture[row[0] : row[1], column[0] : column[1]])
        labels = _one(system, part, ask)
        found[row[2] : row[3], column[2] : column[3]] = labels[row[2] - row[0] :, column[2] - column[0] :][
            : row[3] - row[2], : column[3] - column[2]
        ]
        if progress:
            progress(done, len(rows) * len(columns))
    found.setflags(write=False)
    return found


@torch.inference_mode()
def reach(system: Segmenter, ask: Ask) -> int:
    """The overlap, a multiple of STEP, from which on no pixel that is read depends on what lies beyond its tile. Pixels beyond
    are said to be no numbers: whatever depends on them is none either."""
    inked = [(layer, layer.after) for layer in system.modules() if isinstance(layer, Packed)]
    for layer, _ in inked:
        layer.after = "none"  # oneDNN's activations make numbers of what is none
    try:
        return max(_far(system, ask, axis, STRIP[1]) for axis in (0, 1))
    finally:
        for layer, after in inked:
            layer.after = after


def _far(system: Segmenter, ask: Ask, axis: int, length: int) -> int:
    """Along an axis, 0 is across, from a strip of that length of which either half is no number."""
    size = (length, STRIP[0]) if axis == 0 else (STRIP[0], length)
    middle, farthest = length // 2, 0.0
    for half in (slice(0, middle), slice(middle, length)):
        pixels = torch.zeros(1, system.prep.channels, size[1], size[0]).contiguous(memory_format=torch.channels_last)
        pixels[(..., half) if axis == 0 else (..., half, slice(None))] = math.nan
        out = ask(Batch(pixels, {}, (size,), ("",), (Placement(size=size),)))
        cells = out.scores[0].isnan().any(dim=0).any(dim=axis).nonzero().flatten()
        step, first = out.grid.step[axis], out.grid.first[axis]
        # A pixel between two cells depends on both, so that the next cell is the first that is free.
        free = int(cells.max()) + 1 if half.start == 0 else int(cells.min()) - 1
        farthest = max(farthest, abs(first + free * step - middle))
        if not 0 <= free < out.scores.shape[3 - axis]:
            return _far(system, ask, axis, 2 * length) if length < FARTHEST else FARTHEST
    return max(0, math.ceil((farthest - 0.5) / STEP)) * STEP


@torch.inference_mode()
def _one(system: Segmenter, part: Picture, ask: Callable[[Batch], Maps]) -> npt.NDArray[np.uint8]:
    size = (part.shape[1], part.shape[0])
    pictures = normalise(torch.from_numpy(grey(part, system.prep.channels))[None], system.prep)
    batch = Batch(pictures, {}, (size,), ("",), (Placement(size=size),))
    return system.labels(ask(batch), batch, 0)
