"""Folders of classes, MNIST's files, and how a data set is named."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from looksay.data import source
from looksay.errors import BadData, BadPicture, UnknownName


def paint(path: Path, size: tuple[int, int] = (5, 4), shade: int = 7) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, 0, 0)).save(path)


def test_classes_are_folders(tmp_path: Path) -> None:
    for name in ("dog/b.png", "dog/a.png", "cat/deep/1.png", "cat/2.JPG", "Zebra/z.png"):
        paint(tmp_path / name)
    for name in ("dog/.hidden.png", "dog/notes.txt", ".git/x.png", "cat/.c/y.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = source.open(str(tmp_path))
    assert (found.format, found.classes) == ("imagefolder", ("Zebra", "cat", "dog"))
    assert [found.name(i) for i in range(len(found))] == ["Zebra/z.png", "cat/2.JPG", "cat/deep/1.png", "dog/a.png", "dog/b.png"]
    assert [found.target(i) for i in range(5)] == [0, 1, 1, 2, 2]
    picture, scene = found[-1]
    assert picture.shape == (4, 5, 3)
    assert (scene.size, scene.id, scene.labels.names) == ((5, 4), "dog/b.png", ("dog",))
    assert source.splits(str(tmp_path)) == ()
    with pytest.raises(UnknownName, match="no splits"):
        source.open(str(tmp_path), "train")


def test_splits_are_folders_of_class_folders(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "train/dog/2.png", "valid/cat/3.png", "test/dog/4.png"):
        paint(tmp_path / name)
    assert source.splits(str(tmp_path)) == ("train", "val", "test")
    assert [len(source.open(str(tmp_path), split)) for split in ("train", "val", "validation", "test", "")] == [2, 1, 1, 1, 4]
    val = source.open(str(tmp_path), "val")
    assert (val.classes, val.target(0), val.name(0), val.split) == (("cat", "dog"), 0, "valid/cat/3.png", "val")
    whole = source.open(str(tmp_path))
    assert [whole.target(i) for i in range(4)] == [0, 1, 0, 1]
    assert whole[2][1].id == "valid/cat/3.png"
    with pytest.raises(UnknownName, match="there is: test, train, val") as caught:
        source.open(str(tmp_path), "holdout")
    assert caught.value.where == str(tmp_path)


def test_a_class_called_train_is_a_class(tmp_path: Path) -> None:
    for name in ("train/1.png", "bus/2.png"):
        paint(tmp_path / name)
    found = source.open(str(tmp_path))
    assert found.classes == ("bus", "train")
    assert source.splits(str(tmp_path)) == ()


def test_a_mixture_of_splits_and_classes_is_refused(tmp_path: Path) -> None:
    for name in ("train/cat/1.png", "bus/2.png"):
        paint(tmp_path / name)
    with pytest.raises(BadData, match="'train' looks like a split, 'bus' like a class"):
        source.open(str(tmp_path))


def test_loops_of_links_end_and_links_are_followed(tmp_path: Path) -> None:
    paint(tmp_path / "data/cat/1.png")
    paint(tmp_path / "elsewhere/2.png")
    os.symlink(tmp_path / "data/cat", tmp_path / "data/cat/again")
    os.symlink(tmp_path / "data", tmp_path / "data/cat/up")
    os.symlink(tmp_path / "elsewhere", tmp_path / "data/dog")
    os.symlink(tmp_path / "gone.png", tmp_path / "data/cat/broken.png")
    found = source.open(f"imagefolder:{tmp_path}/data")
    names = [found.name(i) for i in range(len(found))]
    assert names == ["cat/1.png", "cat/up/dog/2.png", "dog/2.png"]


def test_classes_may_be_given(tmp_path: Path) -> None:
    paint(tmp_path / "cat/1.png")
    paint(tmp_path / "dog/1.png")
    found = source.open(str(tmp_path), classes=["bird", "dog", "cat"])
    assert (found.classes, [found.target(i) for i in range(2)]) == (("bird", "dog", "cat"), [2, 1])
    with pytest.raises(BadData, match="'dog'"):
        source.open(str(tmp_path), classes=["cat"])


def test_a_picture_that_vanished_or_broke_is_named(tmp_path: Path) -> None:
    paint(tmp_path / "cat/1.png")
    (tmp_path / "cat/2.png").write_bytes(b"no")
    found = source.open(f"imagefolder:{tmp_path}")
    with pytest.raises(BadPicture, match=r"2\.png: not a picture"):
        found.picture(1)
    (tmp_path / "cat/1.png").unlink()
    with pytest.raises(BadData, match=r"cat/1\.png is not there"):
        found.scene(0)
    with pytest.raises(BadPicture):
        found.picture(0)


def test_names_of_data_sets(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no such file"):
        source.open(str(tmp_path / "gone"))
    with pytest.raises(UnknownName, match="did you mean coco"):
        source.open(f"cocoo:{tmp_path}")
    with pytest.raises(BadData, match=r"its format cannot be told.*voc:"):
        source.open(str(tmp_path))
    with pytest.raises(BadData, match="a path is missing"):
        source.open("voc:")
    with pytest.raises(BadData, match="no folders of pictures"):
        source.open(f"imagefolder:{tmp_path}")
    (tmp_path / "images").mkdir()
    paint(tmp_path / "images/a.png")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels/a.txt").write_text("")
    (tmp_path / "labels/a.xml").write_text("<annotation/>")
    with pytest.raises(BadData, match=r"may be voc or yolo \(say voc:.* or yolo:"):
        source.open(str(tmp_path))


def idx(array: np.ndarray) -> bytes:
    return bytes((0, 0, 8, array.ndim)) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_mnist(folder: Path, *, zipped: bool, sign: str = "-") -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    images, labels = rng.integers(0, 256, (7, 28, 28), np.uint8), np.array([3, 1, 4, 1, 5, 9, 2], np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, many in (("train", 7), ("t10k", 2)):
        for what, array in (("images", images), ("labels", labels)):
            name, data = f"{stem}-{what}{sign}idx{array.ndim}-ubyte", idx(array[-many:])
            (folder / (name + ".gz" * zipped)).write_bytes(gzip.compress(data) if zipped else data)
    return images, labels


@pytest.mark.parametrize(
    ("zipped", "below", "sign"), [(True, "", "-"), (False, "", "-"), (False, "MNIST/raw", "."), (True, "raw", "-")]
)
def test_mnist_in_its_original_files(tmp_path: Path, zipped: bool, below: str, sign: str) -> None:
    images, labels = write_mnist(tmp_path / below, zipped=zipped, sign=sign)
    assert source.splits(str(tmp_path)) == ("train", "test")
    found = source.open(str(tmp_path), "train")
    assert found.format == "mnist"
    assert found.classes == tuple("0123456789")
    assert [found.target(i) for i in range(7)] == labels.tolist()
    for i in range(7):
        picture, scene = found[i]
        assert np.array_equal(picture, np.stack([images[i]] * 3, 2))
        assert (scene.size, scene.labels[0].name) == ((28, 28), str(labels[i]))
    whole = source.open(f"mnist:{tmp_path}")
    assert [whole.target(i) for i in range(9)] == [*labels.tolist(), 9, 2]
    assert len({whole.name(i) for i in range(9)}) == 9


def test_mnist_names_its_classes_where_they_are_no_digits(tmp_path: Path) -> None:
    write_mnist(tmp_path, zipped=True)
    names = [f"kind {i}" for i in range(10)]
    assert source.open(str(tmp_path), classes=names)[0][1].labels.names == ("kind 3",)
    (tmp_path / "labels.txt").write_text("\n".join(names))
    assert source.open(str(tmp_path), "test")[0][1].labels.names == ("kind 9",)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        (
            "train-images-idx3-ubyte",
            b"\0\0\x08\x03" + struct.pack(">3I", 7, 28, 28) + b"x" * 50,
            "should hold 5488 values, holds 50",
        ),
        ("train-images-idx3-ubyte", b"\0\0\x08\x03" + struct.pack(">3I", *[0xFFFFFFFF] * 3), "should hold 792281"),
        ("train-images-idx3-ubyte", b"<html>", "not an idx file"),
        ("train-images-idx3-ubyte", b"\x1f\x8b" + b"junk" * 9, "cannot be unpacked"),
        ("train-images-idx3-ubyte", idx(np.zeros((6, 28, 28), np.uint8)), "6 pictures, but 7 labels"),
        ("train-labels-idx1-ubyte", idx(np.array([0, 1, 2, 10, 4, 5, 6], np.uint8)), r"picture 3: label 10, but 10 classes"),
    ],
)
def test_damaged_mnist_is_refused(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    write_mnist(tmp_path, zipped=False)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(tmp_path), "train")
    assert name in str(caught.value.where)


def test_mnist_as_folders_of_pngs(tmp_path: Path) -> None:
    for digit in range(10):
        paint(tmp_path / f"train/{digit}/{digit}.png", (28, 28))
    paint(tmp_path / "test/4/9.png", (28, 28))
    (tmp_path / "train.csv").write_text("filepath,label\ntrain/0/0.png,0\n")
    (tmp_path / "test.csv").write_text("filepath,label\ntest/4/9.png,4\n")
    found = source.open(str(tmp_path), "test")
    assert (found.format, len(found), found.target(0)) == ("mnist", 1, 4)
    paint(tmp_path / "train/0/0.png", (32, 32))
    assert source.open(str(tmp_path), "test").format == "imagefolder"
    with pytest.raises(BadData, match="no files of MNIST"):
        source.open(f"mnist:{tmp_path}", "test")
