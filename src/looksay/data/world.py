"""Whether a picture is unlike the storybook. The border is drawn between pages and pictures made up by formula (world_made.py):
no photograph is needed, and none was ever used.

`python -m looksay.data.world` draws pages, fits anew and writes the shipped file; run it whenever the storybook has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from looksay.data.world_made import SHORTEST, made_up, worn_pages
from looksay.disk import write_atomically
from looksay.errors import BadValue, BadWeights
from looksay.records import pack, unpack

Picture = npt.NDArray[np.uint8]
Vector = npt.NDArray[np.float32]
Traits = dict[int, Vector]  # by level

FILE = Path(str(files("looksay").joinpath("shipped", "storybook.world.json")))
LEVELS = (24, 40, 80)  # the short sides that a picture may be shrunk to
SHRINK = 4 / 3  # at least, which takes the edge off JPEG's blocks: a picture is judged at every level that leaves it
LONGEST = 8  # no page is longer than so many times its short side
FAR = 9.0  # the strangeness of what is too small or too thin to be judged
FITTED, HELD, TRIED = 3000, 1200, 800  # pages to fit with, to find the border and to try it
MADE = 4000  # pictures by formula; the first fifth is to try
PEACE = 0.995  # the share of pages that lies within the border
CLIP = 5  # deviations that a trait counts at most: one that no page has would otherwise decide alone
_STEPS = np.arange(-255, 256)
_STRIDE = np.digitize(np.abs(_STEPS), (1, 2, 4, 8, 16, 32))
_BEND = np.digitize(_STEPS, (-63, -31, -15, -7, -3, -1, 0, 1, 2, 4, 8, 16, 32, 64))


@dataclass(frozen=True, eq=False)
class Border:
    """Between pages and other pictures, both shrunk to `level`: what pages usually are in each trait, how far they spread, how
    much a trait counts; then the sum of the middle page, and how much farther the border lies. `reach` is the border of the mean
    over the levels up to this one, where this is the largest that fits."""

    level: int
    usual: Vector
    spread: Vector
    weights: Vector
    middle: float = 0.0
    farther: float = 1.0
    reach: float = 1.0

    def strangeness(self, found: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """`found` holds one row of traits a picture."""
        apart = np.clip((found - self.usual) / self.spread, -CLIP, CLIP).astype(np.float64)
        strange: npt.NDArray[np.float64] = (apart @ self.weights.astype(np.float64) - self.middle) / self.farther
        return strange


@dataclass(frozen=True, eq=False)
class World:
    """The shipped file. `edition` is that of the storybook; `pages` and `rates` tell what was drawn and what was measured."""

    about: str
    edition: str
    pages: dict[str, int]
    rates: dict[str, float]
    borders: tuple[Border, ...]


def is_strange(picture: Picture) -> bool:
    """Whether a picture, uint8 (height, width, 3) RGB, is unlike the storybook. Of pages, about one in 200 is called strange."""
    return strangeness(picture) > 1


def strangeness(picture: Picture) -> float:
    """0 is the middle page, 1 the border; FAR what has less than 32 pixels a side, or is over eight times longer than wide."""
    short, long = sorted(picture.shape[:2])
    if short < SHORTEST or long > LONGEST * short:
        return FAR
    return round(float(_mean([seen(picture)], shipped().borders)[0]), 3)


def seen(picture: Picture) -> Traits:
    """Traits at each level that is small enough."""
    found: Traits = {}
    fitting = [level for level in LEVELS if level * SHRINK <= min(picture.shape[:2])]
    for level in reversed(fitting):
        height, width = picture.shape[:2]
        scale = level / min(height, width)
        size = max(round(width * scale), level), max(round(height * scale), level)
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        found[level] = traits(picture)
    return found


def _mean(rows: Sequence[Traits], borders: Sequence[Border]) -> npt.NDArray[np.float64]:
    """Strangeness of pictures that are judged at the same levels; several looks err less than the sharpest one."""
    own = [border for border in borders if border.level in rows[0]]
    each = [border.strangeness(np.stack([row[border.level] for row in rows])) for border in own]
    mean: npt.NDArray[np.float64] = np.mean(each, axis=0) / own[-1].reach
    return mean


@cache
def shipped() -> World:
    try:
        world: World = unpack(World, json.loads(FILE.read_text("utf-8")), str(FILE))
    except (OSError, ValueError, BadValue) as error:
        reason = f"what the storybook's world looks like cannot be read: {error}"
        raise BadWeights(reason, where=str(FILE), mend="python -m looksay.data.world makes it anew") from None
    return world


def traits(rgb: Picture) -> Vector:
    """736 roots of shares, counted in whole numbers so that machines agree: the colours; then at three scales how large the steps
    from pixel to pixel are in two channels at once, and how sharply each channel bends."""
    ycc, coarse = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), _half(rgb) >> 6
    found = [_shares(ycc[..., channel] >> 3, 32) for channel in range(3)]
    found.append(_shares(coarse[..., 0] * 16 + coarse[..., 1] * 4 + coarse[..., 2], 64))
    for _ in range(3):
        strides = np.concatenate([_STRIDE[np.diff(rgb.astype(np.int16), axis=axis) + 255].reshape(-1, 3) for axis in (0, 1)])
        found += [_shares(strides[:, one] * 7 + strides[:, other], 49) for one, other in ((0, 1), (0, 2), (1, 2))]
        bends = _BEND[np.clip(cv2.Laplacian(ycc, cv2.CV_16S), -255, 255) + 255]
        found += [_shares(bends[..., channel], 15) for channel in range(3)]
        rgb, ycc = _half(rgb), _half(ycc)
    return np.concatenate(found)


def _shares(codes: npt.NDArray[np.integer], count: int) -> Vector:
    return np.sqrt(np.bincount(codes.ravel(), minlength=count) / codes.size).astype(np.float32)


def _half(picture: Picture) -> Picture:
    half: Picture = cv2.resize(picture, (picture.shape[1] // 2, picture.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return half


def make() -> World:
    """The world as pages are drawn today; two minutes on one core."""
    from looksay.data.storybook import SPLITS, Pages, edition

    fit, hold, test = (Pages().seed_of(split) for split in SPLITS)
    known, held, tried = ([seen(one) for one in worn_pages(*order)] for order in ((fit, FITTED), (hold, HELD), (test, TRIED)))
    few = list(worn_pages(fit, FITTED // 10))
    made = [seen(made_up(fit, index, few)) for index in range(MADE)]
    unseen = MADE // 5
    borders: list[Border] = []
    for level in LEVELS:
        border = _fit(level, *(_at(level, rows) for rows in (known, made[unseen:], held)))
        reach = np.quantile(_mean(_judged_at(level, held), [*borders, border]), PEACE)
        borders.append(replace(border, reach=float(reach)))
    rates = {}
    for what, rows in (("pages", tried), ("pictures by formula", made[:unseen])):
        for level in LEVELS:
            strange = _mean(_judged_at(level, rows), borders) > 1
            rates[f"of {what} judged at up to {level} px, called strange"] = round(float(strange.mean()), 4)
    counts = {"fitted": FITTED, "border": HELD, "tried": TRIED, "by formula, fitted": MADE - unseen, "by formula, tried": unseen}
    about = "the border between pages of the storybook and other pictures; python -m looksay.data.world makes it anew"
    return World(about, edition(), counts, rates, tuple(borders))


def _judged_at(level: int, rows: Iterable[Traits]) -> list[Traits]:
    return [row for row in rows if max(row) == level]


def _at(level: int, rows: Iterable[Traits]) -> Vector:
    return np.stack([row[level] for row in rows if level in row])


def _fit(level: int, pages: Vector, made: Vector, held: Vector) -> Border:
    """Logistic regression with a penalty of 30, by Newton's steps; the border is set by pages that it has not seen."""
    usual, spread = pages.mean(0), pages.std(0) + np.float32(3e-3)
    known = np.clip((np.concatenate([pages, made]) - usual) / spread, -CLIP, CLIP)
    known = np.concatenate([known, np.ones((len(known), 1), np.float32)], axis=1)
    other = np.repeat(np.array((0, 1), np.float32), (len(pages), len(made)))
    weights = np.zeros(known.shape[1], np.float32)
    for _ in range(8):
        chance = 1 / (1 + np.exp(-np.clip(known @ weights, -30, 30)))
        slope = known.T @ (chance - other) + 30 * weights
        curve = (known.T * np.maximum(chance * (1 - chance), 1e-4)) @ known + 30 * np.eye(len(weights))
        weights -= np.linalg.solve(curve, slope).astype(np.float32)
    border = Border(level, usual, spread, weights[:-1])
    middle, far = np.quantile(border.strangeness(held), (0.5, PEACE))
    return replace(border, middle=float(middle), farther=float(far - middle))


def main() -> None:
    print(f"drawing {FITTED + HELD + TRIED} pages and {MADE} other pictures, which takes about two minutes", flush=True)
    world = make()
    write_atomically(FILE, (json.dumps(pack(world), indent=1, ensure_ascii=False) + "\n").encode())
    print(*(f"{rate:7.2%}  {what}" for what, rate in world.rates.items()), f"written: {FILE}", sep="\n")


if __name__ == "__main__":
    main()
