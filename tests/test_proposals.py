"""Selective search: the same boxes whoever asks and whatever was drawn by chance before, best first; its cache; its recall."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from looksay.data import proposals as kept
from looksay.data.dataset import Dataset, RawItem
from looksay.errors import DiskTrouble
from looksay.ops import proposals
from looksay.ops.overlap import iou
from looksay.ops.proposals import propose
from looksay.scene import Objects, Scene, Thing
from looksay.storybook.page import page

BOXES = ((10, 12, 40, 50), (60, 20, 110, 60), (30, 70, 56, 118))


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))


def _blocks(height: int = 128, width: int = 128, boxes: Sequence[tuple[int, ...]] = BOXES) -> np.ndarray:
    """Plain rectangles on a plain ground."""
    picture = np.full((height, width, 3), (230, 225, 210), np.uint8)
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        picture[y1:y2, x1:x2] = ((200, 40, 30), (30, 90, 190), (20, 140, 60))[number % 3]
    return picture


@pytest.mark.parametrize("mode", ["fast", "quality"])
def test_plain_things_are_found_first(mode: Any) -> None:
    found = propose(_blocks(), mode)
    assert found.dtype == np.float32
    assert (iou(BOXES, found[:20]).max(axis=1) > 0.85).all()
    assert (found[:, :2] >= 0).all()
    assert (found[:, 2:] <= 128).all()
    assert (found[:, 2:] > found[:, :2]).all()


def test_the_same_whatever_chance_was_asked_before_and_by_any_thread() -> None:
    picture = page(5, 0, (128, 128), "scene").picture
    expected = propose(picture)
    answers: dict[int, np.ndarray] = {}
    threads = [threading.Thread(target=lambda i=i: answers.update({i: propose(picture)})) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 3
    assert all(np.array_equal(expected, answer) for answer in answers.values())


def test_best_first_without_near_copies() -> None:
    found = propose(page(5, 1, (128, 128), "scene").picture)
    assert len(found) > 200
    assert np.array_equal(propose(page(5, 1, (128, 128), "scene").picture, most=50), found[:50])
    shared = iou(found, found) - np.eye(len(found))
    assert shared.max() <= 0.9 + 1e-6
    above = np.tril(shared, -1).max(axis=1)  # the IoU with the nearest that stands before
    tiers = np.searchsorted(proposals.APART, above - 1e-6)
    assert (np.diff(tiers) >= 0).all()
    assert set(tiers) == {0, 1, 2}


def test_order_beats_chance() -> None:
    """A hundred of ours find at least as many of the things as a hundred drawn from all of them."""
    ours = drawn = total = 0
    rng = np.random.default_rng(0)
    for index in range(6):
        made = page(7, index, (128, 128), "scene")
        truths, found = made.scene.objects.boxes(), propose(made.picture)
        total += len(truths)
        ours += int((iou(truths, found[:60]).max(axis=1) >= 0.5).sum())
        drawn += int((iou(truths, rng.permutation(found)[:60]).max(axis=1) >= 0.5).sum())
    assert ours >= 0.75 * total
    assert ours > drawn


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (40, 30), (300, 500)])
def test_pictures_of_any_size(size: tuple[int, int]) -> None:
    height, width = size
    rng = np.random.default_rng(1)
    small = rng.integers(0, 255, (3, 3, 3), dtype=np.uint8)
    rows, columns = np.arange(height) * 3 // height, np.arange(width) * 3 // width
    found = propose(small[rows][:, columns])
    assert found.shape[1] == 4
    assert (found[:, 2:] <= (width, height)).all()
    assert (found[:, 2:] > found[:, :2]).all()


def test_one_colour_is_no_reason_to_fail() -> None:
    found = propose(np.zeros((64, 64, 3), np.uint8))
    assert len(found) <= 1


def _entries(home: Path) -> list[Path]:
    return sorted(path for path in home.rglob("*") if path.is_file())


def test_cache_computes_once_and_knows_pictures_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(kept, "propose", lambda *how: asked.append(1) or propose(*how))
    one, two = _blocks(), _blocks()
    two[0, 0, 0] ^= 1
    first = kept.cached(one)
    assert np.array_equal(first, propose(one))
    assert np.array_equal(kept.cached(one[::-1][::-1]), first)  # another order in memory
    assert len(asked) == 1
    kept.cached(two)
    kept.cached(one, most=5)
    kept.cached(one.reshape(64, 256, 3))
    assert len(asked) == 4
    assert len(_entries(tmp_path)) == 4
    assert kept.cached(one).flags.writeable


def test_cache_mends_damaged_entries(tmp_path: Path) -> None:
    picture = _blocks()
    first = kept.cached(picture)
    (path,) = _entries(tmp_path)
    whole = path.read_bytes()
    for damage in (b"", whole[:-16], whole[:40] + b"\xff" + whole[41:], whole[:-3]):
        path.write_bytes(damage)
        assert np.array_equal(kept.cached(picture), first)
        assert path.read_bytes() == whole
    none = kept.remembered(picture, "nothing", lambda: np.zeros((0, 4), np.float32))
    again = kept.remembered(picture, "nothing", lambda: pytest.fail("was known"))
    assert none.shape == again.shape == (0, 4)


def test_cache_serves_threads_that_want_the_same(tmp_path: Path) -> None:
    picture, answers = _blocks(), []
    gate = threading.Barrier(8)

    def compute() -> np.ndarray:
        return np.arange(8, dtype=np.float32).reshape(2, 4)

    def ask() -> None:
        gate.wait()
        answers.append(kept.remembered(picture, "test", compute))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert all(np.array_equal(answer, compute()) for answer in answers)
    assert len(_entries(tmp_path)) == 1


def test_cache_that_cannot_be_written_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "file"))
    with pytest.raises(DiskTrouble, match="LOOKSAY_CACHE"):
        kept.cached(_blocks())


class _Drawn(Dataset):
    """Pictures of plain blocks, with their truth; the last block of each is difficult."""

    classes = ("block",)

    def __init__(self, extra: tuple[float, float, float, float]) -> None:
        self.extra = extra

    def __len__(self) -> int:
        return 2

    def picture(self, index: int) -> np.ndarray:
        return _blocks()

    def scene(self, index: int) -> Scene:
        things = [Thing("block", box) for box in BOXES] + [Thing("block", self.extra)]
        hidden = Thing("block", (1, 1, 3, 3), difficult=True)
        return Scene((128, 128), objects=Objects((*things, hidden)))

    def raw(self, index: int) -> RawItem:
        return RawItem(str(index), "", "")


def test_recall_counts_what_is_found() -> None:
    """Three blocks are found, the fourth truth stands on empty ground; what is difficult is not asked for."""
    found = kept.recall(_Drawn((100, 100, 112, 125)), counts=(2, 20, 2000), thresholds=(0.5, 0.8))
    assert found.truths == 8
    assert found.found[:, 1:].tolist() == [[0.75, 0.75], [0.75, 0.75]]
    assert found.found[0, 0] <= 0.5  # two boxes find two things
    boxes = propose(_blocks(), most=2000)
    best = iou([*BOXES, (100, 100, 112, 125)], boxes).max(axis=1).mean()
    assert found.best == pytest.approx(best)
    assert found.mean_count == len(boxes)
