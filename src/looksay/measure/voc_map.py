"""Average precision by the rules of the VOC development kit: one threshold, difficult things ignored.

What differs from COCO's: a detection belongs to the thing that it overlaps most, even if that is taken already (then it is
false), and precision is taken at eleven recalls or under the whole curve.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from looksay.measure.coco_map import IGNORED, RIGHT, WRONG, Detections, Floats, Ints, Truths, candidates


@dataclass(frozen=True, eq=False)
class VocScore:
    """`area` and `eleven` (K,) are the AP of each class, NaN where it has no thing. `state` (n,) is RIGHT, WRONG or IGNORED for
    each detection, in their order."""

    area: Floats
    eleven: Floats
    state: Ints

    def mean(self) -> tuple[float, float]:
        """Over the classes that have things: (area, eleven), NaN where there is none."""
        there = ~np.isnan(self.area)
        return (float(self.area[there].mean()), float(self.eleven[there].mean())) if there.any() else (np.nan, np.nan)


def voc(
    truths: Truths, found: Detections, kinds: int, *, least: float = 0.5, whole_pixels: bool = False, masks: bool = False
) -> VocScore:
    """An overlap of `least` or more finds a thing. `whole_pixels` counts the last row and column into a box, as the kit does:
    its coordinates are pixels, ours are edges. With `masks` it is these that overlap, not the boxes."""
    if whole_pixels:
        one = np.array([0.0, 0.0, 1.0, 1.0])
        truths, found = replace(truths, boxes=truths.boxes + one), replace(found, boxes=found.boxes + one)
    # No crowd's rule, and the first of equal scores first.
    plain = replace(truths, crowd=np.zeros(len(truths), bool), masks=truths.masks if masks else None)
    order = np.lexsort((-found.score, found.kind))
    at = np.argsort(order)
    grouped = np.lexsort((at, found.picture, found.kind))  # masks are compared picture by picture
    place, truth, overlap = candidates(plain, found if masks else replace(found, masks=None), grouped, min(least, 1.0))
    detection = at[grouped[place]]
    # The best of each detection; of equally good things the first.
    by = np.lexsort((-truth, overlap, detection))
    last = np.diff(detection[by], append=-1) != 0
    who, whom = detection[by][last], truth[by][last]
    taken = np.ones(len(who), bool)
    taken[np.unique(whom, return_index=True)[1]] = False  # the surest is the first: `who` rises
    state = np.full(len(order), WRONG)
    state[who] = np.where(truths.ignore[whom], IGNORED, np.where(taken, WRONG, RIGHT))

    things = np.bincount(truths.kind[~truths.ignore], minlength=kinds)
    edges = np.searchsorted(found.kind[order], np.arange(kinds + 1))
    curves = [_average(state[a:b], int(total)) for a, b, total in zip(edges, edges[1:], things, strict=False)]
    back = np.empty(len(order), np.int64)
    back[order] = state
    area, eleven = np.array(curves).reshape(-1, 2).T
    return VocScore(area, eleven, back)


def _average(state: Ints, things: int) -> tuple[float, float]:
    """(area, eleven) of one class, its detections by falling score."""
    if not things:
        return np.nan, np.nan
    right, wrong = np.cumsum(state == RIGHT), np.cumsum(state == WRONG)
    here = state == RIGHT
    precision = right[here] / (right[here] + wrong[here])
    best = np.maximum.accumulate(precision[::-1])[::-1]
    # Each thing found is a step of 1 / things in recall. Recalls of k/10 are compared as whole numbers.
    tenths = (np.arange(11) * things + 9) // 10
    eleven = np.append(best, np.zeros(things))[np.maximum(tenths, 1) - 1]
    return float(best.sum() / things), float(eleven.mean())
