"""How letters, digits and signs are written: strokes as a few points each, made into smooth curves.

The points are in hundredths of the height of a small x, x to the right and y up from the line on which one writes. In the tables
a stroke is a run of points, ';' lifts the pen, '!' makes a corner of the point before it, and a stroke after '~' is added late:
the dot of an i, the bar of a t, after the word where the writer joins letters. Some signs are written in several ways."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from looksay.storybook.chance import Chance

Reals = npt.NDArray[np.float64]

_SMALL = {
    "a": (
        "86,84 62,99 30,90 8,50 20,8 48,3 76,36 88,92! 86,40 92,8 110,12",
        "82,88 50,100 16,72 10,28 36,2 70,22 86,88! 84,36 92,4 108,12",
    ),
    "b": (
        "12,190 10,100 10,12! 16,62 42,98 74,88 84,50 66,10 36,0 12,16",
        "14,188 10,80 14,22 40,1 72,10 84,50 66,92 34,90 14,60",
    ),
    "c": ("84,82 58,100 26,88 8,48 26,8 58,1 90,22",),
    "d": ("84,84 58,100 24,86 8,46 24,6 54,4 80,40 88,110 90,190! 88,80 92,8 110,12",),
    "e": ("12,50 50,54 84,66 72,94 44,100 14,76 10,36 36,3 70,6 96,28", "10,44 54,50 82,76 56,100 20,84 8,42 28,4 66,2 94,24"),
    "f": ("84,172 64,192 44,176 38,120 38,2; ~8,98 74,98", "86,170 66,192 46,168 42,60 36,-60 18,-86; ~10,96 74,98"),
    "g": ("84,84 58,100 24,86 8,46 24,6 54,4 80,44 88,92! 86,10 78,-60 46,-88 10,-70",),
    "h": ("12,190 12,100 12,2! 16,56 38,94 66,98 80,70 82,20 90,2 108,12",),
    "i": ("14,98 12,40 18,6 40,14; ~18,138 20,144",),
    "j": ("34,98 34,10 26,-60 4,-86 -20,-70; ~38,138 40,144",),
    "k": (
        "12,190 12,100 12,2; 72,96 40,62 16,46! 44,38 76,4 96,12",
        "12,190 12,90 12,2! 18,54 50,92 72,76 50,50 22,46! 56,30 80,2 98,12",
    ),
    "l": ("12,190 12,60 18,8 40,14", "10,40 34,130 36,180 22,190 12,150 12,40 22,4 44,16"),
    "m": ("12,98 12,2! 16,60 36,94 56,94 64,60 64,2! 68,58 88,94 108,94 116,60 116,14 126,2 142,12",),
    "n": ("12,98 12,2! 16,58 38,94 66,96 80,66 82,16 92,2 108,12",),
    "o": ("54,99 22,86 8,46 28,4 62,4 86,44 78,84 56,98 72,88 104,92", "54,99 22,86 8,46 28,4 62,4 86,44 80,84 52,99"),
    "p": ("12,98 12,0 10,-88! 12,40 30,90 60,100 86,72 84,30 58,2 28,8 14,28",),
    "q": ("84,84 58,100 24,86 8,46 24,6 54,4 80,44 88,92! 86,0 86,-82! 104,-56",),
    "r": ("12,98 12,2! 16,52 34,90 60,98 76,88",),
    "s": ("78,84 54,100 24,90 22,66 52,50 76,32 66,6 36,0 8,14",),
    "t": ("34,160 32,60 38,8 58,2 78,16; ~6,100 66,102",),
    "u": ("12,98 14,30 34,2 62,14 80,52 86,98! 84,40 92,4 108,12",),
    "v": ("8,98 28,40 44,2! 60,44 76,92 98,92",),
    "w": (
        "8,98 20,40 32,4! 48,50 60,88! 72,40 86,4! 100,46 112,92 132,92",
        "8,96 16,30 36,2 56,30 62,84! 68,24 88,2 110,34 114,90 132,92",
    ),
    "x": ("10,98 44,50 84,2; 84,98 44,50 6,2",),
    "y": ("10,98 20,44 44,24 70,50 84,98! 80,20 66,-50 36,-88 6,-72",),
    "z": ("10,94 80,98! 44,50 8,4! 50,2 92,8",),
}  # fmt: skip
_LARGE = {
    "A": ("4,0 40,104 66,180! 92,100 122,0; 26,66 106,66",),
    "B": ("16,178 14,90 14,2; 14,178 62,182 98,156 88,112 50,96 20,94! 72,94 112,70 110,24 70,0 14,2",),
    "C": ("112,150 86,178 46,172 12,120 12,58 46,6 88,4 118,32",),
    "D": ("16,178 14,90 14,2; 12,178 72,176 122,130 122,56 76,4 10,2",),
    "E": ("98,176 16,178! 14,90 14,2! 104,4; 16,94 82,94", "98,160 66,180 32,164 34,120 66,98! 26,86 12,44 40,4 78,4 106,30"),
    "F": ("100,176 16,178! 14,90 14,0; 16,92 80,92",),
    "G": ("112,150 86,178 44,172 12,118 12,58 44,6 88,4 116,40 118,84! 76,84",),
    "H": ("14,178 14,0; 110,178 110,0; 14,92 110,92",),
    "I": ("20,178 20,0", "4,178 50,178; 27,178 27,0; 4,2 50,2"),
    "J": ("70,178 70,60 56,10 28,0 4,26",),
    "K": ("14,178 14,0; 104,178 60,120 16,84! 60,58 112,0",),
    "L": ("14,178 14,90 14,4! 60,2 96,6",),
    "M": ("10,0 18,90 24,178! 50,100 70,40! 96,110 116,178! 124,90 132,0",),
    "N": ("12,0 14,90 14,178! 60,90 108,4! 110,90 112,178",),
    "O": ("66,178 24,156 8,96 24,24 66,2 112,26 126,92 108,154 62,178",),
    "P": ("14,178 14,90 14,0; 12,176 62,182 100,156 98,110 60,86 16,88",),
    "Q": ("66,178 24,156 8,96 24,24 66,2 112,26 126,92 108,154 62,178; 82,48 104,18 132,-14",),
    "R": ("14,178 14,90 14,0; 12,176 62,182 98,156 92,112 54,92 18,92! 60,58 112,0",),
    "S": ("100,150 74,178 36,172 16,136 44,104 84,80 102,44 76,6 36,2 8,30",),
    "T": ("4,176 116,178; 60,177 60,90 60,0",),
    "U": ("12,178 12,60 34,8 70,2 104,36 110,100 110,178",),
    "V": ("6,178 36,80 60,2! 86,90 112,178",),
    "W": ("6,178 24,80 44,2! 64,80 82,150! 100,80 120,2! 140,90 156,178",),
    "X": ("10,178 60,90 114,2; 110,178 60,90 6,2",),
    "Y": ("6,178 34,124 60,90; 114,178 86,130 60,88 56,40 56,0",),
    "Z": ("10,176 112,178! 60,90 6,4! 60,2 118,6",),
}  # fmt: skip
DIGITS = {
    "0": (
        "56,168 22,146 10,88 20,26 54,2 88,24 100,84 90,144 54,168",
        "70,164 34,158 12,104 16,36 48,2 84,30 96,98 78,156 60,168",
        "50,168 14,130 10,60 30,6 66,4 92,50 90,120 62,164 40,160",
    ),
    "1": (
        "26,168 24,84 22,2",
        "6,134 30,152 42,168! 40,84 38,2",
        "8,130 34,150 46,168! 44,84 42,2; 14,2 74,2",
        "40,170 30,90 22,0",
    ),
    "2": (
        "10,130 30,164 66,166 88,136 74,96 40,46 8,4! 52,4 98,8",
        "12,136 40,170 80,156 86,116 56,60 18,10 8,22 28,32 56,12 100,6",
        "8,140 44,168 86,142 70,84 10,2! 50,6 96,2",
        "4,128 46,160 88,138 62,72 6,4! 60,10 116,2",
        "10,122 44,162 86,146 78,96 42,32 12,16 22,38 58,22 112,8",
    ),
    "3": (
        "12,146 40,168 76,158 80,122 40,92! 80,84 94,46 66,6 30,2 6,22",
        "10,166 84,168! 62,128 40,98! 78,92 94,50 64,6 28,2 4,20",
        "10,150 44,170 82,148 66,102 36,94 34,90 70,86 92,50 66,6 26,0 4,24",
        "8,150 52,168 78,140 34,98! 90,72 78,20 32,2 4,14",
    ),
    "4": (
        "62,168 34,110 8,58! 56,58 104,62; 72,110 70,50 66,0",
        "22,166 16,120 12,78! 50,72 96,82; 82,168 78,84 72,0",
        "78,0 78,90 78,168! 40,110 6,54! 60,54 106,56",
    ),
    "5": (
        "22,166 16,128 14,92! 46,104 84,90 94,50 70,8 32,2 4,20; 20,166 88,168",
        "88,168 24,164! 18,120 14,90! 52,106 90,80 86,30 48,0 6,14",
        "86,166 50,162 22,164 18,128 16,96 44,104 80,92 88,48 62,6 28,0 2,16",
        "18,150 14,98 56,108 84,68 60,14 4,8; 16,152 60,162 112,170",
        "100,168 34,158! 20,104 58,108 80,66 54,12 2,10",
    ),
    "6": (
        "80,164 44,136 16,84 12,36 36,2 70,8 88,44 70,82 38,80 16,48",
        "66,170 30,116 12,60 22,10 60,0 86,28 76,70 42,78 18,52",
        "88,150 56,168 24,132 10,68 22,12 60,2 88,30 78,70 44,80 16,54",
        "72,170 26,112 12,42 42,4 92,16 94,54 60,64 20,30",
    ),
    "7": (
        "8,164 50,164 96,166! 66,90 42,2",
        "10,140 12,166! 56,160 98,164! 70,100 44,2",
        "8,164 50,162 94,166! 64,84 46,0; 24,82 90,86",
        "6,158 34,172 62,158 96,168! 60,90 48,40 46,0",
    ),
    "8": (
        "82,140 52,168 20,148 26,112 60,88 92,50 72,8 34,2 10,36 36,78 72,108 84,140 66,166",
        "54,92 18,116 24,156 58,168 84,140 62,98 24,66 8,30 32,2 72,4 92,38 68,78 50,94",
        "90,150 50,168 22,138 50,96 86,50 60,4 20,12 22,56 66,110 88,146",
        "98,150 52,166 22,132 70,72 74,20 32,4 16,38 68,108 102,154",
    ),
    "9": (
        "84,140 58,168 24,156 12,112 34,82 66,92 86,138! 84,80 78,2",
        "82,146 48,168 14,132 28,88 66,94 86,140 86,80 68,18 32,0 10,16",
        "88,150 60,168 22,150 16,104 48,84 78,106 88,164! 76,80 62,0",
    ),
}  # fmt: skip
_SIGNS = {
    ".": ("12,2 14,7",),
    ",": ("16,12 15,-8 4,-30",),
    "'": ("12,186 8,150",),
    "!": ("14,180 13,110 13,48; 13,2 14,7",),
    "?": ("10,140 30,170 64,170 80,138 60,104 38,78 36,48; 36,2 37,7",),
    "-": ("8,58 62,60",),
}  # fmt: skip
ALPHABET = "".join((*_SMALL, *_LARGE, *DIGITS, *_SIGNS))
JOINABLE = frozenset("acdehiklmnotuvwr")  # small letters after which the pen may stay down
_DENSE = 9  # points of the curve from one given point to the next


@dataclass(frozen=True, eq=False)
class Stroke:
    """`points` (n, 2) are given; `basis` (m, n) times any such points is their curve, corners kept."""

    points: Reals
    basis: Reals
    late: bool

    def curve(self, points: Reals) -> Reals:
        return self.basis @ points


@dataclass(frozen=True, eq=False)
class Glyph:
    """One way to write a sign."""

    strokes: tuple[Stroke, ...]
    width: float


@cache
def ways(sign: str) -> tuple[Glyph, ...]:
    """Every way to write a sign of the ALPHABET."""
    table = _SMALL if sign in _SMALL else _LARGE if sign in _LARGE else DIGITS if sign in DIGITS else _SIGNS
    return tuple(_glyph(way) for way in table[sign])


def _glyph(way: str) -> Glyph:
    strokes = tuple(_stroke(part.strip()) for part in way.split(";"))
    return Glyph(strokes, max(float(stroke.points[:, 0].max()) for stroke in strokes))


def _stroke(text: str) -> Stroke:
    late = text.startswith("~")
    points: list[tuple[float, float]] = []
    corners: list[int] = []
    for word in text.removeprefix("~").replace("!", " !").split():
        if word == "!":
            corners.append(len(points) - 1)
        else:
            x, y = word.split(",")
            points.append((float(x), float(y)))
    found = np.array(points)
    return Stroke(found, basis(found, corners), late)


def basis(points: Reals, corners: list[int]) -> Reals:
    """The matrix that takes the points to their centripetal Catmull-Rom curve, piece by piece between the corners."""
    count = len(points)
    ends = [0, *corners, count - 1]
    rows: list[Reals] = []
    for first, last in pairwise(ends):
        chosen = np.eye(count)[first : last + 1]
        rows.append(_smooth(points[first : last + 1]) @ chosen if last > first else chosen[:0])
    return np.concatenate([*rows, np.eye(count)[-1:]])


def _smooth(points: Reals) -> Reals:
    """(m, n) for one piece, its last point left out; the ends are continued by reflection."""
    count = len(points)
    if count == 2:
        steps = np.linspace(0, 1, _DENSE, endpoint=False)
        return np.stack([1 - steps, steps], axis=1)
    # Rows of `frame` are the points with one more before and after, as mixtures of the given ones.
    frame = np.concatenate([[_row(count, 0, 1)], np.eye(count), [_row(count, count - 1, count - 2)]])
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(np.hypot(*np.diff(frame @ points, axis=0).T)) + 1e-9)])
    rows = []
    for place in range(1, count):
        t = np.linspace(knots[place], knots[place + 1], _DENSE, endpoint=False)[:, None]
        k, p = knots[place - 1 : place + 3], frame[place - 1 : place + 3]
        a = [((k[i + 1] - t) * p[i] + (t - k[i]) * p[i + 1]) / (k[i + 1] - k[i]) for i in range(3)]
        b = [((k[i + 2] - t) * a[i] + (t - k[i]) * a[i + 1]) / (k[i + 2] - k[i]) for i in range(2)]
        rows.append(((k[2] - t) * b[0] + (t - k[1]) * b[1]) / (k[2] - k[1]))
    return np.concatenate(rows)


def _row(count: int, end: int, inner: int) -> Reals:
    """The inner point reflected in the end point."""
    row = np.zeros(count)
    row[end], row[inner] = 2.0, -1.0
    return row


def shaken(chance: Chance, count: int, amount: float) -> Reals:
    """(count, 2) shifts, nearly normal, of that spread."""
    return np.array([[chance.real() + chance.real() + chance.real() - 1.5 for _ in "xy"] for _ in range(count)]) * (2 * amount)
