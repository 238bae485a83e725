"""From a data set to batches. Order and augmentation follow from (seed, epoch, index), never from history, so that a run
continues where it stood, with any number of workers. Workers are threads: pictures are decoded and resized outside of
Python's lock, nothing is copied between processes, and memory does not grow with the data."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt
import torch

from looksay.data.augment import colour, mosaic, shape, tints
from looksay.data.dataset import Dataset
from looksay.errors import BadData, BadPicture
from looksay.nn.chance import hash_of
from looksay.nn.placement import Placement, placed
from looksay.nn.prep import Picture, Prep, fit
from looksay.nn.recipe import Augment
from looksay.nn.system import Batch, normalise
from looksay.storybook.chance import Chance


@dataclass(frozen=True)
class Part:
    """Which rows of each global batch are this process's."""

    rank: int = 0
    world: int = 1


@dataclass
class Feeding:
    """How a feed hands out its pictures. `skip_bad` replaces a picture that cannot be read by its neighbour and counts it."""

    batch_size: int
    seed: int = 0
    augment: Augment | None = None
    balance: str = "none"
    workers: int = 2
    part: Part = field(default_factory=Part)
    skip_bad: bool = False


Targets = Mapping[str, Any]
Beside = Callable[[Picture, Placement], Mapping[str, Any]]


class Kind(Protocol):
    """What a task says of its targets; see looksay.tasks.Task."""

    @property
    def view(self) -> str: ...
    @property
    def placed(self) -> bool: ...
    @property
    def encode(self) -> Callable[[Dataset, int, Placement], Targets]: ...
    @property
    def collate(self) -> Callable[[Sequence[Targets]], dict[str, Any]]: ...
    @property
    def join(self) -> Callable[[Sequence[Targets]], Targets] | None: ...


class Batches(Protocol):
    """What the training asks of a feed, of pictures or not: batches that follow from (seed, epoch, start) alone."""

    how: Feeding
    dataset: Any
    waited: float
    skipped: set[int]

    @property
    def steps(self) -> int: ...

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]: ...


@dataclass
class Row:
    """One picture made ready."""

    picture: Picture
    targets: Targets
    place: Placement
    factors: tuple[float, float, float]
    size: tuple[int, int]
    name: str
    beside: Mapping[str, Any]


Read = Callable[[npt.NDArray[np.int64]], "Raw"]


@dataclass
class Raw:
    """A batch made ready, but for what is done to all of its pictures at once."""

    pictures: npt.NDArray[np.uint8]
    rows: list[Row]
    targets: dict[str, Any]


