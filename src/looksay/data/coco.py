"""COCO: things with polygons, run lengths and crowds, and captions. Boxes in the files are x, y, width, height."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from looksay.data import rle
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import (
    PictureFiles,
    canonical,
    fixed_classes,
    inside,
    joined,
    labels_of,
    split_names,
    subfolders,
    true_thing,
)
from looksay.data.index import Groups, Strings, narrow
from looksay.data.jsonfile import JsonFile
from looksay.errors import BadData
from looksay.scene import BoxXYXY, Caption, Objects, Scene, Size, Thing

KINDS = ("instances_", "captions_", "person_keypoints_", "image_info_")
ROBOFLOW = "_annotations.coco.json"
MOST_PROBLEMS = 1000
FLAGS = ("difficult", "truncated", "occluded")


@dataclass
class Table:
    """What one annotation file holds, before it is tied to pictures."""

    file: JsonFile
    images: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    categories: dict[Any, str] = field(default_factory=dict)
    owners: list[Any] = field(default_factory=list)  # the image id of each annotation
    places: array[int] = field(default_factory=lambda: array("q"))  # its place in the list
    starts: array[int] = field(default_factory=lambda: array("q"))  # where it begins in the file
    problems: list[BadData] = field(default_factory=list)

    def blame(self, what: str, where: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(BadData(what, where=f"{self.file.path.name}, {where}"))


class Notes:
    """The annotations of each picture, read from their file when they are asked for."""

    def __init__(self, table: Table, number: Mapping[Any, int]) -> None:
        owners = np.array([number.get(_key(owner), -1) for owner in table.owners], np.int64)
        for row in np.flatnonzero(owners < 0)[:MOST_PROBLEMS].tolist():
            table.blame(f"speaks of image {table.owners[row]!r:.40}, which is not listed", f"annotation {table.places[row]}")
        self._file, self._rows = table.file, Groups(owners, len(number))
        self._starts = narrow(np.array([*table.starts, table.file.path.stat().st_size], np.int64))
        self._places = None if _counts(table.places) else narrow(np.array(table.places, np.int64))

    def __getitem__(self, picture: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """(where it stands, the annotation)"""
        for row in self._rows[picture]:
            found = self._file.at(int(self._starts[row]), int(self._starts[row + 1]))
            place = row if self._places is None else int(self._places[row])
            yield f"{self._file.path.name}, annotation {place} (id {found.get('id')!r:.40})", found

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + int(self._starts.nbytes) + (0 if self._places is None else int(self._places.nbytes))


class Coco(PictureFiles):
    """Ids are those of the file, as text."""

    def __init__(self, root: Path, things: Table, captions: Table | None, classes: Sequence[str] | None) -> None:
        kept, number = _pictures(things, root)
        super().__init__(root, (str(image["file_name"]) for _, image in kept))
        self.listing = things.file.path
        self._ids = Strings(str(image["id"]) for _, image in kept)
        sizes = [(_side(image, "width"), _side(image, "height")) for _, image in kept]
        self._sizes = np.array(sizes, np.int32).reshape(-1, 2)
        self._places = narrow(np.array([place for place, _ in kept], np.int64))
        self._names = things.categories
        self.category_ids = {name: id for id, name in things.categories.items()}
        self.classes = fixed_classes(self.category_ids, classes, str(self.listing))
        self._things = Notes(things, number) if things.categories or not captions else None
        self._captions = Notes(captions, number) if captions else None
        self.problems = tuple(things.problems + (captions.problems if captions else []))

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
            box = _box(found, where) or _mask_box(found, self._size(index), where)
            item.boxes.append(RawBox(self._class(found), box, where, str(found.get("id", "")), _flags(found)))
        return item

    def scene(self, index: int) -> Scene:
        size = self._size(index)
        things = [self._thing(found, size, where) for where, found in (self._things[index] if self._things else ())]
        captions = [_caption(found, where) for where, found in (self._captions[index] if self._captions else ())]
        return Scene(
            size, id=self.name(index), labels=labels_of(things), objects=Objects(tuple(things)), captions=tuple(captions)
        )

    def _size(self, index: int) -> Size:
        """As stated; from the picture where nothing is."""
        stated = self.stated(index)
        if stated is None:
            return self.size(index)
        if min(stated) <= 0:
            raise BadData("states no size that could be true", where=self.place(index), mend="width and height in pixels")
        return stated

    def _class(self, found: Mapping[str, Any]) -> str:
        id = found.get("category_id")
        return self._names.get(_key(id), f"category {id!r:.40}")

    def _thing(self, found: Mapping[str, Any], size: Size, where: str) -> Thing:
        mask = rle.mask_of(found.get("segmentation"), size, where)
        box = _box(found, where) or _mask_box(found, size, where)
        raw = RawBox(self._class(found), box, where, str(found.get("id", "")), _flags(found))
        return true_thing(raw, size, self.classes, mask, _attributes(found))


def _key(id: Any) -> Any:
    """Ids are whole numbers or text; what cannot be an id finds nothing."""
    return id if type(id) in (int, str) else None


def _counts(places: array[int]) -> bool:
    return len(places) == 0 or (places[0] == 0 and places[-1] == len(places) - 1)


def _side(image: Mapping[str, Any], name: str) -> int:
    """0 where nothing is stated, -1 where it cannot be true."""
    value = image.get(name)
    if value is None:
        return 0
    return value if type(value) is int and 0 < value < 1 << 31 else -1


def _box(found: Mapping[str, Any], where: str) -> BoxXYXY | None:
    box = found.get("bbox")
    if box is None:
        return None
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        raise BadData(f"its bbox should be four numbers, is {box!r:.60}", where=where, mend="x, y, width, height")
    x, y, width, height = (float(value) for value in box)
    return x, y, x + width, y + height


def _mask_box(found: Mapping[str, Any], size: Size, where: str) -> BoxXYXY:
    segmentation = found.get("segmentation")
    around = rle.box_of(segmentation)
    if around is None and isinstance(segmentation, dict):
        mask = rle.mask_of(segmentation, size, where)
        around = mask.box() if mask is not None else None
    if around is None:
        raise BadData("has neither a bbox nor a segmentation", where=where)
    return around


def _flags(found: Mapping[str, Any]) -> frozenset[str]:
    extra = found.get("attributes")
    said = extra if isinstance(extra, dict) else {}
    return frozenset([*(["crowd"] if found.get("iscrowd") else []), *(flag for flag in FLAGS if said.get(flag) is True)])


def _attributes(found: Mapping[str, Any]) -> dict[str, str]:
    """'area' is the official one, by which small, medium and large are told; it may differ from that of the drawn mask."""
    extra = found.get("attributes")
    plain = {str(name): str(value) for name, value in extra.items() if name not in FLAGS} if isinstance(extra, dict) else {}
    area = found.get("area")
    return plain | ({"area": repr(area)} if isinstance(area, (int, float)) and math.isfinite(area) else {})


def _caption(found: Mapping[str, Any], where: str) -> Caption:
    text = found.get("caption")
    if not isinstance(text, str):
        raise BadData("has no caption", where=where)
    return Caption(text, id=str(found.get("id", "")))


def read_table(path: Path) -> Table:
    """One pass over the file. What is wrong with single annotations is found when they are asked for."""
    table, seen = Table(JsonFile(path)), dict[Any, int]()
    keys = set()
    for key, place, start, value in table.file.walk():
        keys.add(key)
        if key == "annotations":
            _enter(table, place, start, value, seen)
        elif key == "images" and place >= 0:
            if isinstance(value, dict):
                table.images.append((place, value))
            else:
                table.blame(f"should be an object, is {value!r:.40}", f"image {place}")
        elif key == "categories" and place >= 0:
            _category(table, place, value)
    if "images" not in keys:
        raise BadData("has no list of images", where=str(path), mend="COCO files have images, annotations and categories")
    return table


def _enter(table: Table, place: int, start: int, value: Any, seen: dict[Any, int]) -> None:
    if not isinstance(value, dict):
        table.blame(f"should be an object, is {value!r:.40}", f"annotation {place}")
        return
    id = _key(value.get("id"))
    if id is not None and seen.setdefault(id, place) != place:
        table.blame(f"has the id {id!r}, as has annotation {seen[id]}", f"annotation {place}")
    table.owners.append(value.get("image_id"))
    table.places.append(place)
    table.starts.append(start)


def _category(table: Table, place: int, value: Any) -> None:
    where = f"{table.file.path.name}, category {place}"
    id, name = (value.get("id"), value.get("name")) if isinstance(value, dict) else (None, None)
    if _key(id) is None or not isinstance(name, str) or not name:
        raise BadData(f"should have an id and a name, is {value!r:.60}", where=where)
    if isinstance(id, int) and id < 0:
        raise BadData(f"has the negative id {id}", where=where)
    if id in table.categories or name in table.categories.values():
        raise BadData(f"has the id {id!r} and the name {name!r}, one of which another category has", where=where)
    table.categories[id] = name


def _pictures(table: Table, root: Path) -> tuple[list[tuple[int, dict[str, Any]]], dict[Any, int]]:
    """The images that can be used, and the number of each by its id."""
    kept: list[tuple[int, dict[str, Any]]] = []
    number: dict[Any, int] = {}
    for place, image in table.images:
        id, name = _key(image.get("id")), image.get("file_name")
        where = f"image {place} (id {image.get('id')!r:.40})"
        if id is None or not isinstance(name, str) or not name:
            table.blame("should have an id and a file_name", where)
        elif id in number:
            table.blame(f"has the id of image {kept[number[id]][0]}", where)
        else:
            try:
                inside(root, name, where)
            except BadData as error:
                table.blame(error.what, where)
                continue
            number[id] = len(kept)
            kept.append((place, image))
    return kept, number


@dataclass(frozen=True)
class Files:
    """The annotation files of a split."""

    things: Path
    captions: Path | None
    name: str  # as the files have it: val2017


def _files(root: Path) -> dict[str, Files]:
    """Split → its files; the key "" where there is only the whole."""
    if root.is_file():
        return {"": Files(root, None, root.stem.removeprefix("instances_"))}
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
        return root.suffix.lower() == ".json"
    found = _files(root)
    return bool(found) and all(b'"images"' in _head(files.things) for files in list(found.values())[:1])


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
    captions = things if files.captions == files.things else read_table(files.captions) if files.captions else None
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
