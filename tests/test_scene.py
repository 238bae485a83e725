"""The nouns: what cannot be true is refused, and nothing is lost on the way through JSON."""

import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from looksay.errors import BadValue, LooksayError, UnknownName, suggestion
from looksay.scene import (
    Answer,
    Caption,
    Heat,
    Label,
    Labels,
    Mask,
    Objects,
    Phrase,
    Referral,
    Regions,
    Scene,
    Thing,
)  # fmt: skip


def full_scene() -> Scene:
    rng = np.random.default_rng(0)
    mask = rng.random((6, 8)) > 0.5
    return Scene(
        (8, 6),
        id="COCO_val_000042",
        source="dog.jpg",
        labels=Labels((Label("perro pequeño", 0.75, "n02084071"), Label("cat", 0.1), Label("nothing", 0.0))),
        objects=Objects((
            Thing("dog", (1, 2, 3.5, 4), 0.0, Mask.of(mask), "t1", 2, True, True, True, True, {"colour": "brown"}),
            Thing("cat", (0, 0, 8, 6)),
        )),
        regions=Regions(("sky", "sea"), np.where(mask, 1, 255)),
        captions=(Caption("a brown dog.", 0.5, "en", (Phrase(0, 11, ("t1",)),), "en0"),),
        answers=(Answer("what is it?", Labels((Label("dog", 0.9),)), "what", ("dog", "cat"), ("t1",), "q7"),),
        referrals=(Referral("the dog", (1, 2, 3.5, 4), 0.3, "t1"),),
        heats=(Heat("dog", rng.random((6, 8)).astype(np.float32), "saliency"),),
        notes={"season": "winter"},
    )  # fmt: skip


def test_json_round_trip_loses_nothing() -> None:
    scene = full_scene()
    again = Scene.from_json(scene.to_json())
    assert again == scene
    assert again.to_json() == scene.to_json()
    assert again.objects[0].score == 0.0
    assert again.objects[0].mask == scene.objects[0].mask
    assert again.heats[0].values.tobytes() == scene.heats[0].values.tobytes()


def test_pickle_round_trip() -> None:
    assert pickle.loads(pickle.dumps(full_scene())) == full_scene()


def test_an_empty_scene_is_a_scene() -> None:
    scene = Scene((3, 2))
    assert not scene.labels
    assert not scene.regions
    assert not scene.objects
    assert json.loads(scene.to_json()) == {"size": [3, 2]}
    assert Scene.from_json(scene.to_json()) == scene
    assert list(scene.to_df().columns) == ["picture", "record", "name", "score", "x1", "y1", "x2", "y2"]


