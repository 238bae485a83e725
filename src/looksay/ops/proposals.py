"""Selective search (Uijlings et al. 2013): where things may be, from colour, texture, size and fill, without learning.

OpenCV merges small segments bottom-up, once for each way of segmenting and comparing, and gives the boxes of all that arises, in
an order that it draws by chance. Here they come in an order that follows from the picture, best first: what many ways agree on,
and little twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

EDITION = 1  # of the boxes: raised when the same picture gets others
SMALLEST = 0.035  # of the working side: narrower boxes are left out
APART = (0.5, 0.7, 0.9)  # first boxes that overlap none before them by more than the first of these, and so on
AGREEMENT = 4  # the power of IoU that says how far two boxes mean the same
UNIT = 128  # the working side for which segments are given
CHUNK = 512

Mode = Literal["fast", "quality"]


@dataclass(frozen=True)
class Way:
    """`sides`: the picture is segmented at the side (root of its area) within these. `spaces` of colour, `segments` as (how
    unlike pixels may be, fewest pixels) at 128 pixels, and `likeness` by Colour, Fill, Texture, Size: every combination once."""

    sides: tuple[int, int]
    spaces: tuple[str, ...]
    segments: tuple[tuple[int, int], ...]
    likeness: tuple[str, ...]


WAYS: dict[str, Way] = {
    "fast": Way((128, 256), ("HSV", "LAB"), ((30, 10), (100, 20)), ("CFTS", "FTS")),
    "quality": Way((160, 400), ("HSV", "LAB", "RGB"), ((30, 10), (60, 15), (100, 20), (200, 40)), ("CFTS", "FTS", "F", "S")),
}


def propose(picture: npt.NDArray[np.uint8], mode: Mode = "fast", most: int = 2000) -> npt.NDArray[np.float32]:
    """(n, 4) xyxy in the pixels of `picture` (h, w, 3), RGB, best first, at most `most`; the same for the same picture.
    On one core, for a page of 128 x 128 'fast' takes about 0.1 s and 'quality' 1 s; larger pictures a few times that."""
    way = WAYS[mode]
    height, width = picture.shape[:2]
    side = math.sqrt(width * height)
    scale = min(max(side, way.sides[0]), way.sides[1]) / side
    size = (max(round(width * scale), 8), max(round(height * scale), 8))
    boxes = _merged(picture, size, way)
    wide = (boxes[:, 2:] - boxes[:, :2]).min(axis=1) >= min(SMALLEST * side * scale, *size)
    boxes = boxes[wide]
    chosen = boxes[_ranked(boxes)[:most]] * np.array([width / size[0], height / size[1]] * 2)
    return np.asarray(chosen, np.float32)


def _merged(picture: npt.NDArray[np.uint8], size: tuple[int, int], way: Way) -> npt.NDArray[np.float64]:
    """(n, 4) xyxy at working size, each box once, in the order of its numbers."""
    import cv2

    area = size[0] * size[1]
    shrinks = area < picture.shape[0] * picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    shown = picture if size == picture.shape[1::-1] else cv2.resize(picture, size, interpolation=how)
    shown = np.ascontiguousarray(shown)
    kit = cv2.ximgproc.segmentation
    search = kit.createSelectiveSearchSegmentation()
    search.setBaseImage(shown)
    for space in way.spaces:
        search.addImage(shown if space == "RGB" else cv2.cvtColor(shown, getattr(cv2, f"COLOR_RGB2{space}")))
    grown = math.sqrt(area) / UNIT
    for unlike, fewest in way.segments:
        search.addGraphSegmentation(kit.createGraphSegmentation(0.5, unlike * grown, round(fewest * grown**2)))
    for letters in way.likeness:
        search.addStrategy(_likeness(kit, letters))
    found = np.unique(np.array(search.process(), np.float64).reshape(-1, 4), axis=0)
    found[:, 2:] += found[:, :2]
    return found


def _likeness(kit: Any, letters: str) -> Any:
    names = {"C": "Color", "F": "Fill", "T": "Texture", "S": "Size"}
    single = [getattr(kit, f"createSelectiveSearchSegmentationStrategy{names[letter]}")() for letter in letters]
    if len(single) == 1:
        return single[0]
    joined = kit.createSelectiveSearchSegmentationStrategyMultiple()
    for each in single:
        joined.addStrategy(each, 1 / len(single))
    return joined


def _ranked(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The places of the boxes to propose, best first; of near copies one."""
    import torch
    from torchvision.ops import box_iou

    from looksay.ops.suppress import greedy

    rows = torch.from_numpy(boxes).float()
    agreed = torch.zeros(len(rows))
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        agreed[some] = box_iou(rows[some], rows).pow_(AGREEMENT).sum(dim=1)
    order = agreed.sort(descending=True, stable=True).indices
    for limit in APART:
        turn = torch.arange(len(order), 0.0, -1.0)  # what is chosen overlaps less than `limit` and stays first
        chosen = greedy(rows[order], turn, limit)
        rest = torch.ones(len(order), dtype=torch.bool)
        rest[chosen] = False
        last, order = len(chosen), torch.cat([order[chosen], order[rest]])
    return np.asarray(order[:last].numpy())
