"""Masks as pictures, the way of Pascal VOC: a palette PNG whose codes are classes or objects, 0 background, 255 void."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data import pictures
from looksay.data.files import read_text
from looksay.errors import BadData, BadPicture
from looksay.scene import VOID, BoxXYXY, Mask, Size

BACKGROUND = "background"
LABELMAP = "labelmap.txt"  # of CVAT: 'name:red,green,blue:parts:actions', one class on each line


class MaskSize(BadData):
    """A mask of another size than its picture."""


class MaskCode(BadData):
    """A number or a colour in a mask that means nothing."""


def palette() -> npt.NDArray[np.uint8]:
    """The 256 colours of VOC, shape (256, 3): the bits of a code are dealt out to red, green and blue, the lowest three first,
    each to the highest bit that is still free."""
    codes = np.arange(256, dtype=np.uint16)
    colours = np.zeros((256, 3), np.uint16)
    for step in range(8):
        for channel in range(3):
            bit = codes >> (3 * step + channel) & 1
            colours[:, channel] |= bit << (7 - step)
    return colours.astype(np.uint8)


PALETTE = palette()
VOID_COLOURS = ((224, 224, 192), (255, 255, 255))  # VOC's own, and white, which some tools write


@dataclass(frozen=True)
class LabelMap:
    """Which colour means which name; the place of a name in `names` is its code."""

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]

    @classmethod
    def usual(cls, classes: Sequence[str]) -> LabelMap:
        """Background first, then the classes, in the colours of VOC."""
        names = (BACKGROUND, *classes)[:VOID]
        return cls(names, tuple((int(r), int(g), int(b)) for r, g, b in PALETTE[: len(names)]))

    @classmethod
    def read(cls, path: Path) -> LabelMap:
        found: dict[str, tuple[int, int, int]] = {}
        for number, line in enumerate(read_text(path, 1 << 20).splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, _, rest = line.partition(":")
            try:
                red, green, blue = (int(text) for text in rest.partition(":")[0].split(","))
                if not all(0 <= value <= 255 for value in (red, green, blue)):
                    raise ValueError
            except ValueError:
                raise BadData("should be name:red,green,blue::", where=f"{path}:{number}") from None
            if name in found:
                raise BadData(f"names {name!r} twice", where=f"{path}:{number}")
            found[name] = (red, green, blue)
        return cls(tuple(found), tuple(found.values()))

    def text(self) -> str:
        lines = [f"{name}:{r},{g},{b}::" for name, (r, g, b) in zip(self.names, self.colours, strict=True)]
        return "\n".join(["# label:color_rgb:parts:actions", *lines, ""])

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name != BACKGROUND)


def read_classes(path: Path, labels: LabelMap, size: Size) -> npt.NDArray[np.uint8]:
    """Codes that index `labels.names`, 255 for void."""
    codes, colours = _read(path, size)
    known = {colour: code for code, colour in enumerate(labels.colours)} | dict.fromkeys(VOID_COLOURS, VOID)
    table = np.full(256, -1, np.int16)
    table[VOID] = VOID
    if colours is None:
        table[: len(labels.names)] = np.arange(len(labels.names))
    else:
        _by_colour(table, colours, known)
    return _mapped(codes, table, path)


def read_objects(path: Path, size: Size) -> npt.NDArray[np.uint8]:
    """Codes: 0 for none, 255 for void, else the number of the object in its annotation, from 1."""
    codes, colours = _read(path, size)
    table = np.arange(256, dtype=np.int16)
    if colours is not None and not np.array_equal(colours, PALETTE[: len(colours)]):
        known = {(int(r), int(g), int(b)): code for code, (r, g, b) in enumerate(PALETTE)}
        if all((int(r), int(g), int(b)) in known for r, g, b in colours[np.unique(codes)]):
            table[:] = -1
            _by_colour(table, colours, known)
    return _mapped(codes, table, path)


def _read(path: Path, size: Size) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8] | None]:
    try:
        codes, colours = pictures.codes(path)
    except BadPicture as error:
        raise BadData(error.what, where=error.where, mend=error.mend) from None
    fits(codes.shape, size, path)
    return codes, colours


def fits(shape: tuple[int, ...], size: Size, path: Path) -> None:
    """Raises MaskSize where a mask (height, width) is not that of a picture of `size`."""
    if shape != size[::-1]:
        stated = f"{shape[1]} × {shape[0]}, the picture {size[0]} × {size[1]}"
        raise MaskSize(f"the mask is {stated}", where=str(path), mend="draw it on the picture as it is, without resizing")


def _by_colour(table: npt.NDArray[np.int16], colours: npt.NDArray[np.uint8], known: Mapping[tuple[int, int, int], int]) -> None:
    for code, (red, green, blue) in enumerate(colours):
        table[code] = known.get((int(red), int(green), int(blue)), -1)


def _mapped(codes: npt.NDArray[np.uint8], table: npt.NDArray[np.int16], path: Path) -> npt.NDArray[np.uint8]:
    mapped = table[codes]
    if mapped.size and int(mapped.min()) < 0:
        row, column = (int(place[0]) for place in np.nonzero(mapped < 0))
        what = f"the code {int(codes[row, column])} of the pixel in column {column}, row {row} means no class"
        raise MaskCode(what, where=str(path), mend=f"name its colour in {LABELMAP}")
    return mapped.astype(np.uint8)


def instances(codes: npt.NDArray[np.uint16]) -> dict[int, Mask]:
    """The mask of every number in a picture of numbers but 0, rising; all of them in one pass over the pixels."""
    height, width = codes.shape
    flat = codes.T.reshape(-1)
    place = np.flatnonzero(flat)
    if not len(place):
        return {}
    place = place[np.argsort(flat[place], kind="stable")]
    numbers, starts = np.unique(flat[place], return_index=True)
    out = {}
    for number, own in zip(numbers.tolist(), np.split(place, starts[1:]), strict=True):
        breaks = np.flatnonzero(np.diff(own) != 1)
        begins, ends = own[np.r_[0, breaks + 1]], own[np.r_[breaks, len(own) - 1]] + 1
        runs = np.diff(np.concatenate(([0], np.stack([begins, ends], axis=1).reshape(-1), [flat.size])))
        out[number] = Mask((width, height), (runs if runs[-1] else runs[:-1]).astype(np.uint32))
    return out


def box_of(mask: Mask) -> BoxXYXY:
    """The tightest box around a mask that is not empty, from its runs alone."""
    height = mask.size[1]
    ends = np.cumsum(mask.runs, dtype=np.int64)
    first, last = ends[0 : len(ends) // 2 * 2 : 2], ends[1::2] - 1
    kept = last >= first
    first, last = first[kept], last[kept]
    across = (first // height != last // height).any()  # a run that goes on into the next column has touched both edges
    top, bottom = (0, height) if across else (int((first % height).min()), int((last % height).max()) + 1)
    return float(first[0] // height), float(top), float(last[-1] // height + 1), float(bottom)


def encode(codes: npt.NDArray[np.uint8], colours: npt.NDArray[np.uint8] = PALETTE) -> bytes:
    """The bytes of a palette PNG."""
    image = Image.fromarray(np.ascontiguousarray(codes, np.uint8)).convert("L")
    image.putpalette(colours.reshape(-1).tolist())
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
