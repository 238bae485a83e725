"""Areas, tiles and `looksay segment`."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from looksay import registry, weights
from looksay.cli.main import run
from looksay.cli.segmented import Format, Sink, palette
from looksay.data import source
from looksay.errors import BadConfig
from looksay.looker import Looker
from looksay.measure import areas as areas_of
from looksay.measure.areas import areas, borders, measured, patches
from looksay.nn.packed import Packed
from looksay.nn.segmenter import Grid, Maps, SegmentConfig, Segmenter
from looksay.nn.system import Batch
from looksay.nn.tiles import in_tiles, reach, windows
from looksay.ops.superpixels import slic
from looksay.scene import Mask, Objects, Regions, Scene, Thing
from looksay.show.palette import colours

NAMES = ("sky", "grass", "cow", "post")


# Areas


def test_areas_are_those_of_a_slow_loop() -> None:
    rng = np.random.default_rng(0)
    ids = np.kron(rng.integers(0, 4, (4, 5)), np.ones((3, 2))).astype(np.uint8)
    ids[0, :2] = 255
    sides = dict.fromkeys(range(256), 0)
    high, wide = ids.shape
    for row in range(high):
        for column in range(wide):
            for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                y, x = row + down, column + right
                if 0 <= y < high and 0 <= x < wide and ids[y, x] != ids[row, column]:
                    sides[int(ids[row, column])] += 1
    found = {row.name: row for row in areas(Scene((wide, high), regions=Regions(NAMES, ids)))}
    for number, name in enumerate(NAMES):
        assert found[name].pixels == (ids == number).sum()
        assert found[name].share == (ids == number).mean()
        assert found[name].perimeter == sides[number]
    assert borders(ids, 256)[255] == sides[255]


def test_worked_areas() -> None:
    ids = np.zeros((6, 8), np.uint8)
    ids[1:3, 1:4], ids[3, 4], ids[5, 0] = 1, 1, 1  # a block with a pixel at its corner, and one in the picture's corner
    grass = areas(Scene((8, 6), regions=Regions(NAMES, ids)))[1]
    assert grass == ("grass", 8, 8 / 48, 10 + 4 + 2, 2)
    masks = [np.zeros((6, 8), bool) for _ in range(2)]
    masks[0][1:3, 1:4], masks[1][1:5, 3:5] = True, True
    cows = Objects(tuple(Thing("cow", (1, 1, 5, 5), mask=Mask.of(mask)) for mask in masks))
    assert areas(Scene((8, 6), objects=cows)) == (("cow", 14, pytest.approx(14 / 48), 10 + 12, 2),)
    assert areas(Scene((8, 6))) == ()


@pytest.mark.parametrize("strip", [1, 2, 3, 7, 100])
def test_strips_change_no_area(strip: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snake of one patch, noise, and rings in rings, counted in strips of any height."""
    snake = np.zeros((13, 9), np.uint8)
    snake[::2], snake[1::4, -1], snake[3::4, 0] = 1, 1, 1
    rings = np.minimum.outer(np.minimum(np.arange(15), np.arange(14, -1, -1)), np.minimum(np.arange(11), np.arange(10, -1, -1)))
    noise = np.random.default_rng(3).integers(0, 3, (30, 41))
    shown = [each.astype(np.uint8) for each in (snake, rings % 2, noise)]
    whole = [(borders(ids, 256), [cv2.connectedComponents((ids == n).view(np.uint8))[0] - 1 for n in range(4)]) for ids in shown]
    assert whole[0][1][1] == 1
    monkeypatch.setattr(areas_of, "STRIP", strip)
    for ids, (sides, counts) in zip(shown, whole, strict=True):
        np.testing.assert_array_equal(borders(ids, 256), sides)
        assert [patches(ids, number) for number in range(4)] == counts


def test_pieces_are_measured() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 56, 3)).astype(np.uint8)
    labels = slic(picture, 20)
    for piece in measured(picture, labels):
        own = labels == piece.number
        rows, columns = np.nonzero(own)
        assert (piece.pixels, piece.x1, piece.y1) == (own.sum(), columns.min(), rows.min())
        assert (piece.x2, piece.y2) == (columns.max() + 1, rows.max() + 1)
        assert (piece.red, piece.green, piece.blue) == pytest.approx(picture[own].mean(axis=0), abs=0.06)


# Tiles


class Near(Segmenter):
    """Sees 27 pixels around each, on cells of stride 4."""

    Config = SegmentConfig
    card = registry.find("fcn-8s").card

    def __init__(self) -> None:
        super().__init__(NAMES, SegmentConfig())
        self.first, self.second = nn.Conv2d(3, 8, 5, 2, 2), nn.Conv2d(8, 4, 9, 2, 4)

    def maps(self, x: torch.Tensor) -> Maps:
        return Maps(self.second(self.first(x).relu()), (x.shape[3], x.shape[2]), Grid.corners(4))

    def taps(self) -> dict[str, nn.Module]:
        return {}


