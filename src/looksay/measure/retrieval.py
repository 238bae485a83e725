"""Finding the picture that a sentence means, and the sentence that a picture is told by: recall and ranks in both directions; and
perplexity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotFinite
from looksay.measure.tallied import Floats, Tallied, intervals

Ints = npt.NDArray[np.int64]
KEPT = (1, 5, 10)


@dataclass(frozen=True, eq=False)
class Retrieval:
    """`pictures` (M,) the rank that each sentence gives its own picture, `sentences` (N,) the best rank that each picture gives
    one of its own sentences; 1 is the first. `owner` (M,) the picture of each sentence."""

    pictures: Ints
    sentences: Ints
    owner: Ints

    def __len__(self) -> int:
        return len(self.sentences)

    def tallied(self) -> dict[str, Tallied]:
        """R@1, R@5, R@10 of each direction, as shares."""
        found = {}
        many = np.bincount(self.owner, minlength=len(self)).astype(np.float64)
        for most in KEPT:
            hits = np.bincount(self.owner, self.pictures <= most, len(self))
            found[f"picture R@{most}"] = Tallied(np.stack([hits, many], axis=1), _share)
            found[f"sentence R@{most}"] = Tallied.mean((self.sentences <= most).astype(np.float64))
        return {name: found[name] for name in sorted(found, key=lambda name: name.split(" ")[0])}

    def numbers(self) -> dict[str, float]:
        """Recalls as shares and median ranks: 'picture …' of pictures found by a sentence, 'sentence …' of sentences found for a
        picture."""
        found = {name: each.score for name, each in self.tallied().items()}
        return found | {
            "picture median rank": float(np.median(self.pictures)),
            "sentence median rank": float(np.median(self.sentences)),
        }

    def intervals(self, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Of the recalls: pictures are drawn with replacement, and their sentences with them."""
        return intervals(self.tallied(), seed=seed, rounds=rounds, level=level)


def _share(sums: Floats) -> Floats:
    return np.asarray(sums[:, 0] / sums[:, 1], np.float64)


def retrieval(similarity: npt.ArrayLike, owner: Sequence[int] | Ints) -> Retrieval:
    """`similarity` (N, M) of pictures and sentences, the greater the nearer; `owner` (M,) the row of each sentence's own picture.

    A rank counts the others that are as near or nearer: a system that finds everything alike has found nothing.
    """
    near, own = np.asarray(similarity, np.float64), np.asarray(owner, np.int64)
    if near.ndim != 2 or own.shape != near.shape[1:]:
        raise BadValue(f"similarities of shape {near.shape} have owners of shape {own.shape}", mend="(pictures, sentences)")
    if not near.size:
        raise BadValue("there is nothing to find", mend="give one picture and one sentence, or more")
    if not np.isfinite(near).all():
        row, column = np.argwhere(~np.isfinite(near))[0]
        raise NotFinite(f"a similarity is {near[row, column]}", where=f"picture {row}, sentence {column}")
    if own.min() < 0 or own.max() >= len(near):
        raise BadValue(f"a sentence is of picture {own.min() if own.min() < 0 else own.max()}", mend=f"there are {len(near)}")
    alone = np.flatnonzero(np.bincount(own, minlength=len(near)) == 0)
    if alone.size:
        raise BadValue("has no sentence", where=f"picture {alone[0]}", mend="leave it out, or give it one")
    mine = own == np.arange(len(near))[:, None]
    true = near[own, np.arange(len(own))]
    pictures = (near >= true).sum(axis=0)  # its own picture is one of them
    best = np.where(mine, near, -np.inf).max(axis=1, keepdims=True)
    sentences = 1 + ((near >= best) & ~mine).sum(axis=1)
    return Retrieval(pictures.astype(np.int64), sentences.astype(np.int64), own)


def perplexity(logs: npt.ArrayLike, counts: npt.ArrayLike) -> Tallied:
    """Of N texts: `logs` (N,) their log-probabilities (natural), `counts` (N,) their tokens, the one that ends a text included.
    The score is exp of the mean loss a token."""
    told, many = np.asarray(logs, np.float64), np.asarray(counts, np.float64)
    if told.ndim != 1 or told.shape != many.shape or not told.size:
        raise BadValue(f"log-probabilities {told.shape} and counts {many.shape} of texts", mend="one of each for each text")
    if (many <= 0).any() or (told > 0).any():
        raise BadValue("a text has no tokens, or a log-probability above 0", where=f"text {np.argmax((many <= 0) | (told > 0))}")
    return Tallied(np.stack([told, many], axis=1), lambda sums: np.exp(np.minimum(-sums[:, 0] / sums[:, 1], math.log(1e300))))
