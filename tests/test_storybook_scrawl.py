"""Digits, clutter and handwriting: the geometry against plain rules, and the meaning against a nearest neighbour that must be
able to read them."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest

from looksay.errors import BadValue
from looksay.storybook.letters import ALPHABET, DIGITS, JOINABLE, ways
from looksay.storybook.pen import UNIT, hand
from looksay.storybook.scrawl import cluttered, digit, draw_strokes, handwriting

Pictures = npt.NDArray[np.float64]


def nearest(train: Pictures, names: npt.NDArray[np.int64], asked: Pictures) -> npt.NDArray[np.int64]:
    """The name of the most similar picture, by the cosine of softened pixels."""
    known, new = (_soft(pictures) for pictures in (train, asked))
    found: npt.NDArray[np.int64] = names[np.argmax(new @ known.T, axis=1)]
    return found


def _soft(pictures: Pictures) -> Pictures:
    """Each picture averaged over 3 by 3 pixels and made a vector of length one."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    height, width = pictures.shape[1:]
    mean = sum(padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3))
    flat = np.asarray(mean, dtype=np.float64).reshape(len(pictures), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


# Curves


@pytest.mark.parametrize("sign", ALPHABET)
def test_curves_pass_through_their_points(sign: str) -> None:
    for glyph in ways(sign):
        for stroke in glyph.strokes:
            curve = stroke.curve(stroke.points)
            far = np.abs(curve[:, None] - stroke.points[None]).max(axis=2).min(axis=0)
            assert far.max() < 1e-6
            assert np.allclose(curve[0], stroke.points[0])
            assert np.allclose(curve[-1], stroke.points[-1])
            assert np.allclose(stroke.basis.sum(axis=1), 1.0)  # moved points move the curve alike
            assert curve[:, 1].min() > -100
            assert curve[:, 1].max() < 205


def test_a_straight_stroke_stays_straight_and_a_corner_stays_sharp() -> None:
    (slash,) = [glyph for glyph in ways("I") if len(glyph.strokes) == 1]
    assert np.ptp(slash.strokes[0].curve(slash.strokes[0].points)[:, 0]) < 1e-9
    vee = ways("V")[0].strokes[0]
    curve = vee.curve(vee.points)
    place = int(np.argmin(curve[:, 1]))
    before, after = curve[place] - curve[place - 1], curve[place + 1] - curve[place]
    cosine = before @ after / np.linalg.norm(before) / np.linalg.norm(after)
    assert cosine < -0.5  # the pen turns back, it does not run around a bow


# Digits


def test_digits_are_drawn_as_those_who_learn_from_them_expect() -> None:
    labels, astray = [], []
    for index in range(400):
        picture, label = digit(3, index)
        labels.append(label)
        assert picture.shape == (28, 28)
        assert picture.dtype == np.uint8
        rows, columns = np.nonzero(picture > 40)
        assert 13 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 25
        mass = picture.astype(np.float64)
        middle = (mass.sum(axis=1) @ np.arange(28) / mass.sum(), mass.sum(axis=0) @ np.arange(28) / mass.sum())
        astray.append(np.abs(np.array(middle) - 14.0).max())
        rim = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
        assert rim.max() < 64  # at most the softness of a line
        assert np.array_equal(picture, digit(3, index)[0])
    assert max(astray) < 2.5  # a digit that is all head, like some 7, does not fit in its frame otherwise
    assert np.mean(astray) < 0.35
    assert np.bincount(labels, minlength=10).min() >= 22
    assert all(digit(3, index, size=size)[0].shape == (size, size) for size in (16, 40) for index in range(60))
    with pytest.raises(BadValue, match="at least 16"):
        digit(3, 0, size=4)


def test_digits_can_be_read_and_differ() -> None:
    known = [digit(1, index) for index in range(1500)]
    asked = [digit(2, index) for index in range(400)]
    pictures = np.array([picture for picture, _ in known], dtype=np.float64)
    names = np.array([label for _, label in known])
    new = np.array([picture for picture, _ in asked], dtype=np.float64)
    right = nearest(pictures, names, new) == [label for _, label in asked]
    assert 0.9 < right.mean() < 0.999  # readable, and not all alike
    assert len({picture.tobytes() for picture, _ in known}) == 1500
    assert all(len(written) >= 3 for written in DIGITS.values())


def test_clutter_hides_one_or_two_digits() -> None:
    known = [digit(1, index) for index in range(1200)]
    pictures = np.array([picture for picture, _ in known], dtype=np.float64)
    names = np.array([label for _, label in known])
    crops, labels = [], []
    for index in range(160):
        count = 1 + index % 2
        picture, found, boxes = cluttered(4, index, count=count)
        assert picture.shape == (100, 100)
        assert picture.dtype == np.uint8
        assert len(found) == len(boxes) == count
        assert sorted(boxes) == list(boxes)
        for x1, y1, x2, y2 in boxes:
            assert 0 <= x1 < x2 <= 100
            assert 0 <= y1 < y2 <= 100
            assert 12 <= max(x2 - x1, y2 - y1) <= 30
            crops.append(_framed(picture[int(y1) : int(y2), int(x1) : int(x2)]))
        labels += found
        if count == 2:
            (a, b), flat = boxes, picture > 64
            assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]
            outside = flat.sum() - sum(flat[int(y1) : int(y2), int(x1) : int(x2)].sum() for x1, y1, x2, y2 in boxes)
            assert outside > 20  # there is clutter beside the digits
    right = nearest(pictures, names, np.array(crops)) == labels
    assert right.mean() > 0.7
    assert np.array_equal(cluttered(4, 7)[0], cluttered(4, 7)[0])
    with pytest.raises(BadValue, match="one or two digits"):
        cluttered(4, 0, count=3)


