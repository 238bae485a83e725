"""Pages pass, whatever they have been through; everything else is called strange."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from looksay.data import world
from looksay.data.pictures import encode, read
from looksay.data.storybook import edition
from looksay.data.world import FAR, FILE, is_strange, shipped, strangeness, traits
from looksay.errors import BadWeights
from looksay.storybook.page import page

Picture = np.ndarray
SEED = 90_210  # of no split of any usual seed


def fresh(index: int, size: tuple[int, int], view: str) -> Picture:
    return page(SEED, index, size, view, words=False).picture


def through_jpeg(picture: Picture, quality: int) -> Picture:
    return read(encode(picture, "jpeg", quality))


@pytest.mark.parametrize("view", ["portrait", "scene"])
def test_fresh_pages_are_at_home(view: str) -> None:
    """Every size with every treatment; at most 3 of 100 pages may be called strange."""
    sizes = [(64, 64), (96, 96), (128, 128), (200, 200), (256, 256), (128, 80), (72, 96), (512, 384), (40, 40), (224, 224)]
    ways: list[Callable[[Picture], Picture]] = [
        lambda picture: picture,
        lambda picture: through_jpeg(picture, 75),
        lambda picture: through_jpeg(picture, 95),
        lambda picture: read(encode(picture, "png")),
        lambda picture: cv2.resize(picture, None, fx=0.85, fy=0.85, interpolation=cv2.INTER_AREA),
        lambda picture: cv2.resize(picture, None, fx=1.3, fy=1.3, interpolation=cv2.INTER_LINEAR),
        lambda picture: through_jpeg(picture, 85),
    ]
    found = [strangeness(ways[index % 7](fresh(index, sizes[index % 10], view))) for index in range(100)]
    rate = np.mean([one > 1 for one in found])
    stale = "" if shipped().edition == edition() else ", and the storybook has changed: python -m looksay.data.world fits anew"
    assert rate <= 0.03, f"{rate:.0%} of {view} pages are called strange{stale}"
    assert abs(np.median(found)) < 0.35  # the middle page is about 0


def pink(size: int, fall: float, seed: int, tints: float) -> Picture:
    """Noise with the spectrum of photographs, built from waves one octave at a time; `tints` = 0 is grey."""
    r = np.random.default_rng(seed)
    total = np.zeros((size, size, 3))
    cells = 2
    while cells <= size:
        grey, colour = r.standard_normal((cells, cells, 1)), r.standard_normal((cells, cells, 3))
        total += cv2.resize(grey + tints * colour, (size, size), interpolation=cv2.INTER_CUBIC) * (2 / cells) ** (fall - 1)
        cells *= 2
    return np.clip(120 + 55 * (total - total.mean()) / total.std(), 0, 255).astype(np.uint8)


def ramp(size: int, first: tuple[int, int, int], last: tuple[int, int, int]) -> Picture:
    share = np.linspace(0, 1, size)[:, None, None]
    return np.broadcast_to(np.array(first) * (1 - share) + np.array(last) * share, (size, size, 3)).astype(np.uint8)


def digits(size: int, ink: int, paper: int) -> Picture:
    picture = np.full((size, size, 3), paper, np.uint8)
    cv2.putText(
        picture, "7", (size // 4, size * 4 // 5), cv2.FONT_HERSHEY_SIMPLEX, size / 32, (ink,) * 3, size // 16, cv2.LINE_AA
    )
    return picture


def checks(size: int, cell: int, dark: tuple[int, int, int], bright: tuple[int, int, int]) -> Picture:
    odd = np.add.outer(np.arange(size) // cell, np.arange(size) // cell) % 2
    return np.where(odd[:, :, None] == 1, np.array(dark), np.array(bright)).astype(np.uint8)


def screen(size: int) -> Picture:
    """A window with a title, lines of text and a button."""
    picture = np.full((size, size, 3), (246, 246, 248), np.uint8)
    cv2.rectangle(picture, (0, 0), (size, size // 10), (52, 101, 164), -1)
    for line in range(2, 9):
        words = "the quick brown fox jumps over"[: 12 + 2 * line]
        cv2.putText(
            picture, words, (size // 16, line * size // 10), cv2.FONT_HERSHEY_SIMPLEX, size / 500, (40, 40, 40), 1, cv2.LINE_AA
        )
    cv2.rectangle(picture, (size // 2, size * 17 // 20), (size * 9 // 10, size * 19 // 20), (80, 160, 90), -1)
    return picture


def pebbles(size: int, seed: int) -> Picture:
    """Shaded balls before each other, with sensor noise: a heap of things as a lens sees it."""
    r = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    picture = np.full((size, size, 3), 90.0)
    for _ in range(160):
        radius, at = size * r.uniform(0.03, 0.16), r.uniform(0, size, 2)
        away = np.hypot(x - at[0], y - at[1]) / radius
        shade = np.sqrt(np.clip(1 - away**2, 0, 1)) * 0.8 + 0.2 + 0.2 * (y - at[1]) / radius * -1
        colour = r.uniform(40, 210) * (1 + 0.15 * r.standard_normal(3))
        picture = np.where((away < 1)[:, :, None], colour * shade[:, :, None], picture)
    noisy = cv2.GaussianBlur(picture, (0, 0), size / 250) + r.normal(0, 3, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def in_grey(size: int, index: int) -> Picture:
    return np.repeat(cv2.cvtColor(fresh(index, (size, size), "scene"), cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


STRANGERS: dict[str, Callable[[int], Picture]] = {
    "black": lambda n: np.zeros((n, n, 3), np.uint8),
    "white": lambda n: np.full((n, n, 3), 255, np.uint8),
    "sky blue": lambda n: np.full((n, n, 3), (120, 190, 235), np.uint8),
    "noise": lambda n: np.random.default_rng(0).integers(0, 256, (n, n, 3), np.uint8),
    "faint noise": lambda n: np.random.default_rng(1).integers(110, 140, (n, n, 3)).astype(np.uint8),
    "sunset ramp": lambda n: ramp(n, (250, 120, 60), (40, 30, 90)),
    "sky over grass": lambda n: ramp(n, (120, 190, 235), (90, 160, 70)),
    "grey ramp": lambda n: ramp(n, (0, 0, 0), (255, 255, 255)),
    "pink noise": lambda n: pink(n, 2.0, 2, 0.3),
    "pink noise, colourful": lambda n: pink(n, 2.0, 3, 1.0),
    "pink noise, grey": lambda n: pink(n, 2.0, 4, 0.0),
    "pink noise, rough": lambda n: pink(n, 1.6, 5, 0.4),
    "brown noise": lambda n: pink(n, 2.6, 6, 0.4),
    "pebbles": lambda n: pebbles(n, 7),
    "other pebbles": lambda n: pebbles(n, 8),
    "digit": lambda n: digits(n, 255, 0),
    "digit in ink": lambda n: digits(n, 30, 250),
    "chess": lambda n: checks(n, n // 8, (0, 0, 0), (255, 255, 255)),
    "coloured checks": lambda n: checks(n, n // 8, (200, 60, 50), (250, 210, 80)),
    "fine checks": lambda n: checks(n, 2, (60, 60, 60), (200, 200, 200)),
    "screen": screen,
    "grey scene": lambda n: in_grey(n, 1),
    "another grey scene": lambda n: in_grey(n, 2),
}


@pytest.mark.parametrize("size", [64, 128, 300])
@pytest.mark.parametrize("name", STRANGERS)
def test_other_pictures_are_strange(name: str, size: int) -> None:
    picture = STRANGERS[name](size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    assert is_strange(picture), strangeness(picture)
    assert is_strange(through_jpeg(picture, 85))


@pytest.mark.parametrize("shape", [(1, 1), (2, 5000), (5000, 2), (31, 400), (32, 257), (1, 3)])
def test_what_is_too_small_or_too_thin_is_strange(shape: tuple[int, int]) -> None:
    assert strangeness(np.full((*shape, 3), 128, np.uint8)) == FAR
    assert is_strange(np.zeros((*shape, 3), np.uint8))


@pytest.mark.parametrize("shape", [(32, 32), (32, 256), (256, 32), (53, 54), (107, 106), (999, 333)])
def test_every_other_shape_is_judged(shape: tuple[int, int]) -> None:
    assert np.isfinite(strangeness(fresh(0, shape[::-1], "scene")))


def test_the_layout_in_memory_does_not_matter() -> None:
    picture = fresh(4, (160, 120), "portrait")
    expected = strangeness(picture)
    frozen = picture.copy()
    frozen.setflags(write=False)
    wide = np.zeros((120, 320, 3), np.uint8)
    wide[:, ::2] = picture
    for same in (frozen, np.asfortranarray(picture), wide[:, ::2], picture[::-1].copy()[::-1]):
        assert strangeness(same) == expected
    assert np.array_equal(picture, frozen)


def test_traits_against_slow_counting() -> None:
    level = 24
    picture = np.random.default_rng(9).integers(0, 256, (level, level, 3), np.uint8) // 8 * 3
    found = traits(picture).astype(np.float64) ** 2
    assert found.shape == (736,)
    bright = np.zeros(32)
    for red, green, blue in picture.reshape(-1, 3).astype(int):
        bright[int(0.299 * red + 0.587 * green + 0.114 * blue + 0.5) // 8] += 1 / level**2
    np.testing.assert_allclose(found[:32], bright, atol=3 / level**2)  # OpenCV's whole-number brightness may round otherwise
    pairs = np.zeros((7, 7))
    steps = [(a, b) for row in picture.astype(int) for a, b in pairwise(row)]
    steps += [(a, b) for column in picture.astype(int).swapaxes(0, 1) for a, b in pairwise(column)]
    for a, b in steps:
        red, green = (sum(abs(a[c] - b[c]) >= edge for edge in (1, 2, 4, 8, 16, 32)) for c in (0, 1))
        pairs[red, green] += 1 / len(steps)
    np.testing.assert_allclose(found[160:209], pairs.ravel(), atol=1e-6)
    sums = np.add.reduceat(found, [0, 32, 64, 96, 160, 209, 258, 307, 322, 337])
    np.testing.assert_allclose(sums[:9], 1, atol=1e-5)  # each part is shares of a whole


def test_the_border_is_where_it_says() -> None:
    """Two clouds of points: the pages' middle lies at 0, PEACE of them within 1, the others beyond."""
    r = np.random.default_rng(10)
    pages, held = (r.normal(0.5, 0.05, (800, 6)).astype(np.float32) for _ in range(2))
    made, others = (r.normal(0.5, 0.05, (500, 6)).astype(np.float32) + np.float32([0.3, -0.3, 0, 0, 0.2, 0]) for _ in range(2))
    border = world._fit(24, pages, made, held)
    found = border.strangeness(held)
    assert abs(np.median(found)) < 1e-6
    assert np.mean(found > 1) == pytest.approx(1 - world.PEACE, abs=1 / 800)
    assert np.mean(border.strangeness(others) > 1) > 0.995
    assert abs(border.weights[2]) < 0.3 * abs(border.weights[0])  # what does not differ does not count


