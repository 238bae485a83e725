"""The little of YAML that data.yaml needs: maps and lists by indentation or in brackets, plain and quoted text, comments.

All scalars stay text. Anchors, tags and what else YAML can do is refused; blocks of text (download scripts) are passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from looksay.data.files import read_text
from looksay.errors import BadData

Value: TypeAlias = "str | list[Value] | dict[str, Value]"
MOST = 4 << 20
DEEPEST = 20
_QUOTED = re.compile(r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')""")
_QUOTED_KEY = re.compile(rf"({_QUOTED.pattern})\s*(:(?: |$))")
_ITEM = re.compile(rf"""({_QUOTED.pattern}|(?:[^\[\]{{}},:"']|:(?=\S))(?:[^\[\]{{}},:]|:(?=\S))*)""")
_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", "0": "\0", " ": " "}


@dataclass(frozen=True)
class Line:
    number: int
    indent: int
    text: str


def read(path: Path) -> dict[str, Value]:
    """The map at the top of the file. Raises BadData with the line."""
    return Reader(path).whole()


class Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = list(self._lines(read_text(path, MOST)))
        self.at = 0

    def whole(self) -> dict[str, Value]:
        if not self.lines:
            return {}
        found = self._block(self.lines[0].indent, 0)
        if self.at < len(self.lines):
            raise self._bad(self.lines[self.at], "is indented otherwise than what stands above it")
        if not isinstance(found, dict):
            raise self._bad(self.lines[0], "should be a map: name: value")
        return found

    def _bad(self, line: Line, what: str) -> BadData:
        return BadData(what, where=f"{self.path}:{line.number}")

    def _lines(self, text: str) -> list[Line]:
        """Without comments and blank lines; what goes on in brackets over several lines is joined, text blocks are left out."""
        out: list[Line] = []
        hidden = -1  # the indentation of the key whose block of text is passed over
        for number, raw in enumerate(text.splitlines(), 1):
            bare = _uncommented(raw).rstrip()
            indent = len(bare) - len(bare.lstrip(" "))
            if not bare.strip() or bare.strip() in ("---", "...") or (hidden >= 0 and indent > hidden):
                continue
            hidden = -1
            line = Line(number, indent, bare.strip())
            if bare.lstrip(" ").startswith("\t"):
                raise self._bad(line, "is indented with a tab")
            if out and _open_brackets(out[-1].text) > 0:
                out[-1] = Line(out[-1].number, out[-1].indent, f"{out[-1].text} {line.text}")
                continue
            if re.search(r":\s+[|>][-+0-9]*$", line.text):
                hidden, line = indent, Line(number, indent, re.sub(r"[|>][-+0-9]*$", '""', line.text))
            out.append(line)
        return out

    def _block(self, indent: int, depth: int) -> Value:
        if depth > DEEPEST:
            raise self._bad(self.lines[self.at], "is nested too deeply")
        first = self.lines[self.at].text
        return self._list(indent, depth) if first == "-" or first.startswith("- ") else self._map(indent, depth)

    def _here(self, indent: int) -> Line | None:
        line = self.lines[self.at] if self.at < len(self.lines) else None
        return line if line is not None and line.indent == indent else None

    def _map(self, indent: int, depth: int) -> dict[str, Value]:
        out: dict[str, Value] = {}
        while (line := self._here(indent)) is not None:
            key, text = self._key(line)
            if key in out:
                raise self._bad(line, f"names {key!r} twice")
            self.at += 1
            out[key] = self._inline(text, line) if text else self._below(indent, depth)
        return out

    def _key(self, line: Line) -> tuple[str, str]:
        """The name at the beginning of a line, and what follows it."""
        quoted = _QUOTED_KEY.match(line.text)
        if quoted is not None:
            return self._scalar(quoted[1], line), line.text[quoted.end() :].strip()
        name, colon, rest = f"{line.text} ".partition(": ")
        if not colon or not name:
            raise self._bad(line, f"should be 'name: value', is {line.text!r:.60}")
        return self._scalar(name.strip(), line), rest.strip()

    def _below(self, indent: int, depth: int) -> Value:
        """What belongs to a key without a value: the deeper lines, or a list at its own depth."""
        line = self.lines[self.at] if self.at < len(self.lines) else None
        if line is None or line.indent < indent or (line.indent == indent and not line.text.startswith("-")):
            return ""
        return self._block(line.indent, depth + 1)

    def _list(self, indent: int, depth: int) -> list[Value]:
        out: list[Value] = []
        while (line := self._here(indent)) is not None and (line.text == "-" or line.text.startswith("- ")):
            text = line.text[1:].strip()
            self.at += 1
            out.append(self._inline(text, line) if text else self._below(indent + 1, depth))
        return out

    def _inline(self, text: str, line: Line) -> Value:
        if text[0] not in "[{":
            return self._scalar(text, line)
        value, at = self._flow(text, 0, line, 0)
        if at < len(text):
            raise self._bad(line, f"goes on behind its value: {text[at:]!r:.40}")
        return value

    def _flow(self, text: str, at: int, line: Line, depth: int) -> tuple[Value, int]:
        """The value that begins at that place of a line, and where the next thing begins."""
        if depth > DEEPEST:
            raise self._bad(line, "is nested too deeply")
        if text[at : at + 1] not in ("[", "{"):
            found = _ITEM.match(text, at)
            if found is None:
                raise self._bad(line, "has brackets that do not close")
            return self._scalar(found[1].strip(), line), _skip(text, found.end())
        closing, named = ("]", False) if text[at] == "[" else ("}", True)
        items: list[Value] = []
        table: dict[str, Value] = {}
        at = _skip(text, at + 1)
        while text[at : at + 1] != closing:
            value, at = self._flow(text, at, line, depth + 1)
            if named:
                if not isinstance(value, str) or text[at : at + 1] != ":":
                    raise self._bad(line, "should hold 'name: value' between its braces")
                table[value], at = self._flow(text, _skip(text, at + 1), line, depth + 1)
            else:
                items.append(value)
            if text[at : at + 1] == ",":
                at = _skip(text, at + 1)
            elif text[at : at + 1] != closing:
                raise self._bad(line, "has brackets that do not close, or lacks a comma")
        return (table if named else items), _skip(text, at + 1)

    def _scalar(self, text: str, line: Line) -> str:
        if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
            return text[1:-1].replace("''", "'")
        if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])
        if text[:1] in "&*!%@`\"'[]{},|>" and text:
            raise self._bad(line, f"uses more of YAML than data sets need: {text!r:.40}")
        return text


def _uncommented(line: str) -> str:
    """Up to the first # that stands behind a blank and outside of quotes."""
    at = 0
    while at < len(line):
        quoted = _QUOTED.match(line, at) if at == 0 or line[at - 1] in " [{,:-" else None
        if quoted is not None:
            at = quoted.end()
        elif line[at] == "#" and (at == 0 or line[at - 1] in " \t"):
            return line[:at]
        else:
            at += 1
    return line


def _skip(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at


def _open_brackets(text: str) -> int:
    bare = _QUOTED.sub("", text)
    value = bare.partition(": ")[2] if ": " in bare else bare.removeprefix("- ")
    return sum(value.count(sign) for sign in "[{") - sum(value.count(sign) for sign in "]}") if value[:1] in ("[", "{") else 0


def quoted(text: str) -> str:
    """As a scalar that every reader of YAML takes for that text."""
    return "'" + text.replace("'", "''") + "'"
