"""Scores of instance segmentation: APr, which is VOC's average precision with masks in the place of boxes (Hariharan and others,
2014), and COCO's mask AP, beside that of the boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from looksay.errors import BadValue
from looksay.measure.coco_map import SIZES, Detections, Floats, Truths
from looksay.measure.detect import Detection, DetectionTally
from looksay.measure.results import Score
from looksay.measure.touching import Touching, TouchingTally
from looksay.measure.voc_map import voc
from looksay.scene import Mask, Scene

LEAST = (0.5, 0.7)


def library_mask(mask: Mask) -> dict[str, Any]:
    """The mask as the run length library has it."""
    from pycocotools import mask as coco

    height, width = mask.size[::-1]
    found: dict[str, Any] = coco.frPyObjects({"size": [height, width], "counts": mask.runs.tolist()}, height, width)
    return found


def region_ap(truths: Truths, found: Detections, kinds: int, least: Sequence[float] = LEAST) -> Floats:
    """(len(least), kinds) APr at each overlap, area under the curve; NaN where a class has nothing to be found."""
    if truths.masks is None or found.masks is None:
        raise BadValue("regions are to be compared, but there are no masks")
    return np.stack([voc(truths, found, kinds, least=each, masks=True).area for each in least])


class InstanceTally:
    """A DetectionTally that keeps the masks, too. All have one but, perhaps, difficult things and crowds of the truth."""

    def __init__(self, classes: Sequence[str], sizes: tuple[float, float] = SIZES) -> None:
        self.boxes = DetectionTally(classes, sizes)
        self._truths: list[dict[str, Any]] = []
        self._found: list[dict[str, Any]] = []
        self._touching = TouchingTally()

    def __len__(self) -> int:
        return len(self.boxes)

    def add(self, truths: Sequence[Scene], found: Sequence[Scene]) -> None:
        """What there is and what was seen, picture by picture. Ids are given to all pictures or to none."""
        there = [_masks(scene, "truth") for scene in truths]
        seen = [_masks(scene, "answer") for scene in found]
        self.boxes.add(truths, found)
        self._truths += [mask for masks in there for mask in masks]
        self._found += [mask for masks in seen for mask in masks]
        self._touching.add(truths, found)

    def merge(self, other: InstanceTally) -> None:
        """Take in what another process has counted."""
        self.boxes.merge(other.boxes)
        self._truths += other._truths
        self._found += other._found
        self._touching.merge(other._touching)

    def result(self) -> Instances:
        """Everything so far. With ids the pictures are sorted by them, so the order of batches and processes does not matter."""
        from pycocotools import mask as coco

        boxes = self.boxes.result()
        truths, found = self.boxes.arrays()  # as they were added; the result has them by picture
        there, seen = (np.argsort(rows.picture, kind="stable").tolist() for rows in (truths, found))
        theirs, ours = [self._truths[row] for row in there], [self._found[row] for row in seen]
        areas = np.array([coco.area(mask) for mask in ours], np.float64)  # one by one: of more than 255 the library says nothing
        masks = replace(boxes, truths=replace(boxes.truths, masks=theirs), found=replace(boxes.found, masks=ours, area=areas))
        return Instances(boxes, masks, self._touching.result(sure(masks), self.boxes.places()))


def sure(found: Detection) -> float:
    """The score from which on things are worth showing: the middle of the classes' best ones."""
    thresholds = [row.threshold for row in found.per_class() if row.threshold == row.threshold]
    return float(np.median(thresholds)) if thresholds else 0.5


def _masks(scene: Scene, what: str) -> list[dict[str, Any]]:
    out = []
    for thing in scene.objects:
        mask = thing.mask
        if mask is None:
            if what == "answer" or not (thing.crowd or thing.difficult):
                where = f"picture {scene.id}" if scene.id else None
                raise BadValue(f"a {thing.name} of the {what} has no mask", where=where, mend="score boxes as detections instead")
            mask = Mask(scene.size, np.array([scene.size[0] * scene.size[1]], np.uint32))
        out.append(library_mask(mask))
    return out


@dataclass(frozen=True, eq=False)
class Instances:
    """The same pictures judged by `boxes` and by `masks`; `touching` is what became of things of a kind that touch, when those
    are shown that are sure enough."""

    boxes: Detection
    masks: Detection
    touching: Touching

    def __len__(self) -> int:
        return len(self.masks)

    @cached_property
    def apr(self) -> Floats:
        """(2, k): of each class at .5 and .7."""
        return region_ap(self.masks.truths, self.masks.found, len(self.masks.classes))

    def numbers(self) -> dict[str, float]:
        """map50 with its interval low … high, map, map75 and the rest of COCO's by masks; apr50, apr70; box_map50, box_map; of
        pairs of a kind that touch the shares kept apart and merged."""
        numbers = {key: value for key, value in self.masks.numbers().items() if not key.startswith("voc")}
        means = [float(row[~np.isnan(row)].mean()) if not np.isnan(row).all() else math.nan for row in self.apr]
        boxes, touching = self.boxes.numbers(), self.touching.shares()
        kept = {"touching_apart": touching["apart"], "touching_merged": touching["merged"], "sure": self.touching.least}
        return {**numbers, **kept, "apr50": means[0], "apr70": means[1], "box_map50": boxes["map50"], "box_map": boxes["map"]}

    def scores(self) -> tuple[Score, ...]:
        """The table of scores, mask mAP@.5 first."""
        first = [replace(each, name=f"mask {each.name}") for each in self.masks.scores() if not each.name.startswith("VOC")]
        numbers, n = self.numbers(), len(self)
        rest = (
            ("APr@.5", "apr50", "VOC's rules with masks, area under the curve"),
            ("APr@.7", "apr70", ""),
            ("box mAP@.5", "box_map50", ""),
            ("box mAP@.5:.95", "box_map", ""),
        )
        return (
            *first,
            *(Score(name, numbers[key], n, settings=how) for name, key, how in rest if numbers[key] == numbers[key]),
            *self.touching.scores(),
        )

    def lines(self) -> list[str]:
        return [str(found) for found in self.scores()] or [f"nothing is to be found in these {len(self)} pictures"]
