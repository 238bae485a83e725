"""How far a measured mean can be trusted: percentile bootstrap over pictures, the same numbers for the same seed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotFinite

Floats = npt.NDArray[np.float64]
_FEW = 64  # up to so many distinct values a resample is drawn as counts of values, not as pictures
_AT_ONCE = 4_000_000  # drawn numbers held in memory


class Paired(NamedTuple):
    """The mean of a - b over the same pictures, its interval, and the share of resamples that a wins (a tie is half a win)."""

    difference: float
    low: float
    high: float
    wins: float


def interval(values: npt.ArrayLike, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> tuple[float, float]:
    """(low, high) of the mean of per-picture scores: the quantiles (1 ± level) / 2 of the means of `rounds` resamples."""
    return _quantiles(_means(_checked(values, "scores"), np.random.default_rng(seed), rounds), level)


def paired(a: npt.ArrayLike, b: npt.ArrayLike, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> Paired:
    """Two systems on the same pictures, in the same order: the pictures are resampled, so what both find hard cancels."""
    first, second = _checked(a, "first system's scores"), _checked(b, "second system's scores")
    if len(first) != len(second):
        raise BadValue(f"{len(first)} and {len(second)} scores are to be paired", mend="score both systems on the same pictures")
    means = _means(first - second, np.random.default_rng(seed), rounds)
    wins = float((means > 0).mean() + (means == 0).mean() / 2)
    return Paired(float((first - second).mean()), *_quantiles(means, level), wins)


def stratified(
    values: npt.ArrayLike, groups: npt.ArrayLike, *, seed: int = 0, rounds: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """(low, high) of the mean over groups of the group's mean (macro scores): each group is resampled within itself.

    `groups` is one integer per score. A group of one picture adds nothing to the width: it has no spread that could be seen.
    """
    scores, of = _checked(values, "scores"), np.asarray(groups)
    if of.shape != scores.shape:
        raise BadValue(f"{len(scores)} scores have groups of shape {of.shape}", mend="give one group for each score")
    order = np.argsort(of, kind="stable")
    ends = np.flatnonzero(np.diff(of[order])) + 1
    rng, total = np.random.default_rng(seed), np.zeros(rounds)
    parts = np.split(scores[order], ends)
    for part in parts:
        total += _means(part, rng, rounds)
    return _quantiles(total / len(parts), level)


def sums(parts: npt.ArrayLike, *, seed: int = 0, rounds: int = 1000) -> Floats:
    """(rounds, m): what the columns of `parts` (n, m), one row a picture, add up to over n pictures drawn with replacement. For
    scores that are quotients of sums over all pictures. The same seed draws the same pictures, whatever the parts."""
    table = np.asarray(parts, np.float64)
    if table.ndim != 2 or not len(table):
        raise BadValue(f"the parts have the shape {table.shape}", mend="give one row for each picture, and at least one")
    n, rng = len(table), np.random.default_rng(seed)
    out = np.empty((rounds, table.shape[1]))
    step = max(1, _AT_ONCE // n)
    for start in range(0, rounds, step):
        turns = min(step, rounds - start)
        chosen = rng.integers(0, n, (turns, n)) + np.arange(turns)[:, None] * n
        out[start : start + turns] = np.bincount(chosen.ravel(), minlength=turns * n).reshape(turns, n) @ table
    return out


def middle(values: npt.ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """(low, high): the quantiles (1 ± level) / 2 of those resampled scores that are numbers; NaN where none is."""
    found = np.asarray(values, np.float64)
    found = found[~np.isnan(found)]
    return _quantiles(found, level) if len(found) else (float("nan"), float("nan"))


def _means(values: Floats, rng: np.random.Generator, rounds: int) -> Floats:
    """Means of `rounds` resamples. Both ways draw from the same distribution; hits and misses need the quick one."""
    n, centre = len(values), float(values.mean())
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) <= _FEW:
        drawn = rng.multinomial(n, counts / n, size=rounds)
        return np.asarray(centre + drawn @ (distinct - centre) / n, np.float64)
    means = np.empty(rounds)
    step = max(1, _AT_ONCE // n)
    for start in range(0, rounds, step):
        chosen = rng.integers(0, n, size=(min(step, rounds - start), n), dtype=np.uint32)
        means[start : start + step] = values[chosen].mean(axis=1)
    return means


def _quantiles(means: Floats, level: float) -> tuple[float, float]:
    if not 0.0 < level < 1.0:
        raise BadValue(f"the level of an interval is {level}", mend="give a share between 0 and 1, such as 0.95")
    low, high = np.quantile(means, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def _checked(values: Any, what: str) -> Floats:
    array = np.asarray(values, np.float64)
    if array.ndim != 1 or not array.size:
        raise BadValue(f"the {what} have the shape {array.shape}", mend="give one number for each picture, and at least one")
    if not np.isfinite(array).all():
        raise NotFinite(
            f"{int((~np.isfinite(array)).sum())} of the {what} are not finite", where=f"index {np.argmin(np.isfinite(array))}"
        )
    return array
