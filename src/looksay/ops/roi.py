"""What a feature map says about a region: a small grid of averages, whatever the region's size."""

from __future__ import annotations

import torch
from torch import Tensor

SAMPLES = 2  # points that a cell of the grid is averaged over, along each axis, and more where the cell is large
MOST = 8


def align(maps: Tensor, boxes: Tensor, cells: int, scale: float) -> Tensor:
    """RoI Align (He et al. 2017) as two matrix products. maps (N, C, H, W); boxes (N, R, 4) xyxy in the pixels of the picture,
    whose side is 1 / `scale` times the map's. Returns (N, R, C, cells, cells).

    Bilinear interpolation at the points of a cell and their mean are linear along either axis, so each region is
    rows (cells x H) times map times columns (W x cells); gradients are matrix products, too.
    """
    count, channels, high, wide = maps.shape
    regions = boxes.shape[1]
    rows = _weights(boxes[..., 1] * scale, boxes[..., 3] * scale, cells, high).to(maps.dtype)  # N R P H
    columns = _weights(boxes[..., 0] * scale, boxes[..., 2] * scale, cells, wide).to(maps.dtype)  # N R P W
    flat = maps.permute(0, 2, 1, 3).reshape(count, high, channels * wide)
    strips = torch.bmm(rows.reshape(count, regions * cells, high), flat)  # N RP CW
    strips = strips.view(count * regions, cells * channels, wide)
    found = torch.bmm(strips, columns.reshape(count * regions, cells, wide).transpose(1, 2))  # NR PC P
    return found.view(count, regions, cells, channels, cells).transpose(2, 3)


def _weights(low: Tensor, high: Tensor, cells: int, side: int) -> Tensor:
    """(…, cells, side): what each pixel of the map counts for each cell between `low` and `high` (…), in pixels of the map
    whose first has its centre at .5."""
    size = (high - low) / cells
    points = max(SAMPLES, min(MOST, int(size.detach().max().ceil().item())))
    steps = (torch.arange(cells * points, device=low.device, dtype=low.dtype) + 0.5) / points
    places = low[..., None] + steps * size[..., None] - 0.5  # … cells·points
    places = places.clamp(min=0, max=side - 1)
    pixels = torch.arange(side, device=low.device, dtype=low.dtype)
    near = (1 - (places[..., None] - pixels).abs()).clamp(min=0, max=1)  # … cells·points side
    return near.view(*low.shape, cells, points, side).mean(dim=-2)
