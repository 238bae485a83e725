"""Where things of a kind touch: pairs and their outcomes by worked masks and by a slow loop; columns and tables."""

from __future__ import annotations

import json
import math
from itertools import combinations
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from looksay import weights
from looksay.cli.main import run
from looksay.measure.region_ap import InstanceTally
from looksay.measure.touching import OUTCOMES, TouchingTally, pairs_of, touching
from looksay.nn.prep import Prep
from looksay.scene import Mask, Objects, Scene, Thing

HIGH, WIDE = 40, 60


def part(name: str, box: tuple[int, int, int, int], score: float = 1.0, crowd: bool = False) -> Thing:
    array = np.zeros((HIGH, WIDE), bool)
    array[box[1] : box[3], box[0] : box[2]] = True
    return Thing(name, box, score, Mask.of(array), crowd=crowd)


def scene(*things: Thing, id: str = "") -> Scene:
    return Scene((WIDE, HIGH), id=id, objects=Objects(things))


COWS = scene(part("cow", (0, 0, 10, 10)), part("cow", (10, 0, 20, 10)))


def test_neighbours_touch_and_corners_do_not() -> None:
    def count(*things: Thing) -> int:
        return len(touching(scene(*things)))

    cow = part("cow", (10, 10, 20, 20))
    assert count(cow, part("cow", (20, 19, 30, 30))) == 1  # one pixel beside another
    assert count(cow, part("cow", (20, 20, 30, 30))) == 0  # a corner
    assert count(cow, part("cow", (21, 10, 30, 20))) == 0  # a pixel between them
    assert count(cow, part("cow", (12, 12, 15, 15))) == 1  # one on the other
    assert count(cow, part("cow", (10, 0, 20, 10))) == 1  # above
    assert count(cow, part("dog", (20, 10, 30, 20))) == 0
    assert count(cow, part("cow", (20, 10, 30, 20), crowd=True)) == 0
    assert count(cow, part("cow", (20, 10, 30, 20)), part("cow", (30, 10, 40, 20))) == 2  # a row of three


@pytest.mark.parametrize(
    ("found", "least", "outcome"),
    [
        ([("cow", (0, 0, 10, 10), 0.9), ("cow", (10, 0, 20, 10), 0.8)], 0.5, "apart"),
        ([("cow", (0, 0, 10, 10), 0.9), ("cow", (10, 0, 20, 10), 0.4)], 0.5, "one missed"),
        ([("cow", (0, 0, 10, 5), 0.9), ("cow", (10, 0, 20, 5), 0.8)], 0.5, "apart"),  # IoU of .5 each
        ([("cow", (0, 0, 10, 4), 0.9), ("cow", (10, 0, 20, 5), 0.8)], 0.5, "one missed"),
        ([("cow", (0, 0, 20, 10), 0.9)], 0.5, "merged"),  # its IoU with either is .5, but it is one
        ([("cow", (0, 0, 16, 10), 0.9)], 0.5, "merged"),  # it finds the first, and covers .6 of the other
        ([("cow", (0, 0, 14, 10), 0.9)], 0.5, "one missed"),
        ([("cow", (0, 0, 20, 10), 0.9), ("cow", (0, 0, 10, 10), 0.7)], 0.5, "apart"),
        ([("cow", (5, 0, 15, 10), 0.9)], 0.5, "merged"),  # half of either
        ([("cow", (6, 0, 14, 10), 0.9)], 0.5, "both missed"),
        ([("dog", (0, 0, 10, 10), 0.9), ("dog", (10, 0, 20, 10), 0.8)], 0.5, "both missed"),
        ([], 0.5, "both missed"),
    ],
)
def test_worked_outcomes(found: list[tuple[str, tuple[int, int, int, int], float]], least: float, outcome: str) -> None:
    ((pair),) = pairs_of(COWS, scene(*(part(*each) for each in found)))
    assert OUTCOMES[pair.outcome(least)] == outcome
    tally = TouchingTally()
    tally.add([COWS], [scene(*(part(*each) for each in found))])
    assert tally.result(least).shares() == {name: float(name == outcome) for name in OUTCOMES}


def random_scene(rng: np.random.Generator, scores: bool) -> Scene:
    things = []
    for _ in range(int(rng.integers(2, 8))):
        x, y = int(rng.integers(0, WIDE - 12)), int(rng.integers(0, HIGH - 12))
        box = (x, y, x + int(rng.integers(3, 12)), y + int(rng.integers(3, 12)))
        things.append(part("cow" if rng.random() < 0.7 else "dog", box, round(float(rng.random()), 2) if scores else 1.0))
    return scene(*things)


