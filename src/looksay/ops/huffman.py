"""Huffman's tree: a code for each word, short where the word is frequent, so that the mean length is the least there can be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from looksay.ops.compiled import compiled


class Tree(NamedTuple):
    """Of word i, from the root down: the inner nodes `nodes[ends[i] : ends[i + 1]]` that are passed, and the turns taken there,
    `bits`, 0 or 1. Inner nodes are numbered from 0 to words - 2, the root being the last."""

    ends: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int32]
    bits: npt.NDArray[np.uint8]


def no_tree() -> Tree:
    return Tree(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint8))


def tree_of(counts: npt.NDArray[np.int64]) -> Tree:
    """`counts` fall, as a vocabulary has them; there are at least two."""
    parent, turn = np.zeros(2 * len(counts) - 1, np.int64), np.zeros(2 * len(counts) - 1, np.uint8)
    _grow(counts, parent, turn)
    depth = np.zeros(len(parent), np.int64)
    _measure(parent, depth)
    ends = np.concatenate([[0], np.cumsum(depth[: len(counts)])])
    tree = Tree(ends, np.zeros(ends[-1], np.int32), np.zeros(ends[-1], np.uint8))
    _write(parent, turn, tree)
    return tree


@compiled
def _grow(counts: npt.NDArray[np.int64], parent: npt.NDArray[np.int64], turn: npt.NDArray[np.uint8]) -> None:
    """Joins the two rarest nodes until one is left. Leaves wait in their order, inner nodes are made in order: so the rarest is
    always at the front of one of the two queues. Of equals the inner node is taken, as the original tool does."""
    words = len(counts)
    weight = np.zeros(2 * words - 1, np.int64)
    weight[:words] = counts
    leaf, inner = words - 1, words
    for made in range(words, 2 * words - 1):
        for side in range(2):
            if leaf >= 0 and (inner >= made or weight[leaf] < weight[inner]):
                rarest = leaf
                leaf -= 1
            else:
                rarest = inner
                inner += 1
            weight[made] += weight[rarest]
            parent[rarest] = made
            turn[rarest] = side


@compiled
def _measure(parent: npt.NDArray[np.int64], depth: npt.NDArray[np.int64]) -> None:
    for node in range(len(parent) - 2, -1, -1):  # a parent comes after its children
        depth[node] = depth[parent[node]] + 1


@compiled
def _write(parent: npt.NDArray[np.int64], turn: npt.NDArray[np.uint8], tree: Tree) -> None:
    words = len(tree.ends) - 1
    for word in range(words):
        node = word
        for at in range(tree.ends[word + 1] - 1, tree.ends[word] - 1, -1):
            tree.bits[at] = turn[node]
            node = parent[node]
            tree.nodes[at] = node - words
