"""What the readers of captions share: a compact store of sentences, and data sets that hold pictures and sentences only."""

from __future__ import annotations

import re
from abc import abstractmethod
from array import array
from collections.abc import Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from looksay.data.dataset import RawCaption, RawItem
from looksay.data.files import PictureFiles
from looksay.data.index import Groups, Strings, narrow
from looksay.errors import BadData
from looksay.scene import Caption, Scene

UNIT = "\x1f"  # between id, language and text in memory; ids and languages hold none
# Where the usual sets have their pictures, Flickr8k's misspelt one included.
FOLDERS = (
    "Images",
    "images",
    "Flicker8k_Dataset",
    "Flickr8k_Dataset",
    "flickr30k-images",
    "flickr30k_images",
    "flickr30k_images/flickr30k_images",
    "pictures",
    "JPEGImages",
)
_HALF = re.compile("[\ud800-\udfff]")


class Row(NamedTuple):
    """A caption in a list: of which picture, by number, and in which line."""

    picture: int
    line: int
    id: str
    text: str
    language: str = ""


class Said:
    """Captions in one blob, in the order of their file."""

    def __init__(self, listing: Path, rows: Iterable[Row], pictures: Sized) -> None:
        """`pictures` may grow while `rows` are read: it is counted after them."""
        self.listing = listing
        owners, lines = array("q"), array("q")

        def texts() -> Iterator[str]:
            for row in rows:
                owners.append(row.picture)
                lines.append(row.line)
                yield f"{row.id.replace(UNIT, '')}{UNIT}{row.language.replace(UNIT, '')}{UNIT}{row.text}"

        self._texts = Strings(texts())
        self._lines = narrow(np.array(lines, np.int64))
        self._groups = Groups(np.array(owners, np.int64), len(pictures))

    @property
    def nbytes(self) -> int:
        """What the captions cost in memory, their own text included."""
        return self._texts.nbytes + int(self._lines.nbytes) + self._groups.nbytes

    def where(self, picture: int) -> str:
        """Where the first caption of a picture stands."""
        rows = self._groups[picture]
        return f"{self.listing}:{int(self._lines[rows[0]])}" if rows else str(self.listing)

    def raw(self, picture: int) -> list[RawCaption]:
        return [
            RawCaption(text, f"{self.listing}:{line}", id, language or "en") for line, id, language, text in self._cells(picture)
        ]

    def captions(self, picture: int) -> tuple[Caption, ...]:
        return tuple(Caption(text, id=id, language=language or "en") for _, id, language, text in self._cells(picture))

    def _cells(self, picture: int) -> list[tuple[int, str, str, str]]:
        """(line, id, language, text). A single empty one means that nothing is said."""
        found = []
        for row in self._groups[picture]:
            id, language, text = self._texts[row].split(UNIT, 2)
            found.append((int(self._lines[row]), id, language, text))
        return [] if len(found) == 1 and not found[0][3] else found


class Captioned(PictureFiles):
    """Pictures of which nothing is known but what is said of them."""

    @abstractmethod
    def said(self, index: int) -> list[RawCaption]:
        """The captions of a picture as their file has them."""

    def raw(self, index: int) -> RawItem:
        return RawItem(self.name(index), str(self.path(index)), self.place(index), captions=self.said(index))

    def scene(self, index: int) -> Scene:
        return Scene(self.size(index), id=self.name(index), captions=self.captions(index))

    def target(self, index: int) -> int:
        return -1


def text_of(value: Any) -> tuple[str, str]:
    """(the text of a caption in JSON, why it cannot be one): text that holds half a character could never be written again."""
    if not isinstance(value, str):
        return "", "has no caption" if value is None else f"its caption should be text, is {value!r:.40}"
    return ("", "its caption holds half of a character") if _HALF.search(value) else (value, "")


def sound(raw: RawCaption) -> Caption:
    """The caption that its reader makes of it. Raises BadData."""
    if raw.fault:
        raise BadData(raw.fault, where=raw.where, mend="write the caption, or take its entry out")
    return Caption(raw.text, id=raw.id, language=raw.language)


def picture_folder(homes: Sequence[Path], names: Iterable[str]) -> Path:
    """The first likely folder that holds one of the first pictures; the first home where there is none."""
    some = [name for name, _ in zip(names, range(20), strict=False)]
    likely = [home / folder for home in homes for folder in ("", *FOLDERS)]
    for folder in likely:
        if any((folder / name).is_file() for name in some):
            return folder
    return homes[0]
