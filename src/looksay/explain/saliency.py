"""Saliency: how large a value is, times how much the answer would change with it."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from looksay.explain.probe import PICTURE, Aim, Of, colours, gradient, heats, widen
from looksay.nn.system import Batch, System
from looksay.scene import Heat


def saliency(system: System[Any], batch: Batch, of: Of = "", at: str = PICTURE) -> list[Heat]:
    """Saliency(i) = max over channels of |value_i| × max over channels of |dL/dvalue_i|, at every place i.

    `of`: a class, word or answer, '' for each picture's own best answer, or a function from the output to (N,) numbers L.
    At the picture, the value is its red, green and blue in 0..1 (its grey for networks that see grey), not the
    normalised number that the network computes with, and the gradient is with respect to that same colour.
    So what is black has no saliency. At a tap, value and gradient are those of the tap; where the network passes a tap several
    times, the maps add up. The heats have the sizes of the original pictures.
    """

    def find(piece: Batch, aim: Aim) -> Tensor:
        maps = []
        for value, slope in gradient(system, piece, aim, at):
            if at == PICTURE:
                mean, std = colours(system.prep, value)
                value, slope = value * std + mean, slope / std
            maps.append(widen(value.abs().amax(1) * slope.abs().amax(1), piece))
        return sum(maps[1:], maps[0])

    return heats(system, batch, of, "saliency" if at == PICTURE else f"saliency at {at}", find)
