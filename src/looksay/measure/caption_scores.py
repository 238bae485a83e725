"""How good captions are, by the scores of the COCO evaluation: BLEU-1 to 4, METEOR, ROUGE-L, CIDEr-D; and plain CIDEr.

Every score is that of free-running captions: what a system said by itself, never the words that it was told. Interval: pictures
are drawn with replacement; the document frequencies of CIDEr stay those of all pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from looksay.measure import bleu
from looksay.measure.meteor import meteor
from looksay.measure.ngrams import Floats, Grams, Ints, Sentences
from looksay.measure.ptb import tokens
from looksay.measure.tallied import Tallied, intervals

BETA = 1.2  # of ROUGE-L: recall counts for more
SIGMA = 6.0  # of CIDEr-D: what a difference in length costs
NAMES = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr-D", "CIDEr")
SETTINGS = {
    "BLEU-1": "corpus, clipped, nearest reference length",
    "METEOR": "1.5 English, stages exact and stem only: no synonyms, no paraphrases",
    "ROUGE-L": "beta 1.2",
    "CIDEr-D": "n 1-4, sigma 6, document frequencies of the references; what coco-caption prints as CIDEr",
    "CIDEr": "as first published: counts not clipped, lengths not compared; words not stemmed",
}


@dataclass(frozen=True, eq=False)
class CaptionScores:
    """`tallied`: each score by its name, with what each picture adds to it. `each`: (N,) the scores of single pictures."""

    tallied: dict[str, Tallied]
    each: dict[str, Floats]

    def __len__(self) -> int:
        return len(next(iter(self.tallied.values())).rows)

    @cached_property
    def numbers(self) -> dict[str, float]:
        return {name: each.score for name, each in self.tallied.items()}

    def intervals(self, *, seed: int = 0, rounds: int = 2000, level: float = 0.95) -> dict[str, tuple[float, float]]:
        return intervals(self.tallied, seed=seed, rounds=rounds, level=level)

    def lines(self, seed: int = 0) -> list[str]:
        """For the terminal: each score with its interval and its settings."""
        trust = self.intervals(seed=seed)
        return [
            f"{name:8} {value:.6f}  ({trust[name][0]:.4f} to {trust[name][1]:.4f})  {SETTINGS.get(name, '')}".rstrip()
            for name, value in self.numbers.items()
        ]


def caption_scores(
    hypotheses: Sequence[str], references: Sequence[Sequence[str]], *, split: Callable[[str], list[str]] = tokens
) -> CaptionScores:
    """Of one caption a picture against one reference a picture or more, as plain text. `split` makes tokens: the Penn Treebank's,
    as the COCO evaluation does, or ``str.split`` for text that is in tokens already."""
    said, known = [split(text) for text in hypotheses], [[split(text) for text in some] for some in references]
    texts = Sentences.of(said, known)
    rows = bleu.statistics(texts)
    tallied = {f"BLEU-{n}": Tallied(rows, partial(bleu.coco, n=n)) for n in range(1, 5)}
    each = {name: found.fold(rows) for name, found in tallied.items()}
    tallied["METEOR"], each["METEOR"] = meteor(said, known)
    means = {"ROUGE-L": rouge_l(texts), "CIDEr-D": cider_d(texts), "CIDEr": cider(texts)}
    each |= means
    tallied |= {name: Tallied.mean(values) for name, values in means.items()}
    return CaptionScores(tallied, each)


# -- CIDEr -----------------------------------------------------------------------------------------------------------------------


def cider_d(texts: Sentences) -> Floats:
    """(N,) CIDEr-D of each hypothesis, 0 to 10."""
    return _cider(texts, clipped=True)


def cider(texts: Sentences) -> Floats:
    """(N,) CIDEr of each hypothesis as first published, of words as they stand: repeating a good word may raise it."""
    return _cider(texts, clipped=False)


def _cider(texts: Sentences, *, clipped: bool) -> Floats:
    found = np.zeros(len(texts.owner))
    for grams in texts.grams:
        found += _cosine(texts, grams, clipped=clipped)
    if clipped:
        # The official scorer takes a caption's bigrams for its length.
        lengths = np.maximum(texts.lengths - 1, 0).astype(np.float64)
        apart = lengths[texts.owner] - lengths[len(texts) :]
        found *= np.exp(-(apart**2) / (2 * SIGMA**2))
    return np.asarray(10 / 4 * np.add.reduceat(found, texts.first) / np.bincount(texts.owner), np.float64)


def _cosine(texts: Sentences, grams: Grams, *, clipped: bool) -> Floats:
    """(M,) of each reference with its picture's hypothesis, each n-gram weighing the more the fewer pictures have it."""
    kinds = max(grams.kinds, 1)
    owner = texts.owner[grams.ref]
    keys = np.sort(owner * kinds + grams.ref_gram)  # np.unique without counts hashes, which takes a hundred times as long
    pictures = np.bincount(keys[np.diff(keys, prepend=-1) > 0] % kinds, minlength=kinds)
    rarity = np.log(len(texts)) - np.log(np.maximum(pictures, 1))
    said, known = grams.hyp_count * rarity[grams.hyp_gram], grams.ref_count * rarity[grams.ref_gram]
    there = grams.match >= 0
    both = said[grams.match[there]]
    if clipped:
        both = np.minimum(both, known[there])
    count = len(texts.owner)
    product = np.bincount(grams.ref[there], both * known[there], count)
    norms = np.sqrt(np.bincount(grams.hyp, said**2, len(texts)))[texts.owner] * np.sqrt(np.bincount(grams.ref, known**2, count))
    cosine: Floats = np.divide(product, norms, out=np.zeros(count), where=norms > 0)
    return cosine


