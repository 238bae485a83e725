"""How well boundaries are met: F of the pixels on the edge of each class, found within a tolerance (Csurka and others, 2013)."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from looksay.scene import VOID

TOLERANCE = 0.0075  # of the picture's diagonal
Labels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def reach(shape: tuple[int, int], tolerance: float = TOLERANCE) -> int:
    """The tolerance in whole pixels, rounded up: 2 for 128 × 128, 3 for 240 × 180, 19 for 2,048 × 1,024."""
    return math.ceil(tolerance * math.hypot(*shape))


def edges(labels: npt.NDArray[np.integer]) -> Flags:
    """The pixels beside which (left, right, above or below) lies one of another label. The border of the picture is no edge."""
    out = np.zeros(labels.shape, np.bool_)
    across, down = labels[:, 1:] != labels[:, :-1], labels[1:] != labels[:-1]
    out[:, 1:] |= across
    out[:, :-1] |= across
    out[1:] |= down
    out[:-1] |= down
    return out


def near(points: Flags, radius: float) -> Flags:
    """The pixels at most `radius` away from one of the points."""
    if not points.any():
        return np.zeros(points.shape, np.bool_)
    away = cv2.distanceTransform((~points).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(away <= radius + 1e-3, np.bool_)


def boundary_f(truth: Labels, found: Labels, kinds: int, tolerance: float = TOLERANCE) -> npt.NDArray[np.float64]:
    """(kinds,) F = 2 P R / (P + R) of each class of one picture: P is the share of its edge pixels in the answer that have one of
    the same class in the truth within the tolerance, R the reverse. 0 where only one of both has such an edge, NaN where none
    has. Pixels that are void in the truth, and edges to them, count nowhere."""
    radius, void = reach((truth.shape[0], truth.shape[1]), tolerance), truth == VOID
    said = np.where(void, np.uint8(VOID), found)
    beside = _beside(void)
    ours, theirs = ((edges(labels) & ~void & ~beside) for labels in (said, truth))
    out = np.full(kinds, np.nan)
    counts = [np.bincount(labels[edge], minlength=256)[:kinds] for labels, edge in ((said, ours), (truth, theirs))]
    for kind in np.flatnonzero(counts[0] + counts[1]).tolist():
        if not (counts[0][kind] and counts[1][kind]):
            out[kind] = 0.0
            continue
        a, b = (said == kind) & ours, (truth == kind) & theirs
        a, b = _cropped(a, b)
        precision = (a & near(b, radius)).sum() / counts[0][kind]
        recall = (b & near(a, radius)).sum() / counts[1][kind]
        out[kind] = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return out


def _beside(void: Flags) -> Flags:
    """The pixels next to void: whether an edge runs there is not known."""
    return edges(void.view(np.uint8)) if void.any() else void


def _cropped(a: Flags, b: Flags) -> tuple[Flags, Flags]:
    """Both, cut to the window that holds either: distances within it are the same."""
    either = a | b
    rows, columns = np.flatnonzero(either.any(axis=1)), np.flatnonzero(either.any(axis=0))
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    return a[window], b[window]
