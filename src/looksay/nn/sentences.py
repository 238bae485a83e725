"""Sentences as a network is given them to read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from looksay.nn.vocabulary import Vocabulary

LONGEST = 60  # words of a sentence; what is longer is cut there


def read_of(numbers: Sequence[npt.NDArray[np.int64]], tokens: Sequence[Sequence[str]]) -> dict[str, Any]:
    """What a translator is given to read; behind a row's end nothing counts."""
    lengths = torch.tensor([len(each) for each in numbers])
    rows = torch.full((len(numbers), int(lengths.max())), Vocabulary.stop)
    for row, each in zip(rows, numbers, strict=True):
        row[: len(each)] = torch.from_numpy(each)
    return {"source": rows, "lengths": lengths, "tokens": [list(each) for each in tokens]}
