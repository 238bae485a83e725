"""Karpathy's splits of COCO, Flickr8k and Flickr30k: one JSON file of pictures, each with its split and its sentences."""

from __future__ import annotations

import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from looksay.data.captioned import Captioned, picture_folder, sound, text_of
from looksay.data.coco_table import MOST_PROBLEMS, id_key
from looksay.data.dataset import Dataset, RawCaption
from looksay.data.files import fixed_classes, inside, joined, split_names
from looksay.data.index import Strings, narrow
from looksay.data.jsonfile import JsonFile
from looksay.errors import BadData
from looksay.scene import Caption

REST = "restval"  # pictures of COCO's validation set that are trained on too
_HEAD = 1 << 16
_SPLIT = re.compile(rb'"split"\s*:\s*"([^"\\]*)"')


class Table:
    """The pictures of the file that can be used, whatever their split."""

    def __init__(self, path: Path) -> None:
        self.file = JsonFile(path)
        self.names: list[str] = []
        self.ids: list[str] = []
        self.splits: list[str] = []
        self.places: list[int] = []
        self.starts: list[int] = []
        self.problems: list[tuple[str, BadData]] = []  # with the split that they are of
        self._pictures, self._sentences = dict[str, int](), dict[Any, int]()
        found = False
        for key, place, start, value in self.file.walk():
            found |= key == "images"
            if key == "images" and place >= 0:
                self._enter(place, start, value)
        if not found:
            mend = "Karpathy's files have images with filename, split and sentences"
            raise BadData("has no list of images", where=str(path), mend=mend)
        self.starts.append(path.stat().st_size)

    def _enter(self, place: int, start: int, value: Any) -> None:
        image = value if isinstance(value, dict) else {}
        split, name = image.get("split"), image.get("filename")
        of = split if isinstance(split, str) else ""
        if not isinstance(value, dict) or not isinstance(name, str) or not name or not of:
            self._blame(of, "should have a filename and a split", f"image {place}")
            return
        folder = image.get("filepath")
        path = f"{folder}/{name}" if isinstance(folder, str) and folder else name
        id = next((str(image[key]) for key in ("cocoid", "imgid") if id_key(image.get(key)) is not None), path)
        where = f"image {place} (id {id:.40})"
        if self._pictures.setdefault(id, place) != place:
            self._blame(of, f"has the id of image {self._pictures[id]}", where)
            return
        try:
            inside(self.file.path.parent, path, where)
        except BadData as error:
            self._blame(of, error.what, where)
            return
        sentences = image.get("sentences")
        if sentences is not None and not (isinstance(sentences, list) and all(isinstance(each, dict) for each in sentences)):
            self._blame(of, f"its sentences should be a list of objects, are {sentences!r:.40}", where)
            return
        for sentence in sentences or ():
            known = id_key(sentence.get("sentid"))
            if known is not None and self._sentences.setdefault(known, place) != place:
                self._blame(of, f"its sentence has the id {known!r}, as has one of image {self._sentences[known]}", where)
        for column, cell in ((self.names, path), (self.ids, id), (self.splits, of)):
            column.append(cell)
        self.places.append(place)
        self.starts.append(start)

    def _blame(self, split: str, what: str, where: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append((split, BadData(what, where=f"{self.file.path.name}, {where}")))


class Karpathy(Captioned):
    """Ids are COCO's own where the file has them, else its `imgid`; those of captions are `sentid`."""

    def __init__(self, table: Table, root: Path, splits: Sequence[str], *, first: bool) -> None:
        """`first`: this one tells the problems of pictures that have no split, too."""
        rows = [row for row, split in enumerate(table.splits) if split in splits]
        super().__init__(root, (table.names[row] for row in rows))
        self.listing, self._file = table.file.path, table.file
        self._ids = Strings(table.ids[row] for row in rows)
        self._places = narrow(np.array([table.places[row] for row in rows], np.int64))
        self._starts = narrow(np.array([(table.starts[row], table.starts[row + 1]) for row in rows], np.int64).reshape(-1, 2))
        self.problems = tuple(problem for split, problem in table.problems if split in splits or (first and not split))

    @property
    def nbytes(self) -> int:
        """What the index costs in memory."""
        return self.names.nbytes + self._ids.nbytes + int(self._places.nbytes + self._starts.nbytes)

    def name(self, index: int) -> str:
        return self._ids[index]

    def place(self, index: int) -> str:
        return f"{self.listing.name}, image {int(self._places[index])} (id {self.name(index)})"

    def said(self, index: int) -> list[RawCaption]:
        start, stop = self._starts[index].tolist()
        image, found = self._file.at(start, stop), []
        for number, sentence in enumerate(image.get("sentences") or ()):
            raw, tokens = sentence.get("raw"), sentence.get("tokens")
            if raw is None and isinstance(tokens, list) and all(isinstance(token, str) for token in tokens):
                raw = " ".join(tokens)
            text, fault = text_of(raw)
            id = "" if id_key(sentence.get("sentid")) is None else str(sentence["sentid"])
            found.append(RawCaption(text, f"{self.place(index)}, sentence {id or number}", id, fault=fault))
        return found

    def captions(self, index: int) -> tuple[Caption, ...]:
        return tuple(sound(raw) for raw in self.said(index))


def claims(root: Path) -> bool:
    return _file(root) is not None


def _file(root: Path) -> Path | None:
    """The file itself, or the only one of its kind in a folder."""
    if root.is_file():
        return root if root.suffix.lower() == ".json" and _is_one(root) else None
    found = [path for path in sorted(root.glob("*.json")) if not path.name.startswith(".") and _is_one(path)]
    return found[0] if len(found) == 1 else None


def _is_one(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    return all(key in head for key in (b'"images"', b'"sentences"', b'"split"'))


def _groups(there: set[str]) -> dict[str, list[str]]:
    """Split → what the file calls it: train is also the rest of COCO's validation set."""
    named = {short: [name] for short, name in split_names(there - {REST}).items()}
    if REST in there:
        named = {"train": [*named.get("train", []), REST], **{name: of for name, of in named.items() if name != "train"}}
    return named


def _path(root: Path) -> Path:
    path = root if root.is_file() else _file(root)
    if path is None:
        raise BadData("holds no file of Karpathy's splits, or several", where=str(root), mend="name it: karpathy:dataset.json")
    return path


def splits(root: Path) -> tuple[str, ...]:
    """By a search for the key, which takes a tenth of the time of reading 140 MB of JSON."""
    try:
        with _path(root).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            there = {found[1].decode("utf-8", "replace") for found in _SPLIT.finditer(data)}
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise BadData(f"cannot be read: {error}", where=str(root)) from None
    return tuple(_groups(there - {""}))


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    table = Table(_path(root))
    groups, home = _groups(set(table.splits)), table.file.path.parent
    if not groups:
        raise next((problem for _, problem in table.problems), BadData("has no pictures", where=str(table.file.path)))
    folder = picture_folder([home, home / "coco", home.parent], table.names)
    first = next(iter(groups))
    wanted = [split] if split else list(groups)
    parts = [Karpathy(table, folder, groups.get(name, [name]), first=name == first) for name in wanted]
    for part in parts:
        part.classes = fixed_classes((), classes, str(root))
    return joined(parts)