def _framed(crop: npt.NDArray[np.uint8]) -> Pictures:
    """The crop brought to 19 rows (nearest pixels) in the middle of 28 by 28."""
    height, width = crop.shape
    scale = 19 / max(height, width)
    rows = np.minimum((np.arange(round(height * scale)) / scale).astype(int), height - 1)
    columns = np.minimum((np.arange(round(width * scale)) / scale).astype(int), width - 1)
    frame = np.zeros((28, 28))
    top, left = (28 - len(rows)) // 2, (28 - len(columns)) // 2
    frame[top : top + len(rows), left : left + len(columns)] = crop[rows][:, columns]
    return frame


# Handwriting

TEXT = "The 3 dogs, a cat and I - we don't sleep! Why?"


def test_moves_are_what_they_say() -> None:
    for seed in range(12):
        moves = handwriting(TEXT, seed, 0)
        assert moves.dtype == np.float32
        assert moves.ndim == 2
        assert moves.shape[1] == 3
        assert np.isfinite(moves).all()
        assert set(np.unique(moves[:, 2])) == {0.0, 1.0}
        assert moves[-1, 2] == 1.0
        assert 12 < len(moves) / len(TEXT) < 40
        inside = moves[1:][moves[:-1, 2] == 0, :2]
        assert np.abs(inside).max() < 1.5 * UNIT  # while the pen is down it never jumps
        assert np.array_equal(moves, handwriting(TEXT, seed, 0))
        again = handwriting(TEXT, seed, 1)
        assert moves.shape != again.shape or not np.allclose(moves, again)


def test_pen_is_lifted_as_often_as_the_letters_say() -> None:
    """A writer who joins nothing lifts the pen after every stroke of every letter; one who joins lifts it less."""
    apart = next(seed for seed in range(99) if hand(seed).joins == 0)
    joined = next(seed for seed in range(99) if hand(seed).joins > 0.9)
    for text in ("minimum", "aide", "two cows"):
        fewest = sum(min(len(glyph.strokes) for glyph in ways(sign)) for sign in text if sign != " ")
        most = sum(max(len(glyph.strokes) for glyph in ways(sign)) for sign in text if sign != " ")
        assert fewest <= handwriting(text, apart, 0)[:, 2].sum() <= most
    assert handwriting("minimum", joined, 0)[:, 2].sum() <= 4
    assert "j" not in JOINABLE


def test_size_and_direction() -> None:
    heights, slants = [], []
    for seed in range(30):
        places = np.cumsum(handwriting("xxxxxx", seed, 0)[:, :2], axis=0)
        heights.append(np.ptp(places[:, 1]))
        bars = np.cumsum(handwriting("IIIIII", seed, 0)[:, :2], axis=0)
        slants.append(np.corrcoef(bars[:, 1], bars[:, 0])[0, 1])
        up = np.cumsum(handwriting("l", seed, 0)[:, :2], axis=0)
        assert up[:, 1].min() < -1.1 * UNIT  # a tall letter reaches up, and up is minus
        low = np.cumsum(handwriting("g", seed, 0)[:, :2], axis=0)
        assert low[:, 1].max() > 0.3 * UNIT
        assert places[-1, 0] > 3 * UNIT  # from left to right
        assert np.ptp(np.cumsum(handwriting("xx xx", seed, 0)[:, 0])) > np.ptp(np.cumsum(handwriting("xxxx", seed, 0)[:, 0]))
    assert 0.9 * UNIT < np.median(heights) < 1.4 * UNIT
    assert np.ptp(slants) > 0.1
    steps = np.concatenate([handwriting(TEXT, seed, 0)[:, :2].ravel() for seed in range(10)])
    assert 0.6 < steps.std() < 1.6


