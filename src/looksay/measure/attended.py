"""Whether a captioner looks at what it speaks of: on storybook pages, where the place of each thing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from looksay.scene import Heat, Objects, Scene
from looksay.storybook.lexicon import NOUNS, OTHER_NAMES

Floats = npt.NDArray[np.float64]


ENOUGH = 0.25  # of a place must be covered by a thing for it to show there


@dataclass(frozen=True)
class Attended:
    """Over the nouns that name a kind of thing that is on the page: `mass`, the share of the look at places that show one;
    `peak`, 1 where the place looked at most, as the look is drawn, does, else 0; `chance`, the share of the places that do."""

    mass: Floats
    peak: Floats
    chance: Floats

    @property
    def nouns(self) -> int:
        return len(self.mass)


@cache
def kinds_of_words() -> dict[str, str]:
    """Single words that name a kind of thing: 'dogs' → 'dog'."""
    found = {}
    for kind, nouns in NOUNS.items():
        for noun in nouns:
            for word in noun[:2]:
                if " " not in word:
                    found[word] = kind
    for word, kind in OTHER_NAMES.items():
        if " " not in word and isinstance(kind, str):
            found.setdefault(word, kind)
    return found


def attended(heats: Sequence[Heat], truth: Scene) -> Attended:
    """`heats` are the looks of a caption's words, in their order."""
    rows = []
    for heat in heats:
        kind = kinds_of_words().get(heat.of)
        cover = _cover(truth.objects, kind, truth.size, heat.values.shape) if kind else None
        if cover is None:
            continue
        shows = cover >= min(ENOUGH, float(cover.max()))  # a small thing shows at one place at least
        total = float(heat.values.sum())
        best = np.unravel_index(int(heat.drawn.argmax()), heat.values.shape)
        rows.append((float(heat.values[shows].sum()) / max(total, 1e-9), float(shows[best]), float(shows.mean())))
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Attended(table[:, 0], table[:, 1], table[:, 2])


def _cover(objects: Objects, kind: str, size: tuple[int, int], grid: tuple[int, ...]) -> Floats | None:
    """(rows, columns) how much of each place is covered by the boxes of that kind; None where there is none."""
    boxes = np.array([thing.box for thing in objects if thing.name == kind], np.float64).reshape(-1, 4)
    if not len(boxes):
        return None
    fine = 8
    high, wide = grid[0] * fine, grid[1] * fine
    canvas = np.zeros((high, wide))
    scale = np.array([wide / size[0], high / size[1]] * 2)
    for x1, y1, x2, y2 in np.rint(boxes * scale).astype(int):
        left, top = min(max(x1, 0), wide - 1), min(max(y1, 0), high - 1)  # a sliver at the border shows somewhere, too
        canvas[top : max(y2, top + 1), left : max(x2, left + 1)] = 1.0
    found: Floats = canvas.reshape(grid[0], fine, grid[1], fine).mean(axis=(1, 3))
    return found


def constant(heats: Sequence[Heat]) -> float:
    """How little the look depends on the word: the mean over words of the share of the look that is also in the mean look; 1 when
    each word looks everywhere alike."""
    maps = np.stack([heat.values / max(float(heat.values.sum()), 1e-9) for heat in heats])
    return float(np.minimum(maps, maps.mean(axis=0)).sum(axis=(1, 2)).mean())