def slow(truth: Scene, found: Scene, least: float) -> list[str]:
    def pixels(thing: Thing) -> set[tuple[int, int]]:
        assert thing.mask is not None
        rows: npt.NDArray[np.int64] = np.argwhere(thing.mask.array())
        return {(int(y), int(x)) for y, x in rows}

    out = []
    said = [(thing.name, pixels(thing)) for thing in found.objects if thing.score >= least]
    for one, other in combinations(truth.objects, 2):
        a, b = pixels(one), pixels(other)
        near = any((y + dy, x + dx) in b for y, x in a for dy, dx in ((0, 0), (0, 1), (1, 0), (0, -1), (-1, 0)))
        if one.name != other.name or not near:
            continue
        own = [mask for name, mask in said if name == one.name]
        finds = [[at for at, mask in enumerate(own) if len(mask & whole) / len(mask | whole) >= 0.5] for whole in (a, b)]
        if finds[0] and finds[1] and len({*finds[0], *finds[1]}) > 1:
            out.append("apart")
        elif any(len(mask & a) >= len(a) / 2 and len(mask & b) >= len(b) / 2 for mask in own):
            out.append("merged")
        else:
            out.append(("both missed", "one missed")[bool(finds[0]) + bool(finds[1]) > 0])
    return out


def test_outcomes_are_those_of_a_slow_loop() -> None:
    rng, tally, wanted = np.random.default_rng(0), TouchingTally(), list[str]()
    other = TouchingTally()
    for number in range(40):
        truth = random_scene(rng, False)
        jitter = [
            part(thing.name, (int(x1), int(y1), int(x2 + rng.integers(0, 12)), int(y2)), round(float(rng.random()), 2))
            for thing in truth.objects
            for x1, y1, x2, y2 in (thing.box,)
            if rng.random() < 0.8
        ]
        (tally if number % 2 else other).add([truth], [scene(*jitter)])
        wanted += slow(truth, scene(*jitter), 0.3)
    tally.merge(other)
    found = tally.result(0.3)
    assert len(found) == len(wanted)
    assert {name: wanted.count(name) / len(wanted) for name in OUTCOMES} == pytest.approx(found.shares())
    assert min(found.shares().values()) > 0
    low, high = found.interval()
    assert low < found.shares()["apart"] < high
    rows = found.per_class()
    assert sum(row[1] for row in rows) == len(wanted)
    assert all(sum(row[2:]) == pytest.approx(1) for row in rows)


def test_scores_of_instances_say_who_separates() -> None:
    """The threshold is the one at which things are worth showing: here it leaves out the cow that is none."""
    tally = InstanceTally(("cow",))
    tally.add(
        [COWS], [scene(part("cow", (0, 0, 10, 10), 0.9), part("cow", (10, 0, 20, 10), 0.8), part("cow", (30, 20, 40, 30), 0.3))]
    )
    result = tally.result()
    numbers = result.numbers()
    assert [numbers[name] for name in ("touching_apart", "touching_merged", "sure")] == pytest.approx([1, 0, 0.8])
    assert any(line.startswith("touching, kept apart 100.00 %") and "of 1 touching pairs" in line for line in result.lines())
    alone = InstanceTally(("cow",))
    alone.add([scene(COWS.objects[0])], [scene()])
    assert math.isnan(alone.result().numbers()["touching_apart"])
    assert not any("touching" in line for line in alone.result().lines())


def test_the_comparison_has_a_table_of_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two systems of random weights; what they find is not what is tested."""
    from PIL import Image

    names = []
    for seed, name in enumerate(("mask-r-cnn", "hypercolumns")):
        torch.manual_seed(seed)
        settings = {"width": 0.25, "hidden": 32, "proposals": 10}
        system = weights.build(name, ("cow",), settings, Prep((64, 64), "stretch", 64))
        weights.save(tmp_path / f"{name}.safetensors", system, weights.Info(name, ("cow",), settings, system.prep))
        names.append(str(tmp_path / f"{name}.safetensors"))
    (tmp_path / "images").mkdir()
    images, notes = [], []
    for number in range(3):
        Image.fromarray(np.random.default_rng(number).integers(0, 256, (HIGH, WIDE, 3), np.uint8)).save(
            tmp_path / "images" / f"{number}.png"
        )
        images.append({"id": number, "file_name": f"{number}.png", "width": WIDE, "height": HIGH})
        for at, x in enumerate((0, 10)):
            note = {"id": 2 * number + at + 1, "image_id": number, "category_id": 1, "bbox": [x, 0, 10, 10], "area": 100}
            notes.append({**note, "iscrowd": 0, "segmentation": [[x, 0, x + 10, 0, x + 10, 10, x, 10]]})
    truth = {"images": images, "annotations": notes, "categories": [{"id": 1, "name": "cow"}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    report = tmp_path / "compare.html"
    assert run(["compare", *names, "--data", f"coco:{tmp_path / 'truth.json'}", "-o", str(report)]) == 0
    said = capsys.readouterr().out
    assert "Where things of a kind touch" in said
    assert "both missed %" in said
    assert "Where things of a kind touch" in report.read_text("utf-8")
