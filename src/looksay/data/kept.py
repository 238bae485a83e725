"""What systems want with a picture besides its pixels, remembered on disk where it is dear to compute."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from looksay.data.loader import Beside
from looksay.data.proposals import remembered
from looksay.nn.placement import Placement
from looksay.nn.prep import Picture
from looksay.nn.system import System


def beside_of(system: System[Any], *, learning: bool = False) -> Beside | None:
    """None for a system that wants nothing."""
    if type(system).beside is System.beside or (system.shortcut and not learning):
        return None
    return partial(_wanted, system)


def _wanted(system: System[Any], picture: Picture, place: Placement) -> Mapping[str, Any]:
    return system.beside(picture, place, partial(remembered, picture))
