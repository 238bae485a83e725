"""The order of pictures that were scored, the same whatever the batches and processes were."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from looksay.errors import BadData


def places(ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """The place of each picture that was added: by number where ids are numbers, as COCO's are, then by text; as they came where
    none has an id."""
    if not ids:
        raise BadData("no picture was scored", mend="the split is empty, or its loader gave nothing")
    if not any(ids):
        return np.arange(len(ids))
    if not all(ids):
        unnamed = sum(not id for id in ids)
        raise BadData(f"{unnamed} of {len(ids)} pictures have no id", mend="give ids to all pictures or to none")
    order = sorted(range(len(ids)), key=lambda at: _natural(ids[at]))
    twice = next((ids[a] for a, b in pairwise(order) if ids[a] == ids[b]), None)
    if twice is not None:
        raise BadData("a picture was scored more than once", where=f"picture {twice}", mend="score each once")
    return np.argsort(order)


def _natural(id: str) -> tuple[int, int, str]:
    number = id.isascii() and id.isdigit()
    return (0, int(id), id) if number else (1, 0, id)
