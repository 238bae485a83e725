"""What every pixel belongs to: the cheap ways to it, id masks, label folders, and what the doctor says of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from doctor_case import photo, save, write
from looksay.data import doctor, masks, source, storybook
from looksay.data.files import joined
from looksay.data.held import Subset
from looksay.data.masks import MaskCode, MaskSize
from looksay.data.storybook import open_storybook
from looksay.data.write import save as save_set
from looksay.errors import BadData
from looksay.scene import Mask, Objects, Scene, Thing
from looksay.storybook.page import REGION_NAMES


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))
    return tmp_path


def test_threads_that_ask_for_the_first_pages_at_once_get_them(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Loaders do; each drew them into the same folder, and the quicker took it away from the slower."""
    pages, begin, drawn = open_storybook("pages=3,size=64", "val", "scene"), Barrier(4), []
    draw = storybook._draw_together

    def counted(folder: Path, asked: Any, seed: int, shape: Any, progress: Any, what: str = "pictures") -> int:
        drawn.append(what)
        return draw(folder, asked, seed, shape, progress, what)

    def ask(way: Callable[[int], Any]) -> Any:
        begin.wait()
        return way(0)

    monkeypatch.setattr(storybook, "_draw_together", counted)
    with ThreadPoolExecutor(4) as pool:
        ways = pages.picture, pages.masks, pages.told, pages.things
        picture, masks, _, things = (each.result() for each in [pool.submit(ask, way) for way in ways])
    assert sorted(drawn) == ["captions", "maps", "pictures"]
    assert np.array_equal(picture, pages.picture(0))
    assert len(masks) == len(things)


@pytest.mark.parametrize("view", ["portrait", "scene"])
def test_the_storybook_keeps_its_maps(cache: Path, view: str) -> None:
    pages = open_storybook("pages=6,size=64", "val", view)
    assert pages.region_names == REGION_NAMES
    pages.picture(0)
    assert not list(cache.rglob("maps.u8")), "who looks at pictures alone does not wait for maps"
    for index in range(6):
        scene = pages.scene(index)
        assert np.array_equal(pages.regions(index), scene.regions.ids)
        masks = pages.masks(index)
        assert masks.shape == (len(scene.objects), 64, 64)
        assert masks.dtype == np.bool_
        for mask, thing, box in zip(masks, scene.objects, pages.things(index).boxes, strict=True):
            assert thing.mask is not None
            assert np.array_equal(mask, thing.mask.array())
            assert tuple(box) == thing.box
    assert [path.name for path in next(cache.rglob("maps.u8")).parent.iterdir() if path.name.startswith(".")] == []


def test_digits_have_no_regions(cache: Path) -> None:
    pages = open_storybook("digits,pages=2", "test")
    assert pages.region_names == ()
    assert pages.regions(0).shape == (0, 0)
    assert pages.masks(0).shape == (0, 28, 28)


def test_parts_hand_their_maps_on(cache: Path) -> None:
    pages = open_storybook("pages=3,size=64", "val", "scene")
    for found, index, of in ((Subset(pages, [2, 0], "held"), 1, 0), (joined([pages, pages]), 4, 1)):
        assert found.region_names == REGION_NAMES
        assert np.array_equal(found.regions(index), pages.regions(of))
        assert np.array_equal(found.masks(index), pages.masks(of))
        assert np.array_equal(found.things(index).boxes, pages.things(of).boxes)


# Label folders


