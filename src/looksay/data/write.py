"""Data sets written in the standard formats, and turned from one into another."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from looksay.data import source as sources
from looksay.data.dataset import Dataset
from looksay.data.files import canonical
from looksay.data.pictures import Picture
from looksay.data.write_captions import FlickrWriter
from looksay.data.write_coco import CocoWriter
from looksay.data.write_labels import IdMaskWriter, LabelWriter
from looksay.data.write_plain import CifarWriter, CsvWriter, FolderWriter, MnistWriter
from looksay.data.write_voc import VocWriter
from looksay.data.write_yolo import YoloWriter
from looksay.data.writing import How, Plan, Shot, Writer, Written, clean, settle, trouble
from looksay.errors import BadData, UnknownName
from looksay.scene import Scene

Progress = Callable[[int, int], None]
WRITERS: dict[str, type[Writer]] = {
    "coco": CocoWriter,
    "voc": VocWriter,
    "yolo": YoloWriter,
    "imagefolder": FolderWriter,
    "csv": CsvWriter,
    "mnist": MnistWriter,
    "cifar": CifarWriter,
    "flickr": FlickrWriter,
    "labels": LabelWriter,
    "idmasks": IdMaskWriter,
}


def save(
    source: Dataset | Iterable[tuple[Picture, Scene]],
    out: Path,
    format: str,
    split: str = "train",
    *,
    classes: Sequence[str] | None = None,
    how: How | None = None,
    progress: Progress | None = None,
) -> Written:
    """One split of a data set in the folder `out`, which is new, empty, or holds other splits in that format.

    `classes` fixes their order; without it, it is that of the source, or of first appearance. `progress` is told how many
    pictures are done of how many (0: not known). Nothing half-written is ever to be seen in `out`, and nothing is overwritten.
    """
    if format not in WRITERS:
        raise UnknownName.of("format that can be written", format, WRITERS)
    kind = WRITERS[format]
    if not re.fullmatch(r"\w[\w.-]*", split) or (kind.splits and split not in kind.splits):
        raise BadData(
            f"{format} cannot have a split {split!r}", where=str(out), mend=f"{' or '.join(kind.splits) or 'train, val …'}"
        )
    earlier, there = _there(out, format, split)
    given = dict(source.category_ids) if isinstance(source, Dataset) else {}
    known = classes if classes is not None else source.classes if isinstance(source, Dataset) else ()
    names = tuple(dict.fromkeys([*(there.classes if there else ()), *known]))
    ready, new = out / f".{split}-in-the-making", not out.exists()
    try:
        clean(ready)
        ready.mkdir(parents=True)
        writer = kind(Plan(ready, split, how or How(), names, {**given, **(there.category_ids if there else {})}, earlier))
        with closing(writer):
            _fill(writer, source, progress)
        settle(ready, out, kind.shared)
    except OSError as error:
        raise trouble(error, out) from None
    except BadData as error:
        raise BadData(error.what, where=error.where or str(out), mend=error.mend) from None
    finally:
        clean(ready)
        if new and out.exists() and not os.listdir(out):
            out.rmdir()
    return writer.written


def _fill(writer: Writer, source: Dataset | Iterable[tuple[Picture, Scene]], progress: Progress | None) -> None:
    total = len(source) if isinstance(source, Dataset) else 0
    for done, (scene, shot) in enumerate(_shots(source), 1):
        writer.add(scene, shot)
        writer.written.pictures += 1
        if progress is not None:
            progress(done, total)
    if not writer.written.pictures:
        raise BadData("there are no pictures to write")
    writer.finish()


def convert(name: str, out: Path, format: str, *, how: How | None = None, progress: Progress | None = None) -> list[Written]:
    """All splits of the data set `name` in another format. Splits that only unite others (VOC's trainval) are left out."""
    there = [split for split in sources.splits(name) if split != "trainval" or len(sources.splits(name)) == 1]
    parts = [sources.open(name, split) for split in there or [""]]
    total, before, done = sum(map(len, parts)), 0, []

    def told(now: int, _: int) -> None:
        if progress is not None:
            progress(before + now, total)

    for part, split in zip(parts, there or ["train"], strict=True):
        done.append(save(part, out, format, split, how=how, progress=told))
        before += len(part)
    return done


def _shots(source: Dataset | Iterable[tuple[Picture, Scene]]) -> Iterator[tuple[Scene, Shot]]:
    if not isinstance(source, Dataset):
        yield from ((scene, _shot_of(picture)) for picture, scene in source)
        return
    for index in range(len(source)):
        scene = source.scene(index)
        yield scene, Shot(lambda index=index: source[index][0], source.file(index))  # type: ignore[misc]


def _shot_of(picture: Picture) -> Shot:
    return Shot(lambda: picture)


def _there(out: Path, format: str, split: str) -> tuple[tuple[str, ...], Dataset | None]:
    """The splits that are there already, and one of them. Raises BadData where the folder holds anything else."""
    if out.exists() and not out.is_dir():
        raise BadData("is a file, not a folder", where=str(out))
    if not out.exists() or all(name.endswith("-in-the-making") for name in os.listdir(out)):
        return (), None
    refusal = BadData("is not empty", where=str(out), mend=f"choose a new folder, or one that holds other splits in {format}")
    try:
        splits = sources.FORMATS[format].splits(out)
        if not splits:
            raise refusal
        if canonical(split) in map(canonical, splits):
            raise BadData(f"holds the split {split!r} already", where=str(out), mend="choose another split or folder")
        return splits, sources.open(f"{format}:{out}", splits[0])
    except BadData as error:
        raise (error if "already" in error.what else refusal) from None
