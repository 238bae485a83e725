"""CIFAR-10 and CIFAR-100, the Python batches and the binary ones.

The Python batches are pickles, which may run any code when they are read. Ours admits only what these files hold: dicts, lists,
text, bytes, numbers and arrays of bytes.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.data import pictures
from looksay.data.dataset import Dataset, RawItem
from looksay.data.files import fixed_classes, joined, read_bytes, read_text
from looksay.errors import BadData
from looksay.scene import Label, Labels, Scene

Bytes: TypeAlias = npt.NDArray[np.uint8]
SIDE = 32
PIXELS = 3 * SIDE * SIDE
MOST = 1 << 30
HOMES = (".", "cifar-10-batches-py", "cifar-100-python", "cifar-10-batches-bin", "cifar-100-binary")


class Cifar(Dataset):
    """Pictures of 32 × 32 as planes of red, green and blue, one array for the split. `coarse`: the twenty kinds of CIFAR-100."""

    def __init__(self, rows: Bytes, labels: Bytes, classes: tuple[str, ...], names: Sequence[str], where: Path) -> None:
        self._rows, self._labels, self._names, self._where = rows, labels, tuple(names), where
        self.classes = classes

    def __len__(self) -> int:
        return len(self._rows)

    def picture(self, index: int) -> pictures.Picture:
        return np.ascontiguousarray(self._rows[index].reshape(3, SIDE, SIDE).transpose(1, 2, 0))

    def _label(self, index: int) -> str:
        return self._names[int(self._labels[index])]

    def target(self, index: int) -> int:
        return self.classes.index(self._label(index))

    def name(self, index: int) -> str:
        return f"{self.split}-{index:05d}" if self.split else f"{index:05d}"

    def place(self, index: int) -> str:
        return f"{self._where}, picture {index}"

    def scene(self, index: int) -> Scene:
        return Scene((SIDE, SIDE), id=self.name(index), labels=Labels((Label(self._label(index)),)))

    def raw(self, index: int) -> RawItem:
        return RawItem(self.name(index), "", self.place(index), (SIDE, SIDE), [self._label(index)])


def claims(root: Path) -> bool:
    return root.is_dir() and bool(_found(root))


def splits(root: Path) -> tuple[str, ...]:
    return tuple(_found(root))


def load(root: Path, split: str, classes: Sequence[str] | None = None) -> Dataset:
    found = _found(root)
    if not found:
        mend = "data_batch_1 … test_batch, train and test, or the same as .bin"
        raise BadData("has no batches of CIFAR", where=str(root), mend=mend)
    names = _names(next(iter(found.values()))[0], classes)
    known = fixed_classes(names, classes, str(root))
    parts = []
    for name in [split] if split else found:
        files = found[name]
        read = [_binary(file) if file.suffix == ".bin" else _batch(file) for file in files]
        rows, labels = (np.concatenate([pair[at] for pair in read]) for at in (0, 1))
        if len(labels) and int(labels.max()) >= len(names):
            place = int(np.argmax(labels >= len(names)))
            raise BadData(f"label {int(labels.max())}, but {len(names)} classes", where=f"{files[0].parent}, picture {place}")
        part = Cifar(rows, labels.astype(np.uint8), known, names, files[0] if len(files) == 1 else files[0].parent)
        part.split = name
        parts.append(part)
    return joined(parts)


def _found(root: Path) -> dict[str, list[Path]]:
    """Split → its files."""
    for home in (root / name for name in HOMES):
        for ending in ("", ".bin"):
            many = sorted(path for path in home.glob(f"data_batch_*{ending}") if path.suffix == ending)
            ten = {"train": many, "test": [home / f"test_batch{ending}"]}
            hundred = {"train": [home / f"train{ending}"], "test": [home / f"test{ending}"]}
            for files in (ten, hundred):
                there = {split: paths for split, paths in files.items() if paths and paths[0].is_file()}
                if there and (files is ten or ending or (home / "meta").is_file()):
                    return there
    return {}


def _names(file: Path, wanted: Sequence[str] | None) -> tuple[str, ...]:
    home = file.parent
    for path in (home / "batches.meta.txt", home / "fine_label_names.txt"):
        if path.is_file():
            return tuple(line.strip() for line in read_text(path, 1 << 20).splitlines() if line.strip())
    for path, key in ((home / "batches.meta", "label_names"), (home / "meta", "fine_label_names")):
        if path.is_file():
            names = _unpickled(path).get(key)
            if not isinstance(names, list) or not names:
                raise BadData(f"has no {key}", where=str(path))
            return tuple(_text(name, path) for name in names)
    if wanted is None:
        raise BadData("nothing names its classes", where=str(home), mend="fetch batches.meta or meta too")
    return tuple(wanted)


def _text(name: Any, path: Path) -> str:
    if isinstance(name, bytes):
        return name.decode("utf-8", "replace")
    if not isinstance(name, str):
        raise BadData(f"holds {name!r:.40} where the name of a class should be", where=str(path))
    return name


def _binary(path: Path) -> tuple[Bytes, Bytes]:
    """Rows of one byte for the class (CIFAR-100: two, coarse and fine), then the pixels."""
    data = np.frombuffer(read_bytes(path, MOST), np.uint8)
    bytes_before = 2 if path.stem in ("train", "test") else 1
    if not len(data) or len(data) % (PIXELS + bytes_before):
        what = f"holds {len(data)} bytes, which is not a multiple of {PIXELS + bytes_before}"
        raise BadData(what, where=str(path), mend="fetch it again")
    rows = data.reshape(-1, PIXELS + bytes_before)
    return rows[:, bytes_before:], rows[:, bytes_before - 1]


def _batch(path: Path) -> tuple[Bytes, npt.NDArray[np.int64]]:
    found = _unpickled(path)
    rows, labels = found.get("data"), found.get("labels", found.get("fine_labels"))
    if not isinstance(rows, np.ndarray) or rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != PIXELS:
        raise BadData(f"has no data of bytes with {PIXELS} columns", where=str(path), mend="fetch it again")
    if not isinstance(labels, list) or not all(type(label) is int and 0 <= label < 256 for label in labels):
        raise BadData("has no labels that are small whole numbers", where=str(path), mend="fetch it again")
    if len(labels) != len(rows):
        raise BadData(f"has {len(rows)} pictures, but {len(labels)} labels", where=str(path), mend="fetch it again")
    return rows, np.array(labels, np.int64)


class _Class:
    """Stands for numpy's class of arrays, which these files only name."""


