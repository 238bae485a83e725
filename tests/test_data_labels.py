"""What every pixel belongs to: the cheap ways to it, id masks, label folders, and what the doctor says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from looksay.data import masks, source
from looksay.data.files import joined
from looksay.data.held import Subset
from looksay.data.masks import MaskCode, MaskSize
from looksay.data.storybook import open_storybook
from looksay.errors import BadData
from looksay.scene import Mask
from looksay.storybook.page import REGION_NAMES


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path))
    return tmp_path


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
