"""Pascal VOC as it is distributed, and the looser folders that are called so."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from looksay.data import masks, source
from looksay.errors import BadData, BadPicture

SIZE = "<size><width>20</width><height>10</height><depth>3</depth></size>"


def thing(name: str = "dog", box: tuple[object, ...] = (1, 1, 20, 10), more: str = "") -> str:
    edges = "".join(f"<{tag}>{value}</{tag}>" for tag, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object>\n<name>{name}</name>{more}\n<bndbox>{edges}</bndbox>\n</object>\n"


def xml(*objects: str, size: str = SIZE) -> str:
    return f"<annotation>\n<folder>VOC2007</folder>\n<filename>x.jpg</filename>\n{size}\n{''.join(objects)}</annotation>\n"


def picture(path: Path, size: tuple[int, int] = (20, 10)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 60, 30)).save(path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Two pictures with annotations, lists of the splits and of single classes."""
    home = tmp_path / "VOCdevkit" / "VOC2007"
    for id in ("000005", "000007"):
        picture(home / f"JPEGImages/{id}.jpg")
    part = "<part><name>head</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"
    flags = "<pose>Left</pose><truncated>1</truncated><difficult>0</difficult><occluded>1</occluded>"
    write(
        home / "Annotations/000005.xml",
        xml(
            thing("chair", (1, 1, 2, 2), "<pose>Unspecified</pose><difficult>1</difficult>"),
            thing("person", (5, 3, 20, 10), flags + part),
        ),
    )
    write(home / "Annotations/000007.xml", xml(thing("dog", ("3.5", 2, "12.25", 9))))
    write(home / "ImageSets/Main/train.txt", "000005\n")
    write(home / "ImageSets/Main/val.txt", "000007\n")
    write(home / "ImageSets/Main/trainval.txt", "000005\n000007\n")
    for name in ("chair", "dog", "person", "cat"):
        write(home / f"ImageSets/Main/{name}_train.txt", "000005 -1\n")
        write(home / f"ImageSets/Main/{name}_trainval.txt", "000005 -1\n000007  1\n")
    return home


def test_the_original_layout(voc: Path) -> None:
    assert source.splits(str(voc)) == ("train", "val", "trainval")
    found = source.open(str(voc), "trainval")
    assert (found.format, found.classes) == ("voc", ("cat", "chair", "dog", "person"))
    seen, scene = found[0]
    assert seen.shape == (10, 20, 3)
    assert (scene.id, scene.size, scene.labels.names) == ("000005", (20, 10), ("person",))
    chair, person = scene.objects
    assert (chair.box, chair.difficult, dict(chair.attributes)) == ((0, 0, 2, 2), True, {})
    assert (person.box, person.difficult, person.truncated, person.occluded) == ((4, 2, 20, 10), False, True, True)
    assert person.attributes["pose"] == "Left"
    assert found[1][1].objects[0].box == (2.5, 1, 12.25, 9)
    assert [len(source.open(str(voc), split)) for split in ("train", "val", "")] == [1, 1, 2]
    assert source.open(str(voc.parent)).source == f"voc:{voc.parent}"
    raw = found.raw(0)
    assert raw.boxes[1].where == f"{voc}/Annotations/000005.xml:9"
    assert raw.boxes[1].flags == {"truncated", "occluded"}
    assert found.target(0) == 3


def test_several_years_must_be_told_apart(voc: Path) -> None:
    voc.rename(voc.parent / "VOC2012")
    for name in ("VOC2007/Annotations", "VOC2007/JPEGImages"):
        (voc.parent / name).mkdir(parents=True)
    with pytest.raises(BadData, match=r"several sets.*voc:.*VOC2007 or voc:.*VOC2012"):
        source.open(f"voc:{voc.parent}")


