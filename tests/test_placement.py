"""Boxes go where their things go: through preparing, crops, mirrors, shifts, mosaics, and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
import torch

from looksay.data.augment import mosaic, shape
from looksay.data.dataset import Dataset, RawItem
from looksay.data.loader import Feed, Feeding, ready
from looksay.nn.placement import Placement, placed
from looksay.nn.prep import Prep, fit
from looksay.nn.recipe import Augment
from looksay.scene import Objects, Scene, Thing
from looksay.storybook.chance import Chance
from looksay.tasks import task

BOX = (60, 40, 150, 110)
PREPS = (
    Prep((96, 96), "stretch"), Prep((128, 96), "stretch"), Prep((96, 96), "letterbox"), Prep((128, 64), "letterbox"),
    Prep((96, 96), "crop", 110), Prep((200, 120), "inside", 90),
)  # fmt: skip


def marked(size: tuple[int, int] = (220, 160), box: Sequence[int] = BOX) -> npt.NDArray[np.uint8]:
    """Dark, with one bright rectangle."""
    picture = np.full((size[1], size[0], 3), 20, np.uint8)
    picture[box[1] : box[3], box[0] : box[2]] = 250
    return picture


def seen(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    rows, columns = np.nonzero(picture[:, :, 0] > 135)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], np.float64)


@pytest.mark.parametrize("prep", PREPS, ids=lambda prep: f"{prep.mode}-{prep.size}")
@pytest.mark.parametrize("size", [(220, 160), (160, 220)])
def test_boxes_lie_on_their_things_as_looking_sees_them(prep: Prep, size: tuple[int, int]) -> None:
    place = placed(size, prep)
    made = fit(marked(size), prep)
    if prep.mode == "inside":
        assert made.shape[1::-1] == place.size
    kept, left = place.inside(np.array([BOX], np.float64))
    assert np.abs(seen(made) - kept[0]).max() <= 1
    assert 0 < left[0] <= 1
    assert np.abs(place.back(place.boxes(np.array([BOX], np.float64))) - BOX).max() < 1e-9


@pytest.mark.parametrize("mode", ["stretch", "letterbox", "inside"])
def test_boxes_lie_on_their_things_after_augmentation(mode: str) -> None:
    prep = Prep((128, 96), mode, 96)  # type: ignore[arg-type] - one of the three
    how = Augment(flip=0.5, crop=(0.4, 1.0), ratio=(0.7, 1.4), shift=0.1 if mode == "stretch" else 0.0)
    flips = far = 0
    for turn in range(60):
        made, place = shape(marked(), prep, how, Chance(turn, "test"))
        boxes, left = place.inside(np.array([BOX], np.float64))
        flips += place.flip
        if left[0] < 0.3:
            far += 1
            continue
        if how.shift and (boxes[0, :2].min() <= 0 or boxes[0, 2] >= place.size[0] or boxes[0, 3] >= place.size[1]):
            continue  # a shift repeats the border, and with it the thing that touches it
        assert np.abs(seen(made) - boxes[0]).max() <= 1.5, (turn, place)
        assert np.abs(place.back(place.boxes(np.array([BOX], np.float64))) - BOX).max() < 1e-6
    assert 15 < flips < 45
    assert far < 30


def test_each_thing_of_a_mosaic_is_in_its_corner() -> None:
    prep, how = Prep((160, 160), "stretch"), Augment(flip=0.5, crop=(0.6, 1.0), ratio=(0.8, 1.25))
    for turn in range(30):
        made, places = mosaic([marked()] * 4, prep, how, Chance(turn, "four"))
        assert made.shape == (160, 160, 3)
        assert sum(place.size[0] * place.size[1] for place in places) == 160 * 160
        for place in places:
            (box,), left = place.inside(np.array([BOX], np.float64))
            x, y = int(place.offset[0]), int(place.offset[1])
            corner = made[y : y + place.size[1], x : x + place.size[0]]
            if left[0] > 0.3:
                assert np.abs(seen(corner) + np.array([x, y, x, y]) - box).max() <= 2


class Marked(Dataset):
    """Pictures of several sizes with a rectangle each; every third has none."""

    classes = ("mark",)
    source = "marks"

    def __len__(self) -> int:
        return 9

    def _size(self, index: int) -> tuple[int, int]:
        return 200 + 10 * index, 260 - 10 * index

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        return marked(self._size(index), BOX if index % 3 else (0, 0, 0, 0))

    def scene(self, index: int) -> Scene:
        box = tuple(map(float, BOX))
        things = (Thing("mark", box, difficult=index == 4),) if index % 3 else ()  # type: ignore[arg-type] - four numbers
        return Scene(self._size(index), id=str(index), objects=Objects(things))

    def raw(self, index: int) -> RawItem:
        return RawItem(str(index), "", f"picture {index}", self._size(index))


@pytest.mark.parametrize("how", [None, Augment(flip=0.5, crop=(0.5, 1.0), ratio=(0.8, 1.25)), Augment(mosaic=1.0)])
def test_batches_carry_boxes(how: Augment | None) -> None:
    feed = Feed(Marked(), Prep((96, 96), "stretch"), task("detect"), Feeding(3, 0, how))
    count = 0
    for batch in feed.epoch(0):
        for row in range(len(batch)):
            boxes, labels, ignore = (batch.targets[name][row] for name in ("boxes", "labels", "ignore"))
            assert boxes.shape == (len(labels), 4)
            assert boxes.dtype == torch.float32
            assert ignore.dtype == torch.bool
            assert bool((boxes >= 0).all() & (boxes <= 96).all())
            bright = batch.pictures[row, 0] > 0.5
            for box, vague in zip(boxes.round().int().tolist(), ignore.tolist(), strict=True):
                if not vague:
                    assert bright[box[1] + 2 : box[3] - 2, box[0] + 2 : box[2] - 2].float().mean() > 0.95
            count += len(labels)
    assert count == 6 if how is None else count > 0


def test_sizes_are_drawn_for_whole_batches_and_follow_from_the_place() -> None:
    def sizes(start: int = 0, epoch: int = 0) -> list[int]:
        feed = Feed(Marked(), Prep((96, 96), "stretch"), task("detect"), Feeding(1, 0, Augment(sizes=(64, 96, 128))))
        return [batch.pictures.shape[-1] for batch in feed.epoch(epoch, start)]

    assert set(sizes()) == {64, 96, 128}
    assert sizes(4) == sizes()[4:]
    assert sizes(epoch=1) != sizes()


def test_padding_is_nothing_and_not_part_of_the_picture() -> None:
    pictures = [("a", marked((220, 160))), ("b", marked((100, 200), (10, 20, 60, 90)))]
    batch = ready(pictures, Prep((200, 120), "inside", 90))
    assert batch.pictures.shape == (2, 3, 192, 128)
    assert [batch.extent(row) for row in range(2)] == [(123, 90), (90, 180)]
    for row in range(2):
        wide, high = batch.extent(row)
        assert not batch.pictures[row, :, high:].any()
        assert not batch.pictures[row, :, :, wide:].any()
        assert batch.pictures[row, :, :high, :wide].abs().min() > 0


def test_what_a_crop_cuts_away_is_gone_or_not_counted() -> None:
    kind = task("detect")
    for shift, expected in ((-102.0, []), (-80.0, [True]), (-20.0, [False])):
        place = Placement((1.0, 1.0), (shift - 40, 0.0), (200, 200))
        found = kind.encode(Marked(), 1, place)["ignore"].tolist()
        left = max(0.0, min(1.0, (150 + shift - 40) / 90))
        assert found == expected, left
    assert kind.encode(Marked(), 4, placed((240, 220), Prep((96, 96), "stretch")))["ignore"].tolist() == [True]  # difficult