def png(path: Path, array: npt.NDArray[Any], colours: npt.NDArray[np.uint8] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(array)
    if colours is not None:
        image.putpalette(colours.reshape(-1).tolist())
    image.save(path)


def shown(path: Path, size: tuple[int, int] = (8, 6)) -> None:
    png(path, np.full((size[1], size[0], 3), 90, np.uint8))


CODES = np.array([[0] * 8, [0] * 8, [1] * 8, [2, 2, 2, 2, 1, 1, 255, 255], [2] * 8, [3] * 8], np.uint8)


def test_camvid_as_it_is_passed_around(tmp_path: Path) -> None:
    for split, stem in (("train", "0001TP_1"), ("train", "0001TP_2"), ("val", "3"), ("test", "4")):
        shown(tmp_path / split / f"{stem}.jpg")
        png(tmp_path / f"{split}annot" / f"{stem}.png", np.where((CODES == 3) & (stem == "4"), 11, CODES).astype(np.uint8))
    assert source.splits(str(tmp_path)) == ("train", "val", "test")
    found = source.open(str(tmp_path), "train")
    assert (found.format, len(found), found.name(1)) == ("labels", 2, "0001TP_2")
    assert found.classes == found.region_names
    assert found.classes[:4] == ("sky", "building", "pole", "road")
    assert len(found.classes) == 11
    picture, scene = found[0]
    assert picture.shape == (6, 8, 3)
    assert np.array_equal(scene.regions.ids, CODES)
    assert np.array_equal(found.regions(0), CODES)
    assert scene.labels.names == ("sky", "pole", "building", "road")
    assert found.target(0) == 0
    assert (source.open(str(tmp_path), "test").regions(0)[5] == 255).all(), "11 is void"
    assert len(source.open(str(tmp_path))) == 4
    assert found.raw(1).labels == ["sky", "pole", "building", "road"]


def test_a_table_of_colours(tmp_path: Path) -> None:
    """As CamVid was first given: colours by name, '_L' behind the names of the label pictures."""
    (tmp_path / "label_colors.txt").write_text("128 128 128\tSky\n64 0 64\tMoving thing\n0 0 0\t\tVoid\n")
    shown(tmp_path / "images/a.png")
    shown(tmp_path / "images/b.png")
    colours = np.array([[128, 128, 128], [64, 0, 64], [0, 0, 0]], np.uint8)
    codes = np.clip(CODES, 0, 2)
    png(tmp_path / "labels/a_L.png", colours[codes])
    png(tmp_path / "labels/b_L.png", codes, colours)
    found = source.open(str(tmp_path))
    assert (found.format, found.region_names) == ("labels", ("Sky", "Moving thing"))
    expected = np.where(codes == 2, 255, codes)
    assert np.array_equal(found.regions(0), expected)
    assert np.array_equal(found.regions(1), expected)
    colours[1] = (64, 0, 65)
    png(tmp_path / "labels/b_L.png", colours[codes])
    with pytest.raises(MaskCode, match="column 0, row 2 means no class"):
        found.scene(1)


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("classes.txt", "grass\nroad\n\nbig tree\nVOID\n", ("grass", "road", "big tree")),
        ("labels.txt", "0: grass\n1: road\n2: big tree\n3: unlabelled", ("grass", "road", "big tree")),
        ("classes.txt", "2 big tree\n0 grass\n1 road\n3 void", ("big tree", "grass", "road")),
    ],
)
def test_tables_of_names(tmp_path: Path, file: str, text: str, names: tuple[str, ...]) -> None:
    (tmp_path / file).write_text(text)
    for split in ("train", "validation"):
        shown(tmp_path / f"images/{split}/a.jpg")
        png(tmp_path / f"annotations/{split}/a.png", CODES)
    assert source.splits(str(tmp_path)) == ("train", "val")
    found = source.open(str(tmp_path), "val")
    assert (found.format, found.region_names, found.name(0)) == ("labels", names, "a")
    ids = found.regions(0)
    assert names[ids[0, 0]] == "grass"
    assert names[ids[4, 0]] == "big tree"
    assert ids[5, 0] == ids[3, 7] == 255
    ordered = source.open(str(tmp_path), "val", classes=("road", "grass", "big tree"))
    assert ordered.region_names[ordered.regions(0)[2, 0]] == "road"
    with pytest.raises(BadData, match="not among those asked for"):
        source.open(str(tmp_path), "val", classes=("road", "grass"))


def test_cityscapes(tmp_path: Path) -> None:
    ids = np.where(CODES == 255, 0, CODES + 7).astype(np.uint8)
    shown(tmp_path / "leftImg8bit/val/bonn/bonn_1_leftImg8bit.png")
    png(tmp_path / "gtFine/val/bonn/bonn_1_gtFine_labelIds.png", ids)
    png(tmp_path / "gtFine/val/bonn/bonn_1_gtFine_color.png", np.zeros((6, 8, 3), np.uint8))
    found = source.open(str(tmp_path), "val")
    assert (found.name(0), len(found.region_names)) == ("bonn/bonn_1_leftImg8bit", 19)
    said = found.regions(0)
    assert [found.region_names[said[0, 0]], found.region_names[said[2, 0]]] == ["road", "sidewalk"]
    assert said[5, 0] == said[3, 7] == 255, "parking is not counted, nor what is not labelled"
    png(tmp_path / "gtFine/val/bonn/bonn_1_gtFine_labelTrainIds.png", np.full((6, 8), 18, np.uint8))
    found = source.open(str(tmp_path), "val")
    assert found.region_names[found.regions(0)[0, 0]] == "bicycle"


