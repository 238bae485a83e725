"""The steps of word2vec: skip-gram and continuous bag of words, by negative sampling and by a Huffman tree.

Rows are padded with zeros to a multiple of eight, so that they fill the registers. Chance follows from the seed that a stretch of
text is given, not from what was learnt before it; several threads may write the same rows at once, without a lock.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from looksay.ops.compiled import Int, compiled, inlined
from looksay.ops.huffman import Tree

Floats: TypeAlias = npt.NDArray[np.float32]
Line: TypeAlias = npt.NDArray[np.int64]
Span: TypeAlias = tuple[Int, Int]
LONGEST = 1000  # words of a sentence; what is longer is cut
_WIDTH = 8


class Net(NamedTuple):
    """Rows of `words` are the vectors that one wants; `outs` are those by which words are told apart as answers (none without
    negative sampling), `nodes` those of the tree's inner nodes (none without a tree)."""

    words: Floats
    outs: Floats
    nodes: Floats


class Draws(NamedTuple):
    """`keep` is the chance of each word to stay in its sentence. Words to be told apart from the right one are drawn by the alias
    method: a word by equal chance, which gives way to `other` where a number in [0, 1) is not below `share`."""

    keep: Floats
    share: Floats
    other: npt.NDArray[np.int32]


class How(NamedTuple):
    cbow: bool
    window: int
    negative: int


class Rules(NamedTuple):
    how: How
    draws: Draws
    tree: Tree


class Pace(NamedTuple):
    """The learning rate falls from `start` in a straight line over `total` words to nothing, never below `least`; `seen` words
    came before."""

    start: float
    least: float
    seen: int
    total: int


