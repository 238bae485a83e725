"""METEOR 1.5 for English (Denkowski & Lavie 2014) with its parameters for ranking: words are matched when they are equal or have
one stem. Its two further stages need large tables (WordNet's synonyms, 60 MB of paraphrases) and are not here, so scores are
lower than those of all four stages by some hundredths; they equal those of its own program when that is told
``-m 'exact stem' -w '1 .6'``.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from looksay.measure.ngrams import Floats
from looksay.measure.stem import stem
from looksay.measure.tallied import Tallied

ALPHA, BETA, GAMMA, DELTA = 0.85, 0.2, 0.6, 0.75
WEIGHTS = (1.0, 0.6)  # of the stages exact and stem
_BEAM = 40
# What more than one word in a thousand of English news is; content words weigh DELTA, these 1 - DELTA.
_FUNCTION_WORDS = """
the , . to of and a in that for " is on 's it with was as said at he by be from have has are his but an this not i will
’ they ) -rrb- ( -lrb- who their had we which were been more or s its would about new one after you : also up when there
than $ all out her people she year two - can if last first “ over other ” into some what so -- no time years could ? 't
— '
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_DOTTED = re.compile(r"(?:[a-z]+\.){2,}(?![a-z])")
_SIGNS = re.compile(r"([^\w\s.,'\-`]|_)")
_APART = re.compile(r"(?<=\w)-(?=\w)")
_CLITIC = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_BARE = re.compile(r"(?<! )'|'(?![^\W\d_])|(?<![^\W\d_] )'")


def normal(tokens: Sequence[str]) -> list[str]:
    """Lower-case tokens split once more, as METEOR does: t-shirt is two words, don't has its 't, p.m. is pm."""
    found: list[str] = []
    for place, token in enumerate(tokens):
        if token.isalnum():
            found.append(token)
            continue
        follows = tokens[place + 1][:1] if place + 1 < len(tokens) else ""
        found += _split(token, follows.islower())
    return found


@lru_cache(maxsize=65536)
def _split(token: str, keeps_stop: bool) -> tuple[str, ...]:
    token = _APART.sub(" ", _DOTTED.sub(lambda found: found[0].replace(".", ""), token))
    token = _SIGNS.sub(r" \1 ", token)
    parts = []
    for part in token.split():
        inner = _CLITIC.sub(" '", part)
        for piece in inner.split():
            loose = piece != inner and piece[0] == "'"
            parts += [piece] if loose else piece.replace("'", " ' ").split()
    if parts and parts[-1].endswith(".") and parts[-1] != "." and not keeps_stop:
        parts[-1:] = [parts[-1][:-1], "."]
    return tuple(parts)


class _Path(NamedTuple):
    """A part of an alignment, up to some word of the hypothesis. `worth` is how many of its pairs count, `apart` how far they are
    from each other, `used` the places of the reference as bits; `last` is the place that the word before is matched with, -2
    where it is not; `pairs` are (place in the hypothesis, in the reference, stage)."""

    worth: int
    chunks: int
    apart: int
    used: int
    last: int
    pairs: tuple[tuple[int, int, int], ...]


def align(hypothesis: Sequence[str], reference: Sequence[str]) -> tuple[tuple[tuple[int, int, int], ...], int]:
    """Pairs (place in the hypothesis, in the reference, stage) and their chunks: of all one-to-one alignments that with the most
    pairs, of these that with the fewest chunks, of these that whose pairs are nearest. As in METEOR's own program, pairs by
    stem do not count where there is a choice of them, so that they are made only where they add no chunk."""
    where: dict[str, list[int]] = defaultdict(list)
    stems: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(reference):
        where[word].append(place)
        stems[stem(word)].append(place)
    found_stems = Counter(map(stem, hypothesis))
    paths = [_Path(0, 0, 0, 0, -2, ())]
    for place, word in enumerate(hypothesis):
        exact = where.get(word, ())
        akin = stems.get(stem(word), ())
        sure = len(akin) == found_stems[stem(word)] == 1
        choices = [(there, 0, 1) for there in exact]
        choices += [(there, 1, int(sure)) for there in akin if reference[there] != word]
        if not choices:
            paths = [path._replace(last=-2) for path in paths]
            continue
        best: dict[tuple[int, int], _Path] = {}
        for path in paths:
            for after in _onward(path, place, choices):
                key = (after.used, after.last)
                if key not in best or _order(after) < _order(best[key]):
                    best[key] = after
        paths = sorted(best.values(), key=_order)[:_BEAM]
    found = min(paths, key=_order)
    return found.pairs, found.chunks


def _order(path: _Path) -> tuple[int, int, int, int]:
    return -path.worth, path.chunks, path.apart, -len(path.pairs)


def _onward(path: _Path, place: int, choices: Sequence[tuple[int, int, int]]) -> list[_Path]:
    found = [path._replace(last=-2)]
    for there, stage, worth in choices:
        if path.used >> there & 1:
            continue
        chunks = path.chunks + (there != path.last + 1)
        pairs = (*path.pairs, (place, there, stage))
        found.append(_Path(path.worth + worth, chunks, path.apart + abs(place - there), path.used | 1 << there, there, pairs))
    return found


def statistics(hypothesis: Sequence[str], reference: Sequence[str]) -> tuple[float, ...]:
    """Thirteen numbers, which add up over sentences: lengths (2), function words (2), of each stage the content words and the
    function words that are matched, in the hypothesis and the reference (2 × 4), and chunks. Tokens are normal ones."""
    pairs, chunks = align(hypothesis, reference)
    row = [0.0] * 13
    row[0], row[1] = len(hypothesis), len(reference)
    row[2] = sum(word in _FUNCTION for word in hypothesis)
    row[3] = sum(word in _FUNCTION for word in reference)
    for place, there, stage in pairs:
        row[4 + 4 * stage + 2 * (hypothesis[place] in _FUNCTION)] += 1
        row[5 + 4 * stage + 2 * (reference[there] in _FUNCTION)] += 1
    if not (chunks == 1 and len(pairs) == len(hypothesis) == len(reference)):
        row[12] = chunks
    return tuple(row)


def fold(sums: Floats) -> Floats:
    """(R,) scores of (R, 13) statistics."""
    mass = sums[:, :2] * DELTA + sums[:, 2:4] * (1 - 2 * DELTA)  # content words weigh DELTA, function words 1 - DELTA
    hits = sum(
        weight * (DELTA * sums[:, at : at + 2] + (1 - DELTA) * sums[:, at + 2 : at + 4])
        for weight, at in zip(WEIGHTS, (4, 8), strict=True)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = (hits / mass).T
        mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall)
        fragments = sums[:, 12] / (sums[:, 4:12].sum(axis=1) / 2)
        score = mean * (1 - GAMMA * fragments**BETA)
    return np.asarray(np.nan_to_num(score, nan=0.0), np.float64)


def meteor(hypotheses: Sequence[Sequence[str]], references: Sequence[Sequence[Sequence[str]]]) -> tuple[Tallied, Floats]:
    """The score over all sentences, and (N,) each sentence's own; of several references the one with the best score counts."""
    rows = []
    for said, some in zip(hypotheses, references, strict=True):
        here = normal(said)
        rows.append(np.array([statistics(here, normal(each)) for each in some]))
    ends = np.cumsum([len(each) for each in rows])
    scores = fold(np.concatenate(rows))
    parts = np.split(scores, ends[:-1])
    chosen = np.stack([each[part.argmax()] for each, part in zip(rows, parts, strict=True)])
    return Tallied(chosen, fold), np.array([part.max() for part in parts])
