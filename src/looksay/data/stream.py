"""From a text's numbers to batches: streams that go on where the batch before ended, or lines from START to STOP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from looksay.data.bucket import bucketed, in_order
from looksay.data.loader import Feeding
from looksay.errors import BadData
from looksay.nn.chance import hash_of
from looksay.nn.system import Batch
from looksay.nn.vocabulary import Vocabulary

NONE = -100  # no word follows here
LEAST = 4  # steps of an epoch, at least, where a text is short: then there are fewer streams
JUDGED, ENOUGH = 16, 512  # streams while judging, at most, and places of each, at least: their first ones have no past


class Numbered(Protocol):
    source: str
    split: str
    numbers: npt.NDArray[np.unsignedinteger[npt.NBitBase]]
    starts: npt.NDArray[np.int64] | None

    def __len__(self) -> int: ...


class Stream:
    """Parallel streams, each a stretch of the text, `length` characters or words of each at a time. 'words' (N, T) int64, 'next'
    (N, T) what follows each, 'fresh' where the streams begin; otherwise a batch goes on where the one before it ended. While
    learning, an epoch begins at another place each time; while judging, every character but the first is predicted once."""

    def __init__(self, text: Numbered, how: Feeding, length: int) -> None:
        self.dataset, self.length, self.learning = text, length, how.augment is not None
        self.waited, self.skipped = 0.0, set[int]()
        count = len(text)
        if count < (LEAST * length if self.learning else 2):
            what = f"has {count:,} characters or words in its split {text.split!r}, too few for {length} steps back in time"
            raise BadData(what, where=text.source, mend="give more text, or --set settings.length=16")
        most = (count - length) // (LEAST * length) if self.learning else min(JUDGED, count // ENOUGH)
        self.how = replace(how, batch_size=max(min(how.batch_size, most), 1))
        rows = self.how.batch_size
        self.span = (count - length) // rows if self.learning else -(-(count - 1) // rows)

    @property
    def steps(self) -> int:
        return self.span // self.length if self.learning else -(-self.span // self.length)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        first = hash_of(self.how.seed, epoch) % self.length if self.learning else 0
        rows, part = np.arange(self.how.batch_size), self.how.part
        mine = np.array_split(rows, part.world)[part.rank]
        for step in range(start, self.steps):
            begin, width = step * self.length, min(self.length, self.span - step * self.length)
            places = first + mine[:, None] * self.span + begin + np.arange(width + 1)
            yield self._batch(places, fresh=step == 0)

    def _batch(self, places: npt.NDArray[np.int64], *, fresh: bool) -> Batch:
        last = len(self.dataset) - 1
        found = torch.from_numpy(self.dataset.numbers[np.minimum(places, last)].astype(np.int64))
        said, follow = found[:, :-1], found[:, 1:].clone()
        follow[torch.from_numpy(places[:, 1:] > last)] = NONE
        ids = tuple(f"place {first:,}" for first in places[:, 0])
        size = (said.shape[1], 1)
        return Batch(torch.zeros(len(said), 0), {"words": said, "next": follow, "fresh": fresh}, (size,) * len(said), ids)


class Lines:
    """Each line for itself, like lengths together: 'words' (N, T) from START on, 'next' (N, T) up to STOP, 'lengths' (N,), the
    longest first; what stands behind a row's end is never computed."""

    def __init__(self, text: Numbered, how: Feeding) -> None:
        assert text.starts is not None
        self.dataset, self.how, self.learning = text, how, how.augment is not None
        self.waited, self.skipped = 0.0, set[int]()
        self.starts = text.starts
        self.lengths = np.diff(text.starts) + 1  # STOP
        if not len(self.lengths):
            raise BadData("has no lines", where=text.source)

    @property
    def steps(self) -> int:
        count, size = len(self.lengths), self.how.batch_size
        return max(count // size, 1) if self.learning else -(-count // size)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[Batch]:
        size, part = self.how.batch_size, self.how.part
        turns = bucketed(self.lengths, size, self.how.seed, epoch) if self.learning else in_order(self.lengths, size)
        for turn in turns[start:]:
            mine = turn[part.rank : len(turn) // part.world * part.world : part.world]
            yield self._batch(mine)

    def _batch(self, turn: npt.NDArray[np.int64]) -> Batch:
        lengths = torch.from_numpy(self.lengths[turn])
        said = torch.full((len(turn), int(lengths.max())), Vocabulary.stop)
        said[:, 0] = Vocabulary.start
        follow = torch.full_like(said, NONE)
        for row, place in enumerate(turn):
            line = torch.from_numpy(self.dataset.numbers[self.starts[place] : self.starts[place + 1]].astype(np.int64))
            said[row, 1 : len(line) + 1], follow[row, : len(line)] = line, line
            follow[row, len(line)] = Vocabulary.stop
        targets = {"words": said, "next": follow, "lengths": lengths}
        sizes = tuple((int(length), 1) for length in lengths)
        return Batch(torch.zeros(len(turn), 0), targets, sizes, tuple(f"line {place + 1:,}" for place in turn))
