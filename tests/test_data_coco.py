"""COCO's files: polygons, run lengths, crowds, captions and results, checked against pycocotools and slow loops."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pycocotools import mask as official

from looksay.data import coco, rle, source
from looksay.data.jsonfile import JsonFile
from looksay.data.outline import polygon
from looksay.errors import BadData
from looksay.scene import Caption, Mask, Objects, Scene, Thing


def image(id: int, name: str = "", size: tuple[int, int] = (20, 10)) -> dict[str, Any]:
    return {"id": id, "file_name": name or f"{id:012d}.jpg", "width": size[0], "height": size[1], "license": 1}


def note(id: int, of: int, box: Any = (2, 3, 10, 5), **more: Any) -> dict[str, Any]:
    plain = {"id": id, "image_id": of, "category_id": 18, "bbox": list(box), "area": 50.25, "iscrowd": 0}
    return {**plain, "segmentation": [], **more}


KINDS = [{"id": 1, "name": "person", "supercategory": "x"}, {"id": 18, "name": "dog"}, {"id": 90, "name": "toothbrush"}]


def write(
    root: Path, images: list[Any], notes: list[Any], *, split: str = "val2017", kinds: Any = KINDS, indent: int | None = None
) -> Path:
    path = root / f"annotations/instances_{split}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"info": {"year": 2017}, "licenses": [], "annotations": notes, "images": images, "categories": kinds}
    path.write_text(json.dumps(whole, indent=indent, ensure_ascii=False))
    for each in images:
        if isinstance(each, dict) and isinstance(each.get("file_name"), str) and "/" not in each["file_name"]:
            (root / split).mkdir(exist_ok=True)
            Image.new("RGB", (each.get("width", 20), each.get("height", 10))).save(root / split / each["file_name"])
    return path


@pytest.mark.parametrize("indent", [None, 2])
def test_things_captions_and_ids(tmp_path: Path, indent: int | None) -> None:
    notes = [note(901, 285), note(77, 139, (0, 0, 4, 4), category_id=1), note(5, 285, (1.5, 2, 3.25, 4), iscrowd=1)]
    notes[2]["segmentation"] = {"size": [10, 20], "counts": [12, 3, 185]}
    write(tmp_path, [image(285, "größe 1.jpg"), image(139), image(7)], notes, indent=indent)
    captions = {"images": [image(139), image(285)], "annotations": [
        {"id": 3, "image_id": 285, "caption": "Ein Hund läuft."}, {"id": 4, "image_id": 139, "caption": "A man."},
        {"id": 9, "image_id": 285, "caption": "A \u201cdog\u201d."},
    ]}  # fmt: skip
    (tmp_path / "annotations/captions_val2017.json").write_text(json.dumps(captions), "utf-8")
    write(tmp_path, [image(1)], [], split="train2017")
    assert source.splits(str(tmp_path)) == ("train", "val")
    found = source.open(str(tmp_path), "val")
    assert (found.format, found.classes, len(found)) == ("coco", ("person", "dog", "toothbrush"), 3)
    assert dict(found.category_ids) == {"person": 1, "dog": 18, "toothbrush": 90}
    seen, scene = found[0]
    assert seen.shape == (10, 20, 3)
    assert (scene.id, scene.size, scene.labels.names) == ("285", (20, 10), ("dog",))
    dog, crowd = scene.objects
    assert (dog.name, dog.id, dog.box, dog.mask, dog.crowd) == ("dog", "901", (2, 3, 12, 8), None, False)
    assert dog.attributes["area"] == "50.25"
    assert (crowd.id, crowd.box, crowd.crowd) == ("5", (1.5, 2, 4.75, 6), True)
    assert crowd.mask is not None
    assert crowd.mask.area == 3
    assert crowd.mask.array()[2:5, 1].all(), "run lengths go down the columns"
    assert [(c.text, c.id) for c in scene.captions] == [("Ein Hund läuft.", "3"), ("A “dog”.", "9")]
    assert (found.scene(1).id, len(found.scene(2).objects), found.target(2)) == ("139", 0, -1)
    raw = found.raw(0)
    assert raw.boxes[1].where == "instances_val2017.json, annotation 2 (id 5)"
    assert (raw.boxes[1].flags, raw.where) == ({"crowd"}, "instances_val2017.json, image 0 (id 285)")
    assert pickle.loads(pickle.dumps(found)).scene(0) == scene
    assert source.open(f"{tmp_path}/annotations/instances_val2017.json")[0][1].objects == scene.objects
    assert len(source.open(str(tmp_path), "val2017")) == 3


def test_polygons_are_filled_as_the_official_tools_fill_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    shapes = [[rng.uniform(-1, 21, 12).round(2).tolist()] * 1 + [rng.uniform(0, 10, 8).tolist()] for _ in range(20)]
    write(tmp_path, [image(1)], [note(i, 1, (0, 0, 9, 9), segmentation=shape) for i, shape in enumerate(shapes)])
    for thing, shape in zip(source.open(str(tmp_path), "val").scene(0).objects, shapes, strict=True):
        expected = official.decode(official.merge(official.frPyObjects(shape, 10, 20)))
        assert thing.mask is not None
        assert np.array_equal(thing.mask.array(), expected.astype(bool))


def by_pixels(counts: list[int], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    out, at, on = np.zeros(size[::-1], bool), 0, False
    for count in counts:
        for _ in range(count):
            out[at % size[1], at // size[1]] = on
            at += 1
        on = not on
    return out


def test_packed_runs_are_the_official_ones() -> None:
    rng = np.random.default_rng(1)
    for density in (0.0, 0.02, 0.5, 0.98, 1.0):
        for size in ((1, 1), (7, 5), (300, 200)):
            array = rng.random(size[::-1]) < density
            mask, other = Mask.of(array), official.encode(np.asfortranarray(array.astype(np.uint8)))
            assert rle.packed(mask) == other["counts"].decode()
            assert rle.unpacked(other["counts"]).tolist() == mask.runs.tolist()
    runs = [3, 2, 5, 1, 4]
    back = rle.mask_of({"size": [5, 3], "counts": runs}, (3, 5), "")
    assert back is not None
    assert np.array_equal(back.array(), by_pixels(runs, (3, 5)))
    far = Mask((100_000, 40_000), np.array([3_999_999_990, 10], np.uint32))
    assert rle.unpacked(rle.packed(far)).tolist() == far.runs.tolist()


def test_a_mask_and_its_outline_are_the_same() -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        array = rng.random(rng.integers(1, 12, 2)) < rng.random()
        line = [float(value) for corner in polygon(array) for value in corner]
        if array.any():
            assert np.array_equal(rle.from_polygons([line], array.shape[::-1], "").array(), array)
        else:
            assert line == []
    ring = np.ones((5, 6), bool)
    ring[1:4, 2:4] = False
    assert polygon(ring[:1, :3]) == [(0, 0), (3, 0), (3, 1), (0, 1)]
    assert len(polygon(ring)) == 4 + 1 + 5


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"bbox": [5, 5, -2, 3]}, "inverted"),
        ({"bbox": [5, 5, 0, 3]}, "no extent"),
        ({"bbox": [float("nan"), 5, 1, 3]}, "not finite"),
        ({"bbox": [50, 5, 5, 3]}, "outside the picture"),
        ({"bbox": [5, 5, 3]}, "four numbers"),
        ({"bbox": "5 5 3 3"}, "four numbers"),
        ({"bbox": [5, 5, True, "3"]}, "four numbers"),
        ({"bbox": None}, "neither a bbox nor a segmentation"),
        ({"category_id": 3}, "'category 3' is not known"),
        ({"category_id": -1}, "'category -1' is not known"),
        ({"category_id": [1]}, "is not known"),
        ({"segmentation": [[1, 2, 3, 4]]}, "a polygon of it has 4 numbers"),
        ({"segmentation": [[1, 2, 3, 4, 5, 6, 7]]}, "7 numbers"),
        ({"segmentation": [[1, 2, 3, "4", 5, 6]]}, "something else than numbers"),
        ({"segmentation": [[1, 2, 3, 4, 5, 1e9]]}, "leaves the picture"),
        ({"segmentation": [[1, 2, 3, float("nan"), 5, 6]]}, "leaves the picture"),
        ({"segmentation": [1, 2, 3, 4, 5, 6]}, "neither polygons nor run lengths"),
        ({"segmentation": {"size": [20, 10], "counts": [200]}}, "states the size"),
        ({"segmentation": {"size": [10, 20], "counts": [199]}}, "cover 199 pixels"),
        ({"segmentation": {"size": [10, 20], "counts": [-5, 205]}}, "negative"),
        ({"segmentation": {"size": [10, 20], "counts": [100.0, 100]}}, "neither text nor whole"),
        ({"segmentation": {"size": [10, 20], "counts": "\x7f\x7f"}}, "damaged"),
        ({"segmentation": {"size": [10, 20], "counts": "Ü"}}, "damaged"),
        ({"segmentation": {"size": [10, 20], "counts": "oooooooooooooo0"}}, "too large"),
    ],
)
def test_annotations_that_cannot_be_true_are_refused(tmp_path: Path, more: dict[str, Any], says: str) -> None:
    write(tmp_path, [image(1), image(2)], [note(4, 2), note(17, 1, **more)])
    found = source.open(str(tmp_path), "val")
    assert len(found.scene(1).objects) == 1, "the other picture is not concerned"
    with pytest.raises(BadData, match=says) as caught:
        found.scene(0)
    assert caught.value.where == "instances_val2017.json, annotation 1 (id 17)"


def test_a_missing_box_is_that_of_the_segmentation(tmp_path: Path) -> None:
    square = {"bbox": None, "segmentation": [[3, 2, 9, 2, 9, 7, 3, 7]]}
    runs = {"bbox": None, "segmentation": {"size": [10, 20], "counts": [12, 3, 7, 3, 175]}}
    write(tmp_path, [image(1)], [note(1, 1, **square), note(2, 1, **runs)])
    found = source.open(str(tmp_path), "val")
    assert [thing.box for thing in found.scene(0).objects] == [(3, 2, 9, 7), (1, 2, 3, 5)]
    assert [raw.box for raw in found.raw(0).boxes] == [(3, 2, 9, 7), (1, 2, 3, 5)]


@pytest.mark.parametrize(
    ("images", "notes", "says", "where"),
    [
        ([image(1)], [note(3, 1), note(4, 99)], "image 99, which is not listed", "annotation 1"),
        ([image(1)], [note(3, 1), note(4, 1, image_id=None)], "image None", "annotation 1"),
        ([image(1)], [note(3, 1), note(3, 1)], "has the id 3, as has annotation 0", "annotation 1"),
        ([image(1), image(1, "b.jpg")], [], "has the id of image 0", "image 1 (id 1)"),
        ([image(1, "../../etc/passwd")], [], "leads out", "image 0 (id 1)"),
        ([image(1, "/etc/passwd.jpg")], [], "leads out", "image 0 (id 1)"),
        ([{"id": 1}], [], "an id and a file_name", "image 0 (id 1)"),
        (["x.jpg"], [], "should be an object", "image 0"),
        ([image(1)], [[1, 2]], "should be an object", "annotation 0"),
    ],
)
def test_what_is_wrong_with_the_whole_is_refused_or_listed(
    tmp_path: Path, images: list[Any], notes: list[Any], says: str, where: str
) -> None:
    write(tmp_path, images, notes)
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(tmp_path), "val")
    assert caught.value.where == f"instances_val2017.json, {where}"
    found = source.open(str(tmp_path), "val", strict=False)
    assert len(found.problems) == 1


def test_every_problem_is_listed_and_the_rest_can_be_used(tmp_path: Path) -> None:
    write(tmp_path, [image(1), image(2), image(2)], [note(1, 9), note(2, 1), note(2, 1), note(3, 8)])
    found = source.open(str(tmp_path), "val", strict=False)
    assert (len(found), len(found.problems), len(found.scene(0).objects)) == (2, 4, 2)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "expected '{'"),
        ('{"images": [\n{"id": 1,}\n]}', 2, "not the JSON"),
        ('{"images": [{"id": 1}\n{"id": 2}]}', 2, "expected ',' or ']'"),
        ('{"images": [],\n"annotations": [{]}', 2, "not the JSON"),
        ('{"images": []', 1, "expected ',' or '}'"),
        ('{"annotations": []}', 0, "no list of images"),
        ("[]", 0, "no list of images"),
        ('[{"image_id": 1}]', 0, "as results are"),
        ('{"images": [], "categories": [{"id": -2, "name": "x"}]}', 0, "negative id -2"),
        ('{"images": [], "categories": [{"id": 2}]}', 0, "an id and a name"),
        ('{"images": [], "categories": [{"id": 2, "name": "a"}, {"id": 3, "name": "a"}]}', 0, "another category has"),
        ('{"images": ' + "[" * 100_000, 0, "nested too deeply"),
        ('{"images": [' + "1" * 5000 + "]}", 1, "not the JSON"),
    ],
)
def test_files_of_the_wrong_shape_are_refused(tmp_path: Path, text: str, line: int, says: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(BadData, match=says) as caught:
        source.open(f"coco:{path}")
    assert caught.value.where in ((f"{path}:{line}",) if line else (str(path), "a.json, category 0", "a.json, category 1"))


def test_sizes_must_be_true(tmp_path: Path) -> None:
    write(tmp_path, [image(1), image(2), image(3)], [])
    path = tmp_path / "annotations/instances_val2017.json"
    whole = json.loads(path.read_text())
    whole["images"][0].pop("width")
    whole["images"][0].pop("height")
    whole["images"][1]["width"] = -20
    whole["images"][2].update(width=10, height=20)
    path.write_text(json.dumps(whole))
    found = source.open(str(tmp_path), "val")
    assert (found.scene(0).size, found.raw(0).size) == ((20, 10), None)
    with pytest.raises(BadData, match="no size that could be true") as caught:
        found.scene(1)
    assert caught.value.where == "instances_val2017.json, image 1 (id 2)"
    with pytest.raises(BadData, match="annotated as 10 × 20, but the upright picture is 20 × 10"):
        found[2]


def test_boxes_that_reach_out_are_clipped_in_the_scene_only(tmp_path: Path) -> None:
    write(tmp_path, [image(1)], [note(1, 1, (-2, 5, 30, 5.5))])
    found = source.open(str(tmp_path), "val")
    assert found.raw(0).boxes[0].box == (-2, 5, 28, 10.5)
    assert found.scene(0).objects[0].box == (0, 5, 20, 10)


def test_other_layouts(tmp_path: Path) -> None:
    whole = {"images": [image(0, "a.jpg")], "annotations": [note(0, 0)], "categories": KINDS}
    for split in ("train", "valid"):
        (tmp_path / "r" / split).mkdir(parents=True)
        Image.new("RGB", (20, 10)).save(tmp_path / "r" / split / "a.jpg")
        (tmp_path / "r" / split / "_annotations.coco.json").write_text(json.dumps(whole))
    assert source.splits(str(tmp_path / "r")) == ("train", "val")
    assert source.open(str(tmp_path / "r"), "val")[0][1].objects[0].name == "dog"
    (tmp_path / "s/images").mkdir(parents=True)
    Image.new("RGB", (20, 10)).save(tmp_path / "s/images/a.jpg")
    (tmp_path / "s/result.json").write_text(json.dumps(whole))
    assert source.open(str(tmp_path / "s"))[0][1].id == "0"
    with pytest.raises(BadData, match="no annotation files"):
        source.open(f"coco:{tmp_path}")


def test_a_changed_file_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path, [image(1)], [note(1, 1)])
    found = source.open(str(tmp_path), "val")
    path.write_text("x" * path.stat().st_size)
    with pytest.raises(BadData, match="has changed since it was opened"):
        pickle.loads(pickle.dumps(found)).scene(0)


def test_the_index_stays_small(tmp_path: Path) -> None:
    """Seven annotations and five captions for each picture, as COCO has on average."""
    count = 2000
    images = [image(i * 37) for i in range(count)]
    path = tmp_path / "annotations/instances_val2017.json"
    path.parent.mkdir()
    notes = [note(i, (i * 131 % count) * 37) for i in range(7 * count)]
    path.write_text(json.dumps({"images": images, "annotations": notes, "categories": KINDS}))
    said = [{"id": i, "image_id": (i % count) * 37, "caption": "A dog."} for i in range(5 * count)]
    (tmp_path / "annotations/captions_val2017.json").write_text(json.dumps({"images": images, "annotations": said}))
    found = source.open(str(tmp_path), "val")
    assert isinstance(found, coco.Coco)
    assert found.nbytes / count < 200
    assert len(pickle.dumps(found)) / count < 200
    assert (len(found.raw(5).boxes), len(found.scene(5).captions)) == (7, 5)


def test_json_is_walked_like_json_load(tmp_path: Path) -> None:
    whole = {"a": [1, {"ü": '\u20ac \\ " \n'}, []], "b": {"c": [1]}, "d": -1.5e3, "images": [], "e": None}
    for indent, ascii_only in ((None, True), (3, False)):
        (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(whole, indent=indent, ensure_ascii=ascii_only).encode())
        file = JsonFile(tmp_path / "a.json")
        seen = list(file.walk())
        assert [(key, place, value) for key, place, _, value in seen] == [
            ("a", 0, 1), ("a", 1, whole["a"][1]), ("a", 2, []), ("b", -1, whole["b"]), ("d", -1, -1500.0), ("e", -1, None),
        ]  # fmt: skip
        assert all(file.at(start, start + 200) == value for _, _, start, value in seen)


def test_results_go_out_and_come_back_and_the_official_tools_take_them(tmp_path: Path) -> None:
    write(tmp_path, [image(285), image(139)], [note(1, 285)])
    found = source.open(str(tmp_path), "val")
    assert isinstance(found, coco.Coco)
    array = np.zeros((10, 20), bool)
    array[2:5, 3:9] = True
    dog = Thing("dog", (2.25, 3, 12, 8.5), 0.75, mask=Mask.of(array))
    brush = Thing("toothbrush", (-1, 0, 2, 3), 0.125)
    scenes = [Scene((20, 10), id="285", objects=Objects((dog,))), Scene((20, 10), id="139", objects=Objects((brush, dog)))]
    assert coco.write_results(scenes, tmp_path / "out.json", found) == 3
    listed = json.loads((tmp_path / "out.json").read_text())
    assert listed[0]["image_id"] == 285
    assert listed[0]["bbox"] == [2.25, 3, 9.75, 5.5]
    assert [entry["category_id"] for entry in listed] == [18, 90, 18]
    assert np.array_equal(official.decode(listed[0]["segmentation"]), array)
    back = coco.read_results(tmp_path / "out.json", found)
    assert [scene.id for scene in back] == ["285", "139"]
    assert [scene.objects for scene in back] == [scene.objects for scene in scenes]
    coco.write_results(scenes, tmp_path / "official.json")
    assert json.loads((tmp_path / "official.json").read_text()) == listed, "dog is 18 and toothbrush 90 there too"
    assert list(tmp_path.glob("*.part")) == []


def test_results_of_captions(tmp_path: Path) -> None:
    write(tmp_path, [image(285)], [])
    found = source.open(str(tmp_path), "val")
    assert isinstance(found, coco.Coco)
    said = Scene((20, 10), id="285", captions=(Caption("A dog.", 0.9), Caption("A cat.", 0.1)))
    coco.write_results([said], tmp_path / "out.json", found)
    assert json.loads((tmp_path / "out.json").read_text()) == [{"image_id": 285, "caption": "A dog."}]
    assert coco.read_results(tmp_path / "out.json", found)[0].captions[0].text == "A dog."
    thing = Scene((20, 10), id="285", objects=Objects((Thing("dog", (0, 0, 1, 1)),)))
    with pytest.raises(BadData, match="mix things and captions"):
        coco.write_results([said, thing], tmp_path / "new.json", found)
    with pytest.raises(BadData, match="'unicorn' has no number"):
        coco.write_results([Scene((2, 2), objects=Objects((Thing("unicorn", (0, 0, 1, 1)),)))], tmp_path / "new.json", found)
    assert not (tmp_path / "new.json").exists()
    assert list(tmp_path.glob("*.part")) == []


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"image_id": 99, "category_id": 18, "bbox": [1, 1, 2, 2], "score": 0.5}, "image '99', which is not listed"),
        ({"image_id": 285, "category_id": 2, "bbox": [1, 1, 2, 2], "score": 0.5}, "category 2 is not one"),
        ({"image_id": 285, "category_id": 18, "bbox": [1, 1, 2, 2], "score": 1.5}, "score 1.5"),
        ({"image_id": 285, "category_id": 18, "bbox": [1, 1, 2, 2]}, "score None"),
        ({"image_id": 285, "category_id": 18, "bbox": [1, 1, 0, 2], "score": 0.5}, "without extent"),
        ({"image_id": 285, "category_id": 18, "bbox": [1, 1], "score": 0.5}, "four numbers"),
    ],
)
def test_results_that_cannot_be_true_are_refused(tmp_path: Path, entry: dict[str, Any], says: str) -> None:
    write(tmp_path, [image(285)], [])
    found = source.open(str(tmp_path), "val")
    assert isinstance(found, coco.Coco)
    good = {"image_id": 285.0, "category_id": 18, "bbox": [1, 1, 2, 2], "score": 1}
    (tmp_path / "r.json").write_text(json.dumps([good, entry]))
    with pytest.raises(BadData, match=says) as caught:
        list(coco.read_results(tmp_path / "r.json", found))
    assert caught.value.where == "r.json, result 1"
    (tmp_path / "r.json").write_text('{"annotations": [{}]}')
    with pytest.raises(BadData, match="not a list of results"):
        coco.read_results(tmp_path / "r.json", found)
