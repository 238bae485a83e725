"""The doctor on folders of the standard formats, as people have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from doctor_case import WIDE, Box, coco, folders, found, photo, save, turned, voc, write, yolo
from looksay.data import doctor, source
from looksay.errors import BadData

DOG: tuple[str, Box] = ("dog", (10, 10, 40, 50))
CAT: tuple[str, Box] = ("cat", (1, 1, 96, 64))


def same(one: list[tuple[str, str]], other: list[tuple[str, str]]) -> bool:
    return sorted(one) == sorted(other)


# -- VOC -----------------------------------------------------------------------------------------------------------------------


def test_voc_with_two_boxes_without_extent(tmp_path: Path) -> None:
    """As in a known set of micrographs: 1-based, the splits and their union listed."""
    splits = {
        "train": {"a": [DOG, CAT], "b": [CAT, ("dog", (50, 33, 50, 33)), DOG]},
        "val": {"c": [DOG, CAT], "d": [("cat", (81, 29, 81, 29)), CAT, DOG]},
    }
    home = voc(tmp_path / "set", splits)
    write(home / "ImageSets/Main/trainval.txt", "a\nb\nc\nd\n")
    for quick in (False, True):
        checkup = doctor.check(f"voc:{home}", quick=quick)
        assert found(checkup) == [("box-empty", f"{home}/Annotations/b.xml:4"), ("box-empty", f"{home}/Annotations/d.xml:3")]
        assert checkup.facts.splits == {"train": 2, "val": 2}
        assert (checkup.facts.boxes, dict(checkup.facts.classes)) == (10, {"dog": 5, "cat": 5})
        assert checkup.facts.format == "voc"
        assert checkup.facts.smallest == WIDE
    for split, items in splits.items():
        for things in items.values():
            things[:] = [thing for thing in things if thing[1][0] != thing[1][2]]
        assert split in ("train", "val")
    assert found(doctor.check(f"voc:{voc(tmp_path / 'sound', splits)}")) == []


def test_voc_counted_from_0(tmp_path: Path) -> None:
    zero: list[tuple[str, Box]] = [("dog", (0, 5, 30, 40)), ("dog", (40, 0, 95, 63)), ("cat", (0, 20, 60, 63))]
    home = voc(tmp_path / "set", {"train": {"a": zero, "b": zero}})
    assert found(doctor.check(f"voc:{home}")) == [("counts-from", f"voc:{home}")]


def test_voc_files_that_belong_to_nothing(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG], "b": [DOG]}, "val": {"c": [DOG]}})
    assert found(doctor.check(f"voc:{home}")) == []
    extra = save(photo(77), home / "JPEGImages/extra.png")
    lonely = write(home / "Annotations/lonely.xml", (home / "Annotations/a.xml").read_text())
    save(photo(78), home / "JPEGImages/unlisted.png")
    write(home / "Annotations/unlisted.xml", (home / "Annotations/a.xml").read_text())
    write(home / "JPEGImages/IMG_1.HEIC", "x")
    (home / "JPEGImages/b.png").unlink()
    checkup = doctor.check(f"voc:{home}", quick=True)
    assert same(
        found(checkup),
        [
            ("missing-picture", f"{home}/JPEGImages/b.jpg"),
            ("picture-without-annotation", str(extra)),
            ("annotation-without-picture", str(lonely)),
            ("in-no-split", f"{home}/JPEGImages/unlisted.png"),
            ("ignored-file", f"{home}/JPEGImages"),
        ],
    )
    # Of a part of a set nobody can say what belongs to nothing.
    part = source.open(f"voc:{home}", "val", strict=False)
    assert found(doctor.check(part, quick=True)) == []


def test_voc_xml_that_is_broken(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG], "b": [DOG], "c": [DOG]}})
    write(home / "Annotations/b.xml", "<annotation><size>")
    checkup = doctor.check(f"voc:{home}", quick=True)
    assert [kind for kind, _ in found(checkup)] == ["bad-annotation"]
    assert found(checkup)[0][1].startswith(f"{home}/Annotations/b.xml:1")


# -- COCO ----------------------------------------------------------------------------------------------------------------------


def test_coco(tmp_path: Path) -> None:
    home = coco(
        tmp_path / "set", "train", {"a": [("dog", (10, 10, 30, 40)), ("cat", (0, 0, 96, 64))], "b": [("cat", (5, 5, 9, 9))]}
    )
    coco(home, "val", {"c": [("dog", (10, 10, 30, 40)), ("cat", (5, 5, 9, 9))]})
    name = f"coco:{home}"
    assert found(doctor.check(name)) == []
    path = home / "annotations/instances_train.json"
    whole = json.loads(path.read_text())
    whole["annotations"][0]["bbox"] = [10, 10, 0, 40]
    whole["annotations"][1]["category_id"] = 9
    whole["annotations"][2]["bbox"] = [90, 5, 9, 9]
    whole["annotations"] += [
        {"id": 3, "image_id": 2, "category_id": 1, "bbox": [40, 40, 9, 9]},
        {"id": 8, "image_id": 7, "bbox": []},
    ]
    whole["annotations"] += [{"id": 9, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3]}]
    path.write_text(json.dumps(whole))
    file = "instances_train.json"
    checkup = doctor.check(name, quick=True)
    # An item with an annotation that cannot be read is left out as a whole, so its other faults come to light later.
    assert same(
        found(checkup, "class-only-in-train", "class-never-in-train"),
        [
            ("duplicate-id", f"{file}, annotation 3"),
            ("annotation-without-picture", f"{file}, annotation 4"),
            ("bad-annotation", f"{file}, annotation 5 (id 9)"),
            ("box-partly-outside", f"{file}, annotation 2 (id 3)"),
        ],
    )
    del whole["annotations"][3:]
    path.write_text(json.dumps(whole))
    assert same(
        found(doctor.check(name, quick=True), "class-only-in-train", "class-never-in-train"),
        [
            ("box-empty", f"{file}, annotation 0 (id 1)"),
            ("unknown-class", f"{file}, annotation 1 (id 2)"),
            ("box-partly-outside", f"{file}, annotation 2 (id 3)"),
        ],
    )


def test_coco_masks_that_do_not_fit(tmp_path: Path) -> None:
    shape = {"segmentation": {"size": [5, 5], "counts": [25]}}
    home = coco(tmp_path / "set", "train", {"a": [("dog", (10, 10, 30, 40))]}, shape)
    assert [kind for kind, _ in found(doctor.check(f"coco:{home}"))] == ["mask-size"]
    assert found(doctor.check(f"coco:{home}", quick=True)) == []


def test_coco_pictures_turned_by_exif(tmp_path: Path) -> None:
    home = coco(tmp_path / "set", "train", {"a": [("dog", (40, 10, 50, 40))], "b": [("dog", (4, 4, 50, 40))]})
    save(photo(5), home / "train/a.png", exif=turned(6))
    assert found(doctor.check(f"coco:{home}")) == [("exif-rotation", "instances_train.json, image 0 (id 1)")]


# -- YOLO ----------------------------------------------------------------------------------------------------------------------


def test_yolo(tmp_path: Path) -> None:
    sound = {"a": "0 0.5 0.5 0.4 0.4\n1 0.2 0.3 0.2 0.2\n", "b": "1 0.5 0.5 1 1\n"}
    assert found(doctor.check(f"yolo:{yolo(tmp_path / 'sound', {'train': sound}, ['cat', 'dog'])}")) == []
    faulty = {
        "a": "0 0.5 0.5 0.4 0.4\n\n1 0.2 0.3 0 0.2\n",
        "b": "2 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.2 0.2\n1 0.98 0.5 0.1 0.2\n",
        "c": "0 0.5 nothing\n",
        "d": "",
        "e": "0 50 40 20 20\n",
        "f": "0 0.5 0.5 0.5 0.5\n",
    }
    home = yolo(tmp_path / "faulty", {"train": faulty}, ["cat", "dog"])
    (home / "labels/train/f.txt").unlink()
    (home / "images/train/g.png").write_bytes(b"no picture")
    write(home / "labels/train/h.txt", "0 0.5 0.5 0.1 0.1\n")
    labels = f"{home}/labels/train"
    assert same(
        found(doctor.check(f"yolo:{home}")),
        [
            ("box-empty", f"{labels}/a.txt:3"),
            ("unknown-class", f"{labels}/b.txt:1"),
            ("box-partly-outside", f"{labels}/b.txt:3"),
            ("bad-annotation", f"{labels}/c.txt:1"),
            ("no-objects", f"{labels}/d.txt"),
            ("box-outside", f"{labels}/e.txt:1"),
            ("picture-without-annotation", f"{home}/images/train/f.png"),
            ("not-a-picture", f"{home}/images/train/g.png"),
            ("annotation-without-picture", f"{labels}/h.txt"),
        ],
    )


# -- classes as folders --------------------------------------------------------------------------------------------------------


def test_imagefolder(tmp_path: Path) -> None:
    home = folders(tmp_path / "set", {"train": {"cat": 3, "dog": 3}, "test": {"cat": 1, "dog": 1}})
    assert found(doctor.check(str(home))) == []
    (home / "train/cat/2.png").write_bytes((home / "test/dog/0.png").read_bytes())
    (home / "train/dog/1.png").write_bytes((home / "train/dog/1.png").read_bytes()[:500])
    folders(home, {"train": {"Dog": 1}, "test": {"owl": 1}})
    checkup = doctor.check(str(home))
    assert same(
        [(kind, where.removeprefix(f"{home}/")) for kind, where in found(checkup)],
        [
            ("truncated-picture", "train/dog/1.png"),
            ("leak", "train/cat/2.png"),
            ("class-case", "train/Dog/0.png"),
            ("class-never-in-train", f"imagefolder:{home}"),
            ("class-only-in-train", f"imagefolder:{home}"),
        ],
    )
    assert checkup.facts.splits == {"train": 7, "test": 3}


# -- the gate ------------------------------------------------------------------------------------------------------------------


def test_the_gate(tmp_path: Path) -> None:
    sound = voc(tmp_path / "sound", {"train": {"a": [DOG]}})
    assert doctor.gate(f"voc:{sound}").ok
    one = voc(tmp_path / "one", {"train": {"a": [DOG, ("dog", (5, 5, 5, 9))]}})
    with pytest.raises(BadData) as caught:
        doctor.gate(f"voc:{one}")
    place = f"{one}/Annotations/a.xml:4"
    mend = f"`looksay data check voc:{one}` shows all; --allow-bad-data goes on anyway"
    assert str(caught.value) == f"{place}: the box of 'dog' has no extent: 5 5 5 9 ({mend})"
    many = voc(tmp_path / "many", {"train": {id: [DOG, ("dog", (5, 5, 5, 9)), ("cat", (9, 9, 5, 9))] for id in "abc"}})
    with pytest.raises(BadData, match=r"a\.xml:4: the box of 'dog' has no extent: 5 5 5 9, and 5 more errors"):
        doctor.gate(f"voc:{many}")
    allowed = doctor.gate(f"voc:{many}", allow=True)
    assert len(allowed.errors) == 6
    assert allowed.quick


def test_the_gate_does_not_stop_at_warnings(tmp_path: Path) -> None:
    home = voc(tmp_path / "set", {"train": {"a": [DOG, DOG]}})
    assert [finding.kind for finding in doctor.gate(f"voc:{home}").findings] == ["duplicate-box"]


def test_what_the_gate_lets_pass_can_be_read(tmp_path: Path) -> None:
    home = yolo(tmp_path / "set", {"train": {"a": "0 0.5 0.5 0.4 0.4\n", "b": ""}}, ["cat"])
    assert doctor.gate(f"yolo:{home}").ok
    for picture, scene in source.open(f"yolo:{home}", "train"):
        assert picture.shape[1::-1] == scene.size
