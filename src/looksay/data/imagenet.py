"""ImageNet's ILSVRC: train folders by synset, val folders or the flat original with its devkit, names of synsets, LOC boxes."""

from __future__ import annotations

import csv
import importlib
import io
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from looksay.data import pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import PictureFiles, canonical, fixed_classes, joined, read_text, split_names, subfolders, true_thing
from looksay.data.index import Strings, narrow
from looksay.data.xmlfile import parse
from looksay.errors import BadData
from looksay.scene import Label, Labels, Objects, Scene

SYNSET = re.compile(r"n\d{8}")
HOMES = (".", "Data/CLS-LOC", "ILSVRC/Data/CLS-LOC", "ILSVRC2012")
MAPPING = "LOC_synset_mapping.txt"
DEVKITS = (".", "devkit", "ILSVRC2012_devkit_t12", "ILSVRC2012_devkit_t3")
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
SOLUTION = "LOC_val_solution.csv"
MOST = 64 << 20


class ImageNet(PictureFiles):
    """Ids are the names of the files without their ending. Boxes, where there are some, are those of the localization task."""

    def __init__(
        self, root: Path, names: Strings, targets: Sequence[int], classes: tuple[str, ...], synsets: Mapping[str, str]
    ) -> None:
        """`root` holds one folder for each split; `targets` are -1 where nothing is known."""
        super().__init__(root, names)
        self.classes, self.synsets = classes, synsets
        self._targets = narrow(np.asarray(targets, np.int64) + 1)
        self._name_of = {synset: name for name, synset in synsets.items()}
        self._boxes = _box_folders(root)

    def name(self, index: int) -> str:
        return os.path.splitext(os.path.basename(self.names[index]))[0]

    def target(self, index: int) -> int:
        return int(self._targets[index]) - 1

    def _xml(self, index: int) -> Path | None:
        """ILSVRC's Annotations mirror the folders; the older boxes of val lie flat."""
        inner = os.path.splitext(self.names[index])[0] + ".xml"
        below = inner.partition("/")[2]
        for folder in self._boxes:
            for candidate in (inner, below, f"{inner.partition('/')[0]}/{self.name(index)}.xml", f"{self.name(index)}.xml"):
                if (folder / candidate).is_file():
                    return folder / candidate
        return None

    def raw(self, index: int) -> RawItem:
        target = self.target(index)
        item = RawItem(
            self.name(index), str(self.path(index)), self.place(index), labels=[self.classes[target]] if target >= 0 else []
        )
        path = self._xml(index)
        for found in parse(path).all("object") if path is not None else ():
            box = found.need("bndbox")
            # Counted from 0 there, and the last pixel is included: the official overlap adds 1 to widths and heights.
            x1, y1, x2, y2 = (box.number(edge) for edge in ("xmin", "ymin", "xmax", "ymax"))
            synset = found.need("name").text
            item.boxes.append(RawBox(self._name_of.get(synset, synset), (x1, y1, x2 + 1, y2 + 1), found.where))
        return item

    def scene(self, index: int) -> Scene:
        item, size = self.raw(index), self.size(index)
        labels = Labels(tuple(Label(name, synset=self.synsets.get(name, "")) for name in item.labels))
        things = tuple(true_thing(raw, size, self.classes) for raw in item.boxes)
        return Scene(size, id=item.id, labels=labels, objects=Objects(things))


def claims(root: Path) -> bool:
    if not root.is_dir():
        return False
    home = _home(root)
    return (root / MAPPING).is_file() or any(any(_synset_folders(folder)) for folder in _split_folders(home).values())


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_split_folders(_home(root)))


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    home = _home(root)
    folders = _split_folders(home)
    if not folders:
        raise BadData("has no folders train and val", where=str(root), mend="train/n01440764/….JPEG, val/….JPEG")
    devkit = _devkit(root, home)
    said = devkit.names()
    known = sorted({name for folder in folders.values() for name in _synset_folders(folder)} | set(said))
    if not known:
        raise BadData("has no folders of synsets and no list of them", where=str(root), mend=f"fetch {MAPPING} or the devkit")
    names = class_names({synset: said.get(synset, "") for synset in known})
    final = fixed_classes(names.values(), classes, str(root))
    number = {synset: final.index(name) for synset, name in names.items()} if classes is not None else _counted(names)
    synsets = {name: synset for synset, name in names.items()}
    return joined([_load(home, folders[name], final, synsets, number, devkit) for name in ([split] if split else folders)])


def _counted(names: Mapping[str, str]) -> dict[str, int]:
    return {synset: place for place, synset in enumerate(names)}


def _load(
    home: Path, folder: Path, classes: tuple[str, ...], synsets: Mapping[str, str], number: Mapping[str, int], devkit: Devkit
) -> ImageNet:
    targets: list[int] = []

    def folded() -> Iterator[str]:
        for synset in _synset_folders(folder):
            for name in sorted(filter(pictures.is_picture_name, os.listdir(folder / synset))):
                targets.append(number[synset])
                yield f"{folder.name}/{synset}/{name}"

    def flat() -> Iterator[str]:
        found = sorted(filter(pictures.is_picture_name, os.listdir(folder)))
        truth = devkit.truth([os.path.splitext(name)[0] for name in found]) if canonical(folder.name) == "val" else {}
        for name in found:
            synset = truth.get(os.path.splitext(name)[0], "")
            targets.append(number.get(synset, -1))
            yield f"{folder.name}/{name}"

    names = Strings(folded() if any(_synset_folders(folder)) else flat())
    return ImageNet(home, names, targets, classes, synsets)


