"""Skip-gram and CBOW against gensim: the same text, the same settings, in one run; words a second of the text as it stands, the
vocabulary being counted before the clock starts on either side. gensim is run in both its ways, sentences as lists in memory and
straight from the file; the faster one is what we are compared with. Rounds are interleaved, and the middle one counts. Then
whether the vectors mean the same: Spearman's correlation of the cosines of all pairs of the most frequent words, between two
seeds of gensim, and between ours and gensim's. The tree is not one of a kind where words are equally frequent, and whose turns
words share shows in their vectors: so for the comparison of meaning, not of speed, ours learns with gensim's tree.

    python benchmarks/word2vec_speed.py [--text FILE --words 1000000 --workers 2 --rounds 3 --size 100 --window 5 --negative 5]

Without --text, tales of the storybook are told until there are so many words; a shorter text is repeated for the speed alone.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from looksay.measure.words import correlation, ranks
from looksay.ops.huffman import Tree
from looksay.systems.write.word2vec import Settings, Word2Vec

SAMPLE, RATE, LEAST, COMMON = 1e-3, 0.025, 5, 300


def told(words: int) -> list[list[str]]:
    from looksay.storybook.tale import tale

    lines: list[list[str]] = []
    count = number = 0
    while count < words:
        for line in tale(0, number).lines:
            lines.append(line.lower().replace(".", " .").split())
            count += len(lines[-1])
        number += 1
    return lines


def cosines(words: list[str], find: Callable[[str], np.ndarray]) -> np.ndarray:
    rows = np.stack([find(word) for word in words]).astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows @ rows.T)[np.triu_indices(len(words), 1)]


class Peer:
    """gensim with our settings."""

    def __init__(self, path: Path, lines: list[list[str]], how: Settings) -> None:
        self.path, self.lines, self.how = path, lines, how

    def model(self, seed: int, epochs: int) -> object:
        from gensim.models.word2vec import Word2Vec as Gensim

        how = self.how
        found = Gensim(
            vector_size=how.size, window=how.window, negative=how.negative, hs=int(how.hs), sg=int(not how.cbow), sample=SAMPLE,
            alpha=RATE, min_alpha=RATE * 1e-4, min_count=LEAST, workers=how.workers, epochs=epochs, seed=seed,
        )  # fmt: skip
        found.build_vocab(self.lines)
        return found

    def learn(self, model: object, epochs: int, *, file: bool) -> float:
        counts = {"total_words": model.corpus_total_words, "total_examples": model.corpus_count, "epochs": epochs}
        since = time.perf_counter()
        if file:
            model.train(corpus_file=str(self.path), **counts)
        else:
            model.train(self.lines, **counts)
        return time.perf_counter() - since


def speed(path: Path, lines: list[list[str]], how: Settings, rounds: int) -> None:
    words, peer = sum(map(len, lines)), Peer(path, lines, how)
    took: dict[str, list[float]] = {"gensim, lists": [], "gensim, file": [], "looksay": []}
    for turn in range(rounds + 1):  # the first warms up
        for way, times in took.items():
            if way == "looksay":
                model = Word2Vec(path, how)
                since = time.perf_counter()
                model.learn()
                spent = time.perf_counter() - since
            else:
                spent = peer.learn(peer.model(turn, 1), 1, file=way.endswith("file"))
            if turn:
                times.append(spent)
    rates = {way: words / statistics.median(spent) for way, spent in took.items()}
    best = max(rates["gensim, lists"], rates["gensim, file"])
    kind = f"{'CBOW' if how.cbow else 'skip-gram'}, {'tree' if how.hs else f'{how.negative} negative'}"
    shown = "".join(f"{rates[way]:>16,.0f}" for way in took)
    ratios = [min(a, b) / c for a, b, c in zip(took["gensim, lists"], took["gensim, file"], took["looksay"], strict=True)]
    print(f"{kind:24}{shown}{rates['looksay'] / best:>10.2f}   rounds {min(ratios):.2f} to {max(ratios):.2f}", flush=True)


def tree_of(known: object, words: tuple[str, ...]) -> Tree:
    """gensim's tree."""
    paths, codes = ([known.get_vecattr(word, name) for word in words] for name in ("point", "code"))
    ends = np.cumsum([0, *map(len, codes)], dtype=np.int64)
    return Tree(ends, np.concatenate(paths).astype(np.int32), np.concatenate(codes).astype(np.uint8))


def agreement(path: Path, lines: list[list[str]], how: Settings, epochs: int) -> None:
    peer = Peer(path, lines, how)
    ours = Word2Vec(path, Settings(**{**vars(how), "epochs": epochs}))
    models = [peer.model(seed, epochs) for seed in (1, 2)]
    for model in models:
        peer.learn(model, epochs, file=False)
    if how.hs:
        ours.rules = ours.rules._replace(tree=tree_of(models[0].wv, ours.lexicon.words))
    found = ours.learn()
    common = list(found.words[:COMMON])
    orders = [ranks(cosines(common, each.__getitem__)) for each in (found, *(model.wv for model in models))]
    between = [correlation(orders[a], orders[b]) for a, b in ((1, 2), (0, 1), (0, 2))]
    kind = f"{'CBOW' if how.cbow else 'skip-gram'}, {'tree' if how.hs else f'{how.negative} negative'}"
    print(f"{kind:24}{between[0]:>16.3f}{between[1]:>16.3f}{between[2]:>16.3f}", flush=True)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--text", help="a file of UTF-8; white space parts words")
    numbers = {"words": 1_000_000, "workers": 2, "rounds": 3, "size": 100, "window": 5, "negative": 5, "epochs": 5}
    for name, default in numbers.items():
        asked.add_argument(f"--{name}", type=int, default=default)
    options = asked.parse_args()
    text = Path(options.text).read_text("utf-8") if options.text else ""
    lines = [line.split() for line in text.split("\n") if line.strip()] if text else told(options.words)
    count = sum(map(len, lines))
    with tempfile.TemporaryDirectory() as folder:
        once, often = Path(folder, "once.txt"), Path(folder, "often.txt")
        repeated = lines * max(1, round(options.words / count))
        for path, rows in ((once, lines), (often, repeated)):
            path.write_text("".join(" ".join(row) + "\n" for row in rows), "utf-8")
        common = {"size": options.size, "window": options.window, "min_count": LEAST, "sample": SAMPLE, "lr": RATE}
        kinds = [
            Settings(**common, workers=options.workers, epochs=1, cbow=cbow, negative=0 if hs else options.negative, hs=hs)
            for hs in (False, True)
            for cbow in (False, True)
        ]
        print(f"{sum(map(len, repeated)):,} words, {options.workers} workers, gensim {version('gensim')}; words a second:")
        print(f"{'':24}{'gensim, lists':>16}{'gensim, file':>16}{'looksay':>16}{'ratio':>10}")
        for how in kinds:
            speed(often, repeated, how, options.rounds)
        print(f"\ncosines of the {COMMON} most frequent words after {options.epochs} epochs of {count:,} words, Spearman:")
        print(f"{'':24}{'gensim, 2 seeds':>16}{'ours, gensim 1':>16}{'ours, gensim 2':>16}")
        for how in kinds:
            agreement(once, lines, how, options.epochs)


if __name__ == "__main__":
    main()
