"""Captions of every format in their original layouts, out and back without loss, and what the doctor says of bad ones."""

from __future__ import annotations

import csv
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from torchvision import datasets

from data_case import made
from doctor_case import photo, save
from looksay.data import doctor, source, textfile, write
from looksay.data.caption_results import paired, read_caption_results, references, write_caption_results
from looksay.data.csvfile import CsvCaptions
from looksay.data.dataset import Dataset, RawCaption
from looksay.data.doctor_captions import findings, mended, mended_text
from looksay.data.flickr import Flickr
from looksay.data.karpathy import Karpathy
from looksay.errors import BadData, LooksayError
from looksay.scene import Caption, Phrase, Scene


def put(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def picture(path: Path, seed: int = 0) -> Path:
    return save(photo(seed, (12, 8)), path)


def said(dataset: Dataset) -> list[tuple[str, list[tuple[str, str]]]]:
    return [(dataset.name(i), [(each.id, each.text) for each in dataset.captions(i)]) for i in range(len(dataset))]


def kinds(name: str, *, quick: bool = True) -> list[tuple[str, str, str]]:
    return [(each.kind, each.severity, each.where.rpartition("/")[2]) for each in doctor.check(name, quick=quick).findings]


# -- COCO ----------------------------------------------------------------------------------------------------------------------


def coco(home: Path, notes: list[Any], *, images: int = 2, things: bool = False) -> Path:
    listed = [{"id": 7 * at, "file_name": f"{at}.png", "width": 12, "height": 8} for at in range(1, images + 1)]
    for at, image in enumerate(listed):
        picture(home / "val2014" / str(image["file_name"]), at)
    if things:
        box = {"id": 1, "image_id": 7, "category_id": 3, "bbox": [1, 1, 5, 5], "iscrowd": 0}
        whole = {"images": listed, "annotations": [box], "categories": [{"id": 3, "name": "dog"}]}
        put(home / "annotations/instances_val2014.json", json.dumps(whole))
    put(home / "annotations/captions_val2014.json", json.dumps({"images": listed, "annotations": notes}, ensure_ascii=False))
    return home


def note(id: int, image: int, caption: Any) -> dict[str, Any]:
    return {"id": id, "image_id": image, "caption": caption}


def test_coco_with_and_without_things(tmp_path: Path) -> None:
    notes = [note(48, 14, "A “dog”. "), note(49, 7, "Two\ncats"), note(50, 14, "Ein Hund.")]
    expected = [("7", [("49", "Two\ncats")]), ("14", [("48", "A “dog”. "), ("50", "Ein Hund.")])]
    both = source.open(str(coco(tmp_path / "a", notes, things=True)), "val")
    bare = source.open(str(coco(tmp_path / "b", notes)), "val")
    file = source.open(str(tmp_path / "a/annotations/captions_val2014.json"))
    assert [said(each) for each in (both, bare, file)] == [expected] * 3
    assert (len(both.scene(0).objects), both.classes, bare.classes, file.classes) == (1, ("dog",), (), ())
    assert file[1][1] == bare[1][1]
    assert bare.scene(1).captions == bare.captions(1)
    assert not file.raw(1).boxes
    assert file.raw(1).captions[0] == RawCaption("A “dog”. ", "captions_val2014.json, annotation 0 (id 48)", "48")


@pytest.mark.parametrize(
    ("caption", "says"),
    [(None, "has no caption"), (5, "should be text, is 5"), ("a \ud83d dog", "half of a character")],
)
def test_captions_that_are_no_text_are_refused_and_mended(tmp_path: Path, caption: Any, says: str) -> None:
    home = coco(tmp_path / "set", [note(1, 7, "A dog."), note(2, 14, "A cat.")])
    path = home / "annotations/captions_val2014.json"
    whole = json.loads(path.read_text())
    whole["annotations"].append(note(3, 14, caption))
    path.write_text(json.dumps(whole))
    found = source.open(str(home), "val")
    assert found.captions(0)[0].text == "A dog."
    for ask in (found.captions, found.scene):
        with pytest.raises(BadData, match=says) as caught:
            ask(1)
        assert caught.value.where == "captions_val2014.json, annotation 2 (id 3)"
    checkup, report = doctor.fix(f"coco:{home}", tmp_path / "copy")
    assert [(each.kind, each.severity) for each in checkup.findings] == [("bad-caption", "error")]
    assert [(each.kind, each.where) for each in report.actions] == [("bad-caption", caught.value.where)]
    assert said(source.open(str(tmp_path / "copy"))) == [("7", [("1", "A dog.")]), ("14", [("2", "A cat.")])]


def test_a_caption_of_no_picture_is_told_once(tmp_path: Path) -> None:
    home = coco(tmp_path, [note(1, 7, "A dog."), note(2, 99, "A cat."), note(3, 14, "A cat.")])
    with pytest.raises(BadData, match="image 99, which is not listed") as caught:
        source.open(str(home), "val")
    assert caught.value.where == "captions_val2014.json, annotation 1"
    assert kinds(str(home)) == [("annotation-without-picture", "error", "captions_val2014.json, annotation 1")]


def test_json_in_another_encoding_is_told_to_the_byte(tmp_path: Path) -> None:
    home = coco(tmp_path, [note(1, 7, "Un caf\u00e9.")])
    path = home / "annotations/captions_val2014.json"
    data = path.read_bytes().replace(b"[{", b"[\n{").replace("é".encode(), b"\xe9")
    path.write_bytes(data)
    with pytest.raises(BadData, match=f"not text in UTF-8: byte 0xe9 at offset {data.index(0xE9)}") as caught:
        source.open(str(home), "val")
    assert caught.value.where == f"{path}:3"
    assert [kind for kind, _, _ in kinds(str(home))] == ["unreadable"]


# -- Karpathy ------------------------------------------------------------------------------------------------------------------


def split_json(home: Path, images: list[dict[str, Any]], name: str = "dataset_coco.json") -> Path:
    return put(home / name, json.dumps({"images": images, "dataset": "coco"}))


def entry(at: int, split: str, *texts: str, **more: Any) -> dict[str, Any]:
    sentences = [
        {"tokens": text.lower().rstrip(".").split(), "raw": text, "imgid": at, "sentid": 10 * at + number}
        for number, text in enumerate(texts)
    ]
    plain = {"sentids": [each["sentid"] for each in sentences], "imgid": at, "split": split, "sentences": sentences}
    return {"filepath": "val2014", "filename": f"COCO_{at}.png", **plain, "cocoid": 400 + at, **more}


def test_karpathy(tmp_path: Path) -> None:
    images = [
        entry(0, "test", "A dog."),
        entry(1, "restval", "A “cat”.", "Cats"),
        entry(2, "val", "X y"),
        entry(3, "train", "One"),
    ]
    images[2]["sentences"][0].pop("raw")
    path = split_json(tmp_path, images)
    for at in range(4):
        picture(tmp_path / f"val2014/COCO_{at}.png", at)
    assert source.splits(str(path)) == ("train", "val", "test")
    train = source.open(str(path), "train")
    assert isinstance(train, Karpathy)
    assert (train.format, train.classes) == ("karpathy", ())
    assert said(train) == [("401", [("10", "A “cat”."), ("11", "Cats")]), ("403", [("30", "One")])]
    assert said(source.open(f"karpathy:{tmp_path}", "val")) == [("402", [("20", "x y")])]
    assert [name for name, _ in said(source.open(str(tmp_path)))] == ["401", "403", "402", "400"]
    assert train[0][1] == Scene((12, 8), id="401", captions=train.captions(0))
    assert np.array_equal(train[0][0], np.asarray(Image.open(tmp_path / "val2014/COCO_1.png")))
    assert train.raw(0).captions[1].where == "dataset_coco.json, image 1 (id 401), sentence 11"
    assert said(pickle.loads(pickle.dumps(train))) == said(train)


def test_karpathy_of_flickr_has_pictures_elsewhere(tmp_path: Path) -> None:
    images = [{**entry(at, "train", "A dog."), "filename": f"{at}_ab.jpg"} for at in (5, 6)]
    for image in images:
        image.pop("filepath"), image.pop("cocoid")
        picture(tmp_path / "Flicker8k_Dataset" / image["filename"])
    found = source.open(str(split_json(tmp_path / "lists", images, "dataset_flickr8k.json").rename(tmp_path / "d.json")))
    assert [scene.id for _, scene in found] == ["5", "6"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"split": None}, "should have a filename and a split"),
        ({"filename": ""}, "should have a filename and a split"),
        ({"cocoid": 400}, "has the id of image 0"),
        ({"filename": "../../x.png"}, "leads out"),
        ({"sentences": "a dog"}, "a list of objects"),
        ({"sentences": [{"raw": "a", "sentid": 0}]}, "has the id 0, as has one of image 0"),
    ],
)
def test_karpathy_problems(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = split_json(tmp_path, [entry(0, "train", "A dog."), {**entry(1, "train", "A cat."), **change}])
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(path), "train")
    assert str(caught.value.where).startswith("dataset_coco.json, image 1")
    assert len(source.open(f"karpathy:{path}", "train", strict=False).problems) == 1


