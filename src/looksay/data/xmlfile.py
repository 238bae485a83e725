"""Small XML files as trees that know their lines. Document types, and with them entities of every kind, are refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.parsers import expat

from looksay.data.files import read_bytes
from looksay.errors import BadData

MOST = 32 << 20


@dataclass(slots=True)
class Node:
    """An element: its tag, its own text without surrounding blanks, its children and where it stands ('file:line')."""

    tag: str
    where: str
    text: str = ""
    children: list[Node] = field(default_factory=list)

    def all(self, tag: str) -> Iterator[Node]:
        return (child for child in self.children if child.tag == tag)

    def find(self, tag: str) -> Node | None:
        return next(self.all(tag), None)

    def need(self, tag: str) -> Node:
        found = self.find(tag)
        if found is None:
            raise BadData(f"<{self.tag}> has no <{tag}>", where=self.where)
        return found

    def say(self, tag: str) -> str:
        """The text of that child, "" where there is none."""
        found = self.find(tag)
        return found.text if found is not None else ""

    def number(self, tag: str) -> float:
        """The number in that child; 'nan' is one, 'ten' is not."""
        found = self.need(tag)
        try:
            return float(found.text)
        except ValueError:
            raise BadData(f"<{tag}> should be a number, is {found.text!r:.40}", where=found.where) from None

    def flag(self, tag: str) -> bool:
        """Whether that child says 1 or true; it may be missing, or have no text or a question mark for 'not known'."""
        text = self.say(tag).lower()
        if text not in ("", "0", "1", "true", "false", "unspecified", "?"):
            raise BadData(f"<{tag}> should be 0 or 1, is {text!r:.40}", where=self.need(tag).where)
        return text in ("1", "true")


def parse(path: Path) -> Node:
    """The root element. Raises BadData with the line."""
    parser = expat.ParserCreate()
    top = Node("", str(path))
    stack = [top]

    def start(tag: str, _: dict[str, str]) -> None:
        node = Node(tag, f"{path}:{parser.CurrentLineNumber}")
        stack[-1].children.append(node)
        stack.append(node)

    def end(_: str) -> None:
        node = stack.pop()
        node.text = node.text.strip()

    def text(data: str) -> None:
        if len(stack) > 1:
            stack[-1].text += data

    def doctype(*_: object) -> None:
        where = f"{path}:{parser.CurrentLineNumber}"
        raise BadData(
            "declares a document type, which could hold entities that grow without end", where=where, mend="take it out"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = text, doctype
    parser.buffer_text = True
    try:
        parser.Parse(read_bytes(path, MOST), True)
    except expat.ExpatError as error:
        raise BadData(f"is not XML: {expat.ErrorString(error.code)}", where=f"{path}:{error.lineno}") from None
    except (LookupError, ValueError) as error:  # an encoding that Python does not know
        raise BadData(f"is not XML: {error}", where=f"{path}:{parser.ErrorLineNumber}") from None
    return top.children[0]
