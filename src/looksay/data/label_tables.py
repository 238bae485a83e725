"""What the numbers or colours of label pictures mean: the tables that such data sets carry, and those that everybody knows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from looksay.data.files import read_text
from looksay.errors import BadData

Colour = tuple[int, int, int]
VOID_NAMES = frozenset({"void", "unlabelled", "unlabeled", "ignore", "ignored", "undefined"})
NAME_FILES = ("classes.txt", "labels.txt", "names.txt")
COLOUR_FILES = ("label_colors.txt", "label_colours.txt", "class_dict.csv", "labelmap.txt")
_LINE = re.compile(r"\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)\s+(.+)")  # 'red green blue name', as CamVid has it
_NUMBERED = re.compile(r"\s*(\d+)\s*[:,\t ]\s*(.+)")  # 'number name'


@dataclass(frozen=True)
class Table:
    """Number → name, or colour → name; "" is void. `names` are those that count, in order."""

    numbers: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[Colour, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name in (*self.numbers.values(), *self.colours.values()) if name))


def known_as(name: str) -> str:
    """ "" for the names of void."""
    return "" if name.strip().lower() in VOID_NAMES else name.strip()


def numbered(*names: str, void: tuple[int, ...] = (), first: int = 0) -> Table:
    numbers = {first + at: known_as(name) for at, name in enumerate(names)}
    return Table(numbers | dict.fromkeys(void, ""))


CAMVID = numbered(
    "sky", "building", "pole", "road", "pavement", "tree", "sign", "fence", "car", "pedestrian", "bicyclist", void=(11,),
)  # fmt: skip
_STREETS = (
    "road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation", "terrain", "sky",
    "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle",
)  # fmt: skip
_STREET_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
CITYSCAPES = Table(dict.fromkeys(range(34), "") | dict(zip(_STREET_IDS, _STREETS, strict=True)))
CITYSCAPES_TRAIN = numbered(*_STREETS)


def table_of(root: Path) -> Table | None:
    """The table in that folder, or None. Colours win over plain lists of names, which count from 0."""
    for name in COLOUR_FILES:
        if (root / name).is_file():
            return _colours(root / name)
    for name in NAME_FILES:
        if (root / name).is_file():
            return _names(root / name)
    return None


def _names(path: Path) -> Table:
    """A name a line, the first is 0; or 'number name'."""
    lines = [(number, line.strip()) for number, line in enumerate(read_text(path, 1 << 20).splitlines(), 1) if line.strip()]
    marked = [_NUMBERED.fullmatch(line) for _, line in lines]
    if lines and all(marked):
        pairs = [(int(found[1]), found[2]) for found in marked if found]
    else:
        pairs = [(at, line) for at, (_, line) in enumerate(lines)]
    numbers: dict[int, str] = {}
    for (line, _), (number, name) in zip(lines, pairs, strict=True):
        if number in numbers or number > 255:
            what = f"gives the number {number} twice" if number in numbers else f"has the number {number}, the largest is 255"
            raise BadData(what, where=f"{path}:{line}")
        numbers[number] = known_as(name)
    return Table(numbers)


def _colours(path: Path) -> Table:
    """CamVid's 'red green blue name', a table with the heading name,r,g,b, or CVAT's 'name:red,green,blue:…'."""
    text = read_text(path, 1 << 20)
    if path.suffix == ".csv":
        rows = [(row[0], row[1:4], number) for number, row in enumerate(csv.reader(io.StringIO(text)), 1) if row and number > 1]
    else:
        rows = [(*_split(line), number) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    colours: dict[Colour, str] = {}
    for name, parts, number in rows:
        try:
            red, green, blue = (int(part) for part in parts)
            if not all(0 <= value <= 255 for value in (red, green, blue)) or not name.strip():
                raise ValueError
        except ValueError:
            raise BadData("should be a name with red, green and blue from 0 to 255", where=f"{path}:{number}") from None
        if (red, green, blue) in colours:
            raise BadData(f"gives the colour {red} {green} {blue} twice", where=f"{path}:{number}")
        colours[red, green, blue] = known_as(name)
    return Table(colours=colours)


def _split(line: str) -> tuple[str, list[str]]:
    found = _LINE.fullmatch(line)
    if found:
        return found[4], [found[1], found[2], found[3]]
    name, _, rest = line.partition(":")
    return name, rest.partition(":")[0].split(",")