def palette_png(codes: list[list[int]]) -> bytes:
    image = Image.fromarray(np.array(codes, np.uint8)).convert("L")
    colours = [((c >> b) & 1) << 7 | ((c >> (b + 3)) & 1) << 6 | ((c >> (b + 6)) & 1) << 5 for c in range(256) for b in range(3)]
    image.putpalette(colours)  # by the devkit's rule
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_masks_of_classes_and_objects(voc: Path) -> None:
    empty = [[0] * 20 for _ in range(10)]
    kinds, which = [row[:] for row in empty], [row[:] for row in empty]
    kinds[0][:3], which[0][:3] = [2, 2, 255], [1, 1, 255]
    for row in range(4, 9):
        kinds[row][6:19], which[row][6:19] = [4] * 13, [2] * 13
    for folder, codes in (("SegmentationClass", kinds), ("SegmentationObject", which)):
        (voc / folder).mkdir()
        (voc / folder / "000005.png").write_bytes(palette_png(codes))
    scene = source.open(str(voc), "trainval").scene(0)
    assert scene.regions.names == ("background", "cat", "chair", "dog", "person")
    assert np.array_equal(scene.regions.ids, kinds)
    chair, person = scene.objects
    assert chair.mask is not None
    assert person.mask is not None
    assert chair.mask.area == 2
    assert np.array_equal(person.mask.array(), np.array(which) == 2)
    assert chair.difficult
    assert not source.open(str(voc), "trainval").scene(1).regions


def test_masks_named_by_colour(tmp_path: Path) -> None:
    """As CVAT exports them: colours in labelmap.txt, no xml."""
    picture(tmp_path / "JPEGImages/a.jpg")
    colours = np.zeros((10, 20, 3), np.uint8)
    colours[2:5, 3:9] = (10, 20, 30)
    colours[7, 7] = (224, 224, 192)
    (tmp_path / "SegmentationClass").mkdir()
    Image.fromarray(colours).save(tmp_path / "SegmentationClass/a.png")
    write(tmp_path / "labelmap.txt", "# label:color_rgb:parts:actions\nbackground:0,0,0::\nsky:1,1,1::\nroof:10,20,30::\n")
    found = source.open(str(tmp_path))
    assert found.classes == ("sky", "roof")
    ids = found.scene(0).regions.ids
    assert (ids[3, 4], ids[0, 0], ids[7, 7], (ids == 2).sum()) == (2, 0, 255, 18)
    colours[9, 9] = (1, 2, 3)
    Image.fromarray(colours).save(tmp_path / "SegmentationClass/a.png")
    with pytest.raises(BadData, match="column 9, row 9 means no class"):
        found.scene(0)
    Image.fromarray(colours[:5]).save(tmp_path / "SegmentationClass/a.png")
    with pytest.raises(BadData, match="the mask is 20 × 5, the picture 20 × 10"):
        found.scene(0)
    write(tmp_path / "labelmap.txt", "background:0,0,0::\nroof:10,300,30::\n")
    with pytest.raises(BadData, match=r"labelmap\.txt:2"):
        source.open(str(tmp_path))


def test_the_palette_is_that_of_the_devkit() -> None:
    assert masks.PALETTE[[1, 2, 3, 8, 15, 20, 255]].tolist() == [
        [128, 0, 0], [0, 128, 0], [128, 128, 0], [64, 0, 0], [192, 128, 128], [0, 64, 128], [224, 224, 192],
    ]  # fmt: skip


