"""Scores of classification. Batches stream in, tallies of processes merge, every number comes from the same few arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData, BadValue, NotFinite
from looksay.measure import bootstrap
from looksay.measure.calibration import Reliability, reliability
from looksay.measure.results import Score

Ints = npt.NDArray[np.int32]
Floats32 = npt.NDArray[np.float32]
LEAST = float(np.finfo(np.float32).eps)  # a probability of 0 would make one picture's loss infinite


class PerClass(NamedTuple):
    """`precision` is NaN for a class that was never said, `recall` for one that never occurs, `f1` when both hold."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    said: int


class Confusion(NamedTuple):
    """So many `pictures` of `truth` were called `said`; `share` is of all pictures of `truth`."""

    truth: str
    said: str
    pictures: int
    share: float


class Tally:
    """Takes batches in, keeps six small numbers (and the id) of each picture, never the scores of all classes.

    Ties are settled by position: the target ranks after every strictly larger score and after equal ones of lower index.
    So the answer is the first maximum, and a system that scores all classes alike is right only about the first class.
    """

    def __init__(self, classes: Sequence[str], *, logits: bool) -> None:
        if not classes or len(set(classes)) != len(classes):
            raise BadValue(
                f"{len(classes)} classes, {len(set(classes))} of them different", mend="give each class once, at least one"
            )
        self.classes, self.logits = tuple(classes), logits
        self._ids: list[str] = []
        self._parts: list[tuple[npt.NDArray[Any], ...]] = []

    def __len__(self) -> int:
        return sum(len(part[0]) for part in self._parts)

    def add(self, scores: npt.ArrayLike, target: npt.ArrayLike, ids: Sequence[str] = ()) -> None:
        """`scores` (N, K), probabilities or logits as said before; `target` (N,) indices; `ids` with every batch or none."""
        table, truth = np.asarray(scores), np.asarray(target)
        self._check(table, truth, ids)
        if not len(truth):
            return
        chance, loss = self._chances(table.astype(np.float64), truth, ids)
        rows = np.arange(len(truth))
        own = table[rows, truth][:, None]
        before = np.arange(len(self.classes)) < truth[:, None]
        rank = ((table > own) | ((table == own) & before)).sum(axis=1)
        brier = (chance**2).sum(axis=1) - 2 * chance[rows, truth] + 1
        self._parts.append((
            truth.astype(np.int32), table.argmax(axis=1).astype(np.int32), rank.astype(np.int32),
            chance.max(axis=1).astype(np.float32), loss.astype(np.float32), brier.astype(np.float32),
        ))  # fmt: skip
        self._ids.extend(str(name) for name in ids)

    def merge(self, other: Tally) -> None:
        """Take in what another process has counted. Pictures that both have counted are found by result()."""
        if (self.classes, self.logits) != (other.classes, other.logits):
            raise BadValue("the tallies are of different classes or kinds of scores", mend="make both with the same arguments")
        if self._parts and other._parts and bool(self._ids) != bool(other._ids):
            raise BadValue("one tally has ids and the other has none", mend="give ids to both or to neither")
        self._parts.extend(other._parts)
        self._ids.extend(other._ids)

    def result(self) -> Classification:
        """Everything so far. With ids the pictures are sorted by them, so the order of batches and processes does not matter."""
        if not self._parts:
            raise BadData("no picture was scored", mend="the split is empty, or its loader gave nothing")
        columns = [np.concatenate(part) for part in zip(*self._parts, strict=True)]
        ids = np.array(self._ids, dtype=object)
        if self._ids:
            order = np.argsort(ids, kind="stable")
            ids, columns = ids[order], [column[order] for column in columns]
            twice = np.flatnonzero(ids[1:] == ids[:-1])
            if len(twice):
                raise BadData(
                    f"{len(twice)} pictures were scored more than once", where=f"picture {ids[twice[0]]}", mend="score each once"
                )
        for column in columns:
            column.setflags(write=False)
        unit = "nats" if self.logits else f"nats, probabilities below {LEAST:.2g} count as that"
        return Classification(self.classes, tuple(ids), unit, *columns)

    def _check(self, table: npt.NDArray[Any], truth: npt.NDArray[Any], ids: Sequence[str]) -> None:
        if table.ndim != 2 or table.shape[1] != len(self.classes) or truth.shape != table.shape[:1]:
            raise BadValue(
                f"scores of shape {table.shape} and targets of shape {truth.shape}",
                mend=f"give (N, {len(self.classes)}) and (N,)",
            )
        if truth.dtype.kind not in "iu":
            raise BadValue(f"targets are {truth.dtype}", mend="give the indices of classes")
        if len(ids) not in (0, len(truth)) or (len(self) and len(truth) and bool(len(ids)) != bool(self._ids)):
            raise BadValue(f"{len(ids)} ids for {len(truth)} pictures", mend="give ids with every batch or with none")
        bad = (truth < 0) | (truth >= len(self.classes))
        if bad.any():
            raise BadData(
                f"{int(bad.sum())} pictures have no class", where=self._name(ids, bad), mend="leave out pictures without a label"
            )
        lost = ~np.isfinite(table).all(axis=1)
        if lost.any():
            raise NotFinite(f"the scores of {int(lost.sum())} pictures are not finite", where=self._name(ids, lost))

    def _chances(self, table: npt.NDArray[np.float64], truth: npt.NDArray[Any], ids: Sequence[str]) -> tuple[Any, Any]:
        rows = np.arange(len(truth))
        if self.logits:
            shifted = table - table.max(axis=1, keepdims=True)
            logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
            return np.exp(logs), -logs[rows, truth]
        wrong = (table.min(axis=1) < 0) | (np.abs(table.sum(axis=1) - 1) > 0.01)
        if wrong.any():
            mend = "they must be 0 or more and sum to 1; say logits=True if they are logits"
            raise BadValue("these scores are no probabilities", where=self._name(ids, wrong), mend=mend)
        chance = np.minimum(table, 1.0)
        return chance, -np.log(np.maximum(chance[rows, truth], LEAST))

    def _name(self, ids: Sequence[str], bad: npt.NDArray[np.bool_]) -> str:
        first = int(np.argmax(bad))
        return f"picture {ids[first]}" if len(ids) else f"picture {len(self) + first} of the stream"


