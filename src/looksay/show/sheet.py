"""Many small pictures on a sheet, each with its lines beneath; the sheet of the misclassified ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from looksay.errors import BadValue
from looksay.show.palette import LINE, MUTED, PAPER, RIGHT, WRONG
from looksay.show.text import Span, fit, font, percent, write

Picture = npt.NDArray[np.uint8]
_SIZE = 13  # pixels of the font
_STEP = 18


class Cell(NamedTuple):
    """A picture, uint8 (height, width, 3), and the lines beneath it."""

    picture: Picture
    lines: tuple[Span, ...] = ()


class Mistake(NamedTuple):
    """A picture that was called `said` (with the probability `score`) and is `truth`."""

    picture: Picture
    said: str
    truth: str
    score: float = 1.0


def grid(cells: Sequence[Cell], *, columns: int = 0, side: int = 128, title: str = "") -> Picture:
    """One RGB sheet. Each picture is fitted into a square of `side` pixels, small ones enlarged by a whole factor.

    Without `columns` the sheet is about square. Lines too long for their cell end in ….
    """
    if not cells:
        raise BadValue("a sheet without pictures", mend="give at least one")
    across = columns or max(min(len(cells), 3), round(len(cells) ** 0.5))
    down = -(-len(cells) // across)
    lines, gap = max(len(cell.lines) for cell in cells), 10
    head = gap + (_STEP + gap // 2 if title else 0)
    wide, high = side + gap, side + lines * _STEP + gap
    sheet = Image.new("RGB", (gap + across * wide, head + down * high), PAPER)
    pen = ImageDraw.Draw(sheet)
    if title:
        write(pen, (gap, gap + _SIZE), [Span(fit(title, sheet.width - 2 * gap, font(_SIZE)), MUTED)], _SIZE)
    for number, cell in enumerate(cells):
        x, y = gap + number % across * wide, head + number // across * high
        small = _fitted(cell.picture, side)
        left, top = x + (side - small.width) // 2, y + (side - small.height) // 2
        pen.rectangle((left - 1, top - 1, left + small.width, top + small.height), outline=LINE)
        sheet.paste(small, (left, top))
        for place, line in enumerate(cell.lines):
            shown = line._replace(text=fit(line.text, side, font(_SIZE, line.bold)))
            write(pen, (x, y + side + place * _STEP + _SIZE + 2), [shown], _SIZE)
    return np.asarray(sheet, np.uint8)


def mistakes(items: Iterable[Mistake], *, per_page: int = 100, side: int = 128) -> Iterator[Picture]:
    """Sheets of at most `per_page` pictures in the given order, made one at a time: said in red, true in blue."""
    left, done = iter(items), 0
    while page := list(islice(left, per_page)):
        cells = []
        for item in page:
            score = "" if item.score == 1 else f" {percent(item.score)}"
            said = fit(f"said {item.said}", side - font(_SIZE).getlength(score), font(_SIZE)) + score
            cells.append(Cell(item.picture, (Span(said, WRONG), Span(f"is {item.truth}", RIGHT))))
        title = f"mistakes {done + 1} to {done + len(page)}: said in red, true in blue"
        done += len(page)
        yield grid(cells, side=side, title=title, columns=max(3, round(per_page**0.5)))


def _fitted(picture: Picture, side: int) -> Image.Image:
    image = Image.fromarray(picture)
    longest = max(image.size)
    if longest * 2 <= side:
        factor = side // longest
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    wanted = (max(1, round(image.width * side / longest)), max(1, round(image.height * side / longest)))
    return image.resize(wanted, Image.Resampling.LANCZOS, reducing_gap=3.0)
