"""Pictures of one class with the number of the instance in every pixel, the way of Penn-Fudan: PNGImages/ and PedMasks/, or
images/ and masks/. 0 is background; numbers go up to 65,535 in PNGs of 16 bits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from looksay.data import label_tables, masks, pictures
from looksay.data.dataset import Dataset, RawBox, RawItem
from looksay.data.files import PictureFiles, canonical, holds_pictures, joined, split_names, subfolders
from looksay.data.files import labels_of as labels_from
from looksay.data.index import Strings
from looksay.errors import BadData, BadPicture
from looksay.scene import Mask, Objects, Scene, Thing

SHOWN = ("PNGImages", "images", "imgs", "JPEGImages")
MARKED = ("PedMasks", "masks", "instances")
KIND = {"PedMasks": "person"}
ENDINGS = ("_mask", "")


class IdMasks(PictureFiles):
    """Ids are the names of the pictures without ending; that of a thing is its number in the mask."""

    def __init__(self, root: Path, shown: str, marked: str, kind: str) -> None:
        pairs = _pairs(root / shown, root / marked)
        super().__init__(root / shown, (picture for picture, _ in pairs))
        self._masks, self._marked = Strings(mask for _, mask in pairs), root / marked
        self.classes = (kind,)

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
        return masks.instances(codes)

    def scene(self, index: int) -> Scene:
        kind = self.classes[0]
        things = [Thing(kind, masks.box_of(mask), mask=mask, id=str(number)) for number, mask in self.found(index).items()]
        return Scene(self.size(index), id=self.name(index), labels=labels_from(things), objects=Objects(tuple(things)))

    def raw(self, index: int) -> RawItem:
        where = self.place(index)
        boxes = [
            RawBox(self.classes[0], masks.box_of(mask), f"{where}, number {number}", str(number))
            for number, mask in self.found(index).items()
        ]
        return RawItem(self.name(index), str(self.path(index)), where, boxes=boxes)


def claims(root: Path) -> bool:
    if not root.is_dir():
        return False
    homes = list(_homes(root).values()) or [root]
    table = label_tables.table_of(root)
    return all(_folders(home) for home in homes) and (table is None or len(table.names) == 1)


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
        parts.append(IdMasks(home, shown, marked, _one(classes or [_kind(root, marked)], root)))
    return joined(parts)


def _one(classes: Sequence[str], root: Path) -> str:
    if len(classes) != 1:
        raise BadData(f"holds things of one class, {len(classes)} are asked for", where=str(root), mend="name one class")
    return classes[0]


def _kind(root: Path, marked: str) -> str:
    """What the things are: the only name in classes.txt, or as everybody knows, or 'thing'."""
    table = label_tables.table_of(root)
    if table is not None:
        return _one([name for name in table.names if name != masks.BACKGROUND], root)
    return KIND.get(marked, "thing")


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
