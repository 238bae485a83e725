"""Occlusion (2014): how much the answer loses when a square of the picture is hidden."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from looksay.errors import BadValue
from looksay.explain.probe import CHUNK, Aim, Of, heats, rows, run
from looksay.nn.system import Batch, System
from looksay.scene import Heat


def occlusion(system: System[Any], batch: Batch, of: Of = "", window: int | None = None, stride: int | None = None) -> list[Heat]:
    """L(picture) - L(picture with the square hidden), averaged over the squares that hide a place; gains count as zero.

    `window` and `stride` are in pixels of the network's input: by default a seventh of the short side, and half of the window.
    The square takes the mean colour of the data (normalised zero). It needs no gradient, only time: one pass for each square.
    """
    high, wide = batch.pictures.shape[-2:]
    window = max(1, round(min(high, wide) / 7)) if window is None else window
    stride = max(1, window // 2) if stride is None else stride
    if not 1 <= window <= min(high, wide):
        raise BadValue(f"a window of {window}", where=system.card.name, mend=f"between 1 and {min(high, wide)}, the input's side")
    if not 1 <= stride <= window:
        raise BadValue(
            f"a stride of {stride}", where=system.card.name, mend=f"between 1 and the window of {window}, or gaps remain"
        )
    corners = [(top, left) for top in _starts(high, window, stride) for left in _starts(wide, window, stride)]

    @torch.no_grad()
    def find(piece: Batch, aim: Aim) -> Tensor:
        before = aim(run(system, piece)).float()
        lost = before.new_zeros((len(piece), high, wide))
        often = before.new_zeros((high, wide))
        for top, left in corners:
            often[top : top + window, left : left + window] += 1
        jobs = [(row, corner) for row in range(len(piece)) for corner in corners]
        for start in range(0, len(jobs), CHUNK):
            some = jobs[start : start + CHUNK]
            places = [row for row, _ in some]
            hidden = rows(piece, places)
            for picture, (_, (top, left)) in zip(hidden.pictures, some, strict=True):
                picture[:, top : top + window, left : left + window] = 0
            after = aim.rows(places)(run(system, hidden)).float()
            for (row, (top, left)), loss in zip(some, before[places] - after, strict=True):
                lost[row, top : top + window, left : left + window] += loss
        return lost / often

    return heats(system, batch, of, "occlusion", find)


def _starts(side: int, window: int, stride: int) -> range:
    """Until the far edge is covered; the last square may be cut by it."""
    return range(0, side - window + stride, stride)
