"""Archives: what is inside can be used, and nothing climbs out."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from helpers_learn import write_pictures
from looksay.data import source
from looksay.data.archive import LIMIT_NAME, unpacked
from looksay.errors import BadData


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOKSAY_CACHE", str(tmp_path / "cache"))


def tar_of(path: Path, members: dict[str, bytes], *, link: str = "") -> Path:
    with tarfile.open(path, "w:gz") as tape:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tape.addfile(entry, io.BytesIO(content))
        if link:
            entry = tarfile.TarInfo("link")
            entry.type, entry.linkname = tarfile.SYMTYPE, link
            tape.addfile(entry)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_data_set_is_read_from_its_archive(tmp_path: Path, kind: str) -> None:
    data = write_pictures(tmp_path / "pictures", 4)
    archive = tmp_path / f"pictures.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as bundle:
            for path in sorted(data.rglob("*.png")):
                bundle.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(archive, "w:gz") as tape:
            tape.add(data, "pictures")
    found = source.open(str(archive), "train")
    assert (len(found), found.classes) == (12, ("left", "middle", "right"))
    assert unpacked(archive) == unpacked(archive)


def test_a_folder_that_holds_only_an_archive_and_papers(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "pictures", 4)
    (tmp_path / "download").mkdir()
    (tmp_path / "download" / "LICENSE").write_text("free")
    with tarfile.open(tmp_path / "download" / "all.tar.gz", "w:gz") as tape:
        tape.add(data, ".")
    assert len(source.open(str(tmp_path / "download"), "val")) == 18


@pytest.mark.parametrize("name", ["../escaped.txt", "/absolute.txt", "a/../../escaped.txt", "..\\escaped.txt", "C:/x.txt"])
def test_nothing_climbs_out(tmp_path: Path, name: str) -> None:
    for archive in (tar_of(tmp_path / "bad.tar.gz", {"good.txt": b"1", name: b"2"}), tmp_path / "bad.zip"):
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive, "w") as bundle:
                bundle.writestr("good.txt", b"1")
                bundle.writestr(name, b"2")
        with pytest.raises(BadData, match="outside"):
            unpacked(archive)
    assert not list(tmp_path.rglob("escaped.txt"))
    assert not list((tmp_path / "cache" / "unpacked").iterdir())


def test_links_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="link"):
        unpacked(tar_of(tmp_path / "bad.tar.gz", {"a.txt": b"1"}, link="/etc/passwd"))


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_NAME, "1000000")
    with pytest.raises(BadData, match="too much"):
        unpacked(tar_of(tmp_path / "bomb.tar.gz", {"zeros": bytes(3_000_000)}))


@pytest.mark.parametrize("ending", ["zip", "tar.gz", "tar"])
def test_damaged_and_empty_archives(tmp_path: Path, ending: str) -> None:
    whole = tar_of(tmp_path / "whole.tar.gz", {"a.txt": bytes(range(256)) * 500}).read_bytes()
    for number, content in enumerate((b"", b"nonsense", whole[: len(whole) // 2])):
        path = tmp_path / f"{number}.{ending}"
        path.write_bytes(content)
        with pytest.raises(BadData):
            unpacked(path)
