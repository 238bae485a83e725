"""Drawings, looks, sheets, plots and reports: what they leave alone, where things land, what they refuse."""

from __future__ import annotations

import io
import json
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from looksay.errors import BadValue, DiskTrouble
from looksay.scene import (
    Answer,
    Caption,
    Heat,
    Label,
    Labels,
    Mask,
    Objects,
    Phrase,
    Referral,
    Regions,
    Scene,
    Thing,
)
from looksay.show import palette, plots
from looksay.show.draw import LEGIBLE, draw, type_size
from looksay.show.look import Look
from looksay.show.report import Report
from looksay.show.sheet import Cell, Mistake, grid, mistakes
from looksay.show.text import Places, Span, fit, font, percent, wrap
from looksay.storybook.spec import KINDS

HOSTILE = "<script>alert(\"1\")</script> & 'dog' --> $x_"


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def flat(width: int, height: int, value: int = 100) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def blob(width: int, height: int, x1: int, y1: int, x2: int, y2: int) -> Mask:
    array = np.zeros((height, width), bool)
    array[y1:y2, x1:x2] = True
    return Mask.of(array)


def full_scene(width: int, height: int) -> Scene:
    """A little of everything that can be said."""
    ids = np.full((height, width), 255, np.uint8)
    ids[height // 2 :] = 1
    dog = Thing("dog", (width * 0.1, height * 0.1, width * 0.6, height * 0.7), 0.8, id="1")
    return Scene(
        (width, height),
        source="folder/dog.jpg",
        labels=Labels((Label("dog", 0.93), Label("niño", 0.04), Label("cat", 0.01))),
        objects=Objects((dog, Thing("dog", (-5, -5, width * 2, height * 2), 0.3, crowd=True))),
        regions=Regions(("sky", "grass"), ids),
        captions=(Caption("A dog is here, ¿no?", phrases=(Phrase(0, 5, ("1",)),)),),
        answers=(Answer("What is it?", Labels((Label("dog", 0.7), Label("cat", 0.1))), choices=("dog", "cat", "bus")),),
        referrals=(Referral("the dog", (0, 0, width / 2, height / 2), 0.5),),
        heats=(Heat("dog", np.eye(7, dtype=np.float32), "Grad-CAM"),),
    )


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float, float, float] | None]:
    """Every rectangle that a label was given, with None for a label without a place."""
    found: list[tuple[float, float, float, float] | None] = []
    take = Places.take

    def recorded(self: Places, size: tuple[float, float], wishes: Any) -> Any:
        home = take(self, size, wishes)
        found.append(None if home is None else (*home, home[0] + size[0], home[1] + size[1]))
        return home

    monkeypatch.setattr(Places, "take", recorded)
    return found


def check_apart(rectangles: list[Any], width: float, height: float) -> None:
    for number, (x1, y1, x2, y2) in enumerate(rectangles):
        assert x1 >= 0
        assert y1 >= 0
        assert x2 <= width
        assert y2 <= height
        for u1, v1, u2, v2 in rectangles[:number]:
            assert x1 >= u2 or u1 >= x2 or y1 >= v2 or v1 >= y2


# Palette


CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(colours: Any, sight: np.ndarray | None = None) -> np.ndarray:
    """OKLab from sRGB, after what a colour-blind eye makes of it."""
    shown = np.asarray(colours, float) / 255
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    if sight is not None:
        linear = np.clip(linear @ sight.T, 0, 1)
    return np.cbrt(linear @ CONES.T) @ LAB.T


# Simulation matrices of 2009 for severity 1, in linear RGB.
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])
TRITAN = np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]])


@pytest.mark.parametrize(("sight", "least"), [(None, 0.12), (PROTAN, 0.06), (DEUTAN, 0.06), (TRITAN, 0.035)])
def test_colours_differ_for_every_eye(sight: np.ndarray | None, least: float) -> None:
    lab = oklab(palette.COLOURS, sight)
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + np.eye(len(lab))
    assert distances.min() >= least


def test_a_name_keeps_its_colour() -> None:
    assert palette.colour("dog") == (68, 119, 0)
    assert len({palette.colour(kind) for kind in KINDS}) == 20
    together = palette.colours(f"name {i}" for i in range(24))
    assert len(set(together.values())) == 24
    alone = palette.colours(["dog", "cat"])
    assert alone == {"dog": palette.colour("dog"), "cat": palette.colour("cat")}
    assert len(palette.colours(f"name {i}" for i in range(60))) == 60
    clash = next(f"n{i}" for i in range(999) if palette.colour(f"n{i}") == palette.colour("dog"))
    both = palette.colours(["dog", clash])
    assert both["dog"] == palette.colour("dog")
    assert both[clash] != both["dog"]