def test_label_folders_that_cannot_be_read(tmp_path: Path) -> None:
    shown(tmp_path / "images/a.png")
    png(tmp_path / "labels/a.png", CODES)
    with pytest.raises(BadData, match="does not say what the numbers"):
        source.open(f"labels:{tmp_path}")
    (tmp_path / "classes.txt").write_text("0 a\n0 b\n")
    with pytest.raises(BadData, match="gives the number 0 twice"):
        source.open(f"labels:{tmp_path}")
    (tmp_path / "classes.txt").write_text("a\nb\nc\n")
    found = source.open(f"labels:{tmp_path}")
    with pytest.raises(MaskCode, match="the number 3 of the pixel in column 0, row 5 means no class"):
        found.regions(0)
    png(tmp_path / "labels/a.png", CODES[:4])
    with pytest.raises(MaskSize, match="the mask is 8 × 4, the picture 8 × 6"):
        found.scene(0)
    png(tmp_path / "labels/a.png", np.zeros((6, 8, 3), np.uint8))
    with pytest.raises(BadData, match="one of numbers"):
        found.scene(0)
    (tmp_path / "labels/a.png").rename(tmp_path / "labels/b.png")
    with pytest.raises(BadData, match="has no label picture"):
        source.open(f"labels:{tmp_path}")
    (tmp_path / "label_colors.txt").write_text("1 2 300 a\n")
    with pytest.raises(BadData, match=r"label_colors\.txt:1"):
        source.open(f"labels:{tmp_path}")
    with pytest.raises(BadData, match="has no folders of label pictures"):
        source.open(f"labels:{tmp_path / 'images'}")


# Masks of instances


def slow_instances(codes: npt.NDArray[Any]) -> dict[int, Mask]:
    return {int(number): Mask.of(codes == number) for number in np.unique(codes) if number}


@pytest.mark.parametrize("seed", range(4))
def test_instances_are_those_of_a_slow_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = np.kron(rng.integers(0, 4, (5, 7)), np.ones((3, 2))).astype(np.uint16)
    codes[rng.random(codes.shape) < 0.1] = 700
    found = masks.instances(codes)
    assert found == slow_instances(codes)
    for mask in found.values():
        assert masks.box_of(mask) == mask.box()
    whole = np.full((4, 3), 9, np.uint16)
    assert masks.instances(whole) == slow_instances(whole)
    assert masks.box_of(masks.instances(whole)[9]) == (0, 0, 3, 4)
    assert masks.instances(whole * 0) == {}


def test_penn_fudan(tmp_path: Path) -> None:
    for stem in ("FudanPed00001", "PennPed00002"):
        shown(tmp_path / f"PNGImages/{stem}.png", (20, 10))
        codes = np.zeros((10, 20), np.uint8)
        codes[2:8, 3:6], codes[1:9, 10:14] = 1, 2
        png(tmp_path / f"PedMasks/{stem}_mask.png", codes)
    found = source.open(str(tmp_path))
    assert (found.format, found.classes, len(found)) == ("idmasks", ("person",), 2)
    scene = found.scene(1)
    assert scene.id == "PennPed00002"
    assert [(thing.name, thing.id, thing.box) for thing in scene.objects] == [
        ("person", "1", (3, 2, 6, 8)), ("person", "2", (10, 1, 14, 9)),
    ]  # fmt: skip
    assert scene.objects[1].mask is not None
    assert scene.objects[1].mask.area == 32
    assert found.masks(1).sum(axis=(1, 2)).tolist() == [18, 32]
    assert found.raw(0).boxes[1].where == f"{tmp_path}/PedMasks/FudanPed00001_mask.png, number 2"
    assert source.open(str(tmp_path), classes=("pedestrian",)).scene(0).objects[0].name == "pedestrian"


