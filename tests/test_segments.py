"""Segments from boxes and pieces, against a picture whose pieces are known."""

from __future__ import annotations

import numpy as np

from looksay.ops.segments import segments


def picture() -> np.ndarray:
    """A red cross on a green field; its arms are 20 pixels wide."""
    made = np.full((120, 160, 3), (40, 160, 60), np.uint8)
    made[20:100, 70:90] = (200, 30, 40)
    made[50:70, 40:120] = (200, 30, 40)
    return made


def test_a_box_around_the_thing_gives_the_thing() -> None:
    boxes = np.array([[36, 16, 124, 104], [38, 18, 121, 101], [0, 0, 160, 120], [2, 2, 12, 12]], np.float32)
    found, shares = segments(picture(), boxes, 28)
    # The last holds no piece; segments are not there twice.
    assert 2 <= len(found) == len(shares) <= 3
    assert len({share.tobytes() for share in shares}) == len(shares)
    np.testing.assert_allclose(found[0], [40, 20, 120, 100], atol=3)  # pieces of the rim are in the wider box, too
    np.testing.assert_allclose(found[-1], [0, 0, 160, 120])
    y, x = np.mgrid[:28, :28] + 0.5
    cross = (abs(x - 14) < 3.5) | (abs(y - 14) < 3.5)
    assert ((shares[0] > 127) == cross).mean() > 0.88
    assert (shares[-1] == 255).all()


def test_the_same_for_the_same_picture_and_nothing_for_nothing() -> None:
    boxes = np.array([[36, 16, 124, 104]], np.float32)
    one, two = segments(picture(), boxes, 14), segments(picture(), boxes, 14)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))
    found, shares = segments(picture(), np.zeros((0, 4), np.float32), 14)
    assert found.shape == (0, 4)
    assert shares.shape == (0, 14, 14)
