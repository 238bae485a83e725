"""YOLO's text files and data.yaml; tables of paths and labels or boxes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from looksay.data import source, yamlfile
from looksay.errors import BadData, BadPicture, UnknownName


def picture(path: Path, size: tuple[int, int] = (40, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 60, 30)).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


YAMLS = {
    "ultralytics": (
        "path: ../datasets/x  # root\ntrain: images/train\nval:\n  - images/val\ntest:\n\nnames:\n  0: cat\n  1: big dog\n"
    ),
    "roboflow": "train: ../train/images\nval: ../valid/images\n\nnc: 2\nnames: ['cat', \"big dog\"]\n",
}


@pytest.fixture(params=["ultralytics", "roboflow"])
def yolo(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    for split, stem in (("train", "a"), ("val", "b"), ("train", "c")):
        if request.param == "ultralytics":
            shown, said = f"images/{split}/{stem}", f"labels/{split}/{stem}"
        else:
            folder = "valid" if split == "val" else split
            shown, said = f"{folder}/images/{stem}", f"{folder}/labels/{stem}"
        picture(tmp_path / f"{shown}.png")
        if stem != "c":
            write(tmp_path / f"{said}.txt", "1 0.5 0.5 0.25 0.5\n\n0 0.1 0.2 0.2 0.4\n")
    write(tmp_path / "data.yaml", YAMLS[request.param])
    return tmp_path


def test_boxes_by_centre_and_extent(yolo: Path) -> None:
    assert source.splits(str(yolo)) == ("train", "val")
    found = source.open(str(yolo), "train")
    assert (found.format, found.classes, len(found)) == ("yolo", ("cat", "big dog"), 2)
    scene = found[0][1]
    assert (scene.id, scene.size, scene.labels.names) == ("a", (40, 20), ("big dog", "cat"))
    assert scene.objects[0].box == pytest.approx((15, 5, 25, 15))
    assert scene.objects[1].box == pytest.approx((0, 0, 8, 8))
    assert found.raw(0).boxes[1].where.endswith("a.txt:3")
    assert len(found[1][1].objects) == 0, "a picture without a label file shows nothing"
    assert source.open(f"{yolo}/data.yaml", "val")[0][1].id == "b"
    assert len(source.open(str(yolo))) == 3
    assert found.labels(0).name == "a.txt"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("0 .5 .5 .2", "has 3 numbers"),
        ("0 .5 .5 .2 .2 .1 .1 .1", "has 7 numbers"),
        ("dog .5 .5 .2 .2", "should be numbers"),
        ("0.5 .5 .5 .2 .2", "not the number of a class"),
        ("2 .5 .5 .2 .2", "class 'number 2' is not known"),
        ("-1 .5 .5 .2 .2", "class 'number -1' is not known"),
        ("0 20 10 8 4", "20, which is not a fraction"),
        ("0 .5 .5 -.2 .2", "-0.2, which is not a fraction"),
        ("0 .5 .5 0 .2", "no extent"),
        ("0 nan .5 .2 .2", "nan, which is not a fraction"),
        ("0 .1 .1 .2 .2 .3 5", "5, which is not a fraction"),
    ],
)
def test_lines_that_cannot_be_true_are_refused(yolo: Path, line: str, says: str) -> None:
    found = source.open(str(yolo), "val")
    path = found.place(0)
    Path(path).write_text(f"0 .5 .5 .2 .2\n{line}\n")
    with pytest.raises(BadData, match=says) as caught:
        found.scene(0)
    assert caught.value.where == f"{path}:2"


def test_polygons_become_masks(yolo: Path) -> None:
    found = source.open(str(yolo), "val")
    Path(found.place(0)).write_text("1 .25 .25 .75 .25 .75 .75 .25 .75\n0 .5 .5 .2 .2 .75\n")
    square, scored = found.scene(0).objects
    assert square.box == (10, 5, 30, 15)
    expected = np.zeros((20, 40), bool)
    expected[5:15, 10:30] = True
    assert square.mask is not None
    assert np.array_equal(square.mask.array(), expected)
    assert (scored.score, scored.mask) == (0.75, None)


def test_boxes_that_reach_out_are_clipped_in_the_scene_only(yolo: Path) -> None:
    found = source.open(str(yolo), "val")
    Path(found.place(0)).write_text("0 0.05 .5 .2 .5\n")
    assert found.raw(0).boxes[0].box == pytest.approx((-2, 5, 6, 15))
    assert found.scene(0).objects[0].box == pytest.approx((0, 5, 6, 15))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("train: images\n", "does not name the classes"),
        ("train: images\nnames: [a, a]\n", "a class twice"),
        ("train: images\nnames: [a]\nnc: 2\n", "says nc: 2, but names 1"),
        ("train: images\nnames:\n  0: a\n  2: b\n", "without gaps"),
        ("train: nowhere\nnames: [a]\n", "train: nowhere, but that is not there"),
        ("names: [a]\n", "names no pictures"),
        ("train: /etc\nnames: [a]\n", "'/etc' leads out"),
        ("train: ../../../../../../etc\nnames: [a]\n", "that is not there"),
        ("train: images\nnames: [a\n", "brackets that do not close"),
        ("train: images\nnames: &x [a]\n", "more of YAML"),
    ],
)
def test_a_yaml_that_cannot_be_used_is_refused(tmp_path: Path, text: str, says: str) -> None:
    picture(tmp_path / "images/a.png")
    write(tmp_path / "data.yaml", text)
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(tmp_path))
    assert "data.yaml" in str(caught.value.where)


def test_folders_without_a_yaml(tmp_path: Path) -> None:
    picture(tmp_path / "images/a.png")
    write(tmp_path / "labels/a.txt", "1 .5 .5 .5 .5")
    with pytest.raises(BadData, match="nothing names its classes"):
        source.open(f"yolo:{tmp_path}")
    assert source.open(str(tmp_path), classes=["x", "y"])[0][1].objects[0].name == "y"
    write(tmp_path / "classes.txt", "cat\ndog\n")
    assert source.open(str(tmp_path))[0][1].objects[0].name == "dog"


def test_darknet_lists(tmp_path: Path) -> None:
    picture(tmp_path / "obj_train_data/a.png")
    write(tmp_path / "obj_train_data/a.txt", "0 .5 .5 .5 .5")
    write(tmp_path / "obj.names", "cat\n")
    write(tmp_path / "train.txt", "data/obj_train_data/a.png\n")
    found = source.open(str(tmp_path), "train")
    assert found[0][1].objects[0].box == (10, 5, 30, 15)
    write(tmp_path / "train.txt", "data/obj_train_data/a.png\n../../etc/passwd\n")
    with pytest.raises(BadData, match="leads out") as caught:
        source.open(str(tmp_path), "train")
    assert caught.value.where == f"{tmp_path}/train.txt:2"


def test_yaml_of_the_usual_kinds(tmp_path: Path) -> None:
    write(
        tmp_path / "a.yaml",
        "# head\n---\ntrain: ../train/images  # where\nnames: [ 'no', \"a # b\",\n   cat's eye, on the go, ]\n"
        "download: |\n  from x import y\n  a: [\n\nroboflow:\n  url: https://a.b/c\n  'odd key': 2\nlist:\n- a\n- [1, {b: c}]\n",
    )
    assert yamlfile.read(tmp_path / "a.yaml") == {
        "train": "../train/images",
        "names": ["no", "a # b", "cat's eye", "on the go"],
        "download": "",
        "roboflow": {"url": "https://a.b/c", "odd key": "2"},
        "list": ["a", ["1", {"b": "c"}]],
    }
    for text in ("a: 1\na: 2", "a: 1\n  b: 2", "a: !!python/object:os.system x", "a:\n\tb: 1", "- a", "a", f"a: {'[' * 99}"):
        write(tmp_path / "b.yaml", text)
        with pytest.raises(BadData, match=r"b\.yaml:\d"):
            yamlfile.read(tmp_path / "b.yaml")


@pytest.mark.parametrize("text", ["it's", 'a "b"', "yes", "1", "a: b", "# no", " x ", "[", "ü"])
def test_quoted_text_comes_back(tmp_path: Path, text: str) -> None:
    write(tmp_path / "a.yaml", f"names: [{yamlfile.quoted(text)}, b]\nx:\n  0: {yamlfile.quoted(text)}\n")
    assert yamlfile.read(tmp_path / "a.yaml") == {"names": [text, "b"], "x": {"0": text}}


def test_csv_of_labels(tmp_path: Path) -> None:
    for name in ("a.png", "b/c.png", "d,e.png"):
        picture(tmp_path / name)
    write(tmp_path / "t.csv", 'a.png,cat\nb/c.png, dog\n\n"d,e.png",cat\na.png,dog\n')
    found = source.open(f"{tmp_path}/t.csv")
    assert (found.format, found.classes, len(found)) == ("csv", ("cat", "dog"), 3)
    assert [found.target(i) for i in range(3)] == [0, 1, 0]
    assert [found[i][1].id for i in range(3)] == ["a.png", "b/c.png", "d,e.png"]
    assert found.scene(0).labels.names == ("cat", "dog")
    assert found.place(2) == f"{tmp_path}/t.csv:4"
    assert source.splits(f"csv:{tmp_path}") == ()


def test_csv_of_boxes(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    picture(tmp_path / "b.png")
    write(tmp_path / "t.csv", "a.png,1,2,30,15,cat\nb.png,,,,,\na.png,-3,0,8.5,9,dog\n")
    found = source.open(f"{tmp_path}/t.csv")
    assert [thing.box for thing in found[0][1].objects] == [(1, 2, 30, 15), (0, 0, 8.5, 9)]
    assert (len(found[1][1].objects), found.target(0), found.target(1)) == (0, 0, -1)
    assert found.raw(0).boxes[1].box == (-3, 0, 8.5, 9)
    assert found.raw(0).boxes[1].where == f"{tmp_path}/t.csv:3"


def test_csv_with_a_heading_in_any_order(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    write(tmp_path / "t.csv", "filename;cell_type;xmin;xmax;ymin;ymax\na.png;RBC;1;30;2;15\n")
    thing = source.open(f"{tmp_path}/t.csv")[0][1].objects[0]
    assert (thing.name, thing.box) == ("RBC", (1, 2, 30, 15))
    write(tmp_path / "t.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,RBC,1,2,30,15\n")
    assert source.open(f"{tmp_path}/t.csv").raw(0).size == (40, 20)
    write(tmp_path / "t.csv", "filename,width,height,class,xmin,ymin,xmax,ymax\na.png,20,40,RBC,1,2,30,15\n")
    with pytest.raises(BadData, match="states the size 20 × 40, but the upright picture is 40 × 20"):
        source.open(f"{tmp_path}/t.csv").scene(0)
    write(tmp_path / "t.csv", "split,label,path\nvalid,x,a.png\ntrain,y,a.png\n")
    assert source.splits(f"{tmp_path}/t.csv") == ("train", "val")
    found = source.open(f"{tmp_path}/t.csv", "val")
    assert (len(found), found.classes, found.target(0)) == (1, ("x", "y"), 0)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a.png,1,2,x,4,cat\n", 1, "four numbers for its box"),
        ("a.png,1,2,3,4,cat\na.png,9,2,3,4,cat\n", 2, "inverted"),
        ("a.png,1,2,3,4,cat\n\na.png,1,2,1,4,cat\n", 3, "no extent"),
        ("a.png,1,2,nan,4,cat\n", 1, "not finite"),
        ("a.png,50,2,60,4,cat\n", 1, "outside the picture"),
        ("a.png,1,2,3,4,\n", 1, "class '' is not known"),
        ("a.png,cat\na.png,cat,x\n", 2, "has 3 cells, the first line 2"),
        ("a.png,cat\n../../x.png,cat\n", 2, "leads out"),
        ("a.png,cat\n/etc/x.png,cat\n", 2, "leads out"),
        ("a.png,cat,3\n", 1, "may mean anything"),
        ("number,label\n1,cat\n", 1, "no column for the path"),
        ("path,x1,y1,label\na.png,1,2,cat\n", 1, "columns for x1, y1 only"),
        ('a.png,"cat\n', 1, "cannot be read"),
    ],
)
def test_rows_that_cannot_be_true_are_refused(tmp_path: Path, text: str, line: int, says: str) -> None:
    picture(tmp_path / "a.png")
    write(tmp_path / "t.csv", text)
    with pytest.raises(BadData, match=says) as caught:
        source.open(f"{tmp_path}/t.csv").scene(0)
    assert caught.value.where == f"{tmp_path}/t.csv:{line}"


def test_csv_problems_can_all_be_seen(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    write(tmp_path / "t.csv", "a.png,cat\na.png\n../x.png,dog\nb.png,dog\n")
    found = source.open(f"{tmp_path}/t.csv", strict=False)
    assert [problem.where for problem in found.problems] == [f"{tmp_path}/t.csv:{line}" for line in (2, 3)]
    with pytest.raises(BadPicture, match=r"b\.png is not there"):
        found.picture(1)


def test_csv_tables_of_splits(tmp_path: Path) -> None:
    picture(tmp_path / "p/a.png")
    write(tmp_path / "train.csv", "filepath,label\np/a.png,cat\n")
    write(tmp_path / "validation.csv", "filepath,label\np/a.png,dog\n")
    assert source.splits(f"csv:{tmp_path}") == ("train", "val")
    found = source.open(f"csv:{tmp_path}", "val")
    assert (found.classes, found.target(0)) == (("cat", "dog"), 1)
    write(tmp_path / "bad.csv", "x\xff")
    (tmp_path / "bad.csv").write_bytes(b"a.png,cat\n\xff\xfe,b\n")
    with pytest.raises(BadData, match="not text in UTF-8") as caught:
        source.open(f"{tmp_path}/bad.csv")
    assert caught.value.where == f"{tmp_path}/bad.csv:2"
    with pytest.raises(UnknownName):
        source.open(f"csv:{tmp_path}", "test")