class _Array:
    """An array in the making: pickle makes it empty, then gives it its state."""

    def __init__(self, *_: Any) -> None:
        self.array: npt.NDArray[np.uint8] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, columns_first, data = state
        if not isinstance(dtype, _Dtype) or dtype.name not in ("u1", "|u1", "uint8"):
            raise pickle.UnpicklingError("an array of something else than bytes")
        raw = data.encode("latin-1") if isinstance(data, str) else data
        self.array = np.frombuffer(raw, np.uint8).reshape(shape, order="F" if columns_first else "C")


class _Dtype:
    """The type of an array, by its name alone."""

    def __init__(self, name: Any, *_: Any) -> None:
        self.name = name.decode("latin-1") if isinstance(name, bytes) else name

    def __setstate__(self, _: Any) -> None: ...


def _encode(text: str, encoding: str) -> bytes:
    return text.encode(encoding if encoding in ("latin1", "latin-1", "ascii") else "latin-1")


ADMITTED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): _Class,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("_codecs", "encode"): _encode,
}


class _Careful(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no batch of CIFAR needs")
        return ADMITTED[module, name]


def _unpickled(path: Path) -> dict[str, Any]:
    """The dict in the file, with text for keys. Nothing but stand-ins of ours is ever called."""
    data = read_bytes(path, MOST)
    try:
        for code, argument, _ in pickletools.genops(data):
            if code.name.endswith("PUT") and argument is not None and argument > len(data):
                raise pickle.UnpicklingError("it would have a memory of many gigabytes made")
        found = _Careful(io.BytesIO(data), encoding="latin1").load()
        if not isinstance(found, dict):
            raise pickle.UnpicklingError("it holds no dict")
        plain = {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in found.items()}
        return {key: value.array if isinstance(value, _Array) else value for key, value in plain.items()}
    except Exception as error:  # damaged pickles raise nearly anything
        raise BadData(f"is not a batch of CIFAR: {error}", where=str(path), mend="fetch it again from its authors") from None
