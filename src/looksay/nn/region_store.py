"""Features of regions on disk, one table a batch of pictures, and what is fitted to them afterwards (R-CNN's later stages)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from looksay.disk import write_atomically
from looksay.nn.system import Batch, System
from looksay.ops.machines import Floats, Ridge, machine, sigmoid_of

NORM = 20.0  # the mean length of features before machines are fitted
COST, FOR_POSITIVES = 1e-3, 2.0  # of a row within the margin; so much more for what is right
BIAS = 10.0  # the feature that stands for the offset
BACKGROUND = 0.3  # less IoU with every truth of a class: an example against it
GOOD = 0.6  # so much IoU with a truth: an example of how to mend a box
STRENGTH = 1000.0  # of the penalty on the regression's slopes
HARD, EASY = -1.0, -1.2  # margins above which an example against a class is taken, and below which it goes again
FRESH = 2000  # new examples, if they are also a third of all, after which a machine is fitted anew
PASSES = 2  # over all tables
Table = npt.NDArray[Any]


def columns(features: int, pooled: int, kinds: int) -> np.dtype[Any]:
    """A row is a region: `feature` for the machines, `pooled` for the boxes, its `box`, the truth that it overlaps most (`label`,
    `best` IoU, `goal`), its `overlaps` with the truths of each class, and whether it `is_truth` itself."""
    return np.dtype(
        [
            ("feature", "<f2", (features,)), ("pooled", "<f2", (pooled,)), ("box", "<f4", (4,)), ("label", "<i2"),
            ("best", "<f4"), ("goal", "<f4", (4,)), ("overlaps", "<f2", (kinds,)), ("is_truth", "?"),
        ]
    )  # fmt: skip


class RegionStore:
    """A folder of tables. Each is written whole or not at all, so that after a kill the work goes on where it stood. `key` says
    what they were made with; tables of another key are removed."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key
        for path in folder.glob("*.npy"):
            if not path.name.startswith(key):
                path.unlink()

    def path(self, number: int, ids: Sequence[str]) -> Path:
        """Of the table of batch `number`, which has the pictures `ids`."""
        pictures = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:12]
        return self.folder / f"{self.key}-{number:06}-{pictures}.npy"

    def put(self, path: Path, table: Table) -> None:
        content = io.BytesIO()
        np.save(content, table, allow_pickle=False)
        write_atomically(path, content.getvalue())

    def clear(self) -> None:
        for path in self.folder.glob(f"{self.key}-*.npy"):
            path.unlink()


def key_of(system: System[Any], parts: tuple[str, ...], edition: int) -> str:
    """Of all that features depend on: the settings, and the weights whose names begin with `parts`."""
    found = hashlib.sha256(repr((system.classes, system.config, system.prep, edition)).encode())
    for name, tensor in system.state_dict().items():
        if name.startswith(parts):
            found.update(tensor.cpu().contiguous().numpy().tobytes())
    return found.hexdigest()[:16]


def gathered(
    store: RegionStore, feed: Iterable[Batch], table: Callable[[Batch], Table], most: int, say: Callable[[str], None]
) -> tuple[list[Table], int]:
    """The tables of the first pictures, at least `most` of them (0: all), made where they are not there yet; and how many
    pictures they are."""
    paths, count = [], 0
    for number, batch in enumerate(feed):
        if most and count >= most:
            break
        path = store.path(number, batch.ids)
        if not path.is_file():
            store.put(path, table(batch))
        paths.append(path)
        count += len(batch)
        if number % 10 == 9:
            say(f"features of the regions of {count:,} pictures")
    return opened(paths), count


def opened(paths: Sequence[Path]) -> list[Table]:
    """The tables, of which only what is looked at is read."""
    return [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]


def length_of(tables: Sequence[Table], column: str) -> float:
    """The mean length of a feature."""
    total = sum(float(np.linalg.norm(table[column].astype(np.float64), axis=1).sum()) for table in tables)
    return total / max(sum(map(len, tables)), 1)


def chances(fitted: bool, margins: Tensor | None, logits: Tensor, sigmoids: Tensor) -> Tensor:
    """The log odds of each class: the machines', or the network's own (background first) until those are fitted."""
    if fitted and margins is not None:
        slopes, offsets = sigmoids.float().unbind(1)
        return margins * slopes + offsets
    log = logits.float().log_softmax(dim=2)[..., 1:]
    return log - (-torch.expm1(log)).clamp(min=1e-12).log()