def test_tiles_say_what_the_whole_says() -> None:
    torch.manual_seed(0)
    system = Near().eval()
    picture = np.random.default_rng(0).integers(0, 256, (203, 330, 3)).astype(np.uint8)
    whole = in_tiles(system, picture, system, side=352, overlap=0)
    told: list[tuple[int, int]] = []
    tiled = in_tiles(system, picture, system, side=128, overlap=32, progress=lambda done, of: told.append((done, of)))
    assert np.array_equal(whole, tiled)
    assert told == [(number, 24) for number in range(1, 25)]
    assert len(np.unique(whole)) == 4
    careless = in_tiles(system, picture, system, side=64, overlap=0)
    assert 0 < (careless != whole).mean() < 0.5


def test_how_far_a_network_sees() -> None:
    """Worked by hand: cell c of the second layer sees cells 2c - 4 … 2c + 4 of the first, so pixels 4c - 10 … 4c + 10."""
    torch.manual_seed(0)
    near = Near().eval()
    assert reach(near, near) == 32
    far = Near().eval()
    far.second = nn.Conv2d(8, 4, 9, 2, 40, dilation=10)  # pixels 4c - 82 … 4c + 82
    assert reach(far, far) == 96
    picture = np.random.default_rng(0).integers(0, 256, (203, 330, 3)).astype(np.uint8)
    whole = in_tiles(far, picture, far, side=352, overlap=0)
    assert np.array_equal(in_tiles(far, picture, far, side=256, overlap=96), whole)
    assert not np.array_equal(in_tiles(far, picture, far, side=256, overlap=64), whole)


def test_tiles_overlap_as_far_as_the_network_sees_or_a_quarter() -> None:
    torch.manual_seed(0)
    near, seen = Near().eval(), []

    def ask(batch: Batch) -> Maps:
        seen.append(batch.sizes[0])
        return near(batch)

    picture = np.random.default_rng(0).integers(0, 256, (64, 600, 3)).astype(np.uint8)
    for side, extents in ((128, [96, 128]), (192, [160, 192]), (96, [64, 96])):
        seen.clear()
        in_tiles(near, picture, ask, side=side)
        assert [size[0] for size in seen if size[1] == 64 and size[0] < 1000][:2] == extents


@pytest.mark.parametrize("name", ["fcn-8s", "deconvnet", "fcn-resnet50", "recurrent-labeller-3"])
def test_quickened_networks_see_as_far(name: str) -> None:
    small = {"fcn-8s": {"network": "small-s", "hidden": 8, "window": 3}, "deconvnet": {"hidden": 8, "window": 3}}
    settings = {"width": 0.125, **small.get(name, {})}
    system: Any = weights.build(name, NAMES, {**settings, "side": 64}).eval()
    looker = Looker(system, weights.Info(name, NAMES, {}, system.prep))
    quick: Any = looker.quick
    assert reach(quick, looker.ask) == reach(system, system) > 96
    after = [layer.after for layer in quick.modules() if isinstance(layer, Packed)]
    assert "relu" in after or name == "recurrent-labeller-3"


@pytest.mark.parametrize(("extent", "side", "overlap"), [(10, 96, 32), (96, 96, 32), (97, 96, 32), (1000, 128, 32), (64, 64, 0)])
def test_windows_cover_without_gaps(extent: int, side: int, overlap: int) -> None:
    found = list(windows(extent, side, overlap))
    assert [pixel for _, _, start, stop in found for pixel in range(start, stop)] == list(range(extent))
    for low, high, start, stop in found:
        assert high - low <= side
        assert low % 32 == 0
        assert low == max(0, start - overlap) or len(found) == 1
        assert high == min(extent, stop + overlap) or len(found) == 1


def test_tiles_that_cannot_be_are_refused() -> None:
    for side, overlap in ((100, 32), (128, 20), (64, 32)):
        with pytest.raises(BadConfig, match="overlap by"):
            in_tiles(Near(), np.zeros((9, 9, 3), np.uint8), Near(), side=side, overlap=overlap)


# The command


@pytest.fixture
def weights_file(tmp_path: Path) -> str:
    torch.manual_seed(1)
    settings = {"network": "small-s", "width": 0.25, "hidden": 8, "window": 3, "side": 64}
    system = weights.build("fcn-8s", NAMES, settings)
    path = tmp_path / "w.safetensors"
    weights.save(path, system, weights.Info("fcn-8s", NAMES, settings, system.prep))
    return str(path)


@pytest.fixture
def picture_file(tmp_path: Path) -> str:
    array = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)
    Image.fromarray(np.kron(array, np.ones((2, 2, 1))).astype(np.uint8)).save(tmp_path / "street.png")
    return str(tmp_path / "street.png")


