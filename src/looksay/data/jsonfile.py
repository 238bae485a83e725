"""Large JSON files of long lists: read once to learn where each element stands, then element by element."""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from looksay.data.textfile import NOT_UTF8
from looksay.errors import BadData

_BLANKS = re.compile(r"[ \t\n\r]*")
_decode = json.JSONDecoder().raw_decode


class JsonFile:
    """Elements are read from the mapped file when they are asked for, so that no process holds them all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._map: mmap.mmap | bytes | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "_map": None}

    def _bytes(self) -> mmap.mmap | bytes:
        if self._map is None:
            try:
                with self.path.open("rb") as file:
                    empty = file.seek(0, 2) == 0
                    self._map = b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except OSError as error:
                raise BadData(f"cannot be read: {error.strerror or error}", where=str(self.path)) from None
        return self._map

    def at(self, start: int, stop: int) -> Any:
        """The element that begins at that byte and ends before the other."""
        try:
            return _decode(self._bytes()[start:stop].decode("utf-8"))[0]
        except ValueError:
            raise BadData("has changed since it was opened", where=str(self.path), mend="open it again") from None

    def walk(self) -> Iterator[tuple[str, int, int, Any]]:
        """(key, place in its list, byte where it begins, element) of all elements of all lists at the top; what is not in a list
        has the place -1; the key of a list that is the whole file is "". Raises BadData with the line."""
        data = self._bytes()
        # One character for each byte: places in the text are places in the file.
        text = str(data, "latin-1")
        at = self._skip(text, 3 if text.startswith("\xef\xbb\xbf") else 0)
        try:
            if text[at : at + 1] == "[":
                yield from self._list(text, at, "")
                return
            at = self._expect(text, at, "{")
            while text[at : at + 1] != "}":
                key, at = self._value(text, at)
                at = self._expect(text, at, ":")
                if not isinstance(key, str):
                    raise self._broken(text, at, "names must be text")
                if text[at : at + 1] == "[":
                    at = yield from self._list(text, at, key)
                else:
                    start = at
                    value, at = self._value(text, at)
                    yield key, -1, start, value
                if text[at : at + 1] == ",":
                    at = self._skip(text, at + 1)
                elif text[at : at + 1] != "}":
                    raise self._broken(text, at, "expected ',' or '}'")
        except RecursionError:
            raise BadData("is nested too deeply", where=str(self.path)) from None
        finally:
            self._map = None  # else the whole file would count as this process's memory

    def _list(self, text: str, at: int, key: str) -> Generator[tuple[str, int, int, Any], None, int]:
        at, place = self._skip(text, at + 1), 0
        while text[at : at + 1] != "]":
            start = at
            value, at = self._value(text, at)
            yield key, place, start, value
            place += 1
            if text[at : at + 1] == ",":
                at = self._skip(text, at + 1)
            elif text[at : at + 1] != "]":
                raise self._broken(text, at, "expected ',' or ']'")
        return self._skip(text, at + 1)

    def _value(self, text: str, at: int) -> tuple[Any, int]:
        try:
            value, end = _decode(text, at)
            raw = text[at:end]
            if not raw.isascii():
                value = json.loads(raw.encode("latin-1"))
        except json.JSONDecodeError as error:
            raise self._broken(text, at if error.doc is not text else error.pos, error.msg) from None
        except UnicodeDecodeError as error:
            what = f"{NOT_UTF8}: byte 0x{ord(text[at + error.start]):02x} at offset {at + error.start:,}"
            raise BadData(what, where=self._line(text, at + error.start), mend="save it as UTF-8") from None
        except ValueError as error:  # a number of thousands of digits
            raise self._broken(text, at, str(error)) from None
        return value, self._skip(text, end)

    def _expect(self, text: str, at: int, sign: str) -> int:
        at = self._skip(text, at)
        if text[at : at + 1] != sign:
            raise self._broken(text, at, f"expected {sign!r}")
        return self._skip(text, at + 1)

    def _skip(self, text: str, at: int) -> int:
        found = _BLANKS.match(text, at)
        return found.end() if found else at

    def _broken(self, text: str, at: int, why: str) -> BadData:
        return BadData(f"is not the JSON that it should be: {why}", where=self._line(text, at))

    def _line(self, text: str, at: int) -> str:
        return f"{self.path}:{text.count(chr(10), 0, at) + 1}"