def test_many_instances_in_sixteen_bits(tmp_path: Path) -> None:
    codes = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    for split in ("train", "val"):
        shown(tmp_path / split / "images/a.png", (30, 20))
        png(tmp_path / split / "masks/a.png", codes)
    (tmp_path / "classes.txt").write_text("cell\n")
    found = source.open(str(tmp_path), "train")
    assert (found.format, found.classes) == ("idmasks", ("cell",))
    assert len(found.scene(0).objects) == 599
    assert found.scene(0).objects[598].id == "59900"
    png(tmp_path / "train/masks/a.png", codes[:10])
    with pytest.raises(MaskSize, match="the mask is 30 × 10, the picture 30 × 20"):
        found.scene(0)
    (tmp_path / "train/masks/a.png").unlink()
    png(tmp_path / "train/masks/b.png", codes)
    with pytest.raises(BadData, match="has no mask"):
        source.open(str(tmp_path), "train")


# The doctor


def kinds(name: Path, **more: bool) -> list[tuple[str, str]]:
    return [(finding.kind, finding.where) for finding in doctor.check(str(name), **more).findings]


def test_the_doctor_of_label_folders(tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("a\nb\nc\nd\n")
    for stem in "pqrs":
        save(photo(ord(stem), (96, 64)), tmp_path / f"images/{stem}.png")
        png(tmp_path / f"labels/{stem}.png", np.kron(CODES % 4, np.ones((11, 12)))[:64].astype(np.uint8))
    clean = doctor.check(str(tmp_path))
    assert clean.ok
    assert dict(clean.facts.classes) == {"a": 4, "b": 4, "c": 4, "d": 4}
    png(tmp_path / "labels/p.png", np.zeros((64, 95), np.uint8))
    png(tmp_path / "labels/q.png", np.full((64, 96), 77, np.uint8))
    specks = np.zeros((64, 96), np.uint8)
    specks[32:] = 1
    specks[5:7, 5:8] = specks[50, 50] = 255
    specks[31:33, 20] = specks[0, 9] = specks[10:20, 60:70] = 255  # on an edge, at the border, too large
    png(tmp_path / "labels/r.png", specks)
    found = doctor.check(str(tmp_path))
    assert [(each.kind, each.where) for each in found.errors] == [
        ("mask-size", f"{tmp_path}/labels/p.png"), ("mask-code", f"{tmp_path}/labels/q.png"),
    ]  # fmt: skip
    (holes,) = found.of_kind("mask-holes")
    assert (holes.where, holes.what) == (f"{tmp_path}/labels/r.png", "2 specks of void within a single class, 7 pixels in all")
    assert ("mask-size", f"{tmp_path}/labels/p.png") in kinds(tmp_path, quick=True)


def test_the_doctor_of_instances(tmp_path: Path) -> None:
    save(photo(1, (96, 64)), tmp_path / "PNGImages/a.png")
    codes = np.zeros((64, 96), np.uint8)
    codes[5:45, 5:45], codes[10:60, 50:90] = 1, 2
    codes[20:22, 20:23] = codes[30, 30] = 0
    codes[20:40, 60:70] = 0  # a ring: so large a hole is meant
    png(tmp_path / "PedMasks/a_mask.png", codes)
    (holes,) = doctor.check(str(tmp_path)).of_kind("mask-holes")
    assert holes.where == f"{tmp_path}/PedMasks/a_mask.png, person 1"
    assert holes.what == "the mask of 'person' has 2 small holes of 7 pixels in all"


def test_the_doctor_of_masks_and_boxes(tmp_path: Path) -> None:
    """As COCO: the mask of one thing is another's, that of a third is of another picture."""
    sizes = {1: (96, 64), 2: (96, 64)}
    for id in sizes:
        save(photo(id, (96, 64)), tmp_path / f"train2017/{id}.png")
    boxes = {1: (1, [5, 5, 20, 20], 5), 2: (1, [60, 30, 20, 20], 5), 3: (2, [5, 5, 20, 20], 6)}
    entries = []
    for id, (picture, box, edge) in boxes.items():
        polygon = [edge, edge, edge + 19, edge, edge + 19, edge + 19, edge, edge + 19]
        entries.append({"id": id, "image_id": picture, "category_id": 1, "bbox": box, "segmentation": [polygon], "iscrowd": 0})
    whole = {
        "images": [{"id": id, "width": size[0], "height": size[1], "file_name": f"{id}.png"} for id, size in sizes.items()],
        "categories": [{"id": 1, "name": "cow"}],
        "annotations": entries,
    }
    file = write(tmp_path / "annotations/instances_train2017.json", json.dumps(whole))
    found = doctor.check(f"coco:{tmp_path}")
    (outside,) = found.of_kind("mask-outside-box")
    assert "100 % of the mask of 'cow' lie outside of its box 60 30 80 50" in outside.what
    assert outside.where.endswith("cow 2")
    entries[0]["segmentation"] = {"size": [64, 95], "counts": [64 * 95]}
    write(file, json.dumps(whole))
    assert [each.kind for each in doctor.check(f"coco:{tmp_path}").errors] == ["mask-size"]


# Writing


def test_labels_survive_a_round_trip(tmp_path: Path, cache: Path) -> None:
    out = tmp_path / "out"
    for split in ("train", "val"):
        pages = open_storybook("pages=3,size=64", split, "scene")
        assert save_set(pages, out, "labels", split).left_out["pictures without regions"] == 0
    for split in ("train", "val"):
        pages, found = open_storybook("pages=3,size=64", split, "scene"), source.open(str(out), split)
        assert (found.format, found.region_names) == ("labels", REGION_NAMES)
        for index in range(3):
            assert np.array_equal(found.regions(index), pages.regions(index))
            assert np.array_equal(found.picture(index), pages.picture(index))
    bare = Scene((96, 64), id="a", objects=Objects((Thing("cow", (0, 0, 9, 9)),)))
    with pytest.raises(BadData, match="no pictures to write"):
        save_set([(photo(1), bare)], tmp_path / "bare", "labels")


def test_instances_survive_a_round_trip(tmp_path: Path) -> None:
    for count, name in ((3, "few"), (300, "many")):
        codes = np.zeros((64, 96), np.uint16)
        codes.reshape(-1)[: 18 * count].reshape(count, 18)[:] = np.arange(1, count + 1)[:, None]
        things = tuple(Thing("cell", masks.box_of(mask), mask=mask) for mask in masks.instances(codes).values())
        scene = Scene((96, 64), id="a", objects=Objects(things))
        written = save_set([(photo(1), scene)], tmp_path / name, "idmasks")
        assert written.things == count
        found = source.open(str(tmp_path / name), "train")
        assert (found.format, found.classes) == ("idmasks", ("cell",))
        assert [thing.mask for thing in found.scene(0).objects] == [thing.mask for thing in things]


def test_instances_of_several_classes(tmp_path: Path) -> None:
    array = np.zeros((40, 50), bool)
    array[5:15, 5:15] = True
    cow, dog = Mask.of(array), Mask.of(np.roll(array, 20, 1))
    things = (Thing("cow", (5, 5, 15, 15), mask=cow), Thing("dog", (25, 5, 35, 15), mask=dog))
    scene = Scene((50, 40), id="a", objects=Objects(things))
    save_set([(photo(1, (50, 40)), scene)], tmp_path / "ids", "idmasks", classes=("cat", "cow", "dog"))
    found = source.open(str(tmp_path / "ids"), "train")
    assert (found.format, found.classes) == ("idmasks", ("cat", "cow", "dog"))
    assert [(thing.name, thing.id, thing.mask) for thing in found.scene(0).objects] == [
        ("cow", "2000", cow),
        ("dog", "3000", dog),
    ]
    wide = source.open(str(tmp_path / "ids"), "train", classes=("dog", "cow", "cat", "hen"))
    assert wide.things(0).labels.tolist() == [1, 0]
    png(tmp_path / "ids/train/masks/a_mask.png", np.full((40, 50), 7001, np.uint16))
    with pytest.raises(MaskCode, match="number 7001 is of the class 7"):
        found.scene(0)
    save_set([(photo(1, (50, 40)), scene)], tmp_path / "labels", "labels", classes=("cat", "cow", "dog"))
    found = source.open(str(tmp_path / "labels"), "train")
    assert (found.region_names, found.classes) == (("background", "cat", "cow", "dog"), ("cat", "cow", "dog"))
    assert np.array_equal(found.regions(0) == 2, array)