@dataclass(frozen=True, eq=False)
class Classification:
    """One entry for each picture: `target` and `said` (class indices), `rank` (of the target, 0 is best), `confidence` (of
    what was said), `loss` (negative log likelihood, in the `unit`) and `brier` (0 … 2). `ids` is empty when none were given."""

    classes: tuple[str, ...]
    ids: tuple[str, ...]
    unit: str
    target: Ints
    said: Ints
    rank: Ints
    confidence: Floats32
    loss: Floats32
    brier: Floats32

    def __len__(self) -> int:
        return len(self.target)

    @property
    def hits(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rank == 0)

    def top(self, k: int) -> float:
        """The share of pictures whose class is among the k best-scored ones."""
        if not 1 <= k <= len(self.classes):
            raise BadValue(f"top-{k} of {len(self.classes)} classes", mend=f"k goes from 1 to {len(self.classes)}")
        return float((self.rank < k).mean())

    def matrix(self) -> npt.NDArray[np.int64]:
        """(K, K) counts, rows the truth, columns what was said."""
        size = len(self.classes)
        flat = self.target.astype(np.int64) * size + self.said
        return np.bincount(flat, minlength=size * size).reshape(size, size)

    def per_class(self) -> tuple[PerClass, ...]:
        size = len(self.classes)
        right = np.bincount(self.target[self.hits], minlength=size)
        support, said = np.bincount(self.target, minlength=size), np.bincount(self.said, minlength=size)
        columns = (_ratio(right, said), _ratio(right, support), _ratio(2 * right, support + said))
        precision, recall, f1 = (column.tolist() for column in columns)
        return tuple(map(PerClass, self.classes, precision, recall, f1, support.tolist(), said.tolist()))

    def macro_accuracy(self) -> float:
        """The mean recall of the classes that occur: each class counts the same, however many pictures it has."""
        return float(np.nanmean([row.recall for row in self.per_class()]))

    def macro_f1(self) -> float:
        """The mean F1 of the classes that occur or were said."""
        return float(np.nanmean([row.f1 for row in self.per_class()]))

    def majority(self) -> float:
        """What saying the most frequent class of these very pictures every time would score."""
        return float(np.bincount(self.target).max() / len(self))

    def reliability(self, bins: int = 15) -> Reliability:
        return reliability(self.confidence, self.hits, bins)

    def confused(self, limit: int = 20) -> list[Confusion]:
        """The most frequent confusions, the most pictures first."""
        wrong = ~self.hits
        pairs, counts = np.unique(np.stack((self.target[wrong], self.said[wrong])), axis=1, return_counts=True)
        support = np.bincount(self.target, minlength=len(self.classes))
        order = np.argsort(-counts, kind="stable")[:limit]
        return [
            Confusion(self.classes[t], self.classes[s], int(count), float(count / support[t]))
            for t, s, count in zip(*pairs[:, order], counts[order], strict=True)
        ]

    def mistakes(self) -> npt.NDArray[np.intp]:
        """Where it erred, the most confident error first."""
        wrong = np.flatnonzero(~self.hits)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def scores(self, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> tuple[Score, ...]:
        """The table of scores, top-1 first. Top-5 is left out where five classes are all there are."""
        n = len(self)
        how = f"{100 * level:g} % bootstrap over pictures, {rounds} rounds, seed {seed}"

        def mean(name: str, values: npt.NDArray[Any], settings: str, share: bool) -> Score:
            low, high = bootstrap.interval(values, seed=seed, rounds=rounds, level=level)
            return Score(name, float(np.mean(values, dtype=np.float64)), n, low, high, f"{settings}{how}", share)

        low, high = bootstrap.stratified(self.hits, self.target, seed=seed, rounds=rounds, level=level)
        occurring = f"mean recall of {len(np.unique(self.target))} classes; {how}, within classes"
        found = [mean("top-1", self.hits, "", True)]
        if len(self.classes) > 5:
            found.append(mean("top-5", self.rank < 5, "", True))
        return (
            *found,
            Score("macro accuracy", self.macro_accuracy(), n, low, high, occurring),
            Score("macro F1", self.macro_f1(), n, settings="classes that occur or were said"),
            Score("majority", self.majority(), n, settings="always the most frequent class of these pictures"),
            mean("negative log likelihood", self.loss, f"{self.unit}; ", False),
            mean("Brier score", self.brier, "sum over classes, 0 to 2; ", False),
            Score("calibration error", self.reliability().error, n, settings="15 bins of equal width"),
        )


def _ratio(top: npt.NDArray[Any], bottom: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """NaN where there is nothing to divide by."""
    return top / np.where(bottom > 0, bottom, np.nan)
