"""Compact tables: what goes in comes out, small, also in another process."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from looksay.data.files import inside, split_names
from looksay.data.imagefolder import ImageFolder
from looksay.data.index import Groups, Strings, narrow
from looksay.errors import BadData


def test_strings_come_back() -> None:
    texts = ["", "a", "Straße/ü.jpg", "日本", "x" * 300, "bad\udcff.jpg"]
    table = Strings(iter(texts))
    assert list(table) == texts
    assert len(table) == 6
    assert table[-1] == texts[-1]
    assert table[1:3] == texts[1:3]
    assert table.index("日本") == 3
    assert list(pickle.loads(pickle.dumps(table))) == texts
    with pytest.raises(IndexError):
        table[6]
    assert list(Strings([])) == []


def test_a_hundred_thousand_pictures_cost_less_than_two_hundred_bytes_each() -> None:
    count = 100_000
    names = Strings(f"some class name {i % 1000:04d}/ILSVRC2012_val_{i:08d}.JPEG" for i in range(count))
    folder = ImageFolder(Path("x"), names, [i % 1000 for i in range(count)], tuple(str(i) for i in range(1000)))
    assert names.nbytes / count < 70
    assert len(pickle.dumps(folder)) / count < 80
    assert folder.target(count - 1) == 999


def test_narrow_takes_the_smallest_type() -> None:
    assert narrow(np.array([0, 255])).dtype == np.uint8
    assert narrow(np.array([256])).dtype == np.uint16
    assert narrow(np.array([1 << 40])).dtype == np.uint64
    assert narrow(np.array([], np.int64)).dtype == np.uint8


def test_groups_keep_the_order_of_the_file() -> None:
    rng = np.random.default_rng(3)
    owners = rng.integers(-1, 20, 200)
    groups = Groups(owners, 22)
    for picture in range(22):
        assert groups[picture] == [row for row in range(200) if owners[row] == picture]


@pytest.mark.parametrize("name", ["../a", "/etc/passwd", "a/../../b", "C:\\x", "\\\\host\\x", "a\0b", "", "a/../.."])
def test_paths_that_leave_the_folder_are_refused(name: str) -> None:
    with pytest.raises(BadData, match="leads out") as caught:
        inside(Path("data"), name, "list.txt:3")
    assert caught.value.where == "list.txt:3"


@pytest.mark.parametrize("name", ["a.jpg", "b/c.jpg", "b/../a.jpg", "./a.jpg", "..a/b"])
def test_paths_that_stay_are_allowed(name: str) -> None:
    assert inside(Path("data"), name, "") == Path("data") / name


def test_splits_are_called_by_their_usual_names() -> None:
    assert split_names(["valid", "train", "test"]) == {"train": "train", "val": "valid", "test": "test"}
    assert split_names(["val2014", "train2014"]) == {"train": "train2014", "val": "val2014"}
    assert split_names(["train2014", "train2017", "trainval"]) == {k: k for k in ("train2014", "train2017", "trainval")}
