"""Integrated gradients (2017): what each value adds on the straight way from an empty picture to this one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from looksay.errors import BadValue, UnknownName
from looksay.explain.probe import Aim, Of, colours, gradient, heats, pieces, settle, still
from looksay.nn.prep import Prep
from looksay.nn.system import Batch, System
from looksay.scene import Heat

Baseline = Literal["black", "blur", "mean"]


def empty(pictures: Tensor, prep: Prep, baseline: Baseline) -> Tensor:
    """The picture without what is in it, normalised as `pictures`: 'black', the picture's own 'mean' colour, or a Gaussian
    'blur' of it with a tenth of the short side."""
    if baseline == "black":
        mean, std = colours(prep, pictures)
        return (-mean / std).expand_as(pictures)
    if baseline == "mean":
        return pictures.mean((2, 3), keepdim=True).expand_as(pictures)
    if baseline == "blur":
        from torchvision.transforms.v2.functional import gaussian_blur

        sigma = min(pictures.shape[-2:]) / 10
        blurred: Tensor = gaussian_blur(pictures.float(), [2 * math.floor(2 * sigma) + 1] * 2, [sigma])
        return blurred.to(pictures.dtype)
    raise UnknownName.of("baseline", baseline, ("black", "blur", "mean"))


def _along(system: System[Any], piece: Batch, aim: Aim, steps: int, baseline: Baseline) -> Tensor:
    """(N, C, H, W), signed: the gradients along the way by the Gauss-Legendre rule, one step of all pictures at a time."""
    if steps < 1:
        raise BadValue(f"{steps} steps", mend="at least 1; 32 is usual")
    start = empty(piece.pictures, system.prep, baseline)
    way = piece.pictures - start
    total = torch.zeros_like(way, dtype=torch.promote_types(way.dtype, torch.float32))
    for place, weight in zip(*np.polynomial.legendre.leggauss(steps), strict=True):
        [(_, slope)] = gradient(system, replace(piece, pictures=start + way * float(place + 1) / 2), aim)
        total += slope * float(weight) / 2
    return total * way


def attributions(system: System[Any], batch: Batch, of: Of = "", steps: int = 32, baseline: Baseline = "black") -> Tensor:
    """(N, C, H, W), signed, over the network's input. Their sum over a picture is L(picture) - L(baseline), up to the
    error of `steps`."""
    with still(system):
        return torch.cat([_along(system, piece, settle(system, piece, of), steps, baseline) for piece in pieces(batch)])


def integrated_gradients(
    system: System[Any], batch: Batch, of: Of = "", steps: int = 32, baseline: Baseline = "black"
) -> list[Heat]:
    """Σ over channels of the attributions, where they speak for the answer. A place that looks like the baseline gets
    nothing: for dark things take another baseline than 'black'."""

    def find(piece: Batch, aim: Aim) -> Tensor:
        return _along(system, piece, aim, steps, baseline).sum(1)

    return heats(system, batch, of, "integrated-gradients", find)