# -- Flickr --------------------------------------------------------------------------------------------------------------------

FLICKR = "b_2.jpg#0\tA dog .\nb_2.jpg#1\tIt runs  \na_1.jpg#0\tEin Café .\nc_3.jpg#0\tA cat\nd_4.jpg#0\tNobody\n"


def flickr8k(home: Path, tokens: str | bytes = FLICKR) -> Path:
    put(home / "Flickr8k_text/Flickr8k.token.txt", tokens)
    put(home / "Flickr8k_text/Flickr8k.lemma.token.txt", "b_2.jpg#0\tdog\n")
    put(home / "Flickr8k_text/Flickr_8k.trainImages.txt", "a_1.jpg\nb_2.jpg\n")
    put(home / "Flickr8k_text/Flickr_8k.devImages.txt", "c_3.jpg\r\n")
    for at, name in enumerate(("a_1", "b_2", "c_3", "d_4")):
        picture(home / f"Flicker8k_Dataset/{name}.jpg", at)
    return home


def test_flickr8k(tmp_path: Path) -> None:
    home = flickr8k(tmp_path)
    assert source.splits(str(home)) == ("train", "val")
    train = source.open(str(home), "train")
    assert isinstance(train, Flickr)
    assert said(train) == [("a_1", [("0", "Ein Café .")]), ("b_2", [("0", "A dog ."), ("1", "It runs  ")])]
    assert said(source.open(str(home), "dev")) == [("c_3", [("0", "A cat")])]
    assert len(source.open(str(home))) == 3
    assert train[1][1].size == (12, 8)
    assert train.raw(1).captions[1].where == f"{home}/Flickr8k_text/Flickr8k.token.txt:2"
    assert train.place(0) == f"{home}/Flickr8k_text/Flickr8k.token.txt:3"
    assert said(pickle.loads(pickle.dumps(train))) == said(train)
    assert kinds(f"flickr:{home}") == [("in-no-split", "note", "d_4.jpg")]


