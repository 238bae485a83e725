"""Classes as folders: cat/001.jpg, dog/7.png; or a folder for each split with the classes below it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from looksay.data import pictures
from looksay.data.dataset import Dataset, RawItem
from looksay.data.files import SPLITS, PictureFiles, canonical, fixed_classes, joined, split_names, subfolders
from looksay.data.index import Strings, narrow
from looksay.errors import BadData
from looksay.scene import Label, Labels, Scene

# Folders of other formats: where one stands, the folders beside it are not classes.
OTHERS = {"images", "labels", "annotations", "jpegimages", "imagesets", "segmentationclass", "segmentationobject", "masks"}


class ImageFolder(PictureFiles):
    """The label of a picture is the name of its folder. Ids are paths below the root."""

    def __init__(self, root: Path, names: Strings, targets: Sequence[int], classes: tuple[str, ...]) -> None:
        super().__init__(root, names)
        self.classes = classes
        self._targets = narrow(np.asarray(targets, dtype=np.int64))

    def target(self, index: int) -> int:
        return int(self._targets[index])

    def label(self, index: int) -> Label:
        name = self.classes[self.target(index)]
        return Label(name, synset=self.synsets.get(name, ""))

    def scene(self, index: int) -> Scene:
        return Scene(self.size(index), id=self.name(index), labels=Labels((self.label(index),)))

    def raw(self, index: int) -> RawItem:
        return RawItem(self.name(index), str(self.path(index)), self.place(index), labels=[self.label(index).name])


def claims(root: Path) -> bool:
    if not root.is_dir() or any(folder.name.lower() in OTHERS for folder in subfolders(root)):
        return False
    try:
        bases = list(_split_folders(root).values()) or [root]
    except BadData:
        return True  # load says what is wrong
    names = {folder.name for base in bases for folder in subfolders(base) if any(_pictures(folder))}
    return bool(names) and not all(canonical(name) in SPLITS for name in names)


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_split_folders(root))


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    bases = _split_folders(root)
    everywhere = {folder.name for base in bases.values() or [root] for folder in subfolders(base)}
    known = fixed_classes(sorted(everywhere), classes, str(root))
    if not known:
        raise BadData("has no folders of pictures", where=str(root), mend="a folder for each class: cat/001.jpg, dog/002.jpg")
    if not bases:
        return _load(root, "", known)
    return joined([_load(root, bases[name].name, known) for name in ([split] if split else bases)])


def _load(root: Path, below: str, classes: tuple[str, ...]) -> ImageFolder:
    number = {name: index for index, name in enumerate(classes)}
    targets: list[int] = []

    def names() -> Iterator[str]:
        for folder in subfolders(root / below):
            for path in _pictures(folder):
                targets.append(number[folder.name])
                yield os.path.relpath(path, root)

    return ImageFolder(root, Strings(names()), targets, classes)


def _split_folders(root: Path) -> dict[str, Path]:
    """Split → its folder. A folder is a split if it bears the name of one and holds folders of pictures, but no pictures."""
    named, classes = [], []
    for folder in subfolders(root):
        direct = any(map(pictures.is_picture_name, os.listdir(folder)))
        if not direct and canonical(folder.name) in SPLITS and any(any(_pictures(below)) for below in subfolders(folder)):
            named.append(folder)
        elif direct:
            classes.append(folder)
    if named and classes:
        what = f"{named[0].name!r} looks like a split, {classes[0].name!r} like a class"
        raise BadData(what, where=str(root), mend="have either classes or splits in one folder")
    return {split: root / name for split, name in split_names(folder.name for folder in named).items()}


def _pictures(folder: Path, above: tuple[tuple[int, int], ...] = ()) -> Iterator[str]:
    """All pictures below, sorted. Folders that are their own ancestors (links in a loop) are not entered again."""
    status = os.stat(folder)
    key = (status.st_dev, status.st_ino)
    if key in above:
        return
    with os.scandir(folder) as found:
        entries = sorted((entry for entry in found if not entry.name.startswith(".")), key=lambda entry: entry.name)
    for entry in entries:
        if entry.is_dir():
            yield from _pictures(Path(entry.path), (*above, key))
        elif pictures.is_picture_name(entry.name) and entry.is_file():
            yield entry.path
