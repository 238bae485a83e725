"""Does the heat lie where the thing is? Mass and pointing against truth, beside what chance would reach."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.scene import BoxXYXY, Heat, Mask


@dataclass(frozen=True)
class Agreement:
    """All in 0..1. `mass`: share of the heat within the truth; `chance`: the truth's share of the area, the mass of even heat.
    `hit`: 1 where the hottest pixel points at the truth, 0 where not, and the share that does where several are equally hot;
    `chance_hit`: the share of all pixels that point at it. Heat without any warmth counts as even."""

    mass: float
    chance: float
    hit: float
    chance_hit: float


def agreement(heat: Heat, truth: BoxXYXY | Mask, tolerance: float = 0.0) -> Agreement:
    """`heat` and `truth` in pixels of the same picture. A pixel points at the truth when it touches it or lies within
    `tolerance` pixels of it; the pointing game takes 15."""
    height, width = heat.values.shape
    inside = _cover(truth, width, height)
    if not inside.any():
        raise BadValue(f"the truth lies outside of the picture of {(width, height)}", where=f"the heat of {heat.of!r}")
    # The distance from each pixel to the nearest one of the truth, between centres.
    away = cv2.distanceTransform((inside == 0).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = away <= tolerance
    values = heat.values.astype(np.float64)
    total = float(values.sum())
    chance = float(inside.mean())
    hottest = values == values.max()
    return Agreement(
        float((values * inside).sum()) / total if total else chance, chance, float(near[hottest].mean()), float(near.mean())
    )


def _cover(truth: BoxXYXY | Mask, width: int, height: int) -> npt.NDArray[np.float64]:
    """(height, width): the share of each pixel that belongs to the truth."""
    if isinstance(truth, Mask):
        if truth.size != (width, height):
            raise BadValue(f"the mask is {truth.size}, the heat {(width, height)}", mend="give both for the same picture")
        return truth.array().astype(np.float64)
    left, top, right, bottom = truth
    x, y = np.arange(width), np.arange(height)[:, None]
    across = np.clip(np.minimum(x + 1, right) - np.maximum(x, left), 0.0, 1.0)
    down = np.clip(np.minimum(y + 1, bottom) - np.maximum(y, top), 0.0, 1.0)
    cover: npt.NDArray[np.float64] = down * across
    return cover