def test_ink_is_legible() -> None:
    assert palette.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert palette.contrast((119, 119, 119), (255, 255, 255)) == pytest.approx(4.478, abs=1e-3)
    greys = [(v, v, v) for v in range(256)]
    for background in (*palette.COLOURS, *greys):
        assert palette.contrast(background, palette.ink(background)) >= 4.5
    for ink in (palette.INK, palette.MUTED, palette.RIGHT, palette.WRONG):
        assert palette.contrast(ink, palette.PAPER) >= 4.5


def test_heat_map_rises_evenly_in_lightness() -> None:
    lightness = oklab(palette.heat_map())[:, 0]
    assert (np.diff(lightness[::4]) > 0).all()
    straight = np.linspace(lightness[0], lightness[-1], 256)
    assert np.abs(lightness - straight).max() < 0.03
    assert lightness[-1] - lightness[0] > 0.7


# Text


def test_percentages_neither_flatter_nor_hide() -> None:
    cases = {0.0: "0 %", 1e-9: "< 0.1 %", 0.004: "0.4 %", 0.0099: "1.0 %", 0.01: "1 %", 0.934: "93 %", 0.994: "99 %",
             0.996: "99.6 %", 0.99999: "99.9 %", 1.0: "100 %"}  # fmt: skip
    assert {score: percent(score).replace("\u00a0", " ") for score in cases} == cases


def test_the_font_has_accents() -> None:
    face = font(20)
    unknown = face.getmask("\u0e00").getbbox(), bytes(face.getmask("\u0e00"))
    for letter in "áéíóúüñÑ¿¡çäößåøéšřłğαжя“”…–—×°✓":
        assert (face.getmask(letter).getbbox(), bytes(face.getmask(letter))) != unknown, letter
    assert bytes(face.getmask("ñ")) != bytes(face.getmask("n"))


def test_wrapping_keeps_every_word_and_the_width() -> None:
    text = "Un niño y su perro miran el cielo desde la orilla del lago, dijo ella"
    for width in (60, 100, 333, 5000):
        lines = wrap([Span(text[:20]), Span(text[20:41], bold=True), Span(text[41:])], width, 14)
        assert " ".join("".join(span.text for span in line) for line in lines) == text
        for line in lines:
            assert sum(font(14, span.bold).getlength(span.text) for span in line) <= width + 1e-6
    (only,) = wrap([Span("Donaudampfschifffahrtsgesellschaft")], 80, 14)
    assert only[0].text.endswith("…")
    assert wrap([Span("  ")], 80, 14) == []


def test_fitting_cuts_no_more_than_needed() -> None:
    face = font(13)
    assert fit("short", 200, face) == "short"
    cut = fit("a very long class name indeed", 100, face)
    assert cut.endswith("…")
    assert face.getlength(cut) <= 100
    longer = "a very long class name indeed"[: len(cut)]
    assert face.getlength(longer + "…") > 100 or longer.endswith(" ")
    assert fit("two\nlines", 200, face) == "two lines"


def test_places_neither_overlap_nor_leave() -> None:
    rng = np.random.default_rng(0)
    places, taken = Places(200, 120), []
    places.block(50, 50, 60, 60)
    for _ in range(40):
        size = (float(rng.integers(10, 40)), 12.0)
        home = places.take(size, [tuple(rng.integers(-50, 250, 2))])
        assert home is not None
        taken.append((*home, home[0] + size[0], home[1] + size[1]))
    check_apart([(50, 50, 60, 60), *taken], 200, 120)
    assert Places(50, 50).take((20, 20), [(70, 10)]) == (30, 10), "a wish outside is moved in"
    assert Places(50, 50).take((60, 20), [(0, 0)]) is None
    tight = Places(20, 20)
    assert tight.take((20, 20), [(0, 0)]) == (0, 0)
    assert tight.take((1, 1), [(0, 0)]) is None


# Drawing


