"""How detections are scored: against the official scorer on files made here, slow loops, and numbers worked by hand."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from detect_case import boxes_of, make, picture, scenes_of, thing
from looksay.errors import BadData, BadValue, UnknownName
from looksay.measure.coco_map import Detections, Truths, needed
from looksay.measure.detect import DetectionTally, _Plan
from looksay.measure.score_files import score_files
from looksay.measure.voc_map import voc
from looksay.ops.overlap import iou
from looksay.scene import Scene


def official(truth: Path, found: Path, kind: str = "bbox") -> tuple[list[float], str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()):
        there = COCO(str(truth))
        scorer = COCOeval(there, there.loadRes(str(found)), kind)
        scorer.evaluate()
        scorer.accumulate()
    with contextlib.redirect_stdout(out):
        scorer.summarize()
    return scorer.stats.tolist(), out.getvalue()


@pytest.mark.parametrize("seed", range(4))
def test_the_twelve_numbers_of_boxes_are_the_official_ones_bit_for_bit(tmp_path: Path, seed: int) -> None:
    truth, found = make(np.random.default_rng(seed), tmp_path)
    numbers, printed = official(truth, found)
    ours = score_files(truth, found)
    assert list(ours.numbers.values()) == numbers
    assert "\n".join(ours.lines()) + "\n" == printed
    assert min(numbers) >= 0
    assert np.median(numbers) > 0.1  # most of them have something to say


@pytest.mark.parametrize("masks", [True, "alone"])
def test_the_twelve_numbers_of_masks_are_the_official_ones(tmp_path: Path, masks: Any) -> None:
    truth, found = make(np.random.default_rng(5), tmp_path, masks=masks, pictures=10)
    assert list(score_files(truth, found, "segm").numbers.values()) == official(truth, found, "segm")[0]


def test_an_annotation_with_the_id_0_is_never_found_officially(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(6), tmp_path, pictures=6)
    whole = json.loads(truth.read_text())
    plain = score_files(truth, found)
    for row in whole["annotations"]:
        row["id"] -= 1
    whole["annotations"][0] |= {"iscrowd": 0}
    truth.write_text(json.dumps(whole))
    ours = score_files(truth, found)
    assert list(ours.numbers.values()) == official(truth, found)[0]
    assert ours.numbers != plain.numbers
    assert "id 0" in ours.notes[0]


def test_annotations_of_unlisted_pictures_are_left_out_and_told(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(7), tmp_path, pictures=6)
    whole = json.loads(truth.read_text())
    for at in (0, 3):
        whole["annotations"][at]["category_id"] = 999
    truth.write_text(json.dumps(whole))
    ours = score_files(truth, found)
    assert list(ours.numbers.values()) == official(truth, found)[0]
    assert ours.notes == ("2 annotations are of images or categories that are not listed; left out",)


def test_classes_keep_their_own_numbers(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(8), tmp_path)
    ours = score_files(truth, found)
    rows = ours.per_class()
    assert [row.id for row in rows] == [10, 20, 30, 40, 50, 60]
    assert rows[1].ap == 0  # never found
    assert np.isnan(rows[5].ap)  # nothing to be found
    assert np.nanmean([row.ap for row in rows]) == pytest.approx(ours.numbers["AP"], abs=1e-12)


RESULT = {"image_id": 3, "category_id": 10, "bbox": [1, 2, 3, 4], "score": 0.5}


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ({"results": []}, "not a list"),
        ([RESULT, 7], "result 1: is 7"),
        ([RESULT, {**RESULT, "image_id": 99}], "result 1 (image 99): the image 99 is not listed"),
        ([RESULT, {**RESULT, "category_id": 11}], "the category 11 is not listed"),
        ([RESULT, {**RESULT, "category_id": [10]}], "the category [10]"),
        ([RESULT, {key: value for key, value in RESULT.items() if key != "image_id"}], "has no image_id"),
        ([RESULT, {key: value for key, value in RESULT.items() if key != "category_id"}], "has no category_id"),
        ([RESULT, {key: value for key, value in RESULT.items() if key != "score"}], "has no score"),
        ([RESULT, {key: value for key, value in RESULT.items() if key != "bbox"}], "has no bbox"),
        ([RESULT, {**RESULT, "bbox": [1, 2, 3]}], "[1, 2, 3]"),
        ([RESULT, {**RESULT, "bbox": [1, 2, -3, 4]}], "not negative"),
        ([RESULT, {**RESULT, "bbox": [1, 2, "3", 4]}], "four numbers"),
        ([RESULT, {**RESULT, "score": "high"}], "its score is 'high', not a number"),
        ([RESULT, {**RESULT, "score": float("nan")}], "its score is nan"),
        ([RESULT, {**RESULT, "score": 10**400}], "its score is inf"),
    ],
)
def test_results_that_cannot_be_scored_are_refused_with_their_place(tmp_path: Path, results: Any, words: str) -> None:
    truth, found = make(np.random.default_rng(9), tmp_path, pictures=3)
    found.write_text(json.dumps(results))
    with pytest.raises(BadData) as told:
        score_files(truth, found)
    assert words in str(told.value)
    assert str(found) in str(told.value)


def test_annotations_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(10), tmp_path, pictures=3)
    whole = json.loads(truth.read_text())
    for change, words in (({"id": 2}, "another annotation"), ({"area": None}, "has no area"), ({"bbox": 3}, "its bbox is 3")):
        rows = [{**whole["annotations"][0], **change}, *whole["annotations"][1:]]
        truth.write_text(json.dumps({**whole, "annotations": rows}))
        with pytest.raises(BadData, match=words):
            score_files(truth, found)
    with pytest.raises(BadData, match="not a file of annotations"):
        score_files(found, found)
    truth.write_text("[")
    with pytest.raises(BadData, match="not JSON"):
        score_files(truth, found)
    with pytest.raises(BadValue, match="bbox or segm"):
        score_files(truth, found, "keypoints")  # type: ignore[arg-type]


def test_nothing_found_scores_nought(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(11), tmp_path)
    found.write_text("[]")
    assert set(score_files(truth, found).numbers.values()) == {0.0}


def test_how_many_must_be_found_for_a_recall() -> None:
    recalls = np.linspace(0, 1, 101)
    for things in (1, 3, 7, 49, 100, 333, 35_000):
        reached = np.arange(things + 1) / things
        np.testing.assert_array_equal(needed(np.array([things]))[0], np.searchsorted(reached, recalls))


def test_overlap_against_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    a, b = (np.round(np.hstack([xy, xy + rng.uniform(0, 9, (20, 2))]), 1) for xy in rng.uniform(0, 10, (2, 20, 2)))
    crowd = rng.random(20) < 0.3
    slow = np.zeros((20, 20))
    for i, (x1, y1, x2, y2) in enumerate(a):
        for j, (u1, v1, u2, v2) in enumerate(b):
            both = max(min(x2, u2) - max(x1, u1), 0) * max(min(y2, v2) - max(y1, v1), 0)
            own, other = (x2 - x1) * (y2 - y1), (u2 - u1) * (v2 - v1)
            slow[i, j] = both / (own if crowd[j] else own + other - both)
    np.testing.assert_allclose(iou(a, b, crowd), slow, atol=1e-12)
    assert iou([[0, 0, 2, 2]], [[2, 0, 4, 2]])[0, 0] == 0
    assert iou(np.zeros((0, 4)), b).shape == (0, 20)


def flat(rows: list[tuple[Any, ...]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    """(picture, kind, x, y, w, h, …) rows as columns."""
    table = np.array(rows, float)
    return table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2:6], [table[:, at] for at in range(6, table.shape[1])]


def voc_slow(truths: Truths, found: Detections, least: float, one: float) -> tuple[float, float]:
    """The kit's loop for a single class."""
    taken, right, wrong = set(), [], []
    for row in np.argsort(-found.score, kind="stable"):
        best, whom = -1.0, -1
        for other in np.flatnonzero(truths.picture == found.picture[row]):
            (x, y, w, h), (u, v, a, b) = found.boxes[row], truths.boxes[other]
            across, down = min(x + w, u + a) - max(x, u) + one, min(y + h, v + b) - max(y, v) + one
            if across > 0 and down > 0:
                overlap = across * down / ((w + one) * (h + one) + (a + one) * (b + one) - across * down)
                if overlap > best:
                    best, whom = overlap, other
        if best >= least and truths.ignore[whom]:
            continue
        hit = best >= least and whom not in taken
        taken |= {whom} if hit else set()
        right.append(hit)
        wrong.append(not hit)
    recall = np.cumsum(right) / (~truths.ignore).sum()
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    eleven = np.mean([max(precision[recall >= at / 10 - 1e-9], default=0) for at in range(11)])
    r, p = np.r_[0, recall, 1], np.r_[0, precision, 0]
    for at in range(len(p) - 2, -1, -1):
        p[at] = max(p[at], p[at + 1])
    return float(((r[1:] - r[:-1]) * p[1:]).sum()), float(eleven)


