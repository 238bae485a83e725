"""From few pixels to many: nearest, bilinear, bed of nails, max unpooling and transposed convolution.

All take (n, c, h, w). What torch has is torch's, so gradients, bf16 and channels_last go through all of them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def nearest(x: Tensor, factor: int = 2) -> Tensor:
    """Every pixel becomes a square of `factor` × `factor` like it."""
    return F.interpolate(x, scale_factor=factor, mode="nearest")


def bilinear(x: Tensor, size: tuple[int, int]) -> Tensor:
    """To (height, width); a new pixel's centre lies between those of the old ones and takes from the nearest four. Beyond the
    outermost centres nothing changes."""
    return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


def bed_of_nails(x: Tensor, factor: int = 2) -> Tensor:
    """Every pixel stands in the upper left corner of a square of `factor` × `factor`, the rest of which is 0."""
    n, c, h, w = x.shape
    out = x.new_zeros(n, c, h, factor, w, factor)
    out[:, :, :, 0, :, 0] = x
    return out.view(n, c, h * factor, w * factor)


def max_pool(x: Tensor, factor: int = 2) -> tuple[Tensor, Tensor]:
    """The greatest of each square of `factor` × `factor`, and where in the plane (row by row) it stood, of the same shape."""
    values, positions = F.max_pool2d(x, factor, return_indices=True)
    return values, positions


def max_unpool(x: Tensor, positions: Tensor, size: tuple[int, int], factor: int = 2) -> Tensor:
    """Every pixel goes to where the greatest of its square stood when an input of `size` (height, width) was pooled; the rest
    is 0. What the pooling cut off at an odd edge is 0, too."""
    return F.max_unpool2d(x, positions, (factor, factor), output_size=size)


def bilinear_kernel(channels: int, stride: int) -> Tensor:
    """(channels, channels, 2·stride − stride % 2, the same): weights of a transposed convolution that enlarges each channel by
    `stride` bilinearly and mixes none."""
    extent = 2 * stride - stride % 2
    middle = stride - 1 if extent % 2 else stride - 0.5
    ramp = 1 - (torch.arange(extent, dtype=torch.float64) - middle).abs() / stride
    kernel = torch.zeros(channels, channels, extent, extent)
    kernel[range(channels), range(channels)] = torch.outer(ramp, ramp).float()
    return kernel


def learnable(channels: int, stride: int, *, groups: int = 1) -> nn.ConvTranspose2d:
    """A transposed convolution, to be learnt, that begins as the bilinear enlargement by `stride`: (h, w) → (h·stride, w·stride).
    With `groups` = channels none ever mixes with another, and there are that many times fewer weights."""
    kernel = bilinear_kernel(channels // groups, stride)
    extent = kernel.shape[-1]
    layer = nn.ConvTranspose2d(channels, channels, extent, stride, (extent - stride) // 2, groups=groups, bias=False)
    with torch.no_grad():
        layer.weight.copy_(kernel.repeat(groups, 1, 1, 1))
    return layer
