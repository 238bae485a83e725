"""COCO: things with polygons, run lengths and crowds, and captions. Boxes in the files are x, y, width, height."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from looksay.data import karpathy, rle
from looksay.data.captioned import sound
from looksay.data.coco_results import Results, read_results, write_results
from looksay.data.coco_table import (
    Notes,
    Table,
    attributes_of,
    box_of,
    box_of_mask,
    caption_of,
    flags_of,
    id_key,
    read_table,
    stated_side,
    usable_images,
)
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import PictureFiles, canonical, fixed_classes, joined, labels_of, split_names, subfolders, true_thing
from looksay.data.index import Strings, narrow
from looksay.errors import BadData
from looksay.scene import Caption, Objects, Scene, Size, Thing

__all__ = ["Coco", "Results", "claims", "load", "read_results", "splits", "write_results"]

KINDS = ("instances_", "captions_", "person_keypoints_", "image_info_")
ROBOFLOW = "_annotations.coco.json"


class Coco(PictureFiles):
    """Ids are those of the file, as text."""

    def __init__(self, root: Path, things: Table, captions: Table | None, classes: Sequence[str] | None) -> None:
        kept, number = usable_images(things, root)
        super().__init__(root, (str(image["file_name"]) for _, image in kept))
        self.listing = things.file.path
        self._ids = Strings(str(image["id"]) for _, image in kept)
        sizes = [(stated_side(image, "width"), stated_side(image, "height")) for _, image in kept]
        self._sizes = np.array(sizes, np.int32).reshape(-1, 2)
        self._places = narrow(np.array([place for place, _ in kept], np.int64))
        self._names = things.categories
        self.category_ids = {name: id for id, name in things.categories.items()}
        self.classes = fixed_classes(self.category_ids, classes, str(self.listing))
        self._things = Notes(things, number) if things is not captions else None
        self._captions = Notes(captions, number) if captions is not None else None
        self.problems = tuple(things.problems + (captions.problems if captions is not None and captions is not things else []))

    def name(self, index: int) -> str:
        return self._ids[index]

    def place(self, index: int) -> str:
        return f"{self.listing.name}, image {int(self._places[index])} (id {self.name(index)})"

    @property
    def nbytes(self) -> int:
        """What the index costs in memory."""
        notes = sum(each.nbytes for each in (self._things, self._captions) if each is not None)
        return self.names.nbytes + self._ids.nbytes + int(self._sizes.nbytes + self._places.nbytes) + notes

    def stated(self, index: int) -> Size | None:
        width, height = self._sizes[index].tolist()
        return None if width == 0 and height == 0 else (width, height)

    def raw(self, index: int) -> RawItem:
        item = RawItem(self.name(index), str(self.path(index)), self.place(index), self.stated(index))
        for where, found in self._things[index] if self._things else ():
            box = box_of(found, where) or box_of_mask(found, self.extent(index), where)
            item.boxes.append(RawBox(self._class(found), box, where, str(found.get("id", "")), flags_of(found)))
        item.captions = [caption_of(found, where) for where, found in (self._captions[index] if self._captions else ())]
        return item

    def scene(self, index: int) -> Scene:
        size = self.extent(index)
        things = [self._thing(found, size, where) for where, found in (self._things[index] if self._things else ())]
        return Scene(
            size, id=self.name(index), labels=labels_of(things), objects=Objects(tuple(things)), captions=self.captions(index)
        )

    def captions(self, index: int) -> tuple[Caption, ...]:
        return tuple(sound(caption_of(found, where)) for where, found in (self._captions[index] if self._captions else ()))

    def extent(self, index: int) -> Size:
        """(width, height) as stated; from the picture where nothing is."""
        stated = self.stated(index)
        if stated is None:
            return self.size(index)
        if min(stated) <= 0:
            raise BadData("states no size that could be true", where=self.place(index), mend="width and height in pixels")
        return stated

    def _class(self, found: Mapping[str, Any]) -> str:
        id = found.get("category_id")
        return self._names.get(id_key(id), f"category {id!r:.40}")

    def _thing(self, found: Mapping[str, Any], size: Size, where: str) -> Thing:
        mask = rle.mask_of(found.get("segmentation"), size, where)
        box = box_of(found, where) or box_of_mask(found, size, where)
        raw = RawBox(self._class(found), box, where, str(found.get("id", "")), flags_of(found))
        return true_thing(raw, size, self.classes, mask, attributes_of(found))


@dataclass(frozen=True)
class Files:
    """The annotation files of a split."""

    things: Path
    captions: Path | None
    name: str  # as the files have it: val2017


def _files(root: Path) -> dict[str, Files]:
    """Split → its files; the key "" where there is only the whole."""
    if root.is_file():
        return {"": Files(root, None, root.stem.removeprefix("instances_").removeprefix("captions_"))}
    parts = {
        folder.name: Files(folder / ROBOFLOW, None, folder.name) for folder in subfolders(root) if (folder / ROBOFLOW).is_file()
    }
    if parts:
        return {name: parts[of] for name, of in split_names(parts).items()}
    folder = root / "annotations" if (root / "annotations").is_dir() else root
    there = {path.stem: path for path in sorted(folder.glob("*.json")) if not path.name.startswith(".")}
    names = {stem[len(kind) :] for stem in there for kind in KINDS if stem.startswith(kind)}
    if not names:
        names = {stem for stem in there if canonical(stem) in ("train", "val", "test")}
        if not names:
            return {"": Files(next(iter(there.values())), None, "")} if len(there) == 1 else {}
    found = {}
    for short, name in split_names(names).items():
        paths = [there[stem] for stem in (*(kind + name for kind in KINDS), name) if stem in there]
        captions = there.get(f"captions_{name}")
        things = next((path for path in paths if path != captions), captions)
        if things is not None:
            found[short] = Files(things, captions, name)
    return found


def claims(root: Path) -> bool:
    if root.is_file():
        return root.suffix.lower() == ".json" and not karpathy.claims(root)
    first = next(iter(_files(root).values()), None)
    return first is not None and b'"images"' in _head(first.things) and not karpathy.claims(first.things)


def _head(path: Path) -> bytes:
    """Enough of a file to tell what it is: COCO's own begin with info and licences, others end with the images."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
        file.seek(max(0, path.stat().st_size - (1 << 22)))
        return start + file.read()


