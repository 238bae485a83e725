"""Sequences of like length together, so that next to nothing is computed for padding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from looksay.nn.chance import hash_of

POOL = 256  # batches that are sorted by length among themselves

Places = npt.NDArray[np.int64]


def bucketed(lengths: Places, size: int, seed: int, epoch: int) -> list[Places]:
    """Batches of `size` places each, the longest sequence first, in another order and grouping each epoch. They follow from
    (seed, epoch) alone; the last, incomplete batch is left out unless it is the only one."""
    dice = np.random.default_rng(hash_of(seed, epoch))
    order = dice.permutation(len(lengths))
    whole = max(len(order) // size, 1)
    turns: list[Places] = []
    for start in range(0, whole, POOL):
        pool = order[start * size : min(start + POOL, whole) * size]
        pool = pool[np.argsort(-lengths[pool], kind="stable")]
        turns += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [turns[i] for i in dice.permutation(len(turns))]


def in_order(lengths: Places, size: int) -> list[Places]:
    """All of them once, the longest first: for judging."""
    order = np.argsort(-lengths, kind="stable")
    return [order[i : i + size] for i in range(0, len(order), size)]


def padding(lengths: Places, turns: list[Places]) -> float:
    """The share of steps that would be computed for nothing, were the batches filled up to their longest."""
    filled = sum(len(turn) * int(lengths[turn].max()) for turn in turns)
    return 1 - sum(int(lengths[turn].sum()) for turn in turns) / filled
