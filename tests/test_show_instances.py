"""Things in colours of their own, cut out, through `looksay segment --instance`."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from looksay import weights
from looksay.cli.main import run
from looksay.cli.segmented import Format, Sink, film_of
from looksay.data.inputs import shown
from looksay.nn.prep import Prep
from looksay.scene import Mask, Objects, Scene, Thing
from looksay.show.draw import draw
from looksay.show.instances import LOST, Tints, cutouts
from looksay.show.look import Look
from looksay.show.palette import RGB, colour
from looksay.show.video import VideoOut
from looksay.storybook.clip import clip


def disc(x: float, y: float, name: str = "cow", score: float = 0.9) -> Thing:
    rows, columns = np.mgrid[:60, :80] + 0.5
    mask = Mask.of((columns - x) ** 2 + (rows - y) ** 2 < 64)
    box = mask.box()
    assert box is not None
    return Thing(name, box, score, mask)


def scene(*things: Thing) -> Scene:
    return Scene((80, 60), objects=Objects(things))


def test_each_thing_has_its_own_colour_and_keeps_it() -> None:
    tints = Tints()
    first = tints(scene(disc(15, 20), disc(40, 30, score=0.8), disc(60, 40, "dog")))
    assert len(set(first)) == 3
    assert first[0] == colour("cow")
    assert first[2] == colour("dog")
    for step in range(1, 12):  # they move, and come in another order; one is away for a while
        things = [disc(40 + step, 30, score=0.5), disc(15, 20 + step)]
        if not 3 <= step <= 8:
            things.append(disc(60, 40 - step / 2, "dog"))
        now = tints(scene(*things))
        assert now[:2] == (first[1], first[0])
        assert now[2:] in ((), (first[2],))
    for _ in range(LOST + 2):
        tints(scene(disc(15, 31)))
    (again,) = tints(scene(disc(51, 30)))  # forgotten: who is here now is another
    assert again != first[0]


def kept_colours(scenes: Sequence[Scene], ids: Sequence[Sequence[str]]) -> list[bool]:
    """For each frame in which a thing is seen that was seen before: whether it has the colour that it had then."""
    colours_of = Tints()
    last, kept = dict[str, RGB](), list[bool]()
    for one, own in zip(scenes, ids, strict=True):
        for id, tint in zip(own, colours_of(one), strict=True):
            if id in last:
                kept.append(last[id] == tint)
            last[id] = tint
    return kept


def unsteady(scenes: Sequence[Scene], rng: np.random.Generator) -> tuple[list[Scene], list[list[str]]]:
    """As a system sees them: boxes tremble, every tenth thing is missed, every tenth has another name, in any order."""
    out, ids = [], []
    for one in scenes:
        seen = []
        for thing in one.objects:
            x1, y1, x2, y2 = thing.box
            dx, dy = rng.normal(0, 0.04 * (x2 - x1)), rng.normal(0, 0.04 * (y2 - y1))
            name = "boat" if rng.random() < 0.1 else thing.name
            if rng.random() > 0.1:
                seen.append(replace(thing, name=name, box=(x1 + dx, y1 + dy, x2 + dx, y2 + dy), mask=None, score=0.9))
        chosen = [seen[at] for at in rng.permutation(len(seen)).tolist()]
        out.append(Scene(one.size, objects=Objects(tuple(chosen))))
        ids.append([thing.id for thing in chosen])
    return out, ids


def test_things_keep_their_colours_through_the_storybook_s_clips() -> None:
    """Chases, jumps, falls … of which it is known who is who: as they are, at half the frames, and as a system might see them."""
    rng = np.random.default_rng(0)
    kept: dict[str, list[bool]] = {"true": [], "half": [], "unsteady": []}
    for index in range(8):
        scenes = clip(5, index, (96, 96), words=False).scenes
        for way, some in (("true", scenes), ("half", scenes[::2]), ("unsteady", scenes)):
            seen, ids = unsteady(some, rng) if way == "unsteady" else (list(some), [[t.id for t in s.objects] for s in some])
            kept[way] += kept_colours(seen, ids)
    assert len(kept["true"]) > 150
    assert all(kept["true"])
    assert np.mean(kept["half"]) >= 0.99
    assert np.mean(kept["unsteady"]) >= 0.98


def test_what_is_fast_is_known_by_where_it_was_going() -> None:
    tints = Tints()
    (first,) = tints(scene(disc(8, 30)))
    tints(scene(disc(13, 30)))
    for x in (21, 32, 46, 62):  # from here on it moves by more than half of its width
        assert tints(scene(disc(x, 30), disc(70, 10))).count(first) == 1
        assert tints._known[0].thing.box[0] == x - 8


def test_memory_of_a_long_film_does_not_grow() -> None:
    rng, tints = np.random.default_rng(0), Tints()
    for _ in range(200):
        tints(scene(*(disc(*rng.uniform((9, 9), (70, 50)).tolist()) for _ in range(3))))
        assert len(tints._known) <= 3 * (LOST + 2)


def test_numbered_pictures_of_a_folder_are_a_film(tmp_path: Path) -> None:
    def found(source: str, *things: Thing) -> Look:
        return Look(np.zeros((60, 80, 3), np.uint8), replace(scene(*things), source=source))

    sink = Sink(str(tmp_path), Format.pictures)
    first, second = sink.coloured(found("walk/f_001.png", disc(20, 20), disc(60, 20)))
    assert sink.coloured(found("walk/f_002.png", disc(61, 20), disc(21, 21))) == (second, first)
    assert sink.coloured(found("walk/g_003.png", disc(61, 20), disc(21, 21))) == (first, second)  # another film
    assert sink.coloured(found("a.mp4#0", disc(20, 20), disc(60, 20))) == (first, second)
    assert sink.coloured(found("a.mp4#1", disc(60, 20), disc(20, 20))) == (second, first)
    assert sink.coloured(found("b.mp4#0", disc(60, 20), disc(20, 20))) == (first, second)
    assert film_of(found("walk/yard.png")) == ""


def test_twenty_five_things_share_as_few_colours_as_can_be() -> None:
    many = [disc(8 + 3 * number, 30) for number in range(25)]
    found = Tints()(scene(*many))
    assert len(set(found)) == 24


def test_drawn_masks_have_their_tints() -> None:
    picture = np.full((60, 80, 3), 128, np.uint8)
    seen = scene(disc(20, 30), disc(60, 30))
    red, blue = (200, 0, 0), (0, 0, 200)
    drawn = draw(picture, seen, scale=4, words=False, tints=(red, blue)).astype(int)
    left, right = drawn[4 * 30, 4 * 20], drawn[4 * 30, 4 * 60]
    assert left[0] > 140 > left[2]
    assert right[2] > 140 > right[0]


def test_cutouts_are_clear_where_the_thing_is_not() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    nothing = Thing("cow", (1, 1, 5, 5), mask=Mask.of(np.zeros((60, 80), bool)))
    found = list(cutouts(picture, scene(disc(20, 30), nothing, Thing("dog", (1, 1, 4, 4)))))
    ((thing, part),) = found
    assert thing.mask is not None
    x1, y1, x2, y2 = (int(edge) for edge in thing.box)
    np.testing.assert_array_equal(part[..., :3], picture[y1:y2, x1:x2])
    np.testing.assert_array_equal(part[..., 3] == 255, thing.mask.array()[y1:y2, x1:x2])
    assert (part[..., 3] > 0).sum() == thing.mask.area


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of random weights; what it sees is not what is tested."""
    torch.manual_seed(0)
    settings = {"width": 0.25, "hidden": 32, "proposals": 20}
    system = weights.build("mask-r-cnn", ("cow", "dog"), settings, Prep((64, 64), "stretch", 64))
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    info = weights.Info("mask-r-cnn", system.classes, settings, system.prep, scores={"sure": 0.3})
    weights.save(path, system, info)
    return path


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "yard.png"
    made = np.random.default_rng(1).integers(0, 256, (96, 120, 3), np.uint8)
    Image.fromarray(made).save(path)
    return path