def splits(root: Path) -> tuple[str, ...]:
    return tuple(name for name in _files(root) if name)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    found = _files(root)
    if not found:
        mend = "annotations/instances_train.json, or name the file itself: coco:path/to/file.json"
        raise BadData("has no annotation files of COCO", where=str(root), mend=mend)
    return joined([_load(root, found[name], classes) for name in ([split] if split else found)])


def _load(root: Path, files: Files, classes: Sequence[str] | None) -> Coco:
    things = read_table(files.things)
    if files.captions is not None and files.captions != files.things:
        captions: Table | None = read_table(files.captions)
    else:
        captions = things if things.captioned or files.captions else None
    return Coco(_picture_folder(root, files, things), things, captions, classes)


def _picture_folder(root: Path, files: Files, table: Table) -> Path:
    """The first likely folder that holds the first picture."""
    home = files.things.parent if root.is_file() else root
    above = [home, home.parent] if home.name == "annotations" else [home]
    inner = [files.name, canonical(files.name), f"images/{files.name}", f"images/{canonical(files.name)}", "images", "JPEGImages"]
    likely = [folder / name for folder in above for name in inner if name] + [files.things.parent, *above]
    names = [image.get("file_name") for _, image in table.images[:1]]
    for folder in likely:
        if all(isinstance(name, str) and (folder / name).is_file() for name in names):
            return folder
    return next((folder for folder in likely if folder.is_dir()), home)
