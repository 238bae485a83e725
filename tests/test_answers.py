"""Predictions written as they come: every format against numbers worked by hand or another reader, whole at every moment."""

from __future__ import annotations

import csv
import json
import resource
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from looksay.data import source
from looksay.data.answers import FORMATS, LIST, Answers
from looksay.data.coco import Coco, read_results, write_results
from looksay.data.ids import Ids
from looksay.errors import BadData, DiskTrouble, UnknownName
from looksay.scene import Mask, Objects, Scene, Thing

CLASSES = ("cat", "big dog", 'odd: "é", name')


def scene(id: str, *things: Thing, from_: str = "", size: tuple[int, int] = (200, 100)) -> Scene:
    return Scene(size, id=id, source=from_, objects=Objects(things))


def random_scenes(count: int, seed: int = 0, things: int = 5) -> list[Scene]:
    """Boxes and scores as a network in float32 gives them; the second picture is empty."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        low = (rng.random((things, 2)) * (150, 60)).astype(np.float32)
        high = low + (rng.random((things, 2)) * 39 + 0.5).astype(np.float32)
        boxes, scores = np.concatenate((low, high), axis=1), rng.random(things, np.float32)
        made = [
            Thing(CLASSES[turn % 3], tuple(box), score)
            for turn, (box, score) in enumerate(zip(boxes.tolist(), scores.tolist(), strict=True))
        ]
        found.append(scene(f"{number + 1:012d}.jpg", *(made if number != 1 else ())))
    return found


def written(
    path: Path, format: str, scenes: Sequence[Scene], classes: Sequence[str] = CLASSES, ids: Ids | None = None
) -> Answers:
    with Answers(path, format, classes, ids) as answers:
        for each in scenes:
            answers.add(each)
    return answers


def listed(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / LIST).read_text().splitlines()))


@pytest.fixture
def truth(tmp_path: Path) -> Coco:
    """Two pictures of one name in two folders; ids and numbers of classes that no program would come upon by itself."""
    for name in ("a/x.jpg", "b/x.jpg", "b/y.jpg"):
        (tmp_path / "set" / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (200, 100)).save(tmp_path / "set" / "images" / name)
    images = [
        {"id": id, "file_name": name, "width": 200, "height": 100}
        for id, name in ((7001, "a/x.jpg"), (42, "b/x.jpg"), (900, "b/y.jpg"))
    ]
    categories = [{"id": 17, "name": "cat"}, {"id": 90, "name": "big dog"}, {"id": 3, "name": CLASSES[2]}]
    path = tmp_path / "set" / "annotations" / "instances_val.json"
    path.parent.mkdir()
    path.write_text(json.dumps({"images": images, "categories": categories, "annotations": []}))
    found = source.open(f"coco:{tmp_path / 'set'}", "val")
    assert isinstance(found, Coco)
    return found


def test_json_is_whole_after_every_picture_and_loses_nothing(tmp_path: Path) -> None:
    scenes = random_scenes(4)
    with Answers(tmp_path / "found.json", "json", CLASSES) as answers:
        assert json.loads(answers.part.read_text()) == []
        for count, each in enumerate(scenes, 1):
            answers.add(each)
            assert len(json.loads(answers.part.read_text())) == count
            assert not answers.path.exists()
    assert [Scene.from_json(json.dumps(item)) for item in json.loads(answers.path.read_text())] == scenes
    assert not answers.part.exists()
    assert (answers.count, answers.things) == (4, 15)
    lines = written(tmp_path / "found.jsonl", "json", scenes).path.read_text().splitlines()
    assert [Scene.from_json(line) for line in lines] == scenes


@pytest.mark.parametrize("format", FORMATS)
def test_an_interruption_keeps_what_was_done_and_leaves_the_old_file_alone(format: str, tmp_path: Path) -> None:
    path, first, second = tmp_path / "out", *random_scenes(2, things=2)
    folder = FORMATS[format].folder
    if not folder:
        path.write_text("old")

    def interrupted() -> None:
        with Answers(path, format, CLASSES[:2]) as answers:
            answers.add(first)
            answers.add(second)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    part = tmp_path / "out.part"
    assert part.exists()
    assert not path.exists() if folder else path.read_text() == "old"
    if format in ("json", "coco"):
        assert len(json.loads(part.read_text())) == 2
    written(path, format, [second, first], CLASSES[:2])  # the next run begins anew
    assert not part.exists()
    if folder:
        rows = listed(path)
        assert [row["picture"] for row in rows] == [second.id, first.id]
        assert not list(path.rglob("*.new"))


def test_csv_rows(tmp_path: Path) -> None:
    box = tuple(np.array([0.1, 1 / 3, 20, 30.7], np.float32).tolist())
    there = scene("x.jpg", Thing(CLASSES[2], box, float(np.float32(1 / 7))), Thing("cat", (1, 2, 3, 4)), from_='a, "b"/x.jpg')
    path = written(
        tmp_path / "found.csv", "csv", [there, scene("y.jpg"), scene("z.jpg", Thing("cat", (5, 6, 7.25, 8), 0.5))]
    ).path
    head, first, *rest = list(csv.reader(path.read_text().splitlines()))
    assert head == ["picture", "name", "score", "x1", "y1", "x2", "y2"]
    assert first[:2] == ['a, "b"/x.jpg', CLASSES[2]]
    np.testing.assert_array_equal(np.array(first[2:], np.float32), np.array([1 / 7, 0.1, 1 / 3, 20, 30.7], np.float32))
    assert rest == [
        ['a, "b"/x.jpg', "cat", "1", "1", "2", "3", "4"],
        ["z.jpg", "cat", "0.5", "5", "6", "7.25", "8"],
    ]


def test_coco_results_have_the_numbers_of_the_truth(tmp_path: Path, truth: Coco) -> None:
    """Pictures are known by their paths, also from elsewhere, and the file reads back as what was said."""
    ids = Ids.of(truth)
    mask = Mask.of(np.eye(100, 200))
    cat, dog = Thing("cat", (10, 20, 40.5, 60), 0.75, mask=mask), Thing("big dog", (0.25, 0, 8, 9), 0.125)
    said = [
        scene("x.jpg", cat, dog, from_=str(truth.path(1))),
        scene("x.jpg", dog, from_="copy/a/x.jpg"),
        scene("900", cat),  # a picture of the set by its id
    ]
    path = written(tmp_path / "found.json", "coco", said, ids=ids).path
    rows = json.loads(path.read_text())
    assert [(row["image_id"], row["category_id"], row["score"]) for row in rows] == [
        (42, 17, 0.75), (42, 90, 0.125), (7001, 90, 0.125), (900, 17, 0.75),
    ]  # fmt: skip
    assert rows[0]["bbox"] == [10, 20, 30.5, 40]
    assert rows[1]["bbox"] == [0.25, 0, 7.75, 9]
    back = read_results(path, truth)
    assert [tuple(back[index].objects) for index in range(3)] == [(dog,), (cat, dog), (cat,)]
    same = [Scene(each.size, id=id, objects=each.objects) for id, each in zip(("42", "7001", "900"), said, strict=True)]
    write_results(same, tmp_path / "at once.json", truth)
    assert json.loads((tmp_path / "at once.json").read_text()) == rows


def test_what_the_truth_does_not_know(tmp_path: Path, truth: Coco) -> None:
    ids = Ids.of(truth)
    with Answers(tmp_path / "found.json", "coco", (*CLASSES, "unicorn"), ids) as answers:
        answers.add(scene("900", Thing("unicorn", (1, 2, 3, 4)), Thing("cat", (1, 2, 3, 4), 0.5)))
        for wrong in (scene("x.jpg", from_="x.jpg"), scene("x.jpg", from_="c/x.jpg"), scene("q.jpg", from_="a/q.jpg")):
            with pytest.raises(BadData, match=r"called '[xq]\.jpg'"):
                answers.add(wrong)
        with pytest.raises(BadData, match="two pictures have the id 900"):
            answers.add(scene("y.jpg", from_="b/y.jpg"))
    assert answers.left_out == {"unicorn": 1}
    assert [row["category_id"] for row in json.loads(answers.path.read_text())] == [17]
    with pytest.raises(BadData, match="none of the classes"):
        Answers(tmp_path / "none.json", "coco", ("unicorn",), ids)
    assert not (tmp_path / "none.json.part").exists()


def test_coco_results_without_a_truth(tmp_path: Path) -> None:
    thing = Thing("cat", (1, 2, 3, 4), 0.5)
    with Answers(tmp_path / "a.json", "coco", ("cat", "person")) as answers:
        answers.add(scene("000000000139.jpg", thing))
        answers.add(scene("film.mp4#7", thing))
        with pytest.raises(BadData, match="two pictures have the id 139"):
            answers.add(scene("139.png", thing, from_="other/139.png"))
    rows = json.loads(answers.path.read_text())
    assert [(row["image_id"], row["category_id"]) for row in rows] == [(139, 17), ("film.mp4#7", 17)]
    rows = json.loads(written(tmp_path / "b.json", "coco", [scene("1", Thing("big dog", (1, 2, 3, 4)))]).path.read_text())
    assert rows[0]["category_id"] == 2


def test_voc_xml_reads_back(tmp_path: Path) -> None:
    out = tmp_path / "voc"
    odd = Thing(CLASSES[2], (0, 0.4, 10.6, 100), 0.25)
    small = Thing("cat", (150.1, 20.2, 150.3, 20.4), 1.0)  # less than a pixel is one
    answers = written(out, "voc", [scene("x.jpg", odd, small, from_="b & c/x.jpg"), scene("y.jpg")])
    assert answers.path == out
    tree = ElementTree.parse(out / "Annotations" / "x.xml").getroot()
    assert [node.text for node in tree.iter("score")] == ["0.25", "1"]
    assert tree.findtext("path") == "b & c/x.jpg"
    corners = [
        [int(node.findtext(f"bndbox/{name}", "")) for name in ("xmin", "ymin", "xmax", "ymax")] for node in tree.iter("object")
    ]
    assert corners == [[1, 1, 11, 100], [151, 21, 151, 21]]
    (out / "JPEGImages").mkdir()
    for name in ("x", "y"):
        Image.new("RGB", (200, 100)).save(out / "JPEGImages" / f"{name}.jpg")
    found = source.open(f"voc:{out}")
    assert [(thing.name, thing.box) for thing in found[0][1].objects] == [
        (CLASSES[2], (0, 0, 11, 100)),
        ("cat", (150, 20, 151, 21)),
    ]
    assert not found[1][1].objects


def test_voc_results_as_the_devkit_has_them(tmp_path: Path) -> None:
    first = scene(
        "2007 001.jpg",
        Thing("cat", (0, 9.5, 48, 100), 0.75),
        Thing("big dog", (1, 2, 3, 4), 0.5),
        Thing("cat", (5, 5, 9, 9), 0.125),
    )
    second = scene("2007_002.jpg", Thing("cat", (10, 20, 30, 40), 1 / 3))
    out = written(tmp_path / "voc", "voc-results", [first, second], ("cat", "big dog", "cow")).path
    assert {path.name for path in out.iterdir()} == {LIST, *(f"comp3_det_test_{name}.txt" for name in ("cat", "big dog", "cow"))}
    assert (out / "comp3_det_test_cat.txt").read_text() == (
        "2007_001 0.75 1 10.5 48 100\n2007_001 0.125 6 6 9 9\n2007_002 0.333333333 11 21 30 40\n"
    )
    assert (out / "comp3_det_test_big dog.txt").read_text() == "2007_001 0.5 2 3 3 4\n"
    assert (out / "comp3_det_test_cow.txt").read_text() == ""
    with pytest.raises(BadData, match="'either/or' cannot be part"):
        Answers(tmp_path / "other", "voc-results", ("either/or",))


def test_yolo_lines(tmp_path: Path) -> None:
    out = written(tmp_path / "yolo", "yolo", [scene("x.jpg", Thing("big dog", (20, 10, 60, 30), 0.5)), scene("y.jpg")]).path
    assert (out / "labels" / "x.txt").read_text() == "1 0.2 0.2 0.2 0.2 0.5\n"
    assert (out / "labels" / "y.txt").read_text() == ""
    assert (out / "data.yaml").read_text() == "nc: 3\nnames:\n  0: 'cat'\n  1: 'big dog'\n  2: 'odd: \"é\", name'\n"


@pytest.mark.parametrize("format", ["voc", "yolo"])
def test_pictures_of_one_name_do_not_overwrite_one_another(format: str, tmp_path: Path) -> None:
    things = [Thing("cat", (1, 2, 3 + turn, 4), 0.5) for turn in range(5)]
    names = ("x.jpg", "X.png", "x.jpg", "a/x.jpg", "../a:b/x.jpg")
    scenes = [scene(name, thing, from_=f"from {turn}") for turn, (name, thing) in enumerate(zip(names, things, strict=True))]
    out = written(tmp_path / "out", format, scenes).path
    rows = listed(out)
    assert [Path(row["file"]).stem for row in rows] == ["x", "X-2", "x-3", "a_x", "_._a_b_x".replace("_._", ".._").strip(" .")]
    assert [(row["picture"], row["source"]) for row in rows] == [(name, f"from {turn}") for turn, name in enumerate(names)]
    assert all((out / row["file"]).is_file() for row in rows)
    assert {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")} == {"out"}
    if format == "yolo":
        widths = [float((out / row["file"]).read_text().split()[3]) for row in rows]
        assert widths == [(2 + turn) / 200 for turn in range(5)]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    with pytest.raises(BadData, match="is there already"):
        Answers(tmp_path / "full", "yolo", CLASSES)
    with pytest.raises(BadData, match="is a folder"):
        Answers(tmp_path / "full", "csv", CLASSES)
    (tmp_path / "new.part").mkdir()
    (tmp_path / "new.part" / "thesis.txt").write_text("mine too")
    with pytest.raises(BadData, match="is in the way"):
        Answers(tmp_path / "new", "yolo", CLASSES)
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == 2
    (tmp_path / "empty").mkdir()
    assert (written(tmp_path / "empty", "yolo", []).path / "data.yaml").is_file()


def test_a_full_disk_costs_nothing_that_was_there(tmp_path: Path) -> None:
    scenes = random_scenes(40)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def filled() -> None:
        with Answers(tmp_path / "found.json", "json", CLASSES) as answers:
            for each in scenes:
                answers.add(each)

    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(DiskTrouble, match=r"found\.json: cannot be written"):
            filled()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept = [Scene.from_json(json.dumps(item)) for item in json.loads((tmp_path / "found.json.part").read_text())]
    assert 3 < len(kept) < 40
    assert kept == scenes[: len(kept)]


def test_refusals(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="did you mean yolo"):
        Answers(tmp_path / "x", "yollo", CLASSES)
    with Answers(tmp_path / "x.csv", "csv", CLASSES) as answers, pytest.raises(UnknownName, match="no class is called 'big god'"):
        answers.add(scene("x", Thing("big god", (1, 2, 3, 4))))
    with pytest.raises(DiskTrouble, match="cannot be written"):
        Answers(tmp_path / "x.csv" / "deeper.csv", "csv", CLASSES)


@pytest.mark.parametrize("ending", ["found.json", "found.csv"])
def test_memory_does_not_grow(ending: str, tmp_path: Path) -> None:
    some = random_scenes(20, things=20)
    with Answers(tmp_path / ending, ending[6:], CLASSES) as answers:
        for each in some:
            answers.add(each)
        tracemalloc.start()
        used = []
        for _ in range(20):
            for each in some:
                answers.add(each)
            used.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
    assert answers.path.stat().st_size > 400_000
    assert used[-1] - used[9] < 20_000
