"""Masks put back into their picture: torchvision's bits, scene.Mask's runs, and memory that follows the outline."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import torch
from torch import Tensor
from torchvision.models.detection.roi_heads import paste_masks_in_image

from looksay.ops.paste import pasted, pasted_runs, runs_of, windows
from looksay.scene import Mask


def made(count: int, side: int, size: tuple[int, int], seed: int) -> tuple[Tensor, Tensor]:
    """Blobs, in boxes some of which leave the picture, touch its edges, or are smaller than a pixel."""
    rng = torch.Generator().manual_seed(seed)
    masks = torch.nn.functional.avg_pool2d(torch.rand(count, side + 2, side + 2, generator=rng), 3, 1)
    corner = (torch.rand(count, 2, generator=rng) * 1.3 - 0.2) * torch.tensor(size)
    extent = torch.exp(torch.rand(count, 2, generator=rng) * 6 - 1)
    boxes = torch.cat([corner, corner + extent], dim=1)
    boxes[0] = torch.tensor([0.0, 0.0, *size])
    boxes[1] = torch.tensor([3.0, -5.0, 9.0, size[1] + 7.0])
    return masks, boxes


def inside(boxes: Tensor, size: tuple[int, int]) -> Tensor:
    """torchvision cannot paste what lies beside the picture altogether."""
    return (boxes[:, 0] < size[0] - 2) & (boxes[:, 1] < size[1] - 2) & (boxes[:, 2] > 2) & (boxes[:, 3] > 2)


@pytest.mark.parametrize(("side", "size"), [(14, (97, 61)), (28, (60, 120)), (7, (200, 33))])
def test_the_bits_are_torchvisions(side: int, size: tuple[int, int]) -> None:
    masks, boxes = made(80, side, size, side)
    keep = inside(boxes, size)
    masks, boxes = masks[keep], boxes[keep]
    assert len(masks) > 40
    expected = paste_masks_in_image(masks[:, None], boxes, size[::-1])[:, 0] > 0.5
    found = pasted(masks, boxes, size)
    assert 0 < expected.sum() < expected.numel()
    assert np.array_equal(found, expected.numpy())
    for runs, array in zip(pasted_runs(masks, boxes, size), found, strict=True):
        assert Mask(size, runs) == Mask.of(array)


def test_another_threshold() -> None:
    masks, boxes = made(10, 14, (50, 50), 1)
    masks, boxes = masks[:2], boxes[:2]
    expected = paste_masks_in_image(masks[:, None], boxes, (50, 50))[:, 0] > 0.4
    assert np.array_equal(pasted(masks, boxes, (50, 50), 0.4), expected.numpy())


def test_what_lies_beside_the_picture_is_empty() -> None:
    boxes = torch.tensor([[200.0, 5, 260, 20], [-90.0, -90, -40, -40]])
    found = list(pasted_runs(torch.ones(2, 14, 14), boxes, (100, 50)))
    assert [runs.tolist() for runs in found] == [[5000], [5000]]
    assert not pasted(torch.ones(2, 14, 14), boxes, (100, 50)).any()
    assert pasted(torch.ones(0, 14, 14), torch.zeros(0, 4), (100, 50)).shape == (0, 50, 100)


@pytest.mark.parametrize("window", [(0, 0, 12, 9), (3, 0, 4, 9), (0, 2, 12, 4), (11, 8, 1, 1), (5, 3, 4, 4), (12, 0, 0, 0)])
def test_runs_of_a_window_are_those_of_the_picture(window: tuple[int, int, int, int]) -> None:
    left, top, wide, high = window
    rng = np.random.default_rng(3)
    for pixels in (rng.random((high, wide)) < 0.5, np.ones((high, wide), bool), np.zeros((high, wide), bool)):
        whole = np.zeros((9, 12), bool)
        whole[top : top + high, left : left + wide] = pixels
        assert Mask((12, 9), runs_of(pixels, left, top, (12, 9))) == Mask.of(whole)


def test_only_the_window_is_computed() -> None:
    found = list(windows(torch.ones(1, 14, 14), torch.tensor([[1000.0, 500, 1028, 514]]), (4000, 3000)))
    left, top, pixels = found[0]
    assert (left, top, pixels.shape) == (998, 499, (17, 33))


def test_ten_thousand_masks_of_a_large_picture() -> None:
    """As masks of 4,000 × 3,000 pixels each, 12 MB when drawn: together they stay far below 200 MB."""
    size, share = (4000, 3000), 40  # every fortieth of them, so that the test is quick
    rng = torch.Generator().manual_seed(0)
    count = 10_000 // share
    corner = torch.rand(count, 2, generator=rng) * torch.tensor([3600.0, 2600.0])
    boxes = torch.cat([corner, corner + 40 + 360 * torch.rand(count, 2, generator=rng)], dim=1)
    masks = torch.nn.functional.avg_pool2d(torch.rand(count, 32, 32, generator=rng), 5, 1) * 1.05
    tracemalloc.start()
    kept = [Mask(size, runs) for runs in pasted_runs(masks, boxes, size)]
    now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert now * share < 200e6
    assert most < 20e6
    assert min(mask.area for mask in kept) > 100
