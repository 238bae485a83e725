"""What was measured: a Score with its interval and settings, and the table results/<task>.csv that runs write into."""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from looksay.disk import write_atomically
from looksay.errors import BadData, BadValue, NotFinite, suggestion

Cell: TypeAlias = str | int | float | None

KEY = ("system", "recipe", "data", "split")
FRONT = ("system", "recipe", "weights", "data", "split", "pictures")
BACK = ("low", "high", "params", "ms_per_picture", "train_minutes", "command")
_TEXT = frozenset({"system", "recipe", "weights", "data", "split", "command"})
_WHOLE = frozenset({"pictures", "params"})


@dataclass(frozen=True)
class Score:
    """One measured number over `n` pictures. `settings` say how it was measured; they are printed beside it.

    `low` and `high` bound a bootstrap interval where there is one. A `share` is between 0 and 1 and printed as per cent.
    """

    name: str
    value: float
    n: int
    low: float | None = None
    high: float | None = None
    settings: str = ""
    share: bool = True

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low or 0.0, self.high or 0.0)):
            raise NotFinite(f"the score {self.name!r} is {self.value} ({self.low} to {self.high})")
        if (self.low is None) != (self.high is None):
            raise BadValue(f"the score {self.name!r} has half an interval", mend="give low and high, or neither")

    def __str__(self) -> str:
        text = f"{self.name} {self._number(self.value)}" + (" %" if self.share else "")
        if self.low is not None and self.high is not None:
            text += f" ({self._number(self.low)} to {self._number(self.high)})"
        return f"{text}, n = {self.n}" + (f", {self.settings}" if self.settings else "")

    def _number(self, value: float) -> str:
        return f"{100 * value:.2f}" if self.share else f"{value:.4f}"


def read(path: str | os.PathLike[str]) -> list[dict[str, Cell]]:
    """The rows in the order of the file; text as str, counts as int, measured numbers as float, an empty cell as None."""
    where = str(path)
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadData("there is no such table of results", where=where) from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadData(f"the table cannot be read: {error}", where=where) from None
    reader = csv.reader(io.StringIO(text, newline=""))
    header = next(reader, [])
    if tuple(header[: len(FRONT)]) != FRONT or tuple(header[-len(BACK) :]) != BACK or len(set(header)) != len(header):
        raise BadData(
            "this is not a table of results", where=f"{where}, line 1", mend="its columns are " + ", ".join((*FRONT, "…", *BACK))
        )
    rows = []
    for cells in reader:
        line = f"{where}, line {reader.line_num}"
        if len(cells) != len(header):
            raise BadData(f"{len(cells)} cells under {len(header)} columns", where=line)
        rows.append({name: _parse(name, cell, line) for name, cell in zip(header, cells, strict=True)})
    return rows


def record(path: str | os.PathLike[str], row: Mapping[str, Any]) -> None:
    """Put a row in, in place of the one with the same system, recipe, data and split, if there is one.

    Columns that are not fixed are scores and hold numbers; low and high are the interval of the first of them. The file is
    sorted by the key and replaced as a whole, so a crash leaves the old one. Two processes must not write the same table at once.
    """
    where = str(path)
    rows = read(path) if Path(path).exists() else []
    fresh = {name: _checked(name, value, where) for name, value in row.items()}
    for name in KEY:
        if not isinstance(fresh.get(name), str) or (name != "recipe" and not fresh[name]):
            raise BadValue(f"a row of results has no {name}", where=where, mend="its key is " + ", ".join(KEY))
    scores = [name for name in (rows[0] if rows else ()) if name not in FRONT + BACK]
    scores += [name for name in fresh if name not in (*FRONT, *BACK, *scores)]
    kept = [old for old in rows if _key(old) != _key(fresh)]
    columns = (*FRONT, *scores, *BACK)
    write_atomically(Path(path), _lines(columns, sorted([*kept, fresh], key=_key)).encode())


def _key(row: Mapping[str, Cell]) -> tuple[str, ...]:
    return tuple(str(row[name] or "") for name in KEY)


def _lines(columns: Sequence[str], rows: Sequence[Mapping[str, Cell]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_format(row.get(name)) for name in columns] for row in rows)
    return out.getvalue()


def _format(value: Cell) -> str:
    """Six significant digits: more than any metric is sure of, and the same text on every machine."""
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _checked(name: str, value: Any, where: str) -> Cell:
    if hasattr(value, "item") and callable(value.item):  # numpy's and torch's scalars
        value = value.item()
    if value is None or (name in _TEXT and isinstance(value, str)):
        return value
    if name in _TEXT:
        raise BadValue(f"{name} is {value!r}", where=where, mend="give text")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        mend = suggestion(name, (*FRONT, *BACK)) if name not in FRONT + BACK else "give a number"
        raise BadValue(f"{name} is {value!r}, not a number", where=where, mend=mend)
    if not math.isfinite(value):
        raise NotFinite(f"{name} is {value}", where=where)
    if name in _WHOLE:
        return int(value)
    return float(value)


def _parse(name: str, cell: str, where: str) -> Cell:
    if name in _TEXT:
        return cell
    if not cell:
        return None
    try:
        return int(cell) if name in _WHOLE else float(cell)
    except ValueError:
        raise BadData(f"{name} is {cell!r}, not a number", where=where) from None
