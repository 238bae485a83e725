"""A text of any size as spans of numbered words. The file is mapped, not read: memory grows with the vocabulary alone."""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData
from looksay.ops import word_count
from looksay.ops.word_count import Bytes, Table

Progress: TypeAlias = Callable[[int, int], None]
SPAN = 1 << 16  # bytes of text that are learnt from in one go
_BOM = b"\xef\xbb\xbf"
_WHITE = re.compile(rb"[\t-\r ]")


class Text:
    """A file of UTF-8, words parted by white space (of ASCII) and sentences by line feeds. `spans` are stretches of it, about
    SPAN bytes long, that end where a line ends if one ends soon, else between two words. `name` is what messages call it."""

    def __init__(self, path: str | Path, name: str = "") -> None:
        self.path, self.name = Path(path), name or str(path)
        try:
            if self.path.stat().st_size == 0:
                raise BadData("the text is empty", where=self.name)
            with open(self.path, "rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise BadData(f"cannot be read: {error.strerror or error}", where=self.name) from None
        self.letters: Bytes = np.frombuffer(mapped, np.uint8)
        self.spans = _spans(mapped)

    def check(self, span: tuple[int, int]) -> None:
        """Raises BadData with the line and the byte of what is not UTF-8."""
        try:
            self.letters[slice(*span)].tobytes().decode()
        except UnicodeDecodeError as error:
            at = span[0] + error.start
            line = 1 + sum(int(np.count_nonzero(self.letters[low : min(low + SPAN, at)] == 10)) for low in range(0, at, SPAN))
            what = f"byte {at + 1} (0x{self.letters[at]:02x}) is not text in UTF-8"
            raise BadData(what, where=f"{self.name}:{line}", mend="save it as UTF-8") from None

    def encoded(self, span: tuple[int, int], table: Table, *, rare: bool = False) -> npt.NDArray[np.int32]:
        """Numbers of the span's words: see word_count.encode."""
        out = np.empty(span[1] - span[0], np.int32)
        return out[: word_count.encode(self.letters, span, table, rare, out)]


def _spans(mapped: mmap.mmap) -> list[tuple[int, int]]:
    end = len(mapped)
    at = len(_BOM) if mapped[: len(_BOM)] == _BOM else 0
    found = []
    while at < end:
        stop = mapped.find(b"\n", at + SPAN, at + 2 * SPAN) + 1 if at + SPAN < end else end
        if not stop:
            white = _WHITE.search(mapped, at + SPAN)
            stop = white.end() if white else end
        found.append((at, stop))
        at = stop
    return found


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of a text that come at least so often, the most frequent first, of equals the one that comes first. `total` is
    the sum of their counts, `read` the number of all words of the text."""

    words: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    table: Table
    read: int

    @property
    def total(self) -> int:
        return int(self.counts.sum())


def lexicon(text: Text, min_count: int, progress: Progress | None = None) -> Lexicon:
    """Reads the whole text once. Raises BadData where it is not UTF-8."""
    table, counts = _room(text.letters, 1 << 16)
    words = read = 0
    for number, (at, stop) in enumerate(text.spans):
        text.check((at, stop))
        while at < stop:
            at, words, more = word_count.count(text.letters, (at, stop), table, counts, words)
            read += more
            if 2 * words >= len(table.slots):
                table, counts = _larger(table, counts, words)
        if progress:
            progress(number + 1, len(text.spans))
    order = np.argsort(-counts[:words], kind="stable")
    order = order[: int(np.count_nonzero(counts[:words] >= min_count))]
    kept = [text.letters[start : start + length].tobytes() for start, length in zip(*_places(table, order), strict=True)]
    return Lexicon(tuple(word.decode() for word in kept), counts[order], word_count.table_of(kept), read)


def _places(table: Table, order: npt.NDArray[np.intp]) -> tuple[list[int], list[int]]:
    return table.starts[order].tolist(), table.lengths[order].tolist()


def _room(letters: Bytes, slots: int) -> tuple[Table, npt.NDArray[np.int64]]:
    half = slots // 2 + 1
    lists = np.zeros(half, np.uint64), np.zeros(half, np.int64), np.zeros(half, np.int64)
    return Table(letters, np.full(slots, -1, np.int32), *lists), np.zeros(half, np.int64)


def _larger(table: Table, counts: npt.NDArray[np.int64], words: int) -> tuple[Table, npt.NDArray[np.int64]]:
    grown, sums = _room(table.letters, 4 * len(table.slots))
    for old, new in ((table.hashes, grown.hashes), (table.starts, grown.starts), (table.lengths, grown.lengths), (counts, sums)):
        new[:words] = old[:words]
    word_count.place(grown, words)
    return grown, sums
