"""Pictures held out of a data set that has no split for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from looksay.data.dataset import Dataset, RawItem, Things
from looksay.errors import BadData
from looksay.scene import Caption, Scene


class Subset(Dataset):
    """Some pictures of another data set, in its order."""

    def __init__(self, whole: Dataset, places: Sequence[int] | npt.NDArray[np.int64], split: str) -> None:
        self.whole, self._places, self.split = whole, np.asarray(places, np.int64), split
        self.format, self.source, self.classes, self.synsets = whole.format, whole.source, whole.classes, whole.synsets
        self.region_names, self.category_ids = whole.region_names, whole.category_ids

    def __len__(self) -> int:
        return len(self._places)

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        return self.whole.picture(int(self._places[index]))

    def scene(self, index: int) -> Scene:
        return self.whole.scene(int(self._places[index]))

    def raw(self, index: int) -> RawItem:
        return self.whole.raw(int(self._places[index]))

    def target(self, index: int) -> int:
        return self.whole.target(int(self._places[index]))

    def things(self, index: int) -> Things:
        return self.whole.things(int(self._places[index]))

    def regions(self, index: int) -> npt.NDArray[np.uint8]:
        return self.whole.regions(int(self._places[index]))

    def masks(self, index: int) -> npt.NDArray[np.bool_]:
        return self.whole.masks(int(self._places[index]))

    def traits(self, index: int) -> tuple[Mapping[str, str], ...]:
        return self.whole.traits(int(self._places[index]))

    def captions(self, index: int) -> tuple[Caption, ...]:
        return self.whole.captions(int(self._places[index]))

    def name(self, index: int) -> str:
        return self.whole.name(int(self._places[index]))

    def place(self, index: int) -> str:
        return self.whole.place(int(self._places[index]))


def held_out(whole: Dataset, share: float = 0.1) -> tuple[Subset, Subset]:
    """(kept, held out). A picture is held out by a hash of its name: the same ones every time, also when others are added."""
    marks = np.array([hashlib.sha256(whole.name(i).encode()).digest()[0] for i in range(len(whole))])
    held = marks < 256 * share
    if not held.any() or held.all():
        raise BadData(f"has {len(whole)} pictures, too few to hold some out", where=whole.source or None, mend="add a val split")
    return Subset(whole, np.flatnonzero(~held), "train"), Subset(whole, np.flatnonzero(held), "held out")
