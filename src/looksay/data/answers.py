"""What a detector says, written while it looks: JSON, COCO's results, Pascal VOC, YOLO and CSV, one picture after the other."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path, PurePath
from types import TracebackType
from typing import IO, Any, Self
from xml.etree import ElementTree

from looksay.data import rle, yamlfile
from looksay.data.coco_results import OFFICIAL
from looksay.data.coco_table import image_id
from looksay.data.ids import Ids
from looksay.data.pictures import EXTENSIONS
from looksay.data.write_voc import NOT_XML
from looksay.data.writing import UNSAFE, Names, trouble
from looksay.errors import BadData, UnknownName
from looksay.scene import Scene, Size, Thing

LIST = "pictures.csv"  # which file of a folder speaks of which picture; also the mark that the folder is ours


class Sink(ABC):
    """One way of writing. `part` is the file or folder that is being made; after every `add` it is whole as far as it goes."""

    folder = False

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        self.part, self.classes, self.ids = part, tuple(classes), ids
        self.numbers = {name: number for number, name in enumerate(self.classes)}
        self.left_out: Counter[str] = Counter()
        self.open: list[IO[Any]] = []

    @abstractmethod
    def add(self, scene: Scene) -> None:
        """A scene with an id, all of whose things are of the classes."""

    def close(self) -> None:
        for file in self.open:
            file.flush()
            os.fsync(file.fileno())
            file.close()


class Array(Sink):
    """A JSON array. Its bracket is closed after every picture, and overwritten by the next."""

    tail = b"\n]\n"

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        super().__init__(part, classes, ids)
        self.file = part.open("wb", buffering=0)
        self.open = [self.file]
        self.end = _write(self.file, b"[" + self.tail) - len(self.tail)
        self.empty = True

    def entries(self, scene: Scene) -> list[str]:
        return [scene.to_json()]

    def add(self, scene: Scene) -> None:
        made = self.entries(scene)
        if not made:
            return
        body = (b"\n" if self.empty else b",\n") + _bytes(",\n".join(made))
        try:
            self.file.seek(self.end)
            _write(self.file, body + self.tail)
        except OSError:  # a full disk must not cost what was there
            with suppress(OSError):
                self.file.truncate(self.end)
                self.file.seek(self.end)
                _write(self.file, self.tail)
            raise
        self.end, self.empty = self.end + len(body), False


class Lines(Sink):
    """One scene a line."""

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        super().__init__(part, classes, ids)
        self.file = part.open("wb", buffering=0)
        self.open = [self.file]

    def add(self, scene: Scene) -> None:
        _write(self.file, _bytes(scene.to_json() + "\n"))


class Table(Lines):
    """A row a thing; pictures in which nothing was seen have none."""

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        super().__init__(part, classes, ids)
        _write(self.file, b"picture,name,score,x1,y1,x2,y2\n")

    def add(self, scene: Scene) -> None:
        picture = scene.id if self.ids else scene.source or scene.id
        rows = [(picture, thing.name, f"{thing.score:.9g}", *(f"{edge:.10g}" for edge in thing.box)) for thing in scene.objects]
        _write(self.file, _rows(rows))


class CocoResults(Array):
    """[{image_id, category_id, bbox, score}], with the truth's own numbers. Without a truth 000000000139.jpg is image 139, and
    other pictures are called by their names; classes have COCO's numbers where all of them are COCO's, else 1, 2, 3 …"""

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        given = dict(ids.categories) if ids is not None else {}
        official = OFFICIAL if OFFICIAL.keys() >= set(classes) else {name: number for number, name in enumerate(classes, 1)}
        self.categories = given or official
        if not self.categories.keys() & set(classes):
            raise BadData(
                f"has none of the classes that are looked for, such as {classes[0]!r}",
                where=ids.where if ids is not None and ids.where else None,
                mend="take a system that was trained on these classes",
            )
        super().__init__(part, classes, ids)
        self.taken = set[int]()  # hashes of ids: all that is remembered of a picture

    def entries(self, scene: Scene) -> list[str]:
        image = _image_id(scene.id, exact=self.ids is not None)
        if hash(image) in self.taken:
            mend = "look at one folder at a time, or name the truth, which knows them apart"
            raise BadData(f"two pictures have the id {image!r}", where=scene.source or None, mend=mend)
        self.taken.add(hash(image))
        made = []
        for thing in scene.objects:
            if thing.name not in self.categories:
                self.left_out[thing.name] += 1
                continue
            x1, y1, x2, y2 = thing.box
            entry: dict[str, Any] = {
                "image_id": image,
                "category_id": self.categories[thing.name],
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": thing.score,
            }
            mask = thing.mask
            if mask is not None:
                entry["segmentation"] = {"size": [mask.size[1], mask.size[0]], "counts": rle.packed(mask)}
            made.append(json.dumps(entry, ensure_ascii=False))
        return made


class Folder(Sink):
    """A file for each picture, called after it, with a list of both: folders in names become _, and of pictures whose names are
    the same the second has -2 at its end."""

    folder = True

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        super().__init__(part, classes, ids)
        part.mkdir(parents=True)
        self.names = Names()
        self.list = (part / LIST).open("wb", buffering=0)
        self.open = [self.list]
        _write(self.list, b"file,picture,source,width,height\n")

    def add(self, scene: Scene) -> None:
        stem = self.names.of(scene.id)
        _write(self.list, _rows([(self.write(stem, scene), scene.id, scene.source, *scene.size)]))

    @abstractmethod
    def write(self, stem: str, scene: Scene) -> str:
        """Returns what the list calls it."""

    def put(self, name: str, text: str) -> None:
        path = self.part / name
        beside = path.with_name(f".{path.name}.new")
        path.parent.mkdir(exist_ok=True)
        beside.write_bytes(_bytes(text))
        os.replace(beside, path)


class VocXml(Folder):
    """Annotations/<picture>.xml, whole pixels from 1 as everywhere in VOC, with each thing's score."""

    def write(self, stem: str, scene: Scene) -> str:
        root = ElementTree.Element("annotation")
        file = PurePath(scene.source or scene.id).name
        for name, text in (("folder", "VOC"), ("filename", file), ("path", scene.source)):
            _leaf(root, name, text)
        size = ElementTree.SubElement(root, "size")
        for name, value in zip(("width", "height", "depth"), (*scene.size, 3), strict=True):
            _leaf(size, name, value)
        _leaf(root, "segmented", 0)
        for thing in scene.objects:
            self._object(root, thing, scene.size)
        ElementTree.indent(root, "\t")
        self.put(f"Annotations/{stem}.xml", ElementTree.tostring(root, encoding="unicode") + "\n")
        return f"Annotations/{stem}.xml"

    def _object(self, root: ElementTree.Element, thing: Thing, size: Size) -> None:
        node = ElementTree.SubElement(root, "object")
        _leaf(node, "name", thing.name)
        _leaf(node, "pose", "Unspecified")
        _leaf(node, "truncated", int(thing.truncated))
        _leaf(node, "difficult", int(thing.difficult))
        _leaf(node, "score", f"{thing.score:.9g}")
        box = ElementTree.SubElement(node, "bndbox")
        x1, x2, y1, y2 = *_pixels(thing.box[0], thing.box[2], size[0]), *_pixels(thing.box[1], thing.box[3], size[1])
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), (x1, y1, x2, y2), strict=True):
            _leaf(box, name, value)


