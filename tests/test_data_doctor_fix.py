"""Mended copies: what was done is listed, what is left is sound, and the original stays as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from doctor_case import WIDE, Box, Fake, coco, folders, found, item, photo, save, turned, voc, write, yolo
from looksay.data import doctor, pictures, source
from looksay.data.dataset import RawItem
from looksay.data.doctor_fix import Mended, Plan, plans_of
from looksay.data.doctor_frame import turned as turn
from looksay.data.doctor_survey import Survey
from looksay.errors import BadData
from looksay.scene import BoxXYXY, Scene

DOG: tuple[str, Box] = ("dog", (10, 10, 40, 50))


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def scenes(name: str, split: str = "train") -> dict[str, Scene]:
    return {scene.id: scene for _, scene in source.open(name, split)}


def things(scene: Scene) -> list[tuple[str, BoxXYXY]]:
    return [(thing.name, thing.box) for thing in scene.objects]


def done(report: doctor.FixReport) -> list[tuple[str, str]]:
    return [(action.kind, action.where) for action in report.actions]


def test_a_faulty_voc_set(tmp_path: Path) -> None:
    train: dict[str, list[tuple[str, Box]]] = {
        "a": [
            DOG,
            ("dog", (33, 33, 33, 33)),
            ("dog", (60, 50, 50, 20)),
            ("cat", (90, 40, 120, 60)),
            ("cat", (97, 5, 120, 60)),
            DOG,
        ],
        "b": [DOG, ("Dog", (50, 20, 80, 60))],
        "c": [("cat", (5, 5, 50, 50))],
        "d": [DOG],
        "e": [DOG],
    }
    home = voc(tmp_path / "set", {"train": train, "test": {"t": [DOG, ("cat", (1, 1, 96, 64))]}})
    (home / "JPEGImages/c.png").write_bytes(b"GIF89a, but no more")
    (home / "JPEGImages/d.png").write_bytes((home / "JPEGImages/t.png").read_bytes())
    (home / "JPEGImages/e.png").unlink()
    before = tree(home)
    calls: list[tuple[int, int]] = []
    checkup, report = doctor.fix(f"voc:{home}", tmp_path / "copy", progress=lambda now, total: calls.append((now, total)))
    xml = f"{home}/Annotations"
    assert tree(home) == before
    assert calls == sorted(calls)
    assert calls[-1][1] == 12
    expected = [
        ("broken-picture", f"{home}/JPEGImages/c.png"),
        ("missing-picture", f"{home}/JPEGImages/e.jpg"),
        ("leak", f"{home}/JPEGImages/d.png"),
        ("box-empty", f"{xml}/a.xml:4"),
        ("box-inverted", f"{xml}/a.xml:5"),
        ("box-partly-outside", f"{xml}/a.xml:6"),
        ("box-outside", f"{xml}/a.xml:7"),
        ("duplicate-box", f"{xml}/a.xml:8"),
        ("class-case", f"{xml}/b.xml:4"),
    ]
    assert sorted(done(report)) == sorted(expected)
    assert sorted(found(checkup, "class-only-in-train", "class-never-in-train")) == sorted(expected)
    copy = f"voc:{tmp_path / 'copy'}"
    assert found(doctor.check(copy)) == []
    mended = scenes(copy)
    assert things(mended["a"]) == [("dog", (9, 9, 40, 50)), ("dog", (49, 19, 60, 50)), ("cat", (89, 39, 96, 60))]
    assert things(mended["b"]) == [("dog", (9, 9, 40, 50)), ("dog", (49, 19, 80, 60))]
    assert set(mended) == {"a", "b"}
    assert set(scenes(copy, "test")) == {"t"}
    assert (tmp_path / "copy/Annotations/a.xml").is_file()


def test_the_list_of_actions(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG, ("dog", (5, 5, 5, 9))]}})
    _, report = doctor.fix(f"voc:{home}", tmp_path / "copy")
    assert report.file == tmp_path / "copy.fixes.json"
    read = json.loads(report.file.read_text())
    where, what = f"{home}/Annotations/a.xml:4", "dropped: the box of 'dog', 5 5 5 9"
    assert read["actions"] == [{"kind": "box-empty", "where": where, "what": what}]
    assert read["counts"] == {"box-empty": 1}
    assert read["format"] == "voc"
    assert read["splits"] == [{"split": "train", "pictures": 1, "things": 1, "left_out": {}}]
    assert list(report.lines()) == [f"box-empty: {where}: {what}", f"{tmp_path / 'copy'}, train: 1 pictures, 1 boxes"]


def test_a_sound_set_is_copied_as_it_is(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG], "b": [("cat", (1, 1, 96, 64)), ("dog", (2, 2, 90, 60))]}})
    _, report = doctor.fix(f"voc:{home}", tmp_path / "copy")
    assert report.actions == ()
    old, new = scenes(f"voc:{home}"), scenes(f"voc:{tmp_path / 'copy'}")
    assert {id: things(scene) for id, scene in old.items()} == {id: things(scene) for id, scene in new.items()}


def test_voc_counted_from_0_is_moved(tmp_path: Path) -> None:
    zero: list[tuple[str, Box]] = [("dog", (0, 5, 30, 40)), ("dog", (40, 0, 95, 63)), ("cat", (0, 20, 60, 63))]
    home = voc(tmp_path / "set", {"train": {"a": zero, "b": zero}})
    doctor.fix(f"voc:{home}", tmp_path / "copy")
    copy = f"voc:{tmp_path / 'copy'}"
    assert found(doctor.check(copy)) == []
    assert things(scenes(copy)["a"]) == [("dog", (0, 5, 31, 41)), ("dog", (40, 0, 96, 64)), ("cat", (0, 20, 61, 64))]


def test_coco_keeps_masks_captions_and_ids_of_what_is_sound(tmp_path: Path) -> None:
    shape = {"segmentation": [[12, 12, 38, 12, 38, 48, 12, 48]], "attributes": {"colour": "brown"}}
    items: dict[str, list[tuple[str, Box]]] = {"a": [("dog", (10, 10, 30, 40)), ("dog", (50, 50, 0, 9)), ("cat", (5, 5, 20, 20))]}
    home = coco(tmp_path / "set", "train", items, shape)
    captions = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [{"id": 5, "image_id": 1, "caption": "a dog"}]}
    write(home / "annotations/captions_train.json", json.dumps(captions))
    _, report = doctor.fix(f"coco:{home}", tmp_path / "copy")
    assert done(report) == [("box-empty", "instances_train.json, annotation 1 (id 2)")]
    scene = scenes(f"coco:{tmp_path / 'copy'}")["1"]
    assert things(scene) == [("dog", (10, 10, 40, 50)), ("cat", (5, 5, 25, 25))]
    assert [thing.id for thing in scene.objects] == ["1", "3"]
    assert scene.objects[0].mask is not None
    assert scene.objects[0].mask.area == 26 * 36
    assert scene.objects[0].attributes["colour"] == "brown"
    assert [caption.text for caption in scene.captions] == ["a dog"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_boxes_turn_with_the_picture(orientation: int) -> None:
    """Against Pillow's own turning of a picture with one white box."""
    stored = np.zeros((20, 30), np.uint8)
    box = (4, 7, 15, 12)
    stored[box[1] : box[3], box[0] : box[2]] = 255
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    shown = np.asarray(ImageOps.exif_transpose(image))
    rows, columns = np.nonzero(shown)
    expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert turn(box, (30, 20), orientation) == expected


