"""From one format to another: files are copied where they can be, ids and numbers stay, the same input gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_case import CLASSES, made, read
from looksay.data import pictures, source, write
from looksay.data.dataset import Dataset
from looksay.data.writing import How, Names
from looksay.errors import BadData


def test_file_names_are_safe_and_different() -> None:
    names = Names()
    given = ["a.jpg", "A", "a.png", "../../x", "/etc/passwd", "b:c?.txt", ".hidden", "", "x" * 300, "train/cat/1.jpg"]
    found = [names.of(id) for id in given]
    assert found[:3] == ["a", "A-2", "a-3"]
    assert found[4:8] == ["etc_passwd", "b_c_.txt", "hidden", "picture"]
    assert all("/" not in name and not name.startswith(".") and len(name) <= 120 for name in found)
    assert found[-1] == "train_cat_1"
    assert len({name.lower() for name in found}) == len(found)


def test_convert_copies_files_and_keeps_ids(tmp_path: Path) -> None:
    first = tmp_path / "coco"
    write.save(made(seed=1), first, "coco", "train", classes=CLASSES, how=How(pictures="jpeg"))
    write.save(made(3, seed=2, first=200), first, "coco", "val", classes=CLASSES, how=How(pictures="jpeg"))
    told: list[tuple[int, int]] = []
    done = write.convert(f"coco:{first}", tmp_path / "voc", "voc", progress=lambda now, of: told.append((now, of)))
    assert told == [(number, 7) for number in range(1, 8)]
    assert [(part.split, part.pictures) for part in done] == [("train", 4), ("val", 3)]
    for split in ("train", "val"):
        for one, other in zip(read(first, split), read(tmp_path / "voc", split), strict=True):
            assert one[1].id == other[1].id
            assert [thing.box for thing in one[1].objects] == [thing.box for thing in other[1].objects]
    assert (first / "train/100.jpg").read_bytes() == (tmp_path / "voc/JPEGImages/100.jpg").read_bytes()
    write.convert(f"voc:{tmp_path}/voc", tmp_path / "back", "coco")
    back = source.open(str(tmp_path / "back"), "val")
    assert [back.scene(i).id for i in range(3)] == ["200", "201", "202"]
    write.convert(f"coco:{tmp_path}/back", tmp_path / "yolo", "yolo")
    assert (tmp_path / "yolo/data.yaml").read_text().splitlines()[1:3] == ["train: images/train", "val: images/val"]


def test_a_set_without_splits_becomes_train_and_category_numbers_stay(tmp_path: Path) -> None:
    whole = {
        "images": [{"id": 4, "file_name": "a.png", "width": 9, "height": 8}],
        "annotations": [{"id": 77, "image_id": 4, "category_id": 90, "bbox": [1, 1, 3, 3], "area": 8.5}],
        "categories": [{"id": 90, "name": "toothbrush"}, {"id": 3, "name": "car"}],
    }
    (tmp_path / "in").mkdir()
    Image.new("RGB", (9, 8)).save(tmp_path / "in/a.png")
    (tmp_path / "in/x.json").write_text(json.dumps(whole))
    write.convert(f"coco:{tmp_path}/in/x.json", tmp_path / "out", "coco")
    found = json.loads((tmp_path / "out/annotations/instances_train.json").read_text())
    assert [(kind["id"], kind["name"]) for kind in found["categories"]] == [(90, "toothbrush"), (3, "car")]
    note = found["annotations"][0]
    assert (note["id"], note["image_id"], note["category_id"], note["area"]) == (77, 4, 90, 8.5)


def test_names_that_are_no_numbers_survive_as_file_names(tmp_path: Path) -> None:
    pairs = [(picture, replace(scene, id=f"street_{scene.id}")) for picture, scene in made()]
    for split in ("train", "val"):
        renamed = [(picture, replace(scene, id=f"{scene.id}_{split}")) for picture, scene in pairs]
        write.save(renamed, tmp_path / "voc", "voc", split, classes=CLASSES)
    write.convert(f"voc:{tmp_path}/voc", tmp_path / "coco", "coco")
    ids = [source.open(str(tmp_path / "coco"), split).name(i) for split in ("train", "val") for i in range(4)]
    assert ids == [str(number) for number in range(1, 9)], "a number means one picture in all splits"
    write.convert(f"coco:{tmp_path}/coco", tmp_path / "back", "voc")
    for split in ("train", "val"):
        there, back = read(tmp_path / "voc", split), read(tmp_path / "back", split)
        assert [scene.id for _, scene in back] == [scene.id for _, scene in there]
        for (_, one), (_, other) in zip(there, back, strict=True):
            assert [(thing.name, thing.box, thing.mask) for thing in one.objects] == [
                (thing.name, thing.box, thing.mask) for thing in other.objects
            ]


def test_turned_photographs_are_written_upright(tmp_path: Path) -> None:
    tags = Image.Exif()
    tags[0x0112] = 6
    (tmp_path / "in/cat").mkdir(parents=True)
    Image.fromarray(np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3)).save(tmp_path / "in/cat/a.jpg", exif=tags.tobytes())
    Image.new("RGB", (16, 8)).save(tmp_path / "in/cat/b.jpg")
    write.convert(str(tmp_path / "in"), tmp_path / "out", "imagefolder")
    assert (tmp_path / "out/train/cat/b.jpg").read_bytes() == (tmp_path / "in/cat/b.jpg").read_bytes()
    turned = tmp_path / "out/train/cat/a.png"
    with Image.open(turned) as image:
        assert image.size == (8, 16)
    assert np.array_equal(pictures.read(turned), pictures.read(tmp_path / "in/cat/a.jpg"))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for format in write.WRITERS:
        for name in ("a", "b"):
            write.save(made(), tmp_path / format / name, format, "test")
        one, other = (
            {
                path.relative_to(tmp_path / format / name): path.read_bytes()
                for path in (tmp_path / format / name).rglob("*")
                if path.is_file()
            }
            for name in ("a", "b")
        )
        assert one == other


def test_a_picture_of_another_size_than_its_truth_is_not_written(tmp_path: Path) -> None:
    write.save(made(), tmp_path / "a", "coco")
    Image.new("RGB", (5, 5)).save(tmp_path / "a/train/101.png")
    found: Dataset = source.open(str(tmp_path / "a"), "train")
    with pytest.raises(BadData, match="but the upright picture is 5 × 5"):
        write.save(found, tmp_path / "b", "voc")
    assert not (tmp_path / "b").exists()
