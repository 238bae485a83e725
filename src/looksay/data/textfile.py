"""Text files line by line, however large, with what is wrong in their encoding told to the byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from looksay.errors import BadData

LONGEST = 1 << 20  # characters of a line: what has more is no table and no list
NOT_UTF8 = "is not text in UTF-8"
UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Line(NamedTuple):
    """`text` with its line end. `problem`: it is not UTF-8; it is read as Windows-1252 then, which such files mostly are."""

    number: int
    text: str
    problem: BadData | None


def lines(path: Path) -> Iterator[Line]:
    """From 1, without a byte order mark, one at a time. Raises BadData where the file is no text or cannot be read."""
    number = at = 0
    try:
        with path.open("rb") as file:
            start = file.read(3)
        if start[:2] in UTF16:
            raise BadData(f"{NOT_UTF8}, but in UTF-16", where=f"{path}:1", mend="save it as UTF-8")
        at = 3 if start == b"\xef\xbb\xbf" else 0
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            while line := text.readline(LONGEST):
                number += 1
                if len(line) == LONGEST and line[-1] not in "\r\n":
                    what = f"has a line of more than {LONGEST:,} characters"
                    raise BadData(what, where=f"{path}:{number}", mend="is it the right file?")
                if line.isascii():
                    yield Line(number, line, None)
                    at += len(line)
                    continue
                raw = line.encode("utf-8", "surrogateescape")
                yield _read(number, line, raw, f"{path}:{number}", at)
                at += len(raw)
    except OSError as error:
        raise BadData(f"cannot be read: {error.strerror or error}", where=str(path)) from None


def _read(number: int, line: str, raw: bytes, where: str, at: int) -> Line:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        what = f"{NOT_UTF8}: byte 0x{raw[error.start]:02x} at offset {at + error.start:,}"
        return Line(number, raw.decode("cp1252", "replace"), BadData(what, where=where, mend="save it as UTF-8"))
    return Line(number, line, None)
