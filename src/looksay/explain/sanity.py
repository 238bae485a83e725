"""Does a method look at the network at all? Its map must change when the weights become chance (2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from looksay.explain.probe import Of, pieces, rows, run, settle, still
from looksay.explain.table import METHODS, Method, named
from looksay.nn.system import Batch, System


def sanity(
    system: System[Any], batch: Batch, method: str | Method = "saliency", of: Of = "", seed: int = 0
) -> list[tuple[str, float]]:
    """(layer, rank correlation with the original map) while the layers become chance one after another, from the answer
    down to the picture, and stay so.

    1 is a map that does not depend on the weights. New weights are normal with the old ones' root mean square. The correlation
    is Spearman's over the network's input, the mean over the pictures; a map that became even counts as 0.
    The answers explained stay those of the unharmed network. Weights come back bit for bit in any case.
    """
    explain = METHODS[named(method)] if isinstance(method, str) else method
    whole = rows(batch, range(len(batch)))
    whole.sizes = ()  # over the input, for what lies outside of a crop is zero in any map
    parts: list[tuple[Batch, Of]] = [(whole, of)]
    with still(system):
        if of == "":
            names = [name for piece in pieces(whole) for name in settle(system, piece, of).names]
            groups = {name: [row for row, other in enumerate(names) if other == name] for name in names}
            parts = [(rows(whole, places), name) for name, places in groups.items()]
        order = layers(system, rows(whole, range(1)))

    def maps() -> list[npt.NDArray[np.float32]]:
        return [heat.values for part, what in parts for heat in explain(system, part, what)]

    before, found = maps(), []
    kept = [(parameter, parameter.detach().clone()) for parameter in system.parameters()]
    chance = torch.Generator().manual_seed(seed)
    try:
        for name, parameters in order:
            with torch.no_grad():
                for parameter in parameters:
                    drawn = torch.randn(parameter.shape, generator=chance).to(parameter)
                    parameter.copy_(drawn * parameter.float().square().mean().sqrt())
            alike = [rank_correlation(old, new) for old, new in zip(before, maps(), strict=True)]
            found.append((name, float(np.mean(alike))))
    finally:
        with torch.no_grad():
            for parameter, value in kept:
                parameter.copy_(value)
    return found


def layers(system: System[Any], batch: Batch) -> list[tuple[str, list[nn.Parameter]]]:
    """The modules with parameters, last to run first. A parameter belongs to the innermost module around it that ran."""
    names = {module: name for name, module in system.named_modules()}
    ran: dict[str, list[nn.Parameter]] = {}

    def note(module: nn.Module, given: Any) -> None:
        ran.setdefault(names[module], [])

    handles = [module.register_forward_pre_hook(note) for module in names]
    try:
        with torch.no_grad():
            run(system, batch)
    finally:
        for handle in handles:
            handle.remove()
    for name, parameter in system.named_parameters():
        owner = name.rpartition(".")[0]
        while owner not in ran:
            owner = owner.rpartition(".")[0]
        ran[owner].append(parameter)
    return [(name or type(system).__name__, own) for name, own in reversed(ran.items()) if own]


def rank_correlation(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    """Spearman's, equal values sharing their mean rank; 0 where one of the two is even."""
    ranks = [_ranks(values.ravel()) for values in (a, b)]
    left, right = (rank - rank.mean() for rank in ranks)
    norm = float(np.sqrt((left @ left) * (right @ right)))
    return float(left @ right) / norm if norm else 0.0


def _ranks(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    _, place, often = np.unique(values, return_inverse=True, return_counts=True)
    ranks: npt.NDArray[np.float64] = (np.cumsum(often) - (often - 1) / 2)[place]
    return ranks
