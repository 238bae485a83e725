"""Scores of instances by their masks, against worked numbers, slow loops and pycocotools."""

from __future__ import annotations

import contextlib
import io

import numpy as np
import pytest

from looksay.errors import BadValue
from looksay.measure.region_ap import InstanceTally, library_mask
from looksay.scene import Mask, Objects, Scene, Thing


def rectangle(name: str, box: tuple[int, int, int, int], score: float = 1.0, **more: bool) -> Thing:
    array = np.zeros((40, 50), bool)
    array[box[1] : box[3], box[0] : box[2]] = True
    return Thing(name, box, score, Mask.of(array), **more)


def scene(*things: Thing, id: str = "") -> Scene:
    return Scene((50, 40), id=id, objects=Objects(things))


def test_region_average_precision_worked_by_hand() -> None:
    """By falling score: right at both overlaps (.8), right at .5 alone (.6), the same thing again (wrong)."""
    tally = InstanceTally(("cow", "dog"))
    truth = scene(rectangle("cow", (0, 0, 10, 10)), rectangle("cow", (20, 0, 30, 10)))
    found = scene(
        rectangle("cow", (0, 0, 10, 8), 0.9), rectangle("cow", (20, 0, 30, 6), 0.8), rectangle("cow", (20, 0, 30, 6), 0.7)
    )
    tally.add([truth], [found])
    result = tally.result()
    assert result.apr[:, 0].tolist() == pytest.approx([1.0, 0.5])
    assert np.isnan(result.apr[:, 1]).all()
    numbers = result.numbers()
    assert (numbers["apr50"], numbers["apr70"]) == pytest.approx((1.0, 0.5))
    assert numbers["map50"] == pytest.approx(1.0)
    assert any(line.startswith("APr@.7 50.00 %") for line in result.lines())
    assert result.lines()[0].startswith("mask mAP@.5 100.00 %")


def test_masks_decide_where_boxes_agree() -> None:
    """Two halves of a square along its diagonal: the boxes are equal, the masks hardly meet."""
    upper = np.triu(np.ones((20, 20), bool))
    tall = np.zeros((40, 50), bool)
    tall[:20, :20] = upper
    other = np.zeros((40, 50), bool)
    other[:20, :20] = upper.T
    truth = scene(Thing("cow", (0, 0, 20, 20), mask=Mask.of(tall)))
    found = scene(Thing("cow", (0, 0, 20, 20), 0.9, Mask.of(other)))
    tally = InstanceTally(("cow",))
    tally.add([truth], [found])
    numbers = tally.result().numbers()
    assert (numbers["box_map50"], numbers["map50"], numbers["apr50"]) == (pytest.approx(1.0), 0, 0)


def crowded(seed: int) -> list[tuple[Scene, Scene]]:
    """Pictures with things that are nearly found, in no order, some difficult or a crowd."""
    rng = np.random.default_rng(seed)
    out = []
    for number in rng.permutation(12).tolist():
        there, seen = [], []
        for _ in range(int(rng.integers(0, 6))):
            x, y = int(rng.integers(0, 35)), int(rng.integers(0, 25))
            wide, high = (int(value) for value in rng.integers(4, 15, 2))
            name = ("cow", "dog")[int(rng.integers(2))]
            there.append(rectangle(name, (x, y, x + wide, y + high), crowd=bool(rng.random() < 0.1)))
            for _ in range(int(rng.integers(0, 3))):
                dx, dy = (int(value) for value in rng.integers(0, 4, 2))
                seen.append(rectangle(name, (x + dx, y + dy, x + dx + wide, y + dy + high), round(float(rng.random()), 1)))
        out.append((scene(*there, id=str(number)), scene(*seen, id=str(number))))
    return out


def test_mask_average_precision_is_that_of_pycocotools() -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    pairs = sorted(crowded(1), key=lambda pair: int(pair[0].id))
    kinds = {"cow": 1, "dog": 2}
    entries: dict[str, list[dict[str, object]]] = {"truth": [], "answer": []}
    for what, turn in (("truth", 0), ("answer", 1)):
        for pair in pairs:
            for thing in pair[turn].objects:
                assert thing.mask is not None
                entry = {"image_id": int(pair[0].id), "category_id": kinds[thing.name], "segmentation": library_mask(thing.mask)}
                entry |= {"score": thing.score, "id": len(entries[what]) + 1, "iscrowd": int(thing.crowd), "area": thing.area}
                entries[what].append(entry)
    with contextlib.redirect_stdout(io.StringIO()):
        there = COCO()
        there.dataset = {
            "images": [{"id": int(pair[0].id), "width": 50, "height": 40} for pair in pairs],
            "categories": [{"id": number, "name": name} for name, number in kinds.items()],
            "annotations": entries["truth"],
        }
        there.createIndex()
        judged = COCOeval(there, there.loadRes(entries["answer"]), "segm")
        judged.evaluate()
        judged.accumulate()
        judged.summarize()
    tally, rest = InstanceTally(("cow", "dog")), InstanceTally(("cow", "dog"))
    for turn, (truth, found) in enumerate(crowded(1)):
        (tally if turn < 5 else rest).add([truth], [found])
    tally.merge(rest)
    assert list(tally.result().masks.coco.twelve().values()) == judged.stats.tolist()


def test_region_average_precision_is_that_of_a_slow_loop() -> None:
    pairs = crowded(2)
    tally = InstanceTally(("cow", "dog"))
    for truth, found in pairs:
        tally.add([truth], [found])
    for row, least in enumerate((0.5, 0.7)):
        for column, name in enumerate(("cow", "dog")):
            assert tally.result().apr[row, column] == pytest.approx(slow_apr(pairs, name, least))


def slow_apr(pairs: list[tuple[Scene, Scene]], name: str, least: float) -> float:
    """The kit's way: each detection belongs to the thing that it overlaps most; the first to come has it."""
    order = sorted(pairs, key=lambda pair: int(pair[0].id))
    seen = [(thing, truth) for truth, found in order for thing in found.objects if thing.name == name]
    seen.sort(key=lambda pair: -pair[0].score)
    total = sum(thing.name == name and not thing.crowd for truth, _ in order for thing in truth.objects)
    taken, marks = set(), []
    for thing, truth in seen:
        assert thing.mask is not None
        best, whom = 0.0, -1
        for number, other in enumerate(truth.objects):
            assert other.mask is not None
            a, b = thing.mask.array(), other.mask.array()
            overlap = float((a & b).sum() / (a | b).sum())
            if other.name == name and overlap > best:
                best, whom = overlap, number
        if best < least:
            marks.append(0)
        elif truth.objects[whom].crowd:
            continue
        else:
            marks.append(int((truth.id, whom) not in taken))
            taken.add((truth.id, whom))
    right = np.cumsum(marks)
    precision = right / np.arange(1, len(marks) + 1)
    best_after = [precision[at:].max() for at in range(len(marks))]
    return float(sum(value for value, mark in zip(best_after, marks, strict=True) if mark) / total)


def test_things_without_masks_are_told() -> None:
    bare = scene(Thing("cow", (0, 0, 5, 5)), id="7")
    tally = InstanceTally(("cow",))
    with pytest.raises(BadValue, match="a cow of the answer has no mask"):
        tally.add([scene(id="7")], [bare])
    with pytest.raises(BadValue, match="a cow of the truth has no mask"):
        tally.add([bare], [scene(id="7")])
    assert len(tally) == 0
    tally.add([scene(Thing("cow", (0, 0, 5, 5), difficult=True), id="7")], [scene(id="7")])
    assert tally.result().lines() == ["nothing is to be found in these 1 pictures"]