def test_flickr30k_in_both_of_its_shapes(tmp_path: Path) -> None:
    for name in ("10", "20"):
        picture(tmp_path / f"a/flickr30k-images/{name}.jpg")
        picture(tmp_path / f"b/flickr30k_images/{name}.jpg")
    put(tmp_path / "a/results_20130124.token", "10.jpg#0\tTwo men .\n20.jpg#0\tA | bar .\n20.jpg#1\tSo\n")
    barred = 'image_name| comment_number| comment\n10.jpg| 0| Two men .\n20.jpg| 0| A "bar .\n20.jpg| 4   A dog runs .\n'
    put(tmp_path / "b/results.csv", barred)
    one, other = source.open(str(tmp_path / "a")), source.open(str(tmp_path / "b"))
    assert (one.format, other.format) == ("flickr", "flickr")
    assert said(one) == [("10", [("0", "Two men .")]), ("20", [("0", "A | bar ."), ("1", "So")])]
    assert said(other) == [("10", [("0", "Two men .")]), ("20", [("0", 'A "bar .'), ("4", "A dog runs .")])]
    assert other[1][1].captions == other.captions(1)
    put(tmp_path / "a/val.txt", "20\n")
    assert said(source.open(str(tmp_path / "a"), "val")) == said(one)[1:]


@pytest.mark.parametrize(
    ("tokens", "line", "says"),
    [
        (b"a_1.jpg#0\tA\nb_2.jpg no tab\n", 2, "name.jpg#0, a tab, and the sentence"),
        (b"a_1.jpg\tA\n", 1, "name.jpg#0, a tab"),
        (b"a_1.jpg#0\tA\na_1.jpg#0\tB\n", 2, "has the id a_1.jpg#0"),
        (b"\xef\xbb\xbfb_2.jpg#0\tA\na_1.jpg#0\tcaf\xe9\n", 2, "not text in UTF-8: byte 0xe9 at offset 28"),
        (b"\xff\xfea\x00", 1, "in UTF-16"),
    ],
)
def test_lines_that_are_wrong_are_told(tmp_path: Path, tokens: bytes, line: int, says: str) -> None:
    home = flickr8k(tmp_path, tokens)
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(home), "train")
    assert caught.value.where == f"{home}/Flickr8k_text/Flickr8k.token.txt:{line}"
    assert sum(kind in ("bad-annotation", "duplicate-id", "not-utf8", "unreadable") for kind, *_ in kinds(str(home))) in (1, 2)