@pytest.mark.parametrize("whole", [False, True])
def test_voc_against_the_kits_loop(whole: bool) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        there = boxes_of(rng, 40)
        hard = rng.random(40) < 0.2
        truths = Truths(np.arange(40) % 8, np.zeros(40, int), there, there[:, 2] * there[:, 3], np.zeros(40, bool), hard)
        rows = rng.integers(0, 40, 90)
        seen = there[rows] * rng.uniform(0.85, 1.15, (90, 4))
        found = Detections(rows % 8, np.zeros(90, int), seen, seen[:, 2] * seen[:, 3], rng.integers(0, 30, 90) / 30)
        area, eleven = voc(truths, found, 1, least=0.5, whole_pixels=whole).mean()
        assert (area, eleven) == pytest.approx(voc_slow(truths, found, 0.5, float(whole)), abs=1e-12)
        assert 0.1 < area < 0.9


def test_voc_worked_by_hand() -> None:
    """Three things; right, a second find of it, difficult, wrong, right: precision 1, 1/2, (not counted), 1/3, 1/2."""
    picture, kind, boxes, (hard,) = flat(
        [(0, 0, 0, 0, 10, 10, 0), (0, 0, 50, 0, 10, 10, 0), (1, 0, 0, 0, 10, 10, 0), (1, 0, 50, 0, 10, 10, 1)]
    )
    truths = Truths(picture, kind, boxes, np.full(4, 100.0), np.zeros(4, bool), hard > 0)
    rows = [
        (0, 0, 0, 0, 10, 10, 0.9),
        (0, 0, 1, 0, 10, 10, 0.8),
        (1, 0, 50, 0, 10, 10, 0.7),
        (1, 0, 80, 80, 9, 9, 0.6),
        (0, 0, 50, 1, 10, 10, 0.5),
    ]
    picture, kind, boxes, (sure,) = flat(rows)
    found = voc(truths, Detections(picture, kind, boxes, np.full(5, 100.0), sure), 2)
    assert found.state.tolist() == [1, 0, 2, 0, 1]
    assert found.area[0] == pytest.approx(1 / 3 + 1 / 3 * 1 / 2)
    # Recalls 0 … .3 are reached with precision 1, .4 … .6 with 1/2, .7 … 1 never.
    assert found.eleven[0] == pytest.approx((4 * 1 + 3 * 0.5) / 11)
    assert np.isnan(found.area[1])
    assert found.mean() == (found.area[0], found.eleven[0])


