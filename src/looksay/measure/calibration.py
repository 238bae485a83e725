"""Whether confidence means what it says: of the answers given with 80 %, are 80 % right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue, NotFinite

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Equal-width bins of confidence, (low, high] each; 0 belongs to the first.

    `edges` has one more entry than the rest. `confidence` and `accuracy` are the bin's means, NaN where `counts` is 0.
    """

    edges: Floats
    counts: npt.NDArray[np.int64]
    confidence: Floats
    accuracy: Floats

    @property
    def error(self) -> float:
        """Expected calibration error: the mean over pictures of |accuracy - confidence| of their bin."""
        used = self.counts > 0
        gaps = np.abs(self.accuracy[used] - self.confidence[used])
        return float((self.counts[used] * gaps).sum() / self.counts.sum())


def reliability(confidence: npt.ArrayLike, hits: npt.ArrayLike, bins: int = 15) -> Reliability:
    """`confidence` in 0 … 1 and whether the answer was right, one of each for every picture."""
    sure, right = np.asarray(confidence, np.float64), np.asarray(hits, np.float64)
    if sure.ndim != 1 or sure.shape != right.shape or not sure.size:
        raise BadValue(f"confidences of shape {sure.shape} and hits of shape {right.shape}", mend="give one of each per picture")
    if np.isnan(sure).any():
        raise NotFinite("a confidence is not a number", where=f"index {int(np.argmax(np.isnan(sure)))}")
    if sure.min() < 0 or sure.max() > 1:
        raise BadValue(f"confidences go from {sure.min()} to {sure.max()}", mend="they are probabilities between 0 and 1")
    if bins < 1:
        raise BadValue(f"{bins} bins", mend="give at least 1")
    edges = np.linspace(0.0, 1.0, bins + 1)
    home = np.searchsorted(edges[1:-1], sure, side="left")
    counts = np.bincount(home, minlength=bins)
    full = np.where(counts > 0, counts, np.nan)
    means = np.bincount(home, weights=sure, minlength=bins) / full, np.bincount(home, weights=right, minlength=bins) / full
    return Reliability(edges, counts.astype(np.int64), *means)
