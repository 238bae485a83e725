"""Superpixels on their picture: each piece outlined, as thin as can be seen."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from looksay.show.draw import scaled

OUTLINE = (255, 221, 51)


def draw_pieces(
    picture: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer], scale: float | None = None
) -> npt.NDArray[np.uint8]:
    """A new picture; `labels` (height, width) are the numbers of the pieces. `scale` as for other drawings."""
    image, _ = scaled(picture, scale)
    wide = cv2.resize(labels.astype(np.float64), image.size, interpolation=cv2.INTER_NEAREST_EXACT)
    edges = np.zeros(wide.shape, np.bool_)
    edges[:, 1:] |= wide[:, 1:] != wide[:, :-1]
    edges[1:] |= wide[1:] != wide[:-1]
    drawn = np.asarray(image, np.uint8).copy()
    # A dark seam beside the light line shows it on any ground.
    drawn[np.roll(edges, 1, axis=1) & ~edges] //= 3
    drawn[edges] = OUTLINE
    return drawn