def test_segment_cuts_out_and_counts(model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("cutouts", "csv", "json", "pictures", "labels"):
        asked = ["segment", "--instance", str(picture), "--model", str(model), "-o", str(tmp_path / form), "-f", form]
        assert run(asked) == 0
    capsys.readouterr()
    said = json.loads((tmp_path / "json" / "yard.json").read_text("utf-8"))
    things = [thing for thing in Scene.from_json(json.dumps(said)).objects if thing.mask is not None and thing.mask.area]
    assert things
    names = [f"yard-{number}-{thing.name}.png" for number, thing in enumerate(things, 1)]
    assert sorted(path.name for path in (tmp_path / "cutouts").iterdir()) == sorted(names)
    for name, thing in zip(names, things, strict=True):
        with Image.open(tmp_path / "cutouts" / name) as part:
            assert part.mode == "RGBA"
            assert thing.mask is not None
            assert (np.asarray(part)[..., 3] > 0).sum() == thing.mask.area
    with open(tmp_path / "csv" / "areas.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["count"]) for row in rows) >= len(things)
    assert sum(int(row["pixels"]) for row in rows) == sum(thing.mask.area for thing in things if thing.mask)
    with Image.open(tmp_path / "pictures" / "yard.png") as drawn:
        assert min(drawn.size) > 96


def test_a_video_of_things_is_a_video(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(2)
    with VideoOut(tmp_path / "walk.mp4") as video:
        for _ in range(3):
            video.add(rng.integers(0, 256, (96, 128, 3), np.uint8))
    out = tmp_path / "out"
    assert run(["segment", "--instance", str(tmp_path / "walk.mp4"), "--model", str(model), "-o", str(out)]) == 0
    capsys.readouterr()
    assert [path.name for path in out.iterdir()] == ["walk.mp4"]
    assert len(list(shown(str(out / "walk.mp4")))) == 3


def test_only_things_can_be_cut_out(model: Path, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segment", str(picture), "-f", "cutouts", "-o", str(tmp_path)]) == 2
    assert "add --instance" in capsys.readouterr().err


def test_results_of_coco_have_the_data_set_s_own_numbers(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They come back as what was found, and the official library decodes their masks to the same pixels."""
    from pycocotools import mask as coco

    from looksay.data import source
    from looksay.data.coco import Coco
    from looksay.data.coco_results import read_results

    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    images, notes = [], []
    for number, file in ((901, "yard.png"), (77, "lane.png")):
        array = np.random.default_rng(number).integers(0, 256, (96, 120, 3), np.uint8)
        Image.fromarray(array).save(root / "images" / file)
        images.append({"id": number, "file_name": file, "width": 120, "height": 96})
        notes.append({"id": number, "image_id": number, "category_id": 41, "bbox": [5, 5, 20, 20], "area": 400, "iscrowd": 0})
    kinds = [{"id": 41, "name": "dog"}, {"id": 7, "name": "cow"}]
    (root / "truth.json").write_text(json.dumps({"images": images, "annotations": notes, "categories": kinds}))
    out, data = tmp_path / "found.json", f"coco:{root / 'truth.json'}"
    base = ["segment", "--instance", str(root / "images"), "--model", str(model), "-f", "coco"]
    assert run([*base, "-o", str(out), "--data", data, "--score", "0"]) == 0
    assert run(["segment", "--instance", str(root / "images"), "--model", str(model), "--json", "--score", "0"]) == 0
    said = {scene.id: scene for scene in map(Scene.from_json, capsys.readouterr().out.splitlines()[-2:])}
    entries = json.loads(out.read_text())
    assert {entry["image_id"] for entry in entries} == {901, 77}
    assert {entry["category_id"] for entry in entries} == {7, 41}
    opened = source.open(data, "")
    assert isinstance(opened, Coco)
    read = {opened.name(index): scene for index, scene in enumerate(read_results(out, opened))}
    for file, id in (("yard.png", "901"), ("lane.png", "77")):
        assert [(thing.name, thing.mask) for thing in read[id].objects] == [(t.name, t.mask) for t in said[file].objects]
    first = next(entry for entry in entries if entry["image_id"] == 901)
    mask = said["yard.png"].objects[0].mask
    assert mask is not None
    np.testing.assert_array_equal(coco.decode(first["segmentation"]) == 1, mask.array())
    assert not list(tmp_path.glob("*.part"))
    assert run([*base, "-o", str(tmp_path / "plain.json")]) == 0  # without a data set: names of files, 1, 2 …
    assert {entry["image_id"] for entry in json.loads((tmp_path / "plain.json").read_text())} == {"yard.png", "lane.png"}
    assert run(["score", str(out), str(root / "truth.json"), "--masks", "--json"]) in (0, 2)  # its truth has no masks
    capsys.readouterr()
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(root / "images" / "other.png")
    assert run([*base, "-o", str(tmp_path / "no.json"), "--data", data]) == 2
    assert "no picture is called 'other.png'" in capsys.readouterr().err
    assert not (tmp_path / "no.json").exists()


def test_what_things_have_no_place_for_is_refused(model: Path, picture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for wrong, says in (
        (["-f", "coco", "-o", "x.json"], "add --instance"),
        (["--instance", "-f", "csv", "-o", "x", "--data", "storybook"], "for --format coco"),
        (["--instance", "-f", "coco"], "where shall the coco go"),
        (["--semantic"], "is there to outline things"),
    ):
        assert run(["segment", str(picture), "--model", str(model), *wrong]) == 2
        assert says in capsys.readouterr().err


def test_label_maps_of_things_have_a_table(model: Path, picture: Path, tmp_path: Path) -> None:
    assert run(["segment", "--instance", str(picture), "--model", str(model), "-f", "labels", "-o", str(tmp_path)]) == 0
    with Image.open(tmp_path / "yard.png") as image:
        numbers = np.asarray(image)
    with open(tmp_path / "things.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
    assert {row["file"] for row in rows} == {"yard.png"}
    assert set(np.unique(numbers).tolist()) <= set(range(len(rows) + 1))
    assert numbers.any()
