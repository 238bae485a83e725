"""Pictures with the number of the instance in every pixel, the way of Penn-Fudan: PNGImages/ and PedMasks/, or images/ and
masks/.

0 is background, and numbers go up to 65,535 in PNGs of 16 bits. Where classes.txt names several classes, thousands are the class,
as in Cityscapes: 2003 is a thing of class 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from looksay.data import label_tables, masks, pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import PictureFiles, canonical, fixed_classes, holds_pictures, joined, split_names, subfolders
from looksay.data.files import labels_of as labels_from
from looksay.data.index import Strings
from looksay.errors import BadData, BadPicture
from looksay.scene import Mask, Objects, Scene, Thing

SHOWN = ("PNGImages", "images", "imgs", "JPEGImages")
MARKED = ("PedMasks", "masks", "instances")
KIND = {"PedMasks": "person"}
ENDINGS = ("_mask", "")


STEP = 1000  # between the numbers of two classes


class IdMasks(PictureFiles):
    """Ids are the names of the pictures without ending; that of a thing is its number in the mask."""

    def __init__(self, root: Path, shown: str, marked: str, kinds: Mapping[int, str]) -> None:
        pairs = _pairs(root / shown, root / marked)
        super().__init__(root / shown, (picture for picture, _ in pairs))
        self._masks, self._marked = Strings(mask for _, mask in pairs), root / marked
        self.kinds, self.classes = kinds, tuple(kinds.values())

    def name(self, index: int) -> str:
        return Path(self.names[index]).stem

    def place(self, index: int) -> str:
        return str(self._marked / self._masks[index])

    def found(self, index: int) -> dict[int, Mask]:
        """The masks by their numbers."""
        path = self._marked / self._masks[index]
        try:
            codes = pictures.numbers(path)
        except BadPicture as error:
            raise BadData(error.what, where=error.where, mend=error.mend) from None
        masks.fits(codes.shape, self.size(index), path)
        found = masks.instances(codes)
        unknown = next((number for number in found if len(self.kinds) > 1 and number // STEP not in self.kinds), None)
        if unknown is not None:
            what = f"the number {unknown} is of the class {unknown // STEP}, which has no name"
            raise masks.MaskCode(what, where=str(path), mend="name it in classes.txt")
        return found

    def kind(self, number: int) -> str:
        """What the thing of that number is."""
        return self.classes[0] if len(self.kinds) == 1 else self.kinds[number // STEP]

    def scene(self, index: int) -> Scene:
        found = self.found(index).items()
        things = [Thing(self.kind(number), masks.box_of(mask), mask=mask, id=str(number)) for number, mask in found]
        return Scene(self.size(index), id=self.name(index), labels=labels_from(things), objects=Objects(tuple(things)))

    def raw(self, index: int) -> RawItem:
        where = self.place(index)
        boxes = [
            RawBox(self.kind(number), masks.box_of(mask), f"{where}, number {number}", str(number))
            for number, mask in self.found(index).items()
        ]
        return RawItem(self.name(index), str(self.path(index)), where, boxes=boxes)


def claims(root: Path) -> bool:
    if not root.is_dir():
        return False
    homes = _homes(root)
    table = label_tables.table_of(root)
    return bool(homes) or (_folders(root) is not None and (table is None or len(table.names) == 1))


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_homes(root))


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    homes = _homes(root) or {"": root}
    parts = []
    for home in [homes[split]] if split else homes.values():
        folders = _folders(home)
        if folders is None:
            raise BadData(
                "has no masks of instances", where=str(home), mend="have images/ and masks/, or PNGImages/ and PedMasks/"
            )
        shown, marked = folders
        parts.append(IdMasks(home, shown, marked, _kinds(root, marked, classes)))
    return joined(parts)


def _kinds(root: Path, marked: str, wanted: Sequence[str] | None) -> dict[int, str]:
    """The classes by their numbers, from classes.txt; else the one that everybody knows, or 'thing'. A single class may be asked
    for by another name."""
    table = label_tables.table_of(root)
    found = {number: name for number, name in table.numbers.items() if name and name != masks.BACKGROUND} if table else {}
    found = found or {1: KIND.get(marked, "thing")}
    if wanted is None or tuple(wanted) == tuple(found.values()):
        return found
    if len(found) == len(wanted) == 1:
        return dict(zip(found, wanted, strict=True))
    names = fixed_classes(found.values(), wanted, str(root))
    numbers = {name: number for number, name in found.items()}
    return {numbers.get(name, -1 - at): name for at, name in enumerate(names)}


def _homes(root: Path) -> dict[str, Path]:
    """Split → its folder, where each has both folders of its own."""
    named = [
        folder.name for folder in subfolders(root) if canonical(folder.name) in ("train", "val", "test") and _folders(folder)
    ]
    return {name: root / of for name, of in split_names(named).items()}


def _folders(home: Path) -> tuple[str, str] | None:
    """(pictures, masks)."""
    shown = next((name for name in SHOWN if holds_pictures(home / name)), "")
    marked = next((name for name in MARKED if holds_pictures(home / name)), "")
    return (shown, marked) if shown and marked else None


def _pairs(shown: Path, marked: Path) -> list[tuple[str, str]]:
    there = {path.stem: path.name for path in sorted(marked.iterdir()) if pictures.is_picture_name(path.name)}
    pairs = []
    for path in sorted(path for path in shown.iterdir() if pictures.is_picture_name(path.name)):
        found = next((there[path.stem + ending] for ending in ENDINGS if path.stem + ending in there), None)
        if found is None:
            raise BadData(
                "has no mask", where=str(path), mend=f"put {path.stem}_mask.png into {marked.name}, all 0 if it shows none"
            )
        pairs.append((path.name, found))
    return pairs