def test_the_class_of_every_pixel(weights_file: str, picture_file: str, tmp_path: Path, capsys: Any) -> None:
    base = ["segment", picture_file, "--model", weights_file, "--output", str(tmp_path / "out")]
    assert run([*base, "--semantic"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("street.png  (140 x 100, ")
    assert said[1].split() == ["class", "pixels", "share", "perimeter", "count"]
    told = {line.split()[0]: int(line.split()[1].replace(",", "")) for line in said[2:-1]}
    assert sum(told.values()) == 14_000
    with Image.open(tmp_path / "out" / "street.png") as drawn:
        assert drawn.size[0] == 420
    for form in ("labels", "json", "csv"):
        assert run([*base[:-1], str(tmp_path / form), "--format", form]) == 0
    with Image.open(tmp_path / "labels" / "street.png") as image:
        ids = np.asarray(image)
    assert {NAMES[number]: int((ids == number).sum()) for number in np.unique(ids).tolist()} == told
    scene = Scene.from_json((tmp_path / "json" / "street.json").read_text("utf-8"))
    assert np.array_equal(scene.regions.ids, ids)
    with open(tmp_path / "csv" / "areas.csv", encoding="utf-8") as file:
        assert {row["class"]: int(row["pixels"]) for row in csv.DictReader(file)} == told
    capsys.readouterr()
    assert run([*base[:4], "--json"]) == 0
    assert Scene.from_json(capsys.readouterr().out).regions == scene.regions
    assert run([*base[:4], "--tile", "96", "--overlap", "32"]) == 0
    assert run(["look", picture_file, "--model", weights_file, "--output", str(tmp_path / "look.html")]) == 0
    assert "perimeter" in capsys.readouterr().out


def test_label_maps_have_the_colours_of_their_legend(weights_file: str, picture_file: str, tmp_path: Path) -> None:
    """And can be read as a set of label pictures."""
    root = tmp_path / "set"
    (root / "images").mkdir(parents=True)
    Image.open(picture_file).save(root / "images" / "street.png")
    assert run(["segment", picture_file, "--model", weights_file, "-f", "labels", "-o", str(root / "labels")]) == 0
    (root / "labels" / "class_dict.csv").rename(root / "class_dict.csv")
    with open(root / "class_dict.csv", encoding="utf-8") as file:
        legend = {row["name"]: row for row in csv.DictReader(file)}
    assert list(legend) == [*NAMES, "void"]
    assert [legend[name]["number"] for name in legend] == ["0", "1", "2", "3", "255"]
    with Image.open(root / "labels" / "street.png") as image:
        assert image.mode == "P"
        ids, shown = np.asarray(image), np.asarray(image.convert("RGB"))
    for number, name in enumerate(NAMES):
        tint = [int(legend[name][channel]) for channel in "rgb"]
        assert (shown[ids == number] == tint).all()
        assert tuple(tint) == colours(NAMES)[name]
    data = source.open(f"labels:{root}", "")
    assert data.region_names == NAMES
    assert np.array_equal(data.regions(0), ids)


def test_every_class_has_a_colour_of_its_own() -> None:
    names = tuple(f"kind {number}" for number in range(255))
    table = palette(names)
    assert len({tuple(row) for row in table.tolist()}) == 256
    assert tuple(table[255]) == (224, 224, 192)


def test_a_table_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "areas.csv"
    path.write_text("old")

    def interrupted() -> None:
        with Sink(str(tmp_path), Format.csv) as sink:
            sink._rows("areas.csv", ("a",), [(1,)])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_text() == "old"
    with Sink(str(tmp_path), Format.csv) as sink:
        sink._rows("areas.csv", ("a",), [(1,)])
        sink._rows("areas.csv", ("a",), [(2,)])
        assert path.read_text() == "old"
    assert path.read_text() == "a\n1\n2\n"
    assert [each.name for each in tmp_path.iterdir()] == ["areas.csv"]


def test_superpixels(picture_file: str, tmp_path: Path, capsys: Any) -> None:
    base = ["segment", "--superpixels", picture_file, "--pieces", "30", "--output"]
    for form in ("pictures", "labels", "json", "csv"):
        assert run([*base, str(tmp_path / form), "--format", form]) == 0
    assert "pieces of" in capsys.readouterr().out
    with Image.open(tmp_path / "labels" / "street.png") as image:
        ids = np.asarray(image)
    said = json.loads((tmp_path / "json" / "street.json").read_text("utf-8"))
    assert [piece["pixels"] for piece in said["pieces"]] == np.bincount(ids.reshape(-1)).tolist()
    with open(tmp_path / "csv" / "areas.csv", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == int(ids.max()) + 1
    assert run([*base, str(tmp_path / "graph"), "--by", "graph"]) == 0


def test_what_does_not_go_together_is_refused(picture_file: str, capsys: Any) -> None:
    for wrong, says in (
        (["--semantic", "--superpixels"], "one of"),
        (["--format", "csv"], "where shall the csv go"),
        (["--superpixels", "--tile", "96"], "tiles are for"),
        (["--model", "small-m"], "is there to classify"),
    ):
        assert run(["segment", picture_file, *wrong]) == 2
        assert says in capsys.readouterr().err
