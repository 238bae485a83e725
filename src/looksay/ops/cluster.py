"""Shapes that stand for many: k-means of widths and heights by how far boxes of these shapes overlap."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def shape_iou(a: Floats, b: Floats) -> Floats:
    """(n, m) IoU of boxes of (n, 2) and (m, 2) widths and heights around one centre."""
    shared = np.minimum(a[:, None], b[None]).prod(axis=2)
    return np.asarray(shared / np.maximum(a.prod(axis=1)[:, None] + b.prod(axis=1)[None] - shared, 1e-12))


def typical_shapes(shapes: Floats, count: int, rounds: int = 100) -> tuple[Floats, float]:
    """(count, 2), small ones first, and the mean IoU of each shape with its nearest one. The distance is 1 - IoU, so that large
    boxes do not weigh more than small ones. It begins with quantiles of the area, and so is the same each time."""
    own = np.asarray(shapes, np.float64).reshape(-1, 2)
    own = own[(own > 0).all(axis=1)]
    if not len(own):
        raise ValueError("no shapes to choose from")
    ordered = own[np.argsort(own.prod(axis=1), kind="stable")]
    centres = ordered[np.linspace(0, len(own) - 1, 2 * count + 1).round().astype(int)[1::2]].copy()
    belongs = np.full(len(own), -1)
    for _ in range(rounds):
        nearest = shape_iou(own, centres).argmax(axis=1)
        if (nearest == belongs).all():
            break
        belongs = nearest
        for place in range(count):
            members = own[belongs == place]
            if len(members):
                centres[place] = np.median(members, axis=0)
    fit = float(shape_iou(own, centres).max(axis=1).mean())
    return centres[np.argsort(centres.prod(axis=1), kind="stable")], fit