def test_the_tally_of_scenes_agrees_with_the_files(tmp_path: Path) -> None:
    truth, found = make(np.random.default_rng(12), tmp_path)
    there, said, classes = scenes_of(truth, found)
    tally = DetectionTally(classes)
    tally.add(there, said)
    ours, files = tally.result().numbers(), score_files(truth, found)
    names = ["map", "map50", "map75", "maps", "mapm", "mapl", "ar1", "ar10", "ar100"]
    # x + w - x is not always w, so single overlaps may differ in the last bit; the scores do not.
    assert [ours[name] for name in names] == pytest.approx(list(files.numbers.values())[:9], abs=1e-12)
    assert ours["low"] < ours["map50"] < ours["high"]
    rows = tally.result().per_class()
    assert [row.ap for row in rows] == pytest.approx([row.ap for row in files.per_class()], abs=1e-12, nan_ok=True)
    assert np.isnan(rows[5].f1)
    assert rows[1].f1 == 0


def test_batches_and_processes_in_any_order_give_the_same(tmp_path: Path) -> None:
    there, said, classes = scenes_of(*make(np.random.default_rng(13), tmp_path))
    whole, parts = DetectionTally(classes), [DetectionTally(classes) for _ in range(2)]
    whole.add(there, said)
    for at in reversed(range(len(there))):
        parts[at % 2].add(there[at : at + 1], said[at : at + 1])
    parts[0].merge(parts[1])
    one, two = whole.result(), parts[0].result()
    assert one.numbers() == two.numbers()
    assert one.ids == two.ids == tuple(sorted((scene.id for scene in there), key=int))
    parts[0].merge(parts[1])
    with pytest.raises(BadData, match="more than once"):
        parts[0].result()


def test_resampling_is_scoring_the_drawn_pictures_anew(tmp_path: Path) -> None:
    there, said, classes = scenes_of(*make(np.random.default_rng(14), tmp_path, pictures=12))
    tally = DetectionTally(classes)
    tally.add(there, said)
    found = tally.result()
    resampled = found.resampled(seed=3, rounds=6)
    drawn = np.random.default_rng(3).integers(0, 12, (6, 12))
    order = {id: at for at, id in enumerate(scene.id for scene in there)}
    for row, value in zip(drawn, resampled, strict=True):
        again = DetectionTally(classes)
        for copy, at in enumerate(sorted(row.tolist())):
            pick = order[found.ids[at]]
            name = f"{at:03}-{copy:03}"
            again.add(
                [Scene(there[pick].size, id=name, objects=there[pick].objects)],
                [Scene(said[pick].size, id=name, objects=said[pick].objects)],
            )
        # Equal scores of a picture drawn twice are counted side by side, not one picture after the other.
        assert value == pytest.approx(again.result().coco.twelve()["AP50"], abs=0.02)
    assert found.interval() == found.interval()
    assert found.behind(found) == (0.0, 0.0, 0.0, 0.5)


