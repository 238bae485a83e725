"""What we write, torchvision reads; what both read is the same."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from torchvision import datasets
from torchvision.datasets.mnist import read_image_file, read_label_file

from data_case import CLASSES, made
from looksay.data import source, write
from looksay.scene import Label, Labels, Scene


def test_class_folders(tmp_path: Path) -> None:
    write.save(made(6), tmp_path, "imagefolder")
    ours, theirs = source.open(str(tmp_path), "train"), datasets.ImageFolder(str(tmp_path / "train"))
    assert list(ours.classes) == theirs.classes
    assert [ours.target(i) for i in range(len(ours))] == theirs.targets
    for index in range(len(ours)):
        assert np.array_equal(ours.picture(index), np.asarray(theirs[index][0]))


def test_coco(tmp_path: Path) -> None:
    write.save(made(5), tmp_path, "coco", classes=CLASSES)
    ours = source.open(str(tmp_path), "train")
    theirs = datasets.CocoDetection(str(tmp_path / "train"), str(tmp_path / "annotations/instances_train.json"))
    assert len(ours) == len(theirs)
    for index in range(len(ours)):
        picture, notes = theirs[index]
        seen, scene = ours[index]
        assert np.array_equal(seen, np.asarray(picture))
        assert [thing.id for thing in scene.objects] == [str(note["id"]) for note in notes]
        for thing, note in zip(scene.objects, notes, strict=True):
            assert thing.mask is not None
            assert np.array_equal(thing.mask.array(), theirs.coco.annToMask(note))
            x, y, width, height = note["bbox"]
            assert thing.box == pytest.approx((x, y, x + width, y + height))


def test_voc(tmp_path: Path) -> None:
    home = tmp_path / "VOCdevkit/VOC2012"
    write.save(made(5), home, "voc", "train", classes=CLASSES)
    ours = source.open(str(tmp_path / "VOCdevkit"), "train")
    theirs = datasets.VOCDetection(str(tmp_path), "2012", "train")
    for index in range(len(ours)):
        picture, note = theirs[index]
        seen, scene = ours[index]
        assert np.array_equal(seen, np.asarray(picture))
        things = note["annotation"].get("object", [])
        assert [thing["name"] for thing in things] == [thing.name for thing in scene.objects]
        edges = [[int(thing["bndbox"][edge]) for edge in ("xmin", "ymin", "xmax", "ymax")] for thing in things]
        assert [[x - 1, y - 1, x2, y2] for x, y, x2, y2 in edges] == [list(thing.box) for thing in scene.objects]
    drawn = datasets.VOCSegmentation(str(tmp_path), "2012", "train")
    with_masks = [ours.scene(index) for index in range(len(ours)) if ours.scene(index).regions]
    assert len(drawn) == len(with_masks)
    names = ("background", *CLASSES)
    for (_, codes), scene in zip(drawn, with_masks, strict=True):
        found = np.asarray(codes)
        for code in np.unique(found):
            assert np.array_equal(found == code, scene.regions.ids == scene.regions.names.index(names[code]))


def test_mnist(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = [
        (rng.integers(0, 256, (28, 28, 1), np.uint8).repeat(3, axis=2), Scene((28, 28), labels=Labels((Label(str(i % 3)),))))
        for i in range(7)
    ]
    write.save(pairs, tmp_path, "mnist", "test", classes=tuple("0123456789"))
    for name in ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (tmp_path / name).write_bytes(gzip.decompress((tmp_path / f"{name}.gz").read_bytes()))
    ours = source.open(str(tmp_path), "test")
    images = read_image_file(str(tmp_path / "t10k-images-idx3-ubyte")).numpy()
    assert np.array_equal(np.stack([ours.picture(i)[:, :, 0] for i in range(7)]), images)
    assert [ours.target(i) for i in range(7)] == read_label_file(str(tmp_path / "t10k-labels-idx1-ubyte")).tolist()
