"""Pictures whose every pixel has a class: their label maps, and how a map follows its picture into the network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from looksay.data.dataset import Dataset
from looksay.data.held import Subset
from looksay.data.loader import Kind
from looksay.data.masks import BACKGROUND
from looksay.data.material import Pictures, Splits
from looksay.errors import BadConfig, BadData
from looksay.nn.placement import Placement
from looksay.nn.recipe import Stage
from looksay.nn.system import System
from looksay.scene import VOID

Labels = npt.NDArray[np.uint8]
GLANCE = 100  # pictures in which masks of things are looked for, where no pixel has a name of its own
COUNTED = 1000  # pictures from which it is learnt how frequent a class is


class Mapped(Subset):
    """A data set as a segmenter sees it: `classes` are what pixels can be, `regions` are numbers of them. Where only things have
    masks, they are painted on a background, small ones over large ones; a crowd's pixels are not counted."""

    def __init__(self, whole: Dataset, classes: Sequence[str] = ()) -> None:
        super().__init__(whole, range(len(whole)), whole.split)
        self._painted = not whole.region_names
        own = named_regions(whole)
        self.classes = self.region_names = tuple(classes) or own
        strange = [name for name in own if name not in self.classes]
        if strange:
            what = f"has pixels of {strange[0]!r}, which the system does not know"
            raise BadData(what, where=whole.source or None, mend=f"it knows {', '.join(self.classes)}")
        self._table = np.full(256, VOID, np.uint8)
        self._table[: len(own)] = [self.classes.index(name) for name in own]
        self._as_is = own == self.classes

    def regions(self, index: int) -> Labels:
        if self._painted:
            return np.asarray(self._table[self._paint(index)], np.uint8)
        found = self.whole.regions(index)
        if not found.size:
            raise BadData("has no label map", where=self.place(index), mend="segmentation needs one for each picture")
        return found if self._as_is else np.asarray(self._table[found], np.uint8)

    def _paint(self, index: int) -> Labels:
        things, masks = self.whole.things(index), self.whole.masks(index)
        out = np.zeros(masks.shape[1:], np.uint8)
        for row in np.argsort(-masks.sum(axis=(1, 2)), kind="stable").tolist():
            out[masks[row]] = VOID if things.flags[row] == 2 else 1 + things.labels[row]
        return out


def named_regions(dataset: Dataset) -> tuple[str, ...]:
    """What pixels of the data set can be."""
    if dataset.region_names:
        return dataset.region_names
    some = range(min(GLANCE, len(dataset)))
    if not any(thing.mask is not None for index in some for thing in dataset.scene(index).objects):
        mend = "segmentation needs label maps or masks: see docs/data.md for labels:, voc: and coco:"
        raise BadData("does not say which pixels are what", where=dataset.source or None, mend=mend)
    return (BACKGROUND, *(name for name in dataset.classes if name != BACKGROUND))


def placed_map(labels: Labels, place: Placement) -> Labels:
    """(height, width) of `place.size`: the label of the pixel of the picture in which each pixel's middle lies; void where there
    is no picture."""
    rows, columns = (_sources(place, axis, labels.shape[1 - axis]) for axis in (1, 0))
    out: Labels = labels[np.ix_(rows.clip(0), columns.clip(0))]
    if (rows < 0).any() or (columns < 0).any():
        out[rows < 0] = VOID
        out[:, columns < 0] = VOID
    return out


def _sources(place: Placement, axis: int, extent: int) -> npt.NDArray[np.int64]:
    """For each pixel along an axis (0 across, 1 down) the picture's own, -1 outside."""
    at = np.arange(place.size[axis]) + 0.5
    if axis == 0 and place.flip:
        at = place.size[0] - at
    source = np.floor((at - place.shift[axis]) / place.scale[axis] + 1e-6).astype(np.int64)
    before, after = (max(place.pad[end], place.smear[end]) for end in (axis, axis + 2))
    shown = (at > before) & (at < place.size[axis] - after)  # a cropped picture goes on beneath
    return np.where((source >= 0) & (source < extent) & shown, source, -1)


def evened(dataset: Dataset, power: float) -> tuple[float, ...]:
    """A weight for each class: (median frequency / its frequency) to `power`, a frequency being its share of the pixels of those
    pictures that it occurs in (Eigen and Fergus, 2015); 1 for a class without a pixel."""
    k = len(dataset.classes)
    pixels, extent = np.zeros(k), np.zeros(k)
    for index in np.linspace(0, len(dataset) - 1, min(COUNTED, len(dataset))).round().astype(int).tolist():
        count = np.bincount(dataset.regions(index).reshape(-1), minlength=256)[:k]
        pixels += count
        extent += count.sum() * (count > 0)
    there = pixels > 0
    if not there.any():
        raise BadData("has no pixel of a class", where=dataset.source or None)
    often = np.divide(pixels, extent, out=np.ones(k), where=there)
    weights = np.where(there, (np.median(often[there]) / often) ** power, 1.0)
    return tuple(round(float(weight), 4) for weight in weights)


class Maps(Pictures):
    """Pictures with label maps; what can be said are the names of regions."""

    noun = "pictures"
    tries = "segment --model {} PICTURE"

    def splits(self, name: str, kind: Kind, config: Any) -> Splits:
        found = super().splits(name, kind, config)
        train = Mapped(found.train)
        held, test = (Mapped(each, train.classes) if each is not None else None for each in (found.held, found.test))
        return Splits(train, held, test, found.how)

    def open(self, name: str, split: str, kind: Kind, system: System[Any]) -> Dataset:
        return Mapped(super().open(name, split, kind, system), system.classes)

    def known(self, system: System[Any]) -> None:
        return None

    def check(self, name: str, splits: Splits, fewest: int, *, allow: bool, say: Callable[[str], None]) -> None:
        bare = Splits(splits.train.whole, splits.held.whole, splits.test, splits.how)
        super().check(name, bare, 1, allow=allow, say=say)
        if len(splits.train.classes) < fewest:
            raise BadData(f"has {len(splits.train.classes)} kinds of regions", where=name, mend="two or more are needed")

    def settled(self, kind: type[System[Any]], config: Any, train: Any, stage: Stage) -> Any:
        """How much each class counts follows from the data, where the stage wants them evened out."""
        if stage.balance == "sampling":
            mend = "balance=weights makes rare classes count for more"
            raise BadConfig("pictures of many classes cannot be drawn by class", where="--set balance", mend=mend)
        config = super().settled(kind, config, train, stage)
        return replace(config, weights=evened(train, config.evening)) if stage.balance == "weights" else config

    def prepare(self, data: Any) -> None:
        super().prepare(_bare(data))
        data.regions(0)  # the storybook draws all of them when the first is asked for

    def world(self, data: Any, name: str) -> str:
        return super().world(_bare(data), name)


def _bare(data: Any) -> Any:
    return data.whole if isinstance(data, Mapped) else data
