"""The lectures' worked examples of upsampling, and enlargements that are to be learnt."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from looksay.ops.upsample import bed_of_nails, bilinear, bilinear_kernel, learnable, max_pool, max_unpool, nearest

TWO = [[1, 2], [3, 4]]


def plane(rows: list[list[int]] | list[list[float]]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float32)[None, None]


def rows(x: Tensor) -> list[list[float]]:
    found: list[list[float]] = x[0, 0].tolist()
    return found


def test_nearest_of_the_lecture() -> None:
    assert rows(nearest(plane(TWO))) == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def test_bed_of_nails_of_the_lecture() -> None:
    assert rows(bed_of_nails(plane(TWO))) == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]
    x = torch.rand(2, 3, 2, 5)
    found = bed_of_nails(x, 3)
    assert found.shape == (2, 3, 6, 15)
    assert torch.equal(found[:, :, ::3, ::3], x)
    assert found.count_nonzero() == x.count_nonzero()


def test_max_unpooling_of_the_lecture() -> None:
    """Pooled 4 × 4 → 2 × 2, which element was greatest is remembered; later 2 × 2 → 4 × 4 with other numbers."""
    pooled, positions = max_pool(plane([[1, 2, 6, 3], [3, 5, 2, 1], [1, 2, 2, 1], [7, 3, 4, 8]]))
    assert rows(pooled) == [[5, 6], [7, 8]]
    assert positions.tolist() == [[[[5, 2], [12, 15]]]]
    assert rows(max_unpool(plane(TWO), positions, (4, 4))) == [[0, 0, 2, 0], [0, 1, 0, 0], [0, 0, 0, 0], [3, 0, 0, 4]]


def test_max_unpooling_of_odd_sizes() -> None:
    x = torch.rand(2, 3, 7, 9)
    pooled, positions = max_pool(x)
    back = max_unpool(pooled, positions, (7, 9))
    assert back.shape == x.shape
    assert torch.equal(max_pool(back)[0], pooled)
    assert torch.equal(back[back > 0], x[back > 0])
    assert not back[:, :, 6].any()


def test_bilinear_worked_by_hand() -> None:
    """2 → 4: the new centres lie at −¼, ¼, ¾ and 1¼ of the old ones; beyond the outermost nothing changes."""
    assert rows(bilinear(plane([[0, 4], [8, 12]]), (4, 4))) == [
        [0, 1, 3, 4], [2, 3, 5, 6], [6, 7, 9, 10], [8, 9, 11, 12],
    ]  # fmt: skip


def slow_transposed(x: list[list[float]], kernel: list[list[float]], stride: int, pad: int, size: int) -> list[list[float]]:
    """Each input value lays down a copy of the filter, times itself; where copies overlap they add up."""
    out = [[0.0] * size for _ in range(size)]
    for i, row in enumerate(x):
        for j, value in enumerate(row):
            for a, line in enumerate(kernel):
                for b, weight in enumerate(line):
                    y, z = i * stride + a - pad, j * stride + b - pad
                    if 0 <= y < size and 0 <= z < size:
                        out[y][z] += value * weight
    return out


def test_transposed_convolution_of_the_lecture() -> None:
    """3 × 3, stride 2, pad 1, 2 × 2 → 4 × 4: the filter moves two pixels in the output for each in the input."""
    ones = [[1.0] * 3] * 3
    expected = [[1, 3, 2, 2], [4, 10, 6, 6], [3, 7, 4, 4], [3, 7, 4, 4]]
    assert slow_transposed(TWO, ones, 2, 1, 4) == expected
    assert rows(F.conv_transpose2d(plane(TWO), plane(ones), stride=2, padding=1, output_padding=1)) == expected
    kernel = [[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]
    found = F.conv_transpose2d(plane(TWO), plane(kernel), stride=2, padding=1, output_padding=1)
    assert rows(found) == slow_transposed(TWO, kernel, 2, 1, 4)


def test_it_is_the_backward_pass_of_the_convolution() -> None:
    """3 × 3, stride 2, pad 1, 4 × 4 → 2 × 2: its gradient by the input is the transposed convolution of that by the output."""
    x, kernel, grad = torch.rand(1, 1, 4, 4, requires_grad=True), torch.rand(1, 1, 3, 3), torch.rand(1, 1, 2, 2)
    F.conv2d(x, kernel, stride=2, padding=1).backward(grad)
    assert x.grad is not None
    assert torch.allclose(x.grad, F.conv_transpose2d(grad, kernel, stride=2, padding=1, output_padding=1))


def test_the_bilinear_kernel_worked_by_hand() -> None:
    assert bilinear_kernel(1, 2)[0, 0].tolist() == [[a * b for b in (0.25, 0.75, 0.75, 0.25)] for a in (0.25, 0.75, 0.75, 0.25)]
    assert bilinear_kernel(1, 3)[0, 0, 2].tolist() == pytest.approx([1 / 3, 2 / 3, 1, 2 / 3, 1 / 3])
    mixed = bilinear_kernel(3, 2)
    assert mixed.shape == (3, 3, 4, 4)
    assert [(a, b) for a in range(3) for b in range(3) if mixed[a, b].any()] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 8, 16, 32])
@pytest.mark.parametrize("groups", [1, 4])
def test_what_is_learnt_begins_bilinear(stride: int, groups: int) -> None:
    layer, x = learnable(4, stride, groups=groups), torch.rand(2, 4, 5, 6)
    found, expected = layer(x), bilinear(x, (5 * stride, 6 * stride))
    assert found.shape == expected.shape
    within = (..., slice(stride, -stride), slice(stride, -stride))  # outside the picture it has noughts
    assert torch.allclose(found[within], expected[within], atol=1e-6)
    assert layer.weight.numel() == (4 // groups) * 4 * (2 * stride - stride % 2) ** 2
    found.sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.any()


def test_the_pages_drawings_are_of_these_numbers() -> None:
    """Every picture that the page shows is made by its command, and is as large as what is kept."""
    docs = Path(__file__).resolve().parent.parent / "docs"
    spec = importlib.util.spec_from_file_location("upsampling_pictures", docs / "upsampling_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    made = module.pictures()
    text = (docs / "upsampling.md").read_text("utf-8")
    assert sorted(re.findall(r"pictures/(upsample-\w+\.png)", text)) == sorted(made)
    for name, image in made.items():
        with Image.open(docs / "pictures" / name) as kept:
            assert kept.size == image.size
