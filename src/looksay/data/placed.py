"""Where a system places the pictures of a folder in its space, kept on disk: what is new or has changed is placed, what is known
is not, what is gone is forgotten.

`index.json` says of each picture its size in bytes, its time, and the row of the part that it stands in; the parts are tables of
float16 (.npy), named by what they hold, so that a damaged one is known and its pictures are placed anew. Each file is whole or
not there; after a kill the next update goes on where it stood."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.data import pictures
from looksay.data.storybook import cache_home
from looksay.disk import write_atomically
from looksay.errors import BadPicture, DiskTrouble

ROWS = 512  # pictures of a part, at most
BATCH = 32  # pictures placed at a time
THIN = 8  # parts that may be less than half full
FORM = 1  # of the files
_PART = re.compile(r"[0-9a-f]{32}")

Table = npt.NDArray[np.float16]
Place = Callable[[Sequence[Path]], tuple[Table, Sequence[bool]]]
Progress = Callable[[int, int], None]


class Kept(NamedTuple):
    """A picture as it was when it was placed: bytes, nanoseconds, and where its row is; one that could not be read has none."""

    size: int
    time: int
    part: str = ""
    row: int = -1


class Placed:
    """The pictures below `root` as they are placed by what `sight` names, (L, E) numbers each."""

    def __init__(self, root: Path, name: str, sight: str, shape: tuple[int, int]) -> None:
        self.root, self.sight, self.shape = root.resolve(), sight, shape
        where = hashlib.blake2b(f"{self.root}\n{name}".encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
        self.home = cache_home() / "find" / where
        self.kept = self._read()

    def __len__(self) -> int:
        return sum(kept.row >= 0 for kept in self.kept.values())

    @property
    def unreadable(self) -> int:
        return len(self.kept) - len(self)

    # -- keeping it up to date -------------------------------------------------------------------------------------------------

    def update(self, place: Place, progress: Progress | None = None) -> int:
        """Places what is new or has changed, and says how many that were. `place` gives, of some pictures, their tables and
        whether each could be read. Raises BadPicture when there is no picture at all."""
        there = dict(_below(self.root))
        if not there:
            raise BadPicture("holds no pictures", where=str(self.root))
        known = {name: kept for name, kept in self.kept.items() if there.get(name) == (kept.size, kept.time)}
        fresh = sorted(there.keys() - known.keys())
        changed = len(known) < len(self.kept)
        self.kept = known
        for start in range(0, len(fresh), ROWS):
            turn = fresh[start : start + ROWS]
            for done in self._add(turn, there, place):
                if progress:
                    progress(start + done, len(fresh))
            self._write()
        if self._gather() or changed:
            self._write()
        self._sweep()
        return len(fresh)

    def _add(self, turn: Sequence[str], there: Mapping[str, tuple[int, int]], place: Place) -> Iterator[int]:
        """Makes a part of these pictures; says after each batch how many are done."""
        tables, names = [], []
        for start in range(0, len(turn), BATCH):
            some = turn[start : start + BATCH]
            table, read = place([self.root / name for name in some])
            tables.append(table[np.asarray(read, bool)])
            names += [name for name, good in zip(some, read, strict=True) if good]
            yield start + len(some)
        self.kept |= {name: Kept(*there[name]) for name in turn}
        self._keep(names, np.concatenate(tables))

    def _keep(self, names: Sequence[str], table: Table) -> None:
        if not names:
            return
        content = np.ascontiguousarray(table, "<f2")
        part, out = _digest(content), io.BytesIO()
        np.save(out, content, allow_pickle=False)
        write_atomically(self._path(part), out.getvalue())
        for row, name in enumerate(names):
            self.kept[name] = self.kept[name]._replace(part=part, row=row)

    def _gather(self) -> bool:
        """Where many parts hold little that still is there, they become fewer. True where there were such."""
        thin = sorted(part for part, names in self._parts().items() if len(names) < ROWS // 2)
        if len(thin) <= THIN:
            return False
        names: list[str] = []
        tables: list[Table] = []
        for part in thin:
            own = self._parts()[part]
            if len(names) + len(own) > ROWS:
                self._keep(names, np.concatenate(tables))
                names, tables = [], []
            tables.append(self._table(part)[[self.kept[name].row for name in own]])
            names += own
        self._keep(names, np.concatenate(tables))
        return True

    def _sweep(self) -> None:
        """Removes what the index does not name."""
        named = self._parts()
        for path in self.home.glob("*.npy"):
            if path.stem not in named:
                with suppress(OSError):
                    path.unlink()

    # -- reading it ------------------------------------------------------------------------------------------------------------

    def tables(self, most: int = 64) -> Iterator[tuple[list[str], Table]]:
        """The names of up to `most` pictures at a time, as below the folder, with their tables (n, L, E)."""
        for part, names in sorted(self._parts().items()):
            table = self._table(part)
            for start in range(0, len(names), most):
                some = names[start : start + most]
                yield some, np.array(table[[self.kept[name].row for name in some]])

    def table(self, name: str) -> Table:
        """(L, E) of one picture."""
        kept = self.kept[name]
        return np.array(self._table(kept.part)[kept.row])

    def _parts(self) -> dict[str, list[str]]:
        """The pictures of each part."""
        found: dict[str, list[str]] = defaultdict(list)
        for name, kept in self.kept.items():
            if kept.row >= 0:
                found[kept.part].append(name)
        return found

    def _path(self, part: str) -> Path:
        return self.home / f"{part}.npy"

    def _table(self, part: str) -> Table:
        """Of which only what is looked at is read."""
        try:
            found: Table = np.load(self._path(part), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            mend = "another looksay may be at work in the same folder; say it again"
            raise DiskTrouble("a part of the index has gone", where=str(self._path(part)), mend=mend) from None
        return found

    def _sound(self, part: str) -> int:
        """How many rows a part has; 0 where it is not what its name says."""
        try:
            table = self._table(part)
        except DiskTrouble:
            return 0
        fits = table.dtype == np.dtype("<f2") and table.shape[1:] == self.shape and table.flags.c_contiguous
        return len(table) if fits and len(table) and _digest(table) == part else 0

    def _read(self) -> dict[str, Kept]:
        """What of the index is sound; whatever else it holds is as if it were not there."""
        try:
            found = json.loads((self.home / "index.json").read_bytes())
            if [found["form"], found["sight"]] != [FORM, self.sight]:
                return {}
            kept = {name: _kept(entry) for name, entry in found["pictures"].items()}
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return {}
        rows = {part: self._sound(part) for part in {each.part for each in kept.values() if each.row >= 0}}
        return {name: each for name, each in kept.items() if each.row < rows.get(each.part, 0)}

    def _write(self) -> None:
        content = {"form": FORM, "sight": self.sight, "pictures": self.kept}
        write_atomically(self.home / "index.json", json.dumps(content).encode())


def _kept(entry: Any) -> Kept:
    """Raises ValueError for anything that was not written here."""
    kept = Kept(*entry)
    numbers = all(type(each) is int for each in (kept.size, kept.time, kept.row))
    if not numbers or not isinstance(kept.part, str) or not (_PART.fullmatch(kept.part) if kept.row >= 0 else not kept.part):
        raise ValueError(entry)
    return kept


def _digest(table: Table) -> str:
    return hashlib.blake2b(table.view(np.uint8).data, digest_size=16).hexdigest()


def _below(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Every picture by its path below `root`, with its bytes and its time; nothing hidden."""
    for path, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if pictures.is_picture_name(name):
                with suppress(OSError):  # a link to nothing, or gone since
                    state = os.stat(os.path.join(path, name))
                    yield Path(path, name).relative_to(root).as_posix(), (state.st_size, state.st_mtime_ns)