def test_a_file_that_is_no_text_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(textfile, "LONGEST", 100)
    path = put(tmp_path / "a.token", "a.jpg#0\tA\n" + "x" * 500)
    with pytest.raises(BadData, match="a line of more than 100 characters") as caught:
        source.open(str(path))
    assert caught.value.where == f"{path}:2"


# -- tables --------------------------------------------------------------------------------------------------------------------


def test_tables_of_captions(tmp_path: Path) -> None:
    picture(tmp_path / "Images/a.png")
    picture(tmp_path / "Images/b.png")
    put(tmp_path / "captions.txt", 'image,caption\na.png,"A dog , a ""cat"" ."\nb.png, so\na.png,Two\n')
    found = source.open(str(tmp_path))
    assert isinstance(found, CsvCaptions)
    assert said(found) == [("a.png", [("", 'A dog , a "cat" .'), ("", "Two")]), ("b.png", [("", " so")])]
    assert found[0][1].size == (12, 8)
    assert found.raw(0).captions[1].where == f"{tmp_path}/captions.txt:4"
    put(
        tmp_path / "t.csv", "Split;text;Language;file;id;caption_id\ntrain;Un perro;es;Images/a.png;9;70\nval;;;Images/b.png;8;\n"
    )
    train, val = (source.open(f"{tmp_path}/t.csv", split) for split in ("train", "val"))
    assert (said(train), train.captions(0)[0].language) == ([("9", [("70", "Un perro")])], "es")
    assert said(val) == [("8", [])]


def test_a_table_of_labels_and_captions(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    put(tmp_path / "t.csv", "path,label,caption\na.png,dog,A dog.\na.png,dog,It runs.\n")
    found = source.open(f"{tmp_path}/t.csv")
    assert (found.classes, found.target(0), found.raw(0).labels) == (("dog",), 0, ["dog"])
    assert [each.text for each in found[0][1].captions] == ["A dog.", "It runs."]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"path,caption\na.png,A\n../x.png,B\n", 3, "leads out"),
        (b"path,id,caption\na.png,1,A\na.png,2,B\n", 3, "calls 'a.png' '2', but '1' before"),
        (b"path,caption\na.png,A,B\n", 2, "has 3 cells"),
        (b"path,caption\na.png,caf\xe9\n", 2, "byte 0xe9 at offset 22"),
        (b"caption,other\nA,B\n", 1, "no column for the path"),
    ],
)
def test_rows_of_captions_that_are_refused(tmp_path: Path, text: bytes, line: int, says: str) -> None:
    picture(tmp_path / "a.png")
    path = put(tmp_path / "t.csv", text)
    with pytest.raises(BadData, match=says) as caught:
        source.open(str(path))
    assert caught.value.where == f"{path}:{line}"


