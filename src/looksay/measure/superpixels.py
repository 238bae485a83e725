"""How good superpixels are: whether they keep to the edges of the truth, and what could be reached with them at best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.errors import BadValue
from looksay.measure.boundary import TOLERANCE, edges, near, reach
from looksay.scene import VOID

Labels = npt.NDArray[np.int32]
Truth = npt.NDArray[np.integer]


class Quality(NamedTuple):
    """Of one picture. `recall`: the share of the truth's edge pixels with an edge of a piece within the tolerance. `achievable`:
    the share of pixels that are right when each piece gets its best label. `leaking`: the pixels by which pieces reach over the
    truth's edges, the smaller part on either side counted, as a share of all (undersegmentation error). `pieces`: how many."""

    recall: float
    achievable: float
    leaking: float
    pieces: int


def quality(labels: Labels, truth: Truth, *, tolerance: float = TOLERANCE, void: int = VOID) -> Quality:
    """`truth` (height, width): regions or segments; pixels that are `void` in it, and the edges beside them, count nowhere.
    `recall` is NaN where the truth has no edge, the others where all is void."""
    if labels.shape != truth.shape or labels.ndim != 2:
        what = f"the pieces have the shape {labels.shape}, the truth {truth.shape}"
        raise BadValue(what, mend="give both at the size of the picture, (height, width)")
    counts = np.unique(labels).size
    known = truth != void
    both = _table(labels, truth, known)
    pixels = int(both.sum())
    area, most = both.sum(axis=1), both.max(axis=1, initial=0)
    # A piece meets several segments: of each it leaks either what lies in it, or what lies outside, the smaller.
    leak = np.minimum(both, area[:, None] - both).sum()
    rim = edges(truth) & known & ~(edges(known.view(np.uint8)))
    met = near(edges(labels), reach((labels.shape[0], labels.shape[1]), tolerance))
    recall = float((rim & met).sum() / rim.sum()) if rim.any() else float("nan")
    share = (float(most.sum() / pixels), float(leak / pixels)) if pixels else (float("nan"), float("nan"))
    return Quality(recall, *share, counts)


def _table(labels: Labels, truth: Truth, known: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(pieces, segments): pixels that lie in both."""
    _, piece = np.unique(labels[known], return_inverse=True)
    _, segment = np.unique(truth[known], return_inverse=True)
    pieces, segments = int(piece.max(initial=-1)) + 1, int(segment.max(initial=-1)) + 1
    return np.bincount(piece * max(segments, 1) + segment, minlength=pieces * segments).reshape(pieces, segments)