@pytest.mark.parametrize("size", [(1, 1), (32, 24), (3, 900), (900, 3), (640, 480)])
def test_draws_any_size_and_leaves_its_input_alone(size: tuple[int, int]) -> None:
    picture = noise(*size)
    before = picture.copy()
    for scene in (full_scene(*size), Scene(size)):
        drawn = draw(picture, scene)
        assert drawn.dtype == np.uint8
        assert drawn.ndim == 3
        assert drawn.shape[2] == 3
        assert np.array_equal(picture, before)
        assert not np.shares_memory(drawn, picture)
        bare = draw(picture, scene, words=False)
        factor = -(-LEGIBLE // max(size)) if max(size) < LEGIBLE else 1
        assert bare.shape == (size[1] * factor, size[0] * factor, 3)
        assert np.array_equal(drawn, draw(picture, scene)), "the same again"
    assert np.array_equal(draw(picture, Scene(size), scale=1), picture)


def test_bad_pictures_are_refused() -> None:
    for picture in (np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)):
        with pytest.raises(BadValue, match="uint8"):
            draw(picture, Scene((4, 4)))
    with pytest.raises(BadValue, match=r"\(4, 5\), its scene \(5, 4\)"):
        draw(flat(4, 5), Scene((5, 4)))
    with pytest.raises(BadValue, match="scale"):
        draw(flat(4, 4), Scene((4, 4)), scale=0)


def test_names_stay_inside_and_apart(placed: list[Any]) -> None:
    rng = np.random.default_rng(4)
    corners = rng.uniform(-100, 500, (30, 2))
    things = [
        Thing(f"a rather long name {i}", (x, y, x + rng.uniform(1, 200), y + rng.uniform(1, 200)), 0.5)
        for i, (x, y) in enumerate(corners)
    ]
    draw(flat(500, 400), Scene((500, 400), objects=Objects(things)), words=False)
    assert len(placed) == 30
    assert all(home is not None for home in placed)
    check_apart(placed, 500, 400)


def test_names_without_room_are_told_beneath(placed: list[Any]) -> None:
    things = [Thing(f"thing {i}", (5, 5, 300, 200), 0.5) for i in range(300)]
    crowded = draw(flat(400, 300), Scene((400, 300), objects=Objects(things)))
    assert None in placed
    check_apart([home for home in placed if home is not None], 400, 300)
    few = draw(flat(400, 300), Scene((400, 300), objects=Objects(things[:3])))
    assert few.shape == (300, 400, 3), "nothing to say beneath"
    assert crowded.shape[0] > 340


def test_a_box_is_where_it_is_said_to_be() -> None:
    picture = flat(600, 400)
    drawn = draw(picture, Scene((600, 400), objects=Objects((Thing("dog", (100, 150, 300, 350)),))), words=False)
    changed = np.argwhere((drawn != picture).any(axis=2))
    assert changed[:, 1].min() == 100
    assert changed[:, 1].max() == 299
    assert changed[:, 0].max() == 349
    assert (drawn[200:300, 110:290] == picture[200:300, 110:290]).all(), "the inside stays"
    tint = np.array(palette.colour("dog"))
    assert (drawn[250, 100:108] == tint).all(axis=1).any()
    solid = (drawn[300:345] == tint).all(axis=2).sum()
    crowd = Objects((Thing("dog", (100, 150, 300, 350), crowd=True),))
    dashed = (draw(picture, Scene((600, 400), objects=crowd), words=False)[300:345] == tint).all(axis=2).sum()
    assert 0.3 * solid < dashed < 0.8 * solid


def test_masks_are_half_transparent_with_an_outline() -> None:
    picture = noise(600, 400)
    thing = Thing("cat", (100, 100, 300, 300), mask=blob(600, 400, 100, 100, 300, 300))
    drawn = draw(picture, Scene((600, 400), objects=Objects((thing,))), words=False)
    tint = np.array(palette.colour("cat"), float)
    inside = np.s_[200:250, 150:250]
    expected = picture[inside] * (1 - 95 / 255) + tint * (95 / 255)
    assert np.abs(drawn[inside] - expected).max() <= 1
    assert (drawn[320:, :] == picture[320:, :]).all()
    assert (drawn[:, 320:] == picture[:, 320:]).all()


def test_the_nearer_mask_lies_on_top() -> None:
    picture, masks = flat(600, 400), blob(600, 400, 100, 100, 500, 300)
    far, near = (Thing(name, (100, 100, 500, 300), mask=masks, depth=depth) for name, depth in (("cat", 5), ("dog", 0)))
    one, other = (draw(picture, Scene((600, 400), objects=Objects(order)), words=False) for order in ((far, near), (near, far)))
    assert np.array_equal(one[150:250, 200:400], other[150:250, 200:400])
    share, cat, dog = 95 / 255, np.array(palette.colour("cat")), np.array(palette.colour("dog"))
    assert np.abs(one[200, 300] - ((100 * (1 - share) + cat * share) * (1 - share) + dog * share)).max() <= 1


