"""CIDEr-D of a few captions at a time, as a reward to learn from: how rare words are, the training captions say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, Self

from looksay.data.dataset import Dataset
from looksay.measure.caption_scores import SIGMA
from looksay.measure.ptb import tokens

Gram = tuple[str, ...]


class CiderD:
    """The official score, but for the document frequencies: those of all `truth`, a list of captions for each picture."""

    def __init__(self, truth: Iterable[Sequence[str]]) -> None:
        self.pictures = 0
        self.often: Counter[Gram] = Counter()
        for captions in truth:
            self.pictures += 1
            self.often.update(set(chain.from_iterable(gram for text in captions for gram in grams(tokens(text)))))

    @classmethod
    def of(cls, dataset: Dataset) -> Self:
        return cls([caption.text for caption in dataset.captions(index)] for index in range(len(dataset)))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self  # it is never changed, and may be large

    def __call__(self, said: Sequence[str], truth: Sequence[Sequence[str]]) -> list[float]:
        """0 to 10 for each caption, against its references."""
        return [self._score(text, known) for text, known in zip(said, truth, strict=True)]

    def _score(self, text: str, truth: Sequence[str]) -> float:
        mine, total = self._weighed(text), 0.0
        for reference in truth:
            theirs = self._weighed(reference)
            apart = mine.length - theirs.length
            cosine = sum(_cosine(mine, theirs, n) for n in range(4))
            total += cosine * math.exp(-(apart**2) / (2 * SIGMA**2))
        return 10 / 4 * total / len(truth)

    def _weighed(self, text: str) -> _Weighed:
        words, all_ = tokens(text), math.log(self.pictures)
        tables = [
            {gram: count * (all_ - math.log(max(self.often[gram], 1))) for gram, count in Counter(some).items()}
            for some in grams(words)
        ]
        norms = [math.sqrt(math.fsum(value**2 for value in table.values())) for table in tables]
        return _Weighed(tables, norms, max(len(words) - 1, 0))


class _Weighed:
    """A sentence's n-grams, counted and weighed by how rare they are; `length` in bigrams, as the official scorer has it."""

    def __init__(self, tables: list[dict[Gram, float]], norms: list[float], length: int) -> None:
        self.tables, self.norms, self.length = tables, norms, length


def grams(words: Sequence[str]) -> list[list[Gram]]:
    """For n = 1 to 4."""
    return [[tuple(words[place : place + n]) for place in range(len(words) - n + 1)] for n in range(1, 5)]


def _cosine(said: _Weighed, known: _Weighed, n: int) -> float:
    mine, below = said.tables[n], said.norms[n] * known.norms[n]
    both = math.fsum(min(mine[gram], value) * value for gram, value in known.tables[n].items() if gram in mine)
    return both / below if below else 0.0
