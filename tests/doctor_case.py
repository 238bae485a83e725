"""Small data sets with exactly the faults that a test asks for."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from looksay.data import pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.doctor_findings import Checkup
from looksay.scene import Label, Labels, Scene

Picture = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
WIDE = (96, 64)


def photo(seed: int, size: tuple[int, int] = WIDE) -> Picture:
    """Blotches and grain, as different from each other as photographs are."""
    chance = np.random.default_rng(seed)
    blotches = Image.fromarray(chance.integers(0, 256, (8, 8, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = chance.normal(0, 4, (size[1], size[0], 3))
    return np.clip(np.asarray(blotches) + grain, 0, 255).astype(np.uint8)


def save(picture: Picture, path: Path, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **options)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


class Fake(Dataset):
    """Items as they are given; an exception in place of an item is raised when it is asked for."""

    def __init__(
        self, items: Sequence[RawItem | Exception], *, format: str = "coco", classes: Sequence[str] = (), split: str = ""
    ):
        self.items, self.format, self.split, self.source = list(items), format, split, "set"
        self.classes = tuple(classes) or tuple(
            sorted({n for i in items if isinstance(i, RawItem) for n in names(i) if n.strip()})
        )
        self.decoded: list[int] = []

    def __len__(self) -> int:
        return len(self.items)

    def raw(self, index: int) -> RawItem:
        item = self.items[index]
        if isinstance(item, Exception):
            raise item
        return item

    def file(self, index: int) -> Path | None:
        return Path(self.raw(index).path) if self.raw(index).path else None

    def place(self, index: int) -> str:
        return f"place {index}"

    def picture(self, index: int) -> Picture:
        self.decoded.append(index)
        path = self.raw(index).path
        return pictures.read(path) if path else photo(index, self.raw(index).size or WIDE)

    def draft(self, index: int, at_least: tuple[int, int]) -> Picture:
        self.decoded.append(index)
        path = self.raw(index).path
        return pictures.read(path, at_least=at_least) if path else photo(index, self.raw(index).size or WIDE)

    def scene(self, index: int) -> Scene:
        item = self.raw(index)
        return Scene(item.size or WIDE, id=item.id, labels=Labels(tuple(Label(name) for name in item.labels)))


def names(item: RawItem) -> list[str]:
    return [*item.labels, *(box.name for box in item.boxes)]


def boxes(*found: tuple[str, Box], of: str = "a", flags: frozenset[str] = frozenset()) -> list[RawBox]:
    """Each on a line of its own."""
    return [RawBox(name, box, f"{of}.xml:{line}", flags=flags) for line, (name, box) in enumerate(found, 1)]


def item(*found: tuple[str, Box], id: str = "a", size: tuple[int, int] | None = WIDE, path: str = "") -> RawItem:
    return RawItem(id, path, f"{id}.xml", size, boxes=boxes(*found, of=id))


def labelled(label: str, id: str = "a", path: str = "") -> RawItem:
    return RawItem(id, path, path or f"{id}.txt", None if path else WIDE, labels=[label] if label else [])


def found(checkup: Checkup, *but: str) -> list[tuple[str, str]]:
    """(kind, where) of all findings, without those of some kinds."""
    return [(finding.kind, finding.where) for finding in checkup.findings if finding.kind not in but]


# -- the formats themselves ------------------------------------------------------------------------------------------------------


def voc(home: Path, splits: dict[str, dict[str, list[tuple[str, Box]]]], size: tuple[int, int] = WIDE) -> Path:
    """`splits`: split → id → boxes as the xml has them, each object on a line of its own from line 3."""
    for split, items in splits.items():
        write(home / f"ImageSets/Main/{split}.txt", "".join(f"{id}\n" for id in items))
        for number, (id, things) in enumerate(items.items()):
            save(photo(hash_of(split, number), size), home / f"JPEGImages/{id}.png")
            tags = ("xmin", "ymin", "xmax", "ymax")
            rows = [
                f"<object><name>{name}</name><bndbox>"
                + "".join(f"<{tag}>{value:g}</{tag}>" for tag, value in zip(tags, box, strict=True))
                + "</bndbox></object>\n"
                for name, box in things
            ]
            head = f"<annotation>\n<size><width>{size[0]}</width><height>{size[1]}</height><depth>3</depth></size>\n"
            write(home / f"Annotations/{id}.xml", f"{head}{''.join(rows)}</annotation>\n")
    return home


def hash_of(split: str, number: int) -> int:
    return 1000 * zlib.crc32(split.encode()) + number


def coco(home: Path, split: str, items: dict[str, list[tuple[str, Box]]], extra: dict[str, object] | None = None) -> Path:
    """Boxes as x, y, width, height. Annotations are numbered from 1, `extra` is added to the first one."""
    kinds = sorted({name for things in items.values() for name, _ in things})
    images, annotations = [], []
    for number, (id, things) in enumerate(items.items(), 1):
        save(photo(hash_of(split, number)), home / split / f"{id}.png")
        images.append({"id": number, "file_name": f"{id}.png", "width": WIDE[0], "height": WIDE[1]})
        for name, box in things:
            annotations.append(
                {"id": len(annotations) + 1, "image_id": number, "category_id": kinds.index(name) + 1, "bbox": box, "iscrowd": 0}
            )
    if extra and annotations:
        annotations[0] |= extra
    categories = [{"id": at, "name": name} for at, name in enumerate(kinds, 1)]
    whole = {"images": images, "annotations": annotations, "categories": categories}
    write(home / f"annotations/instances_{split}.json", json.dumps(whole))
    return home


def yolo(home: Path, splits: dict[str, dict[str, str]], classes: Sequence[str]) -> Path:
    """`splits`: split → id → the lines of its label file."""
    for split, items in splits.items():
        for number, (id, lines) in enumerate(items.items()):
            save(photo(hash_of(split, number)), home / f"images/{split}/{id}.png")
            write(home / f"labels/{split}/{id}.txt", lines)
    lists = "".join(f"{split}: images/{split}\n" for split in splits)
    write(home / "data.yaml", f"{lists}nc: {len(classes)}\nnames: [{', '.join(classes)}]\n")
    return home


def folders(home: Path, splits: dict[str, dict[str, int]]) -> Path:
    """`splits`: split → class → how many pictures."""
    for split, classes in splits.items():
        for name, count in classes.items():
            for number in range(count):
                save(photo(hash_of(split + name, number)), home / split / name / f"{number}.png")
    return home
