"""Superpixels and how good they are, against slow loops and pictures whose pieces are known."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from looksay.errors import BadValue
from looksay.measure.superpixels import quality
from looksay.ops.superpixels import contiguous, graph, slic, votes
from looksay.storybook.page import page

WAYS = {"slic": slic, "graph": graph}


def halves(size: tuple[int, int] = (60, 80)) -> npt.NDArray[np.uint8]:
    """Red on the left, blue on the right, the edge at a third; a little noise."""
    picture = np.zeros((*size, 3), np.uint8)
    picture[:, : size[1] // 3], picture[:, size[1] // 3 :] = (200, 40, 40), (40, 60, 200)
    noise = np.random.default_rng(0).integers(-6, 7, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def is_in_order(labels: npt.NDArray[np.int32]) -> bool:
    _, first = np.unique(labels, return_index=True)
    return bool(labels.min() == 0 and len(first) == labels.max() + 1 and (np.diff(first) > 0).all())


@pytest.mark.parametrize("way", WAYS)
def test_pieces_are_whole_and_numbered(way: str) -> None:
    picture = page(0, 3, (96, 80), words=False).picture
    labels = WAYS[way](picture)
    assert (labels.dtype, labels.shape) == (np.int32, (80, 96))
    assert is_in_order(labels)
    for number in range(int(labels.max()) + 1):
        assert cv2.connectedComponents((labels == number).view(np.uint8))[0] == 2, "one piece and what is around it"
    assert np.array_equal(labels, WAYS[way](picture)), "the same every time"


@pytest.mark.parametrize("way", WAYS)
def test_pieces_keep_to_an_edge(way: str) -> None:
    picture = halves()
    truth = (np.arange(80) >= 80 // 3)[None].repeat(60, axis=0).astype(np.uint8)
    found = quality(WAYS[way](picture), truth)
    assert found.achievable > 0.995
    assert found.recall == 1
    assert found.pieces >= 2


def test_slic_makes_about_as_many_as_asked() -> None:
    picture = page(0, 5, (128, 128), words=False).picture
    assert [abs(slic(picture, count).max() + 1 - count) <= 0.25 * count for count in (50, 100, 400)] == [True] * 3
    assert slic(picture, 1).max() == 0
    assert slic(picture, 4).max() == 3
    assert slic(picture, 100_000).max() > 2000
    tiny = picture[:1, :7]
    assert is_in_order(slic(tiny, 3))


def test_smoothness_makes_squares_of_them() -> None:
    """The rougher the pieces, the longer their edges."""
    picture = page(0, 5, (128, 128), words=False).picture
    lengths = []
    for smoothness in (2, 10, 80):
        labels = slic(picture, 100, smoothness=smoothness)
        lengths.append(int((labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum()))
    assert lengths[0] > lengths[1] > lengths[2]


def test_a_larger_scale_makes_larger_pieces() -> None:
    picture = page(0, 5, (128, 128), words=False).picture
    counts = [graph(picture, scale).max() for scale in (20, 100, 500)]
    assert counts[0] > counts[1] > counts[2] > 0
    assert np.bincount(graph(picture, 20, smallest=30).ravel()).min() >= 30


@pytest.mark.parametrize("way", WAYS)
def test_texture_tells_apart_what_colour_does_not(way: str) -> None:
    """Stripes up and stripes across, of one mean colour: the edge between them is kept to by those that look at patterns."""
    y, x = np.mgrid[:96, :96]
    grey = np.where(x < 40, 128 + 40 * np.sign(np.sin(x * 1.6)), 128 + 40 * np.sign(np.sin(y * 1.6)))
    picture = np.repeat(cv2.GaussianBlur(grey, (0, 0), 0.8)[..., None], 3, axis=2).astype(np.uint8)
    truth = (x >= 40).astype(np.uint8)
    more = {"slic": {"count": 30, "smoothness": 20.0}, "graph": {"scale": 2000.0, "smoothness": 3.0, "smallest": 200}}[way]
    blind, seeing = (quality(WAYS[way](picture, texture=weight, **more), truth) for weight in (0.0, 3.0))
    assert seeing.achievable > blind.achievable
    assert seeing.achievable > 0.9


def test_numbers_without_gaps() -> None:
    assert contiguous(np.array([[7, 7, 2], [9, 2, 2]])).tolist() == [[0, 0, 1], [2, 1, 1]]


# Voting


def test_votes_worked_by_hand() -> None:
    labels = np.array([[0, 0, 0, 1, 1, 2], [0, 3, 3, 1, 1, 2]], np.int32)
    answer = np.array([[1, 1, 255, 0, 2, 255], [0, 4, 255, 2, 0, 255]], np.uint8)
    assert votes(labels, answer, 5).tolist() == [[1, 1, 1, 0, 0, 255], [1, 4, 4, 0, 0, 255]]


def test_votes_are_those_of_a_slow_loop() -> None:
    rng = np.random.default_rng(1)
    labels, answer = rng.integers(0, 12, (20, 30)).astype(np.int32), rng.integers(0, 5, (20, 30)).astype(np.uint8)
    found = votes(labels, answer, 5)
    for piece in range(12):
        own = answer[labels == piece]
        assert set(found[labels == piece].tolist()) == {max(range(5), key=lambda kind: ((own == kind).sum(), -kind))}


# Quality


def test_quality_worked_by_hand() -> None:
    """Two segments of 8 × 5; the first piece takes 10 pixels of the second, the third piece holds only void."""
    truth = np.array([[0] * 5 + [1] * 5 + [255] * 2] * 8, np.uint8)
    labels = np.array([[0] * 6 + [1] * 4 + [2] * 2] * 8, np.int32)
    found = quality(labels, truth)
    assert found.achievable == pytest.approx(72 / 80)
    assert found.leaking == pytest.approx(16 / 80), "the piece reaches over by 8 pixels, seen from either segment"
    assert found.recall == 1
    assert quality(labels, truth, tolerance=0.0).recall == pytest.approx(0.5)
    assert found.pieces == 3


def test_quality_is_that_of_a_slow_loop() -> None:
    rng = np.random.default_rng(2)
    truth = np.kron(rng.integers(0, 4, (4, 5)), np.ones((6, 6))).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.01] = 255
    labels = contiguous(np.kron(rng.integers(0, 9, (3, 3)), np.ones((8, 10))))
    assert labels.shape == truth.shape
    found = quality(labels, truth, tolerance=0.02)
    best = leak = 0
    for piece in range(labels.max() + 1):
        own = truth[(labels == piece) & (truth != 255)].tolist()
        best += max((own.count(kind) for kind in set(own)), default=0)
        leak += sum(min(own.count(kind), len(own) - own.count(kind)) for kind in set(own))
    total = int((truth != 255).sum())
    assert (found.achievable, found.leaking) == pytest.approx((best / total, leak / total))
    assert found.recall == pytest.approx(slow_recall(labels, truth, math.ceil(0.02 * math.hypot(*truth.shape))))
    assert 0 < found.recall < 1


def slow_recall(labels: npt.NDArray[np.int32], truth: npt.NDArray[np.uint8], radius: float) -> float:
    def around(place: tuple[int, int]) -> list[tuple[int, int]]:
        y, x = place
        near = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
        return [(b, a) for b, a in near if 0 <= b < truth.shape[0] and 0 <= a < truth.shape[1]]

    every = [(int(y), int(x)) for y, x in np.ndindex(truth.shape)]
    ours = [at for at in every if any(labels[to] != labels[at] for to in around(at))]
    theirs = [
        at
        for at in every
        if truth[at] != 255 and all(truth[to] != 255 for to in around(at)) and any(truth[to] != truth[at] for to in around(at))
    ]
    return sum(any(math.dist(a, b) <= radius for b in ours) for a in theirs) / len(theirs)


def test_what_cannot_be_measured() -> None:
    labels = np.zeros((4, 4), np.int32)
    assert math.isnan(quality(labels, np.zeros((4, 4), np.uint8)).recall)
    nothing = quality(labels, np.full((4, 4), 255, np.uint8))
    assert math.isnan(nothing.achievable)
    with pytest.raises(BadValue, match=r"shape \(4, 4\), the truth \(4, 5\)"):
        quality(labels, np.zeros((4, 5), np.uint8))
