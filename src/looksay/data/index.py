"""Compact tables: what a data set must remember of each picture, without a Python object for each.

Objects would cost several hundred bytes a picture, and worker processes that only look at them would copy their pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt


def narrow(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same whole numbers, none negative, in the smallest unsigned type that holds them."""
    return values.astype(np.min_scalar_type(int(values.max()) if values.size else 0))


class Strings(Sequence[str]):
    """Texts end to end in one blob, with the place where each begins."""

    def __init__(self, texts: Iterable[str]) -> None:
        blob, ends = bytearray(), [0]
        for text in texts:
            blob += text.encode("utf-8", "surrogateescape")  # file names need not be valid UTF-8
            ends.append(len(blob))
        self._blob = bytes(blob)
        self._ends = narrow(np.array(ends, dtype=np.uint64))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        return self._blob[self._ends[index] : self._ends[index + 1]].decode("utf-8", "surrogateescape")

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    @property
    def nbytes(self) -> int:
        return len(self._blob) + int(self._ends.nbytes)


class Groups:
    """Which rows belong to which picture: `groups[picture]` gives their numbers in the order of the file."""

    def __init__(self, owners: npt.NDArray[np.int64], count: int) -> None:
        """`owners[row]` is the picture of that row, -1 for none."""
        order = np.argsort(owners, kind="stable")
        self._order = narrow(order[int((owners < 0).sum()) :])
        counts = np.bincount(owners[owners >= 0], minlength=count)
        self._ends = narrow(np.concatenate(([0], np.cumsum(counts))))

    def __getitem__(self, picture: int) -> list[int]:
        found: list[int] = self._order[self._ends[picture] : self._ends[picture + 1]].tolist()
        return found

    @property
    def nbytes(self) -> int:
        return int(self._order.nbytes + self._ends.nbytes)
