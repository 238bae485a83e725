"""Masks on their way to a network: each as small as its thing, in the pixels of its own picture, with where it came to lie.

What is done to a picture is never done to its masks. A stencil keeps the mask as it is, mirrored at most, and a frame that
follows the picture's placement as boxes do; what part of it a region of the network's picture covers is cut out when it is
needed, with one resampling in all.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.nn.placement import Placement

RIM = 1  # pixels around a mask that are kept, too: what lies between its last pixel and the next is half of each


class Stencils(NamedTuple):
    """`masks` are uint8 (h, w), 1 where the thing is, `frames` (n, 4) xyxy where their edges lie in the network's picture. A
    thing without a pixel has a mask of one zero."""

    masks: list[npt.NDArray[np.uint8]]
    frames: npt.NDArray[np.float64]


def stencils(masks: npt.NDArray[np.bool_], place: Placement) -> Stencils:
    """Of the masks (n, height, width) of a picture, what lies within its part of the network's picture."""
    found, frames = [], np.tile(np.array([0.0, 0.0, 1.0, 1.0]), (len(masks), 1))
    left, top, right, bottom = _window(masks.shape[1:], place)
    for row, mask in enumerate(masks):
        down, across = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if not len(down):
            found.append(np.zeros((1, 1), np.uint8))
            continue
        x1, y1 = max(int(across[0]), left), max(int(down[0]), top)
        x2, y2 = min(int(across[-1]) + 1, right), min(int(down[-1]) + 1, bottom)
        if x2 <= x1 or y2 <= y1:
            found.append(np.zeros((1, 1), np.uint8))
            continue
        found.append(_with_rim(mask, (x1, y1, x2, y2), place))
        frames[row] = place.boxes(np.array([[x1 - RIM, y1 - RIM, x2 + RIM, y2 + RIM]], np.float64))[0]
    return Stencils(found, frames)


def _window(shape: tuple[Any, ...], place: Placement) -> tuple[int, int, int, int]:
    """The pixels of the picture that the network sees."""
    height, width = shape
    whole = np.array([[0.0, 0.0, width, height]])
    seen, _ = place.inside(whole)
    x1, y1, x2, y2 = place.back(seen)[0].round().astype(int).tolist()
    return max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)


def _with_rim(mask: npt.NDArray[np.bool_], box: tuple[int, int, int, int], place: Placement) -> npt.NDArray[np.uint8]:
    """The mask in the box and around it; beyond the picture's edge it goes on as it ended."""
    height, width = mask.shape
    rows = np.arange(box[1] - RIM, box[3] + RIM).clip(0, height - 1)
    columns = np.arange(box[0] - RIM, box[2] + RIM).clip(0, width - 1)
    cut = mask[rows[0] : rows[-1] + 1][rows - rows[0]][:, columns]
    return np.ascontiguousarray(cut[:, ::-1] if place.flip else cut, np.uint8)
