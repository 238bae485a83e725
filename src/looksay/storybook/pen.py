"""Handwriting as the moves of a pen. A writer has a style that follows from the seed; what is written follows its letters, one
point after the other at even moments, slow in the curves as hands are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.storybook.chance import Chance
from looksay.storybook.letters import ALPHABET, JOINABLE, Glyph, Reals, shaken, ways

Moves = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
UNIT = 4.0  # height of a small x in pen units, so that a move from point to point is about 1


@dataclass(frozen=True)
class Hand:
    """How somebody writes; lengths in hundredths of the height of a small x."""

    slant: float
    wide: float
    gap: float  # between letters
    shake: float  # of one letter
    habit: float  # by how much this writer's letters always differ from the book's
    drift: float  # of the line
    joins: float  # share of the letters that are joined to the next where they can be
    speed: float  # points to the length of one x
    turns: float  # how much the pen slows down in curves
    tilt: float  # of the line, uphill
    tall: float  # what reaches above a small x or below the line, as a share of the usual


@lru_cache(maxsize=256)
def hand(seed: int) -> Hand:
    """The style of the writer with this number."""
    chance = Chance(seed, "hand")
    return Hand(
        slant=chance.real(-0.12, 0.5),
        wide=chance.real(0.72, 1.12),
        gap=chance.real(12, 34),
        shake=chance.real(1.5, 4.0),
        habit=chance.real(2.5, 7.0),
        drift=chance.real(0.0, 8.0),
        joins=chance.pick((0.0, 0.0, 0.3, 0.75, 0.95)),
        speed=chance.real(5.5, 8.0),
        turns=chance.real(0.15, 0.45),
        tilt=chance.real(-0.03, 0.05),
        tall=chance.real(0.7, 1.15),
    )


def handwriting(text: str, seed: int, index: int) -> Moves:
    """(T, 3): dx to the right, dy down, and 1 where the pen is lifted after the point. The first row leads from the start of the
    line. The writer is `seed`, and `index` tells one time of writing from the next. A small x is UNIT high."""
    unknown = sorted(set(text) - set(ALPHABET) - {" "})
    if unknown or not text.strip():
        what = f"nobody here can write {' '.join(map(repr, unknown))}" if unknown else "there is nothing to write"
        raise BadValue(what, mend="letters a-z and A-Z, digits, spaces and , . ' ! ? - can be written")
    found: list[Reals] = []
    style = hand(seed)
    chance = Chance(seed, index, "handwriting")
    wave, start = chance.real(200, 600), 0.0
    for word in text.split(" "):
        strokes, width = _word(word, seed, style, chance)
        for stroke in strokes:
            stroke[:, 0] += start
            stroke[:, 1] += style.drift * np.sin(stroke[:, 0] / wave) + style.tilt * stroke[:, 0]
            stroke[:, 0] += style.slant * stroke[:, 1]
        found += strokes
        start += width + style.gap + 58
    timed = [_timed(stroke, style) for stroke in found]
    moves = np.zeros((sum(map(len, timed)), 3), np.float32)
    places = np.concatenate(timed) * (UNIT / 100, -UNIT / 100)
    moves[:, :2] = np.diff(places, axis=0, prepend=[[0.0, 0.0]])
    moves[np.cumsum([len(stroke) for stroke in timed]) - 1, 2] = 1.0
    return moves


def _word(word: str, seed: int, style: Hand, chance: Chance) -> tuple[list[Reals], float]:
    """The strokes of a word in the order of writing, and its width."""
    strokes: list[Reals] = []
    late: list[Reals] = []
    x, joined = 0.0, False
    for place, sign in enumerate(word):
        glyph, shapes = _shapes(seed, sign)
        size = 1.0 + chance.real(-0.05, 0.05)
        first = True
        for stroke, shape in zip(glyph.strokes, shapes, strict=True):
            points = (shape + shaken(chance, len(shape), style.shake)) * (style.wide * size, size)
            curve = stroke.curve(points) + np.array([x, 0.0])
            if stroke.late:
                late.append(curve)
            elif first and joined:
                strokes[-1] = np.concatenate([strokes[-1], _bridge(strokes[-1], curve), curve])
            else:
                strokes.append(curve)
            first = False
        following = word[place + 1 : place + 2]
        joined = sign in JOINABLE and following.islower() and chance.coin(style.joins)
        if not joined:
            strokes, late = strokes + late, []
        apart = 0.35 * style.gap + 14 if joined else style.gap * chance.real(0.8, 1.2) + (0 if sign.islower() else 10)
        x += glyph.width * style.wide * size + apart
    return strokes + late, x


@lru_cache(maxsize=4096)
def _shapes(seed: int, sign: str) -> tuple[Glyph, tuple[Reals, ...]]:
    """The way in which this writer always writes the sign, and its points as this writer sees them."""
    chance = Chance(seed, "habit", sign)
    glyph = chance.pick(ways(sign))
    style = hand(seed)
    shapes = []
    for stroke in glyph.strokes:
        points = stroke.points + shaken(chance, len(stroke.points), style.habit)
        beyond = points[:, 1] - np.clip(points[:, 1], 0, 100)
        shapes.append(np.stack([points[:, 0], points[:, 1] - (1 - style.tall) * beyond], axis=1))
    return glyph, tuple(shapes)


_T = np.linspace(0, 1, 10)[1:-1, None]


def _bridge(before: Reals, after: Reals) -> Reals:
    """The line from the end of a letter to the start of the next; into a downstroke it runs straight, with a turn at the top.
    A letter that begins with a bow to the left is entered from above: over its bow, and the bow then runs back on that line."""
    bow = int(np.argmax((np.diff(after[:, 0]) > 0) | (after[1:, 1] < 78))) if after[0, 1] > 70 else 0
    back = after[bow::-1] if bow > 2 else after[:0]
    a, b = before[-1], back[0] if len(back) else after[0]
    far = float(np.hypot(*(b - a)))
    out, into = before[-1] - before[-3], back[2] - back[0] if len(back) else after[2] - after[0]
    out = out / (np.hypot(*out) + 1e-9) * far
    into = into / (np.hypot(*into) + 1e-9) * far
    if into[1] < -0.5 * far:
        into = (b - a) * 0.6
    bent: Reals = (
        (2 * _T**3 - 3 * _T**2 + 1) * a + (_T**3 - 2 * _T**2 + _T) * out + (3 * _T**2 - 2 * _T**3) * b + (_T**3 - _T**2) * into
    )
    return np.concatenate([bent, back])


def _timed(curve: Reals, style: Hand) -> Reals:
    """Points at even moments: the pen starts and ends slowly and brakes where the curve turns."""
    steps = np.diff(curve, axis=0)
    lengths = np.hypot(steps[:, 0], steps[:, 1]) / 100 + 1e-6
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    turns = np.abs((np.diff(angles, prepend=angles[:1]) + np.pi) % (2 * np.pi) - np.pi)
    bend = (turns + np.append(turns[1:], 0.0)) / lengths
    done = np.cumsum(lengths)
    rim = np.minimum(done, done[-1] - done + lengths)
    speed = (1.0 + bend / 4.0) ** -style.turns * np.minimum(0.45 + 2.2 * rim, 1.0)
    moments = np.concatenate([[0.0], np.cumsum(lengths / speed)])
    even = np.linspace(0.0, moments[-1], max(round(moments[-1] * style.speed) + 1, 2))
    return np.stack([np.interp(even, moments, curve[:, 0]), np.interp(even, moments, curve[:, 1])], axis=1)


def draw_strokes(moves: npt.NDArray[np.floating], height: int) -> Bytes:
    """Moves (T, 3) as dark ink on white paper, (height, width): the ink fills the height but for a margin."""
    import cv2

    if moves.ndim != 2 or moves.shape[1] != 3 or not len(moves):
        raise BadValue(f"pen moves of the shape {moves.shape}", mend="give rows of dx, dy and pen-lift")
    if height < 8:
        raise BadValue(f"a picture of {height} rows", mend="give at least 8")
    places = np.cumsum(moves[:, :2].astype(np.float64), axis=0)
    low, extent = places.min(axis=0), np.ptp(places, axis=0)
    margin = 0.1 * height
    scale = (height - 2 * margin) / max(extent[1], extent[0] / 100, 1e-6)
    if extent[1] < UNIT / 4:  # a full stop or a dash alone is not blown up
        scale = min(scale, height / (4 * UNIT))
    spots = (places - low) * scale + margin + (0.0, (height - 2 * margin - extent[1] * scale) / 2)
    width = int(np.ceil(extent[0] * scale + 2 * margin))
    sheet = np.full((2 * height, 2 * width), 255, np.uint8)
    thick = max(round(height / 22), 1)
    for stroke in np.split(spots, np.flatnonzero(moves[:-1, 2] > 0.5) + 1):
        cv2.polylines(sheet, [np.rint(stroke * 32).astype(np.int32)], False, 30, thick, cv2.LINE_AA, 4)
    return np.ascontiguousarray(cv2.resize(sheet, (width, height), interpolation=cv2.INTER_AREA))
