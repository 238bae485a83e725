"""Rows and columns of a table: with a heading in any order and under any of the usual names, or without one."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from looksay.data import pictures
from looksay.data.textfile import lines
from looksay.errors import BadData

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
        "image_name",
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
    "caption": ("caption", "text", "sentence", "description", "comment"),
    "caption_id": ("caption_id", "sentence_id", "sentid", "comment_number", "caption_number"),
    "id": ("id", "image_id", "picture_id", "img_id", "imgid"),
    "language": ("language", "lang"),
}
EDGES = ("x1", "y1", "x2", "y2")
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

    @property
    def captioned(self) -> bool:
        """Whether captions are all that it tells."""
        return "caption" in self.at and "label" not in self.at


class Table:
    """The rows of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.columns: Columns | None = None
        self.problems: list[BadData] = []

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) below the heading; rows with too few or too many cells become problems."""
        delimiter = max(",;\t", key=next((line.text for line in lines(self.path)), "").count)
        reader = csv.reader(self._decoded(), delimiter=delimiter, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                plain = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadData(f"cannot be read: {error}", where=f"{self.path}:{line}") from None
            cells = [cell.strip() for cell in plain]
            if not any(cells):
                continue
            if self.columns is None:
                if self.problems:
                    raise self.problems[0]
                self.columns = _columns(cells, f"{self.path}:{line}")
                if self.columns.heading:
                    continue
            if len(cells) == self.columns.count:
                if "caption" in self.columns.at:
                    cells[self.columns.at["caption"]] = plain[self.columns.at["caption"]]  # blanks and all
                yield line, cells
            else:
                self.blame(f"has {len(cells)} cells, the first line {self.columns.count}", f"{self.path}:{line}")

    def blame(self, what: str, where: str) -> None:
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(BadData(what, where=where))

    def _decoded(self) -> Iterator[str]:
        for line in lines(self.path):
            if line.problem is not None and len(self.problems) < MOST_PROBLEMS:
                self.problems.append(line.problem)
            yield line.text


def columns_of(path: Path) -> Columns:
    """Those of the first row."""
    table = Table(path)
    next(table.rows(), None)
    return table.columns or Columns({}, 0, False)


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
    if "label" not in at and "caption" not in at and len(left) == 1:
        at["label"] = left[0]
    edges = [edge for edge in EDGES if edge in at]
    for what in ("path", *(["label"] if edges or "caption" not in at else [])):
        if what not in at:
            mend = f"call it {what}; known are {', '.join(ALIASES[what])}"
            raise BadData(f"has no column for the {what}", where=where, mend=mend)
    if 0 < len(edges) < 4:
        raise BadData(f"has columns for {', '.join(edges)} only", where=where, mend="a box needs x1, y1, x2 and y2")
    return at
