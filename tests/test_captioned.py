"""The verdict on captioners by hand: facts, looks, alarms; words and their average precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from caption_case import small
from looksay.data import source
from looksay.data.storybook import StorybookPages
from looksay.measure.attended import Attended, attended, constant
from looksay.measure.caption_scores import caption_scores
from looksay.measure.captioned import Captioned, OfCaptions
from looksay.measure.concepts import average_precision
from looksay.scene import Caption, Heat, Objects, Scene, Thing
from looksay.storybook.page import page
from looksay.storybook.spec import KINDS


def heat(of: str, rows: list[list[float]]) -> Heat:
    return Heat(of, np.array(rows, np.float32), "attention")


def verdict(said: list[str], **more: Any) -> Captioned:
    scores = caption_scores(said, [["a dog runs", "the dog is red"]] * len(said))
    known: dict[str, Any] = {"looked": None, "even": np.zeros(0), "facts": None, **more}
    return Captioned(scores, tuple(map(str, range(len(said)))), tuple(said), beam=3, **known)


# -- looks -----------------------------------------------------------------------------------------------------------------------

TRUTH = Scene(
    (80, 40),
    objects=Objects((Thing("dog", (0, 0, 20, 20)), Thing("dog", (60, 20, 80, 40)), Thing("cat", (20, 0, 22, 2)))),
)


def test_looks_are_weighed_by_what_they_fall_on() -> None:
    """On 2 x 4 places of 20 x 20 pixels, dogs show at the first and the last, the small cat at the second alone."""
    look = [[0.4, 0.1, 0.0, 0.1], [0.1, 0.1, 0.0, 0.2]]
    found = attended([heat("a", look), heat("dogs", look), heat("cat", look), heat("horse", look)], TRUTH)
    assert found.nouns == 2, "'a' names no kind, and there is no horse"
    assert found.mass.tolist() == pytest.approx([0.6, 0.1])
    assert found.peak.tolist() == [1.0, 0.0]
    assert found.chance.tolist() == pytest.approx([2 / 8, 1 / 8])
    doubled = attended([heat("dog", [[2 * each for each in row] for row in look])], TRUTH)
    assert doubled.mass.tolist() == pytest.approx([0.6]), "a look is shares, whatever it adds up to"


def test_a_place_shows_a_thing_that_covers_a_quarter_of_it() -> None:
    scene = Scene((40, 40), objects=Objects((Thing("dog", (0, 0, 25, 40)),)))
    even = heat("dog", [[0.25, 0.25], [0.25, 0.25]])
    assert attended([even], scene).chance.tolist() == [1.0], "a fourth of the right half"
    narrow = Scene((40, 40), objects=Objects((Thing("dog", (0, 0, 23, 40)),)))
    assert attended([even], narrow).chance.tolist() == [0.5]


def test_a_sliver_at_the_border_shows_at_the_border_alone() -> None:
    scene = Scene((80, 80), objects=Objects((Thing("dog", (79.9, 79.9, 80, 80)),)))
    found = attended([heat("dog", [[0.7, 0.1], [0.1, 0.1]])], scene)
    assert (found.mass.tolist(), found.peak.tolist(), found.chance.tolist()) == (pytest.approx([0.1]), [0.0], [0.25])


def test_a_peak_is_that_of_the_look_as_it_is_drawn() -> None:
    scene = Scene((80, 80), objects=Objects((Thing("dog", (40, 40, 80, 80)),)))
    values = np.zeros((8, 8), np.float32)
    values[1, 1], values[5:7, 5:7] = 0.3, 0.175
    for blur, peak in ((0.0, 0.0), (1 / 8, 1.0)):
        found = attended([Heat("dog", values, blur=blur)], scene)
        assert (found.peak.tolist(), found.mass.tolist()) == ([peak], pytest.approx([0.7])), "what is blurred is drawn, not told"


def test_how_alike_looks_are() -> None:
    one, other = [[1.0, 0.0], [0.0, 0.0]], [[0.0, 1.0], [0.0, 0.0]]
    assert constant([heat("a", one), heat("b", one)]) == pytest.approx(1.0)
    assert constant([heat("a", one), heat("b", other)]) == pytest.approx(0.5)
    assert constant([heat("a", one), heat("b", [[0.5, 0.5], [0.0, 0.0]])]) == pytest.approx((0.75 + 0.75) / 2)


def test_peaks_and_mass_are_told_with_their_chance() -> None:
    looked = Attended(np.array([0.5, 0.1, 0.3]), np.array([1.0, 0.0, 1.0]), np.array([0.2, 0.1, 0.3]))
    found = verdict(["a dog"] * 3, looked=looked)
    numbers = found.numbers()
    assert [numbers[name] for name in ("peaks", "mass", "chance")] == pytest.approx([2 / 3, 0.3, 0.2])
    line = next(line for line in found.lines() if line.startswith("looks"))
    assert line.startswith("looks    66.67 % (")
    assert line.endswith("of the peaks of 3 nouns on the right thing, 30.00 % of their looks; by chance 20.00 %")
    assert "peaks" not in verdict(["a dog"], looked=Attended(*(np.zeros(0),) * 3)).numbers()


# -- facts -----------------------------------------------------------------------------------------------------------------------


def test_facts_are_all_that_is_right_of_all_that_is_said() -> None:
    found = verdict(["a", "b", "c"], facts={"kind": np.array([[2.0, 3.0], [0.0, 0.0], [1.0, 1.0]])})
    assert found.numbers()["facts"] == pytest.approx(3 / 4), "a caption that says nothing counts for nothing"
    line = next(line for line in found.lines() if line.startswith("facts"))
    assert line.startswith("facts    75.00 % (66.67 to 100.00) of 4 statements")
    assert "facts" not in verdict(["a"], facts={"kind": np.zeros((1, 2))}).numbers()


def test_facts_are_told_by_what_they_are_about() -> None:
    facts = {"kind": np.array([[2.0, 2.0], [1.0, 2.0]]), "action": np.array([[0.0, 1.0], [0.0, 0.0]])}
    found = verdict(["a", "b"], facts=facts | {"size": np.zeros((2, 2))})
    numbers = found.numbers()
    assert (numbers["facts"], numbers["seen"]) == pytest.approx((3 / 5, 3 / 4))
    told = [line for line in found.lines() if line.startswith("facts")]
    assert told[1].startswith("facts    75.00 % (50.00 to 100.00) of 4 statements about kind, colour and relation")
    assert told[2] == "facts    % by what they are about: kind 75.0 of 4, action 0.0 of 1"


def test_what_is_said_of_a_page_is_checked_on_that_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))
    dataset = source.open("storybook:pages=40,size=64", "val", view="scene")
    assert isinstance(dataset, StorybookPages)
    judging = OfCaptions(small("show-and-tell"), dataset)
    looks = []
    for index in range(3):
        there = page(dataset.asked.seed_of("val"), index, (64, 64), "scene", words=False).scene.objects
        kinds = {thing.name for thing in there}
        absent = next(kind for kind in KINDS if kind not in kinds and " " not in kind)
        best = max(there, key=lambda thing: (thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1]))
        at = np.zeros((8, 8), np.float32)
        at[min(int((best.box[1] + best.box[3]) / 16), 7), min(int((best.box[0] + best.box[2]) / 16), 7)] = 1.0
        looks.append(best.name)
        said = Caption(f"A {absent}.") if index == 2 else Caption(f"A {best.name}.")
        scene = Scene((64, 64), captions=(said,), heats=(Heat(best.name, at, "attention"), Heat(".", at, "attention")))
        judging.rows.append((index, scene))
    found = judging.verdict()
    assert isinstance(found, Captioned)
    assert found.facts is not None
    kinds = found.facts["kind"]
    assert (kinds[:, 1] >= 1).all()
    assert kinds[:2, 0].tolist() == kinds[:2, 1].tolist()
    assert kinds[2, 0] == 0
    assert found.ids == tuple(dataset.name(index) for index in range(3))
    assert found.looked is not None
    assert found.looked.nouns == sum(" " not in name for name in looks)
    assert found.looked.peak.all()
    assert found.even.tolist() == pytest.approx([1.0] * 3)


# -- alarms ----------------------------------------------------------------------------------------------------------------------


def test_one_caption_for_every_picture_is_an_alarm() -> None:
    for same, alarms in ((4, 0), (5, 0), (6, 1), (20, 1)):
        said = ["A dog runs."] * same + [f"A cat number {number}." for number in range(20 - same)]
        found = verdict(said).alarms()
        assert len(found) == alarms, same
    assert found == ["warning: 20 of 20 pictures get the caption 'A dog runs.': does it see them at all?"]
    assert not verdict(["A dog runs."] * 5).alarms(), "too few to say"


def test_constant_attention_is_an_alarm() -> None:
    said = [f"word {number}" for number in range(4)]
    assert not verdict(said, even=np.array([0.85, 0.9, 0.92, 0.9])).alarms()
    found = verdict(said, even=np.array([0.95, 0.9, 0.92, 1.0]))
    assert found.alarms() == ["warning: the looks of a caption's words are all but the same: the attention is constant"]
    assert found.lines()[-1] == found.alarms()[0]


# -- words -----------------------------------------------------------------------------------------------------------------------


def test_average_precision_of_words_by_hand() -> None:
    """In the order of the scores the first word's pictures are right, wrong, right, wrong; the second's come last."""
    scores = np.array([[0.9, 0.1], [0.8, 0.9], [0.7, 0.2], [0.1, 0.8]])
    truth = np.array([[1, 1], [0, 0], [1, 1], [0, 0]], bool)
    assert average_precision(scores, truth).tolist() == pytest.approx([(1 + 2 / 3) / 2, (1 / 3 + 2 / 4) / 2])
