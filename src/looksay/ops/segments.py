"""Where things may be, as sets of pixels: of a picture's small pieces those that lie in a proposed box.

A piece that keeps to edges belongs to a thing or to what is around it. What is around goes on beyond a box that fits the thing;
so the pieces that lie almost wholly within a box are a guess at the thing's pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from looksay.ops.superpixels import graph

SCALE, SMALLEST = 30.0, 10  # of the graph's pieces: they should be small
WITHIN = 0.85  # a piece of which so much lies in the box belongs to its segment


def segments(
    picture: npt.NDArray[np.uint8], boxes: npt.NDArray[np.floating], cells: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.uint8]]:
    """(n, 4) the tightest boxes around the segments of `boxes` (m, 4), xyxy in the pixels of `picture`, and (n, cells, cells) how
    much of each cell a segment covers, 0 … 255. Boxes without a piece have none; of equal segments the first stays."""
    labels = graph(picture, SCALE, smallest=SMALLEST)
    count = int(labels.max()) + 1
    total = np.bincount(labels.ravel(), minlength=count)
    rows, columns = _spans(labels, count)
    seen, found, shares = set[bytes](), [], []
    for x1, y1, x2, y2 in np.asarray(boxes).round().astype(int).tolist():
        part = labels[max(y1, 0) : y2, max(x1, 0) : x2]
        own = np.bincount(part.ravel(), minlength=count) >= WITHIN * total
        key = np.packbits(own).tobytes()
        if not own.any() or key in seen:
            continue
        seen.add(key)
        top, bottom = int(rows[own, 0].min()), int(rows[own, 1].max())
        left, right = int(columns[own, 0].min()), int(columns[own, 1].max())
        covered = own[labels[top:bottom, left:right]].view(np.uint8) * np.uint8(255)
        shrinks = min(covered.shape) > cells
        shares.append(cv2.resize(covered, (cells, cells), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
        found.append((left, top, right, bottom))
    return np.array(found, np.float32).reshape(-1, 4), np.array(shares, np.uint8).reshape(-1, cells, cells)


def _spans(labels: npt.NDArray[np.int32], count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(count, 2) the first row of each piece and the one after its last; the same of columns."""
    spans = []
    for axis in (0, 1):
        places = np.broadcast_to(np.expand_dims(np.arange(labels.shape[axis]), 1 - axis), labels.shape).ravel()
        span = np.tile(np.array([labels.shape[axis], 0], np.int64), (count, 1))
        np.minimum.at(span[:, 0], labels.ravel(), places)
        np.maximum.at(span[:, 1], labels.ravel(), places + 1)
        spans.append(span)
    return spans[0], spans[1]
