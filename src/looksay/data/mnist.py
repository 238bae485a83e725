"""MNIST and its kin (Fashion, KMNIST, EMNIST): the original idx files, gzipped or not, or the digits as PNGs in folders."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.data import imagefolder, pictures
from looksay.data.dataset import Dataset, RawItem
from looksay.data.files import fixed_classes, joined, read_bytes, read_text, subfolders
from looksay.errors import BadData
from looksay.scene import Label, Labels, Scene

Bytes: TypeAlias = npt.NDArray[np.uint8]

DIGITS = tuple("0123456789")
NAMES = "labels.txt"  # names of the classes where they are not the digits: one on each line
FILES = {"train": ("train-images", "train-labels"), "test": ("t10k-images", "t10k-labels")}
MOST = 1 << 30


class Mnist(Dataset):
    """Grey pictures in one array."""

    def __init__(self, images: Bytes, labels: Bytes, classes: tuple[str, ...], where: Path) -> None:
        self._images, self._labels, self._where = images, labels, where
        self.classes = classes

    def __len__(self) -> int:
        return len(self._images)

    def picture(self, index: int) -> pictures.Picture:
        return np.repeat(self._images[index][:, :, None], 3, axis=2)

    def target(self, index: int) -> int:
        return int(self._labels[index])

    def name(self, index: int) -> str:
        return f"{self.split}-{index:05d}" if self.split else f"{index:05d}"

    def place(self, index: int) -> str:
        return f"{self._where}, picture {index}"

    def scene(self, index: int) -> Scene:
        height, width = self._images.shape[1:]
        return Scene((width, height), id=self.name(index), labels=Labels((Label(self.classes[self.target(index)]),)))

    def raw(self, index: int) -> RawItem:
        height, width = self._images.shape[1:]
        return RawItem(self.name(index), "", self.place(index), (width, height), [self.classes[self.target(index)]])


def claims(root: Path) -> bool:
    return bool(_found(root)) or _is_png_folder(root)


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_found(root)) or imagefolder.splits(root)


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    found = _found(root)
    if not found:
        if not _is_png_folder(root):
            mend = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-…, also as .gz; or folders 0 … 9"
            raise BadData("has no files of MNIST", where=str(root), mend=mend)
        return imagefolder.load(root, split, classes)
    parts = []
    for name in [split] if split else found:
        part = _load(*found[name], _classes(root, classes))
        part.split = name
        parts.append(part)
    return joined(parts)


def _is_png_folder(root: Path) -> bool:
    """Folders named 0 to 9, perhaps below splits, and the first digit is 28 × 28."""
    bases = [root / "train", root / "training", root]
    for base in bases:
        folders = subfolders(base)
        if [folder.name for folder in folders] == list(DIGITS):
            first = next((file for file in folders[0].iterdir() if pictures.is_picture_name(file.name)), None)
            return first is not None and pictures.size(first) == (28, 28)
    return False


def _found(root: Path) -> dict[str, tuple[Path, Path]]:
    """Split → its files of pictures and labels."""
    return {split: files for split in FILES if (files := _pair(root, split))} if root.is_dir() else {}


def _pair(root: Path, split: str) -> tuple[Path, Path] | None:
    pair = []
    for stem, rank in zip(FILES[split], (3, 1), strict=True):
        for folder in (root, root / "raw", root / "MNIST" / "raw"):
            for middle in ("-", "."):
                names = (f"{stem}{middle}idx{rank}-ubyte", f"{stem}{middle}idx{rank}-ubyte.gz")
                pair += [folder / name for name in names if (folder / name).is_file()][:1]
    return (pair[0], pair[1]) if len(pair) == 2 else None


def _classes(root: Path, wanted: Sequence[str] | None) -> tuple[str, ...]:
    names = tuple(line for line in read_text(root / NAMES).splitlines() if line) if (root / NAMES).is_file() else None
    if names is None and wanted is not None:
        return tuple(wanted)  # the files only number their classes
    return fixed_classes(names or DIGITS, wanted, str(root))


def _load(image_file: Path, label_file: Path, classes: tuple[str, ...]) -> Mnist:
    images, labels = _idx(image_file, 3), _idx(label_file, 1)
    if len(images) != len(labels):
        raise BadData(f"{len(images)} pictures, but {len(labels)} labels in {label_file.name}", where=str(image_file))
    if len(labels) and int(labels.max()) >= len(classes):
        place = int(np.argmax(labels >= len(classes)))
        mend = f"name the classes in {NAMES}, one on each line"
        raise BadData(f"label {int(labels.max())}, but {len(classes)} classes", where=f"{label_file}, picture {place}", mend=mend)
    if len(images) and not all(images.shape[1:]):
        raise BadData(f"its pictures are {images.shape[2]} × {images.shape[1]}", where=str(image_file))
    return Mnist(images, labels, classes, image_file)


def _idx(path: Path, rank: int) -> Bytes:
    """The array of an idx file: 0 0 8 rank, the sizes as big-endian numbers, then bytes."""
    data = read_bytes(path, MOST)
    if data[:2] == b"\x1f\x8b":
        data = _unzipped(path)
    if len(data) < 4 + 4 * rank or data[:4] != bytes((0, 0, 8, rank)):
        raise BadData(f"is not an idx file of bytes with {rank} dimensions", where=str(path), mend="fetch it again")
    shape = tuple(int(n) for n in np.frombuffer(data, ">u4", rank, 4))
    stated, held = int(np.prod(shape, dtype=object)), len(data) - 4 - 4 * rank
    if stated != held:
        raise BadData(f"should hold {stated} values, holds {held}", where=str(path), mend="fetch it again")
    return np.frombuffer(data, np.uint8, held, 4 + 4 * rank).reshape(shape)


def _unzipped(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            data = file.read(MOST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadData(f"cannot be unpacked: {error}", where=str(path), mend="fetch it again") from None
    if len(data) > MOST:
        raise BadData(f"unpacks to more than {MOST >> 20} MB; such a file may be a trap", where=str(path))
    return data
