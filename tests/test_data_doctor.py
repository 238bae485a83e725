"""The doctor on small sets, each with one fault, and on their sound twins."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from doctor_case import WIDE, Fake, boxes, found, item, labelled, photo, save, turned, write
from looksay.data import doctor, doctor_boxes, doctor_classes, pictures
from looksay.data.dataset import RawBox, RawItem
from looksay.data.doctor_findings import KINDS, Checkup, Facts, Finding, natural
from looksay.data.doctor_show import show
from looksay.errors import BadData, BadPicture

SOUND = ("dog", (10.0, 10.0, 40.0, 50.0))


def of_one(raw: RawItem, **options: object) -> list[tuple[str, str]]:
    return found(doctor.check(Fake([raw], **options)))  # type: ignore[arg-type]


# -- boxes ---------------------------------------------------------------------------------------------------------------------


def test_a_sound_set_has_no_findings() -> None:
    checkup = doctor.check(Fake([item(SOUND, ("cat", (0, 0, 96, 64)))]))
    assert checkup.findings == ()
    assert checkup.ok
    assert checkup.facts == Facts("set", "coco", {"": 1}, {"dog": 1, "cat": 1}, 2, WIDE, WIDE)
    assert checkup.facts.pictures == 1


@pytest.mark.parametrize(
    ("box", "kind"),
    [
        ((40, 10, 10, 50), "box-inverted"),
        ((10, 50, 40, 10), "box-inverted"),
        ((10, 10, 10, 50), "box-empty"),
        ((10, 10, 40, 10), "box-empty"),
        ((10, 10, math.nan, 50), "box-not-finite"),
        ((10, 10, math.inf, 50), "box-not-finite"),
        ((96, 10, 120, 50), "box-outside"),
        ((-9, 10, 0, 50), "box-outside"),
        ((60, 40, 97, 50), "box-partly-outside"),
        ((60, -1, 70, 50), "box-partly-outside"),
        ((60, 40, 61.5, 50), "tiny-box"),
        ((0, 40, 96, 41.8), "tiny-box"),
    ],
)
@pytest.mark.parametrize("quick", [False, True])
def test_each_fault_of_a_box(box: doctor_boxes.BoxXYXY, kind: str, quick: bool) -> None:
    checkup = doctor.check(Fake([item(SOUND, ("dog", box), (*SOUND[:1], (50.0, 10.0, 60.0, 50.0)))]), quick=quick)
    assert found(checkup) == [(kind, "a.xml:2")]


def test_a_box_may_reach_out_by_what_rounding_does() -> None:
    assert of_one(item(("dog", (-0.4, 0, 96.4, 64)))) == []
    assert of_one(item(("dog", (-0.6, 0, 96, 64)))) == [("box-partly-outside", "a.xml:1")]


def test_thin_boxes_are_told_but_not_of_crowds() -> None:
    thin = item(("dog", (0, 0, 600, 11)), size=(700, 400))
    assert of_one(thin) == [("thin-box", "a.xml:1")]
    thin.boxes = boxes(("dog", (0, 0, 600, 11)), flags=frozenset({"crowd"}))
    assert of_one(thin) == []
    assert of_one(item(("dog", (0, 0, 600, 12.1)), size=(700, 400))) == []


def test_voc_boxes_are_judged_as_they_are_written() -> None:
    """To its writer xmin = xmax is a box without extent, though the format would make it a pixel wide."""
    raw = item(("dog", (503, 336, 504, 337)), ("dog", (504, 100, 504, 200)), size=(640, 480))
    checkup = doctor.check(Fake([raw], format="voc"))
    assert found(checkup) == [("box-empty", "a.xml:1"), ("box-inverted", "a.xml:2")]
    assert "504 337 504 337" in checkup.findings[0].what
    assert "505 101 504 200" in checkup.findings[1].what
    assert found(doctor.check(Fake([raw], format="coco"))) == [("box-empty", "a.xml:2"), ("tiny-box", "a.xml:1")]


def test_duplicate_boxes() -> None:
    raw = item(SOUND, ("cat", SOUND[1]), ("dog", (10, 10, 40, 49.5)), ("dog", (10, 10, 40, 47)), SOUND)
    assert of_one(raw) == [("duplicate-box", "a.xml:3"), ("duplicate-box", "a.xml:5")]


def test_duplicate_boxes_as_in_a_slow_search() -> None:
    chance = np.random.default_rng(4)
    corners = chance.integers(0, 50, (150, 2))
    sizes = chance.integers(20, 60, (150, 2))
    some = [(float(x), float(y), float(x + w), float(y + h)) for (x, y), (w, h) in zip(corners, sizes, strict=True)]
    some += [tuple(np.add(box, chance.integers(-1, 2, 4)).tolist()) for box in some]  # type: ignore[misc]
    raws = [RawBox("ab"[at % 2], box, str(at)) for at, box in enumerate(some)]
    slow: dict[int, int] = {}
    for second in range(len(raws)):
        for first in range(second):
            if raws[first].name == raws[second].name and doctor_boxes.overlap(raws[first].box, raws[second].box) > 0.95:
                slow.setdefault(second, first)
    fast = doctor_boxes.copies(raws, "")
    assert len(slow) > 10
    assert [second for _, second in fast]
    assert sorted(second for _, second in fast) == sorted(slow)


def test_overlap_by_hand() -> None:
    assert doctor_boxes.overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert doctor_boxes.overlap((0, 0, 10, 10), (10, 0, 15, 10)) == 0


def test_boxes_counted_from_0_in_a_format_that_counts_from_1() -> None:
    """Written 0 is -1 in a raw box of VOC."""
    raw = [item(("dog", (-1, 5, 50, 63)), ("dog", (20, -1, 95, 50)), ("dog", (3, -1, 60, 50)), id=str(at)) for at in range(2)]
    checkup = doctor.check(Fake(raw, format="voc"))
    assert found(checkup) == [("counts-from", "set")]
    assert "4 at 0" in checkup.findings[0].what or "6 at 0" in checkup.findings[0].what
    assert "moved" in checkup.findings[0].what
    once = [item(("dog", (-1, 5, 50, 63)), ("dog", (0, 0, 96, 64)), id="1")]
    assert found(doctor.check(Fake(once, format="voc"))) == [("box-partly-outside", "1.xml:1")]


def test_boxes_counted_from_1_in_a_format_that_counts_from_0() -> None:
    raw = [item(("dog", (1, 5, 97, 50)), ("cat", (20, 1, 60, 65)), id=str(at)) for at in range(2)]
    assert found(doctor.check(Fake(raw))) == [("counts-from", "set")]
    sound = [item(("dog", (0, 5, 96, 50)), ("cat", (20, 0, 60, 64)), id=str(at)) for at in range(2)]
    assert found(doctor.check(Fake(sound))) == []


@pytest.mark.parametrize(
    ("box", "shift"),
    [
        ((0, 0, 96, 64), None),
        ((1, 1, 97, 65), (-1.0, -1.0)),
        ((1, 1, 96, 64), (-1.0, 0.0)),
        ((0, 0, 95, 63), (0.0, 1.0)),
        ((-1, -1, 96, 64), (1.0, 0.0)),
        ((-1, -1, 95, 63), (1.0, 1.0)),
    ],
)
def test_what_would_put_all_boxes_right(box: doctor_boxes.BoxXYXY, shift: doctor_boxes.Shift | None) -> None:
    edges = doctor_boxes.Edges("coco")
    for _ in range(6):
        edges.count(box, WIDE)
    assert edges.shift() == shift
    if shift is not None:
        moved = (box[0] + shift[0], box[1] + shift[0], box[2] + shift[1], box[3] + shift[1])
        assert moved == (0, 0, *WIDE)


def test_a_box_far_out_is_not_excused_by_a_slip() -> None:
    raw = item(("dog", (1, 5, 97, 50)), ("cat", (1, 1, 60, 65)), ("cow", (30, 20, 97, 63)), ("cow", (50, 40, 99, 63)))
    assert of_one(raw) == [("box-partly-outside", "a.xml:4"), ("counts-from", "set")]


# -- pictures ------------------------------------------------------------------------------------------------------------------


def jpeg_bytes(path: Path, **options: object) -> bytes:
    return save(photo(1, (320, 240)), path, quality=95, **options).read_bytes()


def broken(folder: Path, kind: str) -> Path:
    whole = jpeg_bytes(folder / "whole.jpg")
    png = save(photo(1), folder / "whole.png").read_bytes()
    damaged = bytearray(png)
    damaged[16:24] = b"\xff" * 8  # width and height
    contents = {
        "not-a-picture": ("a.jpg", b"<html>404 Not Found</html>"),
        "truncated-picture": ("a.jpg", whole[: len(whole) // 2]),
        "broken-picture": ("a.png", bytes(damaged)),
    }
    if kind == "missing-picture":
        return folder / "a.jpg"
    name, data = contents[kind]
    (folder / name).write_bytes(data)
    return folder / name


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("kind", ["missing-picture", "not-a-picture", "truncated-picture", "broken-picture"])
def test_pictures_that_cannot_be_read(tmp_path: Path, kind: str, quick: bool) -> None:
    bad = str(broken(tmp_path, kind))
    good = str(save(photo(2), tmp_path / "good.png"))
    checkup = doctor.check(Fake([labelled("cat", "g", good), labelled("cat", "b", bad)]), quick=quick)
    assert found(checkup) == [(kind, bad)]
    assert found(doctor.check(Fake([labelled("cat", "g", good)]), quick=quick)) == []


def test_an_empty_file_a_folder_and_a_cut_png(tmp_path: Path) -> None:
    empty, folder, cut = tmp_path / "empty.jpg", tmp_path / "folder.jpg", tmp_path / "cut.png"
    empty.write_bytes(b"")
    folder.mkdir()
    data = save(photo(3), tmp_path / "whole.png").read_bytes()
    cut.write_bytes(data[: len(data) * 2 // 3])
    items = [labelled("cat", str(at), str(path)) for at, path in enumerate((empty, folder, cut))]
    assert found(doctor.check(Fake(items), quick=True)) == [
        ("truncated-picture", str(cut)),
        ("not-a-picture", str(empty)),
        ("not-a-picture", str(folder)),
    ]


@pytest.mark.parametrize("quick", [False, True])
def test_a_picture_too_large_to_be_safe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick: bool) -> None:
    path = str(save(photo(1), tmp_path / "a.png"))
    assert found(doctor.check(Fake([labelled("cat", path=path)]), quick=quick)) == []
    monkeypatch.setenv(pictures.LIMIT_NAME, str(WIDE[0] * WIDE[1] - 1))
    assert found(doctor.check(Fake([labelled("cat", path=path)]), quick=quick)) == [("huge-picture", path)]


def test_damaged_bytes_are_found_just_where_reading_fails(tmp_path: Path) -> None:
    chance = np.random.default_rng(5)
    items = []
    for at in range(60):
        path = save(photo(at, (120, 90)), tmp_path / f"{at}.{('jpg', 'png', 'webp', 'bmp')[at % 4]}")
        data = bytearray(path.read_bytes())
        if at % 3 == 1:
            data = data[: chance.integers(len(data))]
        for _ in range(4 if at % 3 else 12):
            if data:
                data[chance.integers(min(len(data), 60 if at % 3 else len(data)))] = chance.integers(256)
        path.write_bytes(bytes(data))
        items.append(labelled("cat", str(at), str(path)))
    damaged = []
    for each in items:
        try:
            pictures.read(each.path)
        except BadPicture:
            damaged.append(each.path)
    faults = [where for kind, where in found(doctor.check(Fake(items))) if "picture" in kind]
    assert 20 < len(damaged) < 58
    assert sorted(faults) == sorted(damaged)
    quick = [where for kind, where in found(doctor.check(Fake(items), quick=True)) if "picture" in kind]
    assert set(quick) <= set(damaged)
    assert len(quick) > len(damaged) / 3


def test_padding_behind_a_jpeg_is_no_fault(tmp_path: Path) -> None:
    data = jpeg_bytes(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(data + b"\0" * 5000)
    assert found(doctor.check(Fake([labelled("cat", path=str(tmp_path / "a.jpg"))]), quick=True)) == []


def test_stated_size(tmp_path: Path) -> None:
    path = str(save(photo(1), tmp_path / "a.png"))
    assert of_one(item(SOUND, path=path)) == []
    assert of_one(item(SOUND, path=path, size=(100, 64))) == [("stated-size", "a.xml")]
    assert of_one(item(SOUND, path=path, size=(-1, 64))) == [("stated-size", "a.xml")]
    # Boxes that fit the stated size only are not told one by one.
    large = doctor.check(Fake([item(("dog", (10, 10, 150, 120)), path=path, size=(192, 128))]))
    assert found(large) == [("stated-size", "a.xml")]
    assert "the boxes fit the stated one" in large.findings[0].what
    assert of_one(item(SOUND, path=path, size=None), format="voc") == [("stated-size", "a.xml")]
    assert of_one(item(SOUND, path=path, size=None), format="csv") == []


@pytest.mark.parametrize("quick", [False, True])
def test_exif_rotation(tmp_path: Path, quick: bool) -> None:
    """The stored picture is 96 × 64, shown upright it is 64 × 96."""
    path = str(save(photo(1), tmp_path / "a.jpg", exif=turned(6)))
    wide, tall = ("dog", (40.0, 10.0, 90.0, 60.0)), ("dog", (10.0, 40.0, 60.0, 90.0))

    def kinds(raw: RawItem) -> list[str]:
        return [kind for kind, _ in found(doctor.check(Fake([raw]), quick=quick))]

    assert kinds(item(tall, path=path, size=(64, 96))) == []
    assert kinds(item(wide, path=path, size=None)) == ["exif-rotation"]
    assert kinds(item(wide, path=path, size=(64, 96))) == ["exif-rotation"]
    assert kinds(item(SOUND, path=path, size=(96, 64))) == ["exif-rotation"]
    # The same faults where EXIF has no part in it.
    upright = str(save(photo(1, (64, 96)), tmp_path / "b.jpg"))
    assert kinds(item(wide, path=upright, size=None)) == ["box-partly-outside"]
    assert kinds(item(SOUND, path=upright, size=(96, 64))) == ["stated-size"]


def test_quick_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [str(save(photo(at), tmp_path / f"{at}.{ending}")) for at, ending in enumerate(("jpg", "png", "bmp", "webp"))]
    fake = Fake([labelled("cat", str(at), path) for at, path in enumerate(paths)])
    reads: list[object] = []
    monkeypatch.setattr(pictures, "read", lambda *a, **k: reads.append(a))
    assert found(doctor.check(fake, quick=True)) == []
    assert fake.decoded == []
    assert reads == []
    monkeypatch.undo()
    assert found(doctor.check(fake)) == []
    assert sorted(fake.decoded) == [0, 1, 2, 3]


def test_mixtures_are_noted(tmp_path: Path) -> None:
    grey = np.repeat(photo(1)[:, :, :1], 3, axis=2)
    paths = [save(photo(2), tmp_path / "a.png"), save(grey, tmp_path / "b.png"), save(photo(3, (400, 30)), tmp_path / "c.png")]
    checkup = doctor.check(Fake([labelled("cat", str(at), str(path)) for at, path in enumerate(paths)]))
    assert found(checkup) == [("mixed-sizes", "set"), ("mixed-colour", "set")]
    assert "96 to 400" in checkup.findings[0].what
    assert "1 pictures are grey, 2 coloured" in checkup.findings[1].what
    assert (checkup.facts.smallest, checkup.facts.largest) == ((96, 64), (400, 30))
    assert found(doctor.check(Fake([labelled("cat", str(at), str(path)) for at, path in enumerate(paths[:1])]))) == []


# -- names and labels ----------------------------------------------------------------------------------------------------------


def many(**counts: int) -> list[RawItem]:
    """As many labelled pictures of each class."""
    return [labelled(name.replace("_0", " "), f"{name}{at}") for name, count in counts.items() for at in range(count)]


def test_misspelt_classes() -> None:
    checkup = doctor.check(Fake(many(horse=20, hosre=1, person=15, persom=1, boat=9, goat=9)), quick=True)
    assert found(checkup, "imbalance") == [("misspelt-class", "hosre0.txt"), ("misspelt-class", "persom0.txt")]
    assert "'horse'" in checkup.of_kind("misspelt-class")[0].what
    assert found(doctor.check(Fake(many(horse=20, house=20)), quick=True)) == []


def test_names_that_differ_by_case_or_blanks() -> None:
    raw = [*many(cat=5), labelled("Cat", "1"), labelled("cat ", "2"), labelled("tv monitor", "3"), labelled("tv_monitor", "4")]
    checkup = doctor.check(Fake(raw), quick=True)
    assert found(checkup) == [("class-case", "1.txt"), ("class-case", "2.txt"), ("class-case", "4.txt")]


def test_unknown_classes_are_told_once_each() -> None:
    raw = [*many(cat=5, dog=4, cart=1), labelled("dgo", "1"), labelled("zebra", "2"), labelled("zebra", "3")]
    checkup = doctor.check(Fake(raw, classes=("cat", "dog", "cow")), quick=True)
    told = {finding.where: finding for finding in checkup.of_kind("unknown-class")}
    assert set(told) == {"1.txt", "2.txt", "cart0.txt"}
    assert "2 times" in told["2.txt"].what
    # What is asked for goes before what the set lists.
    assert found(doctor.check(Fake(many(cat=2, dog=2)), quick=True, classes=["cat"])) == [("unknown-class", "dog0.txt")]


def test_look_alike() -> None:
    alike = [("horse", "hosre"), ("person", "persom"), ("diningtable", "dinningtabel"), ("bird", "brid"), ("chair", "chairs")]
    unlike = [("bear", "pear"), ("class1", "class2"), ("cat", "bat"), ("horse", "mouse"), ("dog", "dog"), ("truck", "trunks")]
    assert [pair for pair in alike if not doctor_classes.look_alike(*pair)] == []
    assert [pair for pair in unlike if doctor_classes.look_alike(*pair)] == []


def test_edits_as_in_the_full_table() -> None:
    def slow(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        cost = min(slow(a[1:], b) + 1, slow(a, b[1:]) + 1, slow(a[1:], b[1:]) + (a[0] != b[0]))
        swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0]
        return min(cost, slow(a[2:], b[2:]) + 1) if swapped else cost

    chance = np.random.default_rng(0)
    words = ["".join(chance.choice(list("abc"), chance.integers(1, 7))) for _ in range(14)]
    for a in words:
        for b in words:
            for limit in (1, 2):
                assert doctor_classes.edits(a, b, limit) == min(slow(a, b), limit + 1), (a, b)


def test_missing_labels() -> None:
    raw = [*many(cat=2), labelled("", "bare"), labelled("  ", "blank")]
    assert found(doctor.check(Fake(raw), quick=True)) == [("missing-label", "bare.txt"), ("missing-label", "blank.txt")]
    nameless = item(SOUND, ("", (50, 10, 60, 50)))
    assert found(doctor.check(Fake([nameless]), quick=True)) == [("missing-label", "a.xml:2")]


def test_pictures_without_objects_are_noted() -> None:
    assert found(doctor.check(Fake([item(SOUND), item(id="b")]), quick=True)) == [("no-objects", "b.xml")]
    assert found(doctor.check(Fake([item(id="a"), item(id="b")]), quick=True)) == []
    whole = {"train": Fake([item(SOUND)], split="train"), "test": Fake([item(id="b"), item(id="c")], split="test")}
    assert found(doctor.check(whole, quick=True)) == [("unlabelled-split", "set")]


def test_imbalance_and_classes_that_a_split_lacks() -> None:
    train = Fake(many(cat=20, dog=2, cow=3), split="train")
    test = Fake(many(cat=4, dog=3, owl=2), split="test")
    checkup = doctor.check({"train": train, "test": test}, quick=True)
    assert [(finding.kind, finding.what.split("'")[1]) for finding in checkup.findings] == [
        ("class-never-in-train", "owl"),
        ("class-only-in-train", "cow"),
        ("imbalance", "cat"),
    ]
    assert "12 times as frequent as 'owl'" in checkup.findings[-1].what
    even = {"train": Fake(many(cat=9, dog=2)), "val": Fake(many(cat=9, dog=2))}
    assert found(doctor.check(even, quick=True)) == []


def test_duplicate_ids() -> None:
    raw = [item(SOUND, id=id) for id in ("a", "b", "a", "c", "a")]
    for at, each in enumerate(raw):
        each.where = f"line {at}"
    assert found(doctor.check(Fake(raw), quick=True)) == [("duplicate-id", "line 2"), ("duplicate-id", "line 4")]
    apart = {"train": Fake(raw[:2]), "test": Fake(raw[2:4])}
    assert found(doctor.check(apart, quick=True)) == []


def test_empty_split() -> None:
    whole = {"train": Fake([item(SOUND)]), "val": Fake([])}
    assert found(doctor.check(whole, quick=True)) == [("empty-split", "set")]
    assert found(doctor.check({"train": Fake([item(SOUND)])}, quick=True)) == []


# -- hostile items -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quick", [False, True])
def test_hostile_items_do_not_stop_it(quick: bool) -> None:
    raw = [
        BadData("bbox should be four numbers", where="a.json, annotation 3"),
        item(SOUND, ("dog", (50, 10, 50, 50))),
        KeyError("category_id"),
        BadPicture("the picture is damaged: no header", where="b.jpg"),
        RecursionError("deep"),
        item(SOUND, id="z"),
    ]
    checkup = doctor.check(Fake(raw), quick=quick)
    assert found(checkup) == [
        ("bad-annotation", "a.json, annotation 3"),
        ("box-empty", "a.xml:2"),
        ("broken-picture", "b.jpg"),
        ("bad-annotation", "place 2"),
        ("bad-annotation", "place 4"),
    ]
    assert "KeyError" in checkup.findings[3].what
    assert checkup.facts.boxes == 3


def test_scenes_that_are_refused_are_found_but_not_in_quick() -> None:
    class Picky(Fake):
        def scene(self, index: int) -> object:  # type: ignore[override]
            if index == 1:
                raise BadData("the mask is 3 × 4, the picture 5 × 6", where="mask.png")
            return super().scene(index)

    fake = Picky([item(SOUND, id="a"), item(SOUND, id="b")])
    assert found(doctor.check(fake)) == [("bad-annotation", "mask.png")]
    assert found(doctor.check(fake, quick=True)) == []


def test_problems_of_the_set_are_errors() -> None:
    fake = Fake([item(SOUND)])
    fake.problems = (
        BadData("speaks of image 7, which is not listed", where="x.json, annotation 2"),
        BadData("has the id 4, as has annotation 1", where="x.json, annotation 3"),
        BadData("should be an object, is 3", where="x.json, annotation 4"),
    )
    checkup = doctor.check(fake, quick=True)
    assert [(each.kind, each.severity) for each in checkup.findings] == [
        ("annotation-without-picture", "error"),
        ("duplicate-id", "error"),
        ("bad-annotation", "error"),
    ]


def test_what_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    checkup = doctor.check(str(tmp_path / "nowhere"))
    assert found(checkup) == [("unreadable", str(tmp_path / "nowhere"))]
    assert not checkup.ok
    assert checkup.facts.pictures == 0
    write(tmp_path / "set/annotations/instances_train.json", '{"images": [')
    assert [finding.kind for finding in doctor.check(f"coco:{tmp_path / 'set'}").findings] == ["unreadable"]


# -- the sheet -----------------------------------------------------------------------------------------------------------------


def test_progress_and_order_do_not_depend_on_workers(tmp_path: Path) -> None:
    raw = [
        item(SOUND, ("dog", (5, 5, 5, 9)), id=f"{at:03d}", path=str(save(photo(at), tmp_path / f"{at}.png"))) for at in range(50)
    ]
    sheets = []
    for workers in (1, 4):
        calls: list[tuple[int, int]] = []
        sheets.append(doctor.check(Fake(raw), workers=workers, progress=lambda *call, calls=calls: calls.append(call)))
        assert calls[-1] == (50, 50)
        assert calls == sorted(calls)
    assert sheets[0] == sheets[1]
    assert [where for _, where in found(sheets[0])] == [f"{at:03d}.xml:2" for at in range(50)]


def test_findings_are_in_order_of_severity_then_place() -> None:
    several = [
        Finding("no-objects", "a:1", "n"),
        Finding("box-empty", "a.xml:10", "e"),
        Finding("box-empty", "a.xml:9", "e"),
        Finding("twin", "a.xml:1", "t"),
        Finding("box-inverted", "a.xml:9", "i"),
    ]
    ordered = Checkup.of(Facts(), several, quick=False).findings
    assert [(each.kind, each.where) for each in ordered] == [
        ("box-inverted", "a.xml:9"),
        ("box-empty", "a.xml:9"),
        ("box-empty", "a.xml:10"),
        ("twin", "a.xml:1"),
        ("no-objects", "a:1"),
    ]
    assert natural("x9") < natural("x10") < natural("y1")


def test_json_and_text_hold_everything() -> None:
    checkup = doctor.check(Fake([item(SOUND, ("dog", (5, 5, 5, 9))), item(id="b")]), quick=True)
    read = json.loads(checkup.to_json())
    assert read["ok"] is False
    assert read["quick"] is True
    assert read["counts"] == {"box-empty": 1, "no-objects": 1}
    assert read["facts"]["classes"] == {"dog": 2}
    assert read["facts"]["pictures"] == 2
    assert read["findings"][0] == {
        "kind": "box-empty",
        "severity": "error",
        "where": "a.xml:2",
        "what": "the box of 'dog' has no extent: 5 5 5 9",
        "mend": "draw it again or take it out",
        "fix": "drops the box",
    }
    lines = list(checkup.lines())
    assert "error: box-empty: a.xml:2: the box of 'dog' has no extent: 5 5 5 9 (draw it again or take it out)" in lines
    assert lines[-1].startswith("1 error, 1 note")
    assert (len(checkup.errors), len(checkup.warnings), len(checkup.notes)) == (1, 0, 1)


def test_ten_thousand_findings_fit_on_a_page() -> None:
    crowd = [Finding("box-empty", f"a.xml:{line}", "no extent [bold]") for line in range(10_000)]
    checkup = Checkup.of(Facts(source="set"), [*crowd, Finding("leak", "b.jpg", "in 'train' and 'test'")], quick=False)
    console = Console(width=80, record=True, file=io.StringIO())
    show(checkup, console)
    text = console.export_text()
    assert len(text.splitlines()) < 25
    assert "10,000  error" in text
    assert "… and 9,997 more" in text
    assert "a.xml:2: no extent [bold]" in text
    assert "b.jpg" in text
    assert "drops the box" in text
    assert "--json" in text
    assert "a.xml:3:" not in text


def test_every_kind_is_known_to_the_show() -> None:
    checkup = Checkup.of(Facts(), [Finding(kind, "here", "so") for kind in KINDS], quick=False)
    console = Console(width=100, record=True, file=io.StringIO())
    show(checkup, console)
    text = console.export_text()
    assert all(kind in text and KINDS[kind].title in text for kind in KINDS)
    assert "--json" not in text
