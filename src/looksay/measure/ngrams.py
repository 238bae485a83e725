"""Hypotheses and references as flat arrays of numbers, and all their n-grams counted at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Tokens = Sequence[str]


@dataclass(frozen=True, eq=False)
class Grams:
    """The n-grams of one n. An entry is an n-gram of a sentence with its `count` there; `gram` numbers them, there are `kinds`.
    `hyp` and `ref` say whose entry it is: a picture, a reference. `match` is the entry of the same picture's hypothesis with the
    same n-gram for each entry of a reference, -1 where there is none."""

    hyp: Ints
    hyp_gram: Ints
    hyp_count: Ints
    ref: Ints
    ref_gram: Ints
    ref_count: Ints
    match: Ints
    kinds: int


@dataclass(frozen=True, eq=False)
class Sentences:
    """N hypotheses with M references in all. `words` are the numbers of all tokens, hypotheses first, sentence after sentence;
    `lengths` (N + M,) tokens of each; `owner` (M,) the picture of each reference, in order."""

    words: Ints
    lengths: Ints
    owner: Ints
    vocabulary: int

    @classmethod
    def of(cls, hypotheses: Sequence[Tokens], references: Sequence[Sequence[Tokens]]) -> Sentences:
        if len(hypotheses) != len(references):
            raise BadValue(f"{len(hypotheses)} sentences are to be scored against the references of {len(references)}")
        if not hypotheses:
            raise BadValue("there is nothing to score", mend="give one sentence, or more")
        alone = next((row for row, some in enumerate(references) if not some), None)
        if alone is not None:
            raise BadValue("has no reference", where=f"sentence {alone}", mend="each sentence needs one, or more")
        sentences = [*hypotheses, *chain.from_iterable(references)]
        known: defaultdict[str, int] = defaultdict(count().__next__)
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        flat = np.fromiter(map(known.__getitem__, chain.from_iterable(sentences)), np.int64, int(lengths.sum()))
        owner = np.repeat(np.arange(len(references)), [len(some) for some in references])
        return cls(flat, lengths, owner, max(len(known), 1))

    def __len__(self) -> int:
        return len(self.lengths) - len(self.owner)

    @property
    def hyp_lengths(self) -> Ints:
        return self.lengths[: len(self)]

    @property
    def ref_lengths(self) -> Ints:
        return self.lengths[len(self) :]

    @cached_property
    def first(self) -> Ints:
        """Each picture's first reference."""
        return np.flatnonzero(np.diff(self.owner, prepend=-1))

    @cached_property
    def grams(self) -> tuple[Grams, ...]:
        """For n = 1 to 4."""
        whose = np.repeat(np.arange(len(self.lengths)), self.lengths)
        left = np.repeat(np.cumsum(self.lengths), self.lengths) - np.arange(len(self.words))  # tokens to the sentence's end
        place, gram, found = np.arange(len(self.words)), self.words, list[Grams]()
        kinds = self.vocabulary
        for n in range(1, 5):
            if n > 1:
                fits = left[place] >= n
                place = place[fits]
                # Each n-gram is the shorter one and a word more; numbered anew, so that numbers never grow beyond the entries.
                gram, kinds = _numbered(gram[fits] * self.vocabulary + self.words[place + n - 1])
            found.append(self._counted(whose[place], gram, kinds))
        return tuple(found)

    def _counted(self, whose: Ints, gram: Ints, kinds: int) -> Grams:
        entries, counts = np.unique(whose * max(kinds, 1) + gram, return_counts=True)
        whose, gram = np.divmod(entries, max(kinds, 1))
        cut = int(np.searchsorted(whose, len(self)))
        ref = whose[cut:] - len(self)
        wanted = self.owner[ref] * max(kinds, 1) + gram[cut:]
        match = np.full(len(wanted), -1, np.int64)
        if cut:
            there = np.minimum(np.searchsorted(entries[:cut], wanted), cut - 1)
            match = np.where(entries[there] == wanted, there, -1)
        return Grams(whose[:cut], gram[:cut], counts[:cut], ref, gram[cut:], counts[cut:], match, kinds)


def _numbered(codes: Ints) -> tuple[Ints, int]:
    kinds, numbers = np.unique(codes, return_inverse=True)
    return numbers, len(kinds)
