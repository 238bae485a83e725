"""A report in one HTML file: nothing is loaded from anywhere, every text is escaped, it reads well on paper and in the dark."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.disk import write_atomically
from looksay.errors import BadValue
from looksay.show.look import Look, encode
from looksay.show.pointed import pointed

THUMB = 480  # pixels of a picture's longer side, at most, in a gallery

# A click on a column's head sorts its table by that column, once more the other way round; empty cells stay last.
_SORT = """
document.querySelectorAll('th button').forEach(button => button.addEventListener('click', () => {
  const head = button.closest('th'), body = head.closest('table').tBodies[0], up = head.getAttribute('aria-sort') !== 'ascending';
  const key = row => row.cells[head.cellIndex].dataset.v;
  const order = (a, b) => a === b ? 0 : a === '' ? 1 : b === '' ? -1
    : (up ? 1 : -1) * (head.className === 'number' ? a - b : a.localeCompare(b));
  head.parentNode.querySelectorAll('th').forEach(other => other.removeAttribute('aria-sort'));
  head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
  [...body.rows].sort((a, b) => order(key(a), key(b))).forEach(row => body.append(row));
}));
"""
# Even if something slipped through the escaping, the page could not reach the network.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"


class Report:
    """Sections in the order in which they are added; every method that adds one returns the report."""

    def __init__(self, title: str, lead: str = "") -> None:
        self.title, self.lead = title, lead
        self._parts: list[str] = []

    def heading(self, text: str) -> Self:
        return self._add(f"<h2>{escape(text)}</h2>")

    def text(self, text: str) -> Self:
        """Paragraphs, with empty lines between them."""
        return self._add("\n".join(f"<p>{escape(part.strip())}</p>" for part in text.split("\n\n") if part.strip()))

    def facts(self, facts: Mapping[str, Any]) -> Self:
        """The few things to know first, each with its name."""
        pairs = (f"<div><dt>{escape(name)}</dt><dd>{escape(_shown(value))}</dd></div>" for name, value in facts.items())
        return self._add(f"<dl>{''.join(pairs)}</dl>")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], caption: str = "") -> Self:
        """Sortable by its heads. A column of numbers stands to the right; None and NaN are shown as –."""
        cells = [list(row) for row in rows]
        for number, row in enumerate(cells):
            if len(row) != len(columns):
                raise BadValue(
                    f"row {number} of a table has {len(row)} cells under {len(columns)} columns", where=caption or None
                )
        kinds = [_Column.of([row[place] for row in cells]) for place in range(len(columns))]
        heads = (
            f'<th scope="col"{kind.mark}><button type="button">{escape(name)}</button></th>'
            for name, kind in zip(columns, kinds, strict=True)
        )
        lines = ("".join(kind.cell(value) for value, kind in zip(row, kinds, strict=True)) for row in cells)
        body = "\n".join(f"<tr>{line}</tr>" for line in lines)
        title = f"<caption>{escape(caption)}</caption>" if caption else ""
        return self._add(
            f'<div class="scroll"><table>{title}<thead><tr>{"".join(heads)}</tr></thead><tbody>{body}</tbody></table></div>'
        )

    def figure(self, image: bytes, caption: str, alt: str = "") -> Self:
        """A plot as looksay.show.plots gives it, PNG or SVG. `alt` tells it to those who do not see it; else the caption does."""
        png = image.startswith(b"\x89PNG")
        if not png and not image.lstrip().startswith(b"<svg"):
            raise BadValue("a figure is neither PNG nor SVG", where=caption or None)
        source = _uri("image/png" if png else "image/svg+xml", image)
        wide = f' width="{_width(image)}"' if png else ""
        told = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
        return self._add(f'<figure><img src="{source}"{wide} alt="{escape(alt or caption)}">{told}</figure>')

    def picture(self, picture: npt.NDArray[np.uint8], caption: str, alt: str = "") -> Self:
        """A drawing or a sheet, uint8 RGB (height, width, 3), without loss."""
        return self.figure(encode(picture, "PNG"), caption, alt)

    def gallery(self, looks: Iterable[Look], caption: str = "") -> Self:
        """Looks side by side, drawn with what was seen, each with its line and its warnings."""
        shown = []
        for look in looks:
            line = repr(look)
            notes = "".join(f'<span class="warning">{escape(note)}</span>' for note in look.warnings)
            said = escape(line.removeprefix(f"{look.name}: "))
            shown.append(
                f'<figure><img src="{look.inline(THUMB)}" alt="{escape(line)}">'
                f"<figcaption><b>{escape(look.name)}</b>{said}{notes}</figcaption></figure>"
            )
        return self.text(caption)._add(f'<div class="gallery">{"".join(shown)}</div>')

    def pointed(self, looks: Iterable[Look], caption: str = "") -> Self:
        """Looks side by side; each word of their captions shows its place when one points at it."""
        return self.text(caption)._add(f'<div class="said">{"".join(pointed(look) for look in looks)}</div>')

    def columns(self, heads: Sequence[str], texts: Sequence[str]) -> Self:
        """Texts side by side, as they stand, each under its head."""
        pairs = zip(heads, texts, strict=True)
        parts = (f"<section><h3>{escape(head)}</h3><pre>{escape(text)}</pre></section>" for head, text in pairs)
        return self._add(f'<div class="columns">{"".join(parts)}</div>')

    def code(self, text: str) -> Self:
        """Such as the command that made the report."""
        return self._add(f'<pre tabindex="0"><code>{escape(text.rstrip())}</code></pre>')

    def html(self) -> str:
        lead = f"<p>{escape(self.lead)}</p>" if self.lead else ""
        body = "\n".join(part for part in self._parts if part)
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{escape(self.title)}</title>\n<style>\n{_style()}</style>\n</head>\n<body>\n"
            f"<header><h1>{escape(self.title)}</h1>{lead}</header>\n<main>\n{body}\n</main>\n"
            f"<footer>Made by looksay. This file is complete in itself.</footer>\n<script>{_SORT}</script>\n</body>\n</html>\n"
        )

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Whole or not at all."""
        write_atomically(Path(path), self.html().encode())
        return Path(path)

    def _add(self, part: str) -> Self:
        self._parts.append(part)
        return self


