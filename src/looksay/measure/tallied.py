"""Scores that are no means over pictures, such as BLEU: what each picture adds, what the sums come to, how far to trust it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotFinite
from looksay.measure.bootstrap import Paired

Floats = npt.NDArray[np.float64]
Fold = Callable[[Floats], Floats]
_AT_ONCE = 4_000_000  # drawn numbers held in memory


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
        return cls(np.stack([values, np.ones(len(values))], axis=1), lambda sums: sums[:, 0] / sums[:, 1])

    @property
    def score(self) -> float:
        return float(self.fold(self.rows.sum(axis=0, keepdims=True))[0])


def intervals(
    scores: Mapping[str, Tallied], *, seed: int = 0, rounds: int = 2000, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """(low, high) of each score: pictures are drawn with replacement, the same ones for all scores, and each score computed of
    what was drawn; the quantiles (1 ± level) / 2."""
    first = next(iter(scores.values()))
    drawn: dict[str, list[Floats]] = {name: [] for name in scores}
    for weights in _draws(len(first.rows), seed, rounds):
        for name, each in scores.items():
            drawn[name].append(each.fold(weights @ each.rows))
    return {name: _quantiles(np.concatenate(parts), level) for name, parts in drawn.items()}


def paired(a: Tallied, b: Tallied, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> Paired:
    """Two systems on the same pictures, in the same order."""
    if len(a.rows) != len(b.rows):
        raise BadValue(f"{len(a.rows)} and {len(b.rows)} pictures are to be paired", mend="score both systems on the same ones")
    parts = [a.fold(weights @ a.rows) - b.fold(weights @ b.rows) for weights in _draws(len(a.rows), seed, rounds)]
    found = np.concatenate(parts)
    wins = float((found > 0).mean() + (found == 0).mean() / 2)
    return Paired(a.score - b.score, *_quantiles(found, level), wins)


def _draws(pictures: int, seed: int, rounds: int) -> Iterator[Floats]:
    """(R, N) how often each picture is drawn in each round."""
    rng, step = np.random.default_rng(seed), max(1, _AT_ONCE // pictures)
    for start in range(0, rounds, step):
        some = min(step, rounds - start)
        chosen = rng.integers(0, pictures, size=(some, pictures))
        flat = np.bincount((chosen + pictures * np.arange(some)[:, None]).ravel(), minlength=some * pictures)
        yield flat.reshape(some, pictures).astype(np.float64)


def _quantiles(values: Floats, level: float) -> tuple[float, float]:
    if not 0.0 < level < 1.0:
        raise BadValue(f"the level of an interval is {level}", mend="give a share between 0 and 1, such as 0.95")
    low, high = np.quantile(values, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)
