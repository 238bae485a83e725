"""The storybook as a data set: pages drawn once into a cache of plain arrays, their truth made anew when it is asked for.

`storybook`, `storybook:pages=2000,seed=3,size=96`, `storybook:digits`. The splits train, val and test are different seeds,
so no page of one is ever in another.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from looksay.config import change, parse
from looksay.data.dataset import Dataset, RawItem, Things
from looksay.disk import write_atomically
from looksay.errors import BadConfig, BadData, DiskTrouble, UnknownName
from looksay.scene import VOID, Caption, Label, Labels, Scene, Size
from looksay.storybook.land import STUFF
from looksay.storybook.spec import KINDS

SPLITS = ("train", "val", "test")
Picture = npt.NDArray[np.uint8]
_APART = 1_000_003  # between the seeds of the splits
DIGITS = tuple("0123456789")
TRAITS = "traits"  # of things, told as if it were a language
_TOLD = {"en": "captions", "es": "captions-es", TRAITS: "traits"}  # files of captions, by language
_DRAWING = threading.RLock()  # those who load pages may all ask for the first of them at once
MOST = 16  # things of a page; the storybook has at most eight


@dataclass(frozen=True)
class Pages:
    """What is asked of the storybook. `pages` = 0 takes the usual number of the split; `train` is that of the pages to learn
    from alone."""

    view: str = "portrait"
    pages: int = 0
    train: int = 0
    seed: int = 0
    size: int = 128

    def count(self, split: str) -> int:
        usual = {"train": 8000, "val": 1000, "test": 2000}[split]
        own = self.train if split == "train" else 0
        return own or self.pages or (usual * 3 if self.view == "digits" and split == "train" else usual)

    def seed_of(self, split: str) -> int:
        return self.seed + _APART * SPLITS.index(split)


def open_storybook(rest: str = "", split: str = "", view: str = "portrait") -> StorybookPages:
    """`rest` is what stands behind 'storybook:'."""
    asked = Pages(view=view)
    for text in filter(None, rest.split(",")):
        if text in ("digits", "scene", "portrait"):
            asked = change(asked, {"view": text, **({"size": "28"} if text == "digits" else {})})
        else:
            asked = change(asked, parse([text], where="storybook"), where="storybook")
    split = split or "train"
    if split not in SPLITS:
        raise UnknownName.of("split", split, SPLITS, where="storybook")
    if not (16 <= asked.size <= 1024 and asked.pages >= 0 and asked.train >= 0):
        raise BadConfig(
            f"pages of {asked.size} pixels, {asked.pages} of them, cannot be drawn", where="storybook", mend="size 16 … 1024"
        )
    return StorybookPages(asked, split)


class StorybookPages(Dataset):
    format = "storybook"

    def __init__(self, asked: Pages, split: str) -> None:
        self.asked, self.split = asked, split
        self.source = f"storybook:view={asked.view},seed={asked.seed},size={asked.size}"
        self.classes = DIGITS if asked.view == "digits" else KINDS
        self._count, self._seed = asked.count(split), asked.seed_of(split)
        self._pictures: npt.NDArray[np.uint8] | None = None
        self._targets: npt.NDArray[np.uint8] | None = None
        self._things: npt.NDArray[np.float32] | None = None
        self.region_names = () if asked.view == "digits" else STUFF + KINDS
        self._said: dict[str, list[str]] = {}
        self._maps: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return self._count

    def drawn(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Fills the cache (a minute for ten thousand pages); otherwise the first picture does."""
        folder = _folder(self.asked, self._seed, self._count)
        shape = (self._count, self.asked.size, self.asked.size, 1 if self.asked.view == "digits" else 3)
        with _DRAWING:
            if not folder.is_dir():
                _draw_all(folder, self.asked, self._seed, shape, progress)
        if self.asked.view != "digits":  # first: other threads take them to be there as soon as the targets are
            self._things = np.memmap(folder / "things.f4", np.float32, "r", shape=(self._count, MOST, 5))
        self._pictures = np.memmap(folder / "pictures.u8", np.uint8, "r", shape=shape)
        self._targets = np.memmap(folder / "targets.u8", np.uint8, "r", shape=(self._count,))

    def picture(self, index: int) -> npt.NDArray[np.uint8]:
        if self._pictures is None:
            self.drawn()
        assert self._pictures is not None
        picture = np.asarray(self._pictures[index])
        return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture

    def target(self, index: int) -> int:
        if self._targets is None:
            self.drawn()
        assert self._targets is not None
        return int(self._targets[index])

    def things(self, index: int) -> Things:
        if self._targets is None:
            self.drawn()
        if self._things is None:
            return super().things(index)
        rows = np.asarray(self._things[index])
        rows = rows[rows[:, 4] > 0]
        return Things(rows[:, :4].astype(np.float64), rows[:, 4].astype(np.int64) - 1, np.zeros(len(rows), np.int64))

    def regions(self, index: int) -> npt.NDArray[np.uint8]:
        if self.asked.view == "digits":
            return super().regions(index)
        return np.asarray(self._mapped()[index, 0])

    def masks(self, index: int) -> npt.NDArray[np.bool_]:
        if self.asked.view == "digits":
            return super().masks(index)
        rows = np.arange(len(self.things(index)), dtype=np.uint8)
        return np.asarray(self._mapped()[index, 1] == rows[:, None, None])

    def _mapped(self) -> npt.NDArray[np.uint8]:
        """(pages, 2, height, width): the region of each pixel; the row of the thing seen in it, 255 for none. Drawn when they
        are first asked for: those who need no masks do not wait for them."""
        if self._maps is None:
            folder = _folder(self.asked, self._seed, self._count)
            shape = (self._count, 2, self.asked.size, self.asked.size)
            with _DRAWING:
                if not (folder / "maps.u8").is_file():
                    self.drawn()
                    _write_maps(folder, self.asked, self._seed, shape)
            self._maps = np.memmap(folder / "maps.u8", np.uint8, "r", shape=shape)
        return self._maps

    def captions(self, index: int) -> tuple[Caption, ...]:
        """In English; written once and kept, without the things that they speak of."""
        return tuple(Caption(text, id=f"en{place}") for place, text in enumerate(self.told(index)))

    def told(self, index: int, language: str = "en") -> tuple[str, ...]:
        """The captions in English ('en') or, sentence by sentence after the same plan, in Spanish ('es'); or TRAITS."""
        if self.asked.view == "digits":
            return ()
        if language not in self._said:
            folder, file = _folder(self.asked, self._seed, self._count), _TOLD[language]
            with _DRAWING:
                if not (folder / f"{file}.txt").is_file():
                    self.drawn()
                    _write_captions(folder, self.asked, self._seed, (self._count, self.asked.size, self.asked.size, 3), file)
            self._said[language] = (folder / f"{file}.txt").read_text("utf-8").splitlines()
        return tuple(self._said[language][index].split("\t"))

    def traits(self, index: int) -> tuple[Mapping[str, str], ...]:
        return tuple(dict(each.split("=") for each in thing.split()) for thing in self.told(index, TRAITS) if thing)

    def scene(self, index: int) -> Scene:
        size = (self.asked.size, self.asked.size)
        if self.asked.view == "digits":
            from looksay.storybook.scrawl import digit

            return Scene(size, id=self.name(index), labels=Labels((Label(str(digit(self._seed, index, self.asked.size)[1])),)))
        from looksay.storybook.page import page

        scene: Scene = page(self._seed, index, size, self.asked.view).scene
        return scene

    def name(self, index: int) -> str:
        return f"{self.asked.view}-{self._seed}-{index}"

    def place(self, index: int) -> str:
        return f"storybook page {self.name(index)}"

    def raw(self, index: int) -> RawItem:
        size = (self.asked.size, self.asked.size)
        return RawItem(self.name(index), "", self.place(index), size, [self.classes[self.target(index)]])


