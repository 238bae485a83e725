"""BLEU, as it is computed for captions (coco-caption) and for translations (sacrebleu): n-grams up to four, counts clipped to the
reference that has most, lengths set against the reference that is nearest in length."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from looksay.errors import BadValue
from looksay.measure.ngrams import Floats, Sentences
from looksay.measure.tallied import Tallied

SIGNATURE = "nrefs:{refs}|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0"  # the settings, as sacrebleu prints them
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_SPLIT_OFF = re.compile(r"([!-&(-+/:-@\[-`{-~])")  # every ASCII sign but ' , - .
_AFTER_OTHER = re.compile(r"([^0-9])([.,])")
_BEFORE_OTHER = re.compile(r"([.,])([^0-9])")
_DASH = re.compile(r"([0-9])(-)")


def statistics(texts: Sentences) -> Floats:
    """(N, 10) of each hypothesis: its n-grams that are in a reference (1 to 4), all (1 to 4), its length, the reference's."""
    count = len(texts)
    rows = np.zeros((count, 10))
    for n, grams in enumerate(texts.grams):
        most = np.zeros(len(grams.hyp), np.int64)
        there = grams.match >= 0
        np.maximum.at(most, grams.match[there], grams.ref_count[there])
        rows[:, n] = np.bincount(grams.hyp, np.minimum(most, grams.hyp_count), count)
        rows[:, 4 + n] = np.maximum(texts.hyp_lengths - n, 0)
    rows[:, 8] = texts.hyp_lengths
    apart = np.abs(texts.ref_lengths - texts.hyp_lengths[texts.owner])
    longest = int(texts.ref_lengths.max(initial=0)) + 1  # of two that are equally near the shorter counts
    rows[:, 9] = np.minimum.reduceat(apart * longest + texts.ref_lengths, texts.first) % longest
    return rows


def coco(sums: Floats, n: int) -> Floats:
    """(R,) BLEU-n of (R, 10) statistics, with coco-caption's small numbers that keep it from dividing by nought."""
    precision = np.prod((sums[:, :n] + 1e-15) / (sums[:, 4 : 4 + n] + 1e-9), axis=1) ** (1 / n)
    ratio = (sums[:, 8] + 1e-15) / (sums[:, 9] + 1e-9)
    with np.errstate(over="ignore"):
        short = np.exp(np.minimum(1 - 1 / ratio, 0))
    return np.asarray(precision * short, np.float64)


def sacre(sums: Floats) -> Floats:
    """(R,) sacrebleu's corpus BLEU of (R, 10) statistics, 0 to 100; an n-gram order without a hit counts half of the last one's
    half of a hit ("exp" smoothing)."""
    right, whole = sums[:, :4], sums[:, 4:8]
    halves = 2.0 ** np.cumsum((right == 0) & (whole > 0), axis=1)
    precision = np.where(right > 0, right, 1 / halves) / np.maximum(whole, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        short = np.where(sums[:, 8] < sums[:, 9], np.exp(1 - sums[:, 9] / sums[:, 8]), 1.0)
    score = 100 * short * np.exp(np.log(precision).mean(axis=1))
    return np.where((right[:, 0] > 0) & (whole[:, 3] > 0), score, 0.0)


def tokens_13a(text: str) -> list[str]:
    """Tokens of a translation, as mteval-v13a splits them; case is kept."""
    text = text.replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for name, sign in _ENTITIES:
            text = text.replace(name, sign)
    text = _SPLIT_OFF.sub(r" \1 ", f" {text} ")
    text = _BEFORE_OTHER.sub(r" \1 \2", _AFTER_OTHER.sub(r"\1 \2 ", text))
    return _DASH.sub(r"\1 \2 ", text).split()


def translations(hypotheses: Sequence[str], references: Sequence[Sequence[str]]) -> Tallied:
    """Corpus BLEU of plain sentences, equal to sacrebleu's with its own settings; each with one reference or more."""
    if any(isinstance(some, str) for some in references):
        raise BadValue("references are given as single texts", mend="give a list of references for each sentence")
    texts = Sentences.of([tokens_13a(each) for each in hypotheses], [[tokens_13a(each) for each in some] for some in references])
    return Tallied(statistics(texts), sacre)