def test_regions_leave_the_void() -> None:
    ids = np.full((400, 600), 255, np.uint8)
    ids[:, 300:] = 1
    picture = noise(600, 400)
    scene = Scene((600, 400), regions=Regions(("sea", "sky"), ids))
    bare = draw(picture, scene, words=False)
    assert np.array_equal(bare[:, :290], picture[:, :290])
    expected = picture[:, 320:] * (1 - 140 / 255) + np.array(palette.colour("sky")) * (140 / 255)
    assert np.abs(bare[:, 320:] - expected).max() <= 1
    legend = draw(picture, scene)[400:]
    assert (legend == palette.colour("sky")).all(axis=2).sum() > 50
    assert not (legend == palette.colour("sea")).all(axis=2).any(), "only what occurs is in the legend"


def test_heat_lies_where_it_is_hot() -> None:
    picture = noise(640, 480)
    values = np.zeros((6, 8), np.float32)
    values[1, 6] = 3.0
    drawn = draw(picture, Scene((640, 480), heats=(Heat("dog", values),)), words=False)
    assert np.array_equal(drawn[:, :400], picture[:, :400])
    change = np.abs(drawn.astype(int) - picture).sum(axis=2)
    row, column = np.argwhere(change == change.max())[0]
    assert abs(drawn[120, 520].astype(int) - palette.heat_map()[255]).max() < 60
    assert 80 <= row < 160
    assert 480 <= column < 560
    cold = Scene((640, 480), heats=(Heat("dog", np.zeros((6, 8), np.float32)),))
    assert np.array_equal(draw(picture, cold, words=False), picture)


def test_many_heats_become_tiles_and_the_picture_stays() -> None:
    picture = noise(640, 480)
    heats = tuple(Heat(word, np.eye(4, dtype=np.float32)) for word in ("a", "dog", "runs", "on", "the", "beach"))
    drawn = draw(picture, Scene((640, 480), heats=heats))
    assert np.array_equal(drawn[:480], picture)
    assert drawn.shape[0] > 480 + 2 * 80, "two rows of tiles"


def test_the_panel_grows_with_what_is_said_and_stands_beside_tall_pictures() -> None:
    one = Scene((640, 480), labels=Labels((Label("dog", 0.9),)))
    five = Scene((640, 480), labels=Labels(tuple(Label(f"name {i}", 0.5 - i / 10) for i in range(6))))
    picture = flat(640, 480)
    heights = [draw(picture, one).shape[0], draw(picture, five, top=3).shape[0], draw(picture, five).shape[0]]
    assert 480 < heights[0] < heights[1] < heights[2]
    assert (heights[2] - heights[0]) == 2 * (heights[1] - heights[0]), "five labels of six: top is 5"
    tall = draw(flat(300, 900), Scene((300, 900), labels=Labels((Label("dog", 0.9),))))
    assert tall.shape[0] == 900
    assert tall.shape[1] > 500
    assert (tall[:, :300] == 100).all()


def test_bars_are_as_long_as_their_scores() -> None:
    labels = Labels((Label("a", 0.8), Label("b", 0.4)))
    drawn = draw(flat(640, 480), Scene((640, 480), labels=labels))[480:]
    filled = (drawn == (86, 118, 168)).all(axis=2).sum(axis=1)
    lengths = sorted(set(filled[filled > 0].tolist()))
    assert len(lengths) == 2
    assert lengths[0] / lengths[1] == pytest.approx(0.5, abs=0.01)


def test_type_grows_with_the_picture() -> None:
    sizes = [type_size(size) for size in ((32, 32), (640, 480), (1920, 1080), (8000, 6000))]
    assert sizes == [12, 13, 35, 166]


# Look


def look(scene: Scene | None = None, **more: Any) -> Look:
    scene = scene or full_scene(64, 48)
    return Look(noise(*scene.size), scene, **more)