def cache_home() -> Path:
    """Where looksay keeps what it can make again: LOOKSAY_CACHE, or the system's cache folder."""
    base = os.environ.get("LOOKSAY_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "looksay"
    )
    return Path(base)


@cache
def edition() -> str:
    """A name for the way in which pages are drawn today: it changes with the storybook's code."""
    found = hashlib.sha256()
    for path in sorted((Path(__file__).parent.parent / "storybook").rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def _folder(asked: Pages, seed: int, count: int) -> Path:
    return cache_home() / "storybook" / f"{edition()}-{asked.view}-2-{seed}-{asked.size}-{count}"


def _write_captions(folder: Path, asked: Pages, seed: int, shape: Sequence[int], file: str) -> None:
    """A line a page, its captions in one language between tabs."""
    with tempfile.TemporaryDirectory(prefix=".captions.", dir=folder) as beside:
        shares = _draw_together(Path(beside), asked, seed, shape, None, file)
        parts = [Path(beside, f"{share}.txt").read_text("utf-8").splitlines() for share in range(shares)]
    lines = [parts[index % shares][index // shares] for index in range(shape[0])]
    write_atomically(folder / f"{file}.txt", ("\n".join(lines) + "\n").encode())


def _write_maps(folder: Path, asked: Pages, seed: int, shape: Sequence[int]) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix=".maps.", dir=folder) as beside:
            np.memmap(Path(beside, "maps.u8"), np.uint8, "w+", shape=tuple(shape)).flush()
            _draw_together(Path(beside), asked, seed, shape, None, "maps")
            os.replace(Path(beside, "maps.u8"), folder / "maps.u8")
    except OSError as error:
        raise _full(folder, error) from None


def _full(folder: Path, error: OSError) -> DiskTrouble:
    what = f"the cache cannot be written: {error.strerror}"
    return DiskTrouble(what, where=str(folder), mend="make room, or set LOOKSAY_CACHE")


def _draw_all(folder: Path, asked: Pages, seed: int, shape: tuple[int, ...], progress: Callable[[int, int], None] | None) -> None:
    """Draws beside and renames, so that two trainings that begin together do not write into one another's pages."""
    beside = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True, exist_ok=True)
        np.memmap(beside / "pictures.u8", np.uint8, "w+", shape=shape).flush()
        np.memmap(beside / "targets.u8", np.uint8, "w+", shape=shape[:1]).flush()
        np.memmap(beside / "things.f4", np.float32, "w+", shape=(shape[0], MOST, 5)).flush()
        _draw_together(beside, asked, seed, shape, progress)
        if not folder.exists():  # else another was quicker, with the same pages
            with suppress(OSError):
                os.replace(beside, folder)
    except OSError as error:
        raise _full(folder, error) from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _draw_together(
    folder: Path,
    asked: Pages,
    seed: int,
    shape: Sequence[int],
    progress: Callable[[int, int], None] | None,
    what: str = "pictures",
) -> int:
    """Several processes draw into one file; a page depends on its number alone, so their number does not matter. How many."""
    workers = max(1, min(os.cpu_count() or 1, shape[0] // 200))
    command = [sys.executable, "-m", "looksay.data.storybook", str(folder), asked.view, str(seed)]
    extent = ",".join(map(str, shape))
    running = [
        subprocess.Popen([*command, extent, f"{i}/{workers}", what], stdout=subprocess.PIPE, text=True) for i in range(workers)
    ]
    try:
        for line in running[0].stdout or ():
            if progress:
                progress(min(int(line) * workers, shape[0]), shape[0])
        if any(code != 0 for code in [process.wait() for process in running]):
            raise BadData("the pages could not be drawn", where=str(folder))
    finally:
        for process in running:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
    if progress:
        progress(shape[0], shape[0])
    return workers


def _draw_share(folder: str, view: str, seed: int, shape: Sequence[int], share: tuple[int, int]) -> None:
    import cv2

    cv2.setNumThreads(1)
    pictures = np.memmap(Path(folder) / "pictures.u8", np.uint8, "r+", shape=tuple(shape))
    targets = np.memmap(Path(folder) / "targets.u8", np.uint8, "r+", shape=(shape[0],))
    things = np.memmap(Path(folder) / "things.f4", np.float32, "r+", shape=(shape[0], MOST, 5))
    for step, index in enumerate(range(share[0], shape[0], share[1])):
        if view == "digits":
            pictures[index], targets[index] = _digit(seed, index, (shape[2], shape[1]))
        else:
            pictures[index], targets[index], things[index] = _page(seed, index, view, (shape[2], shape[1]))
        if share[0] == 0 and step % 100 == 0:
            print(step, flush=True)


def _tell_share(folder: str, view: str, seed: int, shape: Sequence[int], share: tuple[int, int], language: str = "en") -> None:
    from looksay.storybook.page import page
    from looksay.storybook.words import captions

    lines = []
    for index in range(share[0], shape[0], share[1]):
        made = page(seed, index, (shape[2], shape[1]), view, words=False)
        if language == TRAITS:
            known = [{"kind": thing.name, **thing.attributes} for thing in made.scene.objects]
            lines.append("\t".join(" ".join("=".join(each) for each in thing.items() if each[1]) for thing in known))
            continue
        said = captions(made.spec, made.scene.size, made.scene.objects)
        lines.append("\t".join(each.text for each in said if each.language == language))
    Path(folder, f"{share[0]}.txt").write_text("\n".join(lines) + "\n", "utf-8")


def _map_share(folder: str, view: str, seed: int, shape: Sequence[int], share: tuple[int, int]) -> None:
    import cv2

    from looksay.storybook.page import page

    cv2.setNumThreads(1)
    maps = np.memmap(Path(folder) / "maps.u8", np.uint8, "r+", shape=tuple(shape))
    for index in range(share[0], shape[0], share[1]):
        scene = page(seed, index, (shape[3], shape[2]), view, words=False).scene
        maps[index, 0], maps[index, 1] = scene.regions.ids, VOID
        for row, thing in enumerate(scene.objects):
            if thing.mask is not None:
                maps[index, 1][thing.mask.array()] = row


def _digit(seed: int, index: int, size: Size) -> tuple[Picture, int]:
    from looksay.storybook.scrawl import digit

    picture, number = digit(seed, index, size[0])
    return picture[:, :, None], number


def _page(seed: int, index: int, view: str, size: Size) -> tuple[Picture, int, npt.NDArray[np.float32]]:
    """The picture, the number of its subject's kind, and a row (x1, y1, x2, y2, 1 + number of its kind) for each thing."""
    from looksay.storybook.page import page

    made = page(seed, index, size, view, words=False)
    things = np.zeros((MOST, 5), np.float32)
    for row, thing in zip(things, made.scene.objects, strict=False):
        row[:] = (*thing.box, KINDS.index(thing.name) + 1)
    subject = made.spec.subject
    return made.picture, KINDS.index(subject.kind) if subject else 255, things


if __name__ == "__main__":
    turn, of = sys.argv[5].split("/")
    shares: dict[str, Callable[..., None]] = {"pictures": _draw_share, "maps": _map_share}
    shares |= {file: partial(_tell_share, language=language) for language, file in _TOLD.items()}
    shares[sys.argv[6]](
        sys.argv[1], sys.argv[2], int(sys.argv[3]), [int(n) for n in sys.argv[4].split(",")], (int(turn), int(of))
    )
