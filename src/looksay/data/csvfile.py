"""Tables: path,label or path,x1,y1,x2,y2,label, with or without a heading. Boxes are 0-based edges in pixels.

With a heading the columns may stand in any order and be called as the usual tools call them (filename, xmin, class …).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from looksay.data import imagefolder, pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import (
    SPLITS,
    PictureFiles,
    canonical,
    fixed_classes,
    inside,
    joined,
    labels_of,
    read_text,
    split_names,
    true_thing,
)
from looksay.data.index import Groups, Strings, narrow
from looksay.errors import BadData
from looksay.scene import Label, Labels, Objects, Scene

ALIASES = {
    "path": (
        "path",
        "file",
        "filename",
        "file_name",
        "filepath",
        "file_path",
        "image",
        "image_path",
        "img",
        "img_path",
        "picture",
    ),
    "label": ("label", "class", "class_name", "classname", "name", "category", "target", "labels"),
    "split": ("split", "set", "subset"),
    "width": ("width", "image_width", "img_width"),
    "height": ("height", "image_height", "img_height"),
    "x1": ("x1", "xmin", "x_min", "left"),
    "y1": ("y1", "ymin", "y_min", "top"),
    "x2": ("x2", "xmax", "x_max", "right"),
    "y2": ("y2", "ymax", "y_max", "bottom"),
}
EDGES = ("x1", "y1", "x2", "y2")
UNIT = "\x1f"  # between the cells of a row in memory
MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Columns:
    """Which cell of a row is what; `count` cells there must be."""

    at: dict[str, int]
    count: int
    heading: bool

    @property
    def boxed(self) -> bool:
        return "x1" in self.at


class Table:
    """The rows of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: Columns | None = None
        self.problems: list[BadData] = []

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) below the heading; rows with too few or too many cells become problems."""
        text = read_text(self.path)
        delimiter = max(",;\t", key=text.partition("\n")[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = [cell.strip() for cell in next(reader)]
            except StopIteration:
                return
            except csv.Error as error:
                raise BadData(f"cannot be read: {error}", where=f"{self.path}:{line}") from None
            if not any(cells):
                continue
            if self.columns is None:
                self.columns = _columns(cells, f"{self.path}:{line}")
                if self.columns.heading:
                    continue
            if len(cells) == self.columns.count:
                yield line, cells
            elif len(self.problems) < MOST_PROBLEMS:
                what = f"has {len(cells)} cells, the first line {self.columns.count}"
                self.problems.append(BadData(what, where=f"{self.path}:{line}"))


class CsvFile(PictureFiles):
    """Ids are the paths as the table has them."""

    def __init__(self, path: Path, split: str, classes: tuple[str, ...]) -> None:
        table, number, rows, owners, lines = Table(path), dict[str, int](), list[str](), list[int](), list[int]()
        targets: list[int] = []
        known = {name: index for index, name in enumerate(classes)}
        for line, cells in table.rows():
            assert table.columns is not None
            at = table.columns.at
            if split and "split" in at and canonical(cells[at["split"]]) != canonical(split):
                continue
            name = cells[at["path"]]
            try:
                inside(path.parent, name, f"{path}:{line}")
            except BadData as error:
                table.problems.append(error)
                continue
            if number.setdefault(name, len(number)) == len(targets):
                targets.append(known.get(cells[at["label"]], -1))
            owners.append(number[name])
            rows.append(UNIT.join(cells))
            lines.append(line)
        super().__init__(path.parent, number)
        self.listing, self.classes, self.problems = path, classes, tuple(table.problems)
        self._columns = table.columns or Columns({}, 0, False)
        self._rows, self._lines = Strings(rows), narrow(np.array(lines, np.int64))
        self._groups = Groups(np.array(owners, np.int64), len(number))
        self._targets = np.array(targets, np.int32)

    @property
    def nbytes(self) -> int:
        """What the index costs in memory."""
        own = self.names.nbytes + self._rows.nbytes + self._groups.nbytes
        return own + int(self._lines.nbytes + self._targets.nbytes)

    def target(self, index: int) -> int:
        return super().target(index) if self._columns.boxed else int(self._targets[index])

    def place(self, index: int) -> str:
        return f"{self.listing}:{int(self._lines[self._groups[index][0]])}"

    def raw(self, index: int) -> RawItem:
        item = RawItem(self.name(index), str(self.path(index)), self.place(index))
        at = self._columns.at
        for row in self._groups[index]:
            cells, where = self._rows[row].split(UNIT), f"{self.listing}:{int(self._lines[row])}"
            label = cells[at["label"]]
            if not self._columns.boxed:
                item.labels += [label] if label else []
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
        return Scene(size, id=item.id, labels=labels, objects=Objects(tuple(things)))


def _numbers(texts: Sequence[str], where: str) -> tuple[float, float, float, float]:
    try:
        a, b, c, d = (float(text) for text in texts)
    except ValueError:
        raise BadData(f"should have four numbers for its box, has {', '.join(texts)!r:.60}", where=where) from None
    return a, b, c, d


def _columns(cells: list[str], where: str) -> Columns:
    """From the first row: it is a heading unless one of its cells is the path of a picture."""
    if not any(pictures.is_picture_name(Path(cell).name) for cell in cells):
        return Columns(_headed(cells, where), len(cells), True)
    if len(cells) == 2:
        return Columns({"path": 0, "label": 1}, 2, False)
    if len(cells) == 6:
        return Columns({"path": 0, **{edge: 1 + at for at, edge in enumerate(EDGES)}, "label": 5}, 6, False)
    mend = "without a heading: path,label or path,x1,y1,x2,y2,label"
    raise BadData(f"has {len(cells)} cells, which may mean anything", where=where, mend=mend)


def _headed(cells: list[str], where: str) -> dict[str, int]:
    names = [cell.lower().replace(" ", "_").replace("-", "_") for cell in cells]
    at: dict[str, int] = {}
    for what, aliases in ALIASES.items():
        fitting = [place for place, name in enumerate(names) if name in aliases]
        if fitting:
            at[what] = min(fitting, key=lambda place: aliases.index(names[place]))
    left = [place for place in range(len(cells)) if place not in at.values()]
    if "label" not in at and len(left) == 1:
        at["label"] = left[0]
    for what in ("path", "label"):
        if what not in at:
            mend = f"call it {what}; known are {', '.join(ALIASES[what])}"
            raise BadData(f"has no column for the {what}", where=where, mend=mend)
    edges = [edge for edge in EDGES if edge in at]
    if 0 < len(edges) < 4:
        raise BadData(f"has columns for {', '.join(edges)} only", where=where, mend="a box needs x1, y1, x2 and y2")
    return at


def _files(root: Path) -> dict[str, tuple[Path, str]]:
    """Split → its file, and which rows of it; the key "" where there is only the whole."""
    if root.is_dir():
        there = {path.stem: path for path in sorted(root.glob("*.csv")) if not path.name.startswith(".")}
        named = split_names(stem for stem in there if canonical(stem) in SPLITS)
        if named:
            return {short: (there[stem], "") for short, stem in named.items()}
        if len(there) != 1:
            what = f"holds {len(there)} tables" if there else "has no table"
            raise BadData(what, where=str(root), mend="name the one: csv:path/to/table.csv")
        root = next(iter(there.values()))
    table = Table(root)
    found = {cells[table.columns.at["split"]] for _, cells in table.rows() if table.columns and "split" in table.columns.at}
    return {short: (root, name) for short, name in split_names(found - {""}).items()} or {"": (root, "")}


def claims(root: Path) -> bool:
    if root.is_file():
        return root.suffix.lower() == ".csv"
    if not any(root.glob("*.csv")) or imagefolder.claims(root):
        return False
    try:
        path, _ = next(iter(_files(root).values()))
        table = Table(path)
        first = next(table.rows(), None)
    except BadData:
        return False
    return first is not None and table.columns is not None and (path.parent / first[1][table.columns.at["path"]]).is_file()


def splits(root: Path) -> tuple[str, ...]:
    return tuple(name for name in _files(root) if name)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    files = _files(root)
    names: set[str] = set()
    for path in {path for path, _ in files.values()}:
        table = Table(path)
        names |= {cells[table.columns.at["label"]] for _, cells in table.rows() if table.columns}
    known = fixed_classes(sorted(names - {""}), classes, str(root))
    return joined([CsvFile(*files[name], known) for name in ([split] if split else files)])
