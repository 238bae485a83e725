"""Tables: path,label or path,x1,y1,x2,y2,label, with or without a heading. Boxes are 0-based edges in pixels.

With a heading the columns may stand in any order and be called as the usual tools call them (filename, xmin, class …). A table
with a heading may have captions: path,caption, a row for each; beside train.csv they may stand in captions_train.csv.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from looksay.data import imagefolder
from looksay.data.captioned import Captioned, Row, Said, picture_folder
from looksay.data.csv_table import EDGES, Columns, Table, columns_of
from looksay.data.dataset import Dataset, RawBox, RawCaption, RawItem
from looksay.data.files import (
    SPLITS,
    PictureFiles,
    canonical,
    fixed_classes,
    inside,
    joined,
    labels_of,
    split_names,
    true_thing,
)
from looksay.data.index import Groups, Strings, narrow
from looksay.data.textfile import lines
from looksay.errors import BadData
from looksay.scene import Caption, Label, Labels, Objects, Scene

CAPTIONS = "captions_"  # before the name of a split: the table of its captions
KAGGLE = "captions.txt"  # the list of Flickr8k as it is often handed on
UNIT = "\x1f"  # between the cells of a row in memory


class Sentences:
    """The captions in a table on their way in, and the ids of their pictures where the table has them.

    `number`: the pictures that there are; with `open_end` the table adds those that it speaks of, else they are problems.
    """

    def __init__(self, path: Path, split: str, number: dict[str, int], *, open_end: bool) -> None:
        self.table, self._split, self._number, self._open = Table(path), split, number, open_end
        self._ids: dict[int, str] = {}
        self.said = Said(path, self._rows(), number)

    def ids(self) -> Strings | None:
        """An id for each picture, its path where the table has none; None where no picture has one."""
        return Strings(self._ids.get(at, name) for name, at in self._number.items()) if self._ids else None

    def _rows(self) -> Iterator[Row]:
        for line, cells, at in _of_split(self.table, self._split):
            name, where = cells[at["path"]], f"{self.table.path}:{line}"
            if self._open and name not in self._number and _usable(self.table, name, line):
                self._number[name] = len(self._number)
            if name not in self._number:
                if not self._open:
                    self.table.blame(f"speaks of {name!r}, which is not listed", where)
                continue
            more = {what: cells[at[what]] if what in at else "" for what in ("id", "caption_id", "language")}
            if more["id"] and self._ids.setdefault(self._number[name], more["id"]) != more["id"]:
                self.table.blame(f"calls {name!r} {more['id']!r}, but {self._ids[self._number[name]]!r} before", where)
            yield Row(self._number[name], line, more["caption_id"], cells[at["caption"]], more["language"])


class CsvCaptions(Captioned):
    """A table of captions and nothing else. Ids are those of its column `id`, else the paths."""

    def __init__(self, path: Path, split: str) -> None:
        number: dict[str, int] = {}
        found = Sentences(path, split, number, open_end=True)
        super().__init__(picture_folder([path.parent], number), number)
        self.listing, self._captions, self._ids = path, found.said, found.ids()
        self.problems = tuple(found.table.problems)

    @property
    def nbytes(self) -> int:
        """What the index costs in memory, the captions included."""
        return self.names.nbytes + self._captions.nbytes + (self._ids.nbytes if self._ids is not None else 0)

    def name(self, index: int) -> str:
        return self._ids[index] if self._ids is not None else self.names[index]

    def place(self, index: int) -> str:
        return self._captions.where(index)

    def said(self, index: int) -> list[RawCaption]:
        return self._captions.raw(index)

    def captions(self, index: int) -> tuple[Caption, ...]:
        return self._captions.captions(index)


class CsvFile(PictureFiles):
    """Ids are the paths as the table has them, unless its captions know others."""

    def __init__(self, path: Path, split: str, classes: tuple[str, ...], captions: Path | None = None) -> None:
        table, number, rows, owners, places = Table(path), dict[str, int](), list[str](), list[int](), list[int]()
        targets: list[int] = []
        known = {name: index for index, name in enumerate(classes)}
        for line, cells, at in _of_split(table, split):
            name = cells[at["path"]]
            if not _usable(table, name, line):
                continue
            if number.setdefault(name, len(number)) == len(targets):
                targets.append(known.get(cells[at["label"]], -1))
            if "caption" in at:
                cells[at["caption"]] = ""  # kept by Sentences
            owners.append(number[name])
            rows.append(UNIT.join(cells))
            places.append(line)
        super().__init__(path.parent, number)
        found = Sentences(captions, split, number, open_end=False) if captions is not None else None
        self._captions: Said | None = found.said if found is not None else None
        self._ids: Strings | None = found.ids() if found is not None else None
        more = found.table.problems if found is not None and captions != path else []
        self.listing, self.classes, self.problems = path, classes, (*table.problems, *more)
        self._columns = table.columns or Columns({}, 0, False)
        self._rows, self._lines = Strings(rows), narrow(np.array(places, np.int64))
        self._groups = Groups(np.array(owners, np.int64), len(number))
        self._targets = np.array(targets, np.int32)

    @property
    def nbytes(self) -> int:
        """What the index costs in memory."""
        own = self.names.nbytes + self._rows.nbytes + self._groups.nbytes
        own += sum(each.nbytes for each in (self._captions, self._ids) if each is not None)
        return own + int(self._lines.nbytes + self._targets.nbytes)

    def name(self, index: int) -> str:
        return self._ids[index] if self._ids is not None else self.names[index]

    def captions(self, index: int) -> tuple[Caption, ...]:
        return self._captions.captions(index) if self._captions is not None else ()

    def target(self, index: int) -> int:
        return super().target(index) if self._columns.boxed else int(self._targets[index])

    def place(self, index: int) -> str:
        return f"{self.listing}:{int(self._lines[self._groups[index][0]])}"

    def raw(self, index: int) -> RawItem:
        said = self._captions.raw(index) if self._captions is not None else []
        item = RawItem(self.name(index), str(self.path(index)), self.place(index), captions=said)
        at = self._columns.at
        for row in self._groups[index]:
            cells, where = self._rows[row].split(UNIT), f"{self.listing}:{int(self._lines[row])}"
            label = cells[at["label"]]
            if not self._columns.boxed:
                item.labels += [label] if label and not (said and label in item.labels) else []
                continue
            edges = [cells[at[edge]] for edge in EDGES]
            if any(edges) or label:  # else a picture in which nothing is
                item.boxes.append(RawBox(label, _numbers(edges, where), where))
            if "width" in at and "height" in at and cells[at["width"]] and cells[at["height"]]:
                width, height, *_ = _numbers([cells[at["width"]], cells[at["height"]], "0", "0"], where)
                item.size = (int(width), int(height))
        return item

    def scene(self, index: int) -> Scene:
        item, size = self.raw(index), self.size(index)
        if item.size is not None and item.size != size:
            stated, found = (f"{width} × {height}" for width, height in (item.size, size))
            raise BadData(f"states the size {stated}, but the upright picture is {found}", where=self.place(index))
        things = [true_thing(raw, size, self.classes) for raw in item.boxes]
        for name in item.labels:
            if name not in self.classes:
                raise BadData(f"the class {name!r} is not known", where=self.place(index))
        labels = Labels(tuple(Label(name) for name in dict.fromkeys(item.labels))) if item.labels else labels_of(things)
        return Scene(size, id=item.id, labels=labels, objects=Objects(tuple(things)), captions=self.captions(index))


def _of_split(table: Table, split: str) -> Iterator[tuple[int, list[str], dict[str, int]]]:
    """(line, cells, which cell is what) of the rows of a split; of all where the table knows no splits."""
    for line, cells in table.rows():
        at = table.columns.at if table.columns is not None else {}
        if not split or "split" not in at or canonical(cells[at["split"]]) == canonical(split):
            yield line, cells, at


def _usable(table: Table, name: str, line: int) -> bool:
    try:
        inside(table.path.parent, name, f"{table.path}:{line}")
    except BadData as error:
        table.problems.append(error)
        return False
    return True


def _numbers(texts: Sequence[str], where: str) -> tuple[float, float, float, float]:
    try:
        a, b, c, d = (float(text) for text in texts)
    except ValueError:
        raise BadData(f"should have four numbers for its box, has {', '.join(texts)!r:.60}", where=where) from None
    return a, b, c, d


@dataclass(frozen=True)
class Files:
    """The tables of a split. `split`: which rows of them; `captions`: where the captions stand, if not among the rest."""

    table: Path
    split: str = ""
    captions: Path | None = None


def _files(root: Path) -> dict[str, Files]:
    """Split → its tables; the key "" where there is only the whole."""
    if root.is_dir():
        there = {path.stem: path for path in sorted(root.glob("*.csv")) if not path.name.startswith(".")}
        if not there and (root / KAGGLE).is_file():
            there = {"": root / KAGGLE}
        plain = {stem.removeprefix(CAPTIONS) for stem in there}
        named = split_names(stem for stem in plain if canonical(stem) in SPLITS)
        if named:
            tables = {short: [there[name] for name in (stem, CAPTIONS + stem) if name in there] for short, stem in named.items()}
            return {short: Files(found[0], "", *found[1:]) for short, found in tables.items()}
        if len(there) != 1:
            what = f"holds {len(there)} tables" if there else "has no table"
            raise BadData(what, where=str(root), mend="name the one: csv:path/to/table.csv")
        root = next(iter(there.values()))
    table = Table(root)
    found = {cells[table.columns.at["split"]] for _, cells in table.rows() if table.columns and "split" in table.columns.at}
    return {short: Files(root, name) for short, name in split_names(found - {""}).items()} or {"": Files(root)}


def claims(root: Path) -> bool:
    if root.is_file():
        return (root.suffix.lower() == ".csv" and not _barred(root)) or (root.name == KAGGLE and _is_captions(root))
    if not any(root.glob("*.csv")) and not (root / KAGGLE).is_file():
        return False
    try:
        files = next(iter(_files(root).values()))
        if _barred(files.table):
            return False
        if _is_captions(files.table):
            return True
        table = Table(files.table)
        first = next(table.rows(), None)
    except BadData:
        return False
    if imagefolder.claims(root) or first is None or table.columns is None:
        return False
    return (files.table.parent / first[1][table.columns.at["path"]]).is_file()


def _barred(path: Path) -> bool:
    """Whether bars stand between the cells, as in Flickr30k's list of sentences."""
    first = next((line.text for line in lines(path)), "")
    return first.count("|") > max(map(first.count, ",;\t"))


def _is_captions(path: Path) -> bool:
    try:
        return columns_of(path).captioned
    except BadData:
        return False


def splits(root: Path) -> tuple[str, ...]:
    return tuple(name for name in _files(root) if name)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    files = _files(root)
    names: set[str] = set()
    for path in {each.table for each in files.values()}:
        table = Table(path)
        for _, cells in table.rows():
            if table.columns is not None and "label" in table.columns.at:
                names.add(cells[table.columns.at["label"]])
    known = fixed_classes(sorted(names - {""}), classes, str(root))
    return joined([_load(files[name], known) for name in ([split] if split else files)])


def _load(files: Files, classes: tuple[str, ...]) -> Dataset:
    columns = columns_of(files.table)
    if columns.captioned:
        found = CsvCaptions(files.table, files.split)
        found.classes = classes
        return found
    return CsvFile(files.table, files.split, classes, files.table if "caption" in columns.at else files.captions)
