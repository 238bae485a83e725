"""Scores that are no means over pictures, such as BLEU: what each picture adds, what the sums come to, how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotFinite
from looksay.measure.bootstrap import Paired, middle, sums

Floats = npt.NDArray[np.float64]
Fold = Callable[[Floats], Floats]


@dataclass(frozen=True, eq=False)
class Tallied:
    """`rows` (N, K): what each picture adds. `fold`: (R, K) sums over pictures → (R,) scores."""

    rows: Floats
    fold: Fold

    def __post_init__(self) -> None:
        if self.rows.ndim != 2 or not len(self.rows):
            raise BadValue(f"the statistics have the shape {self.rows.shape}", mend="one row for each picture, and at least one")
        if not np.isfinite(self.rows).all():
            raise NotFinite("statistics of pictures are not finite", where=f"row {np.isfinite(self.rows).all(axis=1).argmin()}")

    @classmethod
    def mean(cls, values: Floats) -> Tallied:
        """A score that is a mean over pictures."""
        return cls(np.stack([values, np.ones(len(values))], axis=1), lambda total: total[:, 0] / total[:, 1])

    @property
    def score(self) -> float:
        return float(self.fold(self.rows.sum(axis=0, keepdims=True))[0])


def intervals(
    scores: Mapping[str, Tallied], *, seed: int = 0, rounds: int = 2000, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """(low, high) of each score: pictures are drawn with replacement, the same ones for all scores, and each score computed of
    what was drawn; the quantiles (1 ± level) / 2."""
    drawn = sums(np.concatenate([each.rows for each in scores.values()], axis=1), seed=seed, rounds=rounds)
    ends = np.cumsum([each.rows.shape[1] for each in scores.values()])[:-1]
    parts = np.split(drawn, ends, axis=1)
    return {name: middle(each.fold(part), level) for (name, each), part in zip(scores.items(), parts, strict=True)}


def paired(a: Tallied, b: Tallied, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> Paired:
    """Two systems on the same pictures, in the same order."""
    if len(a.rows) != len(b.rows):
        raise BadValue(f"{len(a.rows)} and {len(b.rows)} pictures are to be paired", mend="score both systems on the same ones")
    drawn = sums(np.concatenate([a.rows, b.rows], axis=1), seed=seed, rounds=rounds)
    found = a.fold(drawn[:, : a.rows.shape[1]]) - b.fold(drawn[:, a.rows.shape[1] :])
    wins = float((found > 0).mean() + (found == 0).mean() / 2)
    return Paired(a.score - b.score, *middle(found, level), wins)
