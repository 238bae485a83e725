"""Words on pictures: a font with accents, percentages, wrapping, and places for labels that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import ImageDraw, ImageFont

from looksay.errors import NotInstalled
from looksay.show.palette import INK, RGB

Font: TypeAlias = ImageFont.FreeTypeFont


class Span(NamedTuple):
    """Words of one colour; `mark` underlines them in another."""

    text: str
    colour: RGB = INK
    bold: bool = False
    mark: RGB | None = None


@cache
def font(size: int, bold: bool = False) -> Font:
    """DejaVu Sans, which comes with matplotlib: Pillow's own font has no letters beyond ASCII, not even ñ."""
    found = find_spec("matplotlib")
    if found is None or found.origin is None:
        raise NotInstalled("drawing needs the fonts of matplotlib", mend="pip install matplotlib")
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / name), size)


def percent(score: float) -> str:
    """93 %, with a space that does not break. Only 0 is called 0 % and only 1 is called 100 %: near them there are decimals."""
    if 0 < score < 0.0005:
        return "<\u00a00.1\u00a0%"
    decimals = 1 if 0 < score < 0.01 or 0.995 <= score < 1 else 0
    return f"{(score if score == 1 else min(score, 0.999)) * 100:.{decimals}f}\u00a0%"


def fit(text: str, within: float, face: Font) -> str:
    """The text on one line, its end replaced by … where it is wider than `within` pixels."""
    text = text.replace("\n", " ").replace("\t", " ")
    if face.getlength(text) <= within:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if face.getlength(text[:middle].rstrip() + "…") <= within else (low, middle - 1)
    return text[:low].rstrip() + "…"


def wrap(spans: Sequence[Span], within: float, size: int) -> list[list[Span]]:
    """Lines that are no wider than `within`. Breaks at spaces only, also where a word goes on in the next span (a full stop
    behind a phrase); a word that is wider than a line is cut."""
    lines: list[list[Span]] = [[]]
    used = 0.0
    for gap, word in _words(spans):
        shown = _cut(word, within, size)
        width = sum(font(size, span.bold).getlength(span.text) for span in shown)
        space = font(size, gap.bold).getlength(" ")
        if lines[-1] and used + space + width > within:
            lines.append([])
        if lines[-1]:
            lines[-1].append(gap)
            used += space
        else:
            used = 0.0
        lines[-1] += shown
        used += width
    return [line for line in lines if line]


def _words(spans: Sequence[Span]) -> list[tuple[Span, list[Span]]]:
    """Each word in its pieces, and the space before it, which has the look of a span only when it is inside of it."""
    words: list[tuple[Span, list[Span]]] = []
    apart, last = True, None
    for span in spans:
        for place, word in enumerate(span.text.split(" ")):
            apart = apart or place > 0
            if not word:
                continue
            if apart:
                words.append((span._replace(text=" ") if last is span else Span(" ", span.colour), []))
            words[-1][1].append(span._replace(text=word))
            apart, last = False, span
    return words


def _cut(word: Sequence[Span], within: float, size: int) -> list[Span]:
    shown: list[Span] = []
    for piece in word:
        face = font(size, piece.bold)
        shown.append(piece._replace(text=fit(piece.text, within, face)))
        within -= face.getlength(shown[-1].text)
        if shown[-1].text != piece.text:
            break
    return shown


def write(pen: ImageDraw.ImageDraw, at: tuple[float, float], line: Sequence[Span], size: int) -> None:
    """One line with its left end and baseline at `at`."""
    x, y = at
    for span in line:
        face = font(size, span.bold)
        width = face.getlength(span.text)
        if span.mark is not None:
            pen.rectangle((x, y + size * 0.16, x + width, y + size * 0.30), fill=span.mark)
        pen.text((x, y), span.text, font=face, fill=span.colour, anchor="ls")
        x += width


class Places:
    """Rectangles on a canvas of a width and a height that neither overlap nor leave it."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._taken: list[tuple[float, float, float, float]] = []
        self._full = (width, height)  # a rectangle of this size or larger finds no place on the grid any more

    def block(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Nothing may be put here."""
        self._taken.append((x1, y1, x2, y2))

    def take(self, size: tuple[float, float], wishes: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
        """The top left corner for a rectangle of `size`: the first wish that is free (moved inside), else the free place nearest
        to the first wish, else None."""
        width, height = size
        if width > self.width or height > self.height:
            return None
        corners = np.array(wishes, np.float64).reshape(-1, 2)
        inside = np.clip(corners, 0, (self.width - width, self.height - height))
        free = self._free(inside, size)
        if not free.any():
            if self._taken and width >= self._full[0] and height >= self._full[1]:
                return None
            inside = self._grid(size)
            inside = inside[np.argsort(((inside - corners[0]) ** 2).sum(axis=1), kind="stable")]
            free = self._free(inside, size)
            if not free.any():
                self._full = size
                return None
        x, y = (float(value) for value in inside[int(np.argmax(free))])
        self.block(x, y, x + width, y + height)
        return x, y

    def _grid(self, size: tuple[float, float]) -> npt.NDArray[np.float64]:
        step = max(1.0, size[1] / 2)
        xs = np.append(np.arange(0, self.width - size[0], step), self.width - size[0])
        ys = np.append(np.arange(0, self.height - size[1], step), self.height - size[1])
        return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)

    def _free(self, corners: npt.NDArray[np.float64], size: tuple[float, float]) -> npt.NDArray[np.bool_]:
        free = np.ones(len(corners), bool)
        for x1, y1, x2, y2 in self._taken:
            apart = (
                (corners[:, 0] >= x2) | (corners[:, 0] + size[0] <= x1) | (corners[:, 1] >= y2) | (corners[:, 1] + size[1] <= y1)
            )
            free &= apart
        return free
