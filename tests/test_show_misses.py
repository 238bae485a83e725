"""What was missed and what is not there, in the picture and on a sheet: where lines run, in which colour, solid or dashed."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from looksay.errors import BadValue
from looksay.measure.missed import explain_misses
from looksay.scene import Objects, Scene, Thing
from looksay.show.misses import QUIET, Case, Fault, costs_chart, counts_chart, draw_misses, worst_sheet
from looksay.show.palette import RGB, RIGHT, WRONG

HIT, MISSED, ALARM = (20, 20, 120, 120), (200, 60, 300, 160), (320, 250, 420, 350)


def case(name: str = "page 7") -> Case:
    """A dog that was found, a cat that was not, a cow that is not there, a boat too doubtful to be shown."""
    truth = (Thing("dog", HIT), Thing("cat", MISSED))
    found = (Thing("dog", HIT, 0.9), Thing("cow", ALARM, 0.8), Thing("boat", (430, 10, 470, 50), 0.1))
    scenes = [Scene((500, 400), id=name, objects=Objects(things)) for things in (truth, found)]
    faults: list[Fault] = [*explain_misses(*scenes)]
    return Case(name, np.full((400, 500, 3), 160, np.uint8), truth, found, faults)


def along(drawn: np.ndarray, row: int, left: int, right: int, tint: RGB) -> np.ndarray:
    """Which pixels of a row have that colour, within a few rows of it."""
    return np.asarray((drawn[row - 4 : row + 4, left:right] == tint).all(axis=2).any(axis=0))


def test_truth_is_solid_and_alarms_are_dashed() -> None:
    drawn = draw_misses(case(), scale=1)
    assert drawn.shape == (400, 500, 3)
    assert along(drawn, 160, 202, 298, RIGHT).all()  # the bottom edge of what was missed
    dashes = along(drawn, 350, 322, 418, WRONG)
    assert 0.3 < dashes.mean() < 0.7
    assert np.abs(np.diff(dashes.astype(int))).sum() >= 6
    assert along(drawn, 120, 22, 118, QUIET).mean() > 0.8  # both lines lie on one another
    assert not any(along(drawn, 120, 0, 190, tint).any() for tint in (RIGHT, WRONG))
    assert not along(drawn, 350, 0, 500, RIGHT).any()
    assert (drawn[5:55, 428:475] == 160).all()  # less likely than is shown
    assert not (draw_misses(case(), scale=1, score=0.05)[5:55, 428:475] == 160).all()


def test_a_drawing_grows_with_its_scale_and_leaves_the_picture_alone() -> None:
    one = case()
    before = one.picture.copy()
    drawn = draw_misses(one, scale=2)
    assert drawn.shape == (800, 1000, 3)
    assert along(drawn, 320, 404, 596, RIGHT).all()
    np.testing.assert_array_equal(one.picture, before)
    with pytest.raises(BadValue, match="page 7: the picture is float64"):
        draw_misses(one._replace(picture=one.picture / 255))


def test_what_is_ignored_is_neither_missed_nor_an_alarm() -> None:
    crowd = replace(Thing("cat", MISSED), crowd=True)
    seen = Thing("cat", (205, 65, 295, 155), 0.9)
    scenes = [Scene((500, 400), id="x", objects=Objects((thing,))) for thing in (crowd, seen)]
    faults: list[Fault] = [*explain_misses(*scenes)]
    assert {fault.reason for fault in faults} == {"ignored"}
    ignored = Case("x", np.full((400, 500, 3), 160, np.uint8), (crowd,), (seen,), faults)
    drawn = draw_misses(ignored, scale=1)
    assert not any((drawn == tint).all(axis=2).any() for tint in (RIGHT, WRONG))
    assert not (drawn == 160).all()


def test_the_sheet_has_a_line_for_each_kind_of_error() -> None:
    sheet = worst_sheet([case(str(number)) for number in range(4)], side=250, columns=2)
    assert sheet.shape[1] == 10 + 2 * 260
    beneath = sheet[-60:]  # captions of the last row
    assert (beneath == RIGHT).all(axis=2).any()
    assert (beneath == WRONG).all(axis=2).any()
    fine = case()._replace(faults=[], truth=(), found=())
    calm = worst_sheet([fine], side=250)
    assert calm.shape[0] < sheet.shape[0]
    assert not any((calm == tint).all(axis=2).any() for tint in (RIGHT, WRONG))
    np.testing.assert_array_equal(sheet, worst_sheet([case(str(number)) for number in range(4)], side=250, columns=2))


def test_charts_leave_out_what_never_happened() -> None:
    def rows(chart: bytes) -> int:
        return len(re.findall(r'id="patch_\d+"', chart.decode()))

    few = counts_chart({"low score": 3, "suppressed": 0}, {"background": 2})
    more = counts_chart({"low score": 3, "suppressed": 1}, {"background": 2, "duplicate": 4})
    assert rows(more) == rows(few) + 2
    assert rows(costs_chart({"low score": 0.1, "background": 0.0, "duplicate": 0.02})) == rows(few)
    assert counts_chart({"low score": 3}, {}, "png").startswith(b"\x89PNG")
    with pytest.raises(BadValue, match="no marks"):
        counts_chart({"low score": 0}, {})
