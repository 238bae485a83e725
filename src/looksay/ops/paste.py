"""Masks of regions put back into their picture, with the same bits as torchvision's, but without the picture.

A mask of M × M probabilities covers its box; a rim of nothing, one cell wide, is put around both, so that edges fade out. Only
the window of the box is computed, and from there it goes straight into run lengths: their memory grows with the outline, not
with the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

Flags = npt.NDArray[np.bool_]
Runs = npt.NDArray[np.uint32]


def windows(masks: Tensor, boxes: Tensor, size: tuple[int, int], least: float = 0.5) -> Iterator[tuple[int, int, Flags]]:
    """(left, top, pixels) of each mask: its window within the picture of `size` (width, height), True where the probability is
    above `least`. `masks` (n, M, M), `boxes` (n, 4) xyxy in pixels. A window beside the picture is empty."""
    rimmed = F.pad(masks.detach().float().cpu(), (1, 1, 1, 1))
    for mask, (left, top, right, bottom) in zip(rimmed, _rimmed_boxes(boxes, masks.shape[-1]), strict=True):
        wide, high = max(right - left + 1, 1), max(bottom - top + 1, 1)
        x1, y1, x2, y2 = max(left, 0), max(top, 0), min(right + 1, size[0]), min(bottom + 1, size[1])
        if x2 <= x1 or y2 <= y1:
            yield 0, 0, np.zeros((0, 0), np.bool_)
            continue
        # torch's own resizing, not a faster one: others differ in the last bit, and so here and there in a pixel.
        whole = F.interpolate(mask[None, None], size=(high, wide), mode="bilinear", align_corners=False)[0, 0]
        yield x1, y1, (whole[y1 - top : y2 - top, x1 - left : x2 - left] > least).numpy()


def _rimmed_boxes(boxes: Tensor, side: int) -> list[list[int]]:
    """The boxes grown by one cell on each side, in whole pixels, cut off towards nought."""
    found = boxes.detach().cpu()
    half = (found[:, 2:] - found[:, :2]) * 0.5
    centre = (found[:, 2:] + found[:, :2]) * 0.5
    half = half * ((side + 2) / side)
    grown: list[list[int]] = torch.cat([centre - half, centre + half], dim=1).to(torch.int64).tolist()
    return grown


def pasted(masks: Tensor, boxes: Tensor, size: tuple[int, int], least: float = 0.5) -> Flags:
    """(n, height, width): the masks in their picture, as `windows` has them."""
    out = np.zeros((len(masks), size[1], size[0]), np.bool_)
    for canvas, (left, top, pixels) in zip(out, windows(masks, boxes, size, least), strict=True):
        canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return out


def pasted_runs(masks: Tensor, boxes: Tensor, size: tuple[int, int], least: float = 0.5) -> Iterator[Runs]:
    """The same as run lengths down the columns, background first: what a Mask of that size holds."""
    for left, top, pixels in windows(masks, boxes, size, least):
        yield runs_of(pixels, left, top, size)


def runs_of(pixels: Flags, left: int, top: int, size: tuple[int, int]) -> Runs:
    """Run lengths of a picture of `size` (width, height) that holds `pixels` at (left, top), and nothing else."""
    width, height = size
    high, wide = pixels.shape
    gap = int(high < height)  # a column that does not reach from edge to edge ends before the next begins
    flat = np.zeros(wide * (high + gap) + 2, np.uint8)  # with background before and behind
    if pixels.size:
        flat[1:-1].reshape(wide, high + gap)[:, :high] = cv2.transpose(pixels.view(np.uint8))
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    column, row = np.divmod(edges, max(high + gap, 1))
    places = np.concatenate(([0], (left + column) * height + top + row, [width * height]))
    runs = np.diff(places).astype(np.uint32)
    return runs if runs[-1] else runs[:-1]