def test_a_look_is_one_friendly_line() -> None:
    size, box = (8, 8), (0.0, 0.0, 4.0, 4.0)
    ids = np.zeros((8, 8), np.uint8)
    ids[:2] = 1
    cases = {
        "nothing seen": Scene(size),
        "dog 93 %, cat 4 % …": Scene(size, labels=Labels((Label("dog", 0.93), Label("cat", 0.04), Label("cow", 0.01)))),
        "dog": Scene(size, labels=Labels((Label("dog"),))),
        "2 × dog, cat 50 %": Scene(
            size, objects=Objects((Thing("cat", box, 0.5), Thing("dog", box, 0.9), Thing("dog", box, 0.2)))
        ),
        "pixels of grass 75 %, sky 25 %": Scene(size, regions=Regions(("grass", "sky"), ids)),
        "“A dog.” 40 %": Scene(size, captions=(Caption("A dog.", 0.4), Caption("Two dogs.", 0.3))),
        "What? dog 70 %": Scene(size, answers=(Answer("What?", Labels((Label("dog", 0.7),))),)),
        "Who? no answer": Scene(size, answers=(Answer("Who?"),)),
        "“it” at 0, 0, 4, 4": Scene(size, referrals=(Referral("it", box),)),
        "heat of dog": Scene(size, heats=(Heat("dog", np.zeros((2, 2))),)),
    }
    for line, scene in cases.items():
        assert repr(look(scene)) == f"picture: {line}"
    assert repr(look()).startswith("dog.jpg: dog 93 %, niño 4 % …; 2 × dog; pixels of grass")
    assert look(Scene(size, id="n0123")).name == "n0123"


def test_a_look_shares_the_picture_and_does_not_lock_its_owner() -> None:
    picture = noise(64, 48)
    seen = Look(picture, full_scene(64, 48))
    assert np.shares_memory(seen.picture, picture)
    with pytest.raises(ValueError, match="read-only"):
        seen.picture[0] = 0
    picture[0] = 0
    scene = seen.scene
    assert (seen.labels, seen.objects, seen.regions) == (scene.labels, scene.objects, scene.regions)
    assert (seen.captions, seen.answers, seen.referrals, seen.heats) == (
        scene.captions,
        scene.answers,
        scene.referrals,
        scene.heats,
    )
    with pytest.raises(BadValue, match=r"dog\.jpg"):
        Look(noise(48, 64), scene)
    with pytest.raises(BadValue, match="uint8"):
        Look(np.zeros((4, 4, 3)), Scene((4, 4)))


def test_looks_are_saved_by_their_ending(tmp_path: Path) -> None:
    seen = Look(flat(64, 48), full_scene(64, 48))
    for ending, form in ((".png", "PNG"), (".JPG", "JPEG"), (".webp", "WEBP")):
        path = seen.save(tmp_path / "new" / f"drawn{ending}")
        with Image.open(path) as image:
            assert image.format == form
            found = np.asarray(image.convert("RGB"))
        error = np.abs(found.astype(int) - seen.drawn()).mean()
        assert error == 0 if form == "PNG" else error < 4
    path = seen.save(tmp_path / "scene.json")
    assert Scene.from_json(path.read_text(encoding="utf-8")) == seen.scene
    assert Scene.from_json(seen.to_json()) == seen.scene
    assert "niño" in path.read_text(encoding="utf-8")
    with pytest.raises(BadValue, match=r"cannot save as \.gif .*use \.png"):
        seen.save(tmp_path / "drawn.gif")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_failed_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = look().save(tmp_path / "a.json")
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    for action in (lambda: look(Scene((4, 4))).save(path), lambda: Report("x").save(path)):
        with pytest.raises(DiskTrouble, match="No space"):
            action()
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_show_without_a_display_says_where_it_saved(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen = look()
    seen.show()
    path = Path(capsys.readouterr().out.strip().removeprefix("saved to "))
    assert path.name == "dog.png"
    assert path.is_relative_to(tmp_path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), seen.drawn())


def test_show_opens_the_viewer_or_fills_the_cell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[Any] = []
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("PIL.ImageShow.show", lambda image, title: shown.append((image.size, title)) or True)
    seen = look()
    seen.show()
    assert shown == [(seen.drawn().shape[1::-1], "dog.jpg")]
    notebook = types.ModuleType("IPython")
    notebook.get_ipython = lambda: types.SimpleNamespace(kernel=1)  # type: ignore[attr-defined]
    notebook.display = types.SimpleNamespace(display=shown.append)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    seen.show()
    assert shown[1] is seen
    assert capsys.readouterr().out == ""