def test_a_resample_of_every_picture_once_is_map50(tmp_path: Path) -> None:
    there, said, classes = scenes_of(*make(np.random.default_rng(15), tmp_path))
    tally = DetectionTally(classes)
    tally.add(there, said)
    found = tally.result()
    once = _Plan(found).score(np.ones((len(found), 2), np.float32))
    assert once.tolist() == pytest.approx([found.numbers()["map50"]] * 2, abs=1e-6)


def test_best_f1_and_curve_worked_by_hand() -> None:
    """Hits at .9 and .5, an error at .7, two at .3: F1 is 2/3 at .9, 4/6 … of three things the best is at .5 with 2·2/(3+3)."""
    tally = DetectionTally(["cat", "dog"])
    there = [thing("cat", 0, 0), thing("cat", 40, 0), thing("cat", 80, 0), thing("cat", 80, 80, difficult=True)]
    said = [(0, 0.9), (40, 0.5), (0, 0.7), (30, 0.3), (60, 0.3)]
    tally.add([picture(*there)], [picture(*(thing("cat", x, 0, score=s) for x, s in said), thing("cat", 80, 80, score=0.95))])
    found = tally.result()
    curve = found.curve("cat")
    assert curve.score.tolist() == [0.9, 0.7, 0.5, 0.3]
    assert curve.recall.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3])
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3, 2 / 5])
    cat, dog = found.per_class()
    assert (cat.truths, cat.f1, cat.threshold) == (3, pytest.approx(2 / 3), 0.5)
    assert np.isnan(dog.ap50)
    # 34 recalls (0 … .33) at precision 1, 33 (.34 … .66) at 2/3.
    assert cat.ap50 == pytest.approx((34 + 33 * 2 / 3) / 101)
    numbers = found.numbers()
    assert numbers["maps"] == numbers["map"]
    assert np.isnan(numbers["mapl"])
    assert len(curve.score) == 4
    with pytest.raises(UnknownName, match="no class is called 'cow'"):
        found.curve("cow")


def test_sizes_can_be_given() -> None:
    tally = DetectionTally(["cat"], sizes=(12.0**2, 24.0**2))
    tally.add(
        [picture(thing("cat", 0, 0, 10), thing("cat", 40, 0, 20), thing("cat", 80, 0, 40))], [picture(thing("cat", 40, 0, 20))]
    )
    numbers = tally.result().numbers()
    assert (numbers["maps"], numbers["mapm"], numbers["mapl"]) == pytest.approx((0, 1, 0))
    assert any("things from 12² to 24² px" in line for line in tally.result().lines())
    with pytest.raises(BadValue, match="sizes"):
        DetectionTally(["cat"], sizes=(9.0, 4.0))


def test_lines_tell_the_settings() -> None:
    tally = DetectionTally(["cat"])
    tally.add([picture(thing("cat", 0, 0)), picture()], [picture(thing("cat", 0, 0, score=0.5)), picture()])
    lines = tally.result().lines()
    assert lines[0].startswith("mAP@.5 100.00 % (100.00 to 100.00), n = 2, COCO's rules, 101 recalls")
    assert "1000 rounds, seed 0" in lines[0]
    assert not any("large" in line for line in lines)
    empty = DetectionTally(["cat"])
    empty.add([picture()], [picture(thing("cat", 0, 0, score=0.5))])
    assert empty.result().lines() == ["nothing is to be found in these 1 pictures"]
    assert np.isnan(empty.result().numbers()["map50"])


def test_a_tally_refuses_what_cannot_be_scored() -> None:
    tally = DetectionTally(["cat"])
    with pytest.raises(BadData, match="no picture"):
        tally.result()
    with pytest.raises(UnknownName, match="did you mean cat"):
        tally.add([picture(thing("cats", 0, 0), id="7")], [picture()])
    with pytest.raises(BadValue, match="1 scenes of truth and 0"):
        tally.add([picture()], [])
    with pytest.raises(BadValue, match="set against"):
        tally.add([picture(id="a")], [picture(id="b")])
    with pytest.raises(BadValue, match="classes"):
        DetectionTally(["cat", "cat"])
    with pytest.raises(BadValue, match="different classes"):
        tally.merge(DetectionTally(["dog"]))
    tally.add([picture(id="a"), picture()], [picture(), picture()])
    with pytest.raises(BadData, match="1 of 2 pictures have no id"):
        tally.result()
