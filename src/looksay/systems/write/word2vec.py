"""word2vec: words as vectors, learnt from which words stand near which (Mikolov et al. 2013, arXiv:1301.3781 and 1310.4546).

Skip-gram asks each word of a window for the one in the middle; the continuous bag of words (CBOW) asks their mean. The answer is
told from a few drawn words (negative sampling), by the turns that lead to it in a Huffman tree (hierarchical softmax), or both.

This is no System of the registry: it looks at no picture and answers no question; what it learns is read off its weights. Nor
does the training loop fit: a step is one pair of words and takes less than a microsecond, where a batch with a graph of gradients
takes a millisecond. What it gives are WordVectors, and its verb is `looksay words`.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from looksay.errors import BadConfig, BadData, NotFinite
from looksay.nn.word_text import Lexicon, Progress, Text, lexicon
from looksay.nn.word_vectors import WordVectors
from looksay.ops import word_pairs
from looksay.ops.huffman import no_tree, tree_of
from looksay.ops.word_count import tally
from looksay.ops.word_pairs import How, Pace, Rules

LEAST = 1e-4  # of the first learning rate, below which it never falls


@dataclass(frozen=True)
class Settings:
    """`size` numbers a word; up to `window` words on either side; `negative` words drawn for each right one (0: none); `hs` is
    the tree; `sample` is the share of the text from which on a word is thinned out (0: none is); `lr` 0 means 0.025, CBOW 0.05.
    With one worker the same seed gives the same bits on the same machine; several share the weights without waiting for each
    other, so that theirs differ a little from run to run."""

    size: int = 100
    window: int = 5
    negative: int = 5
    hs: bool = False
    cbow: bool = False
    epochs: int = 5
    min_count: int = 5
    sample: float = 1e-3
    lr: float = 0.0
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("size", "window", "epochs", "min_count", "workers"):
            if getattr(self, name) < 1:
                raise BadConfig(f"{name} is {getattr(self, name)}", mend="at least 1")
        for name in ("negative", "sample", "lr"):
            if not getattr(self, name) >= 0:
                raise BadConfig(f"{name} is {getattr(self, name)}", mend="0 or more")
        if not self.negative and not self.hs:
            raise BadConfig("nothing would be learnt", mend="negative samples, hs, or both")

    @property
    def rate(self) -> float:
        return self.lr or (0.05 if self.cbow else 0.025)


class Word2Vec:
    """A text, its vocabulary and the weights, at first as chance has them."""

    def __init__(self, text: Text | str | Path, settings: Settings | None = None, progress: Progress | None = None) -> None:
        self.settings = how = settings or Settings()
        self.text = text if isinstance(text, Text) else Text(text)
        self.lexicon = lexicon(self.text, how.min_count, progress)
        _enough(self.lexicon, how.min_count, self.text)
        tree = tree_of(self.lexicon.counts) if how.hs else no_tree()
        draws = word_pairs.draws_of(self.lexicon.counts, how.sample)
        self.rules = Rules(How(how.cbow, how.window, how.negative), draws, tree)
        self.net = word_pairs.fresh(len(self.lexicon.words), how.size, self.rules.how, tree, how.seed)
        counted = [tally(self.text.encoded(span, self.lexicon.table)) for span in self.text.spans]
        self._before = [0, *np.cumsum(counted).tolist()]

    def learn(self, progress: Progress | None = None) -> WordVectors:
        """All epochs. The learning rate and the draws of a span follow from where it stands, not from which worker takes it."""
        jobs = [(epoch, span) for epoch in range(self.settings.epochs) for span in range(len(self.text.spans))]
        turn, over, lock, done = iter(jobs), threading.Event(), threading.Lock(), 0

        def work() -> None:
            nonlocal done
            while not over.is_set():
                with lock:
                    job = next(turn, None)
                if job is None:
                    return
                self._learn(*job)
                with lock:
                    done += 1
                    if progress:
                        progress(done, len(jobs))

        with ThreadPoolExecutor(self.settings.workers) as pool:
            started = [pool.submit(work) for _ in range(self.settings.workers)]
            try:
                for each in started:
                    each.result()
            finally:
                over.set()
        found = self.net.words[:, : self.settings.size].copy()
        if not np.isfinite(found).all():
            raise NotFinite("the vectors are no longer finite", mend=f"a smaller lr than {self.settings.rate:g}")
        return WordVectors(self.lexicon.words, found)

    def _learn(self, epoch: int, span: int) -> None:
        total, rate = self._before[-1], self.settings.rate
        pace = Pace(rate, rate * LEAST, epoch * total + self._before[span], self.settings.epochs * total)
        seed = np.uint64(word_pairs.mixed(self.settings.seed, epoch, span))
        word_pairs.learn(self.text.encoded(self.text.spans[span], self.lexicon.table), self.net, self.rules, pace, seed)


def _enough(found: Lexicon, min_count: int, text: Text) -> None:
    if len(found.words) < 2:
        what = f"of {found.read:,} words, {('none comes', 'only one comes')[len(found.words)]} at least {min_count} times"
        raise BadData(what, where=text.name, mend="lower --min-count, or take a longer text")


def train(text: Text | str | Path, settings: Settings | None = None, progress: Progress | None = None) -> WordVectors:
    """Vectors of the words of a text."""
    return Word2Vec(text, settings).learn(progress)
