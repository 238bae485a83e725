"""YOLO: one text file for each picture; a line holds the number of a class and fractions of the picture's width and height:
centre and extent of a box, or the points of a polygon. data.yaml names classes and splits; darknet's own files are read too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from looksay.data import pictures, rle, yamlfile
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import (
    SPLITS,
    PictureFiles,
    canonical,
    fixed_classes,
    holds_pictures,
    inside,
    joined,
    labels_of,
    read_text,
    split_names,
    subfolders,
    true_thing,
)
from looksay.data.index import Strings
from looksay.errors import BadData
from looksay.scene import Objects, Scene, Size, Thing

PICTURE_FOLDERS = ("images", "JPEGImages")
NAME_FILES = ("classes.txt", "obj.names", "labels/classes.txt", "labels.txt")
YAML_NAMES = ("data.yaml", "data.yml", "dataset.yaml", "dataset.yml")
MOST = 64 << 20


@dataclass(frozen=True)
class Row:
    """A line of a label file. `numbers` are the fractions behind the class."""

    kind: int
    numbers: tuple[float, ...]
    where: str


@dataclass(frozen=True)
class Layout:
    """`lists`: split → folders or lists of pictures, relative to home. `posed`: key points follow each box. No `classes`: nothing
    names them."""

    home: Path
    classes: tuple[str, ...]
    lists: Mapping[str, tuple[str, ...]]
    posed: bool = False


class Yolo(PictureFiles):
    """Ids are the names of the pictures without their ending, below the folder of their split."""

    def __init__(self, layout: Layout, found: Sequence[tuple[str, str]], classes: tuple[str, ...]) -> None:
        """`found`: for each picture its path below home, and its id."""
        super().__init__(layout.home, (name for name, _ in found))
        self._ids = Strings(id for _, id in found)
        self.layout, self.classes = layout, classes

    def name(self, index: int) -> str:
        return self._ids[index]

    def place(self, index: int) -> str:
        return str(self.labels(index))

    def labels(self, index: int) -> Path:
        """The text file of a picture: in the folder 'labels' that stands beside 'images', else next to the picture."""
        path = PurePosixPath(self.names[index]).with_suffix(".txt")
        parts = list(path.parts)
        for at in reversed(range(len(parts) - 1)):
            if parts[at] in PICTURE_FOLDERS:
                other = self.root.joinpath(*parts[:at], "labels", *parts[at + 1 :])
                if other.is_file() or not (self.root / path).is_file():
                    return other
                break
        return self.root / path

    def raw(self, index: int) -> RawItem:
        size = self.size(index)
        item = RawItem(self.name(index), str(self.path(index)), self.place(index), size)
        for row in self._rows(index):
            item.boxes.append(RawBox(self._class(row.kind), self._box(row, size), row.where))
        return item

    def scene(self, index: int) -> Scene:
        size = self.size(index)
        things = [self._thing(row, size) for row in self._rows(index)]
        return Scene(size, id=self.name(index), labels=labels_of(things), objects=Objects(tuple(things)))

    def _class(self, kind: int) -> str:
        return self.layout.classes[kind] if 0 <= kind < len(self.layout.classes) else f"number {kind}"

    def _rows(self, index: int) -> Iterator[Row]:
        path = self.labels(index)
        if not path.is_file():
            return  # a picture in which nothing is
        for number, line in enumerate(read_text(path, MOST).splitlines(), 1):
            if not line.strip():
                continue
            where = f"{path}:{number}"
            try:
                kind, *numbers = (float(text) for text in line.split())
            except ValueError:
                raise BadData(f"should be numbers, is {line!r:.60}", where=where) from None
            if not kind.is_integer():
                raise BadData(f"begins with {kind:g}, which is not the number of a class", where=where)
            if self.layout.posed:
                numbers = numbers[:4]
            if len(numbers) not in (4, 5) and (len(numbers) < 6 or len(numbers) % 2):
                mend = "a class and four numbers, or the x and y of three points or more"
                raise BadData(f"has {len(numbers)} numbers behind the class", where=where, mend=mend)
            yield Row(int(kind), tuple(numbers), where)

    def _box(self, row: Row, size: Size) -> tuple[float, float, float, float]:
        if len(row.numbers) > 5:
            xs, ys = row.numbers[0::2], row.numbers[1::2]
            edges = (min(xs), min(ys), max(xs), max(ys))
        else:
            x, y, width, height = row.numbers[:4]
            edges = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return edges[0] * size[0], edges[1] * size[1], edges[2] * size[0], edges[3] * size[1]

    def _thing(self, row: Row, size: Size) -> Thing:
        raw = RawBox(self._class(row.kind), self._box(row, size), row.where)
        slack = 0.01 if len(row.numbers) < 6 else 0.1
        wrong = [value for value in row.numbers if not -slack <= value <= 1 + slack]
        if wrong:
            raise BadData(
                f"holds {wrong[0]:g}, which is not a fraction of the picture", where=row.where, mend="divide by its size"
            )
        thing = true_thing(raw, size, self.classes)
        if len(row.numbers) == 5:
            return replace(thing, score=min(max(row.numbers[4], 0.0), 1.0))
        if len(row.numbers) < 6:
            return thing
        pixels = [value * size[at % 2] for at, value in enumerate(row.numbers)]
        return replace(thing, mask=rle.from_polygons([pixels], size, row.where))


def claims(root: Path) -> bool:
    if root.is_file():
        return root.suffix.lower() in (".yaml", ".yml")
    if any((root / name).is_file() for name in (*YAML_NAMES, "obj.names")):
        return True
    pairs = [(root, root), *((folder, folder) for folder in subfolders(root) if canonical(folder.name) in SPLITS)]
    return any((home / "images").is_dir() and _has_text(home / "labels") for home, _ in pairs)


def splits(root: Path) -> tuple[str, ...]:
    return tuple(name for name in _layout(root).lists if name)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    layout = _layout(root)
    if not layout.classes and classes is None:
        raise BadData("nothing names its classes", where=str(root), mend="write them into classes.txt, one on each line")
    layout = replace(layout, classes=layout.classes or tuple(classes or ()))
    known = fixed_classes(layout.classes, classes, str(root))
    names = [split] if split else list(layout.lists)
    return joined([Yolo(layout, list(_pictures(layout, layout.lists[name])), known) for name in names])


def _layout(root: Path) -> Layout:
    home = root if root.is_dir() else root.parent
    found = root if root.is_file() else next((root / name for name in YAML_NAMES if (root / name).is_file()), None)
    if found is not None:
        return _from_yaml(home, found)
    lists = _found_lists(home)
    if not lists:
        mend = "YOLO has data.yaml, or images/ and labels/"
        raise BadData("has no pictures and labels of YOLO", where=str(root), mend=mend)
    names = next((home / name for name in NAME_FILES if (home / name).is_file()), None)
    said = tuple(line.strip() for line in read_text(names).splitlines() if line.strip()) if names else ()
    return Layout(home, said, lists)


def _found_lists(home: Path) -> dict[str, tuple[str, ...]]:
    texts = {path.stem: (path.name,) for path in home.glob("*.txt") if canonical(path.stem) in SPLITS}
    inner = {
        folder.name: (f"images/{folder.name}",) for folder in subfolders(home / "images") if canonical(folder.name) in SPLITS
    }
    outer = {
        folder.name: (f"{folder.name}/images" if (folder / "images").is_dir() else folder.name,)
        for folder in subfolders(home)
        if canonical(folder.name) in SPLITS and (holds_pictures(folder) or (folder / "images").is_dir())
    }
    for found in (texts, inner, outer):
        if found:
            return {short: found[name] for short, name in split_names(found).items()}
    for name in ("images", "obj_train_data", "."):
        if holds_pictures(home / name):
            return {"": (name,)}
    return {}


def _from_yaml(home: Path, path: Path) -> Layout:
    said = yamlfile.read(path)
    names = said.get("names")
    if isinstance(names, dict):
        try:
            table = {int(key): name for key, name in names.items()}
        except ValueError:
            raise BadData("its names should be numbered 0, 1, 2 …", where=str(path)) from None
        if sorted(table) != list(range(len(table))):
            raise BadData("its names are not numbered from 0 without gaps", where=str(path))
        names = [table[key] for key in range(len(table))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name for name in names):
        raise BadData("does not name the classes", where=str(path), mend="names: [cat, dog]")
    classes = tuple(str(name) for name in names)
    if len(set(classes)) != len(classes):
        raise BadData("names a class twice", where=str(path))
    count = said.get("nc")
    if isinstance(count, str) and count and count != str(len(classes)):
        raise BadData(f"says nc: {count}, but names {len(classes)} classes", where=str(path))
    base = said.get("path")
    lists = {}
    for key in (*SPLITS, "valid", "validation"):
        value = said.get(key)
        entries = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        texts = [text for text in entries if isinstance(text, str) and text]
        places = [_place(home, base if isinstance(base, str) else "", text, path) for text in texts]
        if there := tuple(place for place in places if (home / place).exists()):
            lists[key] = there
        elif key == "train" and places:
            raise BadData(
                f"says train: {texts[0]}, but that is not there", where=str(path), mend="paths are relative to the file"
            )
    if not lists:
        raise BadData("names no pictures that are there", where=str(path), mend="train: images/train, val: images/val")
    return Layout(home, classes, {short: lists[name] for short, name in split_names(lists).items()}, "kpt_shape" in said)


def _place(home: Path, base: str, text: str, path: Path) -> str:
    """Where an entry leads, relative to home. Many files say ../train/images, or name the folder of another machine in `path`:
    both are sought below home, and never outside of it."""
    top = home.resolve()
    for start in dict.fromkeys((base, "")):
        joint = Path(os.path.normpath(os.path.join(top, start, text)))
        if joint.is_relative_to(top) and joint.exists():
            return joint.relative_to(top).as_posix()
    if os.path.isabs(text):
        mend = f"paths are relative to {path.name}; move it into the folder of the pictures"
        raise BadData(f"the path {text!r} leads out of the data set", where=str(path), mend=mend)
    return "/".join(part for part in PurePosixPath(text).parts if part not in ("..", "."))


def _pictures(layout: Layout, entries: Iterable[str]) -> Iterator[tuple[str, str]]:
    """(path below home, id) of every picture, in order."""
    for entry in entries:
        place = layout.home / entry
        if place.is_file():
            yield from _listed(layout, place)
            continue
        for folder, inner, files in os.walk(place):
            inner[:] = sorted(name for name in inner if not name.startswith(".") and name != "labels")
            for name in sorted(filter(pictures.is_picture_name, files)):
                path = Path(folder, name)
                yield path.relative_to(layout.home).as_posix(), path.relative_to(place).with_suffix("").as_posix()


def _listed(layout: Layout, path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not (text := line.strip()):
            continue
        where, top = f"{path}:{number}", layout.home.resolve()
        if os.path.isabs(text) and Path(os.path.normpath(text)).is_relative_to(top):
            text = Path(os.path.normpath(text)).relative_to(top).as_posix()
        inside(layout.home, text, where)
        name = PurePosixPath(os.path.normpath(text)).as_posix()
        shorter = name.partition("/")[2]  # darknet counts from the folder above: data/obj_train_data/…
        if shorter and not (layout.home / name).is_file() and (layout.home / shorter).is_file():
            name = shorter
        yield name, PurePosixPath(name).stem


def _has_text(folder: Path) -> bool:
    return folder.is_dir() and any(name.endswith(".txt") for _, _, names in os.walk(folder) for name in names)
