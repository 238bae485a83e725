"""The methods by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from looksay.errors import BadValue, UnknownName
from looksay.explain.gradcam import grad_cam
from looksay.explain.integrated import integrated_gradients
from looksay.explain.occlusion import occlusion
from looksay.explain.probe import PICTURE, Of
from looksay.explain.saliency import saliency
from looksay.nn.spot import is_pixel
from looksay.nn.system import Batch, System
from looksay.scene import Heat

Method = Callable[[System[Any], Batch, Of], list[Heat]]
TAPPED: dict[str, Callable[..., list[Heat]]] = {"saliency": saliency, "grad-cam": grad_cam}
METHODS: dict[str, Method] = {**TAPPED, "integrated-gradients": integrated_gradients, "occlusion": occlusion}


def methods() -> tuple[str, ...]:
    return tuple(METHODS)


def named(method: str) -> str:
    name = method.replace("_", "-")
    if name not in METHODS:
        raise UnknownName.of("method", method, METHODS)
    return name


def asked(system: System[Any], of: Of, at: str) -> tuple[Of, str]:
    """What is to be explained and the tap, where `at` may be a pixel of what is."""
    if isinstance(of, str) and is_pixel(at):
        of, at = f"{of}@{at}" if of else at, ""
    if isinstance(of, str) and is_pixel(of.rpartition("@")[2]) and of not in system.classes and not system.pixels:
        mend = "looksay systems segment, and instances, list those that do"
        raise BadValue(f"{system.card.name} does not tell pixels apart", where=of, mend=mend)
    return of, at


def explain(system: System[Any], batch: Batch, of: Of = "", method: str = "saliency", at: str = "") -> list[Heat]:
    """One heat for each picture, in the picture's own size. `at` is a tap, for the methods that look into one; '' is what
    the method takes by itself. Of systems that tell pixels it may also be a pixel, '12,30': why is it what it is, or `of`?"""
    name = named(method)
    of, at = asked(system, of, at)
    if not at or (at == PICTURE and name not in TAPPED):
        return METHODS[name](system, batch, of)
    if name not in TAPPED:
        raise BadValue(f"{name!r} explains by the picture only, not at {at!r}", mend=f"{' and '.join(TAPPED)} look into taps")
    return TAPPED[name](system, batch, of, at=at)
