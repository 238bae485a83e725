"""What a feature map says about a region: a small grid of averages, whatever the region's size."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

LEAST, MOST = 2, 8  # points that a cell of the grid is averaged over, along each axis: as many as it has pixels, within these


def align(maps: Tensor, boxes: Tensor, cells: int, scale: float, points: int = 0, *, aligned: bool = True) -> Tensor:
    """RoI Align (He et al. 2017) as two matrix products, for small maps. maps (N, C, H, W); boxes (N, R, 4) xyxy in the pixels of
    the picture, whose side is 1 / `scale` times the map's. Returns (N, R, C, cells, cells).

    Each cell is averaged over `points` x `points`; 0: as many as suit each region. Unless `aligned`, a map's first pixel has its
    centre at 0, not at .5, and no region is smaller than a pixel.

    Bilinear interpolation at the points of a cell and their mean are linear along either axis, so each region is
    rows (cells x H) times map times columns (W x cells); gradients are matrix products, too.
    """
    count, channels, high, wide = maps.shape
    regions = boxes.shape[1]
    boxes = boxes * scale
    rows = _weights(boxes[..., 1], boxes[..., 3], cells, high, points, aligned).to(maps.dtype)  # N R P H
    columns = _weights(boxes[..., 0], boxes[..., 2], cells, wide, points, aligned).to(maps.dtype)  # N R P W
    flat = maps.permute(0, 2, 1, 3).reshape(count, high, channels * wide)
    strips = torch.bmm(rows.reshape(count, regions * cells, high), flat)  # N RP CW
    strips = strips.view(count * regions, cells * channels, wide)
    found = torch.bmm(strips, columns.reshape(count * regions, cells, wide).transpose(1, 2))  # NR PC P
    return found.view(count, regions, cells, channels, cells).transpose(2, 3)


def max_pool(maps: Tensor, boxes: Tensor, cells: int, scale: float) -> Tensor:
    """RoI Pool (Girshick 2015), without gradients: the greatest value in each of `cells` x `cells` of a region. Takes and gives
    what `align` does; the same numbers as torchvision's.

    The greatest value of any rectangle is that of four squares-by-powers-of-two that cover it, and the greatest values of all of
    those, wherever they begin, are made once a map. One picture comes after the other: what belongs to one stays in the cache.
    """
    count, channels, high, wide = maps.shape
    regions = boxes.shape[1]
    edges = (boxes.float() * scale).round()
    top, bottom = _bins(edges[..., 1], edges[..., 3], cells, high)  # N R P
    left, right = _bins(edges[..., 0], edges[..., 2], cells, wide)
    tall, broad = ((far - near).clamp(min=1).float().log2().floor().long() for near, far in ((top, bottom), (left, right)))
    depth = 1 + int(torch.cat([tall.flatten(), broad.flatten(), tall.new_zeros(1)]).max())
    rows = [(tall * depth * high + each.clamp(min=0)) * wide for each in (top.clamp(max=high - 1), bottom - 2**tall)]
    columns = [broad * high * wide + each.clamp(min=0) for each in (left.clamp(max=wide - 1), right - 2**broad)]
    found = maps.new_empty(count, regions * cells * cells, channels)
    for picture, out in enumerate(found):
        table = _greatest(maps[picture].permute(1, 2, 0), depth).view(-1, channels)
        places = [(row[picture, :, :, None] + column[picture, :, None]).view(-1) for row in rows for column in columns]
        torch.index_select(table, 0, places[0], out=out)
        for place in places[1:]:
            torch.maximum(out, table.index_select(0, place), out=out)
    found = found.view(count, regions, cells, cells, channels)
    found[(bottom <= top)[..., :, None] | (right <= left)[..., None, :]] = 0.0
    return found.permute(0, 1, 4, 2, 3)


def _bins(low: Tensor, high: Tensor, cells: int, side: int) -> tuple[Tensor, Tensor]:
    """(N, R, cells): the first pixel of each cell, and the one behind its last."""
    size = (high - low + 1).clamp(min=1)[..., None] / cells
    number = torch.arange(cells, device=low.device)
    near, far = (number * size).floor() + low[..., None], ((number + 1) * size).ceil() + low[..., None]
    return near.clamp(0, side).long(), far.clamp(0, side).long()


def _greatest(maps: Tensor, depth: int) -> Tensor:
    """(tall, broad, H, W, C): of the 2^tall x 2^broad pixels from each one on, as far as the map goes."""
    found = maps.contiguous()
    for axis in (-3, -2):
        steps = [found]
        for apart in (2**step for step in range(depth - 1)):
            last, side = steps[-1], found.shape[axis]
            both = max(side - apart, 0)
            wider = torch.maximum(last.narrow(axis, 0, both), last.narrow(axis, side - both, both))
            steps.append(torch.cat([wider, last.narrow(axis, both, side - both)], dim=axis))
        found = torch.stack(steps, dim=found.dim() - 3)
    return found


def align_levels(
    maps: Sequence[Tensor], regions: Tensor, where: Tensor, cells: int, scales: Sequence[float], points: int = 2
) -> Tensor:
    """The same on large maps of several levels, where few pixels of many count: each is fetched. maps (N, C, H, W) of each level;
    regions (R, 4) xyxy in the pixels of the pictures; where (R, 2) int64, the picture and the level of each. Not `aligned`.
    Returns (R, C, cells, cells)."""
    found = maps[0].new_zeros(len(regions), cells, cells, maps[0].shape[1])
    for level, (each, scale) in enumerate(zip(maps, scales, strict=True)):
        mine = (where[:, 1] == level).nonzero()[:, 0]
        if len(mine):
            found.index_copy_(0, mine, _fetched(each, regions[mine] * scale, where[mine, 0], cells, points))
    return found.permute(0, 3, 1, 2)


def _fetched(maps: Tensor, boxes: Tensor, owner: Tensor, cells: int, points: int) -> Tensor:
    """(R, cells, cells, C): each cell is the weighted sum of the pixels that its points lie between."""
    _, channels, high, wide = maps.shape
    y, heavy = _corners(boxes[:, 1], boxes[:, 3], cells, high, points)  # R cells 2·points
    x, broad = _corners(boxes[:, 0], boxes[:, 2], cells, wide, points)
    pixel = owner[:, None, None, None, None] * (high * wide) + y[:, :, None, :, None] * wide + x[:, None, :, None, :]
    weight = heavy[:, :, None, :, None] * broad[:, None, :, None, :]  # R cells cells 2·points 2·points
    table = maps.permute(0, 2, 3, 1).reshape(-1, channels)
    bags = pixel.reshape(-1, 4 * points**2)
    sums = F.embedding_bag(bags, table, per_sample_weights=weight.reshape(bags.shape).to(table.dtype), mode="sum")
    return sums.view(-1, cells, cells, channels)


def _corners(low: Tensor, high: Tensor, cells: int, side: int, points: int) -> tuple[Tensor, Tensor]:
    """(R, cells, 2·points): the pixels that the points lie between, and how much each counts."""
    places, counts = _points(low, high, cells, side, points, aligned=False)
    first = places.floor()
    share = places - first
    near, far = first.long(), (first.long() + 1).clamp(max=side - 1)
    return torch.cat([near, far], dim=-1), torch.cat([counts * (1 - share), counts * share], dim=-1)


def _weights(low: Tensor, high: Tensor, cells: int, side: int, points: int, aligned: bool) -> Tensor:
    """(…, cells, side): what each pixel of the map counts for each cell between `low` and `high` (…)."""
    places, counts = _points(low, high, cells, side, points, aligned)
    pixels = torch.arange(side, device=low.device, dtype=low.dtype)
    near = (1 - (places[..., None] - pixels).abs()).clamp(min=0)  # … cells points side
    return (near * counts[..., None]).sum(dim=-2)


def _points(low: Tensor, high: Tensor, cells: int, side: int, points: int, aligned: bool) -> tuple[Tensor, Tensor]:
    """(…, cells, points) places on the map, in pixels of it whose first has its centre at 0, and what each counts: none where it
    lies more than a pixel outside."""
    size = high - low if aligned else (high - low).clamp(min=1)
    start = low - 0.5 if aligned else low
    size = size / cells
    many = size.detach().ceil().clamp(LEAST, MOST) if not points else torch.full_like(size, points)
    number = torch.arange(points or int(many.max()), device=low.device)
    steps = torch.arange(cells, device=low.device)[:, None] + ((number + 0.5) / many[..., None])[..., None, :]  # … cells points
    places = start[..., None, None] + steps * size[..., None, None]
    counted = (number < many[..., None])[..., None, :] & (places >= -1) & (places <= side)
    return places.clamp(0, side - 1), counted / many[..., None, None]