def fresh(words: int, size: int, how: How, tree: Tree, seed: int) -> Net:
    """Vectors evenly between ±0.5 / size, everything else 0."""
    width = -(-size // _WIDTH) * _WIDTH
    rows = np.zeros((words, width), np.float32)
    start, step = np.uint64(mixed(seed)), np.uint64(0x9E3779B97F4A7C15)
    for word in range(0, words, 4096):
        some = rows[word : word + 4096, :size]
        numbers = np.arange(word * size, word * size + some.size, dtype=np.uint64).reshape(some.shape)
        some[:] = ((_spread(start + numbers * step) >> np.uint64(40)).astype(np.float64) / 2**24 - 0.5) / size
    outs = np.zeros((words if how.negative else 0, width), np.float32)
    return Net(rows, outs, np.zeros((words - 1 if len(tree.nodes) else 0, width), np.float32))


def _spread(value: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def mixed(*words: int) -> int:
    """64 bits that follow from the numbers."""
    state = np.zeros(1, np.uint64)
    for word in words:
        state = _spread(state * np.uint64(3) + np.uint64((word + 0x9E3779B97F4A7C15) & (2**64 - 1)))
    return int(state[0])


def draws_of(counts: npt.NDArray[np.int64], sample: float, power: float = 0.75) -> Draws:
    """Words are drawn in proportion to count ** power. A word that makes up a share f of the text is kept with the chance
    (sqrt(f / sample) + 1) * sample / f; all are where `sample` is 0."""
    often = counts / (sample * counts.sum()) if sample else np.zeros(len(counts))
    with np.errstate(divide="ignore"):
        keep = np.minimum((np.sqrt(often) + 1) / often, 1) if sample else np.ones(len(counts))
    weights = counts.astype(np.float64) ** power
    share, other = weights * (len(counts) / weights.sum()), np.arange(len(counts), dtype=np.int32)
    _level(share, other)
    return Draws(keep.astype(np.float32), share.astype(np.float32), other)


@compiled
def _level(share: npt.NDArray[np.float64], other: npt.NDArray[np.int32]) -> None:
    """Vose's way: those with more than their part fill up those with less."""
    small, large = np.empty(len(share), np.int64), np.empty(len(share), np.int64)
    low, high = 0, 0
    for word in range(len(share)):
        if share[word] < 1:
            small[low] = word
            low += 1
        else:
            large[high] = word
            high += 1
    while low and high:
        low -= 1
        poor, rich = small[low], large[high - 1]
        other[poor] = rich
        share[rich] -= 1 - share[poor]
        if share[rich] < 1:
            high -= 1
            small[low] = rich
            low += 1
    for left in range(low):  # by rounding alone
        share[small[left]] = 1
    for left in range(high):
        share[large[left]] = 1


@compiled
def chance(state: np.uint64) -> np.uint64:
    """The next state; its upper 32 bits are random."""
    return np.uint64(state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407))


@compiled
def below(state: np.uint64, count: int) -> Int:
    return np.int64(((state >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32))


@compiled
def part(state: np.uint64) -> np.float32:
    """In [0, 1)."""
    return np.float32(state >> np.uint64(40)) * np.float32(1 / 16777216)


@inlined
def _tell(rows: Floats, x: Int, outs: Floats, y: Int, error: Floats, label: np.float32, rate: np.float32) -> None:
    """One step on log sigmoid(±rows[x] · outs[y]), + where the label is 1: outs[y] moves at once, what rows[x] should move by is
    added to `error`."""
    like = np.float32(0)
    for k in range(len(error)):
        like += rows[x, k] * outs[y, k]
    slope = (label - np.float32(1) / (np.float32(1) + np.exp(-like))) * rate
    for k in range(len(error)):
        error[k] += slope * outs[y, k]
        outs[y, k] += slope * rows[x, k]


@inlined
def step(rows: Floats, x: Int, error: Floats, word: Int, net: Net, rules: Rules, rate: np.float32, state: np.uint64) -> np.uint64:
    """Makes `word` likelier where rows[x] is seen; what rows[x] should move by is added to `error`. Gives the next state."""
    tree, draws, outs, nodes = rules.tree, rules.draws, net.outs, net.nodes
    if len(tree.nodes):
        for at in range(tree.ends[word], tree.ends[word + 1]):
            _tell(rows, x, nodes, tree.nodes[at], error, np.float32(1) - np.float32(tree.bits[at]), rate)
    if rules.how.negative:
        _tell(rows, x, outs, word, error, np.float32(1), rate)
        for _ in range(rules.how.negative):
            state = chance(state)
            other = below(state, len(draws.share))
            state = chance(state)
            if part(state) >= draws.share[other]:
                other = np.int64(draws.other[other])
            if other != word:
                _tell(rows, x, outs, other, error, np.float32(0), rate)
    return state


@inlined
def _skip_gram(line: Line, span: Span, at: int, net: Net, rules: Rules, rate: np.float32, state: np.uint64) -> np.uint64:
    """Each word of the span tells that line[at] is near it."""
    words = net.words
    error = np.empty(words.shape[1], np.float32)
    for near in range(span[0], span[1]):
        if near != at:
            for k in range(len(error)):
                error[k] = 0
            x = line[near]
            state = step(words, x, error, line[at], net, rules, rate, state)
            for k in range(len(error)):
                words[x, k] += error[k]
    return state


@inlined
def _cbow(line: Line, span: Span, at: int, net: Net, rules: Rules, rate: np.float32, state: np.uint64) -> np.uint64:
    """The mean of the words of the span tells that line[at] is among them; each of them gets the whole error."""
    words = net.words
    if span[1] - span[0] < 2:
        return state
    mean, error = np.zeros((1, words.shape[1]), np.float32), np.zeros(words.shape[1], np.float32)
    for near in range(span[0], span[1]):
        if near != at:
            x = line[near]
            for k in range(len(error)):
                mean[0, k] += words[x, k]
    share = np.float32(1) / np.float32(span[1] - span[0] - 1)
    for k in range(len(error)):
        mean[0, k] *= share
    state = step(mean, 0, error, line[at], net, rules, rate, state)
    for near in range(span[0], span[1]):
        if near != at:
            x = line[near]
            for k in range(len(error)):
                words[x, k] += error[k]
    return state


@compiled
def learn(ids: npt.NDArray[np.int32], net: Net, rules: Rules, pace: Pace, seed: np.uint64) -> None:
    """One pass over numbers of words, sentences parted by negative ones. Frequent words are dropped first, so that windows reach
    over the gaps; each word's window is drawn anew, from 1 to the whole."""
    line = np.empty(LONGEST, np.int64)
    how, state, seen, at = rules.how, seed, pace.seen, 0
    while at < len(ids):
        rate = np.float32(max(pace.start * (1 - seen / pace.total), pace.least))
        long = 0
        while at < len(ids) and long < LONGEST:
            word = ids[at]
            at += 1
            if word < 0:
                break
            seen += 1
            state = chance(state)
            if part(state) < rules.draws.keep[word]:
                line[long] = word
                long += 1
        for here in range(long):
            state = chance(state)
            reach = 1 + below(state, how.window)
            span = (max(here - reach, 0), min(here + reach + 1, long))
            if how.cbow:
                state = _cbow(line, span, here, net, rules, rate, state)
            else:
                state = _skip_gram(line, span, here, net, rules, rate, state)