def class_names(said: Mapping[str, str]) -> dict[str, str]:
    """Synset → a name that nothing else has: the first of its words; all of them, or the synset too, where that is not enough."""
    first = {synset: words.partition(",")[0].strip() or synset for synset, words in said.items()}
    often = Counter(first.values())
    second = {synset: said[synset] if often[name] > 1 else name for synset, name in first.items()}
    often = Counter(second.values())
    return {synset: f"{first[synset]} ({synset})" if often[name] > 1 else name for synset, name in second.items()}


class Devkit:
    """What is known besides the pictures: words of synsets, and the truth of the flat val folder."""

    def __init__(self, mapping: Path | None, data: Path | None, solution: Path | None) -> None:
        self._mapping, self._data, self._solution = mapping, data, solution
        self._by_number: dict[int, str] = {}
        self._words: dict[str, str] = {}
        if data is not None and (data / "meta.mat").is_file():
            self._read_meta(data / "meta.mat")

    def names(self) -> dict[str, str]:
        """Synset → its words."""
        if self._mapping is None:
            return self._words
        said = {}
        for number, line in enumerate(read_text(self._mapping, MOST).splitlines(), 1):
            synset, _, words = line.strip().partition(" ")
            if not line.strip():
                continue
            if not SYNSET.fullmatch(synset) or synset in said:
                raise BadData(f"should be a new synset and its words, is {line!r:.60}", where=f"{self._mapping}:{number}")
            said[synset] = words.strip()
        return said

    def _read_meta(self, path: Path) -> None:
        try:
            found: Any = importlib.import_module("scipy.io").loadmat(path, squeeze_me=True, struct_as_record=True)["synsets"]
            rows = [
                (int(row["ILSVRC2012_ID"]), str(row["WNID"]), str(row["words"]), int(row["num_children"])) for row in found.flat
            ]
        except Exception as error:  # damaged files raise nearly anything
            raise BadData(f"is not the devkit's table of synsets: {error}", where=str(path), mend="fetch it again") from None
        for number, synset, words, children in rows:
            self._by_number[number] = synset
            if not children:  # the others are the branches above the thousand classes
                self._words[synset] = words

    def truth(self, ids: Sequence[str]) -> dict[str, str]:
        """Picture → synset, for the pictures of the flat val folder in order."""
        if self._solution is not None:
            return self._solved(self._solution)
        path = self._data / TRUTH if self._data is not None else None
        if path is None or not path.is_file() or not self._by_number:
            return {}
        out = {}
        numbers = read_text(path, MOST).split()
        for place, id in enumerate(ids):
            tail = re.search(r"(\d+)$", id)
            line = int(tail[1]) if tail else place + 1
            text = numbers[line - 1] if 0 < line <= len(numbers) else ""
            if not text.isdigit() or int(text) not in self._by_number:
                raise BadData(f"says {text!r} of {id}, which is no class", where=f"{path}:{line}")
            out[id] = self._by_number[int(text)]
        return out

    def _solved(self, path: Path) -> dict[str, str]:
        rows = csv.reader(io.StringIO(read_text(path, MOST)))
        out = {}
        for number, row in enumerate(rows, 1):
            if number == 1 or not row:
                continue
            synset = row[1].split(maxsplit=1)[0] if len(row) > 1 and row[1].strip() else ""
            if not SYNSET.fullmatch(synset):
                raise BadData("should be a picture, then its synset and box", where=f"{path}:{number}")
            out[row[0]] = synset
        return out


def _devkit(root: Path, home: Path) -> Devkit:
    places = list(dict.fromkeys([root, home, *home.parents[:3]] if home != root else [root]))
    mapping = next((place / MAPPING for place in places if (place / MAPPING).is_file()), None)
    solution = next((place / SOLUTION for place in places if (place / SOLUTION).is_file()), None)
    kits = [place / name / inner for place in places for name in DEVKITS for inner in ("data", ".")]
    data = next((kit for kit in kits if (kit / "meta.mat").is_file() or (kit / TRUTH).is_file()), None)
    return Devkit(mapping, data, solution)


def _home(root: Path) -> Path:
    return next((root / name for name in HOMES if (root / name / "train").is_dir() or (root / name / "val").is_dir()), root)


def _split_folders(home: Path) -> dict[str, Path]:
    named = [folder.name for folder in subfolders(home) if canonical(folder.name) in ("train", "val", "test")]
    return {short: home / name for short, name in split_names(named).items()}


def _synset_folders(folder: Path) -> list[str]:
    return [inner.name for inner in subfolders(folder) if SYNSET.fullmatch(inner.name)]


def _box_folders(home: Path) -> list[Path]:
    places = [home / "Annotations", home / "Annotation", home / "bbox", home.parent.parent / "Annotations" / "CLS-LOC"]
    return [place for place in places if place.is_dir()]
