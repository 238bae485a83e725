"""How every explanation asks a system: held still, a few pictures at a time, about one number, and nothing left behind.

Why not captum (0.9 was tried): it is right, and the tests hold Grad-CAM, integrated gradients and occlusion against it. But
what it would save is some ten lines each, and what it leaves to its caller is all that is below. It adds half a second and
33 MiB to the import (matplotlib among it), does not put the network into evaluation mode (batch norm then learns from being
explained), fails in inference mode, bounds memory by the steps but not by the pictures, keeps only the last call of a module
that runs several times, and its occlusion takes one and a half to two times as long as the forward passes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from looksay.errors import BadValue, UnknownName
from looksay.explain.place import over
from looksay.nn.prep import Prep
from looksay.nn.spot import Spot, spot
from looksay.nn.system import Batch, System
from looksay.scene import Heat, Scene

Of = str | Callable[[Any], Tensor]
Find = Callable[[Batch, "Aim"], Tensor]
PICTURE = "picture"
CHUNK = 8  # pictures that pass the network together; bounds the memory


@dataclass(frozen=True)
class Aim:
    """The number L to explain, for each picture of a batch: what `call` makes of the output, or how far the system reaches each
    picture's goal, which is called by its name."""

    system: System[Any]
    names: tuple[str, ...]
    goals: tuple[Any, ...]
    call: Callable[[Any], Tensor] | None = None

    def rows(self, places: Sequence[int]) -> Aim:
        names, goals = (tuple(some[place] for place in places) for some in (self.names, self.goals))
        return replace(self, names=names, goals=goals)

    def __call__(self, out: Any) -> Tensor:
        """(N,)"""
        found = self.call(out) if self.call is not None else self.system.reached(out, self.goals)
        if found.shape != (len(self.names),):
            raise BadValue(
                f"what is to be explained has the shape {tuple(found.shape)}",
                where=self.system.card.name,
                mend=f"one number for each picture: ({len(self.names)},)",
            )
        return found


def settle(system: System[Any], batch: Batch, of: Of) -> Aim:
    """With '' the best answer of each picture is fixed by its name, where it has one: when parts of the picture are taken away,
    another answer may become the best, and that one is not asked for. So is the place that a region or a thing has."""
    if callable(of):
        name = getattr(of, "__name__", "")
        same = ("" if name == "<lambda>" else name,) * len(batch)
        return Aim(system, same, same, of)
    if of and not system.pixels:
        return Aim(system, (of,) * len(batch), (of,) * len(batch))
    with torch.no_grad():
        out = run(system, batch)
        if system.pixels:
            named = system.goals(out, batch, of)
            return Aim(system, tuple(name for name, _ in named), tuple(goal for _, goal in named))
        best, names = system.aim(out, ""), list[str]()
        for row, scene in enumerate(system.read(out, batch)):
            name = _answer(scene)
            try:
                agrees = name != "" and bool(system.aim(out, name)[row] == best[row])
            except UnknownName:
                agrees = False
            names.append(name if agrees else "")
    return Aim(system, tuple(names), tuple(names))


def _answer(scene: Scene) -> str:
    if scene.labels:
        return scene.labels[0].name
    if scene.answers and scene.answers[0].answers:
        return scene.answers[0].answers[0].name
    return max(scene.objects, key=lambda thing: thing.score).name if scene.objects else ""


@contextmanager
def still(system: System[Any]) -> Iterator[None]:
    """The system in evaluation mode, gradients possible; each module's own mode comes back in any case. Parameters are not
    touched: gradients are taken with respect to values only, whether parameters are frozen or not."""
    modes = [(module, module.training) for module in system.modules()]
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))  # which allows gradients, also within no_grad
        if any(isinstance(module, nn.RNNBase) for module, _ in modes):  # cuDNN's have no backward in evaluation mode
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        system.eval()
        try:
            yield
        finally:
            for module, mode in modes:
                module.training = mode


def rows(batch: Batch, places: Sequence[int]) -> Batch:
    """Some pictures of a batch, in that order, possibly repeated. Targets with one entry a picture are taken along."""
    count, places = len(batch), list(places)

    def take(value: Any) -> Any:
        if isinstance(value, (Tensor, np.ndarray)):
            return value[places] if value.ndim and value.shape[0] == count else value
        if isinstance(value, (list, tuple)) and len(value) == count:
            return type(value)([value[place] for place in places])
        return value

    targets = {name: take(value) for name, value in batch.targets.items()}
    beside = {name: take(value) for name, value in batch.beside.items()}
    pictures = batch.pictures.detach()[places]
    return Batch(pictures, targets, take(batch.sizes), take(batch.ids), take(batch.places), beside)


def pieces(batch: Batch) -> Iterator[Batch]:
    for start in range(0, len(batch), CHUNK):
        yield rows(batch, range(start, min(start + CHUNK, len(batch))))


