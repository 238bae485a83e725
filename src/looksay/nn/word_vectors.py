"""Words and their vectors: which are like which, and a is to b as c is to what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, UnknownName

_TRIED = 50_000  # words that a mistyped one is compared with


class Near(NamedTuple):
    """A word, and the cosine between its vector and what was asked for."""

    word: str
    score: float


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words that all differ, the most frequent first, and `table` (words, size) float32, a row each. `problems` are what a reader
    found that did not keep it from reading."""

    words: tuple[str, ...]
    table: npt.NDArray[np.float32]
    problems: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.table.ndim != 2 or len(self.table) != len(self.words) or not self.table.size:
            raise BadValue(f"{len(self.words)} words with a table of shape {self.table.shape}")
        if len(self.numbers) != len(self.words):
            raise BadValue("a word comes twice")

    def __len__(self) -> int:
        return len(self.words)

    def __iter__(self) -> Iterator[str]:
        return iter(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.numbers

    def __getitem__(self, word: str) -> npt.NDArray[np.float32]:
        return np.asarray(self.table[self.number(word)])

    @property
    def size(self) -> int:
        return int(self.table.shape[1])

    @cached_property
    def numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.words)}

    @cached_property
    def units(self) -> npt.NDArray[np.float32]:
        """The table, every row of length 1 (or 0, where it is nothing but zeros)."""
        long = np.linalg.norm(self.table, axis=1, keepdims=True)
        return np.asarray(self.table / np.where(long > 0, long, 1), np.float32)

    def number(self, word: str) -> int:
        """Its row. Raises UnknownName with the words that it could be."""
        found = self.numbers.get(word)
        if found is None:
            near = self._spelt_like(word)
            mend = "did you mean " + " or ".join(near) + "?" if near else f"there are {len(self):,} words"
            raise UnknownName(f"the vectors do not know the word {word!r}", mend=mend)
        return found

    def _spelt_like(self, word: str) -> list[str]:
        folded = word.casefold()
        same = [each for each in self.words if each.casefold() == folded]
        fitting = [each for each in self.words[:_TRIED] if abs(len(each) - len(word)) <= 2]
        return same[:3] or get_close_matches(word, fitting, n=3, cutoff=0.6)

    def similarity(self, one: str, other: str) -> float:
        """The cosine between the two."""
        return float(self.units[self.number(one)] @ self.units[self.number(other)])

    def similar(self, word: str, count: int = 10) -> list[Near]:
        """The words nearest to it, without itself."""
        number = self.number(word)
        return self.nearest(self.units[number], (number,), count)

    def analogy(self, a: str, b: str, c: str, count: int = 10) -> list[Near]:
        """a is to b as c is to …: the words nearest to b - a + c, all of length 1, without the three themselves."""
        first, second, third = (self.number(word) for word in (a, b, c))
        goal = self.units[second] - self.units[first] + self.units[third]
        return self.nearest(goal, (first, second, third), count)

    def nearest(self, goal: npt.NDArray[np.float32], without: Sequence[int] = (), count: int = 10) -> list[Near]:
        """The words whose vectors point the way that `goal` (size,) does; of equals, the more frequent first."""
        long = float(np.linalg.norm(goal))
        scores = self.units @ (goal / (long or 1.0)).astype(np.float32)
        scores[list(without)] = -np.inf
        count = min(count, len(self) - len(set(without)))
        if count < 1:
            return []
        enough = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
        best = enough[np.argsort(-scores[enough], kind="stable")][:count]
        return [Near(self.words[number], float(scores[number])) for number in best]