def test_table_has_a_row_for_each_record() -> None:
    table = full_scene().to_df()
    assert list(table.record) == ["label", "label", "label", "thing", "thing", "caption", "what is it?", "referral"]
    assert table.x2[3] == 3.5


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Thing("dog", (3, 0, 3, 4)), "extent"),
        (lambda: Thing("dog", (3, 0, 2, 4)), "extent"),
        (lambda: Thing("dog", (0, 0, math.nan, 4)), "finite"),
        (lambda: Thing("dog", (0, 0, math.inf, 4)), "finite"),
        (lambda: Thing("dog", (0, 0, 1, 1), 1.2), "1.2"),
        (lambda: Label("dog", -0.1), "-0.1"),
        (lambda: Label("dog", math.nan), "nan"),
        (lambda: Label(""), "name"),
        (lambda: Labels((Label("a", 0.1), Label("b", 0.2))), "order"),
        (lambda: Scene((0, 5)), "size"),
        (lambda: Scene((8, 7), objects=full_scene().objects), "mask"),
        (lambda: Scene((8, 7), regions=full_scene().regions), "regions"),
        (lambda: Mask((4, 4), np.array([3, 4], np.uint32)), "runs"),
        (lambda: Mask.of(np.zeros((2, 2, 2))), "dimensions"),
        (lambda: Regions(("sky",), np.array([[1]])), "no name"),
        (lambda: Phrase(4, 4), "phrase"),
        (lambda: Caption("dog", phrases=(Phrase(0, 9),)), "beyond"),
        (lambda: Answer(""), "question"),
        (lambda: Referral("it", (5, 5, 1, 1)), "extent"),
        (lambda: Heat("dog", np.array([[-1.0]])), "negative"),
        (lambda: Heat("dog", np.array([[math.nan]])), "finite"),
        (lambda: Heat("dog", np.zeros(3)), "dimensions"),
        (lambda: full_scene().thing("t9"), "t9"),
    ],
)
def test_what_cannot_be_true_is_refused(make, word: str) -> None:
    with pytest.raises(BadValue, match=word):
        make()


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "nonsense",
        '{"size": [3]}',
        '{"id": "x"}',
        '{"size": [3, 2], "lables": []}',
        '{"size": [3, "2"]}',
        '{"size": [3, 2], "labels": [{"name": "dog", "score": "high"}]}',
        '{"size": [3, 2], "labels": [{"score": 0.5}]}',
        '{"size": [1, 1], "heats": [{"of": "a", "values": {"dtype": "<f4", "shape": [1, 1], "zlib": "eJxjYGBgAAAABAAB!"}}]}',
        '{"size": [1, 1], "heats": [{"of": "a", "values": {"dtype": "|O", "shape": [1], "zlib": ""}}]}',
        '{"size": [1, 1], "heats": [{"of": "a", "values": {"dtype": "<f4", "shape": [-1, -1], "zlib": ""}}]}',
    ],
)
def test_json_that_does_not_fit_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(BadValue):
        Scene.from_json(text)


def test_an_unknown_entry_gets_a_suggestion() -> None:
    with pytest.raises(BadValue, match="labels"):
        Scene.from_json('{"size": [3, 2], "lables": []}')


def test_an_array_that_unpacks_to_more_than_it_says_is_refused() -> None:
    import base64
    import zlib

    bomb = base64.b64encode(zlib.compress(bytes(10_000_000))).decode()
    text = json.dumps({"size": [1, 1], "heats": [{"of": "a", "values": {"dtype": "<f4", "shape": [1, 1], "zlib": bomb}}]})
    with pytest.raises(BadValue, match="more than its shape"):
        Scene.from_json(text)


def test_records_are_frozen() -> None:
    scene = full_scene()
    with pytest.raises(FrozenInstanceError):
        scene.id = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        scene.notes["season"] = "summer"  # type: ignore[index]
    with pytest.raises(ValueError, match="read-only"):
        scene.heats[0].values[0, 0] = 1
    assert replace(scene, id="b").id == "b"


def test_a_record_does_not_change_with_the_array_it_was_made_of() -> None:
    values = np.zeros((2, 2), np.float32)
    heat = Heat("a", values)
    values[0, 0] = 7
    assert heat.values[0, 0] == 0


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (64, 3)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_masks_equal_their_arrays(shape: tuple[int, int], share: float) -> None:
    array = np.random.default_rng(1).random(shape) < share
    mask = Mask.of(array)
    assert np.array_equal(mask.array(), array)
    assert mask.area == array.sum()
    rows, columns = np.nonzero(array)
    expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
    assert mask.box() == expected


def test_mask_runs_are_those_of_coco() -> None:
    from pycocotools import mask as coco

    array = np.random.default_rng(2).random((9, 5)) < 0.4
    theirs = coco.frPyObjects({"size": [9, 5], "counts": Mask.of(array).runs.tolist()}, 9, 5)
    assert np.array_equal(coco.decode(theirs).astype(bool), array)


def test_errors_say_what_where_and_how() -> None:
    error = LooksayError("is broken", where="a.jpg", mend="remove it")
    assert str(error) == "a.jpg: is broken (remove it)"
    assert str(UnknownName.of("system", "resnet-81", ["resnet-18", "vgg-16"])) == (
        "no system is called 'resnet-81' (did you mean resnet-18?)"
    )
    assert suggestion("zzz", ["one", "two"]) == "there is: one, two"
    assert suggestion("zzz", []) == "there are none"
