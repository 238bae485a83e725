"""How people name what is to be explained: a class, the second thing of one, a pixel."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from looksay.errors import BadValue, NotSeen
from looksay.scene import Size

_PIXEL = re.compile(r"(?:(.+)@)?\s*([-+]?\d+(?:\.\d*)?)\s*,\s*([-+]?\d+(?:\.\d*)?)\s*")


class Spot(NamedTuple):
    """A class, '' for whatever is seen; which of its things, the surest first; and (column, row) of a pixel of the picture."""

    name: str = ""
    turn: int = 0
    pixel: tuple[float, float] | None = None

    def __str__(self) -> str:
        thing = f"{self.name}:{self.turn}" if self.turn else self.name
        where = "" if self.pixel is None else "{:g},{:g}".format(*self.pixel)
        return "@".join(part for part in (thing, where) if part)

    def within(self, size: Size, picture: str = "") -> tuple[float, float]:
        """The middle of the pixel, in a picture of `size`. Raises NotSeen where it lies outside."""
        assert self.pixel is not None
        x, y = self.pixel
        if not (0 <= x < size[0] and 0 <= y < size[1]):
            mend = f"columns are 0 to {size[0] - 1}, rows 0 to {size[1] - 1}"
            raise NotSeen(f"pixel {x:g},{y:g} is outside of the picture", where=picture or None, mend=mend)
        return x + 0.5, y + 0.5


def is_pixel(what: str) -> bool:
    """'12,30'"""
    found = _PIXEL.fullmatch(what)
    return found is not None and found[1] is None


def spot(what: str, classes: Collection[str]) -> Spot:
    """'dog', 'dog:1', '12,30' or 'dog@12,30'; names of classes are taken as they are."""
    if what in classes:
        return Spot(what)
    found = _PIXEL.fullmatch(what)
    name = (found[1] or "") if found else what
    pixel = (float(found[2]), float(found[3])) if found else None
    if name in classes:
        return Spot(name, 0, pixel)
    name, colon, turn = name.rpartition(":") if ":" in name else (name, "", "")
    if colon and not turn.isdigit():
        raise BadValue(f"{what!r} names no thing", mend="say dog, or dog:1 for the second of them")
    return Spot(name, int(turn or 0), pixel)
