"""What R-CNN fits besides its network: support vector machines, sigmoids that make probabilities of margins, ridge regression.

All in double precision and without chance: the same rows in the same order give the same bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
ROUNDS = 100
CLOSE = 1e-9  # of the gradient, beside that at the start


def machine(rows: npt.ArrayLike, signs: npt.ArrayLike, costs: npt.ArrayLike, start: Floats | None = None) -> Floats:
    """(D,) the w that makes |w|² / 2 + sum over i of costs_i max(0, 1 - signs_i w · rows_i)² least, exactly. rows (n, D), signs
    +1 or -1. Newton's steps on the rows within the margin (Chapelle 2007), of which a few suffice."""
    x, y, c = (np.asarray(each, np.float64) for each in (rows, signs, costs))
    w = np.zeros(x.shape[1]) if start is None else start.astype(np.float64)
    least: float | None = None
    for _ in range(ROUNDS):
        short = 1 - y * (x @ w)
        within = short > 0
        near, weight = x[within], 2 * c[within]
        slope = w - near.T @ (weight * (y * short)[within])
        steep = float(np.linalg.norm(slope))
        least = CLOSE * max(1.0, steep) if least is None else least
        if steep <= least:
            break
        step = np.asarray(np.linalg.solve(np.eye(len(w)) + (near.T * weight) @ near, slope), np.float64)
        w = _down(x, y, c, w, step)
    return w


def _down(x: Floats, y: Floats, c: Floats, w: Floats, step: Floats) -> Floats:
    """The step, halved until it leads downhill."""
    reach, ahead = x @ w, x @ step

    def height(share: float) -> float:
        there = w - share * step
        short = np.maximum(1 - y * (reach - share * ahead), 0)
        return float(there @ there / 2 + c @ short**2)

    share, here = 1.0, height(0.0)
    while share > 1e-6 and height(share) > here:
        share /= 2
    return np.asarray(w - share * step)


def sigmoid_of(margins: npt.ArrayLike, right: npt.ArrayLike) -> tuple[float, float]:
    """(slope, offset) of 1 / (1 + exp(-(slope margin + offset))) that fits best whether each margin (n,) belongs to what is right
    (Platt 1999, whose targets are a little off 0 and 1). The slope is positive: the order of margins stays."""
    m, yes = np.asarray(margins, np.float64), np.asarray(right, bool)
    count, others = int(yes.sum()), int((~yes).sum())
    target = np.where(yes, (count + 1) / (count + 2), 1 / (others + 2))
    fit = np.array([0.0, np.log((count + 1) / (others + 1))])

    def height(of: Floats) -> float:
        z = of[0] * m + of[1]
        return float((np.logaddexp(0, z) - target * z).sum())

    for _ in range(ROUNDS):
        share = 0.5 * (1 + np.tanh((fit[0] * m + fit[1]) / 2))
        wrong, bend = share - target, share * (1 - share)
        slope = np.array([wrong @ m, wrong.sum()])
        if float(np.abs(slope).max()) < 1e-7 * max(len(m), 1):
            break
        curve = np.array([[bend @ m**2, bend @ m], [bend @ m, bend.sum()]]) + 1e-10 * np.eye(2)
        step, reach, here = np.linalg.solve(curve, slope), 1.0, height(fit)
        while reach > 1e-6 and height(fit - reach * step) > here:
            reach /= 2
        fit = fit - reach * step
    return max(float(fit[0]), 1e-3), float(fit[1])


class Ridge:
    """Linear regression of (n, D) rows on (n, T) targets with a penalty of `strength` |w|² on the slopes, not on the offsets;
    rows come in any number of parts."""

    def __init__(self, width: int, targets: int) -> None:
        self.gram, self.cross = np.zeros((width + 1, width + 1)), np.zeros((width + 1, targets))

    def add(self, rows: npt.ArrayLike, targets: npt.ArrayLike) -> None:
        x = np.asarray(rows, np.float64)
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
        self.gram += x.T @ x
        self.cross += x.T @ np.asarray(targets, np.float64)

    def solve(self, strength: float) -> tuple[Floats, Floats]:
        """((T, D) slopes, (T,) offsets); zeros where nothing was added."""
        if not self.gram[-1, -1]:
            return np.zeros((self.cross.shape[1], len(self.gram) - 1)), np.zeros(self.cross.shape[1])
        penalty = np.full(len(self.gram), strength)
        penalty[-1] = 0
        found = np.linalg.solve(self.gram + np.diag(penalty), self.cross)
        return np.asarray(found[:-1].T), np.asarray(found[-1])
