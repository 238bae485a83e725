"""What every reader gives: pictures, each with the Scene of its truth, and the raw annotations that the Scene was made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData
from looksay.scene import VOID, Caption, Objects, Scene, Thing


@dataclass
class RawBox:
    """A box as its file has it, converted to xyxy, neither checked nor mended. `where`: 'file:line' or 'file, annotation 17'."""

    name: str
    box: tuple[float, float, float, float]
    where: str
    id: str = ""
    flags: frozenset[str] = frozenset()  # crowd, difficult, truncated, occluded


@dataclass
class RawCaption:
    """A caption as its file has it. `fault`: why its reader refuses it; its text is empty then."""

    text: str
    where: str
    id: str = ""
    language: str = "en"
    fault: str = ""


@dataclass
class RawItem:
    """One picture's annotations as the files state them. `size` is (width, height) as stated, or None."""

    id: str
    path: str
    where: str
    size: tuple[int, int] | None = None
    labels: list[str] = field(default_factory=list)
    boxes: list[RawBox] = field(default_factory=list)
    captions: list[RawCaption] = field(default_factory=list)


@dataclass(frozen=True)
class Things:
    """The boxes of a picture: (n, 4) xyxy in its pixels, numbers of classes (n,), and what is not to be counted: 1 difficult,
    2 a crowd, else 0."""

    boxes: npt.NDArray[np.float64]
    labels: npt.NDArray[np.int64]
    flags: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def objects(self, classes: Sequence[str]) -> Objects:
        rows = zip(self.boxes.tolist(), self.labels.tolist(), self.flags.tolist(), strict=True)
        return Objects(
            tuple(Thing(classes[label], tuple(box), crowd=flag == 2, difficult=flag == 1) for box, label, flag in rows)
        )


class Dataset(ABC, Sequence[tuple[npt.NDArray[np.uint8], Scene]]):
    """A split of a data set. An index costs at most 200 bytes a picture; pictures are read only when they are asked for.

    `d[i]` is (picture, truth): the picture uint8 RGB of shape (height, width, 3), upright (EXIF applied).
    """

    format: str = ""
    source: str = ""
    split: str = ""
    classes: tuple[str, ...] = ()
    synsets: Mapping[str, str] = {}  # class name → synset, where the format has them
    region_names: tuple[str, ...] = ()  # what the numbers of `regions` mean
    category_ids: Mapping[str, int] = {}  # class name → its number in the files, where they need not count from 0
    problems: tuple[BadData, ...] = ()  # of the set as a whole: annotations of no picture, ids used twice …

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        """Decoded, upright, RGB. Raises BadPicture."""

    def draft(self, index: int, at_least: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """The picture, perhaps at a fraction of its size, but no smaller than `at_least` (width, height): faster to decode."""
        return self.picture(index)

    def file(self, index: int) -> Path | None:
        """The file that holds this picture and no other, if there is one."""
        return None

    @abstractmethod
    def scene(self, index: int) -> Scene:
        """The truth, without decoding the picture where the format allows it. Raises BadData with file and line."""

    @abstractmethod
    def raw(self, index: int) -> RawItem:
        """The annotations as they stand in the files, for the doctor."""

    def target(self, index: int) -> int:
        """The index in `classes` of the picture's label (its subject), cheap; -1 when it has none."""
        labels = self.scene(index).labels
        return self.classes.index(labels[0].name) if labels else -1

    def things(self, index: int) -> Things:
        """The boxes of the truth as arrays, cheap: a training asks for them again in every epoch."""
        objects = self.scene(index).objects
        numbers = {name: number for number, name in enumerate(self.classes)}
        return Things(
            objects.boxes(),
            np.array([numbers[thing.name] for thing in objects], np.int64),
            np.array([2 if thing.crowd else int(thing.difficult) for thing in objects], np.int64),
        )

    def regions(self, index: int) -> npt.NDArray[np.uint8]:
        """What every pixel belongs to, cheap: (height, width), numbers into `region_names`, 255 where it is not to be counted;
        (0, 0) for a picture whose pixels nobody named."""
        found = self.scene(index).regions
        if not found:
            return found.ids
        table = np.full(256, VOID, np.uint8)
        for code, name in enumerate(found.names):
            table[code] = self.region_names.index(name)
        return table[found.ids]

    def masks(self, index: int) -> npt.NDArray[np.bool_]:
        """The pixels of each of `things`, cheap: (n, height, width). A thing whose pixels nobody marked has none."""
        scene = self.scene(index)
        out = np.zeros((len(scene.objects), *scene.size[::-1]), np.bool_)
        for row, thing in zip(out, scene.objects, strict=True):
            if thing.mask is not None:
                row[:] = thing.mask.array()
        return out

    def traits(self, index: int) -> tuple[Mapping[str, str], ...]:
        """What is known of each thing, in the order of `masks`: its kind, its colour, what it does."""
        return tuple({"kind": thing.name, **thing.attributes} for thing in self.scene(index).objects)

    def captions(self, index: int) -> tuple[Caption, ...]:
        """What is said of the picture, cheap: a training asks for it again in every epoch."""
        return self.scene(index).captions

    def name(self, index: int) -> str:
        """The picture's own id."""
        return self.raw(index).id

    def place(self, index: int) -> str:
        """Where the picture's truth stands, for messages."""
        return self.raw(index).where

    def __getitem__(self, index: int) -> tuple[npt.NDArray[np.uint8], Scene]:  # type: ignore[override]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        picture, scene = self.picture(index % len(self)), self.scene(index % len(self))
        if picture.shape[:2] != scene.size[::-1]:
            stated, found = (f"{width} × {height}" for width, height in (scene.size, picture.shape[1::-1]))
            what = f"annotated as {stated}, but the upright picture is {found}: its boxes would lie in the wrong places"
            raise BadData(
                what, where=self.place(index % len(self)), mend="correct the stated size, or fetch the original picture"
            )
        return picture, scene

    def __iter__(self) -> Iterator[tuple[npt.NDArray[np.uint8], Scene]]:
        return (self[index] for index in range(len(self)))