# -- ROUGE-L ---------------------------------------------------------------------------------------------------------------------


def rouge_l(texts: Sentences) -> Floats:
    """(N,) of each hypothesis: the best precision and the best recall of longest common subsequences over its references."""
    common = common_lengths(texts)
    precision = np.maximum.reduceat(common, texts.first) / np.maximum(texts.hyp_lengths, 1)
    recall = np.maximum.reduceat(common / np.maximum(texts.ref_lengths, 1), texts.first)
    below = recall + BETA**2 * precision
    score: Floats = np.divide((1 + BETA**2) * precision * recall, below, out=np.zeros(len(texts)), where=below > 0)
    return score


def common_lengths(texts: Sentences) -> Floats:
    """(M,) the length of the longest common subsequence of each reference with its picture's hypothesis."""
    starts = np.cumsum(texts.lengths) - texts.lengths
    found = np.zeros(len(texts.owner))
    for some in _alike(texts):
        own, ref = texts.owner[some], len(texts) + some
        left = _padded(texts, starts[own], texts.lengths[own], -1)
        right = _padded(texts, starts[ref], texts.lengths[ref], -2)
        row = np.zeros((len(some), right.shape[1] + 1), np.int32)
        for place in range(left.shape[1]):
            # What a row may gain in any column it keeps in all columns behind it.
            row[:, 1:] = np.maximum(row[:, 1:], row[:, :-1] + (right == left[:, place, None]))
            np.maximum.accumulate(row, axis=1, out=row)
        found[some] = row[:, -1]
    return found


def _alike(texts: Sentences, at_once: int = 8192) -> Iterator[Ints]:
    """Places of references, those whose sentences are about equally long together, so that little is computed for padding."""
    order = np.lexsort((texts.ref_lengths, texts.hyp_lengths[texts.owner]))
    for start in range(0, len(order), at_once):
        yield order[start : start + at_once]


def _padded(texts: Sentences, starts: Ints, lengths: Ints, filler: int) -> Ints:
    column = np.arange(int(lengths.max(initial=0)))
    inside = column < lengths[:, None]
    if not len(texts.words):
        return np.full(inside.shape, filler)
    return np.where(inside, texts.words[np.where(inside, starts[:, None] + column, 0)], filler)
