"""Writers: what is written is read back as the same scenes, up to what the format can say; other tools can read it too."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO

from data_case import CLASSES, Pair, made, read
from looksay.data import source, write
from looksay.data.writing import How
from looksay.errors import BadConfig, BadData, DiskTrouble, LooksayError, UnknownName
from looksay.scene import Label, Labels, Mask, Objects, Regions, Scene, Thing


def test_coco_keeps_everything_it_can(tmp_path: Path) -> None:
    pairs = list(made())
    done = write.save(iter(pairs), tmp_path, "coco", classes=CLASSES)
    assert (done.pictures, done.things, dict(done.left_out)) == (4, 9, {})
    assert source.open(str(tmp_path), "train").classes == CLASSES
    for (picture, scene), (seen, back) in zip(pairs, read(tmp_path), strict=True):
        assert np.array_equal(picture, seen)
        assert (back.id, back.size, back.captions) == (scene.id, scene.size, scene.captions)
        for thing, other in zip(scene.objects, back.objects, strict=True):
            assert (other.name, other.id, other.box, other.mask) == (thing.name, thing.id, thing.box, thing.mask)
            assert (other.difficult, other.truncated, other.occluded) == (thing.difficult, thing.truncated, thing.occluded)
            assert thing.mask is not None
            assert dict(other.attributes) == {**thing.attributes, "area": str(thing.mask.area)}
    official = COCO(tmp_path / "annotations/instances_train.json")
    thing = pairs[0][1].objects[0]
    assert thing.mask is not None
    assert np.array_equal(official.annToMask(official.anns[int(thing.id)]), thing.mask.array())
    assert official.loadCats([1])[0]["name"] == "zebra"
    assert not list(tmp_path.glob("**/.*")), "nothing is left of the making"


def test_coco_keeps_numbers_and_gives_new_ones_where_they_are_taken(tmp_path: Path) -> None:
    picture = np.zeros((10, 10, 3), np.uint8)

    def scene(id: str, *things: str) -> Scene:
        return Scene((10, 10), id=id, objects=Objects(tuple(Thing("cat", (0.1, 0.2, 5.3, 6), id=thing) for thing in things)))

    scenes = [scene("12", "5", "5", ""), scene("page-1", "x", "007"), scene("12", "900")]
    write.save([(picture, each) for each in scenes], tmp_path, "coco")
    whole = json.loads((tmp_path / "annotations/instances_train.json").read_text())
    assert [(each["id"], each["file_name"]) for each in whole["images"]] == [(12, "12.png"), (13, "page-1.png"), (14, "12-2.png")]
    assert [each["id"] for each in whole["annotations"]] == [5, 901, 902, 903, 7, 900]
    assert [each["image_id"] for each in whole["annotations"]] == [12, 12, 12, 13, 13, 14]
    assert whole["annotations"][0]["bbox"] == [0.1, 0.2, 5.2, 5.8]


def test_voc_rounds_boxes_to_pixels(tmp_path: Path) -> None:
    pairs = list(made())
    done = write.save(iter(pairs), tmp_path, "voc", classes=CLASSES, how=How(pictures="png"))
    assert dict(done.left_out) == {"captions": 8}
    for (picture, scene), (seen, back) in zip(pairs, read(tmp_path), strict=True):
        assert np.array_equal(picture, seen)
        assert (back.id, back.size) == (scene.id, scene.size)
        taken = np.zeros(scene.size[::-1], np.uint8)
        for number, thing in sorted(enumerate(scene.objects, 1), key=lambda pair: -pair[1].area):
            assert thing.mask is not None
            taken[thing.mask.array()] = number
        for number, (thing, other) in enumerate(zip(scene.objects, back.objects, strict=True), 1):
            assert (other.name, other.box, dict(other.attributes)) == (thing.name, thing.box, dict(thing.attributes))
            assert (other.difficult, other.truncated, other.occluded) == (thing.difficult, thing.truncated, thing.occluded)
            assert other.mask is None or np.array_equal(other.mask.array(), taken == number)
            assert back.regions.ids[taken == number].tolist() == [CLASSES.index(thing.name) + 1] * int((taken == number).sum())
    assert source.open(str(tmp_path)).classes == ("big dog", "cat", "zebra"), "VOC's lists know no order but the alphabet"
    root = ElementTree.parse(tmp_path / "Annotations/100.xml").getroot()
    box = pairs[0][1].objects[0].box
    assert [root.findtext(f"object/bndbox/{tag}") for tag in ("xmin", "ymin", "xmax", "ymax")] == [
        str(int(box[0]) + 1), str(int(box[1]) + 1), str(int(box[2])), str(int(box[3])),
    ]  # fmt: skip
    assert (tmp_path / "ImageSets/Main/cat_train.txt").read_text() == "100  0\n101  0\n102  0\n103 -1\n"
    assert (tmp_path / "ImageSets/Main/zebra_train.txt").read_text().startswith("100  1\n")
    assert (tmp_path / "ImageSets/Segmentation/train.txt").read_text() == "100\n101\n102\n"
    image = Image.open(tmp_path / "SegmentationClass/100.png")
    assert (image.mode, (image.getpalette() or [])[:6]) == ("P", [0, 0, 0, 128, 0, 0])
    image.close()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((2.4, 3.5, 7.6, 8.49), (2, 4, 8, 8)),
        ((2.1, 3.1, 2.2, 3.2), (2, 3, 3, 4)),
        ((19.6, 9.7, 19.9, 9.9), (19, 9, 20, 10)),
        ((0, 0, 20, 10), (0, 0, 20, 10)),
    ],
)
def test_voc_boxes_never_vanish(tmp_path: Path, box: tuple[float, ...], expected: tuple[float, ...]) -> None:
    x1, y1, x2, y2 = box
    scene = Scene((20, 10), id="a", objects=Objects((Thing("cat", (x1, y1, x2, y2)),)))
    write.save([(np.zeros((10, 20, 3), np.uint8), scene)], tmp_path, "voc")
    assert read(tmp_path)[0][1].objects[0].box == expected


def test_voc_keeps_the_map_of_regions(tmp_path: Path) -> None:
    ids = np.array([[0, 1, 255], [2, 2, 1]], np.uint8)
    near, far = Mask.of(ids == 1), Mask.of(np.ones((2, 3)))
    things = Objects((Thing("cat", (0, 0, 3, 2), mask=near, depth=0), Thing("car", (0, 0, 3, 2), mask=far, depth=5)))
    scene = Scene((3, 2), id="a", objects=things, regions=Regions(("sky", "cat", "grass"), ids))
    write.save([(np.zeros((2, 3, 3), np.uint8), scene)], tmp_path, "voc")
    back = read(tmp_path)[0][1]
    named = [[back.regions.names[code] if code != 255 else "" for code in row] for row in back.regions.ids.tolist()]
    assert named == [["sky", "cat", ""], ["grass", "grass", "cat"]]
    cat, car = back.objects
    assert cat.mask == near, "the nearer one hides the farther one"
    assert car.mask is not None
    assert np.array_equal(car.mask.array(), ids != 1)
    assert source.open(str(tmp_path), "train").classes == ("car", "cat"), "sky is no kind of thing"


def test_voc_makes_crowds_void(tmp_path: Path) -> None:
    ids = np.array([[0, 1, 1], [2, 2, 0]], np.uint8)
    crowd = Thing("cat", (0, 0, 3, 1), mask=Mask.of(ids == 1), crowd=True)
    alone = Thing("cat", (0, 1, 2, 2), mask=Mask.of((ids == 2) | (ids == 1)))
    small = Thing("car", (0, 1, 2, 2), mask=Mask.of(ids == 2))
    for name, thing, codes in (("a", small, [[0, 255, 255], [1, 1, 0]]), ("b", alone, [[0, 1, 1], [1, 1, 0]])):
        scene = Scene((3, 2), id="a", objects=Objects((crowd, thing)))
        write.save([(np.zeros((2, 3, 3), np.uint8), scene)], tmp_path / name, "voc")
        back = read(tmp_path / name)[0][1]
        assert back.regions.ids.tolist() == codes
        assert [(each.name, each.mask) for each in back.objects] == [(thing.name, thing.mask)]


def test_voc_pictures_are_jpeg_unless_asked_otherwise(tmp_path: Path) -> None:
    write.save(made(), tmp_path / "a", "voc")
    assert {path.suffix for path in (tmp_path / "a/JPEGImages").iterdir()} == {".jpg"}
    write.save(made(), tmp_path / "b", "coco", how=How(pictures="jpeg", quality=50))
    write.save(made(), tmp_path / "c", "coco", how=How(pictures="jpeg", quality=90, masks=False))
    small, large = ((tmp_path / name / "train/100.jpg").stat().st_size for name in "bc")
    assert small < large
    assert all(thing.mask is None for _, scene in read(tmp_path / "c") for thing in scene.objects)
    for wrong in ({"pictures": "gif"}, {"quality": 0}):
        with pytest.raises(BadConfig):
            How(**wrong)


def test_yolo_writes_polygons_that_give_the_same_masks(tmp_path: Path) -> None:
    pairs = list(made())
    write.save(iter(pairs), tmp_path, "yolo", classes=CLASSES)
    assert source.open(str(tmp_path), "train").classes == CLASSES
    for (picture, scene), (seen, back) in zip(pairs, read(tmp_path), strict=True):
        assert np.array_equal(picture, seen)
        assert back.id == scene.id
        for thing, other in zip(scene.objects, back.objects, strict=True):
            assert (other.name, other.mask) == (thing.name, thing.mask)
            assert other.box == pytest.approx(thing.box, abs=1e-5)
    assert (tmp_path / "labels/train/103.txt").read_text() == ""


def test_yolo_writes_boxes_where_there_are_no_masks(tmp_path: Path) -> None:
    things = (
        Thing("cat", (1.5, 2, 11.5, 7)),
        Thing("it's: a #dog", (0, 0, 40, 20), difficult=True),
        Thing("cat", (0, 0, 3, 3), crowd=True),
    )
    scene = Scene((40, 20), id="sub/a b.jpg", objects=Objects(things))
    done = write.save([(np.zeros((20, 40, 3), np.uint8), scene)], tmp_path, "yolo")
    assert dict(done.left_out) == {"crowds": 1, "marks as difficult": 1}
    assert (tmp_path / "labels/train/sub_a b.txt").read_text() == "0 0.1625 0.225 0.25 0.25\n1 0.5 0.5 1 1\n"
    back = read(tmp_path)[0][1]
    assert [thing.name for thing in back.objects] == ["cat", "it's: a #dog"]
    assert back.objects.boxes() == pytest.approx(np.array([(1.5, 2, 11.5, 7), (0, 0, 40, 20)]))


def test_imagefolder_by_subject(tmp_path: Path) -> None:
    pairs = list(made())
    done = write.save(iter(pairs), tmp_path, "imagefolder")
    assert (done.pictures, done.left_out["pictures without a label"], done.left_out["further labels"]) == (3, 1, 6)
    assert [path.name for path in sorted((tmp_path / "train/zebra").iterdir())] == ["100.png", "101.png", "102.png"]
    again = tmp_path / "again"
    write.save(source.open(str(tmp_path), "train"), again, "imagefolder")
    assert [(scene.id, scene.labels) for _, scene in read(again)] == [(scene.id, scene.labels) for _, scene in read(tmp_path)]


def test_csv_of_boxes_and_of_labels(tmp_path: Path) -> None:
    pairs = list(made())
    write.save(iter(pairs), tmp_path / "a", "csv")
    lines = (tmp_path / "a/train.csv").read_text().splitlines()
    assert lines[0] == "path,x1,y1,x2,y2,label"
    assert lines[-1] == "train/103.png,,,,,"
    for (picture, scene), (seen, back) in zip(pairs, read(tmp_path / "a"), strict=True):
        assert np.array_equal(picture, seen)
        assert [(thing.name, thing.box) for thing in back.objects] == [(thing.name, thing.box) for thing in scene.objects]
    plain = [(picture, Scene(scene.size, id=scene.id, labels=scene.labels)) for picture, scene in pairs]
    write.save(plain, tmp_path / "b", "csv", "val")
    assert [scene.labels.names for _, scene in read(tmp_path / "b", "val")] == [scene.labels.names for _, scene in pairs]


def digits() -> list[Pair]:
    rng = np.random.default_rng(4)
    grey = rng.integers(0, 256, (6, 28, 28, 1), np.uint8).repeat(3, axis=3)
    return [(picture, Scene((28, 28), id=str(i), labels=Labels((Label(str(9 - i)),)))) for i, picture in enumerate(grey)]


def test_mnist_in_its_original_files(tmp_path: Path) -> None:
    pairs = digits()
    names = tuple("0123456789")
    for split in ("train", "test"):
        write.save(pairs, tmp_path, "mnist", split, classes=names)
    raw = gzip.decompress((tmp_path / "t10k-images-idx3-ubyte.gz").read_bytes())
    assert raw[:16] == bytes.fromhex("00000803 00000006 0000001c 0000001c")
    assert not (tmp_path / "labels.txt").exists()
    for (picture, scene), (seen, back) in zip(pairs, read(tmp_path, "test"), strict=True):
        assert np.array_equal(picture, seen)
        assert back.labels == scene.labels
    with pytest.raises(BadData, match="mnist cannot have a split 'val'"):
        write.save(pairs, tmp_path, "mnist", "val")


def test_small_formats_shrink_pictures_and_say_so(tmp_path: Path) -> None:
    picture = np.full((64, 96, 3), (200, 100, 50), np.uint8)
    scene = Scene((96, 64), id="a", labels=Labels((Label("cat"), Label("dog"))))
    done = write.save([(picture, scene)], tmp_path / "m", "mnist", "test")
    assert dict(done.left_out) == {"pictures in their own size": 1, "further labels": 1}
    seen, back = read(tmp_path / "m", "test")[0]
    assert (back.labels.names, seen.shape) == (("cat",), (28, 28, 3))
    assert np.abs(seen.astype(int) - round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)).max() <= 1
    write.save([(picture, scene)], tmp_path / "c", "cifar", "test")
    data = (tmp_path / "c/test_batch.bin").read_bytes()
    assert (data[0], data[1], data[1 + 1024], data[1 + 2048], len(data)) == (0, 200, 100, 50, 3073)
    assert read(tmp_path / "c", "test")[0][1].labels.names == ("cat",)
    write.save([(picture, Scene((96, 64), labels=Labels((Label("emu"),))))], tmp_path / "c", "cifar", "train")
    assert source.open(str(tmp_path / "c"), "train").scene(0).labels.names == ("emu",)
    assert (tmp_path / "c/batches.meta.txt").read_text() == "cat\nemu\n", "the numbers of the other split still hold"


@pytest.mark.parametrize("format", ["coco", "voc", "yolo", "imagefolder", "csv"])
def test_a_further_split_may_be_added_but_nothing_overwritten(tmp_path: Path, format: str) -> None:
    write.save(made(seed=1), tmp_path, format, "train", classes=CLASSES[:2])
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    numbers = [scene.labels.names for _, scene in read(tmp_path)]
    extra = Scene((9, 9), id="900", labels=Labels((Label("emu"),)), objects=Objects((Thing("emu", (1, 1, 5, 5)),)))
    write.save([*made(2, seed=2, first=300), (np.zeros((9, 9, 3), np.uint8), extra)], tmp_path, format, "val")
    assert source.splits(str(tmp_path)) == ("train", "val")
    assert read(tmp_path, "val")[-1][1].labels.names in (("emu",), ("zebra", "cat", "big dog"), ("zebra", "big dog"), ("zebra",))
    assert "emu" in source.open(str(tmp_path), "val").classes
    assert [scene.labels.names for _, scene in read(tmp_path)] == numbers
    changed = {path.name for path, data in before.items() if path.read_bytes() != data}
    assert changed <= {"data.yaml", "labelmap.txt"}
    for split in ("train", "val"):
        with pytest.raises(BadData, match=f"holds the split '{split}' already"):
            write.save(made(), tmp_path, format, split)


def test_other_folders_are_not_touched(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for format in write.WRITERS:
        with pytest.raises(BadData, match="is not empty"):
            write.save(made(), tmp_path, format)
    assert os.listdir(tmp_path) == ["notes.txt"]
    with pytest.raises(BadData, match="a file, not a folder"):
        write.save(made(), tmp_path / "notes.txt", "coco")
    write.save(made(), tmp_path / "voc", "voc")
    with pytest.raises(BadData, match="is not empty"):
        write.save(made(), tmp_path / "voc", "coco", "val")
    with pytest.raises(BadData, match="a picture of that name"):
        write.save(made(), tmp_path / "voc", "voc", "val")
    assert source.splits(str(tmp_path / "voc")) == ("train",)
    with pytest.raises(UnknownName, match="did you mean coco"):
        write.save(made(), tmp_path / "new", "coko")
    for split in ("../x", "", "a/b", ".x"):
        with pytest.raises(BadData, match="cannot have a split"):
            write.save(made(), tmp_path / "new", "coco", split)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("format", list(write.WRITERS))
def test_what_breaks_off_leaves_nothing_behind(tmp_path: Path, format: str) -> None:
    def broken() -> Iterator[Pair]:
        yield from made(2)
        raise OSError(28, "No space left on device")

    out = tmp_path / "out"
    with pytest.raises(DiskTrouble, match="No space left"):
        write.save(broken(), out, format, "test")
    assert not out.exists()
    with pytest.raises(BadData, match="no pictures to write"):
        write.save([], out, format, "test")
    assert not out.exists()
    (out / ".test-in-the-making/train").mkdir(parents=True)  # as a run that was killed leaves it
    write.save(made(2), out, format, "test")
    assert source.splits(str(out)) == ("test",)


@pytest.mark.parametrize("format", ["coco", "voc", "yolo"])
def test_labels_alone_are_not_written_where_they_would_be_lost(tmp_path: Path, format: str) -> None:
    scene = Scene((9, 9), id="a", labels=Labels((Label("cat"),)))
    with pytest.raises(BadData, match="only labels of whole pictures") as caught:
        write.save([(np.zeros((9, 9, 3), np.uint8), scene)], tmp_path / "out", format)
    assert caught.value.where == str(tmp_path / "out")


@pytest.mark.parametrize("label", ["a/b", "..", ".x", "a\0b", " "])
def test_classes_that_cannot_be_folders_are_refused(tmp_path: Path, label: str) -> None:
    scene = Scene((9, 9), id="a", labels=Labels((Label(label),)))
    with pytest.raises(LooksayError, match="cannot be the name of a folder"):
        write.save([(np.zeros((9, 9, 3), np.uint8), scene)], tmp_path / "out", "imagefolder")


def test_voc_with_class_names_that_cannot_be_files(tmp_path: Path) -> None:
    scene = Scene((9, 9), id="a", objects=Objects((Thing("tv/monitor", (1, 1, 5, 5)),)))
    write.save([(np.zeros((9, 9, 3), np.uint8), scene)], tmp_path, "voc")
    assert source.open(str(tmp_path), "train").classes == ("tv/monitor",)
    assert read(tmp_path)[0][1].objects[0].name == "tv/monitor"