def test_a_look_as_table_and_in_a_notebook() -> None:
    scene = Scene((900, 10), id=HOSTILE, labels=Labels((Label(HOSTILE, 0.5),)))
    seen = look(scene, system="res<net", seconds=0.0123, warnings=(HOSTILE,))
    assert seen.to_df()["name"].tolist() == [HOSTILE]
    html = seen._repr_html_()
    tree = check_html(html)
    assert tree.scripts == []
    assert "res<net, 12 ms" in tree.text
    assert tree.text.count('<script>alert("1")') == 3
    (image,) = tree.images
    assert image["alt"] == repr(seen)
    with Image.open(io.BytesIO(decode(image["src"]))) as inlined:
        assert inlined.width == 720


# Sheets


def test_a_grid_has_room_for_all_and_enlarges_digits_evenly() -> None:
    digit = noise(28, 28)
    sheet = grid([Cell(digit, (Span("7"),))] * 7, columns=3, side=128)
    assert sheet.dtype == np.uint8
    assert sheet.shape[:2] == (10 + 3 * (128 + 18 + 10), 10 + 3 * 138)
    enlarged = np.repeat(np.repeat(digit, 4, 0), 4, 1)
    assert (sheet[10 + 8 : 10 + 8 + 112, 10 + 8 : 10 + 8 + 112] == enlarged).all()
    wide = grid([Cell(flat(1000, 10, 0))], side=100)
    assert (wide == 0).all(axis=2).sum() == pytest.approx(100, abs=10)
    with pytest.raises(BadValue, match="without pictures"):
        grid([])


def test_mistakes_come_in_pages_and_colours() -> None:
    asked: list[int] = []

    def stream() -> Any:
        for number in range(10):
            asked.append(number)
            yield Mistake(flat(28, 28), HOSTILE, "dog", 0.75)

    pages = mistakes(stream(), per_page=4)
    first = next(pages)
    assert asked == [0, 1, 2, 3], "pictures are read a page at a time"
    rest = list(pages)
    assert [page.shape[0] for page in rest] == [first.shape[0], rest[1].shape[0]]
    assert rest[1].shape[0] < first.shape[0]
    for tint in (palette.WRONG, palette.RIGHT):
        assert (first == tint).all(axis=2).any()
    assert list(mistakes([])) == []


# Plots


def svg_texts(svg: bytes) -> list[str]:
    """Matplotlib leaves each drawn text as a comment beside its outlines."""
    builder = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.fromstring(svg, builder)
    return [str(node.text).strip() for node in root.iter() if node.tag is ElementTree.Comment]


@pytest.mark.parametrize("size", [1, 2, 30])
def test_confusion_matrices_show_their_counts(size: int) -> None:
    matrix = np.diag(np.arange(size)) + 100 * np.eye(size, dtype=int)
    matrix[0] = np.arange(size) + 200
    names = [f"kind {i}" for i in range(size)]
    texts = svg_texts(plots.confusion(matrix, names))
    for count in matrix[matrix > 0].tolist():
        assert str(count) in texts
    assert "0" not in texts
    assert all(name in texts for name in names)
    assert f"kind 0  {matrix[0].sum()}" in texts


def test_a_large_confusion_matrix_shows_the_most_confused() -> None:
    rng = np.random.default_rng(0)
    matrix = rng.integers(0, 3, (1000, 1000))
    matrix[np.arange(1000), np.arange(1000)] = 500
    matrix[617, 42] = 99
    matrix[42, 617] = 98
    texts = svg_texts(plots.confusion(matrix, [f"k{i}" for i in range(1000)]))
    assert "the 20 most confused of 1000 classes" in texts
    assert {"k617", "k42", "99", "98"} <= set(texts)
    assert len([text for text in texts if text.startswith("k") and " " not in text]) == 20
    with pytest.raises(BadValue, match="3 classes"):
        plots.confusion(np.zeros((2, 2)), ["a", "b", "c"])


def all_plots(form: plots.Form) -> dict[str, bytes]:
    x = np.arange(1, 6)
    lines = [plots.Curve(f"run {i}", x, x * i, x * i - 1, x * i + 1) for i in range(10)]
    marks = [plots.Mark(f"s{i}", 0.5 + i / 100, 0.4, 0.8, 1.5**i) for i in range(9)] + [plots.Mark(HOSTILE, 0.1, cost=3)]
    nothing = np.array([np.nan, 0.9])
    return {
        "confusion": plots.confusion(np.eye(3, dtype=int), ["a", "犬", HOSTILE], form),
        "reliability": plots.reliability([0, 0.5, 1], [0, 7], nothing, np.array([np.nan, 0.7]), 0.2, form),
        "curves": plots.curves(lines, "epoch", "loss $", form, log=False),
        "scatter": plots.scatter(marks, "ms", "top-1", form),
        "bars": plots.bars(marks, "top-1", form),
    }