class VocResults(Folder):
    """comp3_det_test_<class>.txt as the devkit's scorer reads them: id, score, x1 y1 x2 y2 from 1, the last pixel included.
    Spaces in ids become _."""

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        for name in classes:
            if UNSAFE.search(name):
                raise BadData(f"the class {name!r} cannot be part of a file's name", mend="write json or coco")
        super().__init__(part, classes, ids)
        for name in classes:
            self.put(_results_file(name), "")

    def write(self, stem: str, scene: Scene) -> str:
        id = re.sub(r"\s", "_", stem)
        for name in dict.fromkeys(thing.name for thing in scene.objects):
            rows = ((thing.score, thing.box) for thing in scene.objects if thing.name == name)
            lines = [f"{id} {sure:.9g} {x1 + 1:.10g} {y1 + 1:.10g} {x2:.10g} {y2:.10g}\n" for sure, (x1, y1, x2, y2) in rows]
            with (self.part / _results_file(name)).open("ab", buffering=0) as file:
                _write(file, _bytes("".join(lines)))
        return id


class YoloText(Folder):
    """labels/<picture>.txt, a line a thing: number of the class, centre x and y, width, height in shares of the picture's,
    score; data.yaml has the names of the classes."""

    def __init__(self, part: Path, classes: Sequence[str], ids: Ids | None) -> None:
        super().__init__(part, classes, ids)
        names = [f"  {number}: {yamlfile.quoted(name)}\n" for name, number in self.numbers.items()]
        self.put("data.yaml", f"nc: {len(names)}\nnames:\n{''.join(names)}")

    def write(self, stem: str, scene: Scene) -> str:
        width, height = scene.size
        lines = []
        for thing in scene.objects:
            x1, y1, x2, y2 = thing.box
            shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height, thing.score)
            lines.append(f"{self.numbers[thing.name]} {' '.join(f'{value:.9g}' for value in shares)}\n")
        self.put(f"labels/{stem}.txt", "".join(lines))
        return f"labels/{stem}.txt"


