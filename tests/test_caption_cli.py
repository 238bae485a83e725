"""looksay caption as a user meets it: what it writes, and how it and the training of captioners answer what cannot be."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from caption_case import WORDS, captioned, small
from looksay import weights
from looksay.cli.caption import id_of
from looksay.cli.main import run
from looksay.data.caption_results import read_caption_results
from looksay.data.live import Live
from looksay.errors import BadPicture


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("w") / "small.safetensors"
    system = small("show-attend-tell")
    settings = {name: getattr(system.config, name) for name in ("width", "embed", "hidden", "look", "dropout")}
    weights.save(path, system, weights.Info("show-attend-tell", WORDS, settings, system.prep))
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    dice = np.random.default_rng(0)
    (tmp_path / "seen").mkdir()
    for name in ("COCO_val2014_000000000139.jpg", "000000000285.jpg", "dog 7.png"):
        Image.fromarray(dice.integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(tmp_path / "seen" / name)
    return tmp_path / "seen"


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = run(list(arguments))
    found = capsys.readouterr()
    return code, found.out, found.err


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that it ends with."""
    code, _, err = said(capsys, *arguments)
    assert code == 2
    lines = [line for line in err.splitlines() if line]
    assert "Traceback" not in err
    assert lines[-1].startswith("looksay: ")
    return lines[-1]


# -- what is written -------------------------------------------------------------------------------------------------------------


def test_results_are_as_coco_has_them(saved: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("caption", str(folder), "--model", "show-attend-tell", "--weights", saved, "--json")
    code, out, _ = said(capsys, *asked, "--output", str(tmp_path / "r.json"))
    assert code == 0
    texts = [json.loads(line)["captions"][0]["text"] for line in out.splitlines()]
    rows = json.loads((tmp_path / "r.json").read_text())
    assert [row["image_id"] for row in rows] == [285, 139, "dog 7"]
    assert [row["caption"] for row in rows] == texts
    assert list(read_caption_results(tmp_path / "r.json").values()) == texts
    assert [set(row) for row in rows] == [{"image_id", "caption"}] * 3


def test_a_table_has_all_sentences(saved: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("caption", str(folder), "--model", "show-attend-tell", "--weights", saved, "--beam", "4", "--best", "2")
    assert said(capsys, *asked, "--output", str(tmp_path / "r.csv"))[0] == 0
    with open(tmp_path / "r.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["caption_id"]) for row in rows] == [(id, n) for id in ("285", "139", "dog 7") for n in "01"]
    assert [Path(row["path"]).name for row in rows[::2]] == sorted(path.name for path in folder.iterdir())
    assert all(row["caption"] for row in rows)


def test_the_same_seed_draws_the_same_whatever_the_batch(saved: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("caption", str(folder), "--model", "show-attend-tell", "--weights", saved, "--json", "--temperature", "1.5")

    def texts(*more: str) -> list[str]:
        return [json.loads(line)["captions"][0]["text"] for line in said(capsys, *asked, *more)[1].splitlines()]

    assert texts("--seed", "1") == texts("--seed", "1", "--batch-size", "1") != texts("--seed", "2")


def test_ids_of_names() -> None:
    names = ("COCO_train2014_000000000009.jpg", "000000391895.jpg", "0.png", "p12.jpg", "a.b.png", "clip.mp4#12", "٣.png")
    assert [id_of(name) for name in names] == ["9", "391895", "0", "p12", "a.b", "clip.mp4#12", "٣"]


# -- what cannot be --------------------------------------------------------------------------------------------------------------


def test_wishes_that_contradict_each_other(saved: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = ("caption", str(folder), "--model", "show-attend-tell", "--weights", saved)
    assert "nothing to look at (name pictures, or --camera 0)" in failed(capsys, "caption")
    assert "--groups: 3 sentences in 2 groups" in failed(capsys, *usual, "--groups", "2")
    assert "--best: the best 5 of 3 sentences (raise --beam to 5)" in failed(capsys, *usual, "--best", "5")
    assert "--best: one sentence is drawn" in failed(capsys, *usual, "--best", "2", "--temperature", "1")
    assert "--camera: a camera is told to the terminal alone" in failed(capsys, *usual, "--camera", "0")
    assert "not with --output" in failed(capsys, "caption", "--camera", "0", "--output", "a.json")
    assert "small-m is there to classify" in failed(capsys, "caption", str(folder), "--model", "small-m")
    (folder / "more").mkdir()
    Image.open(folder / "dog 7.png").save(folder / "more" / "dog 7.bmp")
    line = failed(capsys, *usual, str(folder / "more" / "dog 7.bmp"), "--output", str(tmp_path / "r.json"))
    assert "dog 7.bmp: has the id 'dog 7', as " in line
    assert not (tmp_path / "r.json").exists()


def test_a_video_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"no video")
    with pytest.raises(BadPicture, match=r"v\.mp4: cannot be read as a video"), Live(str(tmp_path / "v.mp4")) as frames:
        list(frames)
    with pytest.raises(BadPicture, match="cannot be read as a video"), Live(str(tmp_path / "none.mp4")) as frames:
        list(frames)


def train(capsys: pytest.CaptureFixture[str], data: str, tmp_path: Path, *more: str) -> str:
    return failed(capsys, "train", "show-and-tell", "--data", data, "--output", str(tmp_path / "run"), "--device", "cpu", *more)


def test_captions_that_say_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = captioned(tmp_path)
    table = path.read_text().splitlines()
    empty = [table[0], *(f"{row.split(',')[0]},   " for row in table[1:])]
    path.write_text("\n".join(empty))
    line = train(capsys, f"csv:{path}", tmp_path)
    assert "said.csv" in line
    assert "has no captions (captioning needs one sentence a picture, or more)" in line


def test_words_that_are_all_too_rare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    captioned(tmp_path)
    rows = [f"{row % 24:02}.png,word{row}" for row in range(3000)]
    (tmp_path / "rare.csv").write_text("\n".join(["path,caption", *rows]))
    line = train(capsys, f"csv:{tmp_path / 'rare.csv'}", tmp_path)
    assert "rare.csv" in line
    assert "the vocabulary would be empty: the most frequent word comes 1 times, 5 are asked for" in line


def test_captions_of_no_picture_and_in_another_encoding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = captioned(tmp_path)
    with open(path, "a") as file:
        file.write("nowhere.png,A thing.\n")
    assert "nowhere.png" in train(capsys, f"csv:{path}", tmp_path)
    path.write_bytes(path.read_bytes().replace(b"nowhere.png,A thing", b"00.png,Un caf\xe9"))
    line = train(capsys, f"csv:{path}", tmp_path)
    assert "said.csv" in line
    assert "UTF-8" in line
    lists = {
        "images": [{"id": 1, "file_name": "00.png", "width": 32, "height": 32}],
        "annotations": [{"id": 1, "image_id": 9, "caption": "A."}],
    }
    (tmp_path / "captions.json").write_text(json.dumps(lists))
    line = train(capsys, f"coco:{tmp_path / 'captions.json'}", tmp_path)
    assert "9" in line


def test_a_critic_needs_something_to_begin_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, none = f"csv:{captioned(tmp_path)}", str(tmp_path / "none")
    line = failed(capsys, "train", "lrcn", "--recipe", "critic", "--data", data, "--weights", none, "--output", f"{none}-run")
    assert none in line