@cache
def _style() -> str:
    return files("looksay.show").joinpath("page.css").read_text(encoding="utf-8")


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _width(png: bytes) -> int:
    """CSS pixels (96 to the inch) of a PNG that states its resolution, else its own pixels."""
    with Image.open(io.BytesIO(png)) as image:
        dpi = float(image.info.get("dpi", (96.0, 96.0))[0])
        return round(image.width * 96 / dpi)


class _Column(NamedTuple):
    """How a column's cells are written: numbers to the right, floats with the same decimals where that loses nothing."""

    number: bool
    decimals: int | None
    long: bool = False

    @classmethod
    def of(cls, values: Sequence[Any]) -> _Column:
        filled = [value for value in values if not _empty(value)]
        if not filled or not all(_is_number(value) for value in filled):
            return cls(False, None, max((len(str(value)) for value in filled), default=0) > 40)
        sizes = [abs(float(value)) for value in filled if value and math.isfinite(value)]
        decimals = max(0, 4 - max(1, len(str(int(max(sizes, default=0))))) + (max(sizes, default=0) < 1))
        broad = min(sizes, default=1.0) < 10.0 ** (1 - decimals)  # the smallest would keep fewer than two digits
        return cls(True, None if broad or all(isinstance(value, (int, np.integer)) for value in filled) else decimals)

    @property
    def mark(self) -> str:
        return ' class="number"' if self.number else ' class="long"' if self.long else ""

    def cell(self, value: Any) -> str:
        key = "" if _empty(value) else str(value)
        shown = _shown(value) if self.decimals is None or _empty(value) else f"{value:.{self.decimals}f}"
        return f'<td{self.mark} data-v="{escape(key)}">{escape(shown)}</td>'


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, (float, np.floating)) and bool(np.isnan(value)))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if _empty(value):
        return "–"
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return f"{value:,}".replace(",", "\u202f")
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)
