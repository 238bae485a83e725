"""Pairs of words in the plane: what countries have to do with their capitals, seen in their vectors alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from looksay.data.files import read_text
from looksay.errors import BadData, BadValue
from looksay.nn.word_vectors import WordVectors
from looksay.show.plots import INK, MUTED, SERIES, Form, _figure
from looksay.show.text import Places

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


def read_pairs(path: str | Path) -> list[tuple[str, str]]:
    """Two words a line, parted by a tab, a comma or a space; lines that begin with # are left out."""
    found = []
    for number, line in enumerate(read_text(Path(path)).split("\n"), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        parts = [part.strip() for part in re.split(r"[\t,]", bare)] if re.search(r"[\t,]", bare) else bare.split()
        if len(parts) != 2 or not all(parts):
            raise BadData(f"{len(parts)} words, where a pair has two", where=f"{path}:{number}")
        found.append((parts[0], parts[1]))
    if not found:
        raise BadData("holds no pairs of words", where=str(path), mend="two words a line: France Paris")
    return found


def plane(rows: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """((n, 2) places, (2,) shares of the variance): the two principal components of (n, size) rows, their means taken off. The
    sign of a component is such that its largest weight is positive."""
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    left, strength, right = np.linalg.svd(centred, full_matrices=False)
    found = np.zeros((len(rows), 2))
    used = min(2, len(strength))
    signs = np.sign([axis[np.argmax(np.abs(axis))] for axis in right[:used]])
    found[:, :used] = left[:, :used] * strength[:used] * signs
    shares = np.zeros(2)
    shares[:used] = strength[:used] ** 2 / max(float((strength**2).sum()), np.finfo(float).tiny)
    return found, shares


def pairs_plot(vectors: WordVectors, pairs: Sequence[tuple[str, str]], form: Form = "png") -> bytes:
    """The words in the plane of their two principal components, a line between the two of a pair, firsts and seconds in two
    colours; turned so that one goes from left to right from the first word to the second. At least two pairs must be known."""
    known = [pair for pair in pairs if all(word in vectors for word in pair)]
    if len(known) < 2:
        raise BadValue(f"the vectors know both words of {len(known)} of {len(pairs)} pairs", mend="two pairs at least")
    words = [pair[side] for side in (0, 1) for pair in known]
    at, shares = plane(vectors.table[[vectors.number(word) for word in words]])
    count = len(known)
    across = (at[count:] - at[:count]).mean(axis=0)
    at *= np.where(across < 0, -1, 1)
    with _figure(7.2, 5.4) as (figure, page):
        axes = figure.subplots()
        for first, second in zip(at[:count], at[count:], strict=True):
            axes.plot(*zip(first, second, strict=True), color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
        for side in (0, 1):
            some = at[side * count : (side + 1) * count]
            axes.plot(some[:, 0], some[:, 1], "o", color=SERIES[side], markersize=5, zorder=3)
        axes.set_xlabel(f"first component, {100 * shares[0]:.0f} % of the variance")
        axes.set_ylabel(f"second component, {100 * shares[1]:.0f} %")
        axes.margins(0.12, 0.08)
        _name(figure, axes, words, at)
        return page(form)


def _name(figure: Figure, axes: Axes, words: Sequence[str], at: Floats) -> None:
    """Each word beside its point, where it covers neither points nor other words; firsts to the left, seconds to the right."""
    figure.draw_without_rendering()
    frame, dot = axes.get_window_extent(), 4.0 * figure.dpi / 72
    places = Places(frame.width, frame.height)
    points = axes.transData.transform(at) - (frame.x0, frame.y0)
    for x, y in points:
        places.block(x - dot, y - dot, x + dot, y + dot)
    for number, (word, (x, y)) in enumerate(zip(words, points, strict=True)):
        label = axes.text(0, 0, word, transform=None, fontsize=8.5, color=INK, va="bottom", zorder=4)
        extent = label.get_window_extent()
        wide, high, turn = extent.width + 2, extent.height, -1 if number < len(words) // 2 else 1
        wishes = [(x + turn * sx * (dot + wide / 2) - wide / 2, y + sy * (dot + high / 2) - high / 2) for sx, sy in _SIDES]
        home = places.take((wide, high), wishes)
        if home is None:
            label.remove()
            continue
        label.set_transform(axes.transAxes)
        label.set_position((home[0] / frame.width, home[1] / frame.height))
