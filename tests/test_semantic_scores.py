"""Scores of labels, boundaries and panoptic segments, against slow loops and worked numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from looksay.errors import BadData, BadValue, UnknownName
from looksay.measure import bootstrap
from looksay.measure.boundary import boundary_f, edges, near, reach
from looksay.measure.panoptic import PanopticTally, Segments, counted, segments_of
from looksay.measure.semantic import SemanticTally, confusion_of
from looksay.scene import Mask, Objects, Regions, Scene, Thing

Map = npt.NDArray[np.uint8]


def maps(seed: int, kinds: int = 4, size: tuple[int, int] = (24, 30), void: float = 0.05) -> tuple[Map, Map]:
    """Blocks of classes, and an answer that is right for most of them."""
    rng = np.random.default_rng(seed)
    truth = np.kron(rng.integers(0, kinds, (size[0] // 6, size[1] // 6)), np.ones((6, 6))).astype(np.uint8)
    found = np.roll(truth, int(rng.integers(0, 2)), 1)
    noise = rng.random(size) < 0.1
    found[noise] = rng.integers(0, kinds, int(noise.sum()))
    truth[rng.random(size) < void] = 255
    return truth, found


# Confusion and what follows from it


def test_the_confusion_matrix_is_that_of_a_slow_loop() -> None:
    truth, found = maps(0)
    found[0, :3] = 255
    slow = np.zeros((4, 5), int)
    for a, b in zip(truth.ravel().tolist(), found.ravel().tolist(), strict=True):
        if a != 255:
            slow[a, min(b, 4)] += 1
    assert np.array_equal(confusion_of(truth, found, 4), slow)


def test_worked_numbers() -> None:
    """Two classes: 3 right of 4, 3 right of 6 and one of them unanswered; two pixels are void."""
    truth = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 255, 255]], np.uint8)
    found = np.array([[0, 0, 0, 1], [1, 1, 1, 0], [0, 255, 0, 1]], np.uint8)
    tally = SemanticTally(("grass", "cow", "sky"))
    tally.add(truth, found)
    result = tally.result()
    numbers = result.numbers()
    assert result.confusion.tolist() == [[3, 1, 0, 0], [2, 3, 0, 1], [0, 0, 0, 0]]
    assert numbers["pixel_accuracy"] == pytest.approx(6 / 10)
    assert numbers["mean_accuracy"] == pytest.approx((3 / 4 + 3 / 6) / 2)
    assert numbers["miou"] == pytest.approx((3 / 6 + 3 / 7) / 2)
    assert numbers["fw_iou"] == pytest.approx(0.4 * 3 / 6 + 0.6 * 3 / 7)
    grass, cow, sky = result.per_class()
    assert (grass.share, grass.iou, grass.accuracy) == pytest.approx((0.4, 0.5, 0.75))
    assert (cow.share, cow.iou, cow.accuracy) == pytest.approx((0.6, 3 / 7, 0.5))
    assert sky.share == 0
    assert math.isnan(sky.iou)
    assert math.isnan(sky.accuracy)
    assert result.confused() == [("cow", "grass", pytest.approx(2 / 6)), ("grass", "cow", 0.25)]
    assert result.lines()[0].startswith("mIoU 46.43 %")


def test_a_class_that_is_only_found_counts_as_nought() -> None:
    tally = SemanticTally(("a", "b"))
    tally.add(np.zeros((2, 2), np.uint8), np.array([[0, 0], [0, 1]], np.uint8))
    assert tally.result().numbers()["miou"] == pytest.approx((3 / 4 + 0) / 2)
    assert tally.result().numbers()["mean_accuracy"] == 3 / 4


def test_order_and_processes_do_not_matter() -> None:
    names = tuple("abcd")
    one, two, three = (SemanticTally(names) for _ in range(3))
    for number in range(12):
        one.add(*maps(number), id=str(number))
    for number in (9, 11, 3, 5, 7, 1):
        two.add(*maps(number), id=str(number))
    for number in (2, 10, 4, 0, 8, 6):
        three.add(*maps(number), id=str(number))
    two.merge(three)
    a, b = one.result(), two.result()
    assert a.numbers() == b.numbers()
    assert a.ids == b.ids == tuple(map(str, range(12)))
    whole = SemanticTally(names, boundaries=False)
    whole.add(*(np.concatenate([maps(number)[turn] for number in range(12)]) for turn in (0, 1)))
    assert whole.result().numbers()["miou"] == a.numbers()["miou"]
    assert math.isnan(whole.result().numbers()["boundary_f"])
    two.add(*maps(3), id="3")
    with pytest.raises(BadData, match="more than once"):
        two.result()


def test_the_interval_is_that_of_drawn_pictures() -> None:
    tally = SemanticTally(tuple("abcd"), boundaries=False)
    for number in range(9):
        tally.add(*maps(number))
    result = tally.result()
    rng = np.random.default_rng(5)
    chosen = rng.integers(0, 9, (50, 9))
    slow = []
    for row in chosen:
        right, there, said = result.counts[row].sum(axis=0)
        slow.append((right / (there + said - right)).mean())
    assert result.resampled(seed=5, rounds=50) == pytest.approx(np.array(slow))
    low, high = result.interval()
    assert low < result.numbers()["miou"] < high
    worse = SemanticTally(tuple("abcd"), boundaries=False)
    for number in range(9):
        truth, found = maps(number)
        found[:4] = 0
        worse.add(truth, found)
    apart = worse.result().behind(result)
    assert apart.low > 0
    assert apart.wins == 1
    assert apart.difference == pytest.approx(result.numbers()["miou"] - worse.result().numbers()["miou"])


def test_sums_of_resamples_need_pictures() -> None:
    with pytest.raises(BadValue, match="at least one"):
        bootstrap.sums(np.zeros((0, 3)))
    assert np.isnan(bootstrap.middle([math.nan])).all()


@pytest.mark.parametrize(
    ("truth", "found", "says"),
    [
        ([[0, 7]], [[0, 0]], "the truth has the number 7"),
        ([[0, 1]], [[0, 4]], "the answer has the number 4"),
        ([[0, 1]], [[0], [1]], r"shape \(1, 2\), the answer \(2, 1\)"),
    ],
)
def test_maps_that_cannot_be_compared(truth: list[list[int]], found: list[list[int]], says: str) -> None:
    tally = SemanticTally(tuple("abcd"))
    with pytest.raises(BadValue, match=says) as caught:
        tally.add(np.array(truth, np.uint8), np.array(found, np.uint8), id="x7")
    assert caught.value.where == "picture x7"
    assert len(tally) == 0


def test_nothing_to_judge() -> None:
    tally = SemanticTally(("a",))
    tally.add(np.full((3, 3), 255, np.uint8), np.zeros((3, 3), np.uint8))
    assert tally.result().lines() == ["nothing is to be judged in these 1 pictures"]
    with pytest.raises(BadValue, match="2 classes, 1 of them different"):
        SemanticTally(("a", "a"))


# Boundaries


def slow_f(truth: Map, found: Map, kind: int, radius: float) -> float:
    """Every pixel against every other."""

    def rim(labels: Map) -> list[tuple[int, int]]:
        out = []
        for y, x in np.argwhere((labels == kind) & (truth != 255)).tolist():
            around = [(y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)]
            inside = [(b, a) for b, a in around if 0 <= b < labels.shape[0] and 0 <= a < labels.shape[1]]
            if any(truth[place] == 255 for place in inside):
                continue
            if any(labels[place] != kind for place in inside):
                out.append((y, x))
        return out

    ours, theirs = rim(found), rim(truth)
    if not ours and not theirs:
        return math.nan
    if not ours or not theirs:
        return 0.0

    def met(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> float:
        return sum(any(math.dist(p, q) <= radius for q in b) for p in a) / len(a)

    precision, recall = met(ours, theirs), met(theirs, ours)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("seed", range(4))
def test_boundary_f_is_that_of_a_slow_loop(seed: int) -> None:
    truth, found = maps(seed, kinds=3, void=0.01)
    tolerance = 0.06
    radius = math.ceil(tolerance * math.hypot(24, 30))
    assert radius == reach((24, 30), tolerance) == 3
    expected = [slow_f(truth, found, kind, radius) for kind in range(4)]
    assert boundary_f(truth, found, 4, tolerance) == pytest.approx(expected, nan_ok=True)
    assert 0 < expected[0] < 1


def test_worked_boundaries() -> None:
    """A square that is moved by one pixel is met within one pixel; by four it is not but where the edges still run close."""
    truth, found = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    truth[10:20, 10:20] = 1
    found[10:20, 11:21] = 1
    assert reach((40, 40)) == 1
    assert boundary_f(truth, found, 3).tolist()[:2] == [1, 1]
    assert math.isnan(boundary_f(truth, found, 3)[2])
    assert boundary_f(truth, truth * 2, 3)[1:].tolist() == [0, 0]
    assert [reach((128, 128)), reach((180, 240)), reach((1024, 2048))] == [2, 3, 18]
    ring = np.zeros((5, 5), np.uint8)
    ring[1:4, 1:4] = 1
    assert edges(ring).astype(int).tolist() == [
        [0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [1, 1, 0, 1, 1], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0],
    ]  # fmt: skip
    point = np.zeros((5, 5), bool)
    point[2, 2] = True
    assert near(point, 2).sum() == 13
    assert not near(point & False, 2).any()


# Panoptic quality


def segments(rows: Sequence[Sequence[int]], kinds: Sequence[int], crowd: Sequence[bool] = ()) -> Segments:
    return Segments(np.array(rows, np.int32), np.array(kinds, np.int64), np.array(crowd or [False] * len(kinds), bool))


def test_panoptic_quality_worked_by_hand() -> None:
    """Eight pixels a row. Class 0: one thing met with IoU 3/4, one missed, one made up. Class 1: grass, met with 6/7."""
    truth = segments([[0, 0, 0, 0, 1, 1, 1, -1], [2, 2, 2, 2, 2, 2, -1, -1]], (0, 0, 1))
    found = segments([[0, 0, 0, -1, 1, 2, 2, 2], [2, 2, 2, 2, 2, 2, -1, 2]], (0, 0, 1))
    counts = counted(truth, found, 3)
    # Grass: 6 shared of 6 and 10 said, of which 2 lie in void: 6 / (6 + 10 - 6 - 2).
    assert counts[:, 0].tolist() == [3 / 4, 1, 1, 1]
    assert counts[:, 1].tolist() == [6 / 8, 1, 0, 0]
    assert counts[:, 2].tolist() == [0, 0, 0, 0]
    tally = PanopticTally(("cow", "grass", "sky"), ("cow",))
    tally.add(truth, found)
    result = tally.result()
    assert result.per_class()["cow"] == pytest.approx((0.75 / 2, 0.75, 0.5))
    assert result.per_class()["grass"] == pytest.approx((0.75, 0.75, 1))
    assert math.isnan(result.per_class()["sky"].pq)
    assert result.mean() == pytest.approx(((0.375 + 0.75) / 2, 0.75, 0.75))
    numbers = result.numbers()
    assert (numbers["pq_things"], numbers["pq_stuff"]) == pytest.approx((0.375, 0.75))
    assert numbers["low"] == pytest.approx(numbers["pq"])
    assert result.lines()[0].startswith("PQ 56.25 %")


def test_void_and_crowds_excuse() -> None:
    truth = segments([[-1, -1, -1, 0, 0, 1, 1, 1, 1]], (0, 1), (False, True))
    found = segments([[0, 0, 0, 0, 1, 2, 2, 3, 3]], (1, 1, 1, 0))
    counts = counted(truth, found, 2)
    assert counts[2].tolist() == [1, 1], "of class 1 only the one within thing 0 is wrong; of class 0 the one in another's crowd"
    assert counts[3].tolist() == [1, 0], "a crowd is not missed"


def slow_panoptic(truth: Segments, found: Segments, kinds: int) -> npt.NDArray[np.float64]:
    """The formula, segment by segment."""
    out = np.zeros((4, kinds))
    void = truth.ids == -1
    met_truths, met_found = set(), set()
    for a, kind in enumerate(truth.kinds):
        for b, other in enumerate(found.kinds):
            one, two = truth.ids == a, found.ids == b
            union = (one | two).sum() - (two & void).sum()
            if kind == other and not truth.crowd[a] and union and (one & two).sum() / union > 0.5:
                out[0, kind] += (one & two).sum() / union
                out[1, kind] += 1
                met_truths.add(a)
                met_found.add(b)
    for b, kind in enumerate(found.kinds):
        two = found.ids == b
        excused = void.copy()
        for a in np.flatnonzero(truth.crowd & (truth.kinds == kind)):
            excused |= truth.ids == a
        out[2, kind] += b not in met_found and two.any() and (two & excused).sum() / two.sum() <= 0.5
    for a, kind in enumerate(truth.kinds):
        out[3, kind] += a not in met_truths and not truth.crowd[a] and (truth.ids == a).any()
    return out


@pytest.mark.parametrize("seed", range(6))
def test_panoptic_counts_are_those_of_a_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ids = np.kron(rng.integers(-1, 7, (5, 6)), np.ones((4, 4))).astype(np.int32)
    said = np.where(rng.random(ids.shape) < 0.25, rng.integers(-1, 9, ids.shape), np.roll(ids, 1, 0)).astype(np.int32)
    kinds = rng.integers(0, 3, 7)
    truth = Segments(ids, kinds, rng.random(7) < 0.2)
    found = Segments(said, np.concatenate([kinds, rng.integers(0, 3, 2)]), np.zeros(9, bool))
    assert counted(truth, found, 3) == pytest.approx(slow_panoptic(truth, found, 3))


def test_segments_of_a_scene() -> None:
    front, back = np.zeros((4, 6), bool), np.zeros((4, 6), bool)
    front[1:3, 1:3] = True
    back[1:3, 2:5] = True
    things = [Thing("cow", (1, 1, 3, 3), mask=Mask.of(front), depth=0), Thing("cow", (2, 1, 5, 3), mask=Mask.of(back), depth=1)]
    ids = np.array([[0] * 6, [1] * 6, [1] * 6, [2] * 6], np.uint8)
    ids[3, 5] = 255
    scene = Scene((6, 4), objects=Objects(tuple(things)), regions=Regions(("sky", "grass", "cow"), ids))
    found = segments_of(scene, ("sky", "grass", "cow"), ("cow",))
    assert found.kinds.tolist() == [0, 1, 2, 2]
    assert found.ids.tolist() == [[0] * 6, [1, 3, 3, 2, 2, 1], [1, 3, 3, 2, 2, 1], [-1] * 6]
    surer = Scene((6, 4), objects=Objects((Thing("cow", things[0].box, 0.5, things[0].mask), things[1])))
    assert segments_of(surer, ("cow",), ("cow",)).ids[1].tolist() == [-1, 0, 1, 1, 1, -1]
    with pytest.raises(UnknownName, match="cow"):
        segments_of(scene, ("sky", "grass"), ("cow",))
    with pytest.raises(UnknownName, match="dog"):
        PanopticTally(("sky",), ("dog",))