def test_the_shipped_file() -> None:
    assert FILE.stat().st_size < 200_000
    said = shipped()
    assert tuple(border.level for border in said.borders) == world.LEVELS
    alarms = [rate for what, rate in said.rates.items() if what.startswith("of pages")]
    assert len(alarms) == 3
    assert max(alarms) <= 0.01
    assert min(rate for what, rate in said.rates.items() if what.startswith("of pictures by formula")) >= 0.9


def test_fitting_again_writes_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, count in {"FITTED": 20, "HELD": 12, "TRIED": 12, "MADE": 40}.items():
        monkeypatch.setattr(world, name, count)
    texts = []
    for name in ("once.json", "twice.json"):
        monkeypatch.setattr(world, "FILE", tmp_path / name)
        world.main()
        texts.append((tmp_path / name).read_bytes())
    assert texts[0] == texts[1]
    assert json.loads(texts[0])["edition"] == edition()
    assert "called strange" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["once.json", "twice.json"]


@pytest.mark.parametrize("text", ["", "{}", "[1, 2]", '{"about": "x"}', None])
def test_a_damaged_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None) -> None:
    target = tmp_path / "storybook.world.json"
    if text is not None:
        target.write_text(text)
    monkeypatch.setattr(world, "FILE", target)
    shipped.cache_clear()
    try:
        with pytest.raises(BadWeights, match=r"python -m looksay\.data\.world"):
            is_strange(np.zeros((64, 64, 3), np.uint8))
    finally:
        shipped.cache_clear()