def test_a_caption_of_a_picture_that_the_table_of_boxes_lacks(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    put(tmp_path / "train.csv", "path,label\na.png,dog\n")
    put(tmp_path / "captions_train.csv", "path,caption\na.png,A dog\nb.png,A cat\n")
    with pytest.raises(BadData, match=r"'b\.png', which is not listed"):
        source.open(f"csv:{tmp_path}", "train")
    assert ("annotation-without-picture", "error", "captions_train.csv:3") in kinds(f"csv:{tmp_path}")


# -- all -----------------------------------------------------------------------------------------------------------------------


def test_formats_are_told_apart(tmp_path: Path) -> None:
    coco(tmp_path / "coco", [note(1, 7, "A dog.")])
    split_json(tmp_path / "karpathy", [entry(0, "train", "A dog.")])
    flickr8k(tmp_path / "flickr")
    picture(tmp_path / "csv/photos/a.png")
    put(tmp_path / "csv/all.csv", "path,caption\nphotos/a.png,A dog\n")
    for name in ("coco", "karpathy", "flickr", "csv"):
        assert source.open(str(tmp_path / name)).format == name


def test_the_index_stays_small(tmp_path: Path) -> None:
    """Beside the texts; five captions a picture, names as they are in these sets."""
    count, text = 2000, "A man in an orange hat starring at something in the room ."
    names = [f"{1000268201 + 7919 * at}_693b08cb0e.jpg" for at in range(count)]
    put(tmp_path / "a.token", "".join(f"{name}#{at}\t{text}\n" for name in names for at in range(5)))
    put(tmp_path / "a.csv", "path,caption\n" + "".join(f"{name},{text}\n" for name in names for _ in range(5)))
    split_json(tmp_path, [{**entry(at, "train", *[text] * 5), "filename": name} for at, name in enumerate(names)])
    for file, texts in (("a.token", 5 * len(text)), ("a.csv", 5 * len(text)), ("dataset_coco.json", 0)):
        found: Any = source.open(str(tmp_path / file))
        assert len(found) == count
        assert found.nbytes / count - texts < 200
        assert len(pickle.dumps(found)) / count - texts < 200
        assert [each.text for each in found.captions(1234)] == [text] * 5


def sentences(count: int = 3) -> list[tuple[Any, Scene]]:
    texts = ('A “dog”, "so" . ', " Two;\ncats\r\rhere", "日本", "#1\tx")
    pairs = []
    for at in range(count):
        captions = tuple(Caption(text, id=str(880 + 10 * at + number)) for number, text in enumerate(texts[: 4 - at]))
        pairs.append((photo(at, (12, 8)), Scene((12, 8), id=str(500 + at), captions=captions if at < 2 else ())))
    return pairs


@pytest.mark.parametrize("format", ["coco", "csv"])
def test_captions_alone_go_out_and_come_back(tmp_path: Path, format: str) -> None:
    pairs = sentences()
    for split in ("train", "val"):
        written = write.save(pairs[1:2] if split == "val" else pairs[::2], tmp_path / "a", format, split)
        assert dict(written.left_out) == {}
    done = write.convert(f"{format}:{tmp_path}/a", tmp_path / "b", format)
    assert [each.pictures for each in done] == [2, 1]
    for name in ("a", "b"):
        found = [scene for _, scene in source.open(str(tmp_path / name))]
        assert found == [scene for _, scene in (*pairs[::2], pairs[1])]
    assert not list(tmp_path.rglob("instances_val.json"))


def test_things_and_captions_in_tables(tmp_path: Path) -> None:
    pairs = list(made())
    write.save(pairs, tmp_path, "csv")
    found = source.open(str(tmp_path), "train")
    assert [(scene.id, scene.captions) for _, scene in found] == [(scene.id, scene.captions) for _, scene in pairs]
    assert [len(scene.objects) for _, scene in found] == [3, 3, 3, 0]
    with (tmp_path / "captions_train.csv").open() as file:
        assert next(csv.reader(file)) == ["path", "id", "caption_id", "caption", "language"]


def test_flickr_lists_go_out_and_other_tools_read_them(tmp_path: Path) -> None:
    pairs = sentences()
    write.save(pairs[:1], tmp_path, "flickr", "train")
    written = write.save(pairs[1:], tmp_path, "flickr", "val")
    assert dict(written.left_out) == {"ids of captions": 3, "line breaks in captions": 1}
    assert source.splits(str(tmp_path)) == ("train", "val")
    texts = ['A “dog”, "so" . ', " Two; cats here", "日本"]
    assert said(source.open(str(tmp_path), "val")) == [("501", list(zip("012", texts, strict=True))), ("502", [])]
    theirs = datasets.Flickr30k(str(tmp_path / "Flicker8k_Dataset"), str(tmp_path / "Flickr8k.token.txt"))
    seen = dict(zip(theirs.ids, (theirs[at][1] for at in range(2)), strict=True))
    assert seen["501.png"] == [text.rstrip() for text in texts]
    write.convert(f"flickr:{tmp_path}", tmp_path / "back", "flickr")
    assert said(source.open(str(tmp_path / "back"))) == said(source.open(str(tmp_path)))
    with pytest.raises(BadData, match="not one picture has a caption"):
        write.save(pairs[2:], tmp_path / "none", "flickr", "test")


def test_coco_pictures_keep_their_ids_in_flickr_lists(tmp_path: Path) -> None:
    listed = [{"id": 139, "file_name": "COCO_val2014_000000000139.png"}, {"id": 8, "file_name": "dog_9.png"}]
    for image in listed:
        picture(tmp_path / "a/val2014" / str(image["file_name"]))
    notes = [note(1, 139, "A dog."), note(2, 8, "A cat.")]
    put(tmp_path / "a/annotations/captions_val2014.json", json.dumps({"images": listed, "annotations": notes}))
    write.convert(f"coco:{tmp_path}/a", tmp_path / "b", "flickr")
    assert [name for name, _ in said(source.open(str(tmp_path / "b"), "val"))] == ["139", "dog_9"]


# -- the doctor ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Un café à Orléans", "“So” – it’s 5 €…", "Größe ÄÖÜß Ñandú", "smørrebrød ™", "привет мир", "一只狗", "a 😀 dog"],
)
@pytest.mark.parametrize("wrong", ["cp1252", "latin-1"])
def test_wrong_readings_are_undone(text: str, wrong: str) -> None:
    """Against the codecs themselves, once and twice; what cp1252 has no letter for is read as Latin-1, as browsers do."""

    def misread(said: str) -> str:
        return "".join(
            bytes([byte]).decode(wrong) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte) for byte in said.encode()
        )

    assert mended_text(text) == (text, []), "what is right stays"
    once, twice = misread(text), misread(misread(text))
    assert mended_text(once)[0] == text
    assert [kind for kind, _, _ in mended_text(once)[1]] == ["mojibake"]
    if text.isascii() or wrong == "cp1252":
        assert mended_text(twice)[0] == text


