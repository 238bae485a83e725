"""Superpixels: a picture cut into many small pieces that keep to its edges, by colour, texture and smoothness alone.

Both ways take a picture uint8 RGB (height, width, 3) and give int32 labels (height, width), 0 … n - 1 without gaps, in the order
in which the pieces first appear, row by row.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int32]

ROUNDS = 10  # of moving the centres; more change little
ORIENTATIONS = 4
_FEWEST = 25  # per cent of the usual size below which a piece is given to its neighbour


def slic(picture: Picture, count: int = 200, *, smoothness: float = 10.0, texture: float = 0.0) -> Labels:
    """About `count` pieces of like size around centres on a grid, which move to the middle of what they hold (SLIC).

    A greater `smoothness` makes them more like squares, a smaller one lets them follow colour. `texture` says how much the
    pattern counts (its strength in four directions) beside colour: 0 not at all, 1 about as much.
    """
    height, width = picture.shape[:2]
    side = round((height * width / max(count, 1)) ** 0.5)
    if 2 * side >= min(height, width):
        return _squares(height, width, count)
    made = cv2.ximgproc.createSuperpixelSLIC(_features(picture, texture), cv2.ximgproc.SLIC, max(side, 2), float(smoothness))
    made.iterate(ROUNDS)
    made.enforceLabelConnectivity(_FEWEST)
    return contiguous(made.getLabels())


def graph(picture: Picture, scale: float = 100.0, *, smoothness: float = 0.5, smallest: int = 20, texture: float = 0.0) -> Labels:
    """Pieces of any size and shape, from a graph whose edges weigh how much neighbours differ: two pieces become one where the
    step between them is no greater than those within (Felzenszwalb and Huttenlocher). How many there are follows from the
    picture.

    A greater `scale` makes larger pieces. `smoothness` is the blur (in pixels) before; pieces of fewer than `smallest` pixels are
    given to a neighbour. `texture` as in slic().
    """
    planes = _features(picture, texture) * np.float32(2.55)  # scales are usually told for colours up to 255
    made = cv2.ximgproc.segmentation.createGraphSegmentation(float(smoothness), float(scale), int(smallest))
    return contiguous(made.processImage(planes))


def _features(picture: Picture, texture: float) -> npt.NDArray[np.float32]:
    """(height, width, 3 or 7): Lab, 0 to 100 in the first, and how strong the pattern is in each of four directions."""
    lab = cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    if texture <= 0:
        return np.ascontiguousarray(lab, np.float32)
    planes = [lab]
    for turn in range(ORIENTATIONS):
        kernel = cv2.getGaborKernel((9, 9), 1.8, np.pi * turn / ORIENTATIONS, 4.5, 0.6, 0, cv2.CV_32F)
        kernel -= kernel.mean()
        strength = np.abs(cv2.filter2D(lab[..., 0], cv2.CV_32F, kernel / np.abs(kernel).sum()))
        planes.append(cv2.GaussianBlur(strength, (0, 0), 3.0)[..., None] * np.float32(4 * texture))
    return np.ascontiguousarray(np.concatenate(planes, axis=2), np.float32)


def _squares(height: int, width: int, count: int) -> Labels:
    """As even a grid as can be: of so few pieces that no centre has neighbours to move among."""
    rows = min(max(round((count * height / width) ** 0.5), 1), height)
    columns = min(max(round(count / rows), 1), width)
    row, column = np.arange(height) * rows // height, np.arange(width) * columns // width
    found: Labels = (row[:, None] * columns + column[None]).astype(np.int32)
    return found


def contiguous(labels: npt.NDArray[np.integer]) -> Labels:
    """The same pieces, numbered without gaps in the order in which they appear."""
    _, first, at = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), np.int32)
    number[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return number[at].reshape(labels.shape)


def votes(labels: Labels, answer: npt.NDArray[np.uint8], kinds: int) -> npt.NDArray[np.uint8]:
    """What most pixels of each piece say, for all of them; of equally many the lower number. 255 has no vote, and stays where
    nothing else was said in the piece."""
    said = answer.reshape(-1) < kinds
    pieces = int(labels.max(initial=-1)) + 1
    codes = labels.reshape(-1)[said].astype(np.int64) * kinds + answer.reshape(-1)[said]
    count = np.bincount(codes, minlength=pieces * kinds).reshape(pieces, kinds)
    won = np.where(count.any(axis=1), count.argmax(axis=1), 255).astype(np.uint8)
    return np.asarray(won[labels], np.uint8)