def test_exif_rotation_is_undone(tmp_path: Path) -> None:
    home = coco(tmp_path / "set", "train", {"a": [("dog", (40, 10, 50, 40))], "b": [("dog", (4, 4, 50, 40))]})
    picture = np.full((64, 96, 3), (40, 60, 90), np.uint8)
    picture[10:50, 40:90] = (220, 200, 10)
    save(picture, home / "train/a.png", exif=turned(6))
    doctor.fix(f"coco:{home}", tmp_path / "copy")
    copy = f"coco:{tmp_path / 'copy'}"
    assert found(doctor.check(copy)) == []
    shown, scene = source.open(copy, "train")[0]
    assert scene.size == (64, 96)
    x1, y1, x2, y2 = (int(edge) for edge in scene.objects[0].box)
    assert (shown[y1:y2, x1:x2, 0] == 220).all()
    assert int((shown[..., 0] == 220).sum()) == (x2 - x1) * (y2 - y1)


def test_boxes_of_another_size_are_scaled(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [("dog", (101, 21, 180, 120))]}}, (192, 128))
    save(photo(1), home / "JPEGImages/a.png")
    checkup, report = doctor.fix(f"voc:{home}", tmp_path / "copy")
    assert [kind for kind, _ in found(checkup)] == ["stated-size"]
    assert things(scenes(f"voc:{tmp_path / 'copy'}")["a"]) == [("dog", (50, 10, 90, 60))]
    assert {action.kind for action in report.actions} == {"stated-size"}