@pytest.mark.parametrize("layout", ["mixed", "listed", "images", "splits"])
def test_loose_layouts(tmp_path: Path, layout: str) -> None:
    for split, id in (("train", "a b"), ("valid", "c")):
        shown, said = {
            "mixed": (f"{id}.png", f"{id}.xml"),
            "listed": (f"{id}.png", f"{id}.xml"),
            "images": (f"images/{id}.png", f"annotations/{id}.xml"),
            "splits": (f"{split}/{id}.png", f"{split}/{id}.xml"),
        }[layout]
        picture(tmp_path / shown)
        write(tmp_path / said, xml(thing("cell" if id == "c" else "other cell")))
        if layout == "listed":
            write(tmp_path / f"{split}.txt", f"{id}.png\n\n")
    found = source.open(str(tmp_path))
    assert (found.format, found.classes) == ("voc", ("cell", "other cell"))
    assert [found[i][1].id for i in range(2)] == ["a b", "c"]
    if layout in ("listed", "splits"):
        assert source.splits(str(tmp_path)) == ("train", "val")
        assert [source.open(str(tmp_path), split)[0][1].id for split in ("train", "val")] == ["a b", "c"]
    else:
        assert source.splits(str(tmp_path)) == ()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (xml(thing(box=(12, 1, 5, 10))), 5, "inverted"),
        (xml(thing(), thing(box=(6, 1, 5, 10))), 9, "no extent"),
        (xml(thing(box=("nan", 1, 5, 10))), 5, "not finite"),
        (xml(thing(box=("five", 1, 5, 10))), 7, "<xmin> should be a number"),
        (xml(thing(box=(21, 1, 30, 10))), 5, "outside the picture of 20 × 10"),
        (xml("<object>\n<name>dog</name></object>"), 5, "<object> has no <bndbox>"),
        (xml("<object><bndbox><xmin>1</xmin></bndbox></object>"), 5, "<bndbox> has no <ymin>"),
        (xml(thing(more="<difficult>maybe</difficult>")), 6, "<difficult> should be 0 or 1"),
        (xml(thing("unicorn")), 5, "class 'unicorn' is not known"),
        (xml(thing(), size=""), 1, "states no <size>"),
        (xml(thing(), size="<size><width>0</width><height>0</height></size>"), 4, "size of 0 × 0"),
        (xml(thing(), size="<size><width>2.5</width><height>9</height></size>"), 4, "whole number"),
        ("<annotation>\n<object></annotation>", 2, "not XML: mismatched tag"),
        ("", 1, "not XML: no element found"),
        ("<!DOCTYPE a [\n<!ENTITY b 'bbbb'>]><annotation/>", 1, "document type"),
        ('<?xml version="1.0" encoding="utf-77"?><annotation/>', 1, "not XML"),
    ],
)
def test_what_cannot_be_true_is_refused_with_its_line(voc: Path, text: str, line: int, says: str) -> None:
    write(voc / "Annotations/000007.xml", text)
    found = source.open(str(voc), "val")
    with pytest.raises(BadData, match=says) as caught:
        found.scene(0)
    assert caught.value.where == f"{voc}/Annotations/000007.xml:{line}"


def test_boxes_that_reach_out_are_clipped_in_the_scene_only(voc: Path) -> None:
    write(voc / "Annotations/000007.xml", xml(thing(box=(0, -3, 22, 10))))
    found = source.open(str(voc), "val")
    assert found.raw(0).boxes[0].box == (-1, -4, 22, 10)
    assert found.scene(0).objects[0].box == (0, 0, 20, 10)


def test_entities_cannot_grow_or_reach_out(voc: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    laughs = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 20))
    for doctype in (f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]>', f'<!DOCTYPE x SYSTEM "{tmp_path}/secret">'):
        write(voc / "Annotations/000007.xml", doctype + xml(thing("&l19;")))
        with pytest.raises(BadData, match="document type"):
            source.open(str(voc), "val").raw(0)
    write(voc / "Annotations/000007.xml", xml(thing("&undefined;")))
    with pytest.raises(BadData, match="undefined entity"):
        source.open(str(voc), "val").raw(0)


def test_missing_files_are_named(voc: Path) -> None:
    write(voc / "ImageSets/Main/val.txt", "000007\n000009\n")
    with pytest.raises(BadData, match="there is no annotation of '000009'"):
        source.open(str(voc), "val").scene(1)
    (voc / "JPEGImages/000007.jpg").unlink()
    found = source.open(str(voc), "val")
    assert found.scene(0).size == (20, 10)
    with pytest.raises(BadData, match=r"its picture 000007\.jpg is not there"):
        found[0]
    with pytest.raises(BadPicture):
        found.picture(0)


def test_lists_are_checked(voc: Path) -> None:
    write(voc / "ImageSets/Main/val.txt", "000007\n../../../etc/passwd\n")
    with pytest.raises(BadData, match="leads out") as caught:
        source.open(str(voc), "val")
    assert caught.value.where == f"{voc}/ImageSets/Main/val.txt:2"
    write(voc / "ImageSets/Main/val.txt", "000007\n000007\n")
    with pytest.raises(BadData, match="again, as in line 1"):
        source.open(str(voc), "val")


def test_a_picture_of_another_size_than_stated_is_refused(voc: Path) -> None:
    picture(voc / "JPEGImages/000007.jpg", (10, 20))
    found = source.open(str(voc), "val")
    with pytest.raises(BadData, match="annotated as 20 × 10, but the upright picture is 10 × 20"):
        found[0]


def test_classes_may_be_given(voc: Path) -> None:
    with pytest.raises(BadData, match="'cat'"):
        source.open(str(voc), classes=["dog", "chair", "person"])
    found = source.open(str(voc), classes=["person", "dog", "chair", "cat"])
    assert (found.classes[0], found.target(0)) == ("person", 0)
