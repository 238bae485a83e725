"""COCO's annotation files as compact tables: where each annotation stands, and to which picture it belongs."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from looksay.data import rle
from looksay.data.captioned import text_of
from looksay.data.dataset import RawCaption
from looksay.data.files import inside
from looksay.data.index import Groups, narrow
from looksay.data.jsonfile import JsonFile
from looksay.errors import BadData
from looksay.scene import BoxXYXY, Size

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
    captioned: bool = False  # its annotations are captions

    def blame(self, what: str, where: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(BadData(what, where=f"{self.file.path.name}, {where}"))


class Notes:
    """The annotations of each picture, read from their file when they are asked for."""

    def __init__(self, table: Table, number: Mapping[Any, int], kind: str = "annotation") -> None:
        """`number`: the picture of each image id."""
        owners = np.array([number.get(id_key(owner), -1) for owner in table.owners], np.int64)
        for row in np.flatnonzero(owners < 0)[:MOST_PROBLEMS].tolist():
            table.blame(f"speaks of image {table.owners[row]!r:.40}, which is not listed", f"{kind} {table.places[row]}")
        self._kind, self._file, self._rows = kind, table.file, Groups(owners, len(number))
        self._starts = narrow(np.array([*table.starts, table.file.path.stat().st_size], np.int64))
        self._places = None if _counts(table.places) else narrow(np.array(table.places, np.int64))

    def __getitem__(self, picture: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """(where it stands, the annotation)"""
        for row in self._rows[picture]:
            found = self._file.at(int(self._starts[row]), int(self._starts[row + 1]))
            place = row if self._places is None else int(self._places[row])
            id = f" (id {found['id']!r:.40})" if "id" in found else ""
            yield f"{self._file.path.name}, {self._kind} {place}{id}", found

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes + int(self._starts.nbytes) + (0 if self._places is None else int(self._places.nbytes))


def id_key(id: Any) -> Any:
    """Ids are whole numbers or text; what cannot be an id finds nothing."""
    return id if type(id) in (int, str) else None


def image_id(id: str) -> int | str:
    """As the files have it: a number where it is written as one."""
    return int(id) if id.isascii() and id.isdigit() and len(id) < 18 and str(int(id)) == id else id


def id_text(id: Any) -> str | None:
    """Image ids as text; some programs write 42.0."""
    if isinstance(id, float) and id.is_integer():
        id = int(id)
    key = id_key(id)
    return None if key is None else str(key)


def _counts(places: array[int]) -> bool:
    return len(places) == 0 or (places[0] == 0 and places[-1] == len(places) - 1)


def stated_side(image: Mapping[str, Any], name: str) -> int:
    """0 where nothing is stated, -1 where it cannot be true."""
    value = image.get(name)
    if value is None:
        return 0
    return value if type(value) is int and 0 < value < 1 << 31 else -1


def box_of(found: Mapping[str, Any], where: str) -> BoxXYXY | None:
    box = found.get("bbox")
    if box is None:
        return None
    if not isinstance(box, list) or len(box) != 4 or not all(type(value) in (int, float) for value in box):
        raise BadData(f"its bbox should be four numbers, is {box!r:.60}", where=where, mend="x, y, width, height")
    x, y, width, height = (float(value) for value in box)
    return x, y, x + width, y + height


def box_of_mask(found: Mapping[str, Any], size: Size, where: str) -> BoxXYXY:
    segmentation = found.get("segmentation")
    around = rle.box_of(segmentation)
    if around is None and isinstance(segmentation, dict):
        mask = rle.mask_of(segmentation, size, where)
        around = mask.box() if mask is not None else None
    if around is None:
        raise BadData("has neither a bbox nor a segmentation", where=where)
    return around


def flags_of(found: Mapping[str, Any]) -> frozenset[str]:
    extra = found.get("attributes")
    said = extra if isinstance(extra, dict) else {}
    return frozenset([*(["crowd"] if found.get("iscrowd") else []), *(flag for flag in FLAGS if said.get(flag) is True)])


def attributes_of(found: Mapping[str, Any]) -> dict[str, str]:
    """'area' is the official one, by which small, medium and large are told; it may differ from that of the drawn mask."""
    extra = found.get("attributes")
    plain = {str(name): str(value) for name, value in extra.items() if name not in FLAGS} if isinstance(extra, dict) else {}
    area = found.get("area")
    return plain | ({"area": repr(area)} if isinstance(area, (int, float)) and math.isfinite(area) else {})


def caption_of(found: Mapping[str, Any], where: str) -> RawCaption:
    text, fault = text_of(found.get("caption"))
    return RawCaption(text, where, str(found.get("id", "")), str(found.get("language", "en")), fault)


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
    if keys == {""}:
        raise BadData("is a list, as results are", where=str(path), mend="name the file with images, annotations and categories")
    if "images" not in keys:
        raise BadData("has no list of images", where=str(path), mend="COCO files have images, annotations and categories")
    return table


def _enter(table: Table, place: int, start: int, value: Any, seen: dict[Any, int]) -> None:
    if not isinstance(value, dict):
        table.blame(f"should be an object, is {value!r:.40}", f"annotation {place}")
        return
    id = id_key(value.get("id"))
    if id is not None and seen.setdefault(id, place) != place:
        table.blame(f"has the id {id!r}, as has annotation {seen[id]}", f"annotation {place}")
    table.captioned |= not table.owners and "caption" in value and "bbox" not in value
    table.owners.append(value.get("image_id"))
    table.places.append(place)
    table.starts.append(start)


def _category(table: Table, place: int, value: Any) -> None:
    where = f"{table.file.path.name}, category {place}"
    id, name = (value.get("id"), value.get("name")) if isinstance(value, dict) else (None, None)
    if id_key(id) is None or not isinstance(name, str) or not name:
        raise BadData(f"should have an id and a name, is {value!r:.60}", where=where)
    if isinstance(id, int) and id < 0:
        raise BadData(f"has the negative id {id}", where=where)
    if id in table.categories or name in table.categories.values():
        raise BadData(f"has the id {id!r} and the name {name!r}, one of which another category has", where=where)
    table.categories[id] = name


def usable_images(table: Table, root: Path) -> tuple[list[tuple[int, dict[str, Any]]], dict[Any, int]]:
    """The images that can be used, and the number of each by its id."""
    kept: list[tuple[int, dict[str, Any]]] = []
    number: dict[Any, int] = {}
    for place, image in table.images:
        id, name = id_key(image.get("id")), image.get("file_name")
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
