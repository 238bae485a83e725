"""looksay: look at a picture, say what is in it, show why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"
__all__ = ["Look", "Scene", "cards", "compare", "evaluate", "find", "load", "look", "train"]

if TYPE_CHECKING:
    from looksay.api import cards, compare, evaluate, find, load, look, train
    from looksay.scene import Scene
    from looksay.show.look import Look


def __getattr__(name: str) -> Any:
    """torch is imported when something is first asked for, not when looksay is."""
    from importlib import import_module

    homes = {"Scene": "looksay.scene", "Look": "looksay.show.look"}
    if name in __all__:
        return getattr(import_module(homes.get(name, "looksay.api")), name)
    raise AttributeError(f"module 'looksay' has no attribute {name!r}")