def test_plots_are_the_same_bytes_twice_and_well_formed() -> None:
    first = all_plots("svg")
    assert first == all_plots("svg")
    for name, svg in first.items():
        root = ElementTree.fromstring(svg)
        assert root.tag.endswith("svg"), name
        assert b"prefers-color-scheme:dark" in svg
        assert b"<metadata" not in svg
        assert b"<script" not in svg
    for name, png in all_plots("png").items():
        with Image.open(io.BytesIO(png)) as image:
            assert image.width > 300, name
            assert np.asarray(image.convert("L")).std() > 5, name


def test_points_have_names_that_do_not_collide(placed: list[Any]) -> None:
    rng = np.random.default_rng(1)
    costs, scores = np.exp(rng.normal(3, 0.2, 40)), rng.normal(0.7, 0.01, 40)
    svg = plots.scatter(
        [plots.Mark(f"system {i}", s, cost=c) for i, (s, c) in enumerate(zip(scores, costs, strict=True))], "ms", "y"
    )
    assert len(placed) == 40
    assert None not in placed
    check_apart(placed, np.inf, np.inf)
    assert set(svg_texts(svg)) >= {f"system {i}" for i in range(40)}


def test_the_frontier_is_what_nothing_cheaper_equals() -> None:
    best = [plots.Mark("a", 0.5, cost=1), plots.Mark("b", 0.6, cost=2), plots.Mark("c", 0.9, cost=30)]
    beaten = [
        plots.Mark("d", 0.5, cost=1.5),
        plots.Mark("e", 0.6, cost=2),
        plots.Mark("f", 0.4, cost=1),
        plots.Mark("g", 0.2, cost=9),
    ]
    svg = plots.scatter(best + beaten, "ms", "top-1").decode()
    assert svg.count("<use") > 7
    filled = [line for line in svg.splitlines() if "<use" in line and "fill:" in line]
    assert sum(f"fill: {plots.SERIES[0]}" in line for line in filled) == 3
    assert sum(f"fill: {plots.SERIES[-1]}" in line for line in filled) == 4


def test_the_frontier_of_speeds_is_what_nothing_quicker_equals() -> None:
    marks = [(0.9, 5), (0.9, 4), (0.7, 40), (0.6, 30), (0.5, 100), (0.4, 100)]  # score and pictures a second
    svg = plots.scatter([plots.Mark(f"{speed}", score, cost=speed) for score, speed in marks], "a second", "y", speed=True)
    filled = [line for line in svg.decode().splitlines() if "<use" in line and "fill:" in line]
    tints = [line.partition("fill: ")[2][:7] for line in filled if plots.SERIES[0] in line or plots.SERIES[-1] in line]
    assert tints == [plots.SERIES[place] for place in (0, -1, 0, -1, 0, -1)]


def test_curves_of_one_point_and_of_runs_that_broke_off() -> None:
    broken = plots.Curve("broken", [1, 2, 3], [2.0, np.nan, np.nan])
    lost = plots.Curve("lost", [1, 2, 3], [np.nan, np.nan, np.nan])
    assert {"broken", "lost", "one"} <= set(
        svg_texts(plots.curves([broken, lost, plots.Curve("one", [2], [1.0])], "epoch", "loss"))
    )
    assert "one" in svg_texts(plots.curves([plots.Curve("one", [2], [1.0])], "epoch", "loss", log=True))


def test_plots_of_nothing_are_refused() -> None:
    for action in (
        lambda: plots.curves([], "x", "y"),
        lambda: plots.curves([plots.Curve("a", [], [])], "x", "y"),
        lambda: plots.scatter([], "x", "y"),
        lambda: plots.bars([], "x"),
        lambda: plots.confusion(np.zeros((0, 0)), []),
    ):
        with pytest.raises(BadValue):
            action()


# Reports