@pytest.mark.parametrize("text", ["CAFÉ…", "MAÑANA", "NIÑO’S", "È vero", "Ãngela", "5 £", "naïve «dog»", "100 °C", "ÅÄÖ"])
def test_right_letters_are_left_alone(text: str) -> None:
    assert mended_text(text) == (text, [])


def faults(*texts: str) -> list[tuple[str, str]]:
    return [(each.kind, each.where) for each in findings([RawCaption(text, f"a:{at}") for at, text in enumerate(texts)])]


def test_findings_of_captions() -> None:
    assert faults("A dog.", "A cat", "Two\tdogs\n") == []
    assert faults("", " \n", "...", "A") == [("empty-caption", f"a:{at}") for at in range(3)]
    assert faults("A dog.", "a  DOG", "b", "a dog .") == [("duplicate-caption", "a:1"), ("duplicate-caption", "a:3")]
    assert faults("a\x00b", "a\u200bc", "\ufeffd", "e\x85") == [("control-character", f"a:{at}") for at in range(4)]
    assert faults("lost \ufffd letter") == [("mojibake", "a:0")]
    assert faults("word " * 100) == []
    assert faults("word " * 101, "x" * 1001) == [("long-caption", "a:0"), ("long-caption", "a:1")]
    assert faults("CafÃ©", "Café") == [("mojibake", "a:0"), ("duplicate-caption", "a:1")]
    assert [each.kind for each in findings([RawCaption("", "a:0", fault="has no caption")])] == ["bad-caption"]


def test_captions_are_mended() -> None:
    raw = [RawCaption(text, f"a:{at}", str(at), "fr") for at, text in enumerate(["CafÃ©", "", "café.", "a\x00b\u2028c", "fine"])]
    kept, done = mended(raw, ())
    assert [(each.text, each.id, each.language) for each in kept] == [
        ("Café", "0", "fr"), ("ab c", "3", "fr"), ("fine", "4", "fr"),
    ]  # fmt: skip
    assert [(kind, where) for kind, where, _ in done] == [
        ("mojibake", "a:0"), ("empty-caption", "a:1"), ("duplicate-caption", "a:2"), ("control-character", "a:3"),
    ]  # fmt: skip
    known = [Caption("a\x00b", phrases=(Phrase(0, 1),)), Caption("fine", 0.5, phrases=(Phrase(0, 4),))]
    assert mended([RawCaption(each.text, "x") for each in known], known)[0] == (Caption("ab"), known[1])


