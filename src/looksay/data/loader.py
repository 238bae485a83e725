"""From a data set to batches. Order and augmentation follow from (seed, epoch, index), never from history, so that a run
continues where it stood, with any number of workers. Workers are threads: pictures are decoded and resized outside of
Python's lock, nothing is copied between processes, and memory does not grow with the data."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch

from looksay.data.augment import colour, shape, tints
from looksay.data.dataset import Dataset
from looksay.errors import BadData, BadPicture
from looksay.nn.chance import hash_of
from looksay.nn.prep import Prep, fit
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


Raw = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32], dict[str, Any], tuple[tuple[int, int], ...], tuple[str, ...]]

Read = Callable[[npt.NDArray[np.int64]], Raw]


class Feed:
    """Batches of one data set for one system. With an `augment` it shuffles and drops the last, incomplete batch."""

    def __init__(
        self,
        dataset: Dataset,
        prep: Prep,
        encode: Callable[[Dataset, int], Mapping[str, Any]],
        collate: Callable[[Sequence[Mapping[str, Any]]], dict[str, Any]],
        how: Feeding,
    ) -> None:
        if not len(dataset):
            raise BadData("has no pictures", where=dataset.source or None)
        self.dataset, self.prep, self.how = dataset, prep, how
        self._encode, self._collate = encode, collate
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
        wide, high = self.prep.size
        pictures = np.empty((len(turn), high, wide, self.prep.channels), np.uint8)
        factors = np.ones((3, len(turn)), np.float32)
        targets, sizes, ids = [], [], []
        for row, place in enumerate(turn.tolist()):
            picture, index = self._picture(int(order[place]))
            chance = Chance(self.how.seed, epoch, place, index, "augment")
            if self.how.augment is None:
                pictures[row] = fit(picture, self.prep)
            else:
                pictures[row] = shape(picture, self.prep, self.how.augment, chance)
                factors[:, row] = tints(self.how.augment, chance)
            targets.append(self._encode(self.dataset, index))
            sizes.append((picture.shape[1], picture.shape[0]))
            ids.append(self.dataset.name(index))
        return pictures, factors, self._collate(targets), tuple(sizes), tuple(ids)

    def _picture(self, index: int) -> tuple[npt.NDArray[np.uint8], int]:
        for step in range(len(self.dataset)):
            place = (index + step) % len(self.dataset)
            try:
                return self.dataset.draft(place, self._least) if self.training else self.dataset.picture(place), place
            except BadPicture as error:
                if not self.how.skip_bad:
                    mend = "looksay data check shows all of them; --allow-bad-data trains without them"
                    raise BadPicture(error.what, where=error.where, mend=mend) from None
                self.skipped.add(place)
        raise BadData("not one picture can be read", where=self.dataset.source or None)

    def _batch(self, raw: Raw) -> Batch:
        pictures, factors, targets, sizes, ids = raw
        tensor = torch.from_numpy(pictures)
        how = self.how.augment
        if how is not None and (how.brightness or how.contrast or how.saturation):
            tensor = colour(tensor, factors)
        return Batch(normalise(tensor, self.prep), targets, sizes, ids)

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
