"""What systems learn from that say which pixels each thing covers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from looksay.data.material import Pictures, Splits
from looksay.errors import BadData

LOOKED = 500  # pictures among which one must have a mask


class Outlined(Pictures):
    """Pictures whose things have masks; a thing without one is found and classified, but nothing is learnt of its pixels."""

    tries = "segment --model {} PICTURE"

    def check(self, name: str, splits: Splits, fewest: int, *, allow: bool, say: Callable[[str], None]) -> None:
        super().check(name, splits, fewest, allow=allow, say=say)
        if not any(splits.train.masks(index).any() for index in range(min(len(splits.train), LOOKED))):
            mend = "add polygons, run lengths or id masks; looksay train faster-r-cnn needs boxes alone"
            raise BadData("marks no pixels of its things", where=name, mend=mend)

    def prepare(self, data: Any) -> None:
        """The storybook draws its masks when they are first asked for."""
        super().prepare(data)
        data.masks(0)