def test_the_doctor_reads_captions(tmp_path: Path) -> None:
    tokens = (
        "a_1.jpg#0\tA dog\na_1.jpg#1\ta dog .\nb_2.jpg#0\t \nc_3.jpg#0\tCafÃ©\nc_3.jpg#1\t\n".encode() + b"c_3.jpg#2\tca\xf1on\n"
    )
    home = flickr8k(tmp_path / "set", tokens)
    (home / "Flicker8k_Dataset/d_4.jpg").unlink()
    expected = [
        ("not-utf8", "error", "Flickr8k.token.txt:6"), ("no-caption", "error", "Flickr8k.token.txt:3"),
        ("duplicate-caption", "warning", "Flickr8k.token.txt:2"), ("empty-caption", "warning", "Flickr8k.token.txt:3"),
        ("mojibake", "warning", "Flickr8k.token.txt:4"), ("empty-caption", "warning", "Flickr8k.token.txt:5"),
    ]  # fmt: skip
    for quick in (True, False):
        assert sorted(kinds(f"flickr:{home}", quick=quick)) == sorted(expected)
    facts = doctor.check(f"flickr:{home}", quick=True).facts
    assert (facts.captions, "6 captions" in list(facts.lines())) == (6, True)
    checkup, report = doctor.fix(f"flickr:{home}", tmp_path / "copy")
    assert sorted((each.kind, each.where.rpartition(":")[2]) for each in report.actions) == [
        ("duplicate-caption", "2"), ("empty-caption", "5"), ("mojibake", "4"), ("no-caption", "3"), ("not-utf8", "6"),
    ]  # fmt: skip
    copy = f"flickr:{tmp_path}/copy"
    assert kinds(copy) == []
    assert said(source.open(copy)) == [("a_1", [("0", "A dog")]), ("c_3", [("0", "Café"), ("2", "cañon")])]
    assert not checkup.ok
    with pytest.raises(BadData, match="the picture has no caption, and one more error"):
        doctor.gate(f"flickr:{home}")


def test_boxes_need_no_captions(tmp_path: Path) -> None:
    home = coco(tmp_path / "a", [note(1, 7, "A dog.")], things=True)
    assert kinds(str(home)) == [
        ("no-caption", "warning", "instances_val2014.json, image 1 (id 14)"),
        ("no-objects", "note", "instances_val2014.json, image 1 (id 14)"),
    ]
    coco(tmp_path / "b", [], things=True)
    assert [kind for kind, *_ in kinds(str(tmp_path / "b"))] == ["no-objects"]


# -- results -------------------------------------------------------------------------------------------------------------------


def test_results_go_out_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "deep/results.json"
    given = [("139", "A “dog”."), ("007", ""), ("a_1", "x\ny"), ("12345678901234567890", "z")]
    assert write_caption_results(iter(given), path) == 4
    assert [each["image_id"] for each in json.loads(path.read_text())] == [139, "007", "a_1", "12345678901234567890"]
    assert list(read_caption_results(path).items()) == given
    assert write_caption_results([], path) == 0
    assert read_caption_results(path) == {}
    with pytest.raises(BadData, match="two captions of the picture '1'"):
        write_caption_results([("1", "a"), ("1", "b")], path)
    assert read_caption_results(path) == {}, "what was there stays"


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"image_id": 1.0, "caption": "b"}, "the image of an earlier result"),
        ({"caption": "b"}, "has the image_id None"),
        ({"image_id": 2}, "has no caption"),
        ({"image_id": 2, "caption": ["b"]}, "should be text"),
        ("x", "not a list of results"),
    ],
)
def test_results_that_are_refused(tmp_path: Path, entry: Any, says: str) -> None:
    path = put(tmp_path / "r.json", json.dumps([{"image_id": 1, "caption": "a"}, entry]))
    with pytest.raises(BadData, match=says) as caught:
        read_caption_results(path)
    assert str(caught.value.where) in (str(path), *(f"r.json, result 1{id}" for id in ("", " (image 1)", " (image 2)")))
    with pytest.raises(LooksayError, match="not a list of results"):
        read_caption_results(put(path, '{"images": [{"id": 1}]}'))


def test_results_meet_their_references(tmp_path: Path) -> None:
    truth = references(source.open(str(coco(tmp_path, [note(1, 14, "A dog."), note(2, 7, "A cat."), note(3, 7, "Cats")]))))
    assert truth == {"7": ("A cat.", "Cats"), "14": ("A dog.",)}
    assert paired({"14": "dog", "7": "cat"}, truth, "r") == ([("7", "cat", truth["7"]), ("14", "dog", truth["14"])], 0)
    assert paired({"14": "dog"}, truth, "r") == ([("14", "dog", ("A dog.",))], 1)
    for wrong, says in (({"8": "x"}, "image '8' is not listed"), ({}, "holds no results")):
        with pytest.raises(BadData, match=says):
            paired(wrong, truth, "r")
