"""Scrawl: digits as hands write them, alone or among clutter, and handwriting as the moves of a pen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.storybook.chance import Chance
from looksay.storybook.letters import Reals, shaken, ways
from looksay.storybook.pen import draw_strokes, handwriting

__all__ = ["cluttered", "digit", "draw_strokes", "handwriting"]

Bytes = npt.NDArray[np.uint8]
_FINE = 4  # a digit is drawn this many times larger and then shrunk
_FRAGMENTS = 9


def digit(seed: int, index: int, size: int = 28) -> tuple[Bytes, int]:
    """A bright digit on black, (size, size), and what it is. Its ink fills about 20 of 28 parts, and its centre of mass is in the
    pixel below and to the right of the middle, as in MNIST."""
    if size < 16:
        raise BadValue(f"a digit of {size} pixels", mend="give at least 16")
    chance = Chance(seed, index, "digit")
    label = chance.below(10)
    return _ink(chance, label, size), label


def _ink(chance: Chance, label: int, size: int) -> Bytes:
    """One digit in a hand that chance picks: the way of writing, slant, turn, proportions, wobble and thickness."""
    import cv2

    fine = size * _FINE
    strokes = _points(chance, label)
    whole = np.concatenate(strokes)
    low, high = whole.min(axis=0), whole.max(axis=0)
    thick = fine * chance.real(0.032, 0.095)
    scale = (fine * chance.real(0.68, 0.74) - thick) / float((high - low).max())
    sheet = np.zeros((fine, fine), np.uint8)
    for stroke in strokes:
        spots = (stroke - (low + high) / 2) * (scale, -scale) + fine / 2
        cv2.polylines(sheet, [np.rint(spots * 16).astype(np.int32)], False, 255, max(round(thick), 1), cv2.LINE_8, 4)
    sheet = _centred(sheet, (size + 1) * _FINE // 2)
    small = cv2.resize(sheet, (size, size), interpolation=cv2.INTER_AREA)
    if chance.coin(0.5):
        small = cv2.GaussianBlur(small, (3, 3), chance.real(0.35, 0.75))
    inked: Bytes = cv2.convertScaleAbs(small, alpha=chance.real(1.0, 1.35))
    return inked


def _centred(sheet: Bytes, goal: int) -> Bytes:
    """The ink moved so that its centre of mass lies at (goal, goal), as far as it stays within the sheet."""
    import cv2

    mass = cv2.moments(sheet)
    left, top, width, height = cv2.boundingRect(sheet)
    edge = 3 * _FINE // 2
    rim = sheet.shape[0] - edge
    x = min(max(left + goal - round(mass["m10"] / mass["m00"]), edge), rim - width)
    y = min(max(top + goal - round(mass["m01"] / mass["m00"]), edge), rim - height)
    moved = np.zeros_like(sheet)
    moved[y : y + height, x : x + width] = sheet[top : top + height, left : left + width]
    return moved


def _points(chance: Chance, label: int) -> list[Reals]:
    """The curves of a digit, y up: its points shaken, its strokes begun late or ended early, all of it bent and turned."""
    glyph = chance.pick(ways(str(label)))
    slant, turn = chance.real(-0.15, 0.55), chance.real(-0.15, 0.15)
    wide = chance.real(0.85, 1.7) if label != 1 else chance.real(0.5, 1.1)
    shake = chance.real(2.0, 7.5)
    bend = np.array([[wide, 0.0], [slant, 1.0]]) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    swell, bow = chance.real(-0.18, 0.18), chance.real(-8, 8)
    found = []
    for stroke in glyph.strokes:
        curve = stroke.curve(stroke.points + shaken(chance, len(stroke.points), shake))
        early, late = chance.below(4), chance.below(5)
        curve = curve[early : len(curve) - late] if len(curve) > 30 else curve
        curve = curve + shaken(chance, 1, shake * 0.6)
        high = curve[:, 1] / 85 - 1  # -1 at the foot, 1 at the head, of which one may be larger than the other
        curve[:, 0] = curve[:, 0] * (1 + swell * high) + bow * high * high
        found.append(curve @ bend)
    return found


def cluttered(
    seed: int, index: int, size: int = 100, count: int = 1
) -> tuple[Bytes, tuple[int, ...], tuple[tuple[float, float, float, float], ...]]:
    """`count` (1 or 2) digits that do not overlap, among fragments of others: picture (size, size), labels from left to right,
    and the boxes x1 y1 x2 y2 around their ink."""
    if size < 72 or count not in (1, 2):
        raise BadValue(f"{count} digits on {size} pixels", mend="give one or two digits and at least 72 pixels")
    chance = Chance(seed, index, "clutter")
    sheet = np.zeros((size, size), np.uint8)
    for _ in range(_FRAGMENTS):
        side = chance.below(5) + 6
        whole = _ink(chance, chance.below(10), 28)
        top, left = chance.below(20 - side) + 4, chance.below(20 - side) + 4
        _put(sheet, whole[top : top + side, left : left + side], chance.below(size - side), chance.below(size - side))
    found: list[tuple[tuple[float, float, float, float], int]] = []
    while len(found) < count:
        side = 24 + chance.below(11)
        label = chance.below(10)
        ink = _ink(chance, label, side)
        rows, columns = np.nonzero(ink > 64)
        x, y = chance.below(size - side), chance.below(size - side)
        box = (float(x + columns.min()), float(y + rows.min()), float(x + columns.max() + 1), float(y + rows.max() + 1))
        if all(box[0] > other[2] or other[0] > box[2] or box[1] > other[3] or other[1] > box[3] for other, _ in found):
            _put(sheet, ink, x, y)
            found.append((box, label))
    found.sort()
    return sheet, tuple(label for _, label in found), tuple(box for box, _ in found)


def _put(sheet: Bytes, patch: Bytes, x: int, y: int) -> None:
    part = sheet[y : y + patch.shape[0], x : x + patch.shape[1]]
    np.maximum(part, patch, out=part)