class Tree(HTMLParser):
    """Reads a page strictly: every tag is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.images: list[dict[str, str]] = []
        self.scripts: list[str] = []
        self.cells: list[str] = []
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        assert not [name for name in found if name.startswith("on")], "no inline handlers"
        self.links += [found[name] for name in ("src", "href", "srcset", "action", "data") if name in found]
        if tag == "img":
            self.images.append(found)
        if tag == "td":
            self.cells.append("")
        if tag == "script":
            self.scripts.append("")
        if tag not in ("img", "meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data
        elif not self.open or self.open[-1] != "style":
            self.text += data
        if self.open and self.open[-1] == "td":
            self.cells[-1] += data


def check_html(html: str) -> Tree:
    tree = Tree()
    tree.feed(html)
    tree.close()
    assert tree.open == []
    assert all(link.startswith("data:image/") for link in tree.links)
    assert all(image["alt"] for image in tree.images)
    for forbidden in ("http:", "https:", "url(", "@import", "//cdn"):
        assert forbidden not in html
    return tree


def decode(uri: str) -> bytes:
    import base64

    return base64.b64decode(uri.split(",", 1)[1])


def report() -> Report:
    return (
        Report(HOSTILE, HOSTILE)
        .facts({HOSTILE: HOSTILE, "pictures": 1234567, "loss": 0.123456, "none": None, "yes": True})
        .heading(HOSTILE)
        .text(f"one {HOSTILE}\n\n\n\ntwo")
        .table([HOSTILE, "n"], [(HOSTILE, 1), ("b", None)], caption=HOSTILE)
        .figure(plots.bars([plots.Mark(HOSTILE, 0.5)], HOSTILE), HOSTILE)
        .figure(plots.bars([plots.Mark("a", 0.5)], "x", "png"), "a PNG", alt="one bar")
        .picture(flat(20, 10), "a sheet")
        .gallery([look(Scene((64, 48), id=HOSTILE, labels=Labels((Label(HOSTILE),))), warnings=(HOSTILE,))], HOSTILE)
        .code(f"looksay look {HOSTILE}\n")
    )


def test_a_report_is_one_harmless_file(tmp_path: Path) -> None:
    path = report().save(tmp_path / "r.html")
    html = path.read_text(encoding="utf-8")
    assert html == report().html(), "the same again"
    assert html.startswith("<!DOCTYPE html>")
    tree = check_html(html)
    assert len(tree.scripts) == 1
    assert "alert" not in tree.scripts[0]
    assert tree.text.count('<script>alert("1")</script>') == 16
    assert "default-src 'none'" in html
    assert [image["alt"] for image in tree.images][1:3] == ["one bar", "a sheet"]
    kinds = [decode(image["src"])[:4] for image in tree.images]
    assert kinds == [b"<svg", b"\x89PNG", b"\x89PNG", b"\xff\xd8\xff\xe0"]
    with Image.open(io.BytesIO(decode(tree.images[2]["src"]))) as picture:
        assert (np.asarray(picture) == 100).all()
    assert tree.images[2]["width"] == "20"
    with Image.open(io.BytesIO(decode(tree.images[1]["src"]))) as plot:
        assert int(tree.images[1]["width"]) == round(plot.width * 96 / 160)
    assert "1\u202f234\u202f567" in tree.text
    assert "0.1235" in tree.text


def test_tables_line_up_and_carry_their_sort_keys() -> None:
    rows = [("a", 1000, 0.5, 1e-5, 12.0), ("b", 2, 0.125, 0.1, np.float32(3.14159)), (None, None, float("nan"), None, 100)]
    html = Report("t").table(["name", "n", "share", "rate", "ms"], rows).html()
    tree = check_html(html)
    assert tree.cells == [
        "a", "1\u202f000", "0.5000", "1e-05", "12.0",
        "b", "2", "0.1250", "0.1", "3.1",
        "–", "–", "–", "–", "100.0",
    ]  # fmt: skip
    assert html.count('<th scope="col" class="number">') == 4
    assert 'data-v="1000"' in html
    assert html.count('data-v=""') == 4
    with pytest.raises(BadValue, match="row 1 of a table has 1 cells under 2"):
        Report("t").table(["a", "b"], [(1, 2), (3,)])
    with pytest.raises(BadValue, match="neither PNG nor SVG"):
        Report("t").figure(b"GIF89a", "x")
    words = Report("t").table(["settings"], [("x" * 41,)]).html()
    assert '<td class="long"' in words


def test_json_of_a_look_is_plain() -> None:
    assert json.loads(look(Scene((4, 4), labels=Labels((Label("dog", 0.5),)))).to_json())["labels"] == [
        {"name": "dog", "score": 0.5}
    ]
