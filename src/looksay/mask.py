"""Sets of pixels as run lengths, which stay small however large the picture is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue

BoxXYXY: TypeAlias = tuple[float, float, float, float]
Size: TypeAlias = tuple[int, int]


def lock(array: npt.NDArray[Any], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """A read-only array of that dtype; the caller's own array stays writable, and one that is read-only is taken as it is."""
    locked = np.ascontiguousarray(array, dtype=dtype)
    if (locked is array and array.flags.writeable) or locked.base is not None:
        locked = locked.copy()
    locked.setflags(write=False)
    return locked


@dataclass(frozen=True, eq=False)
class Mask:
    """A set of pixels as run lengths down the columns, background first (COCO's order)."""

    size: Size
    runs: npt.NDArray[np.uint32]

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", (int(self.size[0]), int(self.size[1])))
        object.__setattr__(self, "runs", lock(np.asarray(self.runs), np.uint32))
        if int(self.runs.sum(dtype=np.int64)) != self.size[0] * self.size[1]:
            raise BadValue(f"a mask's runs cover {int(self.runs.sum())} pixels, its size {self.size} has others")

    @classmethod
    def of(cls, array: npt.NDArray[Any]) -> Mask:
        """From a two-dimensional array, whatever is not zero belongs to the mask."""
        if array.ndim != 2:
            raise BadValue(f"a mask has {array.ndim} dimensions", mend="give rows and columns")
        flat = (array != 0).T.reshape(-1)
        edges = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        runs = np.diff(np.concatenate(([0], edges, [flat.size])))
        if flat.size and flat[0]:
            runs = np.concatenate(([0], runs))
        return cls((array.shape[1], array.shape[0]), runs.astype(np.uint32))

    def array(self) -> npt.NDArray[np.bool_]:
        width, height = self.size
        on = np.arange(len(self.runs)) % 2 == 1
        return np.repeat(on, self.runs).reshape(width, height).T

    @property
    def area(self) -> int:
        return int(self.runs[1::2].sum(dtype=np.int64))

    def box(self) -> BoxXYXY | None:
        """The tightest box around the mask, or None when the mask is empty."""
        rows, columns = np.nonzero(self.array())
        if not len(rows):
            return None
        return float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.size == other.size and np.array_equal(self.runs, other.runs)

    def __hash__(self) -> int:
        return hash((self.size, self.runs.tobytes()))
