"""Pascal VOC: Annotations/*.xml, JPEGImages, ImageSets, SegmentationClass and SegmentationObject; and the many looser folders of
pictures with such xml files. Boxes in the files count pixels from 1 and include the last one; they become 0-based edges here."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from looksay.data import masks, pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import (
    SPLITS,
    PictureFiles,
    canonical,
    fixed_classes,
    holds_pictures,
    inside,
    joined,
    labels_of,
    read_text,
    split_names,
    subfolders,
    true_thing,
)
from looksay.data.index import Strings
from looksay.data.xmlfile import Node, parse
from looksay.errors import BadData
from looksay.scene import Mask, Objects, Regions, Scene, Size, Thing

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
FLAGS = ("difficult", "truncated", "occluded")
XML_FOLDERS = ("Annotations", "annotations", "annotations/xmls", "Annotations/xmls", "xmls", "xml", "labels", ".")
PICTURE_FOLDERS = ("JPEGImages", "images", "Images", "img", ".")
LIST_FOLDERS = ("ImageSets/Main", "ImageSets/Segmentation", "ImageSets", ".")
NAME_FILES = ("labels.txt", "classes.txt")


@dataclass(frozen=True)
class Layout:
    """Where things lie. `parts` are the folders of splits where each split has its own, else only the home itself."""

    home: Path
    xmls: str = ""  # relative to the home; "" if there are none
    pictures: str = "."
    lists: Mapping[str, Path] = field(default_factory=dict)
    parts: Mapping[str, Path] = field(default_factory=dict)


@dataclass
class Annotation:
    """What one xml says."""

    item: RawItem
    attributes: list[dict[str, str]]
    size_where: str


class Voc(PictureFiles):
    """Ids are the names of the xml files without their ending."""

    def __init__(self, layout: Layout, ids: Sequence[str], classes: tuple[str, ...]) -> None:
        found = _by_stem(layout.home / layout.pictures)
        super().__init__(layout.home / layout.pictures, (found.get(id, f"{id}.jpg") for id in ids))
        self.layout, self.classes = layout, classes
        self._ids = Strings(ids)
        self._labels: masks.LabelMap | None = None
        if (layout.home / "SegmentationClass").is_dir():
            self._labels = _label_map(layout.home) or masks.LabelMap.usual(classes)
            self.region_names = self._labels.names
        self._has_objects = (layout.home / "SegmentationObject").is_dir()

    def name(self, index: int) -> str:
        return self._ids[index]

    def place(self, index: int) -> str:
        return str(self._xml(index) if self.layout.xmls else self.path(index))

    def _xml(self, index: int) -> Path:
        return self.layout.home / self.layout.xmls / f"{self.name(index)}.xml"

    def raw(self, index: int) -> RawItem:
        return self._annotation(index).item

    def _annotation(self, index: int) -> Annotation:
        if not self.layout.xmls:
            item = RawItem(self.name(index), str(self.path(index)), self.place(index), self.size(index))
            return Annotation(item, [], self.place(index))
        if not self._xml(index).is_file():
            raise BadData(f"there is no annotation of {self.name(index)!r}", where=self.place(index))
        return _annotation(self._xml(index), self.name(index), str(self.path(index)))

    def scene(self, index: int) -> Scene:
        found = self._annotation(index)
        size = found.item.size
        if size is None or min(size) <= 0:
            what = "states no <size> of the picture" if size is None else f"states a size of {size[0]} × {size[1]}"
            raise BadData(what, where=found.size_where, mend="write <size> with <width> and <height>")
        pairs = zip(found.item.boxes, found.attributes, strict=True)
        things = [true_thing(raw, size, self.classes, attributes=extra) for raw, extra in pairs]
        things = self._with_masks(index, size, things)
        return Scene(
            size, id=found.item.id, labels=labels_of(things), objects=Objects(tuple(things)), regions=self._regions(index, size)
        )

    def _regions(self, index: int, size: Size) -> Regions:
        path = self.layout.home / "SegmentationClass" / f"{self.name(index)}.png"
        if self._labels is None or not path.is_file():
            return Regions()
        return Regions(self._labels.names, masks.read_classes(path, self._labels, size))

    def _with_masks(self, index: int, size: Size, things: list[Thing]) -> list[Thing]:
        path = self.layout.home / "SegmentationObject" / f"{self.name(index)}.png"
        if not self._has_objects or not path.is_file():
            return things
        codes = masks.read_objects(path, size)
        there = set(codes.reshape(-1).tolist())
        numbered = enumerate(things, 1)
        return [replace(thing, mask=Mask.of(codes == number)) if number in there else thing for number, thing in numbered]


def _annotation(path: Path, id: str, picture: str) -> Annotation:
    root = parse(path)
    item = RawItem(id, picture, str(path))
    attributes: list[dict[str, str]] = []
    size = root.find("size")
    if size is not None and size.find("width") is not None and size.find("height") is not None:
        item.size = (_whole(size, "width"), _whole(size, "height"))
    for found in root.all("object"):
        box = found.need("bndbox")
        x1, y1, x2, y2 = (box.number(edge) for edge in ("xmin", "ymin", "xmax", "ymax"))
        flags = frozenset(flag for flag in FLAGS if found.flag(flag))
        item.boxes.append(RawBox(found.need("name").text, (x1 - 1, y1 - 1, x2, y2), found.where, flags=flags))
        attributes.append(_attributes(found))
    return Annotation(item, attributes, size.where if size is not None else root.where)


def _whole(size: Node, tag: str) -> int:
    value = size.number(tag)
    if not value.is_integer():
        raise BadData(f"<{tag}> should be a whole number, is {value:g}", where=size.need(tag).where)
    return int(value)


def _attributes(found: Node) -> dict[str, str]:
    pose = found.say("pose")
    plain = {"pose": pose} if pose and pose.lower() not in ("unspecified", "unknown") else {}
    extra = found.find("attributes")  # of CVAT
    more = {each.say("name"): each.say("value") for each in extra.all("attribute")} if extra is not None else {}
    return plain | {name: value for name, value in more.items() if name not in FLAGS}


def claims(root: Path) -> bool:
    try:
        layout = _layout(root)
    except BadData:
        return False
    return bool(layout.xmls or layout.parts) or (layout.home / "SegmentationClass").is_dir()


def splits(root: Path) -> tuple[str, ...]:
    layout = _layout(root)
    return tuple(layout.parts or layout.lists)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    layout = _layout(root)
    if not (layout.xmls or layout.parts or (layout.home / "SegmentationClass").is_dir()):
        raise BadData("has no xml annotations", where=str(root), mend="VOC has Annotations/*.xml and JPEGImages/")
    if layout.parts:
        homes = {name: _flat_layout(path) for name, path in layout.parts.items()}
        known = fixed_classes(sorted(set().union(*(_class_names(home) for home in homes.values()))), classes, str(root))
        return joined([Voc(homes[name], _ids(homes[name], ""), known) for name in ([split] if split else homes)])
    known = fixed_classes(_class_names(layout), classes, str(root))
    return Voc(layout, _ids(layout, split), known)


def _layout(root: Path) -> Layout:
    home = _home(root)
    parts = {folder.name: folder for folder in subfolders(home) if canonical(folder.name) in SPLITS and _flat_layout(folder).xmls}
    if parts:
        return Layout(home, parts={name: parts[of] for name, of in split_names(parts).items()})
    return _flat_layout(home)


def _flat_layout(home: Path) -> Layout:
    xmls = next((name for name in XML_FOLDERS if _has_xml(home / name)), "")
    if not xmls and (home / "SegmentationClass").is_dir() is False:
        return Layout(home)
    shown = next((name for name in PICTURE_FOLDERS if holds_pictures(home / name)), "JPEGImages")
    return Layout(home, xmls, shown, _lists(home))


def _home(root: Path) -> Path:
    """`root`, or the only folder in it that looks like VOC: VOCdevkit/VOC2007."""
    if not root.is_dir():
        raise BadData("is not a folder", where=str(root))
    if any((root / name).is_dir() for name in ("Annotations", "SegmentationClass")):
        return root
    inner = [folder for folder in subfolders(root) if (folder / "Annotations").is_dir() and (folder / "JPEGImages").is_dir()]
    if len(inner) > 1:
        say = " or ".join(f"voc:{folder}" for folder in inner)
        raise BadData("holds several sets", where=str(root), mend=f"say {say}")
    return inner[0] if inner else root


def _has_xml(folder: Path) -> bool:
    return folder.is_dir() and any(name.endswith(".xml") and not name.startswith(".") for name in os.listdir(folder))


def _lists(home: Path) -> dict[str, Path]:
    """Split → its list. Lists of one class (cat_train.txt) are none of them."""
    for name in LIST_FOLDERS:
        folder = home / name
        stems = [path.stem for path in folder.glob("*.txt") if not path.name.startswith(".")] if folder.is_dir() else []
        if name == ".":
            stems = [stem for stem in stems if canonical(stem) in SPLITS or stem == "trainval"]
        plain = [stem for stem in stems if not any(stem.endswith(f"_{other}") for other in stems)]
        if plain:
            return {short: folder / f"{stem}.txt" for short, stem in split_names(plain).items()}
    return {}


def _by_stem(folder: Path) -> dict[str, str]:
    names = sorted(name for name in os.listdir(folder) if pictures.is_picture_name(name)) if folder.is_dir() else []
    return {os.path.splitext(name)[0]: name for name in reversed(names)}


def _ids(layout: Layout, split: str) -> list[str]:
    everything = _all_ids(layout)
    if not split:
        return everything
    known, found = set(everything), dict[str, int]()
    path = layout.lists[split]
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not (text := line.strip()):
            continue
        id = _id_of(text, known)
        where = f"{path}:{number}"
        inside(layout.home, id, where)
        if id in found:
            raise BadData(f"lists {id!r} again, as in line {found[id]}", where=where)
        found[id] = number
    return list(found)


def _id_of(line: str, known: set[str]) -> str:
    """Lists hold ids, sometimes as file names, sometimes with a 1 or -1 behind them."""
    stem, ending = os.path.splitext(line)
    for candidate in (line, stem, line.split(maxsplit=1)[0]):
        if candidate in known:
            return candidate
    return stem if ending.lower() in pictures.EXTENSIONS else line


def _all_ids(layout: Layout) -> list[str]:
    folder = layout.home / (layout.xmls or "SegmentationClass")
    ending = ".xml" if layout.xmls else ".png"
    return sorted(name[: -len(ending)] for name in os.listdir(folder) if name.endswith(ending) and not name.startswith("."))


def _label_map(home: Path) -> masks.LabelMap | None:
    path = home / masks.LABELMAP
    return masks.LabelMap.read(path) if path.is_file() else None


def _class_names(layout: Layout) -> tuple[str, ...]:
    """From the lists of single classes, a file of names, or else all the annotations."""
    listed: set[str] = set()
    for path in layout.lists.values():
        ending = f"_{path.stem}.txt"
        listed.update(other.name[: -len(ending)] for other in path.parent.glob(f"*{ending}"))
    if listed:
        return tuple(sorted(listed))
    labels = _label_map(layout.home)
    if labels is not None:
        return labels.classes
    for name in NAME_FILES:
        if (layout.home / name).is_file():
            return tuple(line.strip() for line in read_text(layout.home / name).splitlines() if line.strip())
    seen: set[str] = set()
    for id in _all_ids(layout) if layout.xmls else ():
        try:
            root = parse(layout.home / layout.xmls / f"{id}.xml")
        except BadData:
            continue  # it is reported when that picture is asked for
        seen.update(found.say("name") for found in root.all("object"))
    return tuple(sorted(seen - {""})) if layout.xmls else CLASSES
