"""Why things are missed and what errors cost: cases worked by hand, and the scorer itself as a reference."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detect_case import make, picture, scenes_of, thing
from looksay.errors import BadData
from looksay.measure.coco_map import IGNORED, RIGHT, match
from looksay.measure.detect import DetectionTally
from looksay.measure.missed import OF_ALARMS, OF_TRUTHS, Misses, _Look, explain_misses
from looksay.scene import Objects, Scene, Thing


def reasons(truth: Scene, found: Scene, **more: Any) -> list[tuple[bool, str]]:
    return [(miss.alarm, miss.reason) for miss in explain_misses(truth, found, **more)]


CAT = thing("cat", 10, 10)  # 20 × 20
CLOSE, OFF, FAR = (12, 10), (20, 10), (90, 90)  # IoU .82, .33, 0


def seen(name: str, place: tuple[float, float], score: float = 0.9) -> Thing:
    return thing(name, *place, score=score)


@pytest.mark.parametrize(
    ("found", "more", "told"),
    [
        ([seen("cat", CLOSE)], {}, []),
        ([seen("dog", CLOSE)], {}, [(False, "wrong class"), (True, "wrong class")]),
        ([seen("cat", OFF)], {}, [(False, "wrong place"), (True, "wrong place")]),
        ([seen("dog", OFF)], {}, [(False, "not seen"), (True, "both")]),
        ([seen("cat", FAR)], {}, [(False, "not seen"), (True, "background")]),
        ([seen("cat", CLOSE, 0.3)], {}, [(False, "low score")]),
        ([seen("dog", CLOSE), seen("cat", (11, 10), 0.3)], {}, [(False, "wrong class"), (True, "wrong class")]),
        ([seen("cat", CLOSE), seen("cat", (10, 10), 0.8)], {}, [(True, "duplicate")]),
        ([], {"candidates": [seen("cat", CLOSE)]}, [(False, "suppressed")]),
        ([], {"candidates": [seen("cat", CLOSE, 0.2)]}, [(False, "low score")]),
        ([], {"proposals": np.array([[60.0, 60, 90, 90]])}, [(False, "no proposal")]),
        ([], {"proposals": np.zeros((0, 4))}, [(False, "no proposal")]),
        ([], {"proposals": np.array([[10.0, 10, 30, 32]])}, [(False, "not seen")]),
        ([seen("cat", OFF)], {"proposals": np.zeros((0, 4))}, [(False, "no proposal"), (True, "wrong place")]),
        ([seen("cat", CLOSE, 0.3)], {"proposals": np.zeros((0, 4))}, [(False, "low score")]),
    ],
)
def test_each_error_has_its_reason(found: list[Thing], more: dict[str, Any], told: list[tuple[bool, str]]) -> None:
    if "candidates" in more:
        more = {"candidates": picture(*more["candidates"])}
    assert reasons(picture(CAT), picture(*found), **more) == told


def test_one_detection_for_two_things_and_what_is_ignored() -> None:
    twins = picture(CAT, thing("cat", 12, 10))
    assert reasons(twins, picture(seen("cat", (11, 10)))) == [(False, "suppressed")]
    hard = picture(thing("cat", 10, 10, difficult=True))
    assert reasons(hard, picture()) == [(False, "ignored")]
    assert reasons(hard, picture(seen("cat", CLOSE))) == [(True, "ignored")]
    crowd = picture(Thing("cat", (0, 0, 100, 100), crowd=True))
    assert reasons(crowd, picture(seen("cat", CLOSE), seen("cat", (60, 60)))) == [(True, "ignored")] * 2
    told = explain_misses(picture(CAT, id="7"), picture(seen("dog", CLOSE), id="7"))
    assert [str(miss) for miss in told] == [
        "missed: cat, wrong class (dog, IoU 0.82)",
        "false alarm: dog, wrong class (cat, IoU 0.82)",
    ]
    assert told[0].picture == "7"


def test_who_finds_what_is_settled_as_in_the_scores(tmp_path: Path) -> None:
    there, said, classes = scenes_of(*make(np.random.default_rng(16), tmp_path, pictures=40))
    tally = DetectionTally(classes)
    tally.add(there[1:], said[1:])  # the first has more detections of a class than COCO counts
    found = match(*tally.arrays(), len(classes))
    state = np.empty(len(found.rows), int)
    state[found.rows] = found.state[0, 0]
    looks = [_Look(truth, seen) for truth, seen in zip(there[1:], said[1:], strict=True)]
    blames = [blame for look in looks for blame in look.blame]
    assert [blame is None for blame in blames] == (state == RIGHT).tolist()
    assert [blame == "ignored" for blame in blames] == (state == IGNORED).tolist()
    assert sum(blame is None for blame in blames) > 20


def test_every_error_has_one_reason_and_costs_what_mending_it_brings(tmp_path: Path) -> None:
    there, said, classes = scenes_of(*make(np.random.default_rng(17), tmp_path))
    errors, tally = Misses(classes, score=0.4), DetectionTally(classes)
    for truth, found in zip(there, said, strict=True):
        errors.add(truth, found)
    missed, alarms = errors.counts()
    assert tuple(missed) == OF_TRUTHS
    assert tuple(alarms) == OF_ALARMS
    shown = sum(thing.score >= 0.4 for scene in said for thing in scene.objects)
    hits = sum(int(((look := _Look(t, f)).found_at(0.4) & ~look.ignore).sum()) for t, f in zip(there, said, strict=True))
    assert sum(alarms.values()) == shown - hits
    assert sum(missed.values()) - missed["ignored"] == sum(not thing.crowd for scene in there for thing in scene.objects) - hits

    tally.add(there, said)
    before = tally.result().coco.twelve()["AP50"]
    costs = errors.costs()
    # Leaving the false alarms of a kind out by hand gives the same.
    for reason in ("duplicate", "background", "both"):
        mended = DetectionTally(classes)
        for truth, found in zip(there, said, strict=True):
            kept = [thing for thing, blame in zip(found.objects, _Look(truth, found).blame, strict=True) if blame != reason]
            mended.add([truth], [Scene(found.size, id=found.id, objects=Objects(tuple(kept)))])
        assert costs[reason] == pytest.approx(mended.result().coco.twelve()["AP50"] - before, abs=1e-12)
        assert costs[reason] >= 0
    assert len(errors.lines()) == 3


def test_costs_worked_by_hand() -> None:
    """Two cats, one called a dog; two dogs, one a little off: mending either kind brings half of its class."""
    errors = Misses(["cat", "dog"])
    errors.add(picture(CAT, thing("dog", 60, 60), id="a"), picture(seen("dog", CLOSE, 0.6), seen("dog", (60, 60))))
    errors.add(picture(CAT, thing("dog", 60, 60), id="b"), picture(seen("cat", CLOSE), seen("dog", (70, 60), 0.8)))
    costs = errors.costs()
    half = 51 / 101  # recalls 0 … .5 at precision 1
    # Before: cats reach half; dogs reach half, their errors come after the hit.
    assert costs["wrong class"] == pytest.approx((1 - half) / 2)
    assert costs["wrong place"] == pytest.approx((1 - half) / 2)
    assert {costs[reason] for reason in ("duplicate", "both", "background", "low score", "suppressed", "not seen")} == {0.0}
    low = Misses(["cat"], score=0.5)
    low.add(picture(CAT, id="a"), picture(seen("cat", CLOSE, 0.2), seen("cat", FAR, 0.4)))
    assert low.costs()["low score"] == pytest.approx(1 / 2)  # precision 1/2 becomes 1
    assert low.costs()["background"] == pytest.approx(1 / 2)
    unseen = Misses(["cat"])
    unseen.add(picture(CAT, thing("cat", 60, 60), id="a"), picture(seen("cat", CLOSE)))
    assert unseen.costs()["not seen"] == pytest.approx(1 - half)
    assert "not seen 49.50" in unseen.lines()[2]


def test_the_worst_pictures_come_first() -> None:
    errors = Misses(["cat", "dog"])
    errors.add(picture(CAT, id="good"), picture(seen("cat", CLOSE)))
    errors.add(picture(CAT, id="bad"), picture(seen("dog", CLOSE, 0.7)))
    errors.add(picture(id="alarm"), picture(seen("dog", CLOSE, 0.6)))
    worst = errors.worst()
    assert [(row.picture, pytest.approx(row.badness)) for row in worst] == [("bad", 1.7), ("alarm", 0.6)]
    assert len(worst[0].misses) == 2
    assert [row.picture for row in errors.worst(1)] == ["bad"]
    with pytest.raises(BadData, match="more than once"):
        errors.add(picture(CAT, id="bad"), picture())