def test_yolo(tmp_path: Path) -> None:
    train = {"a": "0 0.5 0.5 0.4 0.4\n0 0.1 0.1 0 0.1\n", "b": "1 0.95 0.5 0.2 0.5\n", "c": "oh\n", "d": ""}
    home = yolo(tmp_path / "set", {"train": train, "val": {"v": "1 0.5 0.5 0.5 0.5\n"}}, ["cat", "dog"])
    doctor.fix(f"yolo:{home}", tmp_path / "copy")
    copy = f"yolo:{tmp_path / 'copy'}"
    assert [kind for kind, _ in found(doctor.check(copy))] == ["no-objects", "class-only-in-train"]
    mended = scenes(copy)
    assert set(mended) == {"a", "b", "d"}
    assert things(mended["d"]) == []
    assert [name for name, _ in things(mended["a"])] == ["cat"]
    assert things(mended["b"])[0][1] == pytest.approx((0.85 * 96, 16, 96, 48), abs=1e-4)


def test_classes_as_folders(tmp_path: Path) -> None:
    home = folders(tmp_path / "set", {"train": {"horse": 30, "hosre": 1, "cow": 3, "Cow": 1}, "test": {"horse": 1, "cow": 1}})
    (home / "train/cow/1.png").write_bytes((home / "train/cow/0.png").read_bytes())
    (home / "train/horse/1.png").write_bytes((home / "test/horse/0.png").read_bytes())
    checkup, report = doctor.fix(str(home), tmp_path / "copy")
    assert sorted(found(checkup)) == sorted(
        [
            ("leak", f"{home}/train/horse/1.png"),
            ("twin", f"{home}/train/cow/1.png"),
            ("class-case", f"{home}/train/Cow/0.png"),
            ("misspelt-class", f"{home}/train/hosre/0.png"),
            ("class-only-in-train", f"imagefolder:{home}"),
            ("class-only-in-train", f"imagefolder:{home}"),
            ("imbalance", f"imagefolder:{home}"),
        ]
    )
    assert report.counts == {"leak": 1, "twin": 1, "class-case": 1, "misspelt-class": 1}
    after = doctor.check(str(tmp_path / "copy"))
    assert found(after) == []
    assert after.facts.classes == {"horse": 31, "cow": 4}


def test_lists_of_classes_that_somebody_wrote_are_not_merged(tmp_path: Path) -> None:
    """mouse is no misspelt house where a list has both."""
    items: dict[str, list[tuple[str, Box]]] = {f"h{at}": [("house", (5, 5, 9, 9))] for at in range(12)}
    home = coco(tmp_path / "set", "train", {**items, "m": [("houses", (5, 5, 9, 9))]})
    checkup, report = doctor.fix(f"coco:{home}", tmp_path / "copy")
    assert "misspelt-class" in checkup.counts
    assert report.actions == ()


