"""Boxes as moves from other boxes: centres in shares of their size, logarithms of sizes."""

from __future__ import annotations

import math

import torch
from torch import Tensor

WIDEST = math.log(1000 / 16)  # a move makes a box at most so much larger
Weights = tuple[float, float, float, float]


def encode(boxes: Tensor, origins: Tensor, weights: Weights = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """(…, 4) the moves from `origins` to `boxes`, both xyxy, times `weights`."""
    size, own = boxes[..., 2:] - boxes[..., :2], origins[..., 2:] - origins[..., :2]
    shift = (boxes[..., :2] + boxes[..., 2:] - origins[..., :2] - origins[..., 2:]) / (2 * own)
    return torch.cat([shift, (size / own).log()], dim=-1) * boxes.new_tensor(weights)


def decode(moves: Tensor, origins: Tensor, weights: Weights = (1.0, 1.0, 1.0, 1.0)) -> Tensor:
    """The inverse: (…, 4) boxes."""
    move = moves / moves.new_tensor(weights)
    own = origins[..., 2:] - origins[..., :2]
    centre = move[..., :2] * own + (origins[..., :2] + origins[..., 2:]) / 2
    half = 0.5 * move[..., 2:].clamp(max=WIDEST).exp() * own
    return torch.cat([centre - half, centre + half], dim=-1)