FORMATS: Mapping[str, type[Sink]] = {
    "json": Array,
    "coco": CocoResults,
    "voc": VocXml,
    "voc-results": VocResults,
    "yolo": YoloText,
    "csv": Table,
}


class Answers:
    """Scenes into a file (json, coco, csv) or a new folder (voc, voc-results, yolo), as they come.

    Memory does not grow but for a name or a number a picture. Until it is closed the work stands in `path` with .part at the
    end, whole after every picture; an error or an interruption leaves that, and nothing under `path`. json becomes one scene a
    line where `path` ends in .jsonl. With the `ids` of a data set, its own names and numbers are written in every format.
    """

    def __init__(self, path: str | os.PathLike[str], format: str, classes: Sequence[str], ids: Ids | None = None) -> None:
        if format not in FORMATS:
            raise UnknownName.of("format of answers", format, FORMATS)
        if not classes:
            raise BadData("there are no classes to write", where=str(path))
        self.path, self.ids, self.count, self.things = Path(path), ids, 0, 0
        self.part = self.path.with_name(f"{self.path.name}.part")
        kind = Lines if format == "json" and self.path.suffix.lower() in (".jsonl", ".ndjson") else FORMATS[format]
        with _told(self.path):
            self._clear(kind.folder)
            self._sink = kind(self.part, classes, ids)

    @property
    def left_out(self) -> Mapping[str, int]:
        """Things by class that the data set has no number for."""
        return self._sink.left_out

    def add(self, scene: Scene) -> None:
        """The next picture. Raises BadData where the format cannot hold it: nothing of it is written then."""
        name = self.ids.picture(scene) if self.ids is not None else scene.id or f"{self.count + 1:06d}"
        for thing in scene.objects:
            if thing.name not in self._sink.numbers:
                raise UnknownName.of("class", thing.name, self._sink.classes, where=scene.source or name)
        with _told(self.path):
            self._sink.add(scene if scene.id == name else replace(scene, id=name))
        self.count += 1
        self.things += len(scene.objects)

    def close(self) -> None:
        """What was written gets its name."""
        with _told(self.path):
            self._sink.close()
            if self._sink.folder and self.path.is_dir():
                self.path.rmdir()  # it was empty; replacing an empty folder is not possible everywhere
            os.replace(self.part, self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            with suppress(OSError):
                self._sink.close()

    def _clear(self, folder: bool) -> None:
        """Nothing of an earlier run may mix with this one."""
        if not folder:
            if self.path.is_dir():
                raise BadData("is a folder", where=str(self.path), mend="name a file, such as answers.json")
            self.path.parent.mkdir(parents=True, exist_ok=True)
            return
        if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise BadData("is there already", where=str(self.path), mend="choose a new folder")
        if self.part.exists():
            if not (self.part / LIST).is_file():
                raise BadData("is in the way", where=str(self.part), mend="move it elsewhere")
            shutil.rmtree(self.part)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise trouble(error, path) from None


def _bytes(text: str) -> bytes:
    """Names of files need not be proper text; what is none is escaped as JSON does it."""
    return text.encode("utf-8", "backslashreplace")


def _write(file: IO[bytes], content: bytes) -> int:
    """All of it: a raw file may take less at a time."""
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]
    return len(content)


def _rows(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return _bytes(out.getvalue())


def _image_id(id: str, *, exact: bool) -> int | str:
    """Ids of a data set are numbers where they are written as such; a file's name is where it has nothing but digits."""
    if exact:
        return image_id(id)
    path = PurePath(id)
    digits = path.stem if path.suffix.lower() in EXTENSIONS else id
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 18 else id


def _leaf(node: ElementTree.Element, name: str, value: object) -> None:
    ElementTree.SubElement(node, name).text = NOT_XML.sub("\ufffd", str(value))


def _pixels(low: float, high: float, extent: int) -> tuple[int, int]:
    """The nearest run of whole pixels, counted from 1, the last one included; at least one."""
    first = min(max(round(low), 0), extent - 1)
    return first + 1, min(max(round(high), first + 1), extent)


def _results_file(name: str) -> str:
    return f"comp3_det_test_{name}.txt"