def test_unknown_classes_take_a_near_name_or_stay(tmp_path: Path) -> None:
    train: dict[str, list[tuple[str, Box]]] = {"a": [DOG, ("horze", (5, 5, 60, 60))], "b": [("zebra", (5, 5, 60, 60))]}
    home = voc(tmp_path / "set", {"train": train})
    write(home / "labels.txt", "dog\nhorse\n")
    checkup, report = doctor.fix(f"voc:{home}", tmp_path / "copy")
    assert found(checkup) == [("unknown-class", f"{home}/Annotations/a.xml:4"), ("unknown-class", f"{home}/Annotations/b.xml:3")]
    assert done(report) == [("misspelt-class", f"{home}/Annotations/a.xml:4")]
    mended = scenes(f"voc:{tmp_path / 'copy'}")
    assert [name for name, _ in things(mended["a"])] == ["dog", "horse"]
    assert [name for name, _ in things(mended["b"])] == ["zebra"]


def test_another_format(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG, ("dog", (5, 5, 5, 9))]}})
    _, report = doctor.fix(f"voc:{home}", tmp_path / "copy", format="coco")
    assert report.format == "coco"
    assert things(next(iter(scenes(f"coco:{tmp_path / 'copy'}").values()))) == [("dog", (9, 9, 40, 50))]


def test_new_ids_where_ids_are_used_twice() -> None:
    raw = [item(DOG, id=id) for id in ("a", "a", "a-2", "a", "b")]
    survey = Survey({"train": Fake(raw)}, quick=True)
    survey.run(1, None, files=False)
    plan = plans_of(survey)["train"]
    assert set(plan.ids) == {1, 3}
    assert len({plan.ids.get(at, each.id) for at, each in enumerate(raw)}) == 5


def test_nothing_is_written_over_or_into_the_original(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG]}})
    write(tmp_path / "there/x.txt", "mine")
    with pytest.raises(BadData, match="is there already"):
        doctor.fix(f"voc:{home}", tmp_path / "there")
    with pytest.raises(BadData, match="lies in the data set itself"):
        doctor.fix(f"voc:{home}", home / "copy")
    write(tmp_path / "copy.fixes.json", "{}")
    with pytest.raises(BadData, match="is there already"):
        doctor.fix(f"voc:{home}", tmp_path / "copy")
    with pytest.raises(BadData, match="no such file"):
        doctor.fix(str(tmp_path / "nowhere"), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.fixes.json", "set", "there"]


def test_nothing_left_is_said(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG]}, "val": {"b": [DOG]}})
    (home / "JPEGImages/a.png").write_bytes(b"x")
    _, report = doctor.fix(f"voc:{home}", tmp_path / "copy")
    assert [each.split for each in report.written] == ["val"]
    assert found(doctor.check(f"voc:{tmp_path / 'copy'}")) == []


def test_a_mended_set_is_a_data_set() -> None:
    raw = [item(DOG, id="a"), item(("dog", (50, 10, 20, 30)), id="b"), item(DOG, id="c")]
    survey = Survey({"": Fake(raw)}, quick=False)
    survey.run(1, None, files=False)
    mended = Mended(survey.parts[""], plans_of(survey)[""])
    assert len(mended) == 3
    assert mended.classes == ("dog",)
    picture, scene = mended[1]
    assert things(scene) == [("dog", (20, 10, 50, 30))]
    assert picture.shape == (64, 96, 3)
    assert mended.scene(1) == scene
    assert [action.kind for action in mended.actions] == ["box-inverted"]
    assert isinstance(mended.raw(2), RawItem)
    assert Plan().shift == (0.0, 0.0)
    assert pictures.limit() > WIDE[0]
