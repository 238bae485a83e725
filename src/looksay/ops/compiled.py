"""Loops that numba turns into machine code when they are first called; the code is kept on disk for the next time.

numba is an optional dependency: modules of such loops are imported where they are needed, not before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeAlias, TypeVar, cast

import numpy as np

from looksay.errors import NotInstalled

try:
    from numba import njit
except ModuleNotFoundError:
    raise NotInstalled("counting and learning words needs the package numba", mend="pip install numba") from None

P = ParamSpec("P")
R = TypeVar("R")
Int: TypeAlias = int | np.int64  # 64 bits wide in compiled code, whichever it is

# Sums may be reordered and products contracted, so that they run in wide registers; NaN and infinity keep their meaning.
_FREE = {"reassoc", "contract", "arcp", "nsz"}


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """The same function without Python: other threads run beside it, an index out of range is not noticed."""
    return cast(Callable[P, R], njit(nogil=True, fastmath=_FREE, error_model="numpy", cache=True)(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """A part of compiled functions, written out where it is called: in the innermost loops that is half the time."""
    return cast(Callable[P, R], njit(nogil=True, fastmath=_FREE, error_model="numpy", inline="always")(function))
