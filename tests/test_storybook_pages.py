"""Pages and clips: the same everywhere, and true: every mask, box, order and motion is checked against the pictures."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest

from looksay.errors import BadValue, UnknownName
from looksay.storybook import clip as clips
from looksay.storybook.canvas import Canvas, Stamp
from looksay.storybook.chance import Chance
from looksay.storybook.compose import compose
from looksay.storybook.land import STUFF, land_of
from looksay.storybook.noise import stream
from looksay.storybook.page import REGION_NAMES, draw, page, sheet, truth
from looksay.storybook.spec import ACTIONS, COLOURS, KIND_COLOURS, KINDS, SEASONS, SETTINGS, TIMES

GOLDEN = "16929f4aee0effce"
SIZES = ((128, 128), (160, 90), (64, 112))


def digest(seed: int, index: int, view: str, size: tuple[int, int]) -> str:
    made = page(seed, index, size, view)
    return hashlib.sha256(made.picture.tobytes() + made.scene.to_json().encode()).hexdigest()


def test_same_page_in_a_fresh_process_and_in_any_order() -> None:
    wanted = [(1, 4, "scene", (128, 128)), (1, 2, "portrait", (96, 64)), (7, 9, "scene", (64, 64))]
    here = [digest(*one) for one in wanted]
    code = (
        "import sys; sys.path.insert(0, 'tests'); from test_storybook_pages import digest\n"
        f"for one in reversed({wanted!r}): print(digest(*one))"
    )
    fresh = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert fresh[::-1] == here
    assert len(set(here)) == 3


def test_truth_is_what_it_was() -> None:
    """Another machine, another OpenCV, or another drawing: whoever changes the drawings on purpose writes down the new number."""
    told = [
        page(2024, index, (96, 96), view, words=False).scene.to_json() for view in ("scene", "portrait") for index in range(4)
    ]
    told += [scene.to_json() for scene in clips.clip(2024, 0, (64, 64), words=False).scenes]
    assert hashlib.sha256("\n".join(told).encode()).hexdigest()[:16] == GOLDEN


def test_stream_is_the_chance_of_the_same_words() -> None:
    chance = Chance(5, "words")
    assert stream(20, 5, "words").tolist() == [chance.real() for _ in range(20)]


def grown(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0


@pytest.mark.parametrize("view", ["scene", "portrait"])
def test_hiding_a_thing_changes_its_mask_and_nothing_else(view: str) -> None:
    inside = outside = missed = 0
    for index in range(15):
        spec, size = compose(3, index, view), SIZES[index % 3]
        whole = draw(spec, size, lens=False)
        for place, thing in enumerate(spec.things):
            without = draw(spec, size, hide=thing.id, lens=False)
            changed = (without.picture != whole.picture).any(axis=2)
            mask = whole.ids == place
            inside += int(mask.sum())
            outside += int((changed & ~grown(mask)).sum())
            missed += int((mask & ~changed).sum())
            assert not (without.ids == place).any()
    assert inside > 15000
    assert missed < 0.002 * inside  # a pixel may by chance have the colour of what is behind it
    assert outside < 0.006 * inside  # strokes thinner than half a pixel belong to no mask


def test_boxes_are_tight_and_flags_follow_the_silhouettes() -> None:
    flags: Counter[str] = Counter()
    for index in range(24):
        spec, size = compose(8, index), SIZES[index % 3]
        drawing = draw(spec, size)
        scene = truth(spec, size, drawing, words=False)
        assert [thing.depth for thing in scene.objects] == list(range(len(scene.objects)))
        for thing in scene.objects:
            place = next(place for place, own in enumerate(spec.things) if own.id == thing.id)
            assert thing.mask is not None
            assert np.array_equal(thing.mask.array(), drawing.ids == place)
            assert thing.mask.box() == thing.box
            alone = draw(replace(spec, things=(spec.things[place],), view="clip"), size, lens=False)  # nothing in front
            whole = int((alone.regions == REGION_NAMES.index(thing.name)).sum())
            if abs(thing.area - 0.9 * whole) > 0.03 * whole:  # not where a boat's waves decide
                assert thing.occluded == (thing.area < 0.9 * whole)
            touches = thing.box[0] == 0 or thing.box[1] == 0 or thing.box[2] == size[0] or thing.box[3] == size[1]
            assert touches or not thing.truncated or thing.occluded
            flags.update({"truncated": thing.truncated, "occluded": thing.occluded})
            assert thing.attributes["colour"] in KIND_COLOURS[thing.name]
            assert thing.attributes["action"] in ACTIONS[thing.name]
    assert flags["truncated"] > 5
    assert flags["occluded"] > 10


def test_the_nearer_thing_is_seen_where_two_overlap() -> None:
    overlaps = 0
    for index in range(18):
        spec = compose(4, index)
        whole = draw(spec, (96, 96), lens=False)
        top = np.full((96, 96), -1)
        for place, thing in enumerate(spec.things):
            alone = draw(replace(spec, things=(thing,)), (96, 96), lens=False).ids == 0
            overlaps += int((alone & (top >= 0)).sum())
            top[alone] = place
        seen = whole.ids != 255
        assert np.array_equal(whole.ids[seen], top[seen])
    assert overlaps > 800


def test_regions_agree_with_the_things() -> None:
    found: set[str] = set()
    for index in range(60):
        spec = compose(6, index)
        drawing = draw(spec, (64, 64))
        own = np.array([REGION_NAMES.index(thing.kind) for thing in spec.things] + [0] * (256 - len(spec.things)), np.uint8)
        seen = drawing.ids != 255
        assert np.array_equal(drawing.regions[seen], own[drawing.ids[seen]])
        assert (drawing.regions[~seen] < len(STUFF)).all()
        found.update(REGION_NAMES[number] for number in np.unique(drawing.regions))
    assert set(STUFF) - {"ball"} <= found
    assert REGION_NAMES[len(STUFF) :] == KINDS


def test_a_portrait_is_of_its_subject() -> None:
    kinds: Counter[str] = Counter()
    poorest = 0
    for index in range(160):
        spec = compose(12, index, "portrait")
        kinds.update(thing.kind for thing in spec.things if thing.id == "t0")
        assert 1 <= len(spec.things) <= 4
        if index >= 60:
            continue
        made = page(12, index, (96, 96), "portrait", words=False)
        subject = next(thing for thing in spec.things if thing.id == "t0")
        areas = {thing.id: thing.area for thing in made.scene.objects}
        assert made.scene.labels[0].name == subject.kind
        assert areas["t0"] == max(areas.values())
        assert 0.35 <= subject.height <= 0.8
        poorest += sum(area > areas["t0"] / 3 for id, area in areas.items() if id != "t0")
    assert poorest <= 2
    assert set(kinds) == set(KINDS)


def test_everything_occurs_and_no_kind_is_rare() -> None:
    pages = [compose(9, index) for index in range(1200)]
    things = [thing for spec in pages for thing in spec.things]
    kinds = Counter(thing.kind for thing in things)
    assert set(kinds) == set(KINDS)
    assert max(kinds.values()) < 4 * min(kinds.values())
    assert {(thing.kind, thing.action) for thing in things} == {(kind, action) for kind in KINDS for action in ACTIONS[kind]}
    assert {thing.colour for thing in things} == set(COLOURS)
    assert {spec.setting for spec in pages} == set(SETTINGS)
    assert {(spec.time, spec.season) for spec in pages} == {(time, season) for time in TIMES for season in SEASONS}
    assert {len(spec.things) for spec in pages} == set(range(1, 9))
    assert all(thing.on in {other.id for other in spec.things} for spec in pages for thing in spec.things if thing.on)


def test_truth_does_not_depend_on_the_size() -> None:
    compared = 0
    for index in range(30):
        spec = compose(2, index)
        small, large = (truth(spec, (side, side), draw(spec, (side, side)), words=False) for side in (64, 256))
        fine = {thing.id: thing for thing in large.objects}
        for thing in small.objects:
            other = fine[thing.id]
            assert (thing.name, thing.attributes, thing.truncated) == (other.name, other.attributes, other.truncated)
            assert np.abs(np.array(thing.box) - np.array(other.box) / 4).max() <= 1.5 or thing.occluded
            if thing.area >= 150:
                assert thing.mask is not None
                assert other.mask is not None
                coarse = cv2.resize(other.mask.array().astype(np.float32), (64, 64), interpolation=cv2.INTER_AREA)
                mask = thing.mask.array()
                assert (mask & grown(coarse > 0.4)).sum() > 0.93 * mask.sum()  # within a pixel of one another
                assert (grown(mask) & (coarse > 0.6)).sum() > 0.97 * (coarse > 0.6).sum() or thing.occluded
                compared += 1
    assert compared > 20


def test_a_bottle_on_a_table_stands_on_it() -> None:
    seats = 0
    for index in range(400):
        spec = compose(5, index)
        hosts = {thing.id: thing for thing in spec.things}
        order = [thing.id for thing in spec.things]
        for thing in spec.things:
            if thing.on:
                host = hosts[thing.on]
                assert host.ground - host.height <= thing.ground < host.ground
                assert order.index(thing.id) > order.index(host.id)
                seats += 1
    assert seats > 20


def test_boats_float_and_trains_are_on_rails() -> None:
    seen = 0
    for index in range(200):
        spec = compose(15, index)
        for thing in spec.things:
            if thing.kind == "train" and spec.setting != "room":
                beside = draw(replace(spec, things=(replace(thing, height=0.01),)), (64, 64), lens=False).regions
                assert (beside[min(round(thing.ground * 64), 63)] == REGION_NAMES.index("rail")).mean() > 0.75
                seen += 1
            if thing.kind == "boat" and spec.setting in ("lake", "beach"):
                assert thing.ground <= land_of(spec).bands["water"][1]
    assert seen > 10


@pytest.mark.parametrize("size", [(96, 54), (50, 120), (33, 47)])
def test_pages_of_any_shape(size: tuple[int, int]) -> None:
    made = page(1, 3, size)
    assert made.picture.shape == (size[1], size[0], 3)
    assert made.scene.size == size
    assert made.scene.regions.ids.shape == (size[1], size[0])
    assert made.picture.std() > 10


def test_words_only_when_wanted_and_notes_always() -> None:
    told, silent = page(1, 5, (64, 64)), page(1, 5, (64, 64), words=False)
    assert np.array_equal(told.picture, silent.picture)
    assert told.scene.captions
    assert told.scene.answers
    assert not silent.scene.captions
    assert dict(silent.scene.notes) == {"setting": told.spec.setting, "time": told.spec.time, "season": told.spec.season}
    assert told.scene.id == "scene-1-5"


def test_the_lens_changes_the_picture_but_not_the_truth() -> None:
    spec = compose(1, 6)
    with_lens, without = draw(spec, (96, 96)), draw(spec, (96, 96), lens=False)
    assert np.array_equal(with_lens.ids, without.ids)
    assert np.array_equal(with_lens.regions, without.regions)
    assert not np.array_equal(with_lens.picture, without.picture)


def test_sheet_holds_the_pages_in_order() -> None:
    whole = sheet(3, 4, (40, 40), "portrait")
    assert whole.shape == (80, 80, 3)
    assert np.array_equal(whole[40:, :40], draw(compose(3, 2, "portrait"), (40, 40)).picture)


def test_bad_wishes_are_told() -> None:
    with pytest.raises(BadValue, match="16 to 2048"):
        page(1, 1, (8, 64))
    with pytest.raises(UnknownName, match="portrait"):
        compose(1, 1, "portait")
    with pytest.raises(UnknownName, match="t99"):
        draw(compose(1, 1), (32, 32), hide="t99")


def test_merged_stamps_cover_the_same() -> None:
    square = [(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]
    shifted = [(x + 0.25, y + 0.25) for x, y in square]
    stamp = Stamp.of([(square, 0), (shifted, 0), (square, 1)])
    assert len(stamp.merged().cuts) == 2
    covers = []
    for one in (stamp, stamp.merged()):
        sheet_ = Canvas((100, 100))
        sheet_.stamp(one, (0.1, 0.9), (1.0, 1.0), ((9, 9, 9), (9, 9, 9)))
        covers.append(sheet_.pixels[..., 3] > 127)
    assert (covers[0] ^ covers[1]).mean() < 0.01


def warped(mask: np.ndarray, motion: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(mask)
    x = np.rint(columns + motion[rows, columns, 0]).astype(int)
    y = np.rint(rows + motion[rows, columns, 1]).astype(int)
    there = np.zeros_like(mask)
    kept = (x >= 0) & (x < mask.shape[1]) & (y >= 0) & (y < mask.shape[0])
    there[y[kept], x[kept]] = True
    return cv2.morphologyEx(there.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0


def test_motion_takes_every_mask_to_where_it_is_next() -> None:
    good: list[float] = []
    still: list[float] = []
    for index in range(10):
        film = clips.clip(4, index)
        for moment, motion in enumerate(film.motion):
            later = {thing.id: thing for thing in film.scenes[moment + 1].objects}
            for thing in film.scenes[moment].objects:
                other = later.get(thing.id)
                if other is None or any((thing.truncated, thing.occluded, other.truncated, other.occluded)):
                    continue
                assert thing.mask is not None
                assert other.mask is not None
                mask, goal = thing.mask.array(), other.mask.array()
                if not motion[mask].any() or thing.attributes["action"] != other.attributes["action"]:
                    continue
                moved = warped(mask, motion)
                good.append((moved & goal).sum() / (moved | goal).sum())
                still.append((mask & goal).sum() / (mask | goal).sum())
    assert len(good) > 50
    assert np.mean(good) > 0.85
    assert min(good) > 0.55
    assert np.mean(good) > np.mean(still) + 0.1


def test_only_what_moves_has_motion() -> None:
    for index in range(4):
        film = clips.clip(6, index, (64, 64), words=False)
        assert film.frames.shape[1:] == (64, 64, 3)
        assert 16 <= len(film.frames) == len(film.scenes) == len(film.motion) + 1 <= 32
        assert not film.sentences
        for moment, motion in enumerate(film.motion):
            moving = np.isin(film.scenes[moment].regions.ids, [REGION_NAMES.index(name) for name in (*KINDS, "ball")])
            assert not motion[~moving].any()
        assert film.motion.any()


def test_clips_are_the_same_again_and_every_event_happens() -> None:
    one, two = clips.clip(3, 1, (64, 64)), clips.clip(3, 1, (64, 64))
    assert np.array_equal(one.frames, two.frames)
    assert np.array_equal(one.motion, two.motion)
    events = Counter(clips.stage_event(1, index)[0].name for index in range(400))
    assert set(events) == set(clips.ACTIONS)
    assert len(clips.ACTIONS) >= 12


def test_every_event_is_said_in_two_languages() -> None:
    told: set[str] = set()
    for index in range(400):
        event, pages = clips.stage_event(1, index)
        if event.name in told:
            continue
        told.add(event.name)
        said = clips.sentences(event, pages[0])
        assert [one.language for one in said] == ["en"] * 4 + ["es"] * 4
        ids = {thing.id for thing in pages[0].things}
        for one in said:
            assert one.text.endswith(".")
            assert one.phrases
            assert {id for phrase in one.phrases for id in phrase.things} <= ids
            assert "{" not in one.text
        colour = next(thing.colour for thing in pages[0].things if thing.id == "t0")
        assert colour in said[1].text
    assert told == set(clips.ACTIONS)
