"""What the writers of all formats share: how pictures are saved, safe names, and a folder beside the target where a split is made
ready, so that nobody ever sees half of it."""

from __future__ import annotations

import os
import re
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from looksay.data import pictures
from looksay.data.pictures import Picture
from looksay.errors import BadConfig, BadData, DiskTrouble
from looksay.scene import Scene, Thing

KEPT = {".jpg": ".jpg", ".jpeg": ".jpg", ".png": ".png"}
UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\/]')


@dataclass(frozen=True)
class How:
    """`pictures`: 'keep' copies the original file where there is one that every program shows alike, else as PNG (VOC: JPEG);
    'png'; 'jpeg' of that `quality`. `masks`: written where the format has them."""

    pictures: str = "keep"
    quality: int = 95
    masks: bool = True

    def __post_init__(self) -> None:
        if self.pictures not in ("keep", "png", "jpeg"):
            raise BadConfig(f"pictures cannot be saved as {self.pictures!r}", mend="keep, png or jpeg")
        if not 1 <= self.quality <= 100:
            raise BadConfig(f"a JPEG cannot have the quality {self.quality}", mend="1 to 100")


@dataclass
class Written:
    """What a split came to. `left_out` counts what the format has no place for."""

    split: str
    pictures: int = 0
    things: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Shot:
    """A picture that is to be written: decoded only if it must be."""

    look: Callable[[], Picture]
    file: Path | None = None

    def encoded(self, how: How, *, jpeg: bool = False) -> tuple[str, bytes]:
        """(ending, bytes). `jpeg`: the format knows no other."""
        kept = KEPT.get(self.file.suffix.lower(), "") if self.file is not None and how.pictures == "keep" else ""
        if self.file is not None and kept and (kept == ".jpg" or not jpeg) and pictures.is_upright(self.file):
            return kept, self.file.read_bytes()
        kind = "jpeg" if how.pictures == "jpeg" or (how.pictures == "keep" and jpeg) else "png"
        return (".jpg" if kind == "jpeg" else ".png"), pictures.encode(self.look(), kind, how.quality)


class Names:
    """File names from ids: safe everywhere, each only once, also where case does not count."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, id: str, *, short: bool = False) -> str:
        """Without ending. `short`: only what stands behind the last slash."""
        path = PurePosixPath(id)
        bare = path.with_suffix("") if path.suffix.lower() in pictures.EXTENSIONS else path
        text = bare.name if short else "_".join(part for part in bare.parts if part != "/")
        stem = UNSAFE.sub("_", text).strip(" .")[:120] or "picture"
        name, number = stem, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem}-{number}"
        self._taken.add(name.casefold())
        return name


class Numbers:
    """Names with their numbers in order of appearance, after those that were there before."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.table = {name: number for number, name in enumerate(dict.fromkeys(names))}

    def of(self, name: str) -> int:
        return self.table.setdefault(name, len(self.table))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.table)


@dataclass(frozen=True)
class Plan:
    """What a writer is told. `folder` is the one where the split is made ready."""

    folder: Path
    split: str
    how: How
    classes: Sequence[str]
    category_ids: Mapping[str, int]
    earlier: tuple[str, ...]  # splits that are there already


class Writer(ABC):
    """Takes the pictures of one split in turn."""

    shared: tuple[str, ...] = ()  # files that a further split writes anew
    splits: tuple[str, ...] = ()  # the only ones that the format knows; () for any

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.written = Written(plan.split)
        self.names = Names()
        self.files: list[IO[str]] = []  # closed in the end, whatever happens

    @abstractmethod
    def add(self, scene: Scene, shot: Shot) -> None: ...

    @abstractmethod
    def finish(self) -> None:
        """Writes what can only be written at the end."""

    def close(self) -> None:
        for file in self.files:
            file.close()

    def called(self, scene: Scene, shot: Shot) -> str:
        """What its file is to be called after: its id, or its old file, whose name says more than a mere number."""
        if shot.file is not None and scene.id.isdigit():
            return shot.file.name
        return scene.id or f"{self.written.pictures + 1:06d}"

    def put(self, name: str, data: bytes | str) -> None:
        """A file of the split."""
        path = self.plan.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)

    def leave_out(self, what: str, count: int = 1) -> None:
        if count:
            self.written.left_out[what] += count

    def without_crowds(self, scene: Scene) -> list[Thing]:
        things = [thing for thing in scene.objects if not thing.crowd]
        self.leave_out("crowds", len(scene.objects) - len(things))
        return things


def settle(ready: Path, out: Path, shared: Sequence[str]) -> None:
    """Moves a finished split into place; annotation files come last, so that what they name is there."""
    files = sorted(path.relative_to(ready) for path in ready.rglob("*") if path.is_file())
    for name in files:
        if (out / name).exists() and name.as_posix() not in shared:
            raise BadData("is there already; another split has a picture of that name", where=str(out / name))
    for name in sorted(files, key=lambda path: path.suffix not in pictures.EXTENSIONS):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(ready / name, out / name)


def clean(folder: Path) -> None:
    """Also what a run that was cut off has left."""
    if folder.exists():
        shutil.rmtree(folder)


def trouble(error: OSError, out: Path) -> DiskTrouble:
    return DiskTrouble(
        f"cannot be written: {error.strerror or error}",
        where=str(error.filename or out),
        mend="make room or choose another folder",
    )


def single_line(name: str, where: str) -> str:
    """A name for a file that holds one name on each line."""
    if not name.strip() or "\n" in name or "\r" in name or name != name.strip():
        raise BadData(f"the class {name!r} cannot stand on a line of its own", where=where, mend="call it otherwise")
    return name
