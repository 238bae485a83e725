"""Pictures too large for the network at once, seen at their own size in tiles that overlap: memory follows the tile, not the
picture, and each pixel is read where its tile shows enough around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import torch

from looksay.errors import BadConfig
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture, grey
from looksay.nn.segmenter import Maps, Segmenter
from looksay.nn.system import Batch, normalise

STEP = 32  # tiles begin at multiples of it, so that all cells lie as in the whole picture
OVERLAP = 128  # pixels around what is read of a tile
Window = tuple[int, int, int, int]


def windows(extent: int, side: int, overlap: int) -> Iterator[Window]:
    """(from, to, read from, read to) of tiles along an axis; what is read follows without gaps."""
    step = side - 2 * overlap
    for start in range(0, extent, step) if extent > side else (0,):
        stop = min(start + step, extent) if extent > side else extent
        yield max(0, start - overlap), min(extent, stop + overlap), start, stop


def in_tiles(
    system: Segmenter,
    picture: Picture,
    ask: Callable[[Batch], Maps],
    *,
    side: int = 512,
    overlap: int = OVERLAP,
    progress: Callable[[int, int], None] | None = None,
) -> npt.NDArray[np.uint8]:
    """(height, width) numbers of classes. `ask` is the network as it looks; tiles are at most `side` pixels long, of which
    `overlap` on either edge are only seen. Where that is half of what the network sees around a pixel, or more, the labels are
    those of the whole picture."""
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
    return found


@torch.inference_mode()
def _one(system: Segmenter, part: Picture, ask: Callable[[Batch], Maps]) -> npt.NDArray[np.uint8]:
    size = (part.shape[1], part.shape[0])
    pictures = normalise(torch.from_numpy(grey(part, system.prep.channels))[None], system.prep)
    batch = Batch(pictures, {}, (size,), ("",), (Placement(size=size),))
    return system.labels(ask(batch), batch, 0)