def machines(tables: Sequence[Table], kinds: int) -> tuple[Floats, Floats]:
    """((K, D) slopes, (K,) offsets) of one machine a class, for features as they are. For it stand the truths of the class alone,
    against it all regions that overlap none of them; of these the hard ones are sought, table by table."""
    scale = NORM / max(length_of(tables, "feature"), 1e-9)
    miners = [_Miner(kind, scale, tables) for kind in range(kinds)]
    for turn in range(PASSES):
        for place, table in enumerate(tables):
            features, against = table["feature"], table["overlaps"] < BACKGROUND
            margins = _rows(features, scale) @ np.stack([miner.w for miner in miners]).T
            for miner in miners:
                miner.take(place, features, against[:, miner.kind], margins[:, miner.kind], first=turn == place == 0)
        for miner in miners:
            miner.fit()
    found = np.stack([miner.w for miner in miners])
    return found[:, :-1] * scale, found[:, -1] * BIAS


def _rows(features: Table, scale: float) -> Floats:
    return np.concatenate([features.astype(np.float64) * scale, np.full((len(features), 1), BIAS)], axis=1)


class _Miner:
    """One class's machine while its hard examples are sought. They may be many: they are kept as they stand in the tables."""

    def __init__(self, kind: int, scale: float, tables: Sequence[Table]) -> None:
        self.kind, self.scale = kind, scale
        of_kind = [table["feature"][table["is_truth"] & (table["label"] == kind)] for table in tables]
        self.truths = np.concatenate(of_kind)
        self.w = np.zeros(self.truths.shape[1] + 1)
        self.against, self.places = self.truths[:0], np.zeros((0, 2), np.int64)  # the places are (table, row)
        self.fresh = 0

    def take(self, table: int, features: Table, against: npt.NDArray[np.bool_], margins: Floats, *, first: bool) -> None:
        """Takes what is hard of a table; of the very first one, some of all."""
        if first:
            some = np.flatnonzero(against)
            some = some[:: max(len(some) // FRESH, 1)]
        else:
            some = np.flatnonzero(against & (margins > HARD))
            some = np.setdiff1d(some, self.places[self.places[:, 0] == table, 1])
        self.against = np.concatenate([self.against, features[some]])
        self.places = np.concatenate([self.places, np.stack([np.full(len(some), table), some], axis=1)])
        self.fresh += len(some)
        if first or self.fresh > max(FRESH, len(self.against) // 3):
            self.fit()

    def fit(self) -> None:
        """Examples far beyond the margin go afterwards; they did not count."""
        x = _rows(np.concatenate([self.truths, self.against]), self.scale)
        right = np.arange(len(x)) < len(self.truths)
        self.w = machine(x, np.where(right, 1.0, -1.0), np.where(right, COST * FOR_POSITIVES, COST), self.w)
        stay = x[len(self.truths) :] @ self.w > EASY
        self.against, self.places, self.fresh = self.against[stay], self.places[stay], 0


def sigmoids(tables: Sequence[Table], slopes: Floats, offsets: Floats, right: float = 0.5) -> Floats:
    """(K, 2) slope and offset from margins to the log odds that a region overlaps a truth of its class by at least `right`."""
    margins = [(table["feature"].astype(np.float64) @ slopes.T + offsets).astype(np.float32) for table in tables]
    found = []
    for kind in range(len(slopes)):
        of_kind = np.concatenate([some[:, kind] for some in margins])
        found.append(sigmoid_of(of_kind, np.concatenate([table["overlaps"][:, kind] >= right for table in tables])))
    return np.array(found)


def box_menders(tables: Sequence[Table], kinds: int) -> tuple[Floats, Floats]:
    """((K, 4, D) slopes, (K, 4) offsets) from pooled features to `moves`, one ridge regression a class."""
    scale = NORM / max(length_of(tables, "pooled"), 1e-9)
    fits = [Ridge(tables[0]["pooled"].shape[1], 4) for _ in range(kinds)]
    for table in tables:
        near = table[(table["best"] > GOOD) & ~table["is_truth"]]
        rows, goals = near["pooled"].astype(np.float64) * scale, moves(near["box"], near["goal"])
        for kind, fit in enumerate(fits):
            of_kind = near["label"] == kind
            fit.add(rows[of_kind], goals[of_kind])
    solved = [fit.solve(STRENGTH) for fit in fits]
    return np.stack([slopes for slopes, _ in solved]) * scale, np.stack([offsets for _, offsets in solved])


def moves(boxes: npt.ArrayLike, goals: npt.ArrayLike) -> Floats:
    """(n, 4) from boxes to goals: how far the centre lies in widths and heights, and the logarithms of the sizes' ratios."""
    a, b = np.asarray(boxes, np.float64), np.asarray(goals, np.float64)
    size, aim = a[:, 2:] - a[:, :2], b[:, 2:] - b[:, :2]
    return np.concatenate([(b[:, :2] + b[:, 2:] - a[:, :2] - a[:, 2:]) / 2 / size, np.log(aim / size)], axis=1)
