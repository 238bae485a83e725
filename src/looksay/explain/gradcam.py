"""Grad-CAM (2017): the channels of a layer, weighed by how much the answer wants each of them."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from looksay.errors import BadValue
from looksay.explain.probe import Aim, Of, gradient, heats, spatial, still, widen
from looksay.nn.system import Batch, System
from looksay.scene import Heat


def grad_cam(system: System[Any], batch: Batch, of: Of = "", at: str | None = None) -> list[Heat]:
    """max(0, Σ over channels of weight × value), a channel's weight being the mean of dL/dvalue over all places.

    `at` is a tap, None for the system's own gaze or else the last one with spatial extent. The map is spread evenly over the
    input, so it is coarse and, after convolutions without padding, off by up to their margin at the border. Where the network
    passes the tap several times (a head over several scales), the maps add up.
    """
    if not len(batch):
        return []
    if at is None:
        with still(system):
            known = spatial(system, batch)
        if not known:
            raise BadValue("no tap lies over the picture", where=system.card.name, mend="'saliency' needs none")
    where = (system.gaze or known[-1]) if at is None else at
    system.tap(where)  # refuses what is no tap

    def find(piece: Batch, aim: Aim) -> Tensor:
        pairs = gradient(system, piece, aim, where)
        maps = [widen((slope.mean((2, 3), keepdim=True) * value).sum(1).clamp(min=0), piece) for value, slope in pairs]
        return sum(maps[1:], maps[0])

    return heats(system, batch, of, f"grad-cam at {where}", find)
