"""Folders of pictures with folders of label pictures beside them, whose numbers or colours are classes: CamVid, Cityscapes and
whatever has images/ and labels/ with a table of names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from looksay.data import label_tables, masks, pictures
from looksay.data.dataset import Dataset, RawItem
from looksay.data.files import PictureFiles, canonical, fixed_classes, holds_pictures, joined, split_names, subfolders
from looksay.data.index import Strings
from looksay.data.label_tables import Table
from looksay.data.masks import BACKGROUND, MaskCode
from looksay.errors import BadData, BadPicture
from looksay.scene import VOID, Label, Labels, Regions, Scene

SHOWN = ("images", "imgs", "pictures", "701_StillsRaw_full", "img_dir")
MARKED = ("labels", "annotations", "masks", "LabeledApproved_full", "ann_dir")
BESIDE = "annot"  # 'trainannot' beside 'train'
ENDINGS = ("", "_L", "_label", "_labels", "_mask", "_labelTrainIds", "_labelIds", "_gtFine_labelTrainIds", "_gtFine_labelIds")
STREET, STREET_MARKS = "leftImg8bit", "gtFine"


@dataclass(frozen=True)
class Part:
    """A split: two folders, relative to the root."""

    shown: str
    marked: str


class LabelFolders(PictureFiles):
    """Ids are the paths of the pictures below their folder, without ending."""

    def __init__(self, root: Path, pairs: Sequence[tuple[str, str]], table: Table, names: tuple[str, ...], part: Part) -> None:
        super().__init__(root, (shown for shown, _ in pairs))
        self._marks = Strings(marked for _, marked in pairs)
        self._part, self.region_names = part, names
        self.classes = tuple(name for name in names if name != BACKGROUND)
        number = {name: at for at, name in enumerate(names)} | {"": VOID}
        self._numbers = np.full(1 << 16, -1, np.int16)
        self._numbers[VOID] = VOID
        for code, name in table.numbers.items():
            self._numbers[code] = number[name]
        self._colours = {colour: number[name] for colour, name in table.colours.items()}

    def name(self, index: int) -> str:
        return os.path.splitext(os.path.relpath(self.names[index], self._part.shown))[0]

    def place(self, index: int) -> str:
        return str(self.marks(index))

    def marks(self, index: int) -> Path:
        """The label picture."""
        return self.root / self._marks[index]

    def regions(self, index: int) -> npt.NDArray[np.uint8]:
        path = self.marks(index)
        try:
            codes, table = self._read(path)
        except BadPicture as error:
            raise BadData(error.what, where=error.where, mend=error.mend) from None
        masks.fits(codes.shape, self.size(index), path)
        found = table[codes]
        if found.size and int(found.min()) < 0:
            row, column = (int(place[0]) for place in np.nonzero(found < 0))
            what = f"the number {int(codes[row, column])} of the pixel in column {column}, row {row} means no class"
            raise MaskCode(what, where=str(path), mend="name it in classes.txt or label_colors.txt")
        ids: npt.NDArray[np.uint8] = found.astype(np.uint8)
        return ids

    def _read(self, path: Path) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.int16]]:
        """Codes, and what each means."""
        if not self._colours:
            return pictures.numbers(path), self._numbers
        codes, colours = pictures.codes(path)
        if colours is None:
            colours = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        table = np.full(256, -1, np.int16)
        for code, (red, green, blue) in enumerate(colours.tolist()):
            table[code] = self._colours.get((red, green, blue), -1)
        return codes, table

    def _labels(self, ids: npt.NDArray[np.uint8]) -> tuple[str, ...]:
        """The classes of a picture, that of the most pixels first."""
        count = np.bincount(ids.reshape(-1), minlength=256)[: len(self.region_names)]
        order = np.argsort(-count, kind="stable")[: int(np.count_nonzero(count))]
        return tuple(self.region_names[at] for at in order.tolist() if self.region_names[at] != BACKGROUND)

    def scene(self, index: int) -> Scene:
        ids = self.regions(index)
        labels = Labels(tuple(Label(name) for name in self._labels(ids)))
        return Scene(self.size(index), id=self.name(index), labels=labels, regions=Regions(self.region_names, ids))

    def raw(self, index: int) -> RawItem:
        return RawItem(self.name(index), str(self.path(index)), self.place(index), labels=list(self._labels(self.regions(index))))


def claims(root: Path) -> bool:
    if not root.is_dir():
        return False
    parts = _parts(root)
    if not parts:
        return False
    table = label_tables.table_of(root)
    if table is not None:
        return len(table.names) > 1 and all(holds_pictures_below(root / part.marked) for part in parts.values())
    return _usual(root, parts) is not None


def splits(root: Path) -> tuple[str, ...]:
    return tuple(name for name in _parts(root) if name)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    parts = _parts(root)
    if not parts:
        mend = "have images/ and labels/, or train/ and trainannot/, with a label picture for each picture"
        raise BadData("has no folders of label pictures", where=str(root), mend=mend)
    table = label_tables.table_of(root) or _usual(root, parts)
    if table is None:
        mend = "write classes.txt there: a name a line, the first is number 0, 'void' is not counted"
        raise BadData("does not say what the numbers of its label pictures mean", where=str(root), mend=mend)
    names = fixed_classes(table.names, classes, str(root))
    chosen = [parts[split]] if split else list(parts.values())
    return joined([LabelFolders(root, _pairs(root, part), table, names, part) for part in chosen])


def _parts(root: Path) -> dict[str, Part]:
    """Split → its folders; "" where there are no splits."""
    there = {folder.name for folder in subfolders(root)}
    beside = {name: name for name in there if f"{name}{BESIDE}" in there}
    if beside:
        return {name: Part(of, f"{of}{BESIDE}") for name, of in split_names(beside).items()}
    if {STREET, STREET_MARKS} <= there:
        shown, marked = STREET, STREET_MARKS
    else:
        shown = next((name for name in SHOWN if name in there), "")
        marked = next((name for name in MARKED if name in there), "")
    if not shown or not marked:
        return {}
    inner = {folder.name for folder in subfolders(root / shown)} & {folder.name for folder in subfolders(root / marked)}
    named = [name for name in inner if canonical(name) in ("train", "val", "test")]
    if named:
        return {name: Part(f"{shown}/{of}", f"{marked}/{of}") for name, of in split_names(named).items()}
    return {"": Part(shown, marked)}


def _usual(root: Path, parts: dict[str, Part]) -> Table | None:
    """The table of a layout that is always the same data set."""
    marked = next(iter(parts.values())).marked
    if marked.endswith(BESIDE):
        return label_tables.CAMVID
    if marked.startswith(STREET_MARKS):
        train = any(name.endswith("_labelTrainIds.png") for name in _below(root / marked))
        return label_tables.CITYSCAPES_TRAIN if train else label_tables.CITYSCAPES
    return None


def _pairs(root: Path, part: Part) -> list[tuple[str, str]]:
    """(picture, label picture) below the root."""
    marks = {os.path.splitext(name)[0]: name for name in _below(root / part.marked)}
    pairs = []
    for name in _below(root / part.shown):
        stem = os.path.splitext(name)[0].removesuffix(f"_{STREET}")
        found = next((marks[stem + ending] for ending in ENDINGS if stem + ending in marks), None)
        if found is None:
            where = str(root / part.shown / name)
            raise BadData("has no label picture", where=where, mend=f"put one of that name into {part.marked}")
        pairs.append((f"{part.shown}/{name}", f"{part.marked}/{found}"))
    return pairs


def _below(folder: Path) -> Iterator[str]:
    """Pictures at any depth, sorted, relative."""
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if pictures.is_picture_name(name):
                yield os.path.relpath(os.path.join(base, name), folder).replace(os.sep, "/")


def holds_pictures_below(folder: Path) -> bool:
    return holds_pictures(folder) or next(_below(folder), None) is not None
