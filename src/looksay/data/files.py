"""What readers share: data sets whose pictures are files below one folder, safe paths, boxes made true, splits by name."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from looksay.data import pictures
from looksay.data.dataset import Dataset, RawBox, RawItem, Things
from looksay.data.index import Strings
from looksay.errors import BadData, BadPicture, suggestion
from looksay.scene import BoxXYXY, Caption, Label, Labels, Mask, Scene, Size, Thing

SPLITS = ("train", "val", "test")
ALIASES = {"training": "train", "valid": "val", "validation": "val", "dev": "val", "testing": "test"}

T = TypeVar("T")


class MissingPicture(BadPicture, BadData):
    """An annotation of a picture that is not there: a fault of the picture and of the data set alike."""


class PictureFiles(Dataset):
    """A data set whose pictures are the files `names` below `root`."""

    def __init__(self, root: Path, names: Iterable[str]) -> None:
        self.root = root
        self.names = names if isinstance(names, Strings) else Strings(names)

    def __len__(self) -> int:
        return len(self.names)

    def path(self, index: int) -> Path:
        return self.root / self.names[index]

    def name(self, index: int) -> str:
        return self.names[index]

    def place(self, index: int) -> str:
        return str(self.path(index))

    def file(self, index: int) -> Path:
        return self.path(index)

    def size(self, index: int) -> Size:
        """(width, height), upright, from the header of the picture file."""
        return self._look(index, lambda: pictures.size(self.path(index)))

    def picture(self, index: int) -> pictures.Picture:
        return self._look(index, lambda: pictures.read(self.path(index)))

    def draft(self, index: int, at_least: Size) -> pictures.Picture:
        return self._look(index, lambda: pictures.read(self.path(index), at_least=at_least))

    def _look(self, index: int, act: Callable[[], T]) -> T:
        try:
            return act()
        except BadPicture:
            if self.path(index).exists():
                raise
            missing = f"its picture {self.names[index]} is not there"
            raise MissingPicture(missing, where=self.place(index), mend="put it there, or take its entry out") from None


class Joined(Dataset):
    """Several parts of one data set, one after the other."""

    def __init__(self, parts: Sequence[Dataset]) -> None:
        self.parts = tuple(parts)
        self.classes, self.synsets, self.category_ids = parts[0].classes, parts[0].synsets, parts[0].category_ids
        self.region_names = parts[0].region_names
        self.problems = tuple(problem for part in parts for problem in part.problems)
        self._ends = np.cumsum([len(part) for part in parts])
        for part in parts[1:]:
            if (part.classes, part.region_names) != (self.classes, self.region_names):
                raise BadData("its splits have different classes", where=part.source or None, mend="open one split at a time")

    def _part(self, index: int) -> tuple[Dataset, int]:
        which = int(np.searchsorted(self._ends, index, side="right"))
        return self.parts[which], index - (int(self._ends[which - 1]) if which else 0)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def picture(self, index: int) -> pictures.Picture:
        part, at = self._part(index)
        return part.picture(at)

    def draft(self, index: int, at_least: Size) -> pictures.Picture:
        part, at = self._part(index)
        return part.draft(at, at_least)

    def scene(self, index: int) -> Scene:
        part, at = self._part(index)
        return part.scene(at)

    def raw(self, index: int) -> RawItem:
        part, at = self._part(index)
        return part.raw(at)

    def target(self, index: int) -> int:
        part, at = self._part(index)
        return part.target(at)

    def captions(self, index: int) -> tuple[Caption, ...]:
        part, at = self._part(index)
        return part.captions(at)

    def things(self, index: int) -> Things:
        part, at = self._part(index)
        return part.things(at)

    def regions(self, index: int) -> npt.NDArray[np.uint8]:
        part, at = self._part(index)
        return part.regions(at)

    def masks(self, index: int) -> npt.NDArray[np.bool_]:
        part, at = self._part(index)
        return part.masks(at)

    def file(self, index: int) -> Path | None:
        part, at = self._part(index)
        return part.file(at)

    def name(self, index: int) -> str:
        part, at = self._part(index)
        return part.name(at)

    def place(self, index: int) -> str:
        part, at = self._part(index)
        return part.place(at)


def joined(parts: Sequence[Dataset]) -> Dataset:
    return parts[0] if len(parts) == 1 else Joined(parts)


def inside(root: Path, name: str, where: str) -> Path:
    """`root / name`, unless that would leave `root`: annotation files must not point at the rest of the disk."""
    parts = PurePosixPath(name).parts
    depth = 0
    for part in parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            break
    if not parts or depth < 0 or name.startswith("/") or "\0" in name or re.match(r"[A-Za-z]:[\\/]|\\\\", name):
        raise BadData(f"the path {name!r} leads out of the data set", where=where, mend=f"paths are relative to {root}")
    return root / name


def checked_box(raw: RawBox, size: Size, classes: Sequence[str]) -> BoxXYXY:
    """The box clipped to the picture. A box that cannot be true raises BadData with its place."""
    x1, y1, x2, y2 = raw.box
    of = f"the box of {raw.name!r}"
    if raw.name not in classes:
        mend = suggestion(raw.name, classes)
        raise BadData(f"the class {raw.name!r} is not known", where=raw.where, mend=mend)
    if not all(math.isfinite(value) for value in raw.box):
        raise BadData(f"{of} is not finite: {_numbers(raw.box)}", where=raw.where)
    if x2 < x1 or y2 < y1:
        raise BadData(f"{of} is inverted: {_numbers(raw.box)}", where=raw.where, mend="x1 < x2 and y1 < y2")
    if x2 == x1 or y2 == y1:
        raise BadData(f"{of} has no extent: {_numbers(raw.box)}", where=raw.where, mend="take it out or draw it anew")
    box = (max(x1, 0.0), max(y1, 0.0), min(x2, float(size[0])), min(y2, float(size[1])))
    if box[2] <= box[0] or box[3] <= box[1]:
        raise BadData(f"{of} lies outside the picture of {size[0]} × {size[1]}: {_numbers(raw.box)}", where=raw.where)
    return box


def true_thing(
    raw: RawBox, size: Size, classes: Sequence[str], mask: Mask | None = None, attributes: Mapping[str, str] | None = None
) -> Thing:
    """The thing of that box, checked."""
    return Thing(
        raw.name,
        checked_box(raw, size, classes),
        mask=mask,
        id=raw.id,
        crowd="crowd" in raw.flags,
        difficult="difficult" in raw.flags,
        truncated="truncated" in raw.flags,
        occluded="occluded" in raw.flags,
        attributes=attributes or {},
    )


def _numbers(box: Iterable[float]) -> str:
    return " ".join(f"{value:g}" for value in box)


def labels_of(things: Sequence[Thing]) -> Labels:
    """The kinds of the things, that of the largest first: it is taken for the subject. Crowds and difficult ones do not count."""
    plain = [thing for thing in things if not (thing.crowd or thing.difficult)]
    kinds = dict.fromkeys(thing.name for thing in sorted(plain, key=lambda thing: -thing.area))
    return Labels(tuple(Label(name) for name in kinds))


def canonical(split: str) -> str:
    """'valid' and 'val2017' mean 'val'."""
    bare = re.sub(r"[-_]?(19|20)\d\d$", "", split.lower()) or split
    return ALIASES.get(bare, bare) if ALIASES.get(bare, bare) in SPLITS else split


def split_names(found: Iterable[str]) -> dict[str, str]:
    """Name for us → name in the data set: train, val, test first; the plain name only where it is unambiguous."""
    names = sorted(set(found))
    plain = [canonical(name) for name in names]
    chosen = {(short if plain.count(short) == 1 else name): name for short, name in zip(plain, names, strict=True)}
    order = [*(name for name in SPLITS if name in chosen), *sorted(set(chosen) - set(SPLITS))]
    return {name: chosen[name] for name in order}


def fixed_classes(found: Iterable[str], wanted: Sequence[str] | None, where: str) -> tuple[str, ...]:
    """The classes in the caller's order, if the caller gave one: then the data set must not hold others. Else in its own."""
    names = tuple(found)
    if wanted is None:
        return names
    for name in names:
        if name not in wanted:
            raise BadData(f"holds the class {name!r}, which is not among those asked for", where=where)
    return tuple(wanted)


def read_bytes(path: Path, most: int | None = None) -> bytes:
    """All of a file of annotations. Raises BadData where that cannot be."""
    try:
        if most is not None and path.stat().st_size > most:
            raise BadData(f"is larger than {most >> 20} MB, too large for what it should be", where=str(path))
        return path.read_bytes()
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror or error}", where=str(path)) from None


def read_text(path: Path, most: int | None = None) -> str:
    """All of a text file in UTF-8, with or without a byte order mark."""
    data = read_bytes(path, most)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadData("is not text in UTF-8", where=f"{path}:{line}", mend="save it as UTF-8") from None


def subfolders(path: Path) -> list[Path]:
    """Sorted, without hidden ones."""
    return sorted(entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")) if path.is_dir() else []


def holds_pictures(path: Path) -> bool:
    """Directly, not in its subfolders."""
    return path.is_dir() and any(pictures.is_picture_name(entry.name) and entry.is_file() for entry in path.iterdir())