class Feed:
    """Batches of one data set for one system. With an `augment` it shuffles and drops the last, incomplete batch."""

    def __init__(
        self,
        dataset: Dataset,
        prep: Prep,
        kind: Kind,
        how: Feeding,
        beside: Beside | None = None,
    ) -> None:
        if not len(dataset):
            raise BadData("has no pictures", where=dataset.source or None)
        self.dataset, self.prep, self.how = dataset, prep, how
        self.kind, self._beside = kind, beside
        self.training = how.augment is not None
        self.waited = 0.0  # seconds that the caller has stood waiting for a batch
        self.skipped: set[int] = set()
        self._shares = self._balanced() if how.balance == "sampling" else None
        # While training, a JPEG may come smaller than it is, but with pixels to spare for the smallest crop.
        share = how.augment.crop[0] if how.augment else 1.0
        self._least = (round(2 * prep.size[0] / share), round(2 * prep.size[1] / share))
        cv2.setNumThreads(1)  # workers are the parallelism

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(len(self.dataset), self.how.batch_size)
        return max(whole, 1) if self.training else whole + (rest > 0)

    def order(self, epoch: int) -> npt.NDArray[np.int64]:
        """The pictures of an epoch in turn; the same for every number of processes and workers."""
        count = len(self.dataset)
        if not self.training:
            return np.arange(count)
        bits = np.random.Philox(key=hash_of(self.how.seed, epoch, 1)).random_raw(count)
        if self._shares is None:
            return np.argsort(bits, kind="stable")
        drawn = (np.asarray(bits) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return np.minimum(np.searchsorted(self._shares, drawn, side="right"), count - 1)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from number `start` on."""
        order, size, part = self.order(epoch), self.how.batch_size, self.how.part
        places = np.arange(len(order))
        turns = [places[i * size : (i + 1) * size] for i in range(start, self.steps)]
        if part.world > 1:
            even = [turn[: len(turn) // part.world * part.world] for turn in turns]
            turns = [np.split(turn, part.world)[part.rank] for turn in even]
        yield from self._ahead(partial(self._read, epoch, order), turns)

    def _ahead(self, read: Read, turns: list[npt.NDArray[np.int64]]) -> Iterator[Batch]:
        with ThreadPoolExecutor(max(self.how.workers, 1), "looksay-feed") as pool:
            waiting: deque[Future[Raw]] = deque()
            left = iter(turns)
            try:
                for _ in range(max(self.how.workers, 1) + 1):
                    self._submit(pool, waiting, left, read)
                while waiting:
                    since = time.perf_counter()
                    raw = waiting.popleft().result()
                    self.waited += time.perf_counter() - since
                    self._submit(pool, waiting, left, read)
                    yield self._batch(raw)
            finally:
                for future in waiting:
                    future.cancel()

    def _submit(
        self, pool: ThreadPoolExecutor, waiting: deque[Future[Raw]], left: Iterator[npt.NDArray[np.int64]], read: Read
    ) -> None:
        turn = next(left, None)
        if turn is not None:
            waiting.append(pool.submit(read, turn))

    def _read(self, epoch: int, order: npt.NDArray[np.int64], turn: npt.NDArray[np.int64]) -> Raw:
        """`turn` are places in the order of the epoch."""
        prep = self._prep(epoch, int(turn[0]) // self.how.batch_size)
        rows = [self._row(epoch, order, place, prep) for place in turn.tolist()]
        return Raw(together(rows, prep), rows, self.kind.collate([row.targets for row in rows]))

    def _prep(self, epoch: int, step: int) -> Prep:
        """The size of this batch, drawn for all processes alike."""
        how = self.how.augment
        if how is None or not how.sizes:
            return self.prep
        side = how.sizes[Chance(self.how.seed, epoch, step, "size").below(len(how.sizes))]
        return replace(self.prep, size=(side, side), resize=side)

    def _row(self, epoch: int, order: npt.NDArray[np.int64], place: int, prep: Prep) -> Row:
        picture, index = self._picture(int(order[place]))
        size, name = (picture.shape[1], picture.shape[0]), self.dataset.name(index)
        how, chance = self.how.augment, Chance(self.how.seed, epoch, place, index, "augment")
        if how is None:
            where = placed(size, prep)
            targets = self.kind.encode(self.dataset, index, where)
            return Row(fit(picture, prep), targets, where, (1, 1, 1), size, name, self._wanted(picture, where))
        if how.mosaic and self.kind.join is not None and chance.coin(how.mosaic):
            return self._mosaic(picture, index, prep, chance)
        seen, where = shape(picture, prep, how, chance)
        factors = tints(how, chance)
        targets = self.kind.encode(self.dataset, index, where)
        return Row(seen, targets, where, factors, size, name, self._wanted(picture, where))

    def _mosaic(self, picture: Picture, index: int, prep: Prep, chance: Chance) -> Row:
        """The picture with three others, as one."""
        assert self.how.augment is not None
        assert self.kind.join is not None
        four = [(picture, index), *(self._picture(chance.below(len(self.dataset))) for _ in range(3))]
        seen, places = mosaic([each for each, _ in four], prep, self.how.augment, chance)
        targets = [self.kind.encode(self.dataset, number, where) for (_, number), where in zip(four, places, strict=True)]
        besides = [self._wanted(each, where) for (each, _), where in zip(four, places, strict=True)]
        beside = {key: torch.cat([each[key] for each in besides]) for key in besides[0]}
        whole = Placement(size=prep.size)
        return Row(
            seen, self.kind.join(targets), whole, tints(self.how.augment, chance), prep.size, self.dataset.name(index), beside
        )

    def _wanted(self, picture: Picture, place: Placement) -> Mapping[str, Any]:
        return self._beside(picture, place) if self._beside else {}

    def _picture(self, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        for step in range(len(self.dataset)):
            place = (index + step) % len(self.dataset)
            try:
                drafts = self.training and not self.kind.placed  # boxes count in the pixels of the whole picture
                return self.dataset.draft(place, self._least) if drafts else self.dataset.picture(place), place
            except BadPicture as error:
                if not self.how.skip_bad:
                    mend = "looksay data check shows all of them; --allow-bad-data trains without them"
                    raise BadPicture(error.what, where=error.where, mend=mend) from None
                self.skipped.add(place)
        raise BadData("not one picture can be read", where=self.dataset.source or None)

    def _batch(self, raw: Raw) -> Batch:
        tensor, rows = torch.from_numpy(raw.pictures), raw.rows
        how = self.how.augment
        if how is not None and (how.brightness or how.contrast or how.saturation):
            tensor = colour(tensor, np.array([row.factors for row in rows], np.float32).T)
        return assembled(tensor, rows, self.prep, raw.targets)

    def targets(self) -> npt.NDArray[np.int64]:
        return np.fromiter((self.dataset.target(i) for i in range(len(self.dataset))), np.int64, len(self.dataset))

    def class_weights(self) -> npt.NDArray[np.float32]:
        """Inverse to how often a class occurs, 1 on average over the pictures; 0 for a class without pictures."""
        counts = np.bincount(self.targets().clip(0), minlength=len(self.dataset.classes)).astype(np.float64)
        inverse = np.divide(1.0, counts, out=np.zeros_like(counts), where=counts > 0)
        return np.asarray(inverse * len(self.dataset) / max(int(np.count_nonzero(counts)), 1), np.float32)

    def _balanced(self) -> npt.NDArray[np.float64]:
        share = self.class_weights().astype(np.float64)[self.targets().clip(0)]
        return np.cumsum(share / share.sum())


def together(rows: Sequence[Row], prep: Prep) -> npt.NDArray[np.uint8]:
    """(N, H, W, C); pictures of several sizes are padded below and on the right."""
    if prep.mode != "inside":
        return np.stack([row.picture for row in rows])
    step = prep.size_step
    high = -(-max(row.picture.shape[0] for row in rows) // step) * step
    wide = -(-max(row.picture.shape[1] for row in rows) // step) * step
    pictures = np.zeros((len(rows), high, wide, prep.channels), np.uint8)
    for whole, row in zip(pictures, rows, strict=True):
        whole[: row.picture.shape[0], : row.picture.shape[1]] = row.picture
    return pictures


def assembled(pictures: torch.Tensor, rows: Sequence[Row], prep: Prep, targets: dict[str, Any]) -> Batch:
    """Normalised; padding is zero afterwards."""
    normal = normalise(pictures, prep)
    if prep.mode == "inside":
        for picture, row in zip(normal, rows, strict=True):
            wide, high = row.place.size
            picture[:, high:], picture[:, :, wide:] = 0, 0
    beside = {key: [row.beside[key] for row in rows] for key in rows[0].beside}
    sizes, ids = tuple(row.size for row in rows), tuple(row.name for row in rows)
    return Batch(normal, targets, sizes, ids, tuple(row.place for row in rows), beside)


def ready(pictures: Sequence[tuple[str, Picture]], prep: Prep, beside: Beside | None = None) -> Batch:
    """(name, picture) pairs as a network takes them."""
    rows = []
    for name, picture in pictures:
        size = (picture.shape[1], picture.shape[0])
        where = placed(size, prep)
        rows.append(Row(fit(picture, prep), {}, where, (1, 1, 1), size, name, beside(picture, where) if beside else {}))
    return assembled(torch.from_numpy(together(rows, prep)), rows, prep, {})
