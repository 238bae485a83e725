"""Data sets that come as one .zip or .tar(.gz, .bz2, .xz): unpacked once into the cache, and never outside of it."""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from looksay.data.storybook import cache_home
from looksay.errors import BadData, DiskTrouble

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LIMIT_NAME = "LOOKSAY_MAX_UNPACKED"
LIMIT = 64 << 30  # bytes of all files together
MOST = 5_000_000  # files
UNPACK = "unpack it yourself if you trust it"


def is_archive(path: Path) -> bool:
    return path.name.lower().endswith(ENDINGS) and path.is_file()


def only_archive(folder: Path) -> Path | None:
    """The archive that a folder was downloaded as: its only one, with nothing but papers (README, LICENSE …) beside it."""
    items = list(folder.iterdir())
    archives = [item for item in items if is_archive(item)]
    papers = [item for item in items if item.is_file() and item.suffix.lower() in ("", ".md", ".txt", ".rst", ".pdf")]
    return archives[0] if len(archives) == 1 and len(papers) + 1 == len(items) else None


def unpacked(archive: Path) -> Path:
    """The folder with its contents. A member that would land outside, a link or a device is refused, and then nothing is kept."""
    facts = archive.stat()
    key = hashlib.sha256(f"{archive.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[:16]
    target = cache_home() / "unpacked" / f"{archive.name.partition('.')[0]}-{key}"
    if target.is_dir():
        return _inner(target)
    beside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        _unpack(archive, beside)
        os.replace(beside, target)
    except OSError as error:
        if error.errno is None:  # gzip tells of damage so
            raise BadData(f"is damaged: {error}", where=str(archive)) from None
        raise DiskTrouble(
            f"cannot be unpacked: {error.strerror or error}",
            where=str(target),
            mend="make room, or set LOOKSAY_CACHE",
        ) from None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, RuntimeError) as error:
        raise BadData(f"cannot be unpacked: {error}", where=str(archive)) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return _inner(target)


def _inner(folder: Path) -> Path:
    """An archive often holds one folder that holds everything."""
    items = list(folder.iterdir())
    return items[0] if len(items) == 1 and items[0].is_dir() else folder


def _unpack(archive: Path, root: Path) -> None:
    left, count = int(os.environ.get(LIMIT_NAME, LIMIT)), 0
    for name, file in _members(archive):
        place = _place(name, archive)
        count += 1
        target = root / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with open(target, "xb") as out:
            while chunk := file.read(1 << 20):
                left -= len(chunk)
                if left < 0 or count > MOST:
                    raise BadData(
                        "unpacks to too much",
                        where=str(archive),
                        mend=f"if you trust it, set {LIMIT_NAME} to more bytes",
                    )
                out.write(chunk)
    if not count:
        raise BadData("holds no files", where=str(archive))


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as bundle:
            for entry in bundle.infolist():
                if (entry.external_attr >> 16) & 0o170000 == 0o120000:
                    raise BadData("holds a link", where=f"{archive}, {entry.filename}", mend=UNPACK)
                if not entry.is_dir():
                    with bundle.open(entry) as file:
                        yield entry.filename, file
        return
    with tarfile.open(archive, "r|*") as tape:
        for member in tape:
            if member.isdir():
                continue
            if not member.isfile():
                raise BadData("holds a link or a device", where=f"{archive}, {member.name}", mend=UNPACK)
            content = tape.extractfile(member)
            if content is not None:
                yield member.name, content


def _place(name: str, archive: Path) -> PurePosixPath:
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or not place.parts or ":" in place.parts[0] or "\0" in name:
        raise BadData("holds a file that would land outside of its folder", where=f"{archive}, {name!r}", mend="do not trust it")
    return place