def run(system: System[Any], batch: Batch) -> Any:
    """The output. A network that draws numbers draws the same ones each time, and the world's generators do not notice."""
    device = batch.pictures.device
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.default_generator.manual_seed(0)
        if device.type == "cuda":
            torch.cuda.default_generators[device.index].manual_seed(0)
        return system(batch)


@contextmanager
def tapped(system: System[Any], names: Sequence[str]) -> Iterator[dict[str, list[Tensor]]]:
    """What comes out of the taps while it lasts: a list for each, one entry a call. Later in-place changes do not reach it."""
    kept: dict[str, list[Tensor]] = {name: [] for name in names}

    def keep(name: str) -> Callable[[nn.Module, Any, Any], Tensor | None]:
        def hook(module: nn.Module, given: Any, out: Any) -> Tensor | None:
            first = out[0] if isinstance(out, (tuple, list)) else out
            if isinstance(first, Tensor):
                kept[name].append(first)
            return out.clone() if isinstance(out, Tensor) else None

        return hook

    handles = [system.tap(name).register_forward_hook(keep(name)) for name in names]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def spatial(system: System[Any], batch: Batch) -> tuple[str, ...]:
    """The taps whose values lie over the picture: (N, C, h, w) with more than one place, from the picture to the answer."""
    few = rows(batch, range(min(2, len(batch))))
    with torch.no_grad(), tapped(system, tuple(system.taps())) as kept:
        run(system, few)
    return tuple(name for name, values in kept.items() if values and all(_lies_over(value, len(few)) for value in values))


def _lies_over(value: Tensor, count: int) -> bool:
    return value.ndim == 4 and value.shape[0] == count and value.shape[2] * value.shape[3] > 1


def gradient(system: System[Any], batch: Batch, aim: Aim, at: str = PICTURE) -> list[tuple[Tensor, Tensor]]:
    """The values at the picture or a tap and dL/dvalue, (N, C, h, w): a pair for each time that the network passes there."""
    names = () if at == PICTURE else (at,)
    if at != PICTURE and at not in system.taps():
        raise UnknownName.of("tap", at, (PICTURE, *system.taps()), where=system.card.name)
    pictures = batch.pictures.detach().clone().requires_grad_()
    with tapped(system, names) as kept:
        score = aim(run(system, replace(batch, pictures=pictures)))
    values = kept[at] if names else [pictures]
    if not values or not all(_lies_over(value, len(batch)) for value in values):
        shape = tuple(values[0].shape) if values else "none"
        known = ", ".join(spatial(system, batch)) or "no tap does"
        raise BadValue(
            f"the values of {at!r} do not lie over the picture: {shape}", where=system.card.name, mend=f"these do: {known}"
        )
    reached = [value for value in values if value.requires_grad]
    found = torch.autograd.grad(score.sum(), reached, allow_unused=True) if reached and score.requires_grad else ()
    pairs = [(value.detach(), slope) for value, slope in zip(reached, found, strict=False) if slope is not None]
    if not pairs:
        raise BadValue(f"what is to be explained does not depend on {at!r}", where=system.card.name)
    return pairs


def colours(prep: Prep, like: Tensor) -> tuple[Tensor, Tensor]:
    """mean and std, each (C, 1, 1): picture in 0..1 = value * std + mean."""
    count = like.shape[1]
    return like.new_tensor(prep.mean[:count]).view(-1, 1, 1), like.new_tensor(prep.std[:count]).view(-1, 1, 1)


def widen(grid: Tensor, batch: Batch) -> Tensor:
    """(N, h, w) → (N, H, W) of the network's input, bilinear, as if the grid covered it evenly."""
    return F.interpolate(grid[:, None].float(), batch.pictures.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


def heats(system: System[Any], batch: Batch, of: Of, method: str, find: Find) -> list[Heat]:
    """Runs `find`, which gives (n, H, W) over the network's input, chunk by chunk; the heats lie over the original pictures.
    Places that speak against the answer (below zero) are zero in them."""
    found: list[Heat] = []
    high, wide = batch.pictures.shape[-2:]
    fixed = system.prep.mode != "inside"
    if fixed and batch.sizes and (wide, high) != system.prep.size and set(batch.sizes) != {(wide, high)}:
        raise BadValue(
            f"the network's input is {(wide, high)}, its preparation makes {system.prep.size}",
            where=system.card.name,
            mend="prepare the pictures with the system's own prep, or leave the sizes out for heat over the input",
        )
    with still(system):
        for piece in pieces(batch):
            aim = settle(system, piece, of)
            grids = find(piece, aim).clamp(min=0).float().cpu().numpy()
            sizes = piece.sizes or ((wide, high),) * len(piece)
            for name, grid, size in zip(aim.names, grids, sizes, strict=True):
                values = grid if size == (wide, high) else over(grid, system.prep, size, (wide, high))
                where = spot(name, system.classes) if system.pixels and not callable(of) else Spot(name)
                found.append(Heat(str(where._replace(pixel=None)), values, method, where.pixel))
    return found