def test_the_pen_is_slow_in_curves() -> None:
    ratios = []
    for seed in range(20):
        moves = handwriting("ooooSSSS", seed, 0)
        middle = (moves[1:-2, 2] == 0) & (moves[:-3, 2] == 0) & (moves[2:-1, 2] == 0)
        a, b = moves[1:-2, :2][middle], moves[2:-1, :2][middle]
        lengths = np.hypot(*a.T) + np.hypot(*b.T)
        turns = np.abs((np.arctan2(b[:, 1], b[:, 0]) - np.arctan2(a[:, 1], a[:, 0]) + np.pi) % (2 * np.pi) - np.pi)
        bend = turns / lengths
        ratios.append(lengths[bend > np.quantile(bend, 0.8)].mean() / lengths[bend < np.quantile(bend, 0.4)].mean())
    assert np.median(ratios) < 0.9


def test_letters_of_many_hands_can_be_read() -> None:
    signs = "abcdefghijklmnopqrstuvwxyz"
    known, names, asked, truth = [], [], [], []
    for seed in range(32):
        for place, sign in enumerate(signs):
            picture = _boxed(handwriting(sign, seed, 0))
            (known if seed < 24 else asked).append(picture)
            (names if seed < 24 else truth).append(place)
    right = nearest(np.array(known), np.array(names), np.array(asked)) == truth
    assert right.mean() > 0.85


def _boxed(moves: npt.NDArray[np.float32]) -> Pictures:
    """A letter in 24 by 24 cells at the scale of the line, by its points alone."""
    places = np.cumsum(moves[:, :2].astype(np.float64), axis=0)
    down = moves[:-1, 2] == 0
    shares = np.linspace(0, 1, 8)[:, None, None]
    spots = (places[:-1] + shares * np.diff(places, axis=0))[:, down].reshape(-1, 2)
    cells = np.floor((spots - (np.median(places[:, 0]), 0)) / UNIT * 7 + (12, 15)).astype(int)
    cells = cells[((cells >= 0) & (cells < 24)).all(axis=1)]
    frame = np.zeros((24, 24))
    frame[cells[:, 1], cells[:, 0]] = 1.0
    return frame


def test_strokes_are_drawn_in_the_height_asked_for() -> None:
    for height in (24, 64):
        moves = handwriting(TEXT, 1, 0)
        picture = draw_strokes(moves, height)
        assert picture.dtype == np.uint8
        assert picture.shape[0] == height
        assert picture.shape[1] > 8 * height
        dark = picture < 128
        rows, columns = np.nonzero(picture < 200)
        assert rows.min() < 0.2 * height
        assert rows.max() > 0.8 * height
        assert 0.02 < dark.mean() < 0.3
        assert picture[:, :1].min() == 255
        assert columns.max() > 0.9 * picture.shape[1]


def test_lifted_moves_leave_no_ink() -> None:
    """Two strokes one below the other: between them the paper stays white, and with the pen down it does not."""
    rows = [(0, 0, 0), (10, 0, 1), (-10, 10, 0), (10, 0, 1)]
    apart = draw_strokes(np.array(rows, np.float32), 60)
    assert apart[20:40].min() == 255
    assert apart[:20].min() < 60
    assert apart[40:].min() < 60
    drawn = draw_strokes(np.array([(x, y, 0) for x, y, _ in rows], np.float32), 60)
    assert drawn[20:40].min() < 60


def test_a_full_stop_stays_small() -> None:
    picture = draw_strokes(handwriting(".", 3, 0), 64)
    rows, _ = np.nonzero(picture < 200)
    assert np.ptp(rows) < 16


@pytest.mark.parametrize(("text", "said"), [("año", "'ñ'"), ("a_b*", "'*' '_'"), ("  ", "nothing to write"), ("", "nothing")])
def test_what_cannot_be_written_is_named(text: str, said: str) -> None:
    with pytest.raises(BadValue, match=re.escape(said)):
        handwriting(text, 1, 1)


def test_bad_moves_are_refused() -> None:
    with pytest.raises(BadValue, match="pen-lift"):
        draw_strokes(np.zeros((4, 2), np.float32), 32)
    with pytest.raises(BadValue, match="at least 8"):
        draw_strokes(np.zeros((4, 3), np.float32), 4)
