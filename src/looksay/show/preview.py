"""A preview sheet of a data set: pictures with their truth drawn in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from looksay.data import source
from looksay.disk import write_atomically
from looksay.errors import BadConfig, BadPicture
from looksay.show.draw import draw
from looksay.show.look import Picture, encode
from looksay.show.sheet import Cell, grid
from looksay.show.text import Span
from looksay.storybook.chance import Chance


def sheet_of(data: str, path: Path, *, count: int, size: int, seed: int = 0, split: str = "") -> Path:
    """Chosen by the seed; saved as PNG. Returns the path."""
    if path.suffix.lower() != ".png":
        raise BadConfig(f"{str(path)!r} is no name for a sheet", where="--output", mend="end it in .png")
    cells = _scenes(seed, count, size) if data in ("storybook", "storybook:scene") else _cells(data, split, seed, count, size)
    write_atomically(path, encode(grid(cells, side=size, title=f"{data} {split}".strip()), "PNG"))
    return path


def _scenes(seed: int, count: int, size: int) -> list[Cell]:
    from looksay.storybook.page import page

    cells = []
    for index in range(count):
        made = page(seed, index, (size, size), "scene")
        cells.append(Cell(made.picture, (Span(next((c.text for c in made.scene.captions), "")),)))
    return cells


def _cells(data: str, split: str, seed: int, count: int, size: int) -> list[Cell]:
    there = source.splits(data)
    dataset = source.open(data, split or (there[0] if there else ""))
    places = sorted(Chance(seed, "sheet").sample(range(len(dataset)), count))
    cells = []
    for place in places:
        try:
            picture, scene = dataset[place]
        except BadPicture as error:
            cells.append(Cell(np.full((size, size, 3), 220, np.uint8), (Span("broken picture"), Span(error.what))))
            continue
        bare = replace(scene, labels=type(scene.labels)(), captions=(), answers=())
        drawn: Picture = draw(picture, bare, words=False) if scene.objects or scene.regions else picture
        lines = tuple(Span(name) for name in scene.labels.names[:1]) + tuple(Span(c.text) for c in scene.captions[:1])
        cells.append(Cell(drawn, lines or (Span(scene.id),)))
    return cells
