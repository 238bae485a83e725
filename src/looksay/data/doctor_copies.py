"""Pictures that are there twice: by the bytes of their files, and by their look."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.data import phash
from looksay.data.dataset import RawItem
from looksay.data.doctor_findings import Finding
from looksay.data.doctor_probe import Look
from looksay.data.files import canonical

Places: TypeAlias = npt.NDArray[np.int64]

MOST_PAIRS = 2_000_000_000  # that the search may look at: some minutes
TRIES = 4  # likely copies of one picture that are compared closely
RANK = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True)
class Copy:
    """Two pictures, by their place among all, that show the same. `exact`: byte by byte. The first is the one to leave out."""

    kind: str
    drop: int
    keep: int
    exact: bool


@dataclass
class Copies:
    """What is remembered of each picture: some 300 bytes."""

    splits: Sequence[str]
    lengths: Sequence[int]
    cut_short: str = ""
    content: npt.NDArray[np.uint64] = field(init=False)
    code: phash.Codes = field(init=False)
    small: phash.Thumb = field(init=False)
    labels: npt.NDArray[np.int64] = field(init=False)  # hash of the picture's labels, 0 for none
    truth: npt.NDArray[np.int64] = field(init=False)  # hash of all that is said of the picture
    rank: npt.NDArray[np.int64] = field(init=False)  # of the split: training first
    seekable: npt.NDArray[np.bool_] = field(init=False)  # shows enough to be recognised

    def __post_init__(self) -> None:
        count = sum(self.lengths)
        self.content, self.code = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
        self.small = np.zeros((count, phash.SMALL, phash.SMALL), np.uint8)
        self.labels, self.truth = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.seekable = np.zeros(count, np.bool_)
        order = sorted(range(len(self.splits)), key=lambda at: (RANK.get(canonical(self.splits[at]), 1), at))
        self.rank = np.repeat(np.argsort(order), self.lengths)

    def put(self, place: int, look: Look, item: RawItem) -> None:
        if look.small is None:
            return
        self.content[place] = look.content
        self.code[place] = look.code
        self.small[place] = look.small
        self.seekable[place] = not look.flat
        self.labels[place] = hash(tuple(sorted(item.labels))) if item.labels else 0
        boxes = sorted((raw.name, raw.box) for raw in item.boxes)
        self.truth[place] = hash((tuple(sorted(item.labels)), tuple(boxes)))

    def found(self, thumb: Callable[[int], phash.Thumb | None]) -> Iterator[Copy]:
        """All copies. `thumb(place)` decodes a picture once more, None where it cannot be."""
        firsts, groups = self._groups()
        yield from self._exact(firsts, groups)
        yield from self._alike(firsts[self.seekable[firsts]], groups, thumb)

    def _groups(self) -> tuple[Places, dict[int, list[int]]]:
        """The first picture of each content in each split; and, where there are more of them, first → all, itself included."""
        places = np.flatnonzero(self.content)
        places = places[np.lexsort((places, self.rank[places], self.content[places]))]
        fresh = np.ones(len(places), np.bool_)
        for values in (self.content, self.rank):
            fresh[1:] &= values[places][1:] == values[places][:-1]
        fresh[1:] = ~fresh[1:]
        starts = np.flatnonzero(fresh)
        ends = np.append(starts[1:], len(places))
        several = np.flatnonzero(ends - starts > 1)
        groups = {int(places[starts[at]]): places[starts[at] : ends[at]].tolist() for at in several}
        return places[starts], groups

    def _exact(self, firsts: Places, groups: dict[int, list[int]]) -> Iterator[Copy]:
        for first, members in groups.items():
            for other in members[1:]:
                yield Copy("twin" if self.truth[other] == self.truth[first] else "conflict", other, first, True)
        # Firsts of one content stand together, by rank: training first.
        for at, first in enumerate(firsts.tolist()):
            for later in firsts[at + 1 :]:
                if self.content[later] != self.content[first]:
                    break
                yield from (Copy("leak", place, int(later), True) for place in groups.get(first, [first]))

    def _alike(self, firsts: Places, groups: dict[int, list[int]], thumb: Callable[[int], phash.Thumb | None]) -> Iterator[Copy]:
        if phash.effort(self.code[firsts]) > MOST_PAIRS:
            self.cut_short = f"{len(firsts):,} pictures look too much alike: only exact copies were sought"
            return
        for (drop, _, kind), others in sorted(self._likely(firsts).items()):
            mine = thumb(drop)
            for _, keep in sorted(others)[:TRIES]:
                yours = thumb(keep)
                if mine is not None and yours is not None and phash.same(mine[None], yours[None])[0]:
                    yield from (Copy(kind, place, keep, False) for place in groups.get(drop, [drop]))
                    break

    def _likely(self, firsts: Places) -> dict[tuple[int, int, str], list[tuple[int, int]]]:
        """(the one to leave out, rank of the other's split, kind) → (distance, the other): what passes the small thumbs."""
        likely: dict[tuple[int, int, str], list[tuple[int, int]]] = defaultdict(list)
        for i, j in phash.candidates(self.code[firsts]):
            a, b = firsts[i], firsts[j]
            within = self.rank[a] == self.rank[b]
            # Within a split near copies (frames of a film) are no fault, but if they are labelled differently.
            matters = np.where(within, self.labels[a] != self.labels[b], self.content[a] != self.content[b])
            a, b = a[matters], b[matters]
            alike = phash.same(self.small[a], self.small[b])
            for one, other in zip(a[alike].tolist(), b[alike].tolist(), strict=True):
                keep, drop = sorted((one, other), key=lambda place: (-self.rank[place], place))
                inside = self.rank[one] == self.rank[other]
                bits = int(phash.distance(self.code[one], self.code[other]))
                found = likely[drop, int(self.rank[keep]), "conflict" if inside else "near-leak"]
                found.append((bits, keep))
                if len(found) > 16 * TRIES:
                    found[:] = sorted(found)[:TRIES]
        return likely


def finding(copy: Copy, place: Callable[[int], str], split: Callable[[int], str]) -> Finding:
    other, same = place(copy.keep), "the same picture" if copy.exact else "nearly the same picture"
    if copy.kind == "twin":
        return Finding("twin", place(copy.drop), f"the same picture as {other}", "keep one of them")
    if copy.kind == "conflict":
        return Finding("conflict", place(copy.drop), f"{same} as {other}, but labelled differently", "keep the one that is right")
    what = f"in {split(copy.drop)}, but {same} as {other} in {split(copy.keep)}"
    return Finding(copy.kind, place(copy.drop), what, "keep it in one split only")
