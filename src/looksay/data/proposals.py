"""Proposals remembered on disk by what the picture shows, and how many of the things they find."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from looksay.data.dataset import Dataset
from looksay.data.storybook import cache_home
from looksay.disk import write_atomically
from looksay.errors import DiskTrouble
from looksay.nn.prep import Picture
from looksay.ops.overlap import Floats, iou
from looksay.ops.proposals import EDITION, Mode, propose

COUNTS = (10, 30, 100, 300, 1000, 2000)
THRESHOLDS = (0.5, 0.7)
Boxes = npt.NDArray[np.float32]
_HASH = 16  # bytes
_writing = threading.Lock()  # two threads may want the same picture


def cached(picture: Picture, mode: Mode = "fast", most: int = 2000) -> Boxes:
    """`propose`, from disk where the same pixels were seen before."""
    return remembered(picture, name_of(mode, most), lambda: propose(picture, mode, most))


def name_of(mode: Mode, most: int) -> str:
    return f"selective-search-{EDITION}-{mode}-{most}"


def remembered(picture: Picture, how: str, compute: Callable[[], Boxes]) -> Boxes:
    """(n, 4) of `compute()`, kept under the name `how` for pictures of exactly these pixels. Any number of threads and processes
    may ask at once; a damaged entry is computed again."""
    shown = np.ascontiguousarray(picture)
    key = _digest(f"{how} {shown.shape}".encode(), shown.data.cast("B")).hex()
    path = cache_home() / "proposals" / how / key[:2] / f"{key[2:]}.f4"
    known = _read(path)
    if known is not None:
        return known
    found = np.ascontiguousarray(compute(), "<f4").reshape(-1, 4)
    body = found.tobytes()
    try:
        with _writing:
            write_atomically(path, _digest(body) + body)
    except DiskTrouble as error:
        raise DiskTrouble(error.what, where=error.where, mend="make room, or set LOOKSAY_CACHE to another folder") from None
    return found


def _read(path: Path) -> Boxes | None:
    """None where there is nothing, or nothing sound. A byte string of 16 with a digest of no boxes is an entry without boxes."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    body = content[_HASH:]
    if len(body) % 16 or content[:_HASH] != _digest(body):
        return None
    return np.frombuffer(body, "<f4").reshape(-1, 4).copy()


def _digest(*parts: bytes | memoryview) -> bytes:
    found = hashlib.blake2b(digest_size=_HASH)
    for part in parts:
        found.update(part)
    return found.digest()


@dataclass(frozen=True, eq=False)
class Recall:
    """`found` (thresholds, counts): the share of the `truths` that one of the first so many proposals overlaps by at least the
    threshold. `best`: mean over the truths of the largest IoU. `mean_count`: proposals of a picture."""

    counts: tuple[int, ...]
    thresholds: tuple[float, ...]
    found: Floats
    best: float
    mean_count: float
    truths: int


def recall(
    dataset: Dataset,
    counts: Sequence[int] = COUNTS,
    thresholds: Sequence[float] = THRESHOLDS,
    mode: Mode = "fast",
    progress: Callable[[int, int], None] | None = None,
) -> Recall:
    """Crowds and difficult things are not asked for. Pictures go through the cache."""
    reached, sizes = [np.zeros((0, len(counts)))], []
    for index in range(len(dataset)):
        boxes = cached(dataset.picture(index), mode, max(counts))
        things = dataset.things(index)
        reached.append(_reach(boxes, things.boxes[things.flags == 0], counts))
        sizes.append(len(boxes))
        if progress:
            progress(index + 1, len(dataset))
    most = np.concatenate(reached)
    total = max(len(most), 1)
    found = np.stack([(most >= threshold).sum(axis=0) / total for threshold in thresholds])
    whole = float(most[:, int(np.argmax(counts))].sum()) / total
    return Recall(tuple(counts), tuple(thresholds), found, whole, float(np.mean(sizes)) if sizes else 0.0, len(most))


def _reach(boxes: Boxes, truths: Floats, counts: Sequence[int]) -> Floats:
    """(truths, counts): the largest IoU among the first so many boxes."""
    if not len(boxes) or not len(truths):
        return np.zeros((len(truths), len(counts)))
    so_far = np.maximum.accumulate(iou(truths, boxes), axis=1)
    return np.asarray(so_far[:, np.minimum(np.array(counts), len(boxes)) - 1])
